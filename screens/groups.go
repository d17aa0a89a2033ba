package screens

import (
	"cmp"
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/widget"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/display"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/review"
	"github.com/rollcall-app/rollcall/widgets"
)

// groupsTab is the table of groups, with what can be done to them.
type groupsTab struct {
	item  *container.TabItem
	w     *Window
	model *groupsModel // nil until something was fetched

	headline, detail *widget.Label
	banner           *widgets.Panel
	reviewButton     *widget.Button
	search           *widget.Entry
	chips            map[review.State]*widget.Button
	chipRow          *fyne.Container
	losing, quiet    *widget.Button
	waits, accepted  *widget.Button
	site, product    *widget.Select
	todo             *widget.Button
	syncAccepted     *widget.Button
	syncSelected     *widget.Button
	syncAll          *widget.Button
	columns          *widgets.Columns
	header           *widgets.Header
	list             *widgets.LineList
	nothing          *widget.Label

	content, empty fyne.CanvasObject
	// anchor is the line from which Shift selects.
	anchor int
	// alterations are those to come, while others are being made.
	alterations []alteration
	altering    bool
}

func newGroupsTab(w *Window) *groupsTab {
	t := &groupsTab{w: w, columns: newGroupColumns(), chips: map[review.State]*widget.Button{}}
	t.list = widgets.NewLineList(t.length, func(i int) widgets.Line { return t.model.line(i) })
	t.list.OnTapped, t.list.OnKey = t.tapped, t.key
	t.list.Menu, t.list.Tips = t.menu, w.tips
	t.list.OnSelectAll = func() { t.headerTapped(tickColumn) }
	t.columns.SetSizes(w.fyneApp.Preferences().FloatList(columnsPreference))
	t.header = widgets.NewHeader(t.columns)
	t.header.OnTapped, t.header.OnResized, t.header.Tips = t.headerTapped, t.resized, w.tips
	t.nothing = widget.NewLabelWithStyle(lang.L("No group fits the search and the filter."), fyne.TextAlignCenter, fyne.TextStyle{Italic: true})
	table := widgets.NewPanel("", widgets.Outline, container.NewBorder(t.header, nil, nil, nil, container.NewStack(t.list.Framed(), container.NewCenter(t.nothing))))
	t.content = spaced(above(container.NewVBox(t.newBanner(), t.newTools()), table))
	t.empty = emptyState(lang.L("Nothing to review yet"), lang.L("Connect the identity provider and Atlassian, then fetch."), lang.L("Connect"), func() { w.tabs.Select(w.idp.item) })
	t.item = container.NewTabItem(lang.L("Groups"), container.NewStack(t.content, t.empty))
	return t
}

