//go:build !ci

package screens

import (
	"image"

	"github.com/go-gl/glfw/v3.4/glfw"
)

// glfwWindow is a window of the desktop as GLFW knows it; it is used on the UI
// goroutine, and until it is closed.
type glfwWindow struct{ *glfw.Window }

// drawnTo is the window that is being drawn to; nil for none.
func drawnTo() desktopWindow {
	if window := glfw.GetCurrentContext(); window != nil {
		return glfwWindow{window}
	}
	return nil
}

// place implements desktopWindow. Wayland tells no place.
func (w glfwWindow) place() (where image.Rectangle, ok bool) {
	if w.GetAttrib(glfw.Iconified) == glfw.True || glfw.GetPlatform() == glfw.PlatformWayland {
		return image.Rectangle{}, false
	}
	x, y := w.GetPos()
	width, height := w.GetSize()
	return image.Rect(x, y, x+width, y+height), true
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
