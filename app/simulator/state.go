package simulator

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// eventually keeps a state twice: as it is, and as readers see it, which
// follows after a delay. Writes are judged by the first, reads answered from
// the second.
type eventually[S any] struct {
	mu      sync.Mutex
	delay   time.Duration
	truth   S
	seen    S
	pending []pendingWrite[S]
}

type pendingWrite[S any] struct {
	due   time.Time
	apply func(S)
}

// read runs f on what readers see now.
func (e *eventually[S]) read(f func(S)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.settle(time.Now())
	f(e.seen)
}

// write runs f on the truth; the change that it returns, if any, is made there
// and, after the delay, in what readers see.
func (e *eventually[S]) write(f func(S) (change func(S))) {
	e.mu.Lock()
	defer e.mu.Unlock()
	change := f(e.truth)
	if change == nil {
		return
	}
	change(e.truth)
	e.pending = append(e.pending, pendingWrite[S]{time.Now().Add(e.delay), change})
	e.settle(time.Now())
}

// reset puts another state in place; what is pending is dropped.
func (e *eventually[S]) reset(truth, seen S) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.truth, e.seen, e.pending = truth, seen, nil
}

func (e *eventually[S]) settle(now time.Time) {
	for len(e.pending) > 0 && !e.pending[0].due.After(now) {
		e.pending[0].apply(e.seen)
		e.pending = e.pending[1:]
	}
}

// orgState is the Atlassian organization's content.
type orgState struct {
	accounts []string // ids in order
	account  map[string]*Account
	byEmail  map[string]string // lower case address → id
	groups   []string
	group    map[string]*Group
	byName   map[string]string          // lower case name → id
	member   map[string]map[string]bool // group → accounts
	groupsOf map[string]map[string]bool // account → groups
	// seats counts, for each workspace and account, how often the account has
	// a role there that takes a seat.
	seats map[string]map[string]int

	// provisioned are the people of the provisioning directory, by the
	// directory's ids; inDirectory are its groups, whose members are such ids.
	provisioned map[string]*Provisioned
	inDirectory map[string]*directoryGroup
}

func newOrgState(company *Company) *orgState {
	state := &orgState{
		account: map[string]*Account{}, byEmail: map[string]string{}, group: map[string]*Group{}, byName: map[string]string{},
		member: map[string]map[string]bool{}, groupsOf: map[string]map[string]bool{}, seats: map[string]map[string]int{},
		provisioned: map[string]*Provisioned{}, inDirectory: map[string]*directoryGroup{},
	}
	for _, workspace := range company.Workspaces {
		state.seats[workspace.ID] = map[string]int{}
	}
	for _, account := range company.Accounts {
		state.addAccount(account)
	}
	for _, group := range company.Groups {
		state.addGroup(group)
	}
	for _, person := range company.Provisioned {
		state.provisioned[person.ID] = &person
	}
	return state
}

// setStatus changes an account's status, and with it who takes a seat.
func (s *orgState) setStatus(id, status string) {
	s.seatAll(id, -1)
	account := *s.account[id]
	account.Status = status
	s.account[id] = &account
	s.seatAll(id, 1)
}

// seatAll counts all the seats of an account in or out.
func (s *orgState) seatAll(id string, by int) {
	for _, role := range s.account[id].Direct {
		s.seat(id, role, by)
	}
	for group := range s.groupsOf[id] {
		for _, role := range s.group[group].Roles {
			s.seat(id, role.RoleOn, by)
		}
	}
}

func (s *orgState) addAccount(account Account) {
	at, _ := slices.BinarySearch(s.accounts, account.ID)
	s.accounts = slices.Insert(s.accounts, at, account.ID)
	s.account[account.ID] = &account
	if account.Email != "" {
		s.byEmail[strings.ToLower(account.Email)] = account.ID
	}
	s.groupsOf[account.ID] = map[string]bool{}
	for _, role := range account.Direct {
		s.seat(account.ID, role, 1)
	}
}

func (s *orgState) addGroup(group Group) {
	at, _ := slices.BinarySearch(s.groups, group.ID)
	s.groups = slices.Insert(s.groups, at, group.ID)
	s.group[group.ID] = &group
	s.byName[strings.ToLower(group.Name)] = group.ID
	s.member[group.ID] = map[string]bool{}
	for _, account := range group.Members {
		s.addMember(group.ID, account)
	}
}

func (s *orgState) addMember(group, account string) {
	if s.member[group][account] {
		return
	}
	s.member[group][account] = true
	s.groupsOf[account][group] = true
	for _, role := range s.group[group].Roles {
		s.seat(account, role.RoleOn, 1)
	}
}

func (s *orgState) removeMember(group, account string) {
	if !s.member[group][account] {
		return
	}
	delete(s.member[group], account)
	delete(s.groupsOf[account], group)
	for _, role := range s.group[group].Roles {
		s.seat(account, role.RoleOn, -1)
	}
}

func (s *orgState) seat(account string, role RoleOn, by int) {
	holders := s.seats[role.Resource]
	if holders == nil || !takesSeat(role.Role) || s.account[account] == nil || s.account[account].Status != "active" {
		return
	}
	if holders[account] += by; holders[account] <= 0 {
		delete(holders, account)
	}
}

// fits says whether one more person with the group's roles has a seat in every
// product.
func (s *orgState) fits(workspaces []Workspace, group, account string) bool {
	for _, role := range s.group[group].Roles {
		for _, workspace := range workspaces {
			if workspace.ID == role.Resource && workspace.Capacity >= 0 && takesSeat(role.Role) &&
				s.seats[workspace.ID][account] == 0 && len(s.seats[workspace.ID]) >= workspace.Capacity {
				return false
			}
		}
	}
	return true
}

// hasRole says whether an account has a role anywhere, however given.
func (s *orgState) hasRole(account *Account, role string) bool {
	has := func(r RoleOn) bool { return r.Role == role }
	if slices.Contains(account.PlatformRoles, role) || slices.ContainsFunc(account.Direct, has) {
		return true
	}
	for group := range s.groupsOf[account.ID] {
		if slices.ContainsFunc(s.group[group].Roles, func(r GroupRole) bool { return has(r.RoleOn) }) {
			return true
		}
	}
	return false
}

// takesSeat follows Atlassian's documentation of roles; the simulator has its
// own word on it, so that a mistake in the product shows.
func takesSeat(role string) bool {
	return role == "atlassian/user" || role == "atlassian/admin" || role == "atlassian/guest"
}

func setOf(ids []string) map[string]bool {
	set := make(map[string]bool, len(ids))
	for _, id := range ids {
		set[id] = true
	}
	return set
}

func sortedKeys[V any](set map[string]V) []string {
	keys := make([]string, 0, len(set))
	for key := range set {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
