package simulator

import (
	"slices"
	"time"
)

// sourceState is the identity provider's content, whichever protocol serves it.
type sourceState struct {
	users  []string // ids in order
	user   map[string]*User
	groups []string // ids in order
	group  map[string]*SourceGroup
	member map[string]map[string]bool // group → users
	inside map[string]map[string]bool // group → groups directly in it

	// edition counts the changes; the maps say at which each happened, also
	// to what has been deleted since.
	edition      int
	groupChanged map[string]int
	userChanged  map[string]int
	changedAt    map[string]time.Time // a group's members
	updatedAt    map[string]time.Time // a user
}

func newSourceState(company *Company) *sourceState {
	state := &sourceState{
		user: map[string]*User{}, group: map[string]*SourceGroup{}, member: map[string]map[string]bool{}, inside: map[string]map[string]bool{},
		groupChanged: map[string]int{}, userChanged: map[string]int{}, changedAt: map[string]time.Time{}, updatedAt: map[string]time.Time{},
	}
	for _, user := range company.Users {
		state.users = append(state.users, user.ID)
		state.user[user.ID] = &user
		state.updatedAt[user.ID] = sampleDay
	}
	for _, group := range company.SourceGroups {
		state.groups = append(state.groups, group.ID)
		state.group[group.ID] = &group
		state.member[group.ID] = setOf(group.Members)
		state.inside[group.ID] = setOf(group.Inside)
		state.changedAt[group.ID] = sampleDay
	}
	slices.Sort(state.users)
	slices.Sort(state.groups)
	return state
}

// touch notes that a group changed.
func (s *sourceState) touch(group string) {
	s.edition++
	s.groupChanged[group] = s.edition
	// Two changes never bear one time, however fast they follow.
	s.changedAt[group] = latest(time.Now(), s.changedAt[group].Add(time.Millisecond)).UTC().Truncate(time.Millisecond)
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (s *sourceState) setMember(group, user string, present bool) {
	if s.member[group][user] == present {
		return
	}
	if present {
		s.member[group][user] = true
	} else {
		delete(s.member[group], user)
	}
	s.touch(group)
}

func (s *sourceState) rename(group, name string) {
	renamed := *s.group[group]
	renamed.Name = name
	s.group[group] = &renamed
	s.touch(group)
}

func (s *sourceState) deleteGroup(group string) {
	s.groups = slices.DeleteFunc(s.groups, func(id string) bool { return id == group })
	for _, inside := range s.inside {
		delete(inside, group)
	}
	s.touch(group)
	delete(s.group, group)
	delete(s.member, group)
	delete(s.inside, group)
}

func (s *sourceState) putUser(user User) {
	if s.user[user.ID] == nil {
		at, _ := slices.BinarySearch(s.users, user.ID)
		s.users = slices.Insert(s.users, at, user.ID)
	}
	s.edition++
	s.userChanged[user.ID] = s.edition
	s.updatedAt[user.ID] = latest(time.Now(), s.updatedAt[user.ID].Add(time.Millisecond)).UTC().Truncate(time.Millisecond)
	s.user[user.ID] = &user
}

// present lists the users that aren't deleted, as providers call what Okta
// calls deprovisioned.
func (s *sourceState) present() []*User {
	var users []*User
	for _, id := range s.users {
		if s.user[id].Status != deprovisioned {
			users = append(users, s.user[id])
		}
	}
	return users
}

// findPresent gives a user who isn't deleted, or nil.
func (s *sourceState) findPresent(id string) *User {
	if user := s.user[id]; user != nil && user.Status != deprovisioned {
		return user
	}
	return nil
}

const deprovisioned = "DEPROVISIONED"

// disabled says whether the user may not sign in.
func (u *User) disabled() bool { return u.Status == "SUSPENDED" || u.Status == deprovisioned }

// all gives the users and the groups in a group, those of nested groups
// included, sorted by id.
func (s *sourceState) all(group string) (users, groups []string) {
	in, seen := map[string]bool{}, map[string]bool{}
	var walk func(string)
	walk = func(id string) {
		for user := range s.member[id] {
			in[user] = true
		}
		for nested := range s.inside[id] {
			if !seen[nested] {
				seen[nested] = true
				walk(nested)
			}
		}
	}
	walk(group)
	delete(seen, group) // a circle
	return sortedKeys(in), sortedKeys(seen)
}
