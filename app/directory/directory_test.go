package directory_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rollcall-app/rollcall/app/directory"
)

type (
	left  uint32
	right uint32
)

func drawLists(t *rapid.T, rights int) [][]right {
	return rapid.SliceOfN(rapid.SliceOfN(rapid.Custom(func(t *rapid.T) right {
		return right(rapid.IntRange(0, rights-1).Draw(t, "right"))
	}), 0, 12), 0, 12).Draw(t, "lists")
}

func TestRunsHoldEachListSortedAndOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lists := drawLists(t, 20)
		given := make([][]right, len(lists))
		for i := range lists {
			given[i] = slices.Clone(lists[i])
		}
		runs := directory.NewRuns[left](lists)
		require.Equal(t, len(given), runs.Lefts())
		for l, list := range given {
			for x := range right(20) {
				require.Equal(t, slices.Contains(list, x), runs.Has(left(l), x))
			}
			require.True(t, slices.IsSorted(runs.Of(left(l))))
		}
	})
}

func TestInvertingTwiceGivesTheSameRelation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		runs := directory.NewRuns[left](drawLists(t, 20))
		inverted := runs.Invert(20)
		require.Equal(t, runs.Pairs(), inverted.Pairs())
		for l := range left(runs.Lefts()) {
			for x := range right(20) {
				require.Equal(t, runs.Has(l, x), inverted.Has(x, l))
			}
		}
		back := inverted.Invert(runs.Lefts())
		for l := range left(runs.Lefts()) {
			require.ElementsMatch(t, runs.Of(l), back.Of(l))
		}
	})
}

func TestWithReplacesSomeRunsAndKeepsTheOthers(t *testing.T) {
	runs := directory.NewRuns[left]([][]right{{1, 2}, {3}})
	changed := runs.With(map[left][]right{1: {9, 4, 4}, 3: {7}})
	require.Equal(t, []right{1, 2}, changed.Of(0))
	require.Equal(t, []right{4, 9}, changed.Of(1))
	require.Empty(t, changed.Of(2))
	require.Equal(t, []right{7}, changed.Of(3))
	require.Equal(t, []right{3}, runs.Of(1), "the relation itself stays as it was")
	require.Empty(t, runs.Of(17), "an unknown number has an empty run")
}

func TestNamesThatPeopleReadAsOneFoldIntoOne(t *testing.T) {
	for _, pair := range []struct {
		a, b string
		same bool
	}{
		{"Jira-Users", "jira-users", true},
		{"  legal ", "legal", true},
		{"Équipe", "E\u0301quipe", true}, // composed and decomposed
		{"ÉQUIPE", "équipe", true},
		{"צוות 🚀", "צוות 🚀", true},
		{"straße", "strasse", false}, // two mailboxes must never become one
		{"legal", "lega1", false},
	} {
		require.Equal(t, pair.same, directory.FoldName(pair.a) == directory.FoldName(pair.b), "%q and %q", pair.a, pair.b)
		require.Equal(t, pair.same, directory.FoldAddress(pair.a) == directory.FoldAddress(pair.b), "%q and %q", pair.a, pair.b)
	}
}

func TestRolesThatGiveNoProductOrTakeNoSeat(t *testing.T) {
	for role, want := range map[string]struct{ product, seat bool }{
		"atlassian/user":              {true, true},
		"atlassian/admin":             {true, true},
		"atlassian/guest":             {true, true},
		"atlassian/customer":          {true, false},
		"atlassian/contributor":       {true, false},
		"atlassian/basic":             {true, false},
		"atlassian/stakeholder":       {true, false},
		"atlassian/user-access-admin": {false, false},
		"atlassian/site-admin":        {false, false},
		"atlassian/org-admin":         {false, false},
	} {
		require.Equal(t, want.product, directory.GivesProduct(role), role)
		require.Equal(t, want.seat, directory.TakesSeat(role), role)
	}
}
