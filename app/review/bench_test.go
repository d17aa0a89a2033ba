package review

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/rollcall-app/rollcall/app/directory"
)

// large makes a snapshot of so many memberships on each side, in groups of
// about 32, of which every tenth differs.
func large(memberships int) *directory.Snapshot {
	rng := rand.New(rand.NewPCG(1, 2))
	people, groups := memberships/8, memberships/32
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
		for range 32 {
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

// BenchmarkCompare measures a whole review: people matched, states, member
// changes and losses counted.
func BenchmarkCompare(b *testing.B) {
	for _, memberships := range []int{10_000, 100_000, 1_000_000, 8_000_000} {
		snapshot := large(memberships)
		b.Run(fmt.Sprint(memberships), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Compare(Input{Snapshot: snapshot})
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(memberships), "ns/membership")
		})
	}
}

// BenchmarkMemberChanges measures the member changes alone, against the floor of
// reading both sides' members once: a snapshot of 1,000,000 memberships a side.
func BenchmarkMemberChanges(b *testing.B) {
	r := Compare(Input{Snapshot: large(1_000_000)})
	memberships := float64(r.Snapshot.IdP.Members.Pairs())
	each := func(b *testing.B, do func()) {
		for b.Loop() {
			do()
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/memberships, "ns/membership")
	}
	b.Run("floor", func(b *testing.B) {
		each(b, func() {
			sum := uint32(0)
			for i := range r.Rows {
				for _, no := range r.Snapshot.IdP.Members.Of(r.Rows[i].Source) {
					sum += uint32(no)
				}
				for _, no := range r.Snapshot.Atlassian.Members.Of(r.Rows[i].Groups[0]) {
					sum += uint32(no)
				}
			}
			floor = sum
		})
	})
	b.Run("member changes", func(b *testing.B) {
		var m members
		each(b, func() {
			for i := range r.Rows {
				r.compare(&r.Rows[i], &m)
			}
		})
	})
	b.Run("and who loses access", func(b *testing.B) { each(b, r.countAll) })
}

// floor keeps the sum from being worked out for nothing.
var floor uint32
