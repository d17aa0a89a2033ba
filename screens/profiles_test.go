package screens

import (
	"context"
	"path/filepath"
	"testing"

	"fyne.io/fyne/v2/test"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/simulator"
	"github.com/rollcall-app/rollcall/storage"
)

// besides keeps profiles in folders of their own.
type besides struct {
	t      *testing.T
	first  *app.App
	folder string
}

func (b besides) Names() ([]string, error) { return []string{app.DefaultProfile, "labs"}, nil }

func (b besides) Open(name string) (*app.App, error) {
	if err := app.CheckProfile(name); err != nil {
		return nil, err
	}
	store, err := storage.Open(filepath.Join(b.folder, name))
	require.NoError(b.t, err)
	b.t.Cleanup(func() { require.NoError(b.t, store.Close()) })
	return &app.App{Store: store, Secrets: app.SecretsOf(name, b.first.Secrets), Environment: b.first.Environment, Profile: name, Profiles: b}, nil
}

func (b besides) Sample(context.Context) (*app.App, error) {
	store, err := storage.Open(filepath.Join(b.folder, "sample"))
	require.NoError(b.t, err)
	b.t.Cleanup(func() { require.NoError(b.t, store.Close()) })
	settings, err := b.first.Store.Settings()
	require.NoError(b.t, err)
	require.NoError(b.t, store.SaveSettings(settings))
	return &app.App{Store: store, Secrets: b.first.Secrets, Environment: b.first.Environment, Profile: app.SampleProfile, Profiles: b}, nil
}

func TestAtFirstASampleCompanyCanBeExplored(t *testing.T) {
	// What is connected here serves as the sample company below.
	sample := sitDown(t, simulator.Sample(1, 20, 120))
	sample.connect()
	p := sitDown(t, simulator.Sample(1, 10, 60))
	p.app.Profile, p.app.Profiles = app.DefaultProfile, besides{t, sample.app, t.TempDir()}
	p.open()
	require.True(t, p.w.idp.welcome.Visible())
	p.w.explore()
	require.NotNil(t, p.w.next)
	next := p.w.next
	require.Equal(t, "Rollcall – sample company", next.win.Title())
	require.NotNil(t, next.review, "and it is fetched at once")
	require.Equal(t, next.groups.item, next.tabs.Selected())
	require.False(t, next.idp.welcome.Visible())
	next.win.Close()
	require.False(t, sample.w.idp.welcome.Visible(), "where something is connected nobody is welcomed")
}

func TestAProfileIsOpenedInPlaceOfAnother(t *testing.T) {
	p := sitDown(t, simulator.Sample(1, 10, 60))
	p.app.Profile, p.app.Profiles = app.DefaultProfile, besides{t, p.app, t.TempDir()}
	p.fetch()
	first := p.w
	first.chooseProfile()
	texts, buttons, entries := p.dialog()
	require.Contains(t, texts, "This one is “default”")
	entries[0].SetText("../labs")
	test.Tap(buttons["Open"])
	texts, buttons, _ = p.dialog()
	require.Contains(t, texts, "can't be named")
	test.Tap(buttons["OK"])

	first.chooseProfile()
	_, buttons, entries = p.dialog()
	entries[0].SetText("labs")
	test.Tap(buttons["Open"])
	require.NotNil(t, first.next)
	require.True(t, first.gone, "the window of the other profile is gone")
	require.Equal(t, "Rollcall – labs", first.next.win.Title())
	require.Nil(t, first.next.review, "nothing was fetched there")
	require.Empty(t, first.next.settings.IdP.Provider)
	first.next.win.Close()
}
