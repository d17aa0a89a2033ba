package okta

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/idp"
	"github.com/rollcall-app/rollcall/app/lang"
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
	// left are the deprovisioned people whom the last read met as members, as
	// they are now: no list has them.
	left map[string]directory.Person
	// inMembers says that members are read, whose progress is told then.
	inMembers atomic.Bool
}

// mark is what a later read needs to ask for the people who changed since.
type mark struct {
	// Since is when the people were read, by Okta's clock; Listed when they
	// were last read by listing them all.
	Since, Listed time.Time
}

const (
	// overlap is asked for twice: two of Okta's clocks may differ.
	overlap = time.Minute
	// listAgain is when people are listed anew: somebody who was deleted and is
	// in no group doesn't show among those changed.
	listAgain = 24 * time.Hour
)

// Read reads all people and the groups in scope with their members, the cheaper
// way: group by group, or person by person. Where the last read is of the same
// source, of the people only those changed since are read (lastUpdated), and no
// members of groups that haven't changed (lastMembershipUpdated, and their count).
func (o *Okta) Read(ctx context.Context, last *directory.IdentityProvider, tell progress.Func) (directory.IdentityProvider, directory.Reading, error) {
	before := o.Count()
	r := &reader{
		okta: o, tell: tell, last: idp.Since(last, o.source()), Collector: idp.NewCollector("okta", "Okta", o.source()),
		counts: map[string]int{}, left: map[string]directory.Person{},
	}
	way, mark, err := r.read(ctx)
	if err != nil {
		return directory.IdentityProvider{}, directory.Reading{}, err
	}
	spent := o.Count().Since(before)
	return r.Result(mark.text()), directory.Reading{Way: way, Requests: spent.Requests, Throttled: spent.Throttled}, nil
}

func (r *reader) read(ctx context.Context) (way string, m mark, err error) {
	// Groups first: a change of members between the two then shows by the mark.
	if err := r.readGroups(ctx); err != nil {
		return "", m, err
	}
	old, ok := parseMark(r.last.Mark())
	if ok && time.Since(old.Listed) < listAgain {
		if m, err = r.readChangedPeople(ctx, old); err == nil {
			way, err = r.readChanged(ctx)
		}
	} else {
		way, m, err = r.readAll(ctx)
	}
	if err != nil {
		return "", m, err
	}
	return way, m, r.checkCounts(ctx)
}

func (m mark) text() string {
	if m.Since.IsZero() {
		return ""
	}
	text, _ := json.Marshal(m) // two times always encode
	return string(text)
}

func parseMark(text string) (m mark, ok bool) {
	return m, json.Unmarshal([]byte(text), &m) == nil && !m.Since.IsZero()
}

// readGroups lists the groups in scope: all but the built-in ones, those
// assigned to the app, or those pushed to it.
func (r *reader) readGroups(ctx context.Context) error {
	r.tell.Tell(lang.L("Listing groups in Okta"), 0, 0)
	inScope, err := r.scope(ctx)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	err = list(ctx, r.okta, "groups", "/api/v1/groups", url.Values{"expand": {"stats"}}, groupsPage, func(row *groupRow) error {
		if seen[row.ID] || row.ID == "" {
			return r.Incomplete("groups", lang.L("a group was listed twice or without an id"))
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
			return r.Incomplete("groups", lang.L("a group assigned to the app isn't in the list of groups"))
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
			return r.Incomplete(lang.L("the app's groups"), lang.L("a group was listed twice or without an id"))
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
		err = list(ctx, o, lang.Mark("the app's pushed groups"), remote.Path("api", "v1", "apps", o.app, "group-push", "mappings"), nil, pushPage, func(row *struct {
			Source string `json:"sourceGroupId"`
			Status string `json:"status"`
		}) error {
			if row.Status == "INACTIVE" {
				return nil
			}
			return each(row.Source)
		})
	} else {
		err = list(ctx, o, lang.Mark("the app's groups"), remote.Path("api", "v1", "apps", o.app, "groups"), nil, appPage, func(row *groupRow) error {
			return each(row.ID)
		})
	}
	if remote.Status(err) == http.StatusNotFound {
		return unknownApp(err, o.app)
	}
	return err
}

// readAll lists everybody, and reads members meanwhile, as soon as it is certain
// which way is cheaper.
func (r *reader) readAll(ctx context.Context) (way string, m mark, err error) {
	groups := r.Groups()
	byGroup := r.cost(groups)
	decided := make(chan bool, 1) // whether group by group costs no more
	side, ctx := errgroup.WithContext(ctx)
	side.Go(func() (err error) {
		m, err = r.readPeople(ctx, func(people int) {
			if people == byGroup {
				decided <- true
			}
		})
		if err == nil && (r.People() < byGroup || byGroup == 0) {
			decided <- byGroup == 0
		}
		return err
	})
	side.Go(func() (err error) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case groupwise := <-decided:
			r.inMembers.Store(true)
			if groupwise {
				return r.byGroup(ctx, groups)
			}
			return r.byPerson(ctx, groups)
		}
	})
	err = side.Wait()
	if people := r.People(); byGroup > people {
		return lang.L("Groups person by person: %s (group by group would take %d).", lang.Requests(people), byGroup), m, err
	}
	return lang.L("Members group by group: %s (person by person would take %d).", lang.Requests(byGroup), r.People()), m, err
}

