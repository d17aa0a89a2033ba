package screens

import (
	"context"
	"errors"
	"fmt"
	"image/png"
	"os"
	"path/filepath"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/review"
)

// Render draws every tab, in light and dark, to PNG files in a folder, and gives
// their paths. It needs no display: Fyne's software renderer draws.
func Render(ctx context.Context, a *app.App, folder string) ([]string, error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, fmt.Errorf("make a folder for pictures: %w", err)
	}
	fyneApp := test.NewApp()
	defer fyneApp.Quit()
	w := newWindow(ctx, fyneApp, a, atOnce)
	defer w.win.Close()
	w.Show(false)
	var files []string
	for _, look := range []string{"light", "dark"} {
		fyneApp.Settings().SetTheme(themeFor(look, 1))
		for _, tab := range []struct {
			name string
			item *container.TabItem
		}{{"identity-provider", w.idp.item}, {"groups", w.groups.item}, {"product-access", w.access.item}, {"history", w.history.item}} {
			w.tabs.Select(tab.item)
			if tab.item == w.groups.item {
				w.openFirst()
			}
			w.show()
			file := filepath.Join(folder, tab.name+"-"+look+".png")
			if err := capture(w.win.Canvas(), file); err != nil {
				return nil, err
			}
			files = append(files, file)
		}
	}
	return files, nil
}

// atOnce does everything on the goroutine that asks for it.
var atOnce = threads{
	background: func(work, done func()) {
		work()
		done()
	},
	onUI: func(f func()) { f() },
}

// openFirst opens the first group in conflict that takes access from somebody,
// so that a picture shows what an opened group looks like.
func (w *Window) openFirst() {
	if w.groups.model == nil {
		return
	}
	for _, view := range w.groups.model.shown {
		if row := w.groups.model.views[view].row; row.State == review.Conflict && row.Losing > 0 && row.Added > 0 && row.Removed+row.Added < 12 {
			w.groups.openGroup(view)
			return
		}
	}
}

func capture(c fyne.Canvas, file string) error {
	out, err := os.Create(file)
	if err != nil {
		return fmt.Errorf("write a picture: %w", err)
	}
	if err := errors.Join(png.Encode(out, c.Capture()), out.Close()); err != nil {
		return fmt.Errorf("write a picture: %w", err)
	}
	return nil
}
