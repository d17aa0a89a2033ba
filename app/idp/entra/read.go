package entra

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/idp"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/progress"
	"github.com/rollcall-app/rollcall/app/remote"
)

// membership is who is in one group, as far as read.
type membership struct {
	people []directory.Person
	groups []string // ids of the groups within
	// unreadable says that somebody in it can't be read.
	unreadable string
	seen       map[string]bool
}

func newMembership() *membership { return &membership{seen: map[string]bool{}} }

// add takes in one row. Devices, contacts and service principals are no people.
func (m *membership) add(row *memberRow) error {
	if row.ID == "" || m.seen[row.ID] {
		return remote.Incomplete(lang.L("members in Entra"), lang.L("a member was listed twice or without an id"))
	}
	m.seen[row.ID] = true
	switch {
	case row.Kind == "#microsoft.graph.group":
		m.groups = append(m.groups, row.ID)
	case row.Kind == "" || row.Kind == "#microsoft.graph.user" && row.unreadable():
		m.unreadable = lang.L("Entra doesn't let the app read everybody in it: grant User.Read.All and GroupMember.Read.All")
	case row.Kind == "#microsoft.graph.user":
		m.people = append(m.people, row.person())
	}
	return nil
}

// mark lists the groups within: where one of them changes, this one does.
func (m *membership) mark() string {
	slices.Sort(m.groups)
	return strings.Join(m.groups, " ")
}

// reader is one read of everything in scope.
type reader struct {
	entra *Entra
	tell  progress.Func
	last  *idp.Last
	*idp.Collector
}

// links are what a later read asks with for what changed.
type links struct {
	Groups, Users string
	// Met are the people whom the list of people lacked: a later read doesn't
	// take them over.
	Met []string `json:",omitempty"`
}

func (e *Entra) source() string { return fmt.Sprintf("entra %s %s %s", e.url, e.tenant, e.app) }

// Read reads all people and the groups in scope with their members. Where the
// last read left delta links, only what changed since is read; delta shows
// direct members only, so a group counts as changed where one within it did.
func (e *Entra) Read(ctx context.Context, last *directory.IdentityProvider, tell progress.Func) (directory.IdentityProvider, directory.Reading, error) {
	before := e.Count()
	r := &reader{entra: e, tell: tell, last: idp.Since(last, e.source()), Collector: idp.NewCollector("entra", "Entra", e.source())}
	way, mark, err := r.read(ctx)
	if err != nil {
		return directory.IdentityProvider{}, directory.Reading{}, err
	}
	spent := e.Count().Since(before)
	return r.Result(mark), directory.Reading{Way: way, Requests: spent.Requests, Throttled: spent.Throttled}, nil
}

func (r *reader) read(ctx context.Context) (way, mark string, err error) {
	var old links
	if text := r.last.Mark(); text != "" && json.Unmarshal([]byte(text), &old) == nil {
		way, mark, err = r.readChanges(ctx, old)
		// Entra forgets delta links after a while: 410, or 400 for an
		// unknown token.
		if status := remote.Status(err); status != http.StatusGone && status != http.StatusBadRequest {
			return way, mark, err
		}
		r.Collector = idp.NewCollector("entra", "Entra", r.entra.source())
	}
	return r.readAll(ctx)
}

// readAll asks for the delta links first: what changes while it reads is then
// read again the next time. People are listed beside the members.
func (r *reader) readAll(ctx context.Context) (way, mark string, err error) {
	fresh, err := r.freshLinks(ctx)
	if err != nil {
		return "", "", err
	}
	side, ctx := errgroup.WithContext(ctx)
	side.Go(func() error {
		r.tell.Tell(lang.L("Listing people in Entra"), 0, 0)
		return list(ctx, r.entra, "people", "/users", url.Values{"$select": {userFields}}, func(row *memberRow) error {
			if row.unreadable() {
				return r.Incomplete("people", lang.L("somebody was listed without their name; grant User.Read.All"))
			}
			defer r.size()
			return r.AddPerson(row.person())
		})
	})
	side.Go(func() error { return r.readGroupsAndMembers(ctx) })
	if err := side.Wait(); err != nil {
		return "", "", err
	}
	way = lang.L("Members group by group, %s in batches of %d.", lang.Groups(len(r.Groups())), batchSize)
	return way, r.encode(fresh), nil
}

