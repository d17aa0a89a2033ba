package screens

import (
	"context"
	"errors"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/problem"
)

// Opening opens the data and shows the window on it. Where the data can't be
// opened a smaller window says so, with what can be done about it.
type Opening struct {
	threads
	ctx     context.Context
	fyneApp fyne.App
	open    func() (*app.App, error)
	restore func(anew bool) error
	demo    bool

	window *Window // nil until the data could be opened
	err    error   // why it couldn't

	trouble fyne.Window
	text    *widget.Label
	// anew shows when it turns out that there is no copy to restore.
	quit, again, anew, copied *widget.Button
}

// Open opens the data and shows the window; the application is to be run then.
// restore puts the last good copy in place of damaged data, or with true an empty
// database. demo asks for a fetch at once.
func Open(ctx context.Context, fyneApp fyne.App, open func() (*app.App, error), restore func(anew bool) error, demo bool) *Opening {
	o := newOpening(ctx, fyneApp, open, restore, real)
	o.demo = demo
	a, err := open()
	o.opened(a, err)
	return o
}

func newOpening(ctx context.Context, fyneApp fyne.App, open func() (*app.App, error), restore func(anew bool) error, threads threads) *Opening {
	return &Opening{threads: threads, ctx: ctx, fyneApp: fyneApp, open: open, restore: restore}
}

// Wait blocks until what ran in the background has ended, and closes the data of
// a window that took the first one's place. The error is that of data that
// couldn't be opened or closed.
func (o *Opening) Wait() error {
	if o.window == nil {
		return o.err
	}
	o.window.Wait()
	last := o.window
	for last.next != nil {
		last = last.next
	}
	if last == o.window {
		return o.err // who opened it closes it
	}
	return errors.Join(o.err, last.app.Close())
}

func (o *Opening) opened(a *app.App, err error) {
	o.err = err
	if err != nil {
		o.tell(err)
		return
	}
	o.window = newWindow(o.ctx, o.fyneApp, a, o.threads)
	o.window.Show(o.demo)
	if o.trouble != nil {
		o.trouble.Close()
	}
}

// tell says why the data can't be opened, and offers what may help.
func (o *Opening) tell(err error) {
	if o.trouble == nil {
		o.build()
		o.trouble.Show()
	}
	p := problem.Of(err)
	text := p.Message + "\n\n" + p.Action
	damaged := problem.Is(err, problem.Damaged)
	if damaged {
		text = p.Message + "\n\n" + lang.L("The last good copy holds everything but the snapshot, which is fetched again. The damaged file is moved aside and stays; what can still be read of it is written out by rollcall data export.")
	}
	o.text.SetText(text)
	for _, button := range []*widget.Button{o.quit, o.again, o.anew, o.copied} {
		button.Enable()
	}
	show(o.anew, problem.Is(err, problem.NotFound))
	show(o.copied, damaged)
	show(o.again, !damaged && !problem.Is(err, problem.NotFound))
}

func show(button *widget.Button, yes bool) {
	if yes {
		button.Show()
	} else {
		button.Hide()
	}
}

func (o *Opening) build() {
	o.fyneApp.Settings().SetTheme(currentTheme(o.fyneApp))
	o.trouble, o.text = o.fyneApp.NewWindow("Rollcall"), wrapped("")
	heading := widget.NewLabelWithStyle(lang.L("Rollcall can't open its data"), fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	heading.SizeName = theme.SizeNameSubHeadingText
	o.quit = widget.NewButton(lang.L("Quit"), o.trouble.Close)
	o.again = widget.NewButton(lang.L("Try again"), func() { o.mend(func() error { return nil }) })
	o.anew = widget.NewButton(lang.L("Begin with nothing"), func() { o.mend(func() error { return o.restore(true) }) })
	o.copied = widget.NewButton(lang.L("Restore the last good copy"), func() { o.mend(func() error { return o.restore(false) }) })
	o.again.Importance, o.copied.Importance = widget.HighImportance, widget.HighImportance
	o.trouble.SetContent(spaced(container.NewBorder(heading, container.NewCenter(container.NewHBox(o.quit, o.anew, o.again, o.copied)), nil, nil, container.NewVScroll(o.text))))
	o.trouble.Resize(fyne.NewSize(640, 320))
	o.trouble.CenterOnScreen()
}

// mend does something in the background that may help, and opens again.
func (o *Opening) mend(help func() error) {
	for _, button := range []*widget.Button{o.quit, o.again, o.anew, o.copied} {
		button.Disable()
	}
	var a *app.App
	var err error
	o.background(func() {
		if err = help(); err == nil {
			a, err = o.open()
		}
	}, func() { o.opened(a, err) })
}
