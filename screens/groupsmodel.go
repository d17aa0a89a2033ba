package screens

import (
	"cmp"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/lang"
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
	// alike says that the name looks like another group's, accepted that its sync
	// was accepted.
	alike, accepted bool
	// no is the row's place in the review; hosts and productNames are what the
	// filters go by.
	no                  int
	hosts, productNames []string
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
// widget. Once it is shown it doesn't change any more: groupsTab.alter puts another
// in its place.
type groupsModel struct {
	review  *review.Review
	limits  plan.Thresholds
	views   []groupView
	columns *widgets.Columns

	// effect is what syncing all groups does.
	effect  review.Effect
	summary peopleSummary
	// answers is how many aren't carried out.
	answers int
	facts   facts
	sums    sums

	finder *review.Finder
	// sites and products are what can be filtered by.
	sites, products []string

	states map[review.State]bool // shown; empty for all
	// losing shows only groups whose sync takes access away, quiet only those
	// without member changes; site and product only those that have them, or
	// all where they are empty.
	losing, quiet bool
	// undecided shows only groups that wait for a decision, accepted only those
	// whose sync was accepted.
	undecided, accepted bool
	site, product       string
	text                string // searched, folded
	found               map[int]bool
	order               []order // the column sorted by, then those before it

	ranked []int // all views in order
	shown  []int // those of them that pass the filter
	lines  []lineRef
	ticked []bool             // beside views
	ticks  int                // how many are
	open   map[string]*opened // nil inside while it is worked out
}

// newGroupsModel works out what a review shows under the guards' thresholds.
func newGroupsModel(r *review.Review, limits plan.Thresholds) *groupsModel {
	m := &groupsModel{
		review: r, limits: limits, columns: newGroupColumns(), states: map[review.State]bool{}, order: []order{{column: nameColumn}}, open: map[string]*opened{}, finder: review.NewFinder(r),
	}
	for i := range r.Rows {
		view := newGroupView(r, &r.Rows[i], limits)
		view.no = i
		m.views = append(m.views, view)
	}
	m.ticked = make([]bool, len(m.views))
	m.facts = newFacts(r, m.views)
	m.effect = r.Effect(app.All(r).Rows)
	m.summary = summarize(r)
	for _, row := range app.Answered(r) {
		m.answers += len(r.Answers(row))
	}
	m.sites = m.values(func(view *groupView) []string { return view.hosts })
	m.products = m.values(func(view *groupView) []string { return view.productNames })
	m.rank()
	m.arrange()
	m.sumUp()
	return m
}

// adopt takes the ticks, filter and order from the model before, as far as they
// still fit, and gives the views of the groups that were open there.
func (m *groupsModel) adopt(before *groupsModel) (wereOpen []int) {
	m.ticked, m.ticks = make([]bool, len(m.views)), 0
	m.states, m.order, m.losing, m.quiet, m.site, m.product = before.states, before.order, before.losing, before.quiet, before.site, before.product
	m.undecided, m.accepted = before.undecided, before.accepted
	m.text, m.found = before.text, m.people(before.text)
	ticked := map[string]bool{}
	for i, on := range before.ticked {
		if on {
			ticked[before.views[i].key] = true
		}
	}
	for i := range m.views {
		view := &m.views[i]
		m.tick(i, ticked[view.key])
		if _, was := before.open[view.key]; was {
			wereOpen = append(wereOpen, i)
		}
	}
	m.rank()
	m.arrange()
	m.sumUp()
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
	return w.groups.model.summary
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
	view := groupView{row: row, key: r.SourceID(row), guards: app.BlockedBy(r, row, limits), accepted: r.Accepted(row)}
	var sites []string
	for _, site := range app.Sites(r, row) {
		sites = append(sites, shortSite(site))
		view.hosts = append(view.hosts, shortSite(site))
	}
	view.sites = cmp.Or(strings.Join(sites, ", "), "–")
	_, view.alike = r.LookAlike(row)
	search := []string{row.Name, view.sites}
	for _, no := range row.Groups {
		for _, grant := range r.Snapshot.Atlassian.Groups[no].Grants {
			text := accessText(r, grant.Access)
			if len(sites) > 1 {
				text += fmt.Sprintf(" · %s", shortSite(r.Snapshot.Atlassian.Products[grant.Product].Site))
			}
			view.products = append(view.products, widgets.Part{Text: text, Fill: widgets.FillChip})
			search = append(search, text)
			view.productNames = append(view.productNames, r.Snapshot.Atlassian.Products[grant.Product].Name)
		}
	}
	switch {
	case len(row.Groups) == 0:
		view.products = widgets.Cell{{Text: lang.L("would be created"), Ink: widgets.InkMuted}}
	case len(view.products) == 0:
		view.products = widgets.Cell{{Text: app.NoProduct(r), Ink: widgets.InkMuted}}
	}
	view.search = directory.FoldName(strings.Join(search, "\n"))
	return view
}

// accessText is a product with the role: "Jira · user".
func accessText(r *review.Review, access directory.Access) string {
	return fmt.Sprintf("%s · %s", r.Snapshot.Atlassian.Products[access.Product].Name, app.ShortRole(access.Role))
}

// shortSite is the part of a site's host that people call it by.
func shortSite(host string) string {
	return strings.TrimSuffix(host, ".atlassian.net")
}

// rank sorts all groups.
func (m *groupsModel) rank() {
	m.ranked = make([]int, len(m.views))
	for i := range m.ranked {
		m.ranked[i] = i
	}
	slices.SortStableFunc(m.ranked, func(a, b int) int {
		for _, by := range m.order {
			if c := by.compare(&m.views[a], &m.views[b]); c != 0 {
				return c
			}
		}
		return 0
	})
}

// arrange filters, and lays the lines out.
func (m *groupsModel) arrange() {
	parts := runtime.GOMAXPROCS(0)
	passed := make([][]int, parts)
	var workers sync.WaitGroup
	for part := range parts {
		workers.Go(func() {
			for _, i := range m.ranked[part*len(m.ranked)/parts : (part+1)*len(m.ranked)/parts] {
				if m.passes(&m.views[i]) {
					passed[part] = append(passed[part], i)
				}
			}
		})
	}
	workers.Wait()
	m.shown = slices.Concat(passed...)
	m.flatten()
}

func (m *groupsModel) passes(view *groupView) bool {
	if len(m.states) > 0 && !m.states[view.row.State] {
		return false
	}
	switch {
	case m.undecided && !view.waits(), m.accepted && !view.accepted:
		return false
	case m.losing && view.row.Losing == 0, m.quiet && (view.row.Differs() || !app.Syncable(view.row)):
		return false
	case m.site != "" && !slices.Contains(view.hosts, m.site), m.product != "" && !slices.Contains(view.productNames, m.product):
		return false
	}
	return m.text == "" || strings.Contains(view.search, m.text) || m.found[view.no]
}

// waits says whether the group could be synced, and nobody has decided about it.
func (v *groupView) waits() bool { return app.Syncable(v.row) && !v.accepted }

// order is a column that is sorted by.
type order struct {
	column  int
	descend bool
}

// compare orders two groups; equal ones stay in the review's order, which is that
// of their names.
func (o order) compare(a, b *groupView) int {
	if o.descend {
		a, b = b, a
	}
	switch o.column {
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
		return cmp.Compare(a.no, b.no)
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
	m.lines = make([]lineRef, 0, len(m.shown))
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
		for n := range len(inside.changes) + len(inside.unchanged) {
			m.lines = append(m.lines, lineRef{changeLine, i, n})
		}
	}
}

// sortBy sorts by a column, the other way round the second time. Groups that are
// equal in it stay in the order of the column before.
func (m *groupsModel) sortBy(column int) {
	if column < nameColumn {
		return
	}
	if m.order[0].column == column {
		m.order[0].descend = !m.order[0].descend
	} else {
		first := order{column, column >= addedColumn && column <= losingColumn} // the most first
		then := slices.DeleteFunc(slices.Clone(m.order), func(o order) bool { return o.column == column })
		m.order = append([]order{first}, then...)
	}
	m.rank()
	m.arrange()
}

// leastPerson is how much of a name people are looked for by.
const leastPerson = 3

// search shows the groups whose name, sites or products hold a text. found are
// those with somebody on either side whose name or address does; nil until that
// has been looked for.
func (m *groupsModel) search(text string, found map[int]bool) {
	m.text, m.found = directory.FoldName(text), found
	m.arrange()
}

// people finds the groups with somebody of a name or address; it takes a while.
func (m *groupsModel) people(text string) map[int]bool {
	if utf8.RuneCountInString(strings.TrimSpace(text)) < leastPerson {
		return nil
	}
	return m.finder.Rows(text)
}

// values gives what the groups have, each once and sorted.
func (m *groupsModel) values(of func(*groupView) []string) []string {
	var all []string
	for i := range m.views {
		all = append(all, of(&m.views[i])...)
	}
	slices.Sort(all)
	return slices.Compact(all)
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
	on = on && app.Syncable(m.views[view].row)
	switch {
	case on && !m.ticked[view]:
		m.ticks++
	case !on && m.ticked[view]:
		m.ticks--
	}
	m.ticked[view] = on
}

// toggle selects a group, or no longer.
func (m *groupsModel) toggle(view int) { m.tick(view, !m.ticked[view]) }

// tickRange selects all groups between two lines of those that were shown when it was
// asked for.
func (m *groupsModel) tickRange(lines []lineRef, from, to int) {
	for i := max(min(from, to), 0); i <= max(from, to) && i < len(lines); i++ {
		if lines[i].kind == groupLine {
			m.tick(lines[i].view, true)
		}
	}
}

// tickShown selects the groups that were shown when it was asked for, or none of them
// where all were.
func (m *groupsModel) tickShown(shown []int, on bool) {
	for _, view := range shown {
		m.tick(view, on)
	}
}

func (m *groupsModel) allTicked() bool {
	some := false
	for _, view := range m.shown {
		if v := &m.views[view]; app.Syncable(v.row) {
			some = true
			if !m.ticked[view] {
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
		if m.ticked[i] {
			rows = append(rows, m.views[i].row)
		}
	}
	return rows
}

// acceptedRows gives the rows whose sync was accepted.
func (m *groupsModel) acceptedRows() []*review.Row {
	var rows []*review.Row
	for i := range m.views {
		if v := &m.views[i]; v.accepted && app.Syncable(v.row) {
			rows = append(rows, v.row)
		}
	}
	return rows
}

// waiting gives the rows that are ticked and wait for a decision.
func (m *groupsModel) waiting() []*review.Row {
	var rows []*review.Row
	for i := range m.views {
		if v := &m.views[i]; m.ticked[i] && v.waits() {
			rows = append(rows, v.row)
		}
	}
	return rows
}

// hiddenTicks is how many ticked groups the filter hides.
func (m *groupsModel) hiddenTicks() int {
	n := m.ticks
	for _, view := range m.shown {
		if m.ticked[view] {
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
