package screens

import (
	"io"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/widget"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/report"
	"github.com/rollcall-app/rollcall/widgets"
)

// reportTitles are the formats in words.
func reportTitles() map[string]string {
	return map[string]string{
		report.XLSX: lang.L("Excel workbook"), report.HTML: lang.L("Page that prints well"), report.CSV: lang.L("CSV of the member changes, or operations"),
	}
}

// askReport asks what to report, and how.
func (w *Window) askReport() {
	subjects, makers := w.reportable()
	if len(subjects) == 0 {
		w.fail(problem.New(problem.NoSnapshot, lang.L("Nothing has been fetched yet."), lang.L("Connect both sides and fetch, then there is something to report.")))
		return
	}
	subject, format := widget.NewSelect(subjects, nil), widget.NewRadioGroup(nil, nil)
	for _, name := range []string{report.XLSX, report.HTML, report.CSV} {
		format.Append(reportTitles()[name])
	}
	widgets.MakeRoom(subject)
	subject.SetSelectedIndex(0)
	format.SetSelected(reportTitles()[report.XLSX])
	ask := dialog.NewCustomConfirm(lang.L("Report"), lang.L("Write …"), lang.L("Cancel"), widget.NewForm(widget.NewFormItem(lang.L("Of"), subject), widget.NewFormItem(lang.L("As"), format)), func(yes bool) {
		if !yes {
			return
		}
		for name, title := range reportTitles() {
			if title == format.Selected {
				w.saveReport(makers[subject.SelectedIndex()], name)
			}
		}
	}, w.win)
	ask.Resize(room(w.win, 560, 260))
	ask.Show()
}

// reportable lists what can be reported; the makers work off the UI goroutine.
func (w *Window) reportable() (subjects []string, makers []func() (*report.Report, error)) {
	offer := func(subject string, make func() (*report.Report, error)) {
		subjects, makers = append(subjects, subject), append(makers, make)
	}
	if r, settings := w.review, w.settings; r != nil {
		offer(lang.L("the review"), func() (*report.Report, error) { return report.Review(r, settings.Thresholds()), nil })
		offer(lang.L("a simulation of syncing all groups"), func() (*report.Report, error) {
			return report.Simulation(r, plan.Make(r, app.All(r), settings.Terms(nil))), nil
		})
	}
	for i := range w.runs {
		id := w.runs[i].ID
		offer(lang.L("the run of %s", instant(w.runs[i].Began)), func() (*report.Report, error) {
			past, err := w.app.Store.Past(id)
			if err != nil {
				return nil, err
			}
			return report.Run(past), nil
		})
	}
	return subjects, makers
}

// saveReport asks for a file and writes the report there.
func (w *Window) saveReport(make func() (*report.Report, error), format string) {
	w.askFile("rollcall-report."+format, lang.L("The report"), func(out fyne.URIWriteCloser) { w.writeReport(make, format, out.URI().Name(), out) })
}

func (w *Window) writeReport(make func() (*report.Report, error), format, name string, out io.WriteCloser) {
	w.writeFile(lang.L("The report"), name, out, func() error {
		made, err := make()
		if err == nil {
			err = made.Write(out, format, "")
		}
		return err
	})
}
