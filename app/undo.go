package app

import (
	"cmp"
	"slices"
	"strings"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/review"
	"github.com/rollcall-app/rollcall/app/run"
)

// Undoing says what of a run is taken back: all of it, or where Group is named
// that group, or where Person is that person.
type Undoing struct {
	// Run is the id of the run; empty for the last one.
	Run string
	// Group is a name, Person an e-mail address or the id of an account.
	Group, Person string
}

// Undo takes back a run, as far as what it did took effect and still stands. It
// is a sync of its own, whose source is the past: the same guards judge it, and
// every group is read again before it is written.
type Undo struct {
	Run run.Report
	// Review compares Atlassian as it is with what it shall be again.
	Review *review.Review
	// Notes name what can't be taken back.
	Notes []string

	people  []plan.Person
	sources []plan.SourceGroup
}

// Plan gives the operations and the guards in their way.
func (u *Undo) Plan(terms plan.Terms) *plan.Plan {
	selection := plan.Selection{}
	for i := range u.Review.Rows {
		if u.Review.Rows[i].State != review.Synced {
			selection.Rows = append(selection.Rows, &u.Review.Rows[i])
		}
	}
	p := plan.Make(u.Review, selection, terms)
	p.Undoes, p.People, p.Sources = u.Run.ID, slices.Clone(u.people), slices.Clone(u.sources)
	return p
}

// MakeUndo works out from the snapshot what undoing would do. It needs no
// network.
func (a *App) MakeUndo(what Undoing) (*Undo, error) {
	past, err := a.pastOf(what.Run)
	if err != nil {
		return nil, err
	}
	snapshot, err := a.Store.Snapshot()
	if err != nil {
		return nil, err
	}
	if snapshot == nil {
		return nil, problem.New(problem.NoSnapshot, lang.L("Nothing has been fetched yet."), lang.L("Connect both sides and fetch."))
	}
	b := newUndoBuilder(snapshot, past, what)
	u := &Undo{Run: past.Report, Notes: b.notes, people: b.people, sources: b.sources}
	u.Review = review.Compare(review.Input{Snapshot: b.snapshot(), Matches: review.Identity(len(snapshot.Atlassian.Accounts)), Targets: b.targets})
	if len(b.wanted)+len(b.people)+len(b.sources) == 0 {
		return nil, problem.New(problem.NotFound, lang.L("Nothing of that run is left to undo: it didn't take effect, or no longer stands."), lang.L("Look at rollcall history for what it did."))
	}
	return u, nil
}

func (a *App) pastOf(id string) (*run.Past, error) {
	runs, err := a.Store.Runs()
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(runs, func(r run.Report) bool { return r.ID == id || id == "" })
	if i < 0 {
		return nil, problem.New(problem.NotFound, lang.L("There is no run “%s”.", id), lang.L("Look at rollcall history for the runs."))
	}
	if runs[i].Ended.IsZero() {
		return nil, problem.New(problem.Refused, lang.L("That run was interrupted and isn't finished."), lang.L("Resume it, or give it up, then undo it."))
	}
	past, err := a.Store.Past(runs[i].ID)
	if err == nil && past.Plan == nil {
		err = problem.New(problem.Refused, lang.L("That run is of an older Rollcall, which didn't keep what undoing needs."), lang.L("Look at rollcall history for what it did."))
	}
	return past, err
}

// undoBuilder works out what groups shall be again.
type undoBuilder struct {
	now  *directory.Snapshot
	past *run.Past
	what Undoing

	account map[string]directory.AccountNo
	group   map[string]directory.GroupNo
	// wanted are the members that groups shall have again.
	wanted  map[directory.GroupNo][]directory.AccountNo
	order   []directory.GroupNo
	targets map[string]directory.GroupNo
	people  []plan.Person
	sources []plan.SourceGroup
	notes   []string
}

