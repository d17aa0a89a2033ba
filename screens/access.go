package screens

import (
	"fmt"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/display"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/review"
	"github.com/rollcall-app/rollcall/widgets"
)

// accessTab shows, by site and product, which groups give access and what
// syncing all groups does to it.
type accessTab struct {
	giverColumns *widgets.Columns
	item         *container.TabItem
	w            *Window

	products *widgets.LineList // sites and their products
	places   []place
	chosen   directory.ProductNo

	title  *widget.Label
	people *widget.Button // who gains and loses the chosen product
	chart  *widgets.BarChart
	header *widgets.Header
	groups *widgets.LineList // groups that give the chosen product
	givers []giver
	all    map[directory.ProductNo][]giver

	defaults     *fyne.Container
	defaultTitle *widget.Label
	defaultText  *widget.Label
	again        *widget.Button

	content, empty fyne.CanvasObject
}

// place is a line of the list of products: a site, or a product on it.
type place struct {
	site    string
	product directory.ProductNo
	isSite  bool
}

// giver is a group that gives the chosen product.
type giver struct {
	group   directory.GroupNo
	grant   directory.Grant
	row     *review.Row // nil where it isn't under review
	members int
}

var (
	siteColumns  = &widgets.Columns{List: []widgets.Column{{Weight: 1}}}
	placeColumns = &widgets.Columns{List: []widgets.Column{{Weight: 1}, {Width: 110, Trailing: true, Holds: func() []string { return []string{lang.L("no change")} }}}}
)

func newGiverColumns() *widgets.Columns {
	return &widgets.Columns{List: []widgets.Column{
		{Title: lang.L("Group"), Weight: 3}, {Title: lang.L("Role"), Weight: 1.4}, {Title: lang.L("Default"), Width: 70, Holds: holds()},
		{Title: lang.L("Members"), Width: 80, Trailing: true, Holds: holds()}, {Title: lang.L("Change"), Width: 90, Trailing: true, Holds: holds(lang.L("not in the IdP"), lang.L("none"))}, {Width: 120, Trailing: true, Holds: func() []string { return []string{lang.L("Show the people")} }},
	}}
}

const showColumn = 5

