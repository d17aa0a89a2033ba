package screens

import (
	"context"
	"reflect"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app/simulator"
)

func TestTheWindowOpensAsItWasClosed(t *testing.T) {
	p := sitDown(t, simulator.Sample(1, 20, 120))
	p.fetch()
	p.w.tabs.Select(p.w.access.item)
	p.w.win.Resize(fyne.NewSize(1000, 700))
	p.w.close()
	again := newWindow(context.Background(), p.w.fyneApp, p.app, p.w.threads)
	t.Cleanup(again.win.Close)
	again.Show(false)
	require.Equal(t, again.access.item, again.tabs.Selected())
	require.Equal(t, p.w.win.Canvas().Size(), again.win.Canvas().Size())
}

func TestASizeOrATabThatCannotBeIsNotTaken(t *testing.T) {
	p := sitDown(t, simulator.Sample(1, 20, 120))
	require.Equal(t, usualSize, p.w.lastSize(), "nothing was remembered")
	require.Equal(t, 1, p.w.lastTab())
	preferences := p.w.fyneApp.Preferences()
	preferences.SetFloat(widthPreference, 3)
	preferences.SetInt(tabPreference, 17)
	require.Equal(t, leastSize, p.w.lastSize())
	require.Equal(t, 1, p.w.lastTab())
}

// desk is an app that remembers what it told on the desktop.
type desk struct {
	fyne.App
	told []string
}

func (d *desk) SendNotification(n *fyne.Notification) { d.told = append(d.told, n.Content) }

// lookElsewhere brings another program's window to the front.
func (p *person) lookElsewhere() *desk {
	desk := &desk{App: p.w.fyneApp}
	p.w.fyneApp, p.w.away = desk, true
	return desk
}

func TestWhoLooksElsewhereIsToldHowAJobEnded(t *testing.T) {
	p := sitDown(t, simulator.Sample(1, 20, 120))
	p.connect()
	desk := p.lookElsewhere()
	p.w.away = false
	test.Tap(p.w.idp.fetch)
	require.Empty(t, desk.told, "who looks on sees it")
	p.w.away = true
	test.Tap(p.w.idp.fetch)
	require.Equal(t, []string{p.w.groups.headline.Text + "."}, desk.told)
	p.simulation.Close()
	test.Tap(p.w.idp.fetch)
	require.Len(t, desk.told, 2)
	require.Contains(t, desk.told[1], "can't be reached.")
}

func TestEveryTabTakesOtherColoursAlsoWhereItWasntInFront(t *testing.T) {
	p := sitDown(t, simulator.Sample(1, 20, 100))
	p.fetch()
	for _, item := range p.w.tabs.Items {
		t.Run(item.Text, func(t *testing.T) {
			for _, look := range []string{"light", "dark"} {
				p.w.tabs.Select(item)
				for _, other := range p.w.tabs.Items {
					if other != item {
						p.w.tabs.Select(other)
					}
				}
				p.w.fyneApp.Preferences().SetString(lookPreference, look)
				p.w.restyle()
				p.w.tabs.Select(item)
				p.w.win.Canvas().Unfocus()
				shown := p.w.win.Canvas().Capture()
				walk(p.w.content, fyne.CanvasObject.Refresh)
				require.True(t, reflect.DeepEqual(p.w.win.Canvas().Capture(), shown), "%s: something has the colours of before", look)
			}
		})
	}
}
