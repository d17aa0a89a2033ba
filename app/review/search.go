package review

import (
	"strings"
	"sync"

	"github.com/rollcall-app/rollcall/app/directory"
)

// Finder finds groups by the people in them. It is safe for concurrent use; the first
// question takes a while with many people.
type Finder struct {
	review *Review
	ready  sync.Once
	// people and accounts are names and addresses, folded, in the snapshot's
	// order.
	people, accounts []string
	rowsOf           directory.Runs[directory.PersonNo, directory.SourceNo]
	rowOfSource      map[directory.SourceNo]int
	rowsOfGroup      map[directory.GroupNo][]int
}

// NewFinder makes a finder for a review.
func NewFinder(r *Review) *Finder { return &Finder{review: r} }

// prepare folds the names and addresses.
func (f *Finder) prepare() {
	r := f.review
	f.rowsOf, f.rowOfSource, f.rowsOfGroup = r.Snapshot.IdP.Members.Invert(len(r.Snapshot.IdP.People)), map[directory.SourceNo]int{}, map[directory.GroupNo][]int{}
	for i := range r.Snapshot.IdP.People {
		f.people = append(f.people, searched(&r.Snapshot.IdP.People[i]))
	}
	for i := range r.Snapshot.Atlassian.Accounts {
		f.accounts = append(f.accounts, searchedAccount(&r.Snapshot.Atlassian.Accounts[i]))
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
	f.ready.Do(f.prepare)
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

// searched is what a person is found by, searchedAccount what an account is, folded.
func searched(person *directory.Person) string {
	return directory.FoldName(strings.Join(append([]string{person.Name, person.Email}, person.Aliases...), "\n"))
}

func searchedAccount(account *directory.Account) string {
	return directory.FoldName(account.Name + "\n" + account.Email)
}

// Is says whether a text is in the name or the addresses of the person of a
// change. It asks about nobody else, and takes no time.
func (f *Finder) Is(change *Change, text string) bool {
	text = directory.FoldName(text)
	return text != "" && (change.Person != directory.NoPerson && strings.Contains(searched(&f.review.Snapshot.IdP.People[change.Person]), text) ||
		change.Account != directory.NoAccount && strings.Contains(searchedAccount(&f.review.Snapshot.Atlassian.Accounts[change.Account]), text))
}
