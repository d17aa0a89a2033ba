package review

import (
	"cmp"
	"slices"

	"github.com/rollcall-app/rollcall/app/directory"
)

// accessNo is a small number for one role on one product.
type accessNo uint32

// accessTable knows which access each group gives, and which groups each
// account is in.
type accessTable struct {
	org      *directory.Organization
	list     []directory.Access
	gives    []holding    // beside list
	ofGroup  [][]accessNo // sorted, beside org.Groups
	groupsOf directory.Runs[directory.AccountNo, directory.GroupNo]
	direct   map[directory.AccountNo][]accessNo
}

func newAccessTable(org *directory.Organization) *accessTable {
	t := &accessTable{
		org: org, ofGroup: make([][]accessNo, len(org.Groups)), direct: map[directory.AccountNo][]accessNo{},
		groupsOf: org.Members.Invert(len(org.Accounts)),
	}
	numbers := map[directory.Access]accessNo{}
	number := func(access directory.Access) accessNo {
		no, known := numbers[access]
		if !known {
			no = accessNo(len(t.list))
			numbers[access] = no
			t.list = append(t.list, access)
			t.gives = append(t.gives, holding{directory.GivesProduct(access.Role), directory.TakesSeat(access.Role)})
		}
		return no
	}
	for i := range org.Groups {
		for _, grant := range org.Groups[i].Grants {
			t.ofGroup[i] = append(t.ofGroup[i], number(grant.Access))
		}
		slices.Sort(t.ofGroup[i])
		t.ofGroup[i] = slices.Compact(t.ofGroup[i])
	}
	for _, direct := range org.Direct {
		t.direct[direct.Account] = append(t.direct[direct.Account], number(direct.Access))
	}
	return t
}

// otherwise says whether an account has an access other than through some groups.
func (t *accessTable) otherwise(account directory.AccountNo, access accessNo, groups []directory.GroupNo) bool {
	if contains(t.direct[account], access) {
		return true
	}
	for _, other := range t.groupsOf.Of(account) {
		if !slices.Contains(groups, other) && contains(t.ofGroup[other], access) {
			return true
		}
	}
	return false
}

// of gives what some groups give, each access once.
func (t *accessTable) of(groups []directory.GroupNo) []accessNo {
	if len(groups) == 1 {
		return t.ofGroup[groups[0]]
	}
	var all []accessNo
	for _, group := range groups {
		all = append(all, t.ofGroup[group]...)
	}
	return once(all)
}

// loses says whether an account would lose any access by leaving some groups.
func (t *accessTable) loses(account directory.AccountNo, groups []directory.GroupNo) bool {
	for _, access := range t.of(groups) {
		if !t.otherwise(account, access, groups) {
			return true
		}
	}
	return false
}

// Kept is access that a person keeps although they leave a group.
type Kept struct {
	directory.Access
	// Through are the other groups that give it.
	Through []directory.GroupNo
	// Direct says that the person has it by themselves.
	Direct bool
}

// ChangeKind is what happens to one person in one group.
type ChangeKind string

// The kinds of member changes. Provisioned is an addition of somebody who has no
// Atlassian account yet.
const (
	Removed     ChangeKind = "removed"
	Added       ChangeKind = "added"
	Provisioned ChangeKind = "provisioned"
	// Unchanged is told on request alone.
	Unchanged ChangeKind = "unchanged"
)

// Change is a member change with the access that goes with it. The access is
// counted as if this group alone were synced; Effect counts a selection.
type Change struct {
	Kind ChangeKind
	// Person is the IdP's, or directory.NoPerson for a removed stranger;
	// Account is Atlassian's, or directory.NoAccount for a provisioned person.
	Person  directory.PersonNo
	Account directory.AccountNo
	Gains   []directory.Access
	Loses   []directory.Access
	Keeps   []Kept
}

// Changes lists a row's member changes: whoever loses access first, then the
// other removed, then the added, each by name.
func (r *Review) Changes(row *Row) []Change {
	if row.Ambiguous() {
		return nil
	}
	var m members
	r.compare(row, &m)
	changes := make([]Change, 0, len(m.added)+len(m.removed)+len(m.provision))
	for _, account := range m.removed {
		changes = append(changes, r.removal(r.left(row, account), account))
	}
	for _, account := range m.added {
		changes = append(changes, r.addition(row, account))
	}
	for _, person := range m.provision {
		changes = append(changes, Change{Kind: Provisioned, Person: person, Account: directory.NoAccount, Gains: r.grants(row)})
	}
	r.order(changes)
	return changes
}

