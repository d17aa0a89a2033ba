package review

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/lang"
)

// Facts gives a fingerprint of what a decision about a row rests on: the two
// groups, who would be added and removed, and what the group gives. Equal facts
// have equal fingerprints, in any snapshot.
func (r *Review) Facts(row *Row) string {
	sum := sha256.New()
	fmt.Fprintf(sum, "source %q\n", r.SourceID(row))
	for _, target := range row.Targets() {
		r.writeFacts(sum, target)
	}
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

// writeFacts writes those of one target.
func (r *Review) writeFacts(sum io.Writer, row *Row) {
	var m members
	r.compare(row, &m)
	for _, no := range row.Groups {
		group := &r.Snapshot.Atlassian.Groups[no]
		fmt.Fprintf(sum, "group %q\n", group.ID)
		for _, grant := range r.grantLines(group) {
			_, _ = io.WriteString(sum, grant) // a hash never fails
		}
	}
	r.writeAccounts(sum, "add", m.added)
	r.writeAccounts(sum, "remove", m.removed)
	r.writeAccounts(sum, "protect", m.protected)
	r.writePeople(sum, "provision", m.provision)
	r.writePeople(sum, "unmatched", m.unmatched)
}

func (r *Review) grantLines(group *directory.Group) []string {
	var lines []string
	for _, grant := range group.Grants {
		lines = append(lines, fmt.Sprintf("grant %q %q %t\n", r.Snapshot.Atlassian.Products[grant.Product].ID, grant.Role, grant.Default))
	}
	slices.Sort(lines)
	return lines
}

func (r *Review) writeAccounts(sum io.Writer, what string, accounts []directory.AccountNo) {
	ids := make([]string, len(accounts))
	for i, no := range accounts {
		ids[i] = r.Snapshot.Atlassian.Accounts[no].ID
	}
	writeSorted(sum, what, ids)
}

func (r *Review) writePeople(sum io.Writer, what string, people []directory.PersonNo) {
	ids := make([]string, len(people))
	for i, no := range people {
		ids[i] = r.Snapshot.IdP.People[no].ID
	}
	writeSorted(sum, what, ids)
}

func writeSorted(sum io.Writer, what string, ids []string) {
	slices.Sort(ids)
	fmt.Fprintf(sum, "%s %q\n", what, strings.Join(ids, "\x00"))
}

// Side names one side of a snapshot in lists of people.
type Side string

// The two sides.
const (
	IdPSide       Side = "idp"
	AtlassianSide Side = "atlassian"
)

// Unmatched is somebody who can't be told for certain, and where it matters.
type Unmatched struct {
	Side            Side
	ID, Email, Name string
	// Groups are the names of the groups under review that hold this person.
	Groups []string
	Reason string
}

// Unmatched lists whoever can't be matched and is in a group under review: the
// IdP's people first, then the accounts that are kept from removal for it.
func (r *Review) Unmatched() []Unmatched {
	people := map[directory.PersonNo][]string{}
	accounts := map[directory.AccountNo][]string{}
	unreadable := map[directory.AccountNo]string{}
	var m members
	for i := range r.Rows {
		row := &r.Rows[i]
		if row.Unmatched+row.Protected == 0 {
			continue
		}
		r.compare(row, &m)
		for _, no := range m.unmatched {
			people[no] = append(people[no], row.Name)
		}
		for _, no := range m.protected {
			accounts[no] = append(accounts[no], row.Name)
			if row.Unreadable != "" {
				unreadable[no] = lang.L("not everybody in the IdP group is known: %s", row.Unreadable)
			}
		}
	}
	var list []Unmatched
	for _, no := range sortedNumbers(people) {
		p := &r.Snapshot.IdP.People[no]
		list = append(list, Unmatched{IdPSide, p.ID, p.Email, p.Name, people[no], r.Matches.Unmatched[no]})
	}
	for _, no := range sortedNumbers(accounts) {
		a := &r.Snapshot.Atlassian.Accounts[no]
		list = append(list, Unmatched{AtlassianSide, a.ID, a.Email, a.Name, accounts[no], cmp.Or(r.Matches.Protected[no], unreadable[no])})
	}
	return list
}

func sortedNumbers[N ~uint32, V any](set map[N]V) []N {
	numbers := make([]N, 0, len(set))
	for no := range set {
		numbers = append(numbers, no)
	}
	slices.Sort(numbers)
	return numbers
}

// Held gives what a plan for the row rests on: the facts of the enabled members
// of the IdP group (directory.Person.Fact), and the account ids of the members
// of the Atlassian group that count as such. Both are sorted.
func (r *Review) Held(row *Row) (people, accounts []string) {
	for _, no := range r.Snapshot.IdP.Members.Of(row.Source) {
		if person := &r.Snapshot.IdP.People[no]; !person.Disabled {
			people = append(people, person.Fact())
		}
	}
	if group, ok := row.Group(); ok {
		for _, no := range r.Snapshot.Atlassian.Members.Of(group) {
			if account := &r.Snapshot.Atlassian.Accounts[no]; !account.Outside() {
				accounts = append(accounts, account.ID)
			}
		}
	}
	slices.Sort(people)
	slices.Sort(accounts)
	return people, accounts
}

// Operations gives who a sync of the row would add, provision and remove.
func (r *Review) Operations(row *Row) (add []directory.AccountNo, provision []directory.PersonNo, remove []directory.AccountNo) {
	var m members
	r.compare(row, &m)
	return m.added, m.provision, m.removed
}
