//go:build ci

package screens

import "image"

// With Fyne's build tag ci there is no GLFW, and no window on a desktop.

func drawnTo() desktopWindow { return nil }

func workAreas() []image.Rectangle { return nil }
