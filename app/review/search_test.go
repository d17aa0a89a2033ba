package review_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/review"
)

// Groups are found by the people in them as going through all members finds them.
func TestGroupsAreFoundByWhoIsInThem(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const people = 8
		s := &directory.Snapshot{}
		for i := range people {
			s.IdP.People = append(s.IdP.People, directory.Person{ID: fmt.Sprint("p", i), Name: fmt.Sprintf("Ana %d", i), Email: fmt.Sprintf("p%d@x.io", i)})
			s.Atlassian.Accounts = append(s.Atlassian.Accounts, directory.Account{ID: fmt.Sprint("a", i), Name: fmt.Sprintf("A. No. %d", i), Email: fmt.Sprintf("P%d@x.io", i), Kind: directory.PersonKind, Status: directory.Active})
		}
		var wanted [][]directory.PersonNo
		var had [][]directory.AccountNo
		for g := range rapid.IntRange(1, 4).Draw(t, "groups") {
			name := fmt.Sprint("g", g)
			s.IdP.Groups = append(s.IdP.Groups, directory.SourceGroup{ID: name, Name: name})
			s.Atlassian.Groups = append(s.Atlassian.Groups, directory.Group{ID: name, Name: name})
			var want []directory.PersonNo
			var have []directory.AccountNo
			for i := range people {
				if rapid.Bool().Draw(t, "wanted") {
					want = append(want, directory.PersonNo(i))
				}
				if rapid.Bool().Draw(t, "had") {
					have = append(have, directory.AccountNo(i))
				}
			}
			wanted, had = append(wanted, want), append(had, have)
		}
		s.IdP.Members, s.Atlassian.Members = directory.NewRuns[directory.SourceNo](wanted), directory.NewRuns[directory.GroupNo](had)
		r := review.Compare(review.Input{Snapshot: s})
		text := rapid.SampledFrom([]string{"ana 3", "P5@X", "no. 7", "ana", "nobody", ""}).Draw(t, "text")
		want := map[int]bool{}
		for g := range wanted {
			for i := range people {
				names := strings.ToLower(fmt.Sprintf("ana %d p%d@x.io a. no. %d", i, i, i))
				in := false
				for _, no := range wanted[g] {
					in = in || int(no) == i
				}
				for _, no := range had[g] {
					in = in || int(no) == i
				}
				if in && text != "" && strings.Contains(names, strings.ToLower(text)) {
					want[g] = true
				}
			}
		}
		require.Equal(t, want, review.NewFinder(r).Rows(text))
	})
}
