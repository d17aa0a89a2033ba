package screens

import (
	"errors"
	"fmt"
	"io"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/widget"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/display"
	"github.com/rollcall-app/rollcall/app/drift"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/widgets"
)

// snapshotsDialog lists the kept snapshots, with what can be done to the chosen
// one.
type snapshotsDialog struct {
	w      *Window
	notes  []app.SnapshotNote
	chosen int // in notes, or -1
	list   *widget.List
	dialog *dialog.CustomDialog

	review, compare, export, forget *widget.Button
}

// showSnapshots opens the dialog.
func (w *Window) showSnapshots() {
	s := newSnapshotsDialog(w)
	s.load(s.dialog.Show)
}

func newSnapshotsDialog(w *Window) *snapshotsDialog {
	s := &snapshotsDialog{w: w, chosen: -1}
	s.list = widget.NewList(func() int { return len(s.notes) },
		func() fyne.CanvasObject { return widget.NewLabel("") },
		func(i int, object fyne.CanvasObject) { object.(*widget.Label).SetText(snapshotLine(&s.notes[i])) })
	s.list.OnSelected = func(i int) { s.choose(i) }
	s.review = widget.NewButton(lang.L("Review it"), s.reviewIt)
	s.compare = widget.NewButton(lang.L("What changed since"), s.compareIt)
	s.export = widget.NewButton(lang.L("Export …"), s.exportIt)
	s.forget = widget.NewButton(lang.L("Forget it"), s.forgetIt)
	top := container.NewVBox(
		wrapped(lang.L("The last two fetches are kept by themselves; keep others under a name. A colleague can import what you export, and review it offline. Nothing is ever synced from any but the latest.")),
		container.NewHBox(widget.NewButton(lang.L("Keep the latest as …"), s.keepLatest), widget.NewButton(lang.L("Import …"), s.importOne)))
	s.dialog = dialog.NewCustomWithoutButtons(lang.L("Snapshots"), between(top, s.list, container.NewHBox(s.review, s.compare, s.export, s.forget)), w.win)
	s.dialog.SetButtons([]fyne.CanvasObject{widget.NewButton(lang.L("Close"), s.dialog.Hide)})
	s.dialog.Resize(room(w.win, 820, 520))
	s.choose(-1)
	return s
}

func snapshotLine(note *app.SnapshotNote) string {
	return display.Line(fmt.Sprintf("%s  ·  %s  ·  %s, %s  ·  %s, %s", note.Name, moment(note.TakenAt),
		note.Organization, app.ProviderTitle(note.Provider), plural(note.Groups, "%s group", "%s groups"), plural(note.People, "%s person", "%s people")))
}

// load lists the snapshots anew.
func (s *snapshotsDialog) load(then func()) {
	var notes []app.SnapshotNote
	s.do(func() (err error) {
		notes, err = s.w.app.Snapshots()
		return err
	}, func() {
		s.notes = notes
		s.list.UnselectAll()
		s.choose(-1)
		s.list.Refresh()
		then()
	})
}

// do does something in the background, then something on the screen where it
// succeeded.
func (s *snapshotsDialog) do(work func() error, then func()) {
	var err error
	s.w.background(func() { err = work() }, func() {
		if err != nil {
			s.w.fail(err)
			return
		}
		then()
	})
}

func (s *snapshotsDialog) choose(i int) {
	s.chosen = i
	for _, button := range []*widget.Button{s.review, s.compare, s.export, s.forget} {
		able(button, i >= 0)
	}
	if i >= 0 {
		able(s.compare, s.notes[i].Name != app.Latest)
		able(s.forget, s.notes[i].Name != app.Latest && s.notes[i].Name != app.Previous)
	}
}

func (s *snapshotsDialog) name() string { return s.notes[s.chosen].Name }

// reviewIt shows the chosen snapshot in place of the latest.
func (s *snapshotsDialog) reviewIt() {
	s.dialog.Hide()
	s.w.look(s.name())
}

// look shows a kept snapshot, or the latest.
func (w *Window) look(name string) {
	w.loadNamed(name, func() { w.tabs.Select(w.groups.item) })
}

// newKeptNotice says above the tabs that a kept snapshot is shown.
func (w *Window) newKeptNotice() fyne.CanvasObject {
	w.keptText = widget.NewLabel("")
	w.kept = container.New(layout.NewCustomPaddedLayout(8, 0, 16, 16), widgets.NewBanner(widgets.FillInfo, widgets.InkInfo,
		container.NewBorder(nil, nil, nil, widget.NewButton(lang.L("Back to the latest"), func() { w.look(app.Latest) }), w.keptText)))
	w.kept.Hide()
	return w.kept
}

// showKept brings the notice up to date.
func (w *Window) showKept() {
	w.kept.Hide()
	if w.looking != "" && w.review != nil {
		w.keptText.SetText(lang.L("You are looking at the snapshot “%s”, taken %s. Nothing is decided or synced from it.", display.Line(w.looking), moment(w.review.Snapshot.TakenAt)))
		w.kept.Show()
	}
	w.content.Refresh() // with or without room for the notice
}

// latestOnly says whether the latest snapshot is shown, and else tells that
// nothing is decided or synced from another: its facts may be no longer true.
func (w *Window) latestOnly() bool {
	if w.looking == "" {
		return true
	}
	w.fail(problem.New(problem.Refused, lang.L("You are looking at the snapshot “%s”: nothing is decided or synced from it.", display.Line(w.looking)),
		lang.L("Go back to the latest first.")))
	return false
}

