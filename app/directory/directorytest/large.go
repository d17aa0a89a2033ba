// Package directorytest makes snapshots for benchmarks.
package directorytest

import (
	"fmt"
	"math/rand/v2"

	"github.com/rollcall-app/rollcall/app/directory"
)

// Large makes a snapshot of so many memberships on each side, in groups of
// about 32, of which every tenth differs.
func Large(memberships int) *directory.Snapshot { return Sized(memberships/8, memberships/32, 32) }

// Sized makes a snapshot of so many people and groups with so many members each, of
// which every tenth differs.
func Sized(people, groups, members int) *directory.Snapshot {
	rng := rand.New(rand.NewPCG(1, 2))
	s := &directory.Snapshot{ID: "large"}
	// Each side lists people in an order of its own.
	account := rng.Perm(people)
	s.IdP.People, s.Atlassian.Accounts = make([]directory.Person, people), make([]directory.Account, people)
	for i := range people {
		email := fmt.Sprintf("person%d@acme.example", i)
		s.IdP.People[i] = directory.Person{ID: email, Name: email, Email: email}
		s.Atlassian.Accounts[account[i]] = directory.Account{ID: email, Name: email, Email: email, Kind: directory.PersonKind, Status: directory.Active}
	}
	for i := range 8 {
		s.Atlassian.Products = append(s.Atlassian.Products, directory.Product{ID: fmt.Sprint(i), Key: "jira-software", Name: "Jira", Site: "acme.atlassian.net"})
	}
	want, have := make([][]directory.PersonNo, groups), make([][]directory.AccountNo, groups)
	for g := range groups {
		name := fmt.Sprintf("group %d", g)
		s.IdP.Groups = append(s.IdP.Groups, directory.SourceGroup{ID: name, Name: name})
		s.Atlassian.Groups = append(s.Atlassian.Groups, directory.Group{ID: name, Name: name, Grants: []directory.Grant{{Access: directory.Access{Product: directory.ProductNo(g % 8), Role: "atlassian/user"}}}})
		for range members {
			no := rng.IntN(people)
			want[g] = append(want[g], directory.PersonNo(no))
			if rng.IntN(10) == 0 {
				no = rng.IntN(people)
			}
			have[g] = append(have[g], directory.AccountNo(account[no]))
		}
	}
	s.IdP.Members, s.Atlassian.Members = directory.NewRuns[directory.SourceNo](want), directory.NewRuns[directory.GroupNo](have)
	return s
}