// cost is how many requests reading the members of groups takes.
func (r *reader) cost(groups []directory.SourceGroup) (requests int) {
	for _, group := range groups {
		requests += max(1, (r.counts[group.ID]+membersPage-1)/membersPage)
	}
	return requests
}

// readPeople lists everybody but the deprovisioned, whom Okta leaves out; one
// who is a member all the same is learnt from the group. It says how many there
// are after each.
func (r *reader) readPeople(ctx context.Context, listed func(people int)) (mark, error) {
	n := 0
	began, err := listSince(ctx, r.okta, "people", "/api/v1/users", nil, usersPage, func(row *userRow) error {
		if n%usersPage == 0 && !r.inMembers.Load() {
			r.tell.Tell(lang.L("Listing people in Okta"), n, 0)
		}
		n++
		defer listed(n)
		return r.AddPerson(row.person())
	})
	return mark{Since: began, Listed: began}, err
}

// readChangedPeople takes over the people of the last read, but for those changed
// since: a filter, unlike a search, is answered from what is true now, and with the
// deprovisioned.
func (r *reader) readChangedPeople(ctx context.Context, old mark) (mark, error) {
	people := map[string]directory.Person{}
	for _, person := range r.last.People() {
		people[person.ID] = person
	}
	changed := url.Values{"filter": {fmt.Sprintf("lastUpdated gt %q", old.Since.Add(-overlap).UTC().Format("2006-01-02T15:04:05.000Z"))}}
	began, err := listSince(ctx, r.okta, "people", "/api/v1/users", changed, usersPage, func(row *userRow) error {
		if row.ID == "" {
			return r.Incomplete("people", lang.L("a person was listed without an id"))
		}
		person := row.person()
		if person.Status == deprovisioned && people[row.ID].Status != deprovisioned {
			delete(people, row.ID) // their groups are read again
			return nil
		}
		people[row.ID] = person
		return nil
	})
	if err != nil {
		return mark{}, err
	}
	for _, id := range slices.Sorted(maps.Keys(people)) {
		if person := people[id]; person.Status == deprovisioned {
			r.left[id] = person
		} else if err := r.AddPerson(person); err != nil {
			return mark{}, err
		}
	}
	return mark{Since: began, Listed: old.Listed}, nil
}

// readChanged reads the members of the groups that changed, group by group.
func (r *reader) readChanged(ctx context.Context) (way string, err error) {
	changed := r.keepUnchanged()
	way = lang.L("What changed since the last fetch: members of %d of %s, in %s.", len(changed), lang.Groups(len(r.counts)), lang.Requests(r.cost(changed)))
	return way, r.byGroup(ctx, changed)
}

// keepUnchanged takes over the members of groups that haven't changed since the
// last read, and gives the others. A member who was deprovisioned since may have
// left by that: that group is read again.
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

// stillThere says whether all members are known now, and puts what is known in
// place of what was.
func (r *reader) stillThere(members []directory.Person) bool {
	for i := range members {
		person, there := r.Person(members[i].ID)
		if left, gone := r.left[members[i].ID]; gone {
			person, there = left, true
		}
		if !there {
			return false
		}
		members[i] = person
	}
	return true
}

// byGroup reads the members of groups, the largest first: their pages follow one
// after the other.
func (r *reader) byGroup(ctx context.Context, groups []directory.SourceGroup) error {
	groups = slices.SortedStableFunc(slices.Values(groups), func(a, b directory.SourceGroup) int { return cmp.Compare(r.counts[b.ID], r.counts[a.ID]) })
	var done atomic.Int64
	return remote.Each(ctx, len(groups), func(ctx context.Context, i int) error {
		if err := r.readGroup(ctx, groups[i].ID); err != nil {
			return err
		}
		r.tell.Tell(lang.L("Reading members in Okta"), int(done.Add(1)), len(groups))
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
	people := r.Listed()
	var done atomic.Int64
	return remote.Each(ctx, len(people), func(ctx context.Context, no int) error {
		path := remote.Path("api", "v1", "users", people[no], "groups")
		err := list(ctx, r.okta, lang.Mark("a person's groups"), path, nil, groupsPage, func(row *groupRow) error {
			if wanted[row.ID] {
				r.AddMember(row.ID, people[no])
			}
			return nil
		})
		r.tell.Tell(lang.L("Reading groups of people in Okta"), int(done.Add(1)), len(people))
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
			return r.Incomplete(lang.L("the members of “%s”", group.Name),
				remote.Miscounted("Okta", r.counts[group.ID], r.CountMembers(group.ID)))
		}
	}
	return nil
}

func (r *reader) complete(group string) bool {
	return r.counts[group] < 0 || r.counts[group] == r.CountMembers(group)
}
