package screens

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/logfile"
	"github.com/rollcall-app/rollcall/app/release"
	"github.com/rollcall-app/rollcall/app/review"
	"github.com/rollcall-app/rollcall/app/simulator"
)

// pages is an app that remembers what it opened.
type pages struct {
	fyne.App
	opened []string
}

func (b *pages) OpenURL(page *url.URL) error {
	b.opened = append(b.opened, page.String())
	return nil
}

func (p *person) pages() *pages {
	b := &pages{App: p.w.fyneApp}
	p.w.fyneApp = b
	return b
}

// parts gives those of one kind in the topmost dialog.
func parts[T fyne.CanvasObject](p *person) (found []T) {
	walk(p.w.win.Canvas().Overlays().Top(), func(object fyne.CanvasObject) {
		if part, fits := object.(T); fits {
			found = append(found, part)
		}
	})
	return found
}

// pick chooses another value in a field of a dialog.
func (p *person) pick(chosen string) {
	p.t.Helper()
	for _, field := range parts[*widget.Select](p) {
		for _, option := range field.Options {
			if option == chosen {
				field.SetSelected(chosen)
				return
			}
		}
	}
	require.Fail(p.t, "nothing to choose", chosen)
}

func TestPreferencesAreTakenAtOnceAndRemembered(t *testing.T) {
	p := sitDown(t, simulator.Sample(1, 10, 60))
	p.menu("Preferences …")
	p.pick("Dark")
	require.Equal(t, "dark", p.w.fyneApp.Preferences().String(lookPreference))
	p.pick("150 %")
	require.Equal(t, 1.5, textScale(p.w.fyneApp))
	p.pick("日本語")
	require.Equal(t, "ja", p.w.fyneApp.Preferences().String(languagePreference))
	texts, buttons, _ := p.dialog()
	require.Contains(t, texts, "next start")
	for _, check := range parts[*widget.Check](p) {
		test.Tap(check)
	}
	test.Tap(buttons["Close"])

	desk := &desk{App: p.w.fyneApp}
	p.w.fyneApp, p.w.away = desk, true
	p.w.notify("It ended.")
	require.Empty(t, desk.told, "nothing shall be told on the desktop")
}

func TestMenuKeysDoNothingBehindADialog(t *testing.T) {
	p := sitDown(t, simulator.Sample(1, 10, 60))
	p.menu("Larger text")
	require.Equal(t, 1.25, textScale(p.w.fyneApp))
	p.menu("About Rollcall")
	p.menu("Larger text")
	require.Equal(t, 1.25, textScale(p.w.fyneApp))
	_, buttons, _ := p.dialog()
	test.Tap(buttons["Close"])
	p.menu("Smaller text")
	p.menu("Smaller text")
	require.Equal(t, 1.0, textScale(p.w.fyneApp), "and not below the usual")
}

func TestTheDocumentsOfThisVersionAreOpened(t *testing.T) {
	p := sitDown(t, simulator.Sample(1, 10, 60))
	p.app.Version = "1.2.3"
	b := p.pages()
	p.menu("Guide")
	require.Equal(t, []string{release.Document("1.2.3", "guide")}, b.opened)
}

func TestTheLogIsShownOnceThereIsOne(t *testing.T) {
	p := sitDown(t, simulator.Sample(1, 10, 60))
	b := p.pages()
	p.menu("Show log")
	texts, buttons, _ := p.dialog()
	require.Contains(t, texts, "There is no log yet.")
	test.Tap(buttons["OK"])

	folder := t.TempDir()
	p.app.LogFile = logfile.In(folder)
	_, err := p.app.LogFile.Write([]byte("msg=fetched\n"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.app.LogFile.Close()) })
	p.menu("Show log")
	require.Len(t, b.opened, 1)
	opened, err := url.Parse(b.opened[0])
	require.NoError(t, err)
	require.Equal(t, filepath.ToSlash(filepath.Join(folder, logfile.Name)), opened.Path)
}

func TestDiagnosticsGoToTheClipboardAndNameNobody(t *testing.T) {
	p := sitDown(t, simulator.Sample(1, 10, 60))
	p.fetch()
	p.menu("Copy diagnostics")
	text := p.w.fyneApp.Clipboard().Content()
	require.Contains(t, text, "10 IdP groups")
	require.NotContains(t, text, p.simulation.Company.OrgName)
	require.NotContains(t, text, p.simulation.Company.Owner)
}

func TestANewerVersionIsOfferedOnlyWhenAskedFor(t *testing.T) {
	tag, asked := "v1.3.0", 0
	github := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"tag_name":"` + tag + `"}`))
	}))
	t.Cleanup(github.Close)
	p := sitDown(t, simulator.Sample(1, 10, 60))
	p.app.Version, p.w.releases = "1.2.3", github.URL
	b := p.pages()
	p.fetch()
	require.Zero(t, asked)

	p.menu("Look for a newer version")
	texts, buttons, _ := p.dialog()
	require.Contains(t, texts, "Rollcall 1.3.0 has been released")
	test.Tap(buttons["Open the page"])
	require.Equal(t, []string{release.Home + "/releases/tag/v1.3.0"}, b.opened)

	tag = "v1.2.3"
	p.menu("Look for a newer version")
	texts, _, _ = p.dialog()
	require.Contains(t, texts, "Rollcall 1.2.3 is the latest version.")
}

func TestTheWindowReopensWhereThePersonWas(t *testing.T) {
	p := sitDown(t, simulator.Sample(1, 40, 200))
	p.app.Profile, p.app.Profiles = app.DefaultProfile, besides{t, p.app, t.TempDir()}
	p.fetch()
	fyneApp := p.w.fyneApp
	p.w.groups.alter(func(m *groupsModel) { m.sortBy(removedColumn) }, nil)
	test.Tap(p.w.groups.chips[review.Conflict])
	line := 3
	p.tapLine(line, arrowColumn)
	p.tapLine(line, tickColumn)
	opened := p.w.groups.model.views[p.w.groups.model.lines[line].view].key
	p.w.close()

	again := newWindow(p.w.ctx, fyneApp, p.app, p.w.threads)
	t.Cleanup(again.win.Close)
	again.Show(false)
	model := again.groups.model
	require.Equal(t, map[review.State]bool{review.Conflict: true}, model.states)
	require.Equal(t, removedColumn, model.order[0].column)
	require.Contains(t, model.open, opened)
	require.Equal(t, line, again.groups.list.Cursor())
	require.Zero(t, model.ticks, "what was ticked last time isn't synced by surprise")

	fyneApp.Preferences().SetString(again.whereaboutsPreference(), `{"Sort":[{"Column":77}],"States":["gone"],"Site":"nowhere","Cursor":"none"}`)
	third := newWindow(p.w.ctx, fyneApp, p.app, p.w.threads)
	t.Cleanup(third.win.Close)
	third.Show(false)
	require.Len(t, third.groups.model.shown, len(third.groups.model.views), "what doesn't fit any more hides nothing")
}
