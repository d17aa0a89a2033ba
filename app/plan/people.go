package plan

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/review"
)

// Person is what a plan does to one person in the provisioning directory, with
// the facts that it rests on.
type Person struct {
	Kind review.PersonChangeKind
	// ID is the person's in the IdP, Fact what was read of them there.
	ID, Fact    string
	Name, Email string
	// Record is the person's id in the directory, Was the name there; both
	// empty for who is created.
	Record, Was string
	// Account is the id of the Atlassian account; empty for who is created.
	Account string
	// Groups are the names of the Atlassian groups that somebody deactivated is
	// in.
	Groups []string
	// Findings are the guards in the way, the overridden ones left out.
	Findings []Finding
}

// Blocked says whether a guard stands in the way of this change.
func (p *Person) Blocked() bool { return len(p.Findings) > 0 }

// Title names the person: by the address where there is one.
func (p *Person) Title() string { return cmp.Or(p.Email, p.Name, p.ID) }

// makePeople plans what happens to people beside the groups that are performed,
// and gives the accounts that are deactivated.
func (p *Plan) makePeople(r *review.Review, rows []*review.Row, everybody bool, overrides Overrides) []directory.AccountNo {
	admins := newAdmins(r, rows)
	var deactivated []directory.AccountNo
	for _, change := range r.PersonChanges(rows, everybody) {
		person := makePerson(r, &change)
		if change.Kind == review.DeactivatePerson {
			person.Findings = p.lift(overrides, []Finding{deactivation(&person)})
			if finding, found := admins.lockOut(&person, append(deactivated, change.Account)); found {
				person.Findings = append(person.Findings, finding)
			}
			if !person.Blocked() {
				deactivated = append(deactivated, change.Account)
			}
		}
		p.People = append(p.People, person)
	}
	return deactivated
}

func makePerson(r *review.Review, change *review.PersonChange) Person {
	person := Person{
		Kind: change.Kind, ID: change.Person.ID, Fact: PersonFact(&change.Person), Name: change.Person.Name, Email: change.Person.Email,
		Record: change.Record.ID, Was: change.Record.Name, Account: change.Record.Account,
	}
	if change.Kind == review.DeactivatePerson {
		for _, no := range r.GroupsOf(change.Account) {
			person.Groups = append(person.Groups, r.Snapshot.Atlassian.Groups[no].Name)
		}
	}
	return person
}

// PersonFact gives what a change to a person rests on.
func PersonFact(person *directory.Person) string {
	return fmt.Sprintf("%s %t %s", person.Fact(), person.Disabled, person.Name)
}

// deactivation is the finding that has a person confirm each deactivation.
func deactivation(person *Person) Finding {
	return Finding{Guard: Deactivations, Person: person.Title(),
		Message: lang.L("%s (%s) was deactivated in the identity provider: the Atlassian account would be deactivated, which is in %s.",
			cmp.Or(person.Name, person.Title()), person.Title(), groups(len(person.Groups))),
		Action: lang.L("If that is meant, override deactivations for %s.", person.Title())}
}

func groups(n int) string {
	if n == 0 {
		return lang.L("no group that is known")
	}
	return lang.Groups(n)
}

// admins knows who administers the organization or a site.
type admins struct {
	review *review.Review
	rows   []*review.Row
	// any are the accounts that administer anything now.
	any map[directory.AccountNo]bool
}

func newAdmins(r *review.Review, rows []*review.Row) *admins {
	a := &admins{review: r, rows: rows, any: map[directory.AccountNo]bool{}}
	for _, role := range adminRoles {
		for _, holders := range r.Holders(role, nil) {
			for _, no := range holders {
				a.any[no] = true
			}
		}
	}
	for i := range r.Snapshot.Atlassian.Accounts {
		account := &r.Snapshot.Atlassian.Accounts[i]
		if account.ID == r.Snapshot.Atlassian.Owner || slices.Contains(r.Snapshot.Atlassian.OtherOwners, account.ID) || slices.ContainsFunc(adminRoles, func(role string) bool { return slices.Contains(account.OrgRoles, role) }) {
			a.any[directory.AccountNo(i)] = true
		}
	}
	return a
}

// lockOut finds out whether deactivating the last of some accounts, a person's,
// would take away the last administration, or that of the key's owner.
func (a *admins) lockOut(person *Person, deactivated []directory.AccountNo) (Finding, bool) {
	if !a.any[deactivated[len(deactivated)-1]] {
		return Finding{}, false
	}
	finding, found := lockOut(a.review, a.rows, deactivated)
	finding.Person = person.Title()
	return finding, found
}

// Removals is how many memberships the plan ends: those removed, and those of
// everybody deactivated.
func (p *Plan) Removals() int {
	n := p.Effect.Removed
	for i := range p.People {
		if person := &p.People[i]; person.Kind == review.DeactivatePerson && !person.Blocked() {
			n += len(person.Groups)
		}
	}
	return n
}

// CountPeople is how many changes of a kind the plan performs, and how many a
// guard holds back.
func (p *Plan) CountPeople(kind review.PersonChangeKind) (performed, held int) {
	for i := range p.People {
		switch {
		case p.People[i].Kind != kind:
		case p.People[i].Blocked():
			held++
		default:
			performed++
		}
	}
	return performed, held
}
