package atlassian

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rollcall-app/rollcall/app/directory"
)

func numbers(n int) []directory.GroupNo {
	groups := make([]directory.GroupNo, n)
	for i := range groups {
		groups[i] = directory.GroupNo(i)
	}
	return groups
}

func cost(batches [][]directory.GroupNo, size func(directory.GroupNo) int) (requests int) {
	for _, batch := range batches {
		requests += pagesOf(batch, size)
	}
	return requests
}

// least tries every way of putting groups into batches.
func least(groups []directory.GroupNo, size func(directory.GroupNo) int) int {
	best := 1 << 30
	var put func(rest []directory.GroupNo, batches [][]directory.GroupNo)
	put = func(rest []directory.GroupNo, batches [][]directory.GroupNo) {
		if len(rest) == 0 {
			best = min(best, cost(batches, size))
			return
		}
		for i := range batches {
			before := batches[i]
			batches[i] = append(before[:len(before):len(before)], rest[0])
			put(rest[1:], batches)
			batches[i] = before
		}
		put(rest[1:], append(batches, []directory.GroupNo{rest[0]}))
	}
	put(groups, nil)
	return best
}

func TestGroupsAreAskedForTogetherInTheLeastRequests(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sizes := rapid.SliceOfN(rapid.IntRange(0, 250), 0, 8).Draw(t, "sizes")
		size := func(group directory.GroupNo) int { return sizes[group] }
		groups := numbers(len(sizes))
		require.Equal(t, least(groups, size), cost(together(groups, size), size))
	})
}

func TestManyGroupsTakeHardlyMoreRequestsThanTheirMembersFill(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for name, draw := range map[string]func() int{
		"small":  func() int { return rng.IntN(20) },
		"middle": func() int { return rng.IntN(120) },
		"large":  func() int { return rng.IntN(1500) },
		"mixed":  func() int { return rng.IntN(1 + rng.IntN(1+rng.IntN(5000))) },
	} {
		t.Run(name, func(t *testing.T) {
			sizes := make([]int, 2000)
			members, filled := 0, 0
			for i := range sizes {
				sizes[i] = draw()
				members += sizes[i]
				filled += min(sizes[i], 1)
			}
			size := func(group directory.GroupNo) int { return sizes[group] }
			batches := together(numbers(len(sizes)), size)
			seen := map[directory.GroupNo]bool{}
			for _, batch := range batches {
				require.LessOrEqual(t, len(batch), groupsAtOnce)
				for _, group := range batch {
					require.False(t, seen[group])
					seen[group] = true
				}
			}
			require.Len(t, seen, filled)
			least := max(pages(members, usersPage), pages(filled, groupsAtOnce))
			t.Logf("%d requests, %d at least", cost(batches, size), least)
			require.LessOrEqual(t, float64(cost(batches, size)), 1.05*float64(least))
		})
	}
}
