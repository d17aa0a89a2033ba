package screens

import (
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/display"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/review"
	"github.com/rollcall-app/rollcall/app/run"
	"github.com/rollcall-app/rollcall/widgets"
)

// historyTab lists the runs, and what each did.
type historyTab struct {
	item *container.TabItem
	w    *Window

	list  *widgets.LineList
	lines []historyLine
	open  map[string]bool
	still *widget.Label

	runColumns *widgets.Columns

	content, empty fyne.CanvasObject
}

// historyLine is a run, or a group or a person of an opened one.
type historyLine struct {
	run    *run.Report
	group  *run.GroupResult
	person *run.PersonResult
}

var (
	resultColumns = &widgets.Columns{List: []widgets.Column{
		{Width: 24}, {Weight: 2}, {Width: 110, Holds: resultWords}, {Width: 120}, {Weight: 5}, {Width: 90, Holds: runActions},
	}}
)

func runActions() []string { return []string{lang.L("Undo …"), lang.L("Resume …")} }

func resultWords() []string {
	var words []string
	for _, result := range []run.Result{run.Synced, run.Waiting, run.Blocked, run.Skipped, run.Changed, run.Failed, run.Answered} {
		words = append(words, app.Word(result))
	}
	return words
}

func newRunColumns() *widgets.Columns {
	return &widgets.Columns{List: []widgets.Column{
		{Width: 24}, {Title: lang.L("When"), Width: 180}, {Title: lang.L("By"), Width: 140}, {Title: lang.L("What"), Weight: 1},
		{Title: lang.L("Requests"), Width: 110, Trailing: true, Holds: holds()}, {Width: 90, Holds: runActions},
	}}
}

func newHistoryTab(w *Window) *historyTab {
	t := &historyTab{w: w, runColumns: newRunColumns(), open: map[string]bool{}}
	t.list = widgets.NewLineList(func() int { return len(t.lines) }, t.line)
	t.list.Tips = w.tips
	t.list.OnTapped = func(i, column int, _ bool) {
		if column == undoColumn {
			t.act(i)
		} else {
			t.toggle(i)
		}
	}
	t.list.OnKey = func(i int, key fyne.KeyName) {
		if key == fyne.KeyDelete || key == fyne.KeyBackspace {
			t.act(i)
		}
		if key == fyne.KeyReturn || key == fyne.KeySpace || key == fyne.KeyRight || key == fyne.KeyLeft {
			t.toggle(i)
		}
	}
	t.still = wrapped("")
	still := widgets.NewBanner(widgets.FillInfo, widgets.InkInfo,
		container.NewBorder(nil, nil, nil, widget.NewButton(lang.L("Open the page"), w.openAdminPage), t.still))
	table := widgets.NewPanel("", widgets.Outline, container.NewBorder(widgets.NewHeader(t.runColumns), nil, nil, nil, t.list.Framed()))
	t.content = spaced(above(container.NewVBox(still, gap(1, 2)), table))
	t.empty = emptyState(lang.L("No run yet"), lang.L("What you sync is written down here, group by group."), lang.L("Review groups"), func() { w.tabs.Select(w.groups.item) })
	t.item = container.NewTabItem(lang.L("History"), container.NewStack(t.content, t.empty))
	return t
}

// show brings the tab up to date.
func (t *historyTab) show() {
	t.content.Hide()
	t.empty.Show()
	if len(t.w.runs) > 0 {
		t.content.Show()
		t.empty.Hide()
	}
	t.still.SetText(app.StillListed(t.w.settings.IdP.Provider))
	t.lines = nil
	for i := range t.w.runs {
		report := &t.w.runs[i]
		t.lines = append(t.lines, historyLine{run: report})
		if t.open[report.ID] {
			for g := range report.Groups {
				t.lines = append(t.lines, historyLine{run: report, group: &report.Groups[g]})
			}
			for p := range report.People {
				t.lines = append(t.lines, historyLine{run: report, person: &report.People[p]})
			}
		}
	}
	t.list.Refresh()
}

// undoColumn is where a line says what can be done about it.
const undoColumn = 5

