package review_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/review"
)

// large makes a snapshot of so many memberships on each side, in groups of
// about 32, of which every tenth differs.
func large(memberships int) *directory.Snapshot {
	rng := rand.New(rand.NewPCG(1, 2))
	people, groups := memberships/8, memberships/32
	s := &directory.Snapshot{ID: "large"}
	for i := range people {
		email := fmt.Sprintf("person%d@acme.example", i)
		s.IdP.People = append(s.IdP.People, directory.Person{ID: email, Name: email, Email: email})
		s.Atlassian.Accounts = append(s.Atlassian.Accounts, directory.Account{ID: email, Name: email, Email: email, Kind: directory.PersonKind, Status: directory.Active})
	}
	for i := range 8 {
		s.Atlassian.Products = append(s.Atlassian.Products, directory.Product{ID: fmt.Sprint(i), Key: "jira-software", Name: "Jira", Site: "acme.atlassian.net"})
	}
	want, have := make([][]directory.PersonNo, groups), make([][]directory.AccountNo, groups)
	for g := range groups {
		name := fmt.Sprintf("group %d", g)
		s.IdP.Groups = append(s.IdP.Groups, directory.SourceGroup{ID: name, Name: name})
		s.Atlassian.Groups = append(s.Atlassian.Groups, directory.Group{ID: name, Name: name, Grants: []directory.Grant{user(directory.ProductNo(g % 8))}})
		for range 32 {
			no := rng.IntN(people)
			want[g] = append(want[g], directory.PersonNo(no))
			if rng.IntN(10) == 0 {
				no = rng.IntN(people)
			}
			have[g] = append(have[g], directory.AccountNo(no))
		}
	}
	s.IdP.Members, s.Atlassian.Members = directory.NewRuns[directory.SourceNo](want), directory.NewRuns[directory.GroupNo](have)
	return s
}

// BenchmarkCompare measures a whole review: people matched, states, member
// changes and losses counted.
func BenchmarkCompare(b *testing.B) {
	for _, memberships := range []int{10_000, 100_000, 1_000_000, 8_000_000} {
		snapshot := large(memberships)
		b.Run(fmt.Sprint(memberships), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				review.Compare(review.Input{Snapshot: snapshot})
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(memberships), "ns/membership")
		})
	}
}
