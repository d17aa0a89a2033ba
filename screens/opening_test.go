package screens

import (
	"context"
	"path/filepath"
	"testing"

	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/storage"
)

// offered lists what the window that tells of trouble offers.
func offered(o *Opening) (texts []string) {
	for _, button := range []*widget.Button{o.quit, o.again, o.anew, o.copied} {
		if button.Visible() {
			texts = append(texts, button.Text)
		}
	}
	return texts
}

func TestDataThatCannotBeOpenedIsSaidInAWindowWithTheWayOut(t *testing.T) {
	damaged := problem.New(problem.Damaged, "The data is damaged.", "Restore it.")
	locked := problem.New(problem.Locked, "Rollcall is running already.", "Close it.")
	none := problem.New(problem.NotFound, "There is no copy of the data yet.", "Begin anew.")
	for name, c := range map[string]struct {
		troubles []error // of opening, one after the other
		restore  map[bool]error
		offered  [][]string
		press    []func(*Opening) *widget.Button
		restored []bool
	}{
		"damaged": {[]error{damaged}, nil, [][]string{{"Quit", "Restore the last good copy"}},
			[]func(*Opening) *widget.Button{func(o *Opening) *widget.Button { return o.copied }}, []bool{false}},
		"damaged, and there is no copy": {[]error{damaged}, map[bool]error{false: none}, [][]string{{"Quit", "Restore the last good copy"}, {"Quit", "Begin with nothing"}},
			[]func(*Opening) *widget.Button{func(o *Opening) *widget.Button { return o.copied }, func(o *Opening) *widget.Button { return o.anew }}, []bool{false, true}},
		"locked, twice": {[]error{locked, locked}, nil, [][]string{{"Quit", "Try again"}, {"Quit", "Try again"}},
			[]func(*Opening) *widget.Button{func(o *Opening) *widget.Button { return o.again }, func(o *Opening) *widget.Button { return o.again }}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			fyneApp := test.NewApp()
			t.Cleanup(fyneApp.Quit)
			troubles := c.troubles
			open := func() (*app.App, error) {
				if len(troubles) > 0 {
					err := troubles[0]
					troubles = troubles[1:]
					return nil, err
				}
				store, err := storage.Open(t.TempDir())
				require.NoError(t, err)
				t.Cleanup(func() { require.NoError(t, store.Close()) })
				return &app.App{Store: store, Secrets: &app.MemorySecrets{}}, nil
			}
			var restored []bool
			o := newOpening(context.Background(), fyneApp, open, func(anew bool) error {
				restored = append(restored, anew)
				return c.restore[anew]
			}, atOnce)
			o.opened(o.open())
			for i, press := range c.press {
				require.Nil(t, o.window)
				require.Equal(t, c.offered[i], offered(o))
				require.NotEmpty(t, o.text.Text)
				test.Tap(press(o))
			}
			require.NotNil(t, o.window, "it goes on in the real window")
			require.NoError(t, o.Wait())
			require.Equal(t, c.restored, restored)
		})
	}
}

func TestTheDataOfAProfileThatWasSwitchedToIsClosedInTheEnd(t *testing.T) {
	fyneApp := test.NewApp()
	t.Cleanup(fyneApp.Quit)
	folder := t.TempDir()
	store, err := storage.Open(filepath.Join(folder, "first"))
	require.NoError(t, err)
	first := &app.App{Store: store, Secrets: &app.MemorySecrets{}, Profile: app.DefaultProfile}
	second, err := storage.Open(filepath.Join(folder, "second"))
	require.NoError(t, err)
	o := newOpening(context.Background(), fyneApp, func() (*app.App, error) { return first, nil }, nil, atOnce)
	o.opened(o.open())
	o.window.giveWay(func() (*app.App, error) {
		return &app.App{Store: second, Secrets: &app.MemorySecrets{}, Profile: "labs"}, nil
	}, false)
	require.NoError(t, o.Wait())
	for _, name := range []string{"first", "second"} {
		again, err := storage.Open(filepath.Join(folder, name))
		require.NoError(t, err, "%s is closed", name)
		require.NoError(t, again.Close())
	}
}
