package screens

import (
	"image"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver"
	"fyne.io/fyne/v2/driver/desktop"
)

// placePreference keeps where the window stood: its left and top edge, width and
// height, in the desktop's own units.
const placePreference = "window-place"

// standing tells where the window stands on the desktop. Fyne puts a window somewhere
// but doesn't tell where it is (fyne-io/fyne#554), so that GLFW is asked, with which
// Fyne shows windows.
type standing struct {
	// window is nil until it was drawn, and where none is shown, as in tests and
	// pictures.
	window desktopWindow
}

// desktopWindow is a window of the desktop.
type desktopWindow interface {
	// place is where it stands; none where it is minimized, or the desktop won't tell.
	place() (where image.Rectangle, ok bool)
}

// finder is to lie in the window. It finds the desktop's window as that which is drawn
// to when finder is drawn, and shows nothing.
func (s *standing) finder(win fyne.Window) fyne.CanvasObject {
	dot := canvas.NewRaster(func(width, height int) image.Image {
		if onDesktop(win) {
			s.window = drawnTo()
		}
		return image.NewNRGBA(image.Rect(0, 0, width, height))
	})
	dot.Resize(fyne.NewSquareSize(1))
	return container.NewWithoutLayout(dot)
}

// onDesktop says whether it is GLFW that shows a window.
func onDesktop(win fyne.Window) bool {
	_, ok := win.(driver.NativeWindow)
	return ok
}

// remember keeps where the window stands.
func (s *standing) remember(preferences fyne.Preferences) {
	if s.window == nil {
		return
	}
	if where, ok := s.window.place(); ok {
		preferences.SetIntList(placePreference, []int{where.Min.X, where.Min.Y, where.Dx(), where.Dy()})
	}
}

// restorePlace puts a window that isn't shown yet where it stood, unless the screen
// on which that was is gone.
func restorePlace(win fyne.Window, preferences fyne.Preferences) {
	stood := preferences.IntList(placePreference)
	if len(stood) != 4 || !onDesktop(win) {
		return
	}
	was := image.Rect(stood[0], stood[1], stood[0]+stood[2], stood[1]+stood[3])
	if window, ok := win.(desktop.Window); ok && graspable(was, workAreas()) {
		window.RequestPosition(was.Min.X, was.Min.Y)
	}
}

// graspable says whether enough of a window's upper edge is on a screen to take hold
// of the window and move it.
func graspable(window image.Rectangle, screens []image.Rectangle) bool {
	edge := image.Rect(window.Min.X, window.Min.Y, window.Max.X, window.Min.Y+1)
	for _, screen := range screens {
		if !edge.Empty() && edge.Intersect(screen).Dx() >= min(edge.Dx(), 100) {
			return true
		}
	}
	return false
}
