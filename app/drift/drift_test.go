package drift_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/drift"
	"github.com/rollcall-app/rollcall/app/problem"
)

// draw makes a snapshot of some of six people and four groups, in any order and
// the same on both sides.
func draw(t *rapid.T) *directory.Snapshot {
	s := &directory.Snapshot{}
	s.IdP.Provider, s.Atlassian.ID = "okta", "o1"
	for _, no := range rapid.SliceOfDistinct(rapid.IntRange(1, 6), rapid.ID[int]).Draw(t, "people") {
		id, name := fmt.Sprint("p", no), fmt.Sprint("Person ", no)
		s.IdP.People = append(s.IdP.People, directory.Person{ID: id, Name: name, Disabled: rapid.Bool().Draw(t, "disabled")})
		s.Atlassian.Accounts = append(s.Atlassian.Accounts, directory.Account{ID: id, Name: name})
	}
	var lists [][]directory.PersonNo
	for _, no := range rapid.SliceOfDistinct(rapid.IntRange(1, 4), rapid.ID[int]).Draw(t, "groups") {
		id := fmt.Sprint("g", no)
		s.IdP.Groups = append(s.IdP.Groups, directory.SourceGroup{ID: id, Name: id})
		s.Atlassian.Groups = append(s.Atlassian.Groups, directory.Group{ID: id, Name: id})
		var list []directory.PersonNo
		for p := range s.IdP.People {
			if rapid.Bool().Draw(t, "member") {
				list = append(list, directory.PersonNo(p))
			}
		}
		lists = append(lists, list)
	}
	s.IdP.Members = directory.NewRuns[directory.SourceNo](lists)
	accounts := make([][]directory.AccountNo, len(lists))
	for i, list := range lists {
		for _, p := range list {
			accounts[i] = append(accounts[i], directory.AccountNo(p))
		}
	}
	s.Atlassian.Members = directory.NewRuns[directory.GroupNo](accounts)
	return s
}

// memberships gives who is in what, of the groups in both snapshots.
func memberships(s, other *directory.Snapshot) map[string]bool {
	set := map[string]bool{}
	for g, group := range s.IdP.Groups {
		if !slices.ContainsFunc(other.IdP.Groups, func(o directory.SourceGroup) bool { return o.ID == group.ID }) {
			continue
		}
		for _, p := range s.IdP.Members.Of(directory.SourceNo(g)) {
			set[group.ID+" "+s.IdP.People[p].ID] = true
		}
	}
	return set
}

func TestTheChangesLeadFromOneSnapshotToTheOther(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before, after := draw(t), draw(t)
		changes, err := drift.Between(before, after)
		require.NoError(t, err)
		for _, side := range []drift.Side{drift.IdP, drift.Atlassian} {
			got := memberships(before, after)
			for _, change := range changes {
				if change.Side != side || change.Of != drift.Member {
					continue
				}
				key := change.GroupID + " " + change.ID
				require.Equal(t, change.Kind == drift.Removed, got[key], "%v", change)
				if delete(got, key); change.Kind == drift.Added {
					got[key] = true
				}
			}
			require.Equal(t, slices.Sorted(maps.Keys(memberships(after, before))), slices.Sorted(maps.Keys(got)))
		}
	})
}

func TestNothingChangedBetweenASnapshotAndItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := draw(t)
		changes, err := drift.Between(s, s)
		require.NoError(t, err)
		require.Empty(t, changes)
	})
}

