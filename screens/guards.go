package screens

import (
	"fmt"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/widget"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/problem"
)

// showGuards lists the guards, and lets a person set from where on they stop.
func (w *Window) showGuards() {
	limits := w.settings.Thresholds()
	fields := []struct {
		title string
		value *int
		entry *widget.Entry
	}{
		{lang.L("Removals in one group: over this share, in percent,"), &limits.GroupRemovalsPercent, nil},
		{lang.L("… and over this number of people"), &limits.GroupRemovalsPeople, nil},
		{lang.L("Removals in one run: over this number"), &limits.RunRemovals, nil},
		{lang.L("Snapshot: older than this many hours"), &limits.StaleHours, nil},
	}
	form := widget.NewForm()
	for i := range fields {
		fields[i].entry = widget.NewEntry()
		fields[i].entry.SetText(strconv.Itoa(*fields[i].value))
		form.Append(fields[i].title, fields[i].entry)
	}
	content := container.NewVBox(wrapped(lang.L("A guard stops what may take away access until somebody overrides it by name. Each change here is kept in the history.")), form, widget.NewSeparator(), muted(guardLines(limits)))
	var ask *dialog.CustomDialog
	save := widget.NewButton(lang.L("Save"), func() {
		for i := range fields {
			n, err := strconv.Atoi(strings.TrimSpace(fields[i].entry.Text))
			if err != nil {
				w.fail(problem.New(problem.Usage, lang.L("“%s” isn't a whole number.", fields[i].entry.Text), lang.L("Give one like 25.")))
				return
			}
			*fields[i].value = n
		}
		w.saveGuards(limits, func() { ask.Hide() })
	})
	save.Importance = widget.HighImportance
	ask = dialog.NewCustomWithoutButtons(lang.L("Guards"), container.NewVScroll(content), w.win)
	ask.SetButtons([]fyne.CanvasObject{widget.NewButton(lang.L("Cancel"), func() { ask.Hide() }), save})
	ask.Resize(room(w.win, 760, 600))
	ask.Show()
}

// guardLines says what each guard stops.
func guardLines(limits plan.Thresholds) string {
	var lines []string
	for _, guard := range plan.Guards {
		line := fmt.Sprintf("%s: %s", app.Word(guard), guard.Stops(limits))
		if !guard.Overridable() {
			line += lang.L(" (can't be overridden)")
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func (w *Window) saveGuards(limits plan.Thresholds, then func()) {
	var err error
	w.background(func() { err = w.app.SetThresholds(limits) }, func() {
		if err != nil {
			w.fail(err)
			return
		}
		then()
		w.load(nil)
	})
}
