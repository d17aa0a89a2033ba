package screens

import (
	"maps"
	"slices"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/review"
)

// alteration is something that somebody did to the table.
type alteration struct {
	change func(*groupsModel)
	then   func() // on the UI goroutine, once it is shown
}

// alter changes the model on a copy off the UI goroutine, which then takes its
// place: nothing of the size of the data is done on the UI goroutine. Changes are
// made in their order; what comes meanwhile is made together. A change must name
// groups by their views, which stay the same, never by their lines, which don't.
func (t *groupsTab) alter(change func(*groupsModel), then func()) {
	if t.model == nil {
		return
	}
	t.alterations = append(t.alterations, alteration{change, then})
	if !t.altering {
		t.alterNext()
	}
}

func (t *groupsTab) alterNext() {
	base, changes := t.model, t.alterations
	t.altering, t.alterations = true, nil
	var next *groupsModel
	t.w.background(func() { next = base.altered(changes) }, func() {
		t.altering = false
		if t.model == base { // else another review is shown
			t.model = next
			t.refresh()
			for _, alteration := range changes {
				if alteration.then != nil {
					alteration.then()
				}
			}
		}
		if len(t.alterations) > 0 && !t.altering && t.model != nil {
			t.alterNext()
		}
	})
}

// altered gives a copy of the model with the changes made.
func (m *groupsModel) altered(changes []alteration) *groupsModel {
	next := *m
	next.states, next.order = maps.Clone(m.states), slices.Clone(m.order)
	next.ticked, next.open = slices.Clone(m.ticked), maps.Clone(m.open)
	for _, alteration := range changes {
		alteration.change(&next)
	}
	next.sumUp()
	return &next
}

// facts are what the window says of a review, counted once.
type facts struct {
	counts review.Counts
	// all is how many groups a sync of all would take up.
	all int
	// losing, quiet, waits and accepted are how many groups the filters of these
	// names leave by themselves.
	losing, quiet, waits, accepted int
	// blocked are the names of the first default access groups.
	blocked []string
}

// fewBlocked is how many default access groups are named.
const fewBlocked = 5

func newFacts(r *review.Review, views []groupView) facts {
	f := facts{counts: r.Counts(), all: len(app.All(r).Rows)}
	for i := range views {
		view := &views[i]
		if view.row.State == review.Blocked && len(f.blocked) < fewBlocked {
			f.blocked = append(f.blocked, view.row.Name)
		}
		for _, filter := range []struct {
			n    *int
			fits bool
		}{
			{&f.losing, view.row.Losing > 0},
			{&f.quiet, !view.row.Differs() && app.Syncable(view.row)},
			{&f.waits, view.waits()},
			{&f.accepted, view.accepted && app.Syncable(view.row)},
		} {
			if filter.fits {
				*filter.n++
			}
		}
	}
	return f
}

// sums are what the buttons say of the ticks.
type sums struct {
	// hidden are those ticked that the filter hides, undecided those that wait
	// for a decision.
	hidden, undecided int
	// all says that all groups shown are ticked that can be.
	all bool
}

// sumUp counts the ticks.
func (m *groupsModel) sumUp() {
	m.sums = sums{all: m.allTicked()}
	if m.ticks > 0 {
		m.sums.hidden, m.sums.undecided = m.hiddenTicks(), len(m.waiting())
	}
}

// confirm asks about the sync of some groups, which are gathered in the background.
func (t *groupsTab) confirm(which func(*groupsModel) plan.Selection) {
	model := t.model
	var selection plan.Selection
	t.w.background(func() { selection = which(model) }, func() {
		if t.model != nil && t.model.review == model.review {
			t.w.confirmSync(selection)
		}
	})
}

// rows are some of a model's groups, gathered off the UI goroutine.
type rows func() []*review.Row

// only is a single row.
func only(row *review.Row) rows { return func() []*review.Row { return []*review.Row{row} } }
