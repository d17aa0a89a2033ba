package screens

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/widget"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/problem"
)

// chooseProfile lists the profiles and opens the one that the person chooses, or
// a new one.
func (w *Window) chooseProfile() {
	if w.job != nil {
		w.fail(problem.New(problem.Refused, lang.L("Something is running in this profile."), lang.L("Wait until it is done, or cancel it; then switch.")))
		return
	}
	var names []string
	var err error
	w.background(func() { names, err = w.app.Profiles.Names() }, func() {
		if err != nil {
			w.fail(err)
			return
		}
		w.askProfile(names)
	})
}

func (w *Window) askProfile(names []string) {
	name := widget.NewSelectEntry(names)
	name.SetPlaceHolder(lang.L("choose one, or enter the name of a new one"))
	var ask *dialog.CustomDialog
	open := func() {
		ask.Hide()
		w.openProfile(name.Text)
	}
	name.OnSubmitted = func(string) { open() }
	button := widget.NewButton(lang.L("Open"), open)
	button.Importance = widget.HighImportance
	ask = dialog.NewCustomWithoutButtons(lang.L("Profiles"), container.NewVBox(
		wrapped(lang.L("A profile is a connection of its own, with its own snapshot, decisions and history. This one is “%s”.", w.app.Profile)), name), w.win)
	ask.SetButtons([]fyne.CanvasObject{widget.NewButton(lang.L("Cancel"), func() { ask.Hide() }), button})
	ask.Resize(room(w.win, 520, 220))
	ask.Show()
	w.win.Canvas().Focus(name)
}

// openProfile opens a profile in a window in place of this one.
func (w *Window) openProfile(name string) {
	if name != w.app.Profile {
		w.giveWay(func() (*app.App, error) { return w.app.Profiles.Open(name) }, false)
	}
}

// explore opens the sample company in place of this window.
func (w *Window) explore() {
	if w.job == nil {
		w.status.say(lang.L("Opening the sample company …"))
		w.giveWay(func() (*app.App, error) { return w.app.Profiles.Sample(w.ctx) }, true)
	}
}

// giveWay opens something in a window in place of this one; fetch asks for a
// fetch at once.
func (w *Window) giveWay(open func() (*app.App, error), fetch bool) {
	var opened *app.App
	var err error
	w.background(func() { opened, err = open() }, func() {
		if err != nil {
			w.fail(err)
			return
		}
		w.remember()
		next := newWindow(w.ctx, w.fyneApp, opened, w.threads)
		next.jobs = w.jobs
		next.win.Resize(w.win.Canvas().Size())
		next.Show(fetch)
		w.win.Close()
		w.next = next
		w.background(func() { err = w.app.Close() }, func() {
			if err != nil {
				next.fail(err)
			}
		})
	})
}

// forget asks, and then removes everything of the organization from this machine.
func (w *Window) forget() {
	if w.job != nil {
		return
	}
	text := wrapped(lang.L("Connections, credentials, the snapshot, decisions and the history of runs are removed from this machine. At Atlassian and the identity provider nothing changes. It can't be taken back."))
	ask := dialog.NewCustomConfirm(lang.L("Forget this organization"), lang.L("Forget everything"), lang.L("Keep"), text, func(yes bool) {
		if !yes {
			return
		}
		var err error
		w.background(func() { err = w.app.Forget(w.ctx) }, func() {
			w.fyneApp.Preferences().RemoveValue(w.whereaboutsPreference())
			w.idp.filled = false
			w.loadNamed(app.Latest, func() { w.tabs.Select(w.idp.item) })
			if err != nil {
				w.fail(err)
			}
		})
	}, w.win)
	ask.Resize(room(w.win, 520, 220))
	ask.Show()
}