func newAccessTab(w *Window) *accessTab {
	t := &accessTab{w: w, giverColumns: newGiverColumns()}
	t.products = widgets.NewLineList(func() int { return len(t.places) }, t.placeLine)
	t.products.Tips = w.tips
	t.products.OnTapped = func(i, _ int, _ bool) { t.choose(i) }
	t.products.OnKey = func(i int, key fyne.KeyName) {
		if key == fyne.KeyReturn || key == fyne.KeySpace {
			t.choose(i)
		}
	}
	t.groups = widgets.NewLineList(func() int { return len(t.givers) }, t.giverLine)
	t.groups.Tips = w.tips
	t.groups.OnTapped = func(i, column int, _ bool) {
		if column == showColumn {
			t.showGroup(i)
		}
	}
	t.groups.OnKey = func(i int, key fyne.KeyName) {
		if key == fyne.KeyReturn {
			t.showGroup(i)
		}
	}
	t.title = widget.NewLabelWithStyle("", fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	t.title.SizeName, t.title.Truncation = theme.SizeNameSubHeadingText, fyne.TextTruncateEllipsis
	t.people = widget.NewButton("", t.showPeople)
	t.chart, t.header = widgets.NewBarChart(), widgets.NewHeader(t.giverColumns)
	left := container.NewBorder(nil, t.newDefaults(), nil, nil, widgets.NewPanel(widgets.FillCard, widgets.Outline, t.products.Framed()))
	note := muted(lang.L("People, after counting every other group and direct access. Permissions inside products aren't read."))
	top := widgets.NewPanel(widgets.FillCard, widgets.Outline, container.NewBorder(container.NewVBox(container.NewBorder(nil, nil, nil, t.people, t.title), note), nil, nil, nil, t.chart))
	table := widgets.NewPanel("", widgets.Outline, container.NewBorder(t.header, nil, nil, nil, t.groups.Framed()))
	t.content = spaced(beside(container.NewBorder(nil, nil, nil, gap(6, 1), atLeast(310, left)), above(top, table)))
	t.empty = emptyState(lang.L("No product access read yet"), lang.L("Connect the identity provider and Atlassian, then fetch."), lang.L("Connect"), func() { w.tabs.Select(w.idp.item) })
	t.item = container.NewTabItem(lang.L("Product access"), container.NewStack(t.content, t.empty))
	return t
}

// newDefaults is the card about default access groups.
func (t *accessTab) newDefaults() fyne.CanvasObject {
	t.defaultTitle = widget.NewLabelWithStyle("", fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	t.defaultTitle.Wrapping = fyne.TextWrapWord
	t.defaultText = wrapped("")
	t.again = widget.NewButton(lang.L("Check again"), t.w.fetch)
	page := widget.NewButton(lang.L("Open the page"), t.w.openAdminPage)
	t.defaults = container.NewVBox(gap(1, 4), widgets.NewPanel(widgets.FillBlocked, widgets.InkBlocked,
		container.NewVBox(t.defaultTitle, t.defaultText, container.NewHBox(page, t.again))))
	return t.defaults
}

// show brings the tab up to date.
func (t *accessTab) show() {
	if t.w.review == nil {
		t.content.Hide()
		t.empty.Show()
		return
	}
	t.empty.Hide()
	t.content.Show()
	org := &t.w.review.Snapshot.Atlassian
	t.places = nil
	for _, site := range append(org.Sites(), "") {
		t.addPlaces(site)
	}
	if int(t.chosen) >= len(org.Products) {
		t.chosen = 0
	}
	t.title.SetText(plural(t.w.groups.model.facts.all, "What syncing the %s open group does", "What syncing all %s open groups does"))
	t.showChart()
	t.showGivers()
	t.showDefaults()
	able(t.again, t.w.job == nil)
	t.products.Refresh()
}

func (t *accessTab) addPlaces(site string) {
	first := true
	for no, product := range t.w.review.Snapshot.Atlassian.Products {
		if product.Site != site {
			continue
		}
		if first {
			t.places = append(t.places, place{site: site, isSite: true})
			first = false
		}
		t.places = append(t.places, place{site: site, product: directory.ProductNo(no)})
	}
}

func (t *accessTab) placeLine(i int) widgets.Line {
	p := t.places[i]
	if p.isSite {
		name := p.site
		if name == "" {
			name = lang.L("The organization")
		}
		return widgets.Line{Columns: siteColumns, Cells: []widgets.Cell{{{Text: name, Bold: true}}}}
	}
	product, change := t.w.review.Snapshot.Atlassian.Products[p.product], t.effect(p.product)
	line := widgets.Line{Columns: placeColumns, Cells: []widgets.Cell{{{Text: "   " + product.Name}}, {{Text: changeText(change), Ink: widgets.InkMuted}}}}
	if p.product == t.chosen {
		line.Fill = widgets.FillInfo
		line.Cells[0][0].Bold = true
	}
	return line
}

func (t *accessTab) effect(product directory.ProductNo) review.ProductEffect {
	return t.w.groups.model.effect.Products[product]
}

func changeText(change review.ProductEffect) string {
	gain := len(change.Gain) + len(change.Invited)
	if gain+len(change.Lose) == 0 {
		return lang.L("no change")
	}
	return fmt.Sprintf("+%s −%s", grouped(gain), grouped(len(change.Lose)))
}

func (t *accessTab) choose(i int) {
	if i < len(t.places) && !t.places[i].isSite {
		t.chosen = t.places[i].product
		t.showGivers()
		t.products.Refresh()
	}
}

func (t *accessTab) showChart() {
	var bars []widgets.Bar
	for no, product := range t.w.review.Snapshot.Atlassian.Products {
		change := t.effect(directory.ProductNo(no))
		if change.Before == 0 && len(change.Gain)+len(change.Invited) == 0 {
			continue
		}
		bars = append(bars, bar(product, change))
	}
	t.chart.SetBars(bars)
}

// bar shows who keeps, gains and loses a product; its note the seats.
func bar(product directory.Product, change review.ProductEffect) widgets.Bar {
	b := widgets.Bar{
		Label: fmt.Sprintf("%s · %s", product.Name, shortSite(product.Site)), Limit: product.Seats,
		Keep: change.Before - len(change.Lose), Gain: len(change.Gain) + len(change.Invited), Lose: len(change.Lose),
		Note: plural(change.After(), "%[2]s to %[1]s person", "%[2]s to %[1]s people", grouped(change.Before)),
	}
	switch {
	case product.Seats == directory.UnknownSeats || product.Used == directory.UnknownSeats:
		b.Note = lang.L("%s to %s, seats unknown", grouped(change.Before), grouped(change.After()))
	case product.Used+change.SeatChange() > product.Seats:
		b.Note = lang.L("%s: %s too many", seatsNote(product, change), grouped(product.Used+change.SeatChange()-product.Seats))
		b.Alarm = true
	default:
		b.Note = seatsNote(product, change)
	}
	return b
}

func seatsNote(product directory.Product, change review.ProductEffect) string {
	return plural(product.Seats, "%[2]s to %[3]s of %[1]s seat", "%[2]s to %[3]s of %[1]s seats", grouped(product.Used), grouped(product.Used+change.SeatChange()))
}

// giversOf lists the groups that give each product, the largest first.
func giversOf(r *review.Review) map[directory.ProductNo][]giver {
	rows := map[directory.GroupNo]*review.Row{}
	for i := range r.Rows {
		for _, no := range r.Rows[i].Groups {
			rows[no] = &r.Rows[i]
		}
	}
	givers := map[directory.ProductNo][]giver{}
	org := &r.Snapshot.Atlassian
	for no := range org.Groups {
		for _, grant := range org.Groups[no].Grants {
			group := directory.GroupNo(no)
			givers[grant.Product] = append(givers[grant.Product], giver{group, grant, rows[group], len(org.Members.Of(group))})
		}
	}
	for _, list := range givers {
		slices.SortStableFunc(list, func(a, b giver) int { return b.members - a.members })
	}
	return givers
}

// showGivers lists the groups that give the chosen product.
func (t *accessTab) showGivers() {
	org := &t.w.review.Snapshot.Atlassian
	t.givers = t.all[t.chosen]
	if len(org.Products) > 0 {
		product := org.Products[t.chosen]
		change := t.effect(t.chosen)
		t.people.SetText(lang.L("Who gains and loses %s on %s …", product.Name, shortSite(product.Site)))
		able(t.people, len(change.Gain)+len(change.Invited)+len(change.Lose) > 0)
		t.giverColumns.List[0].Title = lang.L("Groups that give %s on %s", product.Name, shortSite(product.Site))
	}
	t.header.Update(-1, false)
	t.groups.Refresh()
}

func (t *accessTab) giverLine(i int) widgets.Line {
	g := t.givers[i]
	group := &t.w.review.Snapshot.Atlassian.Groups[g.group]
	isDefault := widgets.Part{Text: lang.L("no"), Ink: widgets.InkMuted}
	if g.grant.Default {
		isDefault = widgets.Part{Text: lang.L("Default"), Ink: widgets.InkBlocked, Fill: widgets.FillBlocked, Bold: true}
	}
	change, show := widgets.Part{Text: lang.L("not in the IdP"), Ink: widgets.InkMuted}, widgets.Part{}
	if g.row != nil {
		show = widgets.Part{Text: lang.L("Show the people"), Ink: widgets.InkInfo, Bold: true}
		change = widgets.Part{Text: lang.L("none"), Ink: widgets.InkMuted}
		if g.row.Added+g.row.Removed > 0 {
			change = widgets.Part{Text: fmt.Sprintf("+%s −%s", grouped(g.row.Added), grouped(g.row.Removed))}
		}
	}
	return widgets.Line{Columns: t.giverColumns, Cells: []widgets.Cell{
		{{Text: group.Name, Bold: true}}, {{Text: app.ShortRole(g.grant.Role)}}, {isDefault}, {{Text: grouped(g.members)}}, {change}, {show},
	}}
}

// showPeople names everybody who gains or loses the chosen product.
func (t *accessTab) showPeople() {
	r, no, change := t.w.review, t.chosen, t.effect(t.chosen)
	t.w.showLines(strings.TrimSuffix(t.people.Text, " …"), func() []string { return productLines(r, no, &change) })
}

// showGroup opens a group in the groups table.
func (t *accessTab) showGroup(i int) {
	row := t.givers[i].row
	if row == nil {
		return
	}
	groups := t.w.groups
	t.w.tabs.Select(groups.item)
	groups.search.SetText("")
	view := -1
	groups.alter(func(m *groupsModel) {
		m.showStates()
		view = slices.IndexFunc(m.views, func(v groupView) bool { return v.row == row })
	}, func() {
		if view >= 0 {
			groups.openGroup(view)
			groups.goTo(view)
		}
	})
}

// showDefaults tells how default access groups are lifted, where there are any.
func (t *accessTab) showDefaults() {
	names, n := "", t.w.groups.model.facts.counts.State[review.Blocked]
	for _, name := range t.w.groups.model.facts.blocked {
		names += "• " + display.Line(name) + "\n"
	}
	if n > fewBlocked {
		names += "• " + lang.L("and %s more", grouped(n-fewBlocked)) + "\n"
	}
	t.defaults.Hidden = n == 0
	t.defaultTitle.SetText(plural(n, "%s default access group can't be synced", "%s default access groups can't be synced"))
	t.defaultText.SetText(display.Text(names + plan.DefaultAccessSteps(t.w.review.Snapshot.Atlassian.Experience)))
	t.defaults.Refresh()
}
