package okta

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"sync/atomic"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/idp"
	"github.com/rollcall-app/rollcall/app/progress"
	"github.com/rollcall-app/rollcall/app/remote"
)

// reader is one read of everything in scope.
type reader struct {
	okta *Okta
	tell progress.Func
	last *idp.Last
	*idp.Collector
	counts map[string]int // members of each group by Okta's count
}

// Read reads all people and the groups in scope with their members, the cheaper
// way: group by group, or person by person. Of a group whose members haven't
// changed since the last read (lastMembershipUpdated) they aren't read again.
func (o *Okta) Read(ctx context.Context, last *directory.IdentityProvider, tell progress.Func) (directory.IdentityProvider, directory.Reading, error) {
	before := o.Count()
	r := &reader{okta: o, tell: tell, last: idp.Since(last, o.source()), Collector: idp.NewCollector("okta", "Okta", o.source()), counts: map[string]int{}}
	way, err := r.read(ctx)
	if err != nil {
		return directory.IdentityProvider{}, directory.Reading{}, err
	}
	spent := o.Count().Since(before)
	return r.Result(""), directory.Reading{Way: way, Requests: spent.Requests, Throttled: spent.Throttled}, nil
}

func (r *reader) read(ctx context.Context) (way string, err error) {
	// Groups first: a change of members between the two then shows by the mark.
	if err := r.readGroups(ctx); err != nil {
		return "", err
	}
	if err := r.readPeople(ctx); err != nil {
		return "", err
	}
	if way, err = r.readMembers(ctx); err != nil {
		return "", err
	}
	return way, r.checkCounts(ctx)
}

// readGroups lists the groups in scope: all but the built-in ones, those
// assigned to the app, or those pushed to it.
func (r *reader) readGroups(ctx context.Context) error {
	r.tell.Tell("Listing groups in Okta", 0, 0)
	inScope, err := r.scope(ctx)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	err = list(ctx, r.okta, "groups", "/api/v1/groups", url.Values{"expand": {"stats"}}, groupsPage, func(row *groupRow) error {
		if seen[row.ID] || row.ID == "" {
			return r.Incomplete("groups", "a group was listed twice or without an id")
		}
		seen[row.ID] = true
		if inScope == nil && row.Type != builtIn || inScope[row.ID] {
			r.counts[row.ID] = row.members()
			return r.AddGroup(row.source())
		}
		return nil
	})
	if err != nil {
		return err
	}
	for id := range inScope {
		if !seen[id] {
			return r.Incomplete("groups", "a group assigned to the app isn't in the list of groups")
		}
	}
	return nil
}

// scope gives the ids of the groups assigned or pushed to the app, nil without
// an app.
func (r *reader) scope(ctx context.Context) (map[string]bool, error) {
	if r.okta.app == "" {
		return nil, nil
	}
	ids := map[string]bool{}
	err := r.okta.eachInScope(ctx, func(id string) error {
		if id == "" || ids[id] && !r.okta.pushed {
			return r.Incomplete("the app's groups", "a group was listed twice or without an id")
		}
		ids[id] = true
		return nil
	})
	return ids, err
}

// eachInScope lists the groups of the app: GET /api/v1/apps/{app}/groups, or
// what group push says is pushed, GET /api/v1/apps/{app}/group-push/mappings.
func (o *Okta) eachInScope(ctx context.Context, each func(id string) error) (err error) {
	if o.pushed {
		err = list(ctx, o, "the app's pushed groups", remote.Path("api", "v1", "apps", o.app, "group-push", "mappings"), nil, pushPage, func(row *struct {
			Source string `json:"sourceGroupId"`
			Status string `json:"status"`
		}) error {
			if row.Status == "INACTIVE" {
				return nil
			}
			return each(row.Source)
		})
	} else {
		err = list(ctx, o, "the app's groups", remote.Path("api", "v1", "apps", o.app, "groups"), nil, appPage, func(row *groupRow) error {
			return each(row.ID)
		})
	}
	if remote.Status(err) == http.StatusNotFound {
		return unknownApp(err, o.app)
	}
	return err
}

// readPeople lists everybody but the deprovisioned, whom Okta leaves out; one
// who is a member all the same is learnt from the group.
func (r *reader) readPeople(ctx context.Context) error {
	return list(ctx, r.okta, "people", "/api/v1/users", nil, usersPage, func(row *userRow) error {
		if n := r.People(); n%usersPage == 0 {
			r.tell.Tell("Listing people in Okta", n, 0)
		}
		return r.AddPerson(row.person())
	})
}