func newUndoBuilder(now *directory.Snapshot, past *run.Past, what Undoing) *undoBuilder {
	b := &undoBuilder{
		now: now, past: past, what: what, account: map[string]directory.AccountNo{}, group: map[string]directory.GroupNo{},
		wanted: map[directory.GroupNo][]directory.AccountNo{}, targets: map[string]directory.GroupNo{},
	}
	for i := range now.Atlassian.Accounts {
		b.account[now.Atlassian.Accounts[i].ID] = directory.AccountNo(i)
	}
	for i := range now.Atlassian.Groups {
		b.group[now.Atlassian.Groups[i].ID] = directory.GroupNo(i)
	}
	byKey := map[string][]*run.Operation{}
	for i := range past.Operations {
		operation := &past.Operations[i]
		byKey[operation.Key] = append(byKey[operation.Key], operation)
	}
	for i := range past.Plan.Groups {
		group := &past.Plan.Groups[i]
		if what.Group == "" || directory.FoldName(group.Name) == directory.FoldName(what.Group) {
			b.undoGroup(group, byKey[group.Key()])
		}
	}
	for i := range past.Plan.Sources {
		group := &past.Plan.Sources[i]
		if what.Group == "" || directory.FoldName(group.Group.Name) == directory.FoldName(what.Group) {
			b.undoSource(group, byKey[group.Key()])
		}
	}
	if what.Group == "" {
		b.undoPeople()
	}
	return b
}

// concerns says whether an account is the person that is asked for.
func (b *undoBuilder) concerns(account directory.AccountNo) bool {
	a := &b.now.Atlassian.Accounts[account]
	return b.what.Person == "" || a.ID == b.what.Person || directory.FoldAddress(a.Email) == directory.FoldAddress(b.what.Person)
}

func (b *undoBuilder) undoGroup(group *plan.Group, operations []*run.Operation) {
	no, known := b.target(group)
	if !known || len(operations) == 0 {
		return
	}
	members := slices.DeleteFunc(slices.Clone(b.now.Atlassian.Members.Of(no)), func(account directory.AccountNo) bool { return b.now.Atlassian.Accounts[account].Outside() })
	changed := false
	set := func(id string, member bool) {
		account, known := b.account[id]
		if !known || !b.concerns(account) || b.now.Atlassian.Accounts[account].Outside() || slices.Contains(members, account) == member {
			return // no longer stands
		}
		changed = true
		if member {
			members = append(members, account)
		} else {
			members = slices.DeleteFunc(members, func(other directory.AccountNo) bool { return other == account })
		}
	}
	for _, operation := range operations {
		if !operation.TookEffect() {
			continue
		}
		switch operation.Kind {
		case run.Add:
			set(operation.Account, false)
		case run.Remove:
			set(operation.Account, true)
		case run.Invite:
			for _, account := range operation.Accounts {
				set(account, false)
			}
			b.notes = append(b.notes, lang.L("The invitations of %s into “%s” can't be taken back; their membership is.", strings.Join(strings.Fields(operation.Account), ", "), group.Name))
		case run.Create:
			b.notes = append(b.notes, lang.L("The group “%s” was created and stays: deleting it could take what it has been given since.", group.Name))
		}
	}
	if changed {
		b.wanted[no] = members
		b.order = append(b.order, no)
	}
}

// target finds the Atlassian group that a group of the run wrote.
func (b *undoBuilder) target(group *plan.Group) (directory.GroupNo, bool) {
	if group.Target != nil {
		no, known := b.group[group.Target.ID]
		return no, known
	}
	found, n := directory.GroupNo(0), 0
	for i := range b.now.Atlassian.Groups {
		if g := &b.now.Atlassian.Groups[i]; g.Site == group.Site && directory.FoldName(g.Name) == directory.FoldName(group.Name) {
			found = directory.GroupNo(i)
			n++
		}
	}
	return found, n == 1
}

