package screens

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/rollcall-app/rollcall/app/display"
	"github.com/rollcall-app/rollcall/widgets"
)

// themeFor gives the theme of a look, "light", "dark" or the system's, with text so
// much larger than usual.
func themeFor(look string, scale float64) fyne.Theme {
	t := widgets.Theme{Scale: float32(scale)}
	if variant, ok := variants[look]; ok {
		t.Variant = &variant
	}
	return t
}

// room is the size of a dialog for a content of so much at the usual text size: as
// far as the window has it.
func room(win fyne.Window, width, height float32) fyne.Size {
	const margin = 40
	scale, most := widgets.TextScale(), win.Canvas().Size()
	return fyne.NewSize(min(width*scale, most.Width-margin), min(height*scale, most.Height-margin))
}

// wrapped is text that breaks its lines.
func wrapped(text string) *widget.Label {
	label := widget.NewLabel(widgets.Drawable(display.Text(text)))
	label.Wrapping = fyne.TextWrapWord
	return label
}

// muted is text of less weight.
func muted(text string) *widget.Label {
	label := wrapped(text)
	label.Importance = widget.LowImportance
	return label
}

// spaced puts some room around the content of a tab.
func spaced(content fyne.CanvasObject) fyne.CanvasObject {
	return container.New(layout.NewCustomPaddedLayout(12, 10, 16, 16), content)
}

// above puts an object above another, which takes the rest. The keyboard reaches them
// in this order; that of container.NewBorder has the middle first.
func above(top, rest fyne.CanvasObject) *fyne.Container {
	return container.New(layout.NewBorderLayout(top, nil, nil, nil), top, rest)
}

// between puts an object between two others, and gives it the rest, in this order.
func between(top, rest, bottom fyne.CanvasObject) *fyne.Container {
	return container.New(layout.NewBorderLayout(top, bottom, nil, nil), top, rest, bottom)
}

// beside puts an object on the left of another, which takes the rest, in this order.
func beside(left, rest fyne.CanvasObject) *fyne.Container {
	return container.New(layout.NewBorderLayout(nil, nil, left, nil), left, rest)
}

// atLeast gives an object a least width at the usual text size.
func atLeast(width float32, object fyne.CanvasObject) fyne.CanvasObject {
	return container.New(&leastWidth{width}, object)
}

type leastWidth struct{ width float32 }

// MinSize implements fyne.Layout.
func (l *leastWidth) MinSize(objects []fyne.CanvasObject) fyne.Size {
	size := objects[0].MinSize()
	return fyne.NewSize(max(size.Width, l.width*widgets.TextScale()), size.Height)
}

// Layout implements fyne.Layout.
func (l *leastWidth) Layout(objects []fyne.CanvasObject, size fyne.Size) { objects[0].Resize(size) }

// columns lays objects out beside each other, equally wide, with a space; where they
// have no room so, below each other.
type columns struct {
	space float32
	// least is how wide one has to be beside another, at the usual text size.
	least   float32
	stacked bool
	// turned is told that it lays out the other way now, and takes another
	// height.
	turned func()
}

// MinSize implements fyne.Layout.
func (c *columns) MinSize(objects []fyne.CanvasObject) fyne.Size {
	var size fyne.Size
	height := -c.space
	for _, object := range objects {
		least := object.MinSize()
		size = size.Max(least)
		height += least.Height + c.space
	}
	if c.stacked {
		size.Height = height
	}
	return size
}

// Layout implements fyne.Layout.
func (c *columns) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	widest := c.least * widgets.TextScale()
	for _, object := range objects {
		widest = max(widest, object.MinSize().Width)
	}
	n := float32(len(objects))
	width := (size.Width - c.space*(n-1)) / n
	was := c.stacked
	if c.stacked = width < widest; c.stacked {
		c.stack(objects, size.Width)
	} else {
		for i, object := range objects {
			object.Resize(fyne.NewSize(width, size.Height))
			object.Move(fyne.NewPos(float32(i)*(width+c.space), 0))
		}
	}
	if c.stacked != was && c.turned != nil {
		c.turned()
	}
}

func (c *columns) stack(objects []fyne.CanvasObject, width float32) {
	y := float32(0)
	for _, object := range objects {
		object.Resize(fyne.NewSize(width, object.MinSize().Height))
		object.Move(fyne.NewPos(0, y))
		y += object.MinSize().Height + c.space
	}
}

// gap is an empty space.
func gap(width, height float32) fyne.CanvasObject {
	space := canvas.NewRectangle(theme.Color(theme.ColorNameBackground))
	space.Hide()
	return container.NewGridWrap(fyne.NewSize(width, height), space)
}

// emptyState says in the middle of a tab what is missing, and offers the way on.
func emptyState(title, text, action string, do func()) fyne.CanvasObject {
	heading := widget.NewLabelWithStyle(title, fyne.TextAlignCenter, fyne.TextStyle{Bold: true})
	heading.SizeName = theme.SizeNameSubHeadingText
	body := widget.NewLabelWithStyle(text, fyne.TextAlignCenter, fyne.TextStyle{})
	button := widget.NewButton(action, do)
	button.Importance = widget.HighImportance
	return container.NewCenter(container.NewVBox(heading, body, container.NewCenter(button)))
}
