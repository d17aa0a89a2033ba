package directory

import (
	"cmp"
	"slices"
)

// Runs is a relation kept as one sorted run of small integers for each number
// on its left: the members of every group, the groups of every person. It
// costs four bytes a pair and four a left number, so that the largest directory
// that Atlassian permits (8,000,000 memberships) takes 33 MB.
//
// The zero value relates nothing. The fields are exported for storage alone.
type Runs[L, R ~uint32] struct {
	// Starts has one entry more than there are left numbers: the run of l is
	// Items[Starts[l]:Starts[l+1]].
	Starts []uint32
	Items  []R
}

// NewRuns makes a relation from one list for each left number. The lists are
// sorted and freed of repetitions in place.
func NewRuns[L, R ~uint32](lists [][]R) Runs[L, R] {
	total := 0
	for i, list := range lists {
		slices.Sort(list)
		lists[i] = slices.Compact(list)
		total += len(lists[i])
	}
	runs := Runs[L, R]{Starts: make([]uint32, 1, len(lists)+1), Items: make([]R, 0, total)}
	for _, list := range lists {
		runs.Items = append(runs.Items, list...)
		runs.Starts = append(runs.Starts, uint32(len(runs.Items)))
	}
	return runs
}

// Of gives the sorted run of l. The caller must not change it.
func (r Runs[L, R]) Of(l L) []R {
	if int(l)+1 >= len(r.Starts) {
		return nil
	}
	return r.Items[r.Starts[l]:r.Starts[l+1]]
}

// Lefts is how many left numbers the relation knows.
func (r Runs[L, R]) Lefts() int { return max(len(r.Starts)-1, 0) }

// Pairs is how many pairs the relation holds.
func (r Runs[L, R]) Pairs() int { return len(r.Items) }

// Has says whether l is related to x.
func (r Runs[L, R]) Has(l L, x R) bool {
	_, found := slices.BinarySearchFunc(r.Of(l), x, cmp.Compare[R])
	return found
}

// Invert turns the relation round in one pass: from the members of each group
// to the groups of each person. rights is how many right numbers there are.
func (r Runs[L, R]) Invert(rights int) Runs[R, L] {
	inverted := Runs[R, L]{Starts: make([]uint32, rights+1), Items: make([]L, len(r.Items))}
	for _, x := range r.Items {
		inverted.Starts[x+1]++
	}
	for i := range rights {
		inverted.Starts[i+1] += inverted.Starts[i]
	}
	next := slices.Clone(inverted.Starts[:rights])
	for l := range r.Lefts() {
		for _, x := range r.Of(L(l)) {
			inverted.Items[next[x]] = L(l)
			next[x]++
		}
	}
	return inverted
}

// With gives a copy of the relation in which the runs of some left numbers are
// replaced; numbers beyond the last are appended, those between stay empty.
func (r Runs[L, R]) With(replaced map[L][]R) Runs[L, R] {
	lefts := r.Lefts()
	for l := range replaced {
		lefts = max(lefts, int(l)+1)
	}
	lists := make([][]R, lefts)
	for l := range lists {
		if run, ok := replaced[L(l)]; ok {
			lists[l] = slices.Clone(run)
		} else {
			lists[l] = r.Of(L(l))
		}
	}
	return NewRuns[L](lists)
}
