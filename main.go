package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/cli"
	"github.com/rollcall-app/rollcall/storage"
)

type none struct{}

func (none) Display() bool { return false }
func (none) Open(ctx context.Context, a *app.App, demo bool) error { return nil }
func (none) Render(ctx context.Context, a *app.App, folder string) ([]string, error) { return nil, nil }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(cli.Main(ctx, cli.Parts{Version: "0.1.0", Folder: storage.DefaultFolder(),
		OpenStore: func(folder string) (cli.Store, error) { return storage.Open(folder) },
		Secrets: storage.Keyring{}, Windows: none{}, In: os.Stdin, Out: os.Stdout, Err: os.Stderr}, os.Args[1:]))
}
