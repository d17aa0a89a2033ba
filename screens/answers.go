package screens

import (
	"context"
	"io"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/widget"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/display"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/progress"
	"github.com/rollcall-app/rollcall/app/review"
	"github.com/rollcall-app/rollcall/widgets"
)

// whatChanged says what differs from what the decision about a row rested on; off
// the UI goroutine. That it can't be read is no reason not to show the group.
func (w *Window) whatChanged(r *review.Review, row *review.Row) []string {
	if row.State != review.Changed {
		return nil
	}
	sentences, err := w.app.WhatChanged(r, row)
	if err != nil {
		w.debug("what changed can't be told", "cause", err)
	}
	return sentences
}

// answer answers the member change in a line, or takes that back.
func (t *groupsTab) answer(line int) {
	row, change, ok := t.model.answerable(line)
	if !ok {
		return
	}
	if answer, answered := t.model.review.AnswerTo(row, change); answered {
		t.decide(func() error { return t.w.app.Unanswer(answer) })
		return
	}
	t.keepAnswers(t.model.review.NewAnswer(row, change))
}

// answerable gives the member change in a line, where there is one to answer.
func (m *groupsModel) answerable(line int) (*review.Row, *review.Change, bool) {
	ref := m.lines[line]
	view := &m.views[ref.view]
	if ref.kind != changeLine || !app.Syncable(view.row) {
		return nil, nil, false
	}
	change := m.open[view.key].change(ref.index)
	return view.row, change, change.Kind != review.Unchanged
}

// keepAnswers keeps answers in the background.
func (t *groupsTab) keepAnswers(answers ...review.Answer) {
	r := t.model.review
	t.decide(func() error { return t.w.app.Answer(r, answers...) })
}

// answerAll answers all member changes of a kind of some rows; who that is is
// worked out in the background.
func (t *groupsTab) answerAll(which rows, kind review.AnswerKind) {
	r := t.model.review
	t.decide(func() error { return t.w.app.Answer(r, app.AnswersTo(r, which(), kind)...) })
}

// rename asks for the name that an IdP group shall have, or takes that back.
func (t *groupsTab) rename(view int) {
	row, r := t.model.views[view].row, t.model.review
	if answer, renamed := t.model.renaming(row); renamed {
		t.decide(func() error { return t.w.app.Unanswer(answer) })
		return
	}
	if !app.Syncable(row) || !t.w.latestOnly() {
		return
	}
	free := ""
	t.w.background(func() { free = r.FreeName(row) }, func() { t.askName(r, row, free) })
}

func (t *groupsTab) askName(r *review.Review, row *review.Row, free string) {
	name := widget.NewEntry()
	name.SetText(free)
	provider := app.ProviderTitle(r.Snapshot.IdP.Provider)
	text := wrapped(lang.L("“%s” gets another name in %s, so that Atlassian's group of this name stays as it is. The name below is free on both sides.", display.Line(row.Name), provider))
	ask := dialog.NewCustomConfirm(lang.L("Rename the IdP group"), lang.L("Put on the list"), lang.L("Cancel"), container.NewVBox(text, name), func(yes bool) {
		if yes {
			t.keepAnswers(app.RenameAnswer(r, row, name.Text))
		}
	}, t.w.win)
	ask.Resize(room(t.w.win, 560, 240))
	ask.Show()
	t.w.win.Canvas().Focus(name)
}

// offerAnswers offers what can be answered about a line, its group, and the
// selected groups.
func (t *groupsTab) offerAnswers(line int, offer func(string, func())) {
	m := t.model
	ref := m.lines[line]
	row := m.views[ref.view].row
	if !app.Syncable(row) {
		return
	}
	if _, change, ok := m.answerable(line); ok {
		label := lang.L("Don't let this person in: remove from the IdP group")
		if change.Kind == review.Removed {
			label = lang.L("Keep this person: add to the IdP group")
		}
		if _, answered := m.review.AnswerTo(row, change); answered {
			label = lang.L("Withdraw the answer")
		}
		offer(label, func() { t.answer(line) })
	}
	if row.Removed > 0 {
		offer(plural(row.Removed, "Keep the %s person who would be removed", "Keep all %s people who would be removed"), func() { t.answerAll(only(row), review.Keep) })
	}
	if row.Added > 0 {
		offer(plural(row.Added, "Keep out the %s person who would be added", "Keep out all %s people who would be added"), func() { t.answerAll(only(row), review.KeepOut) })
	}
	offer(lang.L("Rename the IdP group …"), func() { t.rename(ref.view) })
	if answers := m.review.Answers(row); len(answers) > 0 {
		offer(plural(len(answers), "Withdraw %s answer", "Withdraw %s answers"), func() { t.decide(func() error { return t.w.app.Unanswer(answers...) }) })
	}
	if n := m.ticks; n > 1 {
		offer(lang.L("Keep all who would be removed from the %s selected groups", grouped(n)), func() { t.answerAll(m.selection, review.Keep) })
		offer(lang.L("Keep out all who would be added to the %s selected groups", grouped(n)), func() { t.answerAll(m.selection, review.KeepOut) })
	}
}

// showTodos lists what was answered, with how it is done by hand, and offers to do
// it where the provider can be changed.
func (w *Window) showTodos() {
	r := w.review
	if r == nil {
		return
	}
	var todos []app.Todo
	var err error
	w.background(func() { todos, err = w.app.Todos(r) }, func() {
		if err != nil {
			w.fail(err)
			return
		}
		w.listTodos(r, todos)
	})
}

