package screens

import (
	"errors"
	"io"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"

	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/problem"
)

// askFile asks where something is to be written, such as "The plan".
func (w *Window) askFile(name, what string, then func(fyne.URIWriteCloser)) {
	save := dialog.NewFileSave(func(out fyne.URIWriteCloser, err error) {
		if err != nil {
			w.fail(unwritten(what, err))
			return
		}
		if out != nil {
			then(out)
		}
	}, w.win)
	save.SetFileName(name)
	save.Show()
}

// writeFile writes something in the background, and says how that went.
func (w *Window) writeFile(what, name string, out io.Closer, write func() error) {
	var err error
	w.background(func() { err = errors.Join(write(), out.Close()) }, func() {
		if err != nil {
			w.fail(unwritten(what, err))
			return
		}
		w.status.say(lang.L("%s was written to %s.", what, name))
	})
}

func unwritten(what string, err error) error {
	var known *problem.Problem
	if errors.As(err, &known) { // it says itself what to do
		return err
	}
	return problem.Wrap(err, problem.Storage, lang.L("%s can't be written there: %v.", what, err), lang.L("Choose another place."))
}
