package screens

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/progress"
)

// statusBar stands below the tabs: what is running, with progress and cancel,
// and how old what is shown is.
type statusBar struct {
	object fyne.CanvasObject

	task   *widget.Label
	bar    *widget.ProgressBar
	rate   *widget.Label
	cancel *widget.Button
	synced *widget.Label
	age    *widget.Label

	// stage is what is being done, which began so long after the job, with so
	// many done of the stages before.
	stage struct {
		name  string
		began time.Duration
		done  int
	}
}

func newStatusBar(cancel func()) *statusBar {
	s := &statusBar{
		task: widget.NewLabel(lang.L("Ready")), bar: widget.NewProgressBar(), rate: widget.NewLabel(""),
		synced: widget.NewLabelWithStyle("", fyne.TextAlignTrailing, fyne.TextStyle{Bold: true}), age: widget.NewLabel(""),
	}
	s.rate.Importance, s.age.Importance = widget.LowImportance, widget.LowImportance
	s.cancel = widget.NewButton(lang.L("Cancel"), cancel)
	s.cancel.Importance = widget.LowImportance
	s.bar.TextFormatter = func() string { return "" }
	s.object = container.NewVBox(widget.NewSeparator(), container.NewBorder(nil, nil,
		container.NewHBox(s.task, container.NewCenter(container.NewGridWrap(fyne.NewSize(200, 22), s.bar)), s.rate, s.cancel),
		container.NewHBox(s.synced, s.age)))
	s.idle()
	return s
}

// idle shows that nothing is running.
func (s *statusBar) idle() {
	s.stage.name = ""
	s.task.SetText(lang.L("Ready"))
	s.bar.Hide()
	s.rate.Hide()
	s.cancel.Hide()
	s.object.Refresh()
}

// say shows a sentence until something runs.
func (s *statusBar) say(text string) {
	s.task.SetText(text)
	s.object.Refresh()
}

// progress shows how far a job is that began some time ago, its rate and the time
// left of what it is doing.
func (s *statusBar) progress(report progress.Report, spent time.Duration) {
	if report.Stage != s.stage.name {
		s.stage.name, s.stage.began, s.stage.done = report.Stage, spent, report.Done
	}
	defer s.object.Refresh() // with other widths
	s.cancel.Show()
	s.bar.Show()
	s.rate.Show()
	s.task.SetText(report.Stage)
	if report.Total == 0 {
		s.bar.SetValue(0)
		s.rate.SetText("")
		return
	}
	s.task.SetText(lang.L("%s · %s of %s", report.Stage, grouped(report.Done), grouped(report.Total)))
	s.bar.SetValue(report.Part(spent))
	done, within := report.Done-s.stage.done, spent-s.stage.began
	if done == 0 || within < time.Second {
		s.rate.SetText("")
		return
	}
	rate := float64(done) / within.Seconds()
	left := report.Left.Round(time.Second)
	if left == 0 {
		left = time.Duration(float64(report.Total-report.Done)/rate) * time.Second
	}
	s.rate.SetText(lang.L("%.1f/s · %s left", rate, left))
}

// tell shows the state of what is shown.
func (s *statusBar) tell(synced, age string) {
	s.synced.SetText(synced)
	s.age.SetText(age)
	s.object.Refresh()
}
