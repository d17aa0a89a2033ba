package screens

import (
	"fmt"
	"testing"

	"fyne.io/fyne/v2/test"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/review"
	"github.com/rollcall-app/rollcall/app/simulator"
)

// slow keeps what is to be done in the background until it is told to go on.
type slow struct{ waiting []func() }

func (s *slow) background(work, done func()) {
	s.waiting = append(s.waiting, func() {
		work()
		done()
	})
}

func (s *slow) goOn() {
	for len(s.waiting) > 0 {
		next := s.waiting[0]
		s.waiting = s.waiting[1:]
		next()
	}
}

// However late the table follows: what is ticked are the groups that were pointed
// at, not those that stand in their lines by then.
func TestTicksFallOnTheGroupsThatWerePointedAt(t *testing.T) {
	p := sitDown(t, simulator.Sample(1, 40, 300))
	p.fetch()
	model := p.w.groups.model
	var late slow
	p.w.threads.background = late.background
	view := func(line int) int { return model.lines[line].view }
	var free []int
	for line := range model.lines {
		if plain(model.views[model.lines[line].view].row) {
			free = append(free, line)
		}
	}
	require.Greater(t, len(free), 3)
	p.tapLine(free[0], tickColumn)
	p.tapHeader(stateColumn)
	p.tapHeader(stateColumn)
	p.tapLine(free[1], tickColumn)
	p.w.groups.tapped(free[3], tickColumn, true) // with Shift, from the one before
	require.Same(t, model, p.w.groups.model, "nothing was done on the UI goroutine")
	late.goOn()
	require.NotEqual(t, model.lines, p.w.groups.model.lines, "another order")
	for _, line := range []int{free[0], free[1], free[2], free[3]} {
		require.True(t, p.w.groups.model.ticked[view(line)])
	}
	for line := range model.lines {
		if line < free[1] && line != free[0] || line > free[3] {
			require.False(t, p.w.groups.model.ticked[view(line)])
		}
	}
}

// A review that comes while the table follows takes over what was done by then, and
// nothing of what was meant for the one before.
func TestAReviewThatComesMeanwhileKeepsTheTicks(t *testing.T) {
	p := sitDown(t, simulator.Sample(1, 40, 300))
	p.fetch()
	var late slow
	p.w.threads.background = late.background
	first := p.line(plain)
	view := p.w.groups.model.lines[first].view
	p.w.load(nil)
	p.tapLine(first, tickColumn)
	late.goOn()
	require.True(t, p.w.groups.model.ticked[view])
	require.Equal(t, 1, p.w.groups.model.ticks)
	require.Equal(t, "Sync selected (1)", p.w.groups.syncSelected.Text)
}

// crowd shows a window with so many groups.
func crowd(b *testing.B, groups int) *Window {
	b.Helper()
	fyneApp := test.NewApp()
	b.Cleanup(fyneApp.Quit)
	w := newWindow(b.Context(), fyneApp, emptyApp(b), atOnce)
	b.Cleanup(w.win.Close)
	w.review = review.Compare(review.Input{Snapshot: conflicts(groups)})
	w.groups.setModel(newGroupsModel(w.review, plan.DefaultThresholds()), nil)
	w.groups.model.columns = w.groups.columns
	w.show()
	w.tabs.Select(w.groups.item)
	return w
}

// BenchmarkKeystroke measures a keystroke in the search field: what is done off the
// UI goroutine until the first rows are there, and what is done on it.
func BenchmarkKeystroke(b *testing.B) {
	for _, groups := range []int{10_000, 200_000} {
		w := crowd(b, groups)
		texts := []string{"g", "gr", "group 1", "group 12", ""}
		b.Run(fmt.Sprintf("off the UI goroutine/%d", groups), func(b *testing.B) {
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				w.groups.model.altered([]alteration{{change: func(m *groupsModel) { m.search(texts[i%len(texts)], nil) }}})
				i++
			}
		})
		b.Run(fmt.Sprintf("on the UI goroutine/%d", groups), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				w.groups.refresh()
			}
		})
	}
}

// BenchmarkTick measures a tick, with everything ticked.
func BenchmarkTick(b *testing.B) {
	w := crowd(b, 200_000)
	model := w.groups.model.altered([]alteration{{change: func(m *groupsModel) { m.tickShown(m.shown, true) }}})
	b.ReportAllocs()
	for b.Loop() {
		model.altered([]alteration{{change: func(m *groupsModel) { m.toggle(7) }}})
	}
}
