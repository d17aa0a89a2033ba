package screens

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/review"
	"github.com/rollcall-app/rollcall/widgets"
)

// groupView is what the table shows of one group, worked out once.
type groupView struct {
	row      *review.Row
	key      string // of the IdP group: what ticks and openings are kept under
	search   string // folded
	products widgets.Cell
	sites    string
	guards   []plan.Guard
	// alike says that the name looks like another group's.
	alike bool
}

// lineKind is what a line of the table is.
type lineKind uint8

const (
	groupLine   lineKind = iota
	headingLine          // sums up the opened group, with the actions
	noteLine             // a sentence about the group
	changeLine           // a member change
	pendingLine          // the member changes are being worked out
)

// lineRef says what stands in a line.
type lineRef struct {
	kind  lineKind
	view  int // in groupsModel.views
	index int // of the change or note
}

// opened is the inside of an opened group.
type opened struct {
	notes   []string
	changes []review.Change
}

// The columns of the table, in order.
const (
	tickColumn = iota
	arrowColumn
	nameColumn
	productColumn
	siteColumn
	addedColumn
	removedColumn
	losingColumn
	stateColumn
)

// groupsModel is the content of the groups table: which groups are shown, in
// which order, which are ticked and opened. It is synchronous and knows no
// widget; only the UI goroutine changes it.
type groupsModel struct {
	review *review.Review
	limits plan.Thresholds
	views  []groupView

	// effect is what syncing all groups does.
	effect review.Effect
	people peopleSummary

	states  map[review.State]bool // shown; empty for all
	text    string                // searched, folded
	sorted  int
	descend bool

	shown  []int // views that pass the filter, in order
	lines  []lineRef
	ticked map[string]bool
	open   map[string]*opened // nil inside while it is worked out
}

// newGroupsModel works out what a review shows under the guards' thresholds.
func newGroupsModel(r *review.Review, limits plan.Thresholds) *groupsModel {
	m := &groupsModel{
		review: r, limits: limits, states: map[review.State]bool{}, sorted: nameColumn, ticked: map[string]bool{}, open: map[string]*opened{},
	}
	for i := range r.Rows {
		m.views = append(m.views, newGroupView(r, &r.Rows[i], limits))
	}
	m.effect = r.Effect(app.All(r).Rows)
	m.people = summarize(r)
	m.arrange()
	return m
}

// adopt takes the ticks, filter and order from the model before, as far as they
// still fit, and gives the views of the groups that were open there.
func (m *groupsModel) adopt(before *groupsModel) (wereOpen []int) {
	m.states, m.text, m.sorted, m.descend = before.states, before.text, before.sorted, before.descend
	for i := range m.views {
		view := &m.views[i]
		if before.ticked[view.key] && app.Syncable(view.row) {
			m.ticked[view.key] = true
		}
		if _, was := before.open[view.key]; was {
			wereOpen = append(wereOpen, i)
		}
	}
	m.arrange()
	return wereOpen
}

// peopleSummary counts the identity provider's people, and what provisioning
// would do to them.
type peopleSummary struct {
	invite, unmatched, disabled int
	create, rename, deactivate  int
}

// changes is how many people provisioning changes beside those that a group
// needs.
func (s peopleSummary) changes() int { return s.rename + s.deactivate }

// people sums up those of the review that is shown.
func (w *Window) people() peopleSummary {
	if w.groups.model == nil {
		return peopleSummary{}
	}
	return w.groups.model.people
}

func summarize(r *review.Review) peopleSummary {
	var summary peopleSummary
	invited := map[directory.PersonNo]bool{}
	for i := range r.Rows {
		if r.Rows[i].Provisioned > 0 {
			_, people, _ := r.Operations(&r.Rows[i])
			for _, no := range people {
				if !r.Creates(no) {
					invited[no] = true
				}
			}
		}
	}
	for _, change := range r.PersonChanges(app.All(r).Rows, true) {
		switch change.Kind {
		case review.CreatePerson:
			summary.create++
		case review.UpdatePerson:
			summary.rename++
		case review.DeactivatePerson:
			summary.deactivate++
		}
	}
	summary.invite = len(invited)
	for _, u := range r.Unmatched() {
		if u.Side == review.IdPSide {
			summary.unmatched++
		}
	}
	for i := range r.Snapshot.IdP.People {
		if r.Snapshot.IdP.People[i].Disabled {
			summary.disabled++
		}
	}
	return summary
}

