package screens

import (
	"time"

	"fyne.io/fyne/v2"
)

// What the window remembers from one start to the next.
const (
	widthPreference  = "window-width"
	heightPreference = "window-height"
	tabPreference    = "tab"
)

// The usual size of the window, and the least one that is remembered.
var (
	usualSize = fyne.NewSize(1280, 800)
	leastSize = fyne.NewSize(640, 400)
)

func (w *Window) enteredForeground() {
	w.away = false
	w.debug("in front")
}

// leftForeground is told, too, before a signal ends the application, such as at
// logging out of the desktop.
func (w *Window) leftForeground() {
	w.away = true
	if !w.gone {
		w.remember()
	}
}

// remember keeps how large the window is and where it stands, which tab is open, and
// where the person was in it.
func (w *Window) remember() {
	preferences, size := w.fyneApp.Preferences(), w.win.Canvas().Size()
	preferences.SetFloat(widthPreference, float64(size.Width))
	preferences.SetFloat(heightPreference, float64(size.Height))
	preferences.SetInt(tabPreference, w.tabs.SelectedIndex())
	w.standing.remember(preferences)
	w.rememberWhereabouts()
}

// lastSize is how large the window was; the usual size where nothing was remembered.
func (w *Window) lastSize() fyne.Size {
	preferences := w.fyneApp.Preferences()
	size := fyne.NewSize(float32(preferences.Float(widthPreference)), float32(preferences.Float(heightPreference)))
	if size.IsZero() {
		return usualSize
	}
	return size.Max(leastSize)
}

// lastTab is the tab that was open; the groups where none was.
func (w *Window) lastTab() int {
	groups := 1
	if tab := w.fyneApp.Preferences().IntWithFallback(tabPreference, groups); tab >= 0 && tab < len(w.tabs.Items) {
		return tab
	}
	return groups
}

// longJob is how long something takes at which nobody looks on any more.
const longJob = 15 * time.Second

// notify tells on the desktop how a long job ended, or any while another program's
// window is in front.
func (w *Window) notify(text string) {
	if w.fyneApp.Preferences().Bool(quietPreference) {
		return
	}
	if w.away || time.Since(w.began) >= longJob {
		w.fyneApp.SendNotification(fyne.NewNotification(w.title(), text))
	}
}