// undoable says of a line what Undo would take back; ok is false where there is
// nothing.
func (l *historyLine) undoable() (what app.Undoing, title string, ok bool) {
	what.Run = l.run.ID
	switch {
	case l.run.Ended.IsZero():
		return what, "", false
	case l.group != nil:
		what.Group = l.group.Name
		title := lang.L("the sync of “%s”", display.Line(l.group.Name))
		if l.group.InIdP {
			title = lang.L("the changes of “%s” in the identity provider", display.Line(l.group.Name))
		}
		return what, title, l.group.Added+l.group.Removed > 0 || l.group.Renamed != ""
	case l.person != nil:
		what.Person = l.person.Email
		return what, lang.L("what was done to %s", display.Line(l.person.Email)), l.person.Email != "" && l.person.Result == run.Synced && l.person.Kind != review.CreatePerson
	}
	counts := l.run.Counts()
	return what, lang.L("the run of %s", moment(l.run.Began)), counts.Added+counts.Removed > 0 || counts.Results[run.Answered] > 0 || counts.Results[run.Synced] > len(l.run.Groups)
}

// act undoes what a line tells of, or resumes an interrupted run.
func (t *historyTab) act(i int) {
	if i >= len(t.lines) || t.w.job != nil {
		return
	}
	line := t.lines[i]
	if line.run.Ended.IsZero() {
		t.w.askToResume()
		return
	}
	if what, title, ok := line.undoable(); ok {
		t.w.confirmUndo(what, title)
	}
}

// action is what act does, as a cell.
func (t *historyTab) action(line *historyLine) widgets.Cell {
	text := ""
	if line.run.Ended.IsZero() {
		text = lang.L("Resume …")
	} else if _, _, ok := line.undoable(); ok {
		text = lang.L("Undo …")
	}
	return widgets.Cell{{Text: text, Ink: widgets.InkInfo, Bold: true}}
}

func (t *historyTab) toggle(i int) {
	if i < len(t.lines) && t.lines[i].group == nil && t.lines[i].person == nil {
		id := t.lines[i].run.ID
		t.open[id] = !t.open[id]
		t.show()
	}
}

func (t *historyTab) line(i int) widgets.Line {
	line := t.lines[i]
	switch {
	case line.group != nil:
		changes := fmt.Sprintf("+%s −%s", grouped(line.group.Added), grouped(line.group.Removed))
		if line.group.Renamed != "" {
			changes += lang.L(" renamed")
		}
		return t.resultLine(&line, line.group.Title(), line.group.Result, changes, line.group.Error)
	case line.person != nil:
		return t.resultLine(&line, line.person.Name, line.person.Result, app.Word(line.person.Kind), line.person.Error)
	}
	arrow := "▸"
	if t.open[line.run.ID] {
		arrow = "▾"
	}
	what := summarizeRun(line.run)
	if line.run.Ended.IsZero() {
		what = lang.L("Interrupted: Rollcall was ended in the middle.")
	} else if line.run.Undoes != "" {
		what = lang.L("Undo: %s", what)
	}
	if line.run.Reason != "" {
		what += " " + display.Line(line.run.Reason)
	}
	return widgets.Line{Columns: t.runColumns, Cells: []widgets.Cell{
		{{Text: arrow, Ink: widgets.InkMuted}},
		{{Text: instant(line.run.Began), Bold: true}},
		{{Text: line.run.By}}, {{Text: what}},
		{{Text: grouped(line.run.IdP.Requests + line.run.Atlassian.Requests), Ink: widgets.InkMuted}}, t.action(&line),
	}}
}

// resultLine tells what became of a group or a person.
func (t *historyTab) resultLine(line *historyLine, name string, result run.Result, what, why string) widgets.Line {
	ink, fill := widgets.InkWarn, widgets.FillWarn
	switch result {
	case run.Synced, run.Answered:
		ink, fill = widgets.InkGain, widgets.FillGain
	case run.Failed:
		ink, fill = widgets.InkLoss, widgets.FillLoss
	case run.Blocked:
		ink, fill = widgets.InkBlocked, widgets.FillBlocked
	}
	return widgets.Line{Columns: resultColumns, Fill: widgets.FillOpened, Cells: []widgets.Cell{
		{}, {{Text: name}}, {{Text: app.Word(result), Ink: ink, Fill: fill, Bold: true}},
		{{Text: what}}, {{Text: why, Ink: widgets.InkMuted}}, t.action(line),
	}}
}
