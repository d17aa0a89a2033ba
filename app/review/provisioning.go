package review

import (
	"cmp"
	"slices"
	"strings"

	"github.com/rollcall-app/rollcall/app/directory"
)

// PersonChangeKind is what happens to a person in the provisioning directory.
type PersonChangeKind string

// The kinds of changes to people.
const (
	CreatePerson     PersonChangeKind = "create"
	UpdatePerson     PersonChangeKind = "update"
	DeactivatePerson PersonChangeKind = "deactivate"
	// ActivatePerson undoes a deactivation; provisioning itself never does so.
	ActivatePerson PersonChangeKind = "activate"
)

// PersonChange is what provisioning does to one person.
type PersonChange struct {
	Kind PersonChangeKind
	// Person is the IdP's.
	Person directory.Person
	// Record is the directory's; the zero value for who is created.
	Record directory.Provisioned
	// Account is Atlassian's, or directory.NoAccount for who is created, and
	// where it wasn't read.
	Account directory.AccountNo
}

// Undoes says that the review is of an undo, whose source is the past.
func (r *Review) Undoes() bool { return r.input.Targets != nil }

// Provisions says whether a provisioning directory is connected.
func (r *Review) Provisions() bool { return r.Snapshot.Provisioning != nil }

// Creates says whether a person without an account is created in the
// provisioning directory; they are invited otherwise.
func (r *Review) Creates(no directory.PersonNo) bool {
	return r.creates != nil && r.creates(&r.Snapshot.IdP.People[no])
}

// creator tells whom the directory takes. It takes addresses of the
// organization's own domains alone, and nothing lists those: a domain is taken
// for foreign where accounts have it and the organization manages none of them.
func creator(snapshot *directory.Snapshot) func(*directory.Person) bool {
	if snapshot.Provisioning == nil {
		return nil
	}
	own, foreign := map[string]bool{}, map[string]bool{}
	for i := range snapshot.Atlassian.Accounts {
		account := &snapshot.Atlassian.Accounts[i]
		switch account.Claimed {
		case directory.ManagedYes:
			own[domain(account.Email)] = true
		case directory.ManagedNo:
			foreign[domain(account.Email)] = true
		}
	}
	for i := range snapshot.Provisioning.People {
		for _, address := range snapshot.Provisioning.People[i].Addresses {
			own[domain(address)] = true
		}
	}
	return func(person *directory.Person) bool {
		of := domain(person.Email)
		return own[of] || !foreign[of]
	}
}

func domain(address string) string {
	return directory.FoldAddress(address[strings.LastIndex(address, "@")+1:])
}

// PersonChanges lists what provisioning would do to the people of some rows: who
// of the IdP groups is created or renamed, and who of either side's group is
// deactivated. With everybody, all of the scope are renamed and all whom the
// directory has deactivated, whichever the rows. The order is that of kinds,
// then of names.
func (r *Review) PersonChanges(rows []*Row, everybody bool) []PersonChange {
	if r.Snapshot.Provisioning == nil {
		return nil
	}
	of := r.peopleOf(rows)
	if everybody {
		of.everybody = true
		for i := range r.Rows {
			r.addPeopleOf(&r.Rows[i], of)
		}
	}
	var changes []PersonChange
	for no := range r.Snapshot.IdP.People {
		person := &r.Snapshot.IdP.People[no]
		if of.created[directory.PersonNo(no)] && !person.Disabled && r.provisioned(directory.PersonNo(no)) && r.Creates(directory.PersonNo(no)) {
			changes = append(changes, PersonChange{Kind: CreatePerson, Person: *person, Account: directory.NoAccount})
		}
	}
	for i := range r.Snapshot.Provisioning.People {
		record := &r.Snapshot.Provisioning.People[i]
		if change, ok := r.recordChange(record); ok && of.holds(&change) {
			changes = append(changes, change)
		}
	}
	order := []PersonChangeKind{CreatePerson, UpdatePerson, DeactivatePerson}
	slices.SortStableFunc(changes, func(a, b PersonChange) int {
		return cmp.Or(cmp.Compare(slices.Index(order, a.Kind), slices.Index(order, b.Kind)), cmp.Compare(directory.FoldName(a.Person.Name), directory.FoldName(b.Person.Name)))
	})
	return changes
}