// compareIt tells what changed from the chosen snapshot to the latest.
func (s *snapshotsDialog) compareIt() {
	name := s.name()
	var changes []drift.Change
	s.do(func() (err error) {
		changes, err = s.w.app.Drift(name, app.Latest)
		return err
	}, func() {
		s.w.showLines(lang.L("What changed since “%s”", display.Line(name)), func() []string { return driftLines(changes) })
	})
}

func driftLines(changes []drift.Change) []string {
	var lines []string
	for _, side := range drift.Sides {
		at := len(lines)
		lines = append(lines, "")
		for i := range changes {
			if changes[i].Side == side {
				lines = append(lines, "   "+display.Line(changes[i].String()))
			}
		}
		lines[at] = lang.L("In %s: %s", side, plural(len(lines)-at-1, "%s change", "%s changes"))
	}
	return lines
}

// keepLatest asks for a name and keeps the latest snapshot under it.
func (s *snapshotsDialog) keepLatest() {
	s.askName(lang.L("Keep the latest snapshot"), lang.L("Keep"), "", func(name, _ string) {
		s.do(func() error { return s.w.app.KeepSnapshot(name) }, func() {
			s.w.status.say(lang.L("The latest snapshot is kept as “%s”.", display.Line(name)))
			s.load(func() {})
		})
	}, func() {})
}

// askName asks for a snapshot's name, and where secret has a title, a passphrase.
func (s *snapshotsDialog) askName(title, button, secret string, do func(name, passphrase string), otherwise func()) {
	name, passphrase := entry(lang.L("such as Before the merger, %s", day(time.Now()))), widget.NewPasswordEntry()
	form := widget.NewForm(widget.NewFormItem(lang.L("Name"), name))
	if secret != "" {
		form.Append(secret, passphrase)
	}
	ask := dialog.NewCustomConfirm(title, button, lang.L("Cancel"), form, func(yes bool) {
		if yes {
			do(name.Text, passphrase.Text)
			return
		}
		otherwise()
	}, s.w.win)
	ask.Resize(room(s.w.win, 560, 220))
	ask.Show()
	s.w.win.Canvas().Focus(name)
}

// forgetIt removes the chosen snapshot, after asking.
func (s *snapshotsDialog) forgetIt() {
	name := s.name()
	dialog.ShowConfirm(lang.L("Forget the snapshot?"), lang.L("“%s” is removed from this machine. This can't be taken back.", display.Line(name)), func(yes bool) {
		if yes {
			s.do(func() error { return s.w.app.ForgetSnapshot(name) }, func() {
				if s.w.looking == name {
					s.w.loadNamed(app.Latest, nil)
				}
				s.load(func() {})
			})
		}
	}, s.w.win)
}

// exportIt asks for a passphrase and a file, and writes the chosen snapshot.
func (s *snapshotsDialog) exportIt() {
	name, passphrase, again := s.name(), widget.NewPasswordEntry(), widget.NewPasswordEntry()
	form := widget.NewForm(widget.NewFormItem(lang.L("Passphrase"), passphrase), widget.NewFormItem(lang.L("Once more"), again))
	text := wrapped(lang.L("It holds names and e-mail addresses: it is encrypted. Whoever imports it needs the passphrase."))
	ask := dialog.NewCustomConfirm(lang.L("Export “%s”", display.Line(name)), lang.L("Choose a file …"), lang.L("Cancel"), container.NewBorder(text, nil, nil, nil, form), func(yes bool) {
		switch {
		case !yes:
		case passphrase.Text == "" || passphrase.Text != again.Text:
			s.w.fail(problem.New(problem.Usage, lang.L("The passphrase is missing, or it isn't the same twice."), lang.L("Enter one, the same in both fields.")))
		default:
			s.saveAs(name, passphrase.Text)
		}
	}, s.w.win)
	ask.Resize(room(s.w.win, 560, 280))
	ask.Show()
	s.w.win.Canvas().Focus(passphrase)
}

func (s *snapshotsDialog) saveAs(name, passphrase string) {
	s.w.askFile("rollcall-snapshot.age", lang.L("The snapshot"), func(out fyne.URIWriteCloser) { s.write(name, passphrase, out.URI().Name(), out) })
}

func (s *snapshotsDialog) write(name, passphrase, file string, out io.WriteCloser) {
	s.w.writeFile(lang.L("The snapshot"), file, out, func() error { return s.w.app.ExportSnapshot(name, passphrase, out) })
}

// importOne asks for a file, a name and the passphrase, and keeps the snapshot.
func (s *snapshotsDialog) importOne() {
	dialog.ShowFileOpen(func(in fyne.URIReadCloser, err error) {
		if err != nil {
			s.w.fail(problem.Wrap(err, problem.Usage, lang.L("The file can't be read: %v.", err), lang.L("Choose another one.")))
			return
		}
		if in != nil {
			s.read(in)
		}
	}, s.w.win)
}

func (s *snapshotsDialog) read(in io.ReadCloser) {
	s.askName(lang.L("Import a snapshot"), lang.L("Import"), lang.L("Passphrase"), func(name, passphrase string) {
		s.do(func() error {
			_, err := s.w.app.ImportSnapshot(name, passphrase, in)
			return errors.Join(err, in.Close())
		}, func() { s.load(func() {}) })
	}, func() { _ = in.Close() }) // it was only opened
}
