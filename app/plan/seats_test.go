package plan_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/plan"
)

// userOf gives a group its product's role that takes a seat.
func userOf(g *directory.Group) {
	g.Grants = []directory.Grant{{Access: directory.Access{Role: "atlassian/user"}}}
}

// first lists the accounts that are removed first.
func first(p *plan.Plan) []string {
	list := []string{}
	for i := range p.Groups {
		for _, member := range p.Groups[i].Remove {
			if member.First {
				list = append(list, member.Account)
			}
		}
	}
	return list
}

func TestSeatsThatAreShortOnlyInBetweenHoldBackWhoWouldTakeThem(t *testing.T) {
	s := company(20)
	s.Atlassian.Products[0].Seats, s.Atlassian.Products[0].Used = 10, 9
	userOf(group(s, "coming", 1, 5, 1, 2)) // three come
	userOf(group(s, "leaving", 10, 11, 10, 13))
	p := makePlan(s, "", t)
	require.Equal(t, []string{"seats-peak=coming"}, guards(p))
	require.Contains(t, p.Groups[0].Findings[0].Message, "takes 3 and frees 2, but adds before it removes")
	require.Empty(t, first(p), "who leaves goes on in the usual order, and frees the seats")

	p = makePlan(s, "seats-peak=coming", t)
	require.Empty(t, guards(p))
	require.Equal(t, []string{"a11", "a12"}, first(p))
	require.True(t, p.Groups[0].Peaks)
	require.False(t, p.Groups[1].Peaks)
	require.Len(t, p.Overridden, 1)

	s.Atlassian.Products[0].Used = 8
	require.Equal(t, []string{"a11"}, first(makePlan(s, "all", t)), "just enough")
	s.Atlassian.Products[0].Used = 7
	require.Empty(t, first(makePlan(s, "all", t)))
	s.Atlassian.Products[0].Used = 10
	require.Equal(t, []string{"seats=coming"}, guards(makePlan(s, "all", t)))
	s.Atlassian.Products[0].Used = directory.UnknownSeats
	require.Empty(t, guards(makePlan(s, "all", t)), "what isn't known is shown as unknown elsewhere")
}

func TestWhoKeepsTheSeatThroughAnotherGroupFreesNone(t *testing.T) {
	s := company(20)
	s.Atlassian.Products[0].Seats, s.Atlassian.Products[0].Used = 10, 10
	userOf(group(s, "coming", 1, 3, 1, 2))
	userOf(group(s, "leaving", 10, 11, 10, 12))
	userOf(group(s, "staying", 11, 12, 11, 12))
	require.Equal(t, []string{"seats=coming"}, guards(makePlan(s, "all", t)))
}

// Whatever is selected: the unblocked part of a plan never has more people on a
// product than seats, neither after it nor, in the order of performing, in
// between.
func TestAPlanNeverNeedsMoreSeatsThanThereAre(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		s := company(14)
		used := map[int]bool{}
		var had, wanted []map[int]bool
		for g := range rapid.IntRange(1, 4).Draw(r, "groups") {
			from, to := rapid.IntRange(1, 13).Draw(r, "had from"), rapid.IntRange(1, 13).Draw(r, "had to")
			wantFrom, wantTo := rapid.IntRange(1, 13).Draw(r, "want from"), rapid.IntRange(1, 13).Draw(r, "want to")
			userOf(group(s, string(rune('a'+g)), wantFrom, wantTo, from, to))
			in, want := map[int]bool{}, map[int]bool{}
			for i := from; i < to; i++ {
				in[i], used[i] = true, true
			}
			for i := wantFrom; i < wantTo; i++ {
				want[i] = true
			}
			had, wanted = append(had, in), append(wanted, want)
		}
		product := &s.Atlassian.Products[0]
		product.Used = len(used)
		product.Seats = product.Used + rapid.IntRange(0, 4).Draw(r, "free")
		p := makePlan(s, rapid.SampledFrom([]string{"all", "group-removals,empty-group"}).Draw(r, "overrides"), t)

		taken := func() int {
			people := map[int]bool{}
			for _, in := range had {
				for i := range in {
					people[i] = true
				}
			}
			return len(people)
		}
		move := func(firsts, adds, removes bool) {
			for g := range p.Groups {
				if p.Groups[g].Blocked() || p.Groups[g].Skip != "" {
					continue
				}
				first := map[string]bool{}
				for _, member := range p.Groups[g].Remove {
					first[member.Account] = member.First
				}
				for i := range s.Atlassian.Accounts {
					id := s.Atlassian.Accounts[i].ID
					switch {
					case had[g][i] && !wanted[g][i] && (removes || firsts && first[id]):
						delete(had[g], i)
					case !had[g][i] && wanted[g][i] && adds:
						had[g][i] = true
					}
				}
			}
		}
		move(true, false, false)
		move(false, true, false)
		require.LessOrEqual(r, taken(), product.Seats, "in between")
		move(false, false, true)
		require.LessOrEqual(r, taken(), product.Seats, "in the end")
	})
}

func TestThresholdsAreThoseThatAPersonSet(t *testing.T) {
	s := company(30)
	group(s, "legal", 1, 4, 2, 5) // one of three goes
	require.Empty(t, guards(makePlan(s, "", t)))
	strict := plan.DefaultThresholds()
	strict.GroupRemovalsPercent, strict.GroupRemovalsPeople, strict.RunRemovals = 0, 0, 0
	require.Equal(t, []string{"group-removals=legal"}, guards(makePlanUnder(s, strict, "", t)), "then no removal is left for the run")
	require.Equal(t, []string{"run-removals"}, guards(makePlanUnder(s, strict, "group-removals", t)))
	for _, guard := range plan.Guards {
		require.NotEmpty(t, guard.Stops(strict), guard)
	}
	require.NoError(t, strict.Check())
	strict.StaleHours = 0
	require.ErrorContains(t, strict.Check(), "from 1 to 8760")
}