// readGroupsAndMembers reads members as soon as a batch of groups is listed.
func (r *reader) readGroupsAndMembers(ctx context.Context) error {
	var listed, done atomic.Int64
	return remote.Flow(ctx, func(ctx context.Context, hand func([]directory.SourceGroup, int)) error {
		var batch []directory.SourceGroup
		err := r.readGroups(ctx, func(group directory.SourceGroup) {
			listed.Add(1)
			if batch = append(batch, group); len(batch) == batchSize {
				hand(batch, 0)
				batch = nil
			}
		})
		if err == nil && len(batch) > 0 {
			hand(batch, 0)
		}
		return err
	}, func(ctx context.Context, batch []directory.SourceGroup) error {
		if err := r.readBatch(ctx, batch); err != nil {
			return err
		}
		r.tell.Tell(lang.L("Reading members in Entra"), int(done.Add(int64(len(batch)))), int(listed.Load()))
		return nil
	})
}

// freshLinks asks for links that tell changes from now on.
func (r *reader) freshLinks(ctx context.Context) (links, error) {
	var fresh links
	side, ctx := errgroup.WithContext(ctx)
	side.Go(func() (err error) {
		fresh.Groups, err = r.changes(ctx, "groups", deltaPath("groups", deltaFields), func(*groupRow) error { return nil })
		return err
	})
	side.Go(func() (err error) {
		fresh.Users, err = r.people(ctx, deltaPath("users", userFields), func(*memberRow) error { return nil })
		return err
	})
	err := side.Wait()
	return fresh, err
}

// size sets the rate by how many people are known so far.
func (r *reader) size() {
	people := r.People()
	if r.entra.sized && (people == 50 || people == 501) {
		r.entra.client.SetRate(rateFor(people))
	}
}

func (r *reader) encode(fresh links) string {
	fresh.Met = r.Met()
	text, _ := json.Marshal(fresh) // strings always encode
	return string(text)
}

// deltaPath asks for a link that tells changes from now on, and for none before.
func deltaPath(of, fields string) string {
	return version + "/" + of + "/delta?" + url.Values{"$select": {fields}, "$deltatoken": {"latest"}}.Encode()
}

func (r *reader) changes(ctx context.Context, what, from string, each func(*groupRow) error) (string, error) {
	link, err := follow(ctx, r.entra, "changed "+what, from, each)
	return r.linked(link, err)
}

func (r *reader) people(ctx context.Context, from string, each func(*memberRow) error) (string, error) {
	link, err := follow(ctx, r.entra, lang.Mark("changed people"), from, each)
	return r.linked(link, err)
}

func (r *reader) linked(link string, err error) (string, error) {
	if err == nil && link == "" {
		err = r.Incomplete("changes", lang.L("the last page has no delta link"))
	}
	return link, err
}

// readGroups lists the groups in scope: all, or those assigned to the app.
func (r *reader) readGroups(ctx context.Context, listed func(directory.SourceGroup)) (err error) {
	r.tell.Tell(lang.L("Listing groups in Entra"), 0, 0)
	var inScope map[string]bool
	if r.entra.app != "" {
		if inScope, err = r.entra.assigned(ctx); err != nil {
			return err
		}
	}
	err = list(ctx, r.entra, "groups", "/groups", url.Values{"$select": {groupFields}}, func(row *groupRow) error {
		if inScope != nil && !inScope[row.ID] {
			return nil
		}
		delete(inScope, row.ID)
		defer listed(row.source())
		return r.AddGroup(row.source())
	})
	if err == nil && len(inScope) > 0 {
		return r.Incomplete("groups", lang.L("a group assigned to the app isn't in the list of groups"))
	}
	return err
}

// readChanges builds on the last read.
func (r *reader) readChanges(ctx context.Context, old links) (way, mark string, err error) {
	var fresh links
	groups := r.lastGroups()
	if fresh.Groups, err = r.changes(ctx, "groups", old.Groups, groups.apply); err != nil {
		return "", "", err
	}
	people := map[string]directory.Person{}
	for _, person := range r.last.People() {
		people[person.ID] = person
	}
	for _, id := range old.Met {
		delete(people, id)
	}
	fresh.Users, err = r.people(ctx, old.Users, func(row *memberRow) error { return applyUser(people, row) })
	if err != nil {
		return "", "", err
	}
	for _, id := range slices.Sorted(maps.Keys(people)) {
		if err := r.AddPerson(people[id]); err != nil {
			return "", "", err
		}
		r.size()
	}
	if err := r.takeGroups(ctx, groups); err != nil {
		return "", "", err
	}
	again := r.keepUnchanged(groups.changed)
	way = lang.L("What changed since the last fetch: members of %d of %s.", len(again), lang.Groups(len(r.Groups())))
	err = r.readMembers(ctx, again)
	return way, r.encode(fresh), err
}