// Unchanged lists by name who is a member on both sides and stays one; of several
// sites, on any of them and joining none.
func (r *Review) Unchanged(row *Row) []Change {
	if row.Ambiguous() || row.Source == NoSource {
		return nil
	}
	var stay, joining []directory.AccountNo
	var m members
	for _, target := range row.Targets() {
		r.compare(target, &m)
		joining = append(joining, m.added...)
		stay = append(stay, m.staying()...)
	}
	stay, joining = once(stay), once(joining)
	var list []Change
	for _, account := range stay {
		if _, joins := slices.BinarySearch(joining, account); !joins {
			list = append(list, Change{Kind: Unchanged, Person: r.Matches.PersonOf[account], Account: account})
		}
	}
	r.order(list)
	return list
}

// order sorts by weight, then by name; the names are folded once.
func (r *Review) order(changes []Change) {
	type keyed struct {
		weight int
		name   string
		Change
	}
	list := make([]keyed, len(changes))
	for i, change := range changes {
		weight := map[ChangeKind]int{Removed: 1, Added: 2, Provisioned: 3}[change.Kind]
		if len(change.Loses) > 0 {
			weight = 0
		}
		list[i] = keyed{weight, directory.FoldName(r.Name(change.Person, change.Account)), change}
	}
	slices.SortStableFunc(list, func(a, b keyed) int {
		return cmp.Or(cmp.Compare(a.weight, b.weight), cmp.Compare(a.name, b.name))
	})
	for i := range list {
		changes[i] = list[i].Change
	}
}

// removal is what happens to who leaves some groups.
func (r *Review) removal(left []directory.GroupNo, account directory.AccountNo) Change {
	change := Change{Kind: Removed, Person: r.Matches.PersonOf[account], Account: account}
	for _, access := range r.access.of(left) {
		kept := Kept{Access: r.access.list[access], Direct: contains(r.access.direct[account], access)}
		for _, other := range r.access.groupsOf.Of(account) {
			if !slices.Contains(left, other) && contains(r.access.ofGroup[other], access) {
				kept.Through = append(kept.Through, other)
			}
		}
		if kept.Direct || len(kept.Through) > 0 {
			change.Keeps = append(change.Keeps, kept)
		} else {
			change.Loses = append(change.Loses, kept.Access)
		}
	}
	return change
}

// addition is what happens to who enters the row's groups. What a group of the
// row that they are in already gives is nothing new.
func (r *Review) addition(row *Row, account directory.AccountNo) Change {
	change := Change{Kind: Added, Person: r.Matches.PersonOf[account], Account: account}
	for _, access := range r.access.of(row.Groups) {
		if !r.access.otherwise(account, access, nil) {
			change.Gains = append(change.Gains, r.access.list[access])
		}
	}
	return change
}

// grants lists what the row's groups give.
func (r *Review) grants(row *Row) []directory.Access {
	var list []directory.Access
	for _, access := range r.access.of(row.Groups) {
		list = append(list, r.access.list[access])
	}
	return list
}

// Name gives a person's name as Atlassian has it, else as the IdP does, else an
// address or id.
func (r *Review) Name(person directory.PersonNo, account directory.AccountNo) string {
	var candidates []string
	if account != directory.NoAccount {
		a := &r.Snapshot.Atlassian.Accounts[account]
		candidates = append(candidates, a.Name, a.Email, a.ID)
	}
	if person != directory.NoPerson {
		p := &r.Snapshot.IdP.People[person]
		candidates = append([]string{p.Name, p.Email}, append(candidates, p.ID)...)
	}
	for _, name := range candidates {
		if name != "" {
			return name
		}
	}
	return ""
}

// Email gives a person's address as the IdP has it, else as Atlassian does, or
// "" where it is unknown.
func (r *Review) Email(person directory.PersonNo, account directory.AccountNo) string {
	if person != directory.NoPerson && r.Snapshot.IdP.People[person].Email != "" {
		return r.Snapshot.IdP.People[person].Email
	}
	if account != directory.NoAccount {
		return r.Snapshot.Atlassian.Accounts[account].Email
	}
	return ""
}