func newGroupView(r *review.Review, row *review.Row, limits plan.Thresholds) groupView {
	view := groupView{row: row, key: r.SourceID(row), guards: app.BlockedBy(r, row, limits)}
	var sites []string
	for _, site := range app.Sites(r, row) {
		sites = append(sites, shortSite(site))
	}
	view.sites = cmp.Or(strings.Join(sites, ", "), "–")
	_, view.alike = r.LookAlike(row)
	search := []string{row.Name, view.sites}
	for _, no := range row.Groups {
		for _, grant := range r.Snapshot.Atlassian.Groups[no].Grants {
			text := accessText(r, grant.Access)
			if len(sites) > 1 {
				text += " · " + shortSite(r.Snapshot.Atlassian.Products[grant.Product].Site)
			}
			view.products = append(view.products, widgets.Part{Text: text, Fill: widgets.FillChip})
			search = append(search, text)
		}
	}
	switch {
	case len(row.Groups) == 0:
		view.products = widgets.Cell{{Text: "would be created", Ink: widgets.InkMuted}}
	case len(view.products) == 0:
		view.products = widgets.Cell{{Text: app.NoProduct(r), Ink: widgets.InkMuted}}
	}
	view.search = directory.FoldName(strings.Join(search, "\n"))
	return view
}

// accessText is a product with the role: "Jira · user".
func accessText(r *review.Review, access directory.Access) string {
	return r.Snapshot.Atlassian.Products[access.Product].Name + " · " + app.ShortRole(access.Role)
}

// shortSite is the part of a site's host that people call it by.
func shortSite(host string) string {
	return strings.TrimSuffix(host, ".atlassian.net")
}

// open works out the inside of a group.
func open(r *review.Review, view *groupView, limits plan.Thresholds) *opened {
	o := &opened{changes: r.Changes(view.row)}
	if outcome, ok := r.Outcome(view.row); ok && outcome.Error != "" && outcome.State != review.Synced {
		o.note(outcome.Error)
	}
	if decision, ok := r.Decision(view.row); ok && decision.Reject {
		text := fmt.Sprintf("Rejected by %s on %s.", decision.By, decision.At.Format("2 Jan 2006 15:04"))
		if decision.Reason != "" {
			text += " " + decision.Reason
		}
		if view.row.State == review.Changed {
			text += " What it rested on has changed since: decide again."
		}
		o.note(text)
	}
	for _, finding := range plan.GroupFindings(r, view.row, limits) {
		o.note(finding.Message + " " + finding.Action)
	}
	if other, ok := r.LookAlike(view.row); ok {
		o.note(fmt.Sprintf("“%s” looks like “%s”, and is another group: some letters only look the same.", view.row.Name, other))
	}
	if view.row.State == review.Ambiguous {
		o.note("Several groups have this name once case and spelling are set aside. Rename all but one of them, then fetch again.")
	}
	for _, part := range view.row.Parts {
		what := "is made"
		if len(part.Groups) > 0 {
			what = "is overwritten"
		}
		o.note(fmt.Sprintf("On %s it %s: %s added, %s removed.", part.Site, what, grouped(part.Added), grouped(part.Removed)))
	}
	if view.row.State == review.Waiting {
		o.note("Atlassian says that the identity provider manages this group, or invitations are pending: Rollcall leaves it alone.")
	}
	for _, u := range r.Unmatched() {
		if slices.Contains(u.Groups, view.row.Name) {
			o.note(fmt.Sprintf("Can't be matched: %s: %s.", cmp.Or(u.Name, u.Email, u.ID), u.Reason))
		}
	}
	return o
}

// noteWidth is how many letters a line of a note holds.
const noteWidth = 130

// note adds a sentence, broken into lines.
func (o *opened) note(text string) {
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > noteWidth {
			o.notes = append(o.notes, line)
			line = ""
		}
		line = strings.TrimSpace(line + " " + word)
	}
	o.notes = append(o.notes, line)
}

// arrange filters and sorts, and lays the lines out.
func (m *groupsModel) arrange() {
	m.shown = m.shown[:0]
	for i := range m.views {
		if m.passes(&m.views[i]) {
			m.shown = append(m.shown, i)
		}
	}
	slices.SortStableFunc(m.shown, func(a, b int) int {
		order := m.compare(&m.views[a], &m.views[b])
		if m.descend {
			return -order
		}
		return order
	})
	m.flatten()
}

func (m *groupsModel) passes(view *groupView) bool {
	if len(m.states) > 0 && !m.states[view.row.State] {
		return false
	}
	return m.text == "" || strings.Contains(view.search, m.text)
}