// undoSource takes back the changes of a group of the identity provider.
func (b *undoBuilder) undoSource(group *plan.SourceGroup, operations []*run.Operation) {
	idp := &b.now.IdP
	no := slices.IndexFunc(idp.Groups, func(now directory.SourceGroup) bool { return now.ID == group.Group.ID })
	if no < 0 {
		return
	}
	back := plan.NewSourceGroup(b.now, directory.SourceNo(no))
	back.Uses = group.Uses
	for _, operation := range operations {
		if !operation.TookEffect() || b.what.Person != "" && directory.FoldAddress(operation.Account) != directory.FoldAddress(b.what.Person) {
			continue
		}
		_, in := slices.BinarySearch(back.Members, operation.Person)
		switch {
		case operation.Kind == run.AddToSource && in:
			back.Remove = append(back.Remove, memberOf(group.Add, operation.Person))
		case operation.Kind == run.RemoveFromSource && !in:
			back.Add = append(back.Add, memberOf(group.Remove, operation.Person))
		case operation.Kind == run.RenameSource && back.Group.Name == group.Rename:
			back.Rename = group.Group.Name
		}
	}
	if back.Operations() > 0 {
		b.sources = append(b.sources, back)
	}
}

func memberOf(members []plan.Member, person string) plan.Member {
	for _, member := range members {
		if member.Person == person {
			return member
		}
	}
	return plan.Member{Person: person}
}

// undoPeople takes back names and deactivations in the provisioning directory.
func (b *undoBuilder) undoPeople() {
	done := map[string]bool{}
	for _, result := range b.past.People {
		done[string(result.Kind)+result.ID] = result.Result == run.Synced
	}
	records := map[string]*directory.Provisioned{}
	if b.now.Provisioning != nil {
		for i := range b.now.Provisioning.People {
			records[b.now.Provisioning.People[i].ID] = &b.now.Provisioning.People[i]
		}
	}
	for i := range b.past.Plan.People {
		change := b.past.Plan.People[i]
		if !done[string(change.Kind)+change.ID] || b.what.Person != "" && directory.FoldAddress(change.Email) != directory.FoldAddress(b.what.Person) && change.Account != b.what.Person {
			continue
		}
		record := records[change.Record]
		change.Findings, change.Groups = nil, nil
		switch {
		case change.Kind == review.CreatePerson:
			b.notes = append(b.notes, lang.L("The account of %s was created and stays.", change.Title()))
			continue
		case record == nil:
			continue
		case change.Kind == review.UpdatePerson && record.Active && record.Name == change.Name:
			change.Name, change.Was = change.Was, change.Name
		case change.Kind == review.DeactivatePerson && !record.Active:
			change.Kind, change.Was = review.ActivatePerson, record.Name
		default:
			continue // no longer stands
		}
		b.people = append(b.people, change)
	}
}

// snapshot is Atlassian as it is, and in place of the identity provider what the
// groups shall be: a person for each account, a group for each that changes.
func (b *undoBuilder) snapshot() *directory.Snapshot {
	made := *b.now
	made.Provisioning = nil
	made.IdP = directory.IdentityProvider{Provider: "undo"}
	for i := range b.now.Atlassian.Accounts {
		account := &b.now.Atlassian.Accounts[i]
		made.IdP.People = append(made.IdP.People, directory.Person{ID: account.ID, Name: account.Name, Email: account.Email})
	}
	var members [][]directory.PersonNo
	for _, no := range b.order {
		group := &b.now.Atlassian.Groups[no]
		b.targets[group.ID] = no
		made.IdP.Groups = append(made.IdP.Groups, directory.SourceGroup{ID: group.ID, Name: group.Name})
		list := make([]directory.PersonNo, 0, len(b.wanted[no]))
		for _, account := range b.wanted[no] {
			list = append(list, directory.PersonNo(account))
		}
		members = append(members, list)
	}
	made.IdP.Members = directory.NewRuns[directory.SourceNo](members)
	return &made
}

// Title names what an undo is about.
func (u *Undoing) Title() string { return cmp.Or(u.Person, u.Group, u.Run, lang.L("the last run")) }
