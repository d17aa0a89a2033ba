package screens

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/widget"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/progress"
	"github.com/rollcall-app/rollcall/app/run"
)

// confirmUndo works out in the background what undoing would do, and asks for it
// as for a sync.
func (w *Window) confirmUndo(what app.Undoing, title string) {
	if w.job != nil {
		return
	}
	settings := w.settings
	var undo *app.Undo
	var err error
	w.background(func() { undo, err = w.app.MakeUndo(what) }, func() {
		if err != nil {
			w.fail(err)
			return
		}
		w.ask(&confirmation{
			w: w, review: undo.Review, heading: lang.L("Undo %s?", title), notes: undo.Notes, verb: undoGroups,
			make: func(overrides plan.Overrides) *plan.Plan { return undo.Plan(settings.Terms(overrides)) },
		})
	})
}

// unfinished is the run that was interrupted, or nil.
func (w *Window) unfinished() *run.Report {
	for i := range w.runs {
		if w.runs[i].Ended.IsZero() && w.job == nil {
			return &w.runs[i]
		}
	}
	return nil
}

// askToResume says at the start that a run was interrupted, and how to go on.
func (w *Window) askToResume() {
	report := w.unfinished()
	if report == nil {
		return
	}
	text := wrapped(lang.L("The run of %s was interrupted. Going on looks first at what took effect: nothing is done twice. Until then nothing else is synced.",
		moment(report.Began)))
	var ask *dialog.CustomDialog
	resume := widget.NewButton(lang.L("Resume"), func() { ask.Hide(); w.resume() })
	resume.Importance = widget.HighImportance
	giveUp := widget.NewButton(lang.L("Give up"), func() { ask.Hide(); w.giveUp() })
	ask = dialog.NewCustomWithoutButtons(lang.L("A run isn't finished"), container.NewVBox(text), w.win)
	ask.SetButtons([]fyne.CanvasObject{widget.NewButton(lang.L("Later"), func() { ask.Hide() }), giveUp, resume})
	ask.Resize(room(w.win, 560, 200))
	ask.Show()
	w.debug("asked to resume", "run", report.ID)
}

func (w *Window) resume() {
	w.perform(func(ctx context.Context, tell progress.Func) (*run.Report, error) { return w.app.Resume(ctx, tell) })
}

// giveUp ends the interrupted run without doing what is left of it.
func (w *Window) giveUp() {
	var err error
	w.background(func() { err = w.app.GiveUp() }, func() {
		if err != nil {
			w.fail(err)
			return
		}
		w.load(nil)
	})
}

// perform runs something with progress, and says what became of it.
func (w *Window) perform(work func(context.Context, progress.Func) (*run.Report, error)) {
	var report *run.Report
	w.start(func(ctx context.Context, tell progress.Func) (err error) {
		report, err = work(ctx, tell)
		return err
	}, func(err error) {
		if err != nil {
			w.load(func() { w.fail(err) })
			return
		}
		w.load(func() { w.showReport(report) })
	})
}