func (t *groupsTab) newBanner() fyne.CanvasObject {
	t.headline = widget.NewLabelWithStyle("", fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	t.detail = widget.NewLabel("")
	t.detail.Truncation = fyne.TextTruncateEllipsis
	t.reviewButton = widget.NewButton(lang.L("Review groups"), t.reviewGroups)
	t.reviewButton.Importance = widget.HighImportance
	t.banner = widgets.NewBanner(widgets.FillWarn, widgets.InkWarn, container.NewBorder(nil, nil, t.headline, t.reviewButton, t.detail))
	return t.banner
}

func (t *groupsTab) newTools() fyne.CanvasObject {
	t.search = widget.NewEntry()
	t.search.SetPlaceHolder(lang.L("Search groups, sites, products, people …"))
	t.search.OnChanged = t.searchFor
	t.chipRow = container.NewHBox()
	for _, state := range []review.State{review.Conflict, review.New, review.Blocked, review.Changed, review.Failed, review.Waiting, review.Ambiguous, review.Rejected, review.Synced} {
		t.chips[state] = widget.NewButton("", func() { t.alter(func(m *groupsModel) { m.toggleState(state) }, nil) })
		t.chipRow.Add(t.chips[state])
	}
	t.addFilters()
	t.syncSelected = widget.NewButton(lang.L("Sync selected"), func() {
		t.confirm(func(m *groupsModel) plan.Selection { return plan.Selection{Rows: m.selection()} })
	})
	t.syncAll = widget.NewButton(lang.L("Sync all groups"), func() {
		t.confirm(func(m *groupsModel) plan.Selection { return app.All(m.review) })
	})
	t.syncAll.Importance = widget.HighImportance
	t.todo = widget.NewButton("", t.w.showTodos)
	t.syncAccepted = widget.NewButton("", func() {
		t.confirm(func(m *groupsModel) plan.Selection { return plan.Selection{Rows: m.acceptedRows()} })
	})
	buttons := container.NewHBox(t.todo, t.syncAccepted, t.syncSelected, t.syncAll)
	return container.NewVBox(gap(1, 2),
		container.NewBorder(nil, nil, nil, buttons, t.search),
		container.NewHScroll(t.chipRow))
}

// everywhere and everything stand for no filter.
func everywhere() string { return lang.L("All sites") }
func everything() string { return lang.L("All products") }

// addFilters adds those that go by something else than the state; all combine.
func (t *groupsTab) addFilters() {
	t.losing = widget.NewButton("", func() { t.filter(func(m *groupsModel) { m.losing = !m.losing }) })
	t.quiet = widget.NewButton("", func() { t.filter(func(m *groupsModel) { m.quiet = !m.quiet }) })
	t.waits = widget.NewButton("", func() {
		t.filter(func(m *groupsModel) { m.undecided, m.accepted = !m.undecided, false })
	})
	t.accepted = widget.NewButton("", func() {
		t.filter(func(m *groupsModel) { m.accepted, m.undecided = !m.accepted, false })
	})
	t.site = widget.NewSelect([]string{everywhere()}, func(site string) {
		t.choose(func(m *groupsModel) *string { return &m.site }, site, everywhere())
	})
	t.product = widget.NewSelect([]string{everything()}, func(product string) {
		t.choose(func(m *groupsModel) *string { return &m.product }, product, everything())
	})
	t.chipRow.Objects = append(t.chipRow.Objects, widget.NewSeparator(), t.losing, t.quiet, t.waits, t.accepted, t.site, t.product)
}

func (t *groupsTab) choose(of func(*groupsModel) *string, chosen, none string) {
	if chosen == none {
		chosen = ""
	}
	if *of(t.model) != chosen {
		t.filter(func(m *groupsModel) { *of(m) = chosen })
	}
}

// filter shows other groups.
func (t *groupsTab) filter(change func(*groupsModel)) {
	t.alter(func(m *groupsModel) {
		change(m)
		m.arrange()
	}, nil)
}

// searchFor shows the groups whose own texts hold what is searched at once, and
// those with such people as soon as they have been looked for.
func (t *groupsTab) searchFor(text string) {
	model := t.model
	if model == nil {
		return
	}
	t.alter(func(m *groupsModel) { m.search(text, nil) }, nil)
	var found map[int]bool
	t.w.background(func() { found = model.people(text) }, func() {
		if t.model != nil && t.model.review == model.review && t.search.Text == text && len(found) > 0 {
			t.alter(func(m *groupsModel) { m.search(text, found) }, nil)
		}
	})
}

func (t *groupsTab) length() int {
	if t.model == nil {
		return 0
	}
	return len(t.model.lines)
}

// setModel shows another model, which has adopted the one before, and opens its
// groups that were open there; nil for nothing fetched.
func (t *groupsTab) setModel(model *groupsModel, wereOpen []int) {
	t.model, t.anchor, t.alterations = model, 0, nil
	for _, view := range wereOpen {
		t.openGroup(view)
	}
}

// show brings the tab up to date.
func (t *groupsTab) show() {
	if t.model == nil {
		t.content.Hide()
		t.empty.Show()
		t.item.Text = lang.L("Groups")
		return
	}
	t.empty.Hide()
	t.content.Show()
	counts := t.model.facts.counts
	t.item.Text = lang.L("Groups")
	if n := counts.CouldNotSync(); n > 0 {
		t.item.Text = lang.L("Groups (%s)", grouped(n))
	}
	t.w.tabs.Refresh()
	t.showBanner(counts)
	t.refresh()
}

func (t *groupsTab) showBanner(counts review.Counts) {
	n := counts.CouldNotSync()
	effect := t.model.effect
	if n > 0 {
		t.headline.SetText(plural(n, "%s group could not be synced", "%s groups could not be synced"))
		t.detail.SetText(lang.L("Syncing all: %s added, %s removed; %s.",
			grouped(effect.Added), grouped(effect.Removed), plural(effect.Losing, "%s person loses a product altogether", "%s people lose a product altogether")))
		t.banner.Recolour(widgets.FillWarn, widgets.InkWarn)
		t.reviewButton.Show()
		return
	}
	t.headline.SetText(lang.L("Every group is synced or rejected"))
	t.detail.SetText(lang.L("%s synced, %s rejected of %s.", grouped(counts.State[review.Synced]), grouped(counts.State[review.Rejected]), grouped(counts.IdPGroups)))
	if fresh := counts.State[review.New]; fresh > 0 {
		t.headline.SetText(lang.L("No conflicts"))
		t.detail.SetText(plural(fresh, "%s group is only in the identity provider: syncing creates it in Atlassian.", "%s groups are only in the identity provider: syncing creates them in Atlassian."))
	}
	t.banner.Recolour(widgets.FillGain, widgets.InkGain)
	t.reviewButton.Hide()
}

// refresh shows the model's lines, chips and buttons.
func (t *groupsTab) refresh() {
	counts := t.model.facts.counts
	for state, chip := range t.chips {
		chip.SetText(fmt.Sprintf("%s %s", lang.L(stateLook[state].title), grouped(counts.State[state])))
		chip.Importance = widget.MediumImportance
		if t.model.states[state] {
			chip.Importance = widget.HighImportance
		}
		chip.Hidden = counts.State[state] == 0 && !t.model.states[state]
		chip.Refresh()
	}
	t.showFilters()
	busy := t.w.job != nil
	selected := t.model.ticks
	label := lang.L("Sync selected")
	if selected > 0 {
		label = lang.L("Sync selected (%s)", grouped(selected))
		if hidden := t.model.sums.hidden; hidden > 0 {
			label = lang.L("Sync selected (%s, %s not shown)", grouped(selected), grouped(hidden))
		}
	}
	t.syncSelected.SetText(label)
	accepted := t.model.facts.accepted
	t.syncAccepted.Hidden = accepted == 0
	t.syncAccepted.SetText(lang.L("Sync accepted (%s)", grouped(accepted)))
	able(t.syncAccepted, !busy)
	t.todo.Hidden = t.model.answers == 0
	t.todo.SetText(lang.L("To do (%s) …", grouped(t.model.answers)))
	able(t.syncSelected, selected > 0 && !busy)
	able(t.syncAll, !busy && t.model.facts.all+t.model.summary.changes() > 0)
	tick := widgets.Part{Mark: widgets.Unticked}
	if t.model.sums.all {
		tick.Mark = widgets.Ticked
	}
	t.header.Cells[tickColumn] = widgets.Cell{tick}
	t.header.Update(t.model.order[0].column, t.model.order[0].descend)
	t.nothing.Hidden = len(t.model.lines) > 0
	t.nothing.Refresh()
	if cursor := t.list.Cursor(); cursor >= len(t.model.lines) {
		t.list.SetCursor(len(t.model.lines) - 1)
	}
	t.list.Refresh()
}

// showFilters shows what the filters beside the states are at.
func (t *groupsTab) showFilters() {
	m := t.model
	for _, chip := range []struct {
		button *widget.Button
		title  string
		on     bool
		n      int
	}{
		{t.losing, lang.L("Access lost"), m.losing, m.facts.losing},
		{t.quiet, lang.L("No member changes"), m.quiet, m.facts.quiet},
		{t.waits, lang.L("Not decided"), m.undecided, m.facts.waits},
		{t.accepted, lang.L("Accepted"), m.accepted, m.facts.accepted},
	} {
		chip.button.Importance = widget.MediumImportance
		if chip.on {
			chip.button.Importance = widget.HighImportance
		}
		chip.button.Hidden = chip.n == 0 && !chip.on
		chip.button.SetText(fmt.Sprintf("%s %s", chip.title, grouped(chip.n)))
	}
	for _, choice := range []struct {
		box    *widget.Select
		all    []string
		chosen string
	}{{t.site, append([]string{everywhere()}, m.sites...), cmp.Or(m.site, everywhere())}, {t.product, append([]string{everything()}, m.products...), cmp.Or(m.product, everything())}} {
		choice.box.Options = choice.all
		choice.box.Hidden = len(choice.all) < 3 && choice.chosen == choice.all[0]
		widgets.MakeRoom(choice.box)
		choice.box.SetSelected(choice.chosen)
	}
}

// focus gives the keyboard to the table.
func (t *groupsTab) focus() {
	if t.model != nil {
		t.w.win.Canvas().Focus(t.list)
	}
}

// reviewGroups shows the groups that could not be synced, the first one opened.
func (t *groupsTab) reviewGroups() {
	var states []review.State
	for _, state := range review.States {
		if state.CouldNotSync() && t.model.facts.counts.State[state] > 0 {
			states = append(states, state)
		}
	}
	t.search.SetText("")
	t.alter(func(m *groupsModel) {
		m.losing, m.quiet, m.site, m.product = false, false, "", ""
		m.undecided, m.accepted = false, false
		m.showStates(states...)
	}, func() {
		if len(t.model.shown) > 0 {
			t.openGroup(t.model.shown[0])
		}
		t.list.SetCursor(0)
		t.focus()
	})
}

// columnsPreference holds the widths of the columns.
const columnsPreference = "group-columns"

// resized shows the columns as wide as they are made, and remembers that in the
// end.
func (t *groupsTab) resized(ended bool) {
	t.list.Refresh()
	if ended {
		t.w.fyneApp.Preferences().SetFloatList(columnsPreference, t.columns.Sizes())
	}
}

func (t *groupsTab) headerTapped(column int) {
	if t.model == nil {
		return
	}
	shown, on := t.model.shown, !t.model.sums.all
	t.alter(func(m *groupsModel) {
		if column == tickColumn {
			m.tickShown(shown, on)
		} else {
			m.sortBy(column)
		}
	}, nil)
}

// tapped does what a tap on a column of a line means.
func (t *groupsTab) tapped(i, column int, extend bool) {
	if t.model == nil || i >= len(t.model.lines) {
		return
	}
	lines, ref := t.model.lines, t.model.lines[i]
	switch {
	case ref.kind == groupLine && column == tickColumn && extend:
		from := t.anchor
		t.alter(func(m *groupsModel) { m.tickRange(lines, from, i) }, nil)
	case ref.kind == groupLine && column == tickColumn:
		t.toggle(ref.view)
		t.anchor = i
	case ref.kind == groupLine:
		t.toggleOpen(ref.view)
	case ref.kind == headingLine && column == syncAction:
		t.syncOne(ref.view)
	case ref.kind == headingLine && column == unchangedAction:
		t.toggleUnchanged(ref.view)
	case ref.kind == headingLine && column == renameAction:
		t.rename(ref.view)
	case ref.kind == changeLine && column == answerAction:
		t.answer(i)
	case ref.kind == headingLine && column == acceptAction:
		t.accept(ref.view)
	case ref.kind == headingLine && column == rejectAction:
		t.rejectOrWithdraw(ref.view)
	}
}

// toggle selects a group, or no longer.
func (t *groupsTab) toggle(view int) {
	t.alter(func(m *groupsModel) { m.toggle(view) }, nil)
}

// key does what a key means to the line under the cursor: Space selects, Right
// and Left open and close, Return syncs, Delete rejects, K answers a member change,
// digits sort by a column.
func (t *groupsTab) key(i int, key fyne.KeyName) {
	if t.model == nil || i >= len(t.model.lines) {
		return
	}
	view := t.model.lines[i].view
	_, isOpen := t.model.open[t.model.views[view].key]
	switch key {
	case fyne.KeySpace:
		t.toggle(view)
		t.anchor = i
	case fyne.KeyRight:
		if !isOpen {
			t.openGroup(view)
		}
	case fyne.KeyLeft:
		if isOpen {
			t.closeGroup(view)
		}
	case fyne.KeyReturn, fyne.KeyEnter:
		t.syncOne(view)
	case fyne.KeyU:
		t.toggleUnchanged(view)
	case fyne.KeyA:
		t.accept(view)
	case fyne.Key1, fyne.Key2, fyne.Key3, fyne.Key4, fyne.Key5, fyne.Key6, fyne.Key7:
		t.headerTapped(nameColumn + int(key[0]-'1'))
	case fyne.KeyK:
		t.answer(i)
	case fyne.KeyN:
		t.rename(view)
	case fyne.KeyDelete, fyne.KeyBackspace:
		t.rejectOrWithdraw(view)
	}
}

// menu is what the other mouse button offers on a group and its lines. While it is
// open another snapshot may come: then it does nothing.
func (t *groupsTab) menu(i int) []*fyne.MenuItem {
	model, view := t.model, t.model.lines[i].view
	row := model.views[view].row
	_, isOpen := model.open[model.views[view].key]
	var items []*fyne.MenuItem
	offer := func(label string, do func()) {
		items = append(items, fyne.NewMenuItem(label, func() {
			if t.model != nil && t.model.review == model.review {
				do()
			}
		}))
	}
	if !isOpen {
		offer(lang.L("Open"), func() { t.toggleOpen(view) })
	} else {
		offer(lang.L("Close"), func() { t.toggleOpen(view) })
		offer(lang.L("Show or hide unchanged"), func() { t.toggleUnchanged(view) })
	}
	if app.Syncable(row) {
		offer(lang.L("Select, or no longer"), func() { t.toggle(view) })
		offer(lang.L("Sync group …"), func() { t.syncOne(view) })
	}
	if model.views[view].waits() {
		offer(lang.L("Accept"), func() { t.accept(view) })
	}
	if n := model.sums.undecided; n > 1 {
		offer(lang.L("Accept the %s selected groups", grouped(n)), func() { t.decide(func() error { return t.w.app.Accept(model.review, model.waiting(), "") }) })
	}
	t.offerAnswers(i, offer)
	switch {
	case row.State == review.Rejected || model.decided(row):
		offer(lang.L("Withdraw the decision"), func() { t.rejectOrWithdraw(view) })
	case app.Syncable(row):
		offer(lang.L("Reject …"), func() { t.rejectOrWithdraw(view) })
	}
	if n := model.ticks; n > 1 {
		offer(lang.L("Reject the %s selected groups …", grouped(n)), func() { t.askReject(n, "", model.selection) })
	}
	return items
}

func (t *groupsTab) toggleOpen(view int) {
	if _, isOpen := t.model.open[t.model.views[view].key]; isOpen {
		t.closeGroup(view)
	} else {
		t.openGroup(view)
	}
}

func (t *groupsTab) closeGroup(view int) {
	t.alter(func(m *groupsModel) { m.close(view) }, nil)
	t.goTo(view)
}

// goTo puts the cursor on a group.
func (t *groupsTab) goTo(view int) {
	line := -1
	t.alter(func(m *groupsModel) { line = m.lineOf(view) }, func() { t.list.SetCursor(line) })
}

// openGroup opens a group in place; its member changes are worked out in the
// background.
func (t *groupsTab) openGroup(view int) {
	model := t.model
	t.alter(func(m *groupsModel) { m.openWith(view, nil) }, nil)
	var inside *opened
	t.w.background(func() {
		inside = open(model.review, &model.views[view], model.limits, t.w.whatChanged(model.review, model.views[view].row))
	}, func() {
		if t.model == nil || t.model.review != model.review {
			return // another snapshot is shown
		}
		t.alter(func(m *groupsModel) {
			if _, still := m.open[m.views[view].key]; still {
				m.openWith(view, inside)
			}
		}, func() { t.w.debug("group opened", "group", model.views[view].row.Name) })
	})
}

// toggleUnchanged shows who stays as they are in an opened group, or no longer;
// who that is is worked out in the background.
func (t *groupsTab) toggleUnchanged(view int) {
	model := t.model
	inside := model.open[model.views[view].key]
	if inside == nil {
		return
	}
	if inside.unchanged != nil {
		t.alter(func(m *groupsModel) { m.openWith(view, inside.with(nil)) }, nil)
		return
	}
	t.alter(func(m *groupsModel) {
		if m.open[m.views[view].key] == inside {
			m.openWith(view, inside.with(m.review.Unchanged(m.views[view].row)))
		}
	}, nil)
}

func (t *groupsTab) syncOne(view int) {
	row := t.model.views[view].row
	if app.Syncable(row) && t.w.job == nil {
		t.w.confirmSync(plan.Selection{Rows: []*review.Row{row}})
	}
}

// accept notes that a group may be synced as reviewed.
func (t *groupsTab) accept(view int) {
	if r, v := t.model.review, &t.model.views[view]; v.waits() {
		t.decide(func() error { return t.w.app.Accept(r, []*review.Row{v.row}, "") })
	}
}

// rejectOrWithdraw asks for the reason of a rejection, or takes one back.
func (t *groupsTab) rejectOrWithdraw(view int) {
	row, r := t.model.views[view].row, t.model.review
	if t.model.decided(row) {
		t.decide(func() error { return t.w.app.Withdraw(r, []*review.Row{row}) })
		return
	}
	if app.Syncable(row) {
		t.askReject(1, row.Name, only(row))
	}
}

// askReject asks for the reason why n groups, or the one of a name, stay as they are.
func (t *groupsTab) askReject(n int, name string, which rows) {
	if !t.w.latestOnly() {
		return
	}
	r, title := t.model.review, lang.L("Reject the sync of this group")
	stay := lang.L("“%s” stays as it is in Atlassian until this is withdrawn, or what it rests on changes.", display.Line(name))
	if n > 1 {
		title = lang.L("Reject the sync of %s groups", grouped(n))
		stay = lang.L("The %s selected groups stay as they are in Atlassian until this is withdrawn, or what it rests on changes.", grouped(n))
	}
	reason := widget.NewMultiLineEntry()
	reason.SetPlaceHolder(lang.L("Why it stays as it is; kept with the decision"))
	reason.SetMinRowsVisible(3)
	text := wrapped(stay)
	ask := dialog.NewCustomConfirm(title, lang.L("Reject"), lang.L("Keep open"), container.NewBorder(text, nil, nil, nil, reason), func(yes bool) {
		if yes {
			t.decide(func() error { return t.w.app.Reject(r, which(), reason.Text) })
		}
	}, t.w.win)
	ask.Resize(room(t.w.win, 520, 260))
	ask.Show()
	t.w.win.Canvas().Focus(reason)
}

// decide keeps a decision in the background, and reviews again.
func (t *groupsTab) decide(keep func() error) {
	if !t.w.latestOnly() {
		return
	}
	var err error
	t.w.background(func() { err = keep() }, func() {
		if err != nil {
			t.w.fail(err)
			return
		}
		t.w.load(nil)
	})
}