// compare orders by the sorted column; equal groups stay in the review's order,
// which is that of their names.
func (m *groupsModel) compare(a, b *groupView) int {
	switch m.sorted {
	case productColumn:
		return cmp.Compare(partsText(a.products), partsText(b.products))
	case siteColumn:
		return cmp.Compare(a.sites, b.sites)
	case addedColumn:
		return cmp.Compare(a.row.Added, b.row.Added)
	case removedColumn:
		return cmp.Compare(a.row.Removed, b.row.Removed)
	case losingColumn:
		return cmp.Compare(a.row.Losing, b.row.Losing)
	case stateColumn:
		return cmp.Compare(slices.Index(review.States, a.row.State), slices.Index(review.States, b.row.State))
	case nameColumn:
		if m.descend {
			return cmp.Compare(a.search, b.search)
		}
	}
	return 0
}

func partsText(cell widgets.Cell) string {
	text := ""
	for _, part := range cell {
		text += part.Text + " "
	}
	return text
}

// flatten lays out a line for each group shown, and behind an opened one those
// of its inside.
func (m *groupsModel) flatten() {
	m.lines = m.lines[:0]
	for _, i := range m.shown {
		m.lines = append(m.lines, lineRef{groupLine, i, 0})
		inside, isOpen := m.open[m.views[i].key]
		if !isOpen {
			continue
		}
		m.lines = append(m.lines, lineRef{headingLine, i, 0})
		if inside == nil {
			m.lines = append(m.lines, lineRef{pendingLine, i, 0})
			continue
		}
		for n := range inside.notes {
			m.lines = append(m.lines, lineRef{noteLine, i, n})
		}
		for n := range inside.changes {
			m.lines = append(m.lines, lineRef{changeLine, i, n})
		}
	}
}

// sortBy sorts by a column, the other way round the second time.
func (m *groupsModel) sortBy(column int) {
	if column < nameColumn {
		return
	}
	if m.sorted == column {
		m.descend = !m.descend
	} else {
		m.sorted = column
		m.descend = column >= addedColumn && column <= losingColumn // the most first
	}
	m.arrange()
}

// search shows the groups whose name, sites or products hold a text.
func (m *groupsModel) search(text string) {
	m.text = directory.FoldName(text)
	m.arrange()
}

// showStates shows the groups in these states only; none for all.
func (m *groupsModel) showStates(states ...review.State) {
	m.states = map[review.State]bool{}
	for _, state := range states {
		m.states[state] = true
	}
	m.arrange()
}

// toggleState adds a state to those shown, or takes it away.
func (m *groupsModel) toggleState(state review.State) {
	if m.states[state] {
		delete(m.states, state)
	} else {
		m.states[state] = true
	}
	m.arrange()
}

// tick selects a group, or no longer; only what can be synced is selected.
func (m *groupsModel) tick(view int, on bool) {
	v := &m.views[view]
	if on && app.Syncable(v.row) {
		m.ticked[v.key] = true
	} else {
		delete(m.ticked, v.key)
	}
}

// toggle selects a group, or no longer.
func (m *groupsModel) toggle(view int) { m.tick(view, !m.ticked[m.views[view].key]) }

// tickRange selects all groups shown between two lines.
func (m *groupsModel) tickRange(from, to int) {
	for i := max(min(from, to), 0); i <= max(from, to) && i < len(m.lines); i++ {
		if m.lines[i].kind == groupLine {
			m.tick(m.lines[i].view, true)
		}
	}
}

// tickShown selects all groups shown, or none of them where all are.
func (m *groupsModel) tickShown() {
	on := !m.allTicked()
	for _, view := range m.shown {
		m.tick(view, on)
	}
}

func (m *groupsModel) allTicked() bool {
	some := false
	for _, view := range m.shown {
		if v := &m.views[view]; app.Syncable(v.row) {
			some = true
			if !m.ticked[v.key] {
				return false
			}
		}
	}
	return some
}

// selection gives the rows that are ticked, shown or not.
func (m *groupsModel) selection() []*review.Row {
	var rows []*review.Row
	for i := range m.views {
		if m.ticked[m.views[i].key] {
			rows = append(rows, m.views[i].row)
		}
	}
	return rows
}

// hiddenTicks is how many ticked groups the filter hides.
func (m *groupsModel) hiddenTicks() int {
	n := len(m.ticked)
	for _, view := range m.shown {
		if m.ticked[m.views[view].key] {
			n--
		}
	}
	return n
}

// lineOf gives the line of a group, or -1.
func (m *groupsModel) lineOf(view int) int {
	return slices.Index(m.lines, lineRef{groupLine, view, 0})
}

// close closes an opened group.
func (m *groupsModel) close(view int) {
	delete(m.open, m.views[view].key)
	m.flatten()
}

// openWith opens a group with its inside; nil while that is worked out.
func (m *groupsModel) openWith(view int, inside *opened) {
	m.open[m.views[view].key] = inside
	m.flatten()
}
