package okta

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/progress"
	"github.com/rollcall-app/rollcall/app/remote"
)

// reader holds what has been read so far. mu guards people, known and members.
type reader struct {
	okta   *Okta
	tell   progress.Func
	groups []groupRow

	mu      sync.Mutex
	people  []directory.Person
	known   map[string]directory.PersonNo
	members [][]directory.PersonNo // one list for each of groups
}

// Read reads all people and the groups in scope with their members, the cheaper
// way: group by group, or person by person.
func (o *Okta) Read(ctx context.Context, tell progress.Func) (directory.IdentityProvider, directory.Reading, error) {
	before := o.Count()
	r := &reader{okta: o, tell: tell, known: map[string]directory.PersonNo{}}
	if err := r.readGroups(ctx); err != nil {
		return directory.IdentityProvider{}, directory.Reading{}, err
	}
	if err := r.readPeople(ctx); err != nil {
		return directory.IdentityProvider{}, directory.Reading{}, err
	}
	way, err := r.readMembers(ctx)
	if err != nil {
		return directory.IdentityProvider{}, directory.Reading{}, err
	}
	if err := r.checkCounts(ctx); err != nil {
		return directory.IdentityProvider{}, directory.Reading{}, err
	}
	spent := o.Count().Since(before)
	return r.result(), directory.Reading{Way: way, Requests: spent.Requests, Throttled: spent.Throttled}, nil
}

func (r *reader) result() directory.IdentityProvider {
	side := directory.IdentityProvider{Provider: "okta", People: r.people}
	for i := range r.groups {
		side.Groups = append(side.Groups, r.groups[i].source())
	}
	side.Members = directory.NewRuns[directory.SourceNo](r.members)
	return side
}

// readGroups lists the groups in scope: all but the built-in ones, or those
// assigned to the app.
func (r *reader) readGroups(ctx context.Context) error {
	r.tell.Tell("Listing groups in Okta", 0, 0)
	inScope, err := r.assigned(ctx)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	err = list(ctx, r.okta, "groups", "/api/v1/groups", url.Values{"expand": {"stats"}}, groupsPage, func(row *groupRow) error {
		if row.ID == "" || seen[row.ID] {
			return remote.Incomplete("groups in Okta", "a group was listed twice or without an id")
		}
		seen[row.ID] = true
		if inScope == nil && row.Type != "BUILT_IN" || inScope[row.ID] {
			r.groups = append(r.groups, *row)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for id := range inScope {
		if !seen[id] {
			return remote.Incomplete("groups in Okta", "a group assigned to the app isn't in the list of groups")
		}
	}
	slices.SortFunc(r.groups, func(a, b groupRow) int { return strings.Compare(a.ID, b.ID) })
	r.members = make([][]directory.PersonNo, len(r.groups))
	return nil
}

// assigned gives the ids of the groups assigned to the app, nil without an app.
func (r *reader) assigned(ctx context.Context) (map[string]bool, error) {
	if r.okta.app == "" {
		return nil, nil
	}
	ids := map[string]bool{}
	path := remote.Path("api", "v1", "apps", r.okta.app, "groups")
	err := list(ctx, r.okta, "the app's groups", path, nil, appPage, func(row *groupRow) error {
		if row.ID == "" || ids[row.ID] {
			return remote.Incomplete("the app's groups in Okta", "a group was listed twice or without an id")
		}
		ids[row.ID] = true
		return nil
	})
	if remote.Status(err) == http.StatusNotFound {
		return nil, unknownApp(err, r.okta.app)
	}
	return ids, err
}

// readPeople lists everybody but the deprovisioned, whom Okta leaves out; one
// who is a member all the same is learnt from the group.
func (r *reader) readPeople(ctx context.Context) error {
	err := list(ctx, r.okta, "people", "/api/v1/users", nil, usersPage, func(row *userRow) error {
		if _, twice := r.known[row.ID]; twice || row.ID == "" {
			return remote.Incomplete("people in Okta", "a person was listed twice or without an id")
		}
		r.number(row.person())
		if len(r.people)%usersPage == 0 {
			r.tell.Tell("Listing people in Okta", len(r.people), 0)
		}
		return nil
	})
	return err
}

// number gives a person's number, a new one where they weren't known.
func (r *reader) number(person directory.Person) directory.PersonNo {
	no, known := r.known[person.ID]
	if !known {
		no = directory.PersonNo(len(r.people))
		r.known[person.ID] = no
		r.people = append(r.people, person)
	}
	return no
}

// readMembers takes the way that costs fewer requests, and says which.
func (r *reader) readMembers(ctx context.Context) (way string, err error) {
	byGroup := 0
	for i := range r.groups {
		byGroup += max(1, (r.groups[i].members()+membersPage-1)/membersPage)
	}
	byPerson := len(r.people)
	if byGroup <= byPerson {
		return fmt.Sprintf("Members group by group: %d requests (person by person would take %d).", byGroup, byPerson), r.byGroup(ctx)
	}
	return fmt.Sprintf("Groups person by person: %d requests (group by group would take %d).", byPerson, byGroup), r.byPerson(ctx)
}

func (r *reader) byGroup(ctx context.Context) error {
	var done atomic.Int64
	return remote.Each(ctx, len(r.groups), func(ctx context.Context, i int) error {
		if err := r.readGroup(ctx, i); err != nil {
			return err
		}
		r.tell.Tell("Reading members in Okta", int(done.Add(1)), len(r.groups))
		return nil
	})
}

func (r *reader) readGroup(ctx context.Context, i int) error {
	people, err := r.okta.members(ctx, r.groups[i].ID)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.members[i] = r.members[i][:0]
	for _, person := range people {
		r.members[i] = append(r.members[i], r.number(person))
	}
	return nil
}

func (r *reader) byPerson(ctx context.Context) error {
	place := make(map[string]int, len(r.groups))
	for i := range r.groups {
		place[r.groups[i].ID] = i
	}
	var done atomic.Int64
	return remote.Each(ctx, len(r.people), func(ctx context.Context, no int) error {
		path := remote.Path("api", "v1", "users", r.people[no].ID, "groups")
		err := list(ctx, r.okta, "a person's groups", path, nil, groupsPage, func(row *groupRow) error {
			r.mu.Lock()
			defer r.mu.Unlock()
			if i, inScope := place[row.ID]; inScope {
				r.members[i] = append(r.members[i], directory.PersonNo(no))
			}
			return nil
		})
		r.tell.Tell("Reading groups of people in Okta", int(done.Add(1)), len(r.people))
		return err
	})
}

// checkCounts compares each group's members with Okta's own count. A group that
// differs is read again by itself; a second mismatch fails the read.
func (r *reader) checkCounts(ctx context.Context) error {
	for i := range r.groups {
		if r.complete(i) {
			continue
		}
		group := &r.groups[i]
		only := url.Values{"expand": {"stats"}, "filter": {fmt.Sprintf("id eq %q", group.ID)}}
		err := list(ctx, r.okta, "groups", "/api/v1/groups", only, groupsPage, func(row *groupRow) error {
			*group = *row
			return nil
		})
		if err != nil {
			return err
		}
		if err := r.readGroup(ctx, i); err != nil {
			return err
		}
		if !r.complete(i) {
			return remote.Incomplete(fmt.Sprintf("the members of “%s” in Okta", group.Profile.Name),
				fmt.Sprintf("%d were listed where Okta counts %d", len(r.members[i]), group.members()))
		}
	}
	return nil
}

func (r *reader) complete(i int) bool {
	count := r.groups[i].members()
	return count < 0 || count == len(r.members[i])
}