// known are groups as the last read has them, and what changed of them since.
type known struct {
	groups  map[string]directory.SourceGroup
	changed map[string]bool
	// unsure says that something about a changed group wasn't told.
	unsure bool
}

func (r *reader) lastGroups() *known {
	k := &known{groups: map[string]directory.SourceGroup{}, changed: map[string]bool{}}
	for _, group := range r.last.Groups() {
		group.Mark, group.Unreadable = "", ""
		k.groups[group.ID] = group
	}
	return k
}

// apply takes in one row of the groups' changes.
func (k *known) apply(row *groupRow) error {
	k.changed[row.ID] = true
	switch {
	case row.ID == "":
		return remote.Incomplete(lang.L("changed groups in Entra"), lang.L("a group has no id"))
	case row.Removed != nil:
		delete(k.groups, row.ID)
	case row.Name == "" || row.Types == nil:
		k.unsure = true
	default:
		k.groups[row.ID] = row.source()
	}
	return nil
}

// takeGroups takes in the groups in scope, and lists them only where the changes
// don't tell them all: which are assigned to an app shows in no change.
func (r *reader) takeGroups(ctx context.Context, groups *known) error {
	if r.entra.app != "" || groups.unsure {
		return r.readGroups(ctx, func(directory.SourceGroup) {})
	}
	for _, id := range slices.Sorted(maps.Keys(groups.groups)) {
		if err := r.AddGroup(groups.groups[id]); err != nil {
			return err
		}
	}
	return nil
}

// applyUser takes in one row of the users' changes.
func applyUser(people map[string]directory.Person, row *memberRow) error {
	switch {
	case row.ID == "":
		return remote.Incomplete(lang.L("changed people in Entra"), lang.L("somebody has no id"))
	case row.Removed != nil:
		delete(people, row.ID)
	case row.unreadable():
		return remote.Incomplete(lang.L("changed people in Entra"), lang.L("somebody was listed without their name; grant User.Read.All"))
	default:
		people[row.ID] = row.person()
	}
	return nil
}

// keepUnchanged takes over the members of groups that haven't changed, nor any
// group within them, and gives the others.
func (r *reader) keepUnchanged(changed map[string]bool) []directory.SourceGroup {
	var again []directory.SourceGroup
	for _, group := range r.Groups() {
		as, members, known := r.last.Members(group.ID)
		touched := changed[group.ID] || slices.ContainsFunc(strings.Fields(as.Mark), func(id string) bool { return changed[id] })
		if !known || touched || as.Unreadable != "" || !r.keep(group, as.Mark, members) {
			again = append(again, group)
		}
	}
	return again
}

func (r *reader) keep(group directory.SourceGroup, mark string, members []directory.Person) bool {
	for _, member := range members {
		if _, there := r.Person(member.ID); !there {
			return false
		}
	}
	group.Mark = mark
	r.SetGroup(group)
	return r.SetMembers(group.ID, members) == nil
}

// readMembers reads the members of groups, batch by batch; of those with more
// than a page, the further pages one by one.
func (r *reader) readMembers(ctx context.Context, groups []directory.SourceGroup) error {
	batches := slices.Collect(slices.Chunk(groups, batchSize))
	var done atomic.Int64
	return remote.Each(ctx, len(batches), func(ctx context.Context, i int) error {
		if err := r.readBatch(ctx, batches[i]); err != nil {
			return err
		}
		r.tell.Tell(lang.L("Reading members in Entra"), int(done.Add(int64(len(batches[i])))), len(groups))
		return nil
	})
}

func (r *reader) readBatch(ctx context.Context, groups []directory.SourceGroup) error {
	paths := make([]string, len(groups))
	for i, group := range groups {
		paths[i] = membersPath(group.ID)
	}
	pages, err := batch[answer[memberRow]](ctx, r.entra, lang.Mark("list members"), paths)
	if err != nil {
		return err
	}
	return remote.Each(ctx, len(groups), func(ctx context.Context, i int) error {
		members := newMembership()
		if pages[i].Value == nil {
			return r.Incomplete("members", lang.L("an answer holds no list"))
		}
		for n := range pages[i].Value {
			if err := members.add(&pages[i].Value[n]); err != nil {
				return err
			}
		}
		if pages[i].Next != "" {
			if _, err := follow(ctx, r.entra, "members", pages[i].Next, members.add); err != nil {
				return err
			}
		}
		group := groups[i]
		group.Mark, group.Unreadable = members.mark(), members.unreadable
		r.SetGroup(group)
		return r.SetMembers(group.ID, members.people)
	})
}