func TestWhatChangedIsSaid(t *testing.T) {
	make := func(change func(*directory.Snapshot)) *directory.Snapshot {
		s := &directory.Snapshot{}
		s.IdP.Provider, s.Atlassian.ID = "okta", "o1"
		s.IdP.People = []directory.Person{{ID: "p1", Name: "Ana", Email: "ana@acme.example", Status: "ACTIVE"}}
		s.IdP.Groups = []directory.SourceGroup{{ID: "g1", Name: "legal"}}
		s.IdP.Members = directory.NewRuns[directory.SourceNo]([][]directory.PersonNo{{0}})
		s.Atlassian.Products = []directory.Product{{ID: "a1", Name: "Jira", Site: "acme.atlassian.net", Seats: 10}}
		s.Atlassian.Groups = []directory.Group{{ID: "ag1", Name: "legal"}}
		s.Atlassian.Members = directory.NewRuns[directory.GroupNo]([][]directory.AccountNo{nil})
		change(s)
		return s
	}
	for name, test := range map[string]struct {
		change func(*directory.Snapshot)
		side   drift.Side
		want   string
	}{
		"a group renamed": {func(s *directory.Snapshot) { s.IdP.Groups[0].Name = "law" }, drift.IdP, "~ group law: was “legal”, is “law”"},
		"a group gone": {func(s *directory.Snapshot) {
			s.IdP.Groups, s.IdP.Members = nil, directory.Runs[directory.SourceNo, directory.PersonNo]{}
		}, drift.IdP, "- group legal, 1 member"},
		"a person disabled": {func(s *directory.Snapshot) { s.IdP.People[0].Disabled = true }, drift.IdP, "~ person Ana: was “Ana” (ana@acme.example, ACTIVE), is “Ana” (ana@acme.example, ACTIVE, disabled)"},
		"a person left a group": {func(s *directory.Snapshot) {
			s.IdP.Members = directory.NewRuns[directory.SourceNo]([][]directory.PersonNo{nil})
		}, drift.IdP, "- legal: Ana is no member any more"},
		"a group gives more": {func(s *directory.Snapshot) {
			s.Atlassian.Groups[0].Grants = []directory.Grant{{Access: directory.Access{Role: "atlassian/user"}, Default: true}}
		}, drift.Atlassian, "~ group legal: was “legal”, is “legal” (Jira user acme.atlassian.net by default)"},
		"seats bought":    {func(s *directory.Snapshot) { s.Atlassian.Products[0].Seats = 20 }, drift.Atlassian, "~ product Jira, acme.atlassian.net: was “Jira, acme.atlassian.net” (10 seats), is “Jira, acme.atlassian.net” (20 seats)"},
		"an account made": {func(s *directory.Snapshot) { s.Atlassian.Accounts = []directory.Account{{ID: "a", Name: "Bo"}} }, drift.Atlassian, "+ person Bo"},
	} {
		t.Run(name, func(t *testing.T) {
			changes, err := drift.Between(make(func(*directory.Snapshot) {}), make(test.change))
			require.NoError(t, err)
			require.Len(t, changes, 1)
			require.Equal(t, test.side, changes[0].Side)
			require.Equal(t, test.want, changes[0].String())
		})
	}
}

func TestSnapshotsOfDifferentOrganizationsOrProvidersAreNotCompared(t *testing.T) {
	acme, other, moved := &directory.Snapshot{}, &directory.Snapshot{}, &directory.Snapshot{}
	other.Atlassian.ID, moved.IdP.Provider = "o2", "entra"
	for _, second := range []*directory.Snapshot{other, moved} {
		_, err := drift.Between(acme, second)
		require.True(t, problem.Is(err, problem.Usage), "%v", err)
	}
}

// BenchmarkBetween compares two snapshots of 100,000 people and 1,000,000
// memberships on either side, one in a hundred of which changed.
func BenchmarkBetween(b *testing.B) {
	before, after := large(0), large(1)
	b.ResetTimer()
	for b.Loop() {
		changes, err := drift.Between(before, after)
		require.NoError(b, err)
		require.Len(b, changes, 40_000)
	}
}

// large makes a snapshot; of every hundred members of a group, the first is moved
// on by so many.
func large(moved int) *directory.Snapshot {
	const people, groups, size = 100_000, 10_000, 100
	s := &directory.Snapshot{}
	members, accounts := make([][]directory.PersonNo, groups), make([][]directory.AccountNo, groups)
	for i := range people {
		s.IdP.People = append(s.IdP.People, directory.Person{ID: fmt.Sprint("p", i), Name: fmt.Sprint("Person ", i)})
		s.Atlassian.Accounts = append(s.Atlassian.Accounts, directory.Account{ID: fmt.Sprint("a", i), Name: fmt.Sprint("Person ", i)})
	}
	for g := range groups {
		s.IdP.Groups = append(s.IdP.Groups, directory.SourceGroup{ID: fmt.Sprint("g", g), Name: fmt.Sprint("group ", g)})
		s.Atlassian.Groups = append(s.Atlassian.Groups, directory.Group{ID: fmt.Sprint("g", g), Name: fmt.Sprint("group ", g)})
		for m := range size {
			at := m * 997 % people
			if m == 0 {
				at += moved
			}
			members[g], accounts[g] = append(members[g], directory.PersonNo(at)), append(accounts[g], directory.AccountNo(at))
		}
	}
	s.IdP.Members, s.Atlassian.Members = directory.NewRuns[directory.SourceNo](members), directory.NewRuns[directory.GroupNo](accounts)
	return s
}
