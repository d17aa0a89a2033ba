package widgets

import (
	"image/color"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"github.com/rollcall-app/rollcall/app/display"
)

// Tips is a layer over a window's content that shows a text beside the pointer: what
// a cell has no room for, or what it means. It takes no taps.
type Tips struct {
	layer *fyne.Container
	back  *canvas.Rectangle
}

// NewTips makes an empty layer. Stack it over the content.
func NewTips() *Tips {
	t := &Tips{back: canvas.NewRectangle(color.Transparent), layer: container.NewWithoutLayout()}
	t.back.StrokeWidth, t.back.CornerRadius = 1, 4
	return t
}

// Object is the layer, to be stacked over a window's content.
func (t *Tips) Object() fyne.CanvasObject { return t.layer }

// Text is what is shown, line by line; empty where nothing is.
func (t *Tips) Text() string {
	var lines []string
	for _, object := range t.layer.Objects {
		if line, ok := object.(*canvas.Text); ok {
			lines = append(lines, line.Text)
		}
	}
	return strings.Join(lines, "\n")
}

// tipWidth is how many letters stand in a line of a tip, tipLines how many lines.
const (
	tipWidth = 80
	tipLines = 20
	tipPad   = 8
)

// Show shows a text below a place on the screen; an empty one hides what is shown.
func (t *Tips) Show(text string, at fyne.Position) {
	t.layer.RemoveAll()
	if text == "" {
		return
	}
	t.back.FillColor, t.back.StrokeColor = Ink(FillCard), Ink(InkMuted)
	t.layer.Add(t.back)
	var size fyne.Size
	for _, line := range tipText(Drawable(text)) {
		drawn := canvas.NewText(line, Ink(theme.ColorNameForeground))
		drawn.TextSize = theme.TextSize()
		least := drawn.MinSize()
		drawn.Resize(least)
		drawn.Move(fyne.NewPos(tipPad, tipPad+size.Height))
		size = fyne.NewSize(max(size.Width, least.Width), size.Height+least.Height)
		t.layer.Add(drawn)
	}
	size = size.Add(fyne.NewSize(2*tipPad, 2*tipPad))
	t.back.Resize(size)
	t.back.Move(fyne.Position{})
	t.place(size, at)
}

// place moves the tip below and beside the pointer, within the layer.
func (t *Tips) place(size fyne.Size, at fyne.Position) {
	room := t.layer.Size()
	const below = 20
	corner := at.Subtract(fyne.CurrentApp().Driver().AbsolutePositionForObject(t.layer)).AddXY(12, below)
	if corner.Y+size.Height > room.Height {
		corner.Y -= size.Height + 2*below
	}
	corner.X, corner.Y = max(min(corner.X, room.Width-size.Width), 0), max(corner.Y, 0)
	for _, object := range t.layer.Objects {
		object.Move(object.Position().Add(corner))
	}
	t.layer.Refresh()
}

// tipText breaks a text into lines.
func tipText(text string) []string {
	var lines []string
	for _, paragraph := range strings.Split(text, "\n") {
		lines = append(lines, display.Lines(display.Line(paragraph), tipWidth)...)
	}
	if len(lines) > tipLines {
		lines = append(lines[:tipLines-1], "…")
	}
	return lines
}