// readMembers takes the way that costs fewer requests, and says which.
func (r *reader) readMembers(ctx context.Context) (way string, err error) {
	changed := r.keepUnchanged()
	byGroup := 0
	for _, group := range changed {
		byGroup += max(1, (r.counts[group.ID]+membersPage-1)/membersPage)
	}
	unchanged := ""
	if n := len(r.counts) - len(changed); n > 0 {
		unchanged = fmt.Sprintf(" The members of %d groups haven't changed since the last fetch.", n)
	}
	byPerson := r.People()
	if byGroup <= byPerson {
		return fmt.Sprintf("Members group by group: %d requests (person by person would take %d).%s", byGroup, byPerson, unchanged), r.byGroup(ctx, changed)
	}
	return fmt.Sprintf("Groups person by person: %d requests (group by group would take %d).%s", byPerson, byGroup, unchanged), r.byPerson(ctx, changed)
}

// keepUnchanged takes over the members of groups that haven't changed since the
// last read, and gives the others. A member who isn't in the list of people any
// more may have been deprovisioned since: that group is read again.
func (r *reader) keepUnchanged() []directory.SourceGroup {
	var changed []directory.SourceGroup
	for _, group := range r.Groups() {
		as, members, known := r.last.Members(group.ID)
		if !known || as.Mark == "" || as.Mark != group.Mark || r.counts[group.ID] >= 0 && len(members) != r.counts[group.ID] || !r.stillThere(members) ||
			r.SetMembers(group.ID, members) != nil {
			changed = append(changed, group)
		}
	}
	return changed
}

func (r *reader) stillThere(members []directory.Person) bool {
	for i := range members {
		if _, there := r.Person(members[i].ID); !there {
			return false
		}
	}
	return true
}

func (r *reader) byGroup(ctx context.Context, groups []directory.SourceGroup) error {
	var done atomic.Int64
	return remote.Each(ctx, len(groups), func(ctx context.Context, i int) error {
		if err := r.readGroup(ctx, groups[i].ID); err != nil {
			return err
		}
		r.tell.Tell("Reading members in Okta", int(done.Add(1)), len(groups))
		return nil
	})
}

func (r *reader) readGroup(ctx context.Context, group string) error {
	people, err := r.okta.members(ctx, group)
	if err != nil {
		return err
	}
	return r.SetMembers(group, people)
}

func (r *reader) byPerson(ctx context.Context, groups []directory.SourceGroup) error {
	wanted := make(map[string]bool, len(groups))
	for _, group := range groups {
		wanted[group.ID] = true
	}
	people := r.Result("").People
	var done atomic.Int64
	return remote.Each(ctx, len(people), func(ctx context.Context, no int) error {
		path := remote.Path("api", "v1", "users", people[no].ID, "groups")
		err := list(ctx, r.okta, "a person's groups", path, nil, groupsPage, func(row *groupRow) error {
			if wanted[row.ID] {
				r.AddMember(row.ID, people[no].ID)
			}
			return nil
		})
		r.tell.Tell("Reading groups of people in Okta", int(done.Add(1)), len(people))
		return err
	})
}

// checkCounts compares each group's members with Okta's own count. A group that
// differs is read again by itself; a second mismatch fails the read.
func (r *reader) checkCounts(ctx context.Context) error {
	for _, group := range r.Groups() {
		if r.complete(group.ID) {
			continue
		}
		only := url.Values{"expand": {"stats"}, "filter": {fmt.Sprintf("id eq %q", group.ID)}}
		err := list(ctx, r.okta, "groups", "/api/v1/groups", only, groupsPage, func(row *groupRow) error {
			r.counts[group.ID] = row.members()
			r.SetGroup(row.source())
			return nil
		})
		if err != nil {
			return err
		}
		if err := r.readGroup(ctx, group.ID); err != nil {
			return err
		}
		if !r.complete(group.ID) {
			return r.Incomplete(fmt.Sprintf("the members of “%s”", group.Name),
				fmt.Sprintf("%d were listed where Okta counts %d", r.CountMembers(group.ID), r.counts[group.ID]))
		}
	}
	return nil
}

func (r *reader) complete(group string) bool {
	return r.counts[group] < 0 || r.counts[group] == r.CountMembers(group)
}
