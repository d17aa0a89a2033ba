package review

import (
	"strings"

	"github.com/rollcall-app/rollcall/app/directory"
)

// Finder finds groups by the people in them. It is safe for concurrent use.
type Finder struct {
	review *Review
	// people and accounts are names and addresses, folded, in the snapshot's
	// order.
	people, accounts []string
	rowsOf           directory.Runs[directory.PersonNo, directory.SourceNo]
	rowOfSource      map[directory.SourceNo]int
	rowsOfGroup      map[directory.GroupNo][]int
}

// NewFinder prepares to find people; that takes a while with many.
func NewFinder(r *Review) *Finder {
	f := &Finder{review: r, rowsOf: r.Snapshot.IdP.Members.Invert(len(r.Snapshot.IdP.People)), rowOfSource: map[directory.SourceNo]int{}, rowsOfGroup: map[directory.GroupNo][]int{}}
	for i := range r.Snapshot.IdP.People {
		person := &r.Snapshot.IdP.People[i]
		f.people = append(f.people, directory.FoldName(strings.Join(append([]string{person.Name, person.Email}, person.Aliases...), "\n")))
	}
	for i := range r.Snapshot.Atlassian.Accounts {
		account := &r.Snapshot.Atlassian.Accounts[i]
		f.accounts = append(f.accounts, directory.FoldName(account.Name+"\n"+account.Email))
	}
	for i := range r.Rows {
		row := &r.Rows[i]
		if row.Source != NoSource {
			f.rowOfSource[row.Source] = i
		}
		for _, no := range row.Groups {
			f.rowsOfGroup[no] = append(f.rowsOfGroup[no], i)
		}
	}
	return f
}

// Rows gives the places in Review.Rows of the groups in which somebody is, on
// either side, whose name or address holds a text. Who is matched is found by what
// either side calls them.
func (f *Finder) Rows(text string) map[int]bool {
	text = directory.FoldName(text)
	found := map[int]bool{}
	if text == "" {
		return found
	}
	matches := f.review.Matches
	for no := range f.people {
		if strings.Contains(f.people[no], text) {
			f.person(found, directory.PersonNo(no))
			f.account(found, matches.AccountOf[no])
		}
	}
	for no := range f.accounts {
		if strings.Contains(f.accounts[no], text) {
			f.account(found, directory.AccountNo(no))
			f.person(found, matches.PersonOf[no])
		}
	}
	return found
}

func (f *Finder) person(found map[int]bool, no directory.PersonNo) {
	if no == directory.NoPerson {
		return
	}
	for _, source := range f.rowsOf.Of(no) {
		if row, ok := f.rowOfSource[source]; ok {
			found[row] = true
		}
	}
}

func (f *Finder) account(found map[int]bool, no directory.AccountNo) {
	if no == directory.NoAccount {
		return
	}
	for _, group := range f.review.access.groupsOf.Of(no) {
		for _, row := range f.rowsOfGroup[group] {
			found[row] = true
		}
	}
}

// Is says whether a text is in the name or the addresses of the person of a
// change.
func (f *Finder) Is(change *Change, text string) bool {
	text = directory.FoldName(text)
	return text != "" && (change.Person != directory.NoPerson && strings.Contains(f.people[change.Person], text) ||
		change.Account != directory.NoAccount && strings.Contains(f.accounts[change.Account], text))
}