// provisioned says that a person has no account and may be given one.
func (r *Review) provisioned(no directory.PersonNo) bool {
	_, unmatched := r.Matches.Unmatched[no]
	return !unmatched && r.Matches.AccountOf[no] == directory.NoAccount
}

// recordChange says what happens to somebody in the directory: who was
// deactivated in the IdP, by a reading that says so, is deactivated; a name that
// differs is changed. An account that may be somebody else's is left alone.
func (r *Review) recordChange(record *directory.Provisioned) (PersonChange, bool) {
	person, account := r.personOf(record)
	if person == nil || !record.Active {
		return PersonChange{}, false
	}
	change := PersonChange{Person: *person, Record: *record, Account: account}
	switch {
	case person.Disabled && person.Paused:
		return PersonChange{}, false
	case person.Disabled:
		change.Kind = DeactivatePerson
	case person.Name != "" && strings.TrimSpace(person.Name) != record.Name:
		change.Kind = UpdatePerson
	default:
		return PersonChange{}, false
	}
	return change, true
}

// personOf gives whose record it is, or nil: the person who has its account, and
// else, of those whom the IdP's list leaves out, the one with its external id.
func (r *Review) personOf(record *directory.Provisioned) (*directory.Person, directory.AccountNo) {
	account, known := r.Matches.byID[record.Account]
	if !known || record.Account == "" {
		return nil, directory.NoAccount // what it would take away isn't known
	}
	if r.Matches.Protected[account] != "" || r.Snapshot.Atlassian.Accounts[account].Outside() {
		return nil, account
	}
	if no := r.Matches.PersonOf[account]; no != directory.NoPerson {
		return &r.Snapshot.IdP.People[no], account
	}
	for i := range r.Snapshot.Provisioning.Left {
		if left := &r.Snapshot.Provisioning.Left[i]; record.CertainlyIs(left.ID) {
			return left, account
		}
	}
	return nil, account
}

// concerned are the people that some rows are about.
type concerned struct {
	everybody bool
	// created are whom the rows need.
	created  map[directory.PersonNo]bool
	people   map[string]bool
	accounts map[directory.AccountNo]bool
}

func (r *Review) peopleOf(rows []*Row) *concerned {
	of := &concerned{created: map[directory.PersonNo]bool{}, people: map[string]bool{}, accounts: map[directory.AccountNo]bool{}}
	for _, row := range rows {
		if row.Source == NoSource {
			continue
		}
		r.addPeopleOf(row, of)
		for _, no := range r.Snapshot.IdP.Members.Of(row.Source) {
			of.created[no] = true
		}
	}
	return of
}

// addPeopleOf adds the members of both sides' groups.
func (r *Review) addPeopleOf(row *Row, of *concerned) {
	if row.Source == NoSource {
		return
	}
	for _, no := range r.Snapshot.IdP.Members.Of(row.Source) {
		of.people[r.Snapshot.IdP.People[no].ID] = true
	}
	for _, group := range row.Groups {
		for _, no := range r.Snapshot.Atlassian.Members.Of(group) {
			of.accounts[no] = true
		}
	}
}

// holds says whether a change to somebody in the directory concerns the rows.
func (c *concerned) holds(change *PersonChange) bool {
	if change.Kind == UpdatePerson {
		return c.people[change.Person.ID]
	}
	return c.everybody || c.people[change.Person.ID] || c.accounts[change.Account]
}

// GroupsOf lists the Atlassian groups that an account is in.
func (r *Review) GroupsOf(account directory.AccountNo) []directory.GroupNo {
	if account == directory.NoAccount {
		return nil
	}
	return r.access.groupsOf.Of(account)
}
