package screens

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/review"
)

// whereabouts is where somebody was in the table of groups: what it was sorted and
// filtered by, which groups were open, and at which the cursor stood. What was
// searched for isn't kept, which may be somebody's name, nor what was ticked: a tick
// of last week would be synced by surprise.
type whereabouts struct {
	States                           []review.State
	Losing, Quiet, Undecided, Accept bool
	Site, Product                    string
	Sort                             []sorting
	Open                             []string
	Cursor                           string
}

type sorting struct {
	Column  int
	Descend bool
}

// mostOpen bounds how many opened groups are opened again.
const mostOpen = 20

// whereaboutsPreference is kept for each profile.
func (w *Window) whereaboutsPreference() string { return "whereabouts/" + w.app.Profile }

// remembersWhereabouts says whether there will be a next time: the sample company is
// another one each time.
func (w *Window) remembersWhereabouts() bool {
	return w.app.Profiles != nil && w.app.Profile != app.SampleProfile
}

func (w *Window) rememberWhereabouts() {
	model := w.groups.model
	if model == nil || w.looking != "" || !w.remembersWhereabouts() {
		return
	}
	p := whereabouts{
		States: slices.Sorted(maps.Keys(model.states)), Losing: model.losing, Quiet: model.quiet, Undecided: model.undecided, Accept: model.accepted,
		Site: model.site, Product: model.product,
	}
	for _, by := range model.order {
		p.Sort = append(p.Sort, sorting{by.column, by.descend})
	}
	open := slices.Sorted(maps.Keys(model.open))
	p.Open = open[:min(len(open), mostOpen)]
	if cursor := w.groups.list.Cursor(); cursor < len(model.lines) {
		p.Cursor = model.views[model.lines[cursor].view].key
	}
	if text, err := json.Marshal(p); err == nil { // a struct of plain values
		w.fyneApp.Preferences().SetString(w.whereaboutsPreference(), string(text))
	}
}

// lastWhereabouts is where the person was when the window was closed; nil for nowhere.
func (w *Window) lastWhereabouts() *whereabouts {
	if !w.remembersWhereabouts() {
		return nil
	}
	var p whereabouts
	if json.Unmarshal([]byte(w.fyneApp.Preferences().String(w.whereaboutsPreference())), &p) != nil || len(p.Sort) == 0 {
		return nil
	}
	return &p
}

// goTo arranges a model as it was, as far as that still fits, and gives
// the views of the groups that were open there.
func (m *groupsModel) goTo(p *whereabouts) (wereOpen []int) {
	before := &groupsModel{
		states: map[review.State]bool{}, losing: p.Losing, quiet: p.Quiet, undecided: p.Undecided, accepted: p.Accept,
		order: []order{{column: nameColumn}}, open: map[string]*opened{},
	}
	for _, state := range p.States {
		if m.facts.counts.State[state] > 0 {
			before.states[state] = true
		}
	}
	if slices.Contains(m.sites, p.Site) {
		before.site = p.Site
	}
	if slices.Contains(m.products, p.Product) {
		before.product = p.Product
	}
	if orders := ordersOf(p.Sort); orders != nil {
		before.order = orders
	}
	for _, key := range p.Open {
		before.open[key] = nil
	}
	return m.adopt(before)
}

// ordersOf gives the orders, or nil where one of them isn't of this table.
func ordersOf(sorted []sorting) []order {
	var orders []order
	for _, by := range sorted {
		if by.Column < nameColumn || by.Column > stateColumn {
			return nil
		}
		orders = append(orders, order{by.Column, by.Descend})
	}
	return orders
}

// lineAt is the line of the group at which the cursor stood; the first where it
// isn't shown any more.
func (m *groupsModel) lineAt(p *whereabouts) int {
	view := slices.IndexFunc(m.views, func(view groupView) bool { return view.key == p.Cursor && p.Cursor != "" })
	if view < 0 {
		return 0
	}
	return max(0, m.lineOf(view))
}
