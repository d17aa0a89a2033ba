package google

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/idp"
	"github.com/rollcall-app/rollcall/app/progress"
	"github.com/rollcall-app/rollcall/app/remote"
)

// membership is who is in one group.
type membership struct {
	people []directory.Person
	// nested says that groups are within, so that Google's count of direct
	// members tells nothing of all.
	nested bool
	// unreadable says that the group holds everybody, whom Google doesn't list.
	unreadable string
}

// reader is one read of everything.
type reader struct {
	google *Google
	tell   progress.Func
	*idp.Collector
	mu     sync.Mutex
	counts map[string]int // direct members of each group by Google's count
}

func (g *Google) source() string { return fmt.Sprintf("google %s %s", g.url, g.admin) }

// Read reads all people, and all groups with their members, those of groups
// within included. Google can't tell what changed since, so each read is whole;
// groups without members need no request.
func (g *Google) Read(ctx context.Context, _ *directory.IdentityProvider, tell progress.Func) (directory.IdentityProvider, directory.Reading, error) {
	before := g.Count()
	r := &reader{google: g, tell: tell, Collector: idp.NewCollector("google", "Google", g.source()), counts: map[string]int{}}
	way, err := r.read(ctx)
	if err != nil {
		return directory.IdentityProvider{}, directory.Reading{}, err
	}
	spent := g.Count().Since(before)
	return r.Result(""), directory.Reading{Way: way, Requests: spent.Requests, Throttled: spent.Throttled}, nil
}

func (r *reader) read(ctx context.Context) (way string, err error) {
	r.tell.Tell("Listing groups in Google", 0, 0)
	all := url.Values{"customer": {customer}}
	err = list(ctx, r.google, "groups", base+"/groups", "groups", groupFields, all, groupsPage, func(row *groupRow) error {
		r.counts[row.ID] = row.members()
		return r.AddGroup(row.source())
	})
	if err != nil {
		return "", err
	}
	r.tell.Tell("Listing people in Google", 0, 0)
	people, err := r.google.people(ctx)
	if err != nil {
		return "", err
	}
	for _, person := range people {
		if err := r.AddPerson(person); err != nil {
			return "", err
		}
	}
	return r.readMembers(ctx)
}

func (r *reader) readMembers(ctx context.Context) (way string, err error) {
	var filled []directory.SourceGroup
	for _, group := range r.Groups() {
		if r.counts[group.ID] != 0 {
			filled = append(filled, group)
		}
	}
	var done atomic.Int64
	err = remote.Each(ctx, len(filled), func(ctx context.Context, i int) error {
		if err := r.readGroup(ctx, filled[i]); err != nil {
			return err
		}
		r.tell.Tell("Reading members in Google", int(done.Add(1)), len(filled))
		return nil
	})
	return fmt.Sprintf("Members group by group, of the %d groups that have any.", len(filled)), err
}

// readGroup reads who is in a group and compares with Google's count. Where they
// differ both are read again; a second mismatch fails the read.
func (r *reader) readGroup(ctx context.Context, group directory.SourceGroup) error {
	for attempt := range 2 {
		members, err := r.google.members(ctx, group.ID, r.Person)
		if err != nil {
			return err
		}
		r.mu.Lock()
		count := r.counts[group.ID]
		r.mu.Unlock()
		if members.nested || members.unreadable != "" || count < 0 || count == len(members.people) {
			group.Unreadable = members.unreadable
			r.SetGroup(group)
			return r.SetMembers(group.ID, members.people)
		}
		if attempt > 0 {
			return r.Incomplete(fmt.Sprintf("the members of “%s”", group.Name), fmt.Sprintf("%d were listed where Google counts %d", len(members.people), count))
		}
		row, err := r.google.group(ctx, group.ID)
		if err != nil {
			return err
		}
		r.mu.Lock()
		r.counts[group.ID] = row.members()
		r.mu.Unlock()
	}
	return nil
}

// members reads who is in a group, and in the groups within; known looks up what
// is known of a person.
func (g *Google) members(ctx context.Context, group string, known func(id string) (directory.Person, bool)) (membership, error) {
	var m membership
	seen := map[string]bool{}
	derived := url.Values{"includeDerivedMembership": {"true"}}
	err := list(ctx, g, "members", membersPath(group), "members", memberFields, derived, membersPage, func(row *memberRow) error {
		if row.ID == "" {
			return remote.Incomplete("members in Google", "a member has no id")
		}
		if seen[row.ID] {
			return nil // in it directly and through a group within
		}
		seen[row.ID] = true
		switch row.Type {
		case "GROUP":
			m.nested = true
		case "CUSTOMER":
			m.unreadable = "everybody of the organization is in it, whom Google doesn't list"
		default:
			person, there := known(row.ID)
			if !there {
				person = row.stranger()
			}
			m.people = append(m.people, person)
		}
		return nil
	})
	return m, err
}

func (g *Google) group(ctx context.Context, id string) (groupRow, error) {
	var row groupRow
	_, err := g.client.Do(ctx, remote.Call{
		Method: http.MethodGet, Path: base + remote.Path("groups", id), Query: url.Values{"fields": {groupFields}}, Endpoint: "read a group", Into: &row,
	})
	return row, err
}

// Now reads one group with its members.
func (g *Google) Now(ctx context.Context, group string) (idp.GroupNow, error) {
	row, err := g.group(ctx, group)
	if err != nil {
		return idp.GroupNow{}, err
	}
	roster, err := g.roster.Get(ctx, g.people)
	if err != nil {
		return idp.GroupNow{}, err
	}
	members, err := g.members(ctx, group, func(id string) (directory.Person, bool) {
		person, known := roster[id]
		return person, known
	})
	now := idp.GroupNow{Group: row.source(), Members: members.people}
	now.Group.Unreadable = members.unreadable
	return now, err
}

// people lists everybody.
func (g *Google) people(ctx context.Context) ([]directory.Person, error) {
	var people []directory.Person
	all := url.Values{"customer": {customer}}
	err := list(ctx, g, "people", base+"/users", "users", userFields, all, usersPage, func(row *userRow) error {
		people = append(people, row.person())
		return nil
	})
	return people, err
}
