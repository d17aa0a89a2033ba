// Rollcall shows an Atlassian administrator who gains and who loses what before
// the identity provider's groups overwrite Atlassian's, and then syncs safely.
package main

import (
	"cmp"
	"context"
	_ "embed"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"syscall"

	"fyne.io/fyne/v2"
	fyneapp "fyne.io/fyne/v2/app"
	"github.com/BurntSushi/toml"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/cli"
	"github.com/rollcall-app/rollcall/assets"
	"github.com/rollcall-app/rollcall/screens"
	"github.com/rollcall-app/rollcall/storage"
)

// fyneApp holds the name, id and version; the packager reads the same file.
//
//go:embed FyneApp.toml
var fyneApp string

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	var metadata struct {
		Details struct{ ID, Name, Version string }
	}
	if _, err := toml.Decode(fyneApp, &metadata); err != nil {
		panic("FyneApp.toml, which is compiled in, can't be read: " + err.Error())
	}
	code := cli.Main(ctx, cli.Parts{
		Version:   metadata.Details.Version,
		Folder:    storage.DefaultFolder(),
		OpenStore: func(folder string) (cli.Store, error) { return storage.Open(folder) },
		Upkeep:    storage.Upkeep{},
		Secrets:   storage.Keyring{},
		Windows:   newDesktop(metadata.Details.ID),
		In:        os.Stdin, Out: os.Stdout, Err: os.Stderr,
	}, os.Args[1:])
	stop()
	os.Exit(code)
}

// desktop shows windows; it implements cli.Windows.
type desktop struct {
	// app is Fyne's, made when it is first needed; nothing needs to be shown for it.
	app func() fyne.App
	// language was asked for; empty where none was.
	language string
}

func newDesktop(id string) *desktop {
	return &desktop{app: sync.OnceValue(func() fyne.App {
		gui := fyneapp.NewWithID(id)
		gui.SetIcon(assets.Icon)
		return gui
	})}
}

// Display says whether there is a display to show a window on.
func (*desktop) Display() bool {
	return runtime.GOOS != "linux" || os.Getenv("DISPLAY") != "" || os.Getenv("WAYLAND_DISPLAY") != ""
}

// Open shows the window until it is closed or ctx ends.
func (d *desktop) Open(ctx context.Context, open func() (*app.App, error), restore func(anew bool) error, demo bool) error {
	gui := d.app()
	if err := d.Speak(d.language); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	opening := screens.Open(ctx, gui, open, restore, demo)
	context.AfterFunc(ctx, func() { fyne.Do(gui.Quit) })
	gui.Run()
	cancel() // what runs in the background ends with the window
	return opening.Wait()
}

// Speak speaks a language, whatever the person prefers in the window; that one where
// none is given.
func (d *desktop) Speak(tag string) error {
	d.language = tag
	return screens.Speak(cmp.Or(tag, screens.Preferred(d.app())))
}

// Notify tells something on the desktop.
func (d *desktop) Notify(title, text string) {
	d.app().SendNotification(fyne.NewNotification(title, text))
}

// Render draws every tab to PNG files in a folder.
func (*desktop) Render(ctx context.Context, a *app.App, folder string) ([]string, error) {
	return screens.Render(ctx, a, folder)
}