func (w *Window) listTodos(r *review.Review, todos []app.Todo) {
	provider := app.ProviderTitle(r.Snapshot.IdP.Provider)
	var shown *dialog.CustomDialog
	list := widget.NewList(func() int { return len(todos) }, func() fyne.CanvasObject { return newTodoRow() }, func(i int, object fyne.CanvasObject) { object.(*todoRow).show(&todos[i]) })
	intro := wrapped(lang.L("What was answered is done in %s: by you, or from here. A group with something to do isn't synced. The next fetch checks off what is done.", provider))
	shown = dialog.NewCustomWithoutButtons(lang.L("To do in %s", provider), container.NewBorder(intro, nil, nil, nil, list), w.win)
	buttons := []fyne.CanvasObject{
		widget.NewButton(lang.L("Back"), func() { shown.Hide() }),
		widget.NewButton(lang.L("Copy"), func() { w.fyneApp.Clipboard().SetContent(todoText(todos)) }),
		widget.NewButton(lang.L("Save …"), func() { w.saveTodos(todos) }),
	}
	if app.Writable(r) {
		do := widget.NewButton(lang.L("Do it in %s …", provider), func() { shown.Hide(); w.planAnswers(r) })
		do.Importance = widget.HighImportance
		able(do, w.job == nil && w.looking == "" && len(app.Answered(r)) > 0)
		buttons = append(buttons, do)
	}
	shown.SetButtons(buttons)
	shown.Resize(room(w.win, 900, 560))
	shown.Show()
}

// todoRow shows one thing to do: what, and below it how.
type todoRow struct {
	widget.BaseWidget
	what, how *widget.Label
}

func newTodoRow() *todoRow {
	r := &todoRow{what: widget.NewLabelWithStyle("", fyne.TextAlignLeading, fyne.TextStyle{Bold: true}), how: widget.NewLabel("")}
	r.what.Truncation, r.how.Truncation = fyne.TextTruncateEllipsis, fyne.TextTruncateEllipsis
	r.ExtendBaseWidget(r)
	return r
}

// CreateRenderer implements fyne.Widget.
func (r *todoRow) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(container.NewVBox(r.what, r.how))
}

func (r *todoRow) show(todo *app.Todo) {
	mark, how, importance := "☐  ", todo.ByHand, widget.MediumImportance
	switch {
	case !todo.Done.IsZero():
		mark, how, importance = "✓  ", lang.L("Done: the fetch of %s shows it.", moment(todo.Done)), widget.LowImportance
	case todo.Obstacle != "":
		how = lang.L("By hand only, as %s. %s", todo.Obstacle, how)
	}
	r.what.Importance, r.how.Importance = importance, widget.LowImportance
	what := todo.String()
	r.what.SetText(display.Line(mark + strings.ToUpper(what[:1]) + what[1:]))
	r.how.SetText(display.Line(how))
}

func todoText(todos []app.Todo) string {
	var text strings.Builder
	for i := range todos {
		text.WriteString(display.Line(todos[i].Line()) + "\n")
	}
	return text.String()
}

// saveTodos asks for a file and writes the list there.
func (w *Window) saveTodos(todos []app.Todo) {
	w.askFile("rollcall-to-do.txt", lang.L("The list"), func(out fyne.URIWriteCloser) {
		w.writeFile(lang.L("The list"), out.URI().Name(), out, func() error {
			_, err := io.WriteString(out, todoText(todos))
			return err
		})
	})
}

// planAnswers asks the provider what else the groups feed, and then for one
// confirmation of everything that was answered.
func (w *Window) planAnswers(r *review.Review) {
	var p *plan.Plan
	w.start(func(ctx context.Context, tell progress.Func) (err error) {
		p, err = w.app.PlanAnswers(ctx, r, app.Answered(r), tell)
		return err
	}, func(err error) {
		if err != nil {
			w.fail(err)
			return
		}
		question := plural(len(p.Sources), "Change %s group in %s?", "Change %s groups in %s?", app.ProviderTitle(r.Snapshot.IdP.Provider))
		w.notify(question)
		w.ask(&confirmation{
			w: w, review: r, heading: question, verb: changeGroups, notes: []string{},
			make: func(plan.Overrides) *plan.Plan { return p },
		})
	})
}

// showSources lists what the plan changes in the identity provider, and what else
// hangs on that; it gives how many groups are changed.
func (c *confirmation) showSources() (n int) {
	for i := range c.plan.Sources {
		group := &c.plan.Sources[i]
		var lines []string
		for _, step := range group.Steps() {
			lines = append(lines, display.Line(step.String()))
		}
		for _, left := range group.LeftOut {
			lines = append(lines, display.Line(lang.L("Left for you: %s: %s.", left.What, left.Why)))
		}
		if len(lines) > shownPeople {
			lines = append(lines[:shownPeople], lang.L("… and %s more: see Operations.", grouped(len(lines)-shownPeople)))
		}
		c.findings.Add(wrapped(strings.Join(lines, "\n")))
		fill, ink := widgets.FillWarn, widgets.InkWarn
		if group.Uses.Known && len(group.Uses.Applications) == 0 {
			fill, ink = widgets.FillInfo, widgets.InkInfo
		}
		c.findings.Add(widgets.NewBanner(fill, ink, wrapped(display.Line(group.Others()))))
		if group.Operations() > 0 {
			n++
		}
	}
	return n
}
