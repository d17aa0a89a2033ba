package google

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/idp"
	"github.com/rollcall-app/rollcall/app/lang"
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

// read lists people and groups, and reads the members of each group as soon as it
// is listed: what Google permits is one limit for all.
func (r *reader) read(ctx context.Context) (way string, err error) {
	var filled, done atomic.Int64
	lists := func(ctx context.Context, hand func(directory.SourceGroup, int)) error {
		side, ctx := errgroup.WithContext(ctx)
		side.Go(func() error { return r.google.eachPerson(ctx, r.AddPerson) })
		side.Go(func() error {
			r.tell.Tell(lang.L("Listing groups in Google"), 0, 0)
			return r.listGroups(ctx, func(group directory.SourceGroup, members int) {
				filled.Add(1)
				hand(group, members)
			})
		})
		return side.Wait()
	}
	err = remote.Flow(ctx, lists, func(ctx context.Context, group directory.SourceGroup) error {
		if err := r.readGroup(ctx, group); err != nil {
			return err
		}
		r.tell.Tell(lang.L("Reading members in Google"), int(done.Add(1)), int(filled.Load()))
		return nil
	})
	return lang.L("Members group by group, where a group has any: %s.", lang.Groups(int(filled.Load()))), err
}

// listGroups takes in all groups, and hands on those that have members, with how
// many.
func (r *reader) listGroups(ctx context.Context, hand func(directory.SourceGroup, int)) error {
	all := url.Values{"customer": {customer}}
	return list(ctx, r.google, "groups", base+"/groups", "groups", groupFields, all, groupsPage, func(row *groupRow) error {
		r.mu.Lock()
		r.counts[row.ID] = row.members()
		r.mu.Unlock()
		if err := r.AddGroup(row.source()); err != nil {
			return err
		}
		if row.members() != 0 {
			hand(row.source(), row.members())
		}
		return nil
	})
}

// readGroup reads who is in a group and compares with Google's count. Where they
// differ both are read again; a second mismatch fails the read.
func (r *reader) readGroup(ctx context.Context, group directory.SourceGroup) error {
	for attempt := range 2 {
		// What the list of people says of a member holds, whenever it does.
		members, err := r.google.members(ctx, group.ID, func(string) (directory.Person, bool) { return directory.Person{}, false })
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
			return r.Incomplete(lang.L("the members of “%s”", group.Name), remote.Miscounted("Google", count, len(members.people)))
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
			return remote.Incomplete(lang.L("members in Google"), lang.L("a member has no id"))
		}
		if seen[row.ID] {
			return nil // in it directly and through a group within
		}
		seen[row.ID] = true
		switch row.Type {
		case "GROUP":
			m.nested = true
		case "CUSTOMER":
			m.unreadable = lang.L("everybody of the organization is in it, whom Google doesn't list")
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

// Everybody gives all people, from a list that is at most a minute old.
func (g *Google) Everybody(ctx context.Context) (map[string]directory.Person, error) {
	return g.roster.Get(ctx, g.people)
}

// people lists everybody.
func (g *Google) people(ctx context.Context) ([]directory.Person, error) {
	var people []directory.Person
	err := g.eachPerson(ctx, func(person directory.Person) error {
		people = append(people, person)
		return nil
	})
	return people, err
}

func (g *Google) eachPerson(ctx context.Context, each func(directory.Person) error) error {
	all := url.Values{"customer": {customer}}
	return list(ctx, g, "people", base+"/users", "users", userFields, all, usersPage, func(row *userRow) error { return each(row.person()) })
}
