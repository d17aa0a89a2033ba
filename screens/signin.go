package screens

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/widget"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/display"
	"github.com/rollcall-app/rollcall/app/idp/file"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/remote/oauth"
)

// signIn lets a person sign in: it shows the code to copy and a button that opens
// the browser, until the other side answers or the person gives up.
type signIn struct {
	w      *Window
	cancel context.CancelFunc
	ask    *dialog.CustomDialog
}

// signIn gives, in the background, what connects afterwards in place of a
// secret. Its work runs on the caller's goroutine.
func (w *Window) signIn(ctx context.Context, settings app.IdPSettings, clientSecret string) (string, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := &signIn{w: w, cancel: cancel}
	defer w.onUI(s.hide)
	return w.app.SignInIdP(ctx, settings, clientSecret, func(prompt oauth.Prompt) { w.onUI(func() { s.show(prompt) }) })
}

func (s *signIn) show(prompt oauth.Prompt) {
	open := widget.NewButton(lang.L("Open the browser"), func() { s.w.openPage(prompt.URL) })
	open.Importance = widget.HighImportance
	text := lang.L("Sign in with the browser, on this machine. Rollcall goes on by itself when you have.")
	content := container.NewVBox(wrapped(text))
	if prompt.Code != "" {
		code := widget.NewEntry()
		code.SetText(prompt.Code)
		code.OnChanged = func(string) { code.SetText(prompt.Code) }
		copyCode := widget.NewButton(lang.L("Copy"), func() { fyne.CurrentApp().Clipboard().SetContent(prompt.Code) })
		content = container.NewVBox(
			wrapped(lang.L("Open %s in any browser and enter this code. Rollcall goes on by itself when you have.", prompt.URL)),
			container.NewBorder(nil, nil, widget.NewLabel(lang.L("Code")), copyCode, code))
	}
	s.ask = dialog.NewCustomWithoutButtons(lang.L("Sign in"), container.NewVBox(content, gap(1, 4)), s.w.win)
	s.ask.SetButtons([]fyne.CanvasObject{widget.NewButton(lang.L("Cancel"), s.cancel), open})
	s.ask.Resize(room(s.w.win, 520, 220))
	s.ask.Show()
}

func (s *signIn) hide() {
	if s.ask != nil {
		s.ask.Hide()
	}
}

// previewRows is how many memberships of a file are shown.
const previewRows = 8

// confirmImport shows what a file holds, and goes on once the person agrees. A
// file with bad lines can only be closed again.
func (w *Window) confirmImport(content file.Content, then func()) {
	rows := container.NewVBox(widget.NewLabel(fmt.Sprintf("%s; %s.", plural(len(content.Rows), "%s line is read", "%s lines are read"), plural(len(content.Bad), "%s can't be", "%s can't be"))))
	for _, column := range slices.Sorted(maps.Keys(content.Columns)) {
		rows.Add(muted(lang.L("%s: the column %s", column, display.Line(content.Columns[column]))))
	}
	for _, row := range content.Rows[:min(previewRows, len(content.Rows))] {
		rows.Add(wrapped(display.Line(fmt.Sprintf("%s · %s %s", row.Group, row.Email, row.Name))))
	}
	if len(content.Bad) > 0 {
		text := lang.L("Correct or remove these lines first: who stands on them must not be taken for absent.")
		for _, bad := range content.Bad {
			text += "\n" + lang.L("✗ line %d: %s", bad.Line, display.Line(bad.Why))
		}
		lines := wrapped(text)
		lines.Importance = widget.DangerImportance
		rows.Add(lines)
	}
	var ask *dialog.CustomDialog
	agree := widget.NewButton(lang.L("Use this file"), func() {
		ask.Hide()
		then()
	})
	agree.Importance = widget.HighImportance
	able(agree, len(content.Bad) == 0 && len(content.Rows) > 0)
	ask = dialog.NewCustomWithoutButtons(lang.L("What the file holds"), container.NewVScroll(rows), w.win)
	ask.SetButtons([]fyne.CanvasObject{widget.NewButton(lang.L("Cancel"), func() { ask.Hide() }), agree})
	ask.Resize(room(w.win, 640, 440))
	ask.Show()
}
