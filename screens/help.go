package screens

import (
	"net/url"
	"os"
	"path/filepath"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/widget"

	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/release"
	"github.com/rollcall-app/rollcall/assets"
)

// openDocument opens one of Rollcall's documents in the browser.
func (w *Window) openDocument(name string) { w.openPage(release.Document(w.app.Version, name)) }

// showLog opens the log in the program that shows texts here.
func (w *Window) showLog() {
	path := ""
	if w.app.LogFile != nil {
		path = w.app.LogFile.Path()
	}
	var err error
	w.background(func() {
		if path != "" {
			_, err = os.Stat(path)
		}
	}, func() {
		if path == "" || err != nil {
			w.fail(problem.Wrap(err, problem.NotFound, lang.L("There is no log yet."), lang.L("It is written as soon as something is fetched or synced; the sample company has none.")))
			return
		}
		w.openPage((&url.URL{Scheme: "file", Path: filepath.ToSlash(path)}).String())
	})
}

// copyDiagnostics puts what whoever helps asks first on the clipboard.
func (w *Window) copyDiagnostics() {
	var text string
	w.background(func() { text = w.app.Diagnostics(time.Now()) }, func() {
		w.fyneApp.Clipboard().SetContent(text)
		shown := widget.NewLabelWithStyle(text, fyne.TextAlignLeading, fyne.TextStyle{Monospace: true})
		message := dialog.NewCustom(lang.L("Diagnostics"), lang.L("OK"), container.NewBorder(
			wrapped(lang.L("This is on the clipboard now. No credential is in it, and nobody's name or address.")), nil, nil, nil, container.NewScroll(shown)), w.win)
		message.Resize(room(w.win, 680, 520))
		message.Show()
	})
}

// lookForNewer asks for the latest release, because a person did.
func (w *Window) lookForNewer() {
	w.status.say(lang.L("Asking GitHub for the latest version …"))
	var newer *release.Release
	var err error
	w.background(func() { newer, err = release.Newer(w.ctx, w.releases, w.app.Version, w.app.Log) }, func() {
		w.status.idle()
		switch {
		case err != nil:
			w.fail(err)
		case newer == nil:
			w.tellInDialog(lang.L("No newer version"), lang.L("Rollcall %s is the latest version.", w.app.Version))
		default:
			w.offer(newer)
		}
	})
}

func (w *Window) offer(newer *release.Release) {
	text := wrapped(lang.L("Rollcall %s has been released; this one is %s. What is kept on this machine stays.", newer.Version, w.app.Version))
	ask := dialog.NewCustomConfirm(lang.L("A newer version"), lang.L("Open the page"), lang.L("Later"), text, func(yes bool) {
		if yes {
			w.openPage(newer.Page)
		}
	}, w.win)
	ask.Resize(room(w.win, 480, 200))
	ask.Show()
}

func (w *Window) tellInDialog(title, text string) {
	message := dialog.NewCustom(title, lang.L("OK"), wrapped(text), w.win)
	message.Resize(room(w.win, 480, 180))
	message.Show()
}

func (w *Window) showAbout() {
	home, err := url.Parse(release.Home)
	if err != nil {
		w.fail(err)
		return
	}
	icon := widget.NewIcon(assets.Icon)
	content := container.NewBorder(nil, nil, container.NewGridWrap(fyne.NewSize(96, 96), icon), nil, container.NewVBox(
		widget.NewLabelWithStyle(lang.L("Rollcall %s", w.app.Version), fyne.TextAlignLeading, fyne.TextStyle{Bold: true}),
		wrapped(lang.L("Who gains and who loses what, before the identity provider's groups overwrite Atlassian's.")),
		wrapped(lang.L("Free software under the MIT licence. Not made by Atlassian.")),
		widget.NewHyperlink(release.Home, home)))
	message := dialog.NewCustom(lang.L("About Rollcall"), lang.L("Close"), content, w.win)
	message.Resize(room(w.win, 560, 260))
	message.Show()
}
