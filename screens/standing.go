package screens

import (
	"image"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver"
	"fyne.io/fyne/v2/driver/desktop"
	"github.com/go-gl/glfw/v3.4/glfw"
)

// placePreference keeps where the window stood: its left and top edge, width and
// height, in the desktop's own units.
const placePreference = "window-place"

// standing tells where the window stands on the desktop. Fyne puts a window somewhere
// but doesn't tell where it is (fyne-io/fyne#554), so that GLFW is asked, with which
// Fyne shows windows.
type standing struct {
	// handle is GLFW's window; nil until it was drawn, and where none is shown, as in
	// tests and pictures.
	handle *glfw.Window
}

// finder is to lie in the window. It finds GLFW's window as that which is drawn to
// when finder is drawn, and shows nothing.
func (s *standing) finder(win fyne.Window) fyne.CanvasObject {
	dot := canvas.NewRaster(func(width, height int) image.Image {
		if onDesktop(win) {
			s.handle = glfw.GetCurrentContext()
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

// remember keeps where the window stands. One that is minimized stands nowhere, and
// Wayland tells no place.
func (s *standing) remember(preferences fyne.Preferences) {
	if s.handle == nil || s.handle.GetAttrib(glfw.Iconified) == glfw.True || glfw.GetPlatform() == glfw.PlatformWayland {
		return
	}
	x, y := s.handle.GetPos()
	width, height := s.handle.GetSize()
	preferences.SetIntList(placePreference, []int{x, y, width, height})
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

// workAreas are the parts of the screens that no bar of the desktop covers.
func workAreas() []image.Rectangle {
	var areas []image.Rectangle
	for _, monitor := range glfw.GetMonitors() {
		x, y, width, height := monitor.GetWorkarea()
		areas = append(areas, image.Rect(x, y, x+width, y+height))
	}
	return areas
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
