package screens

import (
	"bytes"
	"image"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app/review"
	"github.com/rollcall-app/rollcall/app/simulator"
	"github.com/rollcall-app/rollcall/widgets"
)

// focusables are what the keyboard can reach within an object, in Fyne's order.
func focusables(root fyne.CanvasObject) (found []fyne.Focusable) {
	walk(root, func(object fyne.CanvasObject) {
		if focusable, ok := object.(fyne.Focusable); ok {
			if able, ok := object.(fyne.Disableable); !ok || !able.Disabled() {
				found = append(found, focusable)
			}
		}
	})
	return found
}

// tabThrough presses Tab until the focus is back where it began.
func (p *person) tabThrough() (reached []fyne.Focusable) {
	p.t.Helper()
	c := p.w.win.Canvas()
	c.Unfocus()
	for range 200 {
		c.FocusNext()
		focused := c.Focused()
		require.NotNil(p.t, focused)
		if len(reached) > 0 && focused == reached[0] {
			return reached
		}
		reached = append(reached, focused)
	}
	require.Fail(p.t, "the focus goes round and round")
	return nil
}

// name is what a person reads on, in or beside a control.
func (p *person) name(root fyne.CanvasObject, control fyne.CanvasObject) string {
	switch o := control.(type) {
	case *widget.Button:
		return o.Text
	case *widget.Check:
		return o.Text
	case *widgets.LineList:
		return "table"
	case *container.AppTabs:
		return "tabs"
	case *widget.Hyperlink:
		return o.Text
	case *widgets.Button:
		return o.Text
	case *widgets.Check:
		return o.Text
	}
	name := ""
	at := fyne.CurrentApp().Driver().AbsolutePositionForObject(control)
	walk(root, func(object fyne.CanvasObject) { // the label on the left, as in a form
		text, ok := object.(*canvas.Text)
		if !ok || text.Text == "" {
			return
		}
		place := fyne.CurrentApp().Driver().AbsolutePositionForObject(text)
		if place.X < at.X && place.Y < at.Y+control.Size().Height && place.Y+text.Size().Height > at.Y {
			name = text.Text
		}
	})
	switch o := control.(type) {
	case *widget.Entry:
		return name + o.PlaceHolder
	case *widget.Select:
		return name + o.Selected
	case *widgets.Entry:
		return name + o.PlaceHolder
	case *widgets.Select:
		return name + o.Selected
	}
	walk(control, func(object fyne.CanvasObject) { // what it says itself
		if text, ok := object.(*canvas.Text); ok {
			name += text.Text
		}
	})
	return name
}

// reads says whether one place comes after another for who reads: below it, or
// beside it to the right, or in the next column.
func reads(first, second fyne.CanvasObject) bool {
	a, b := fyne.CurrentApp().Driver().AbsolutePositionForObject(first), fyne.CurrentApp().Driver().AbsolutePositionForObject(second)
	const row = 12
	switch {
	case b.Y > a.Y+row: // further down, in the same column or one that began further up
		return true
	case b.Y > a.Y-row:
		return b.X > a.X
	}
	return b.X >= a.X+first.Size().Width // up again: the next column
}

// Tab goes through every control that can be used, once, in the order in which they
// are read; each has a name, and shows that it has the focus.
func TestTabGoesThroughEveryNamedControlInTheOrderOfReading(t *testing.T) {
	p := sitDown(t, simulator.Sample(1, 30, 200))
	p.fetch()
	for i, item := range p.w.tabs.Items {
		p.w.tabs.SelectIndex(i)
		p.w.show()
		p.checkFocus(p.w.content, item.Text)
	}
	p.w.tabs.Select(p.w.groups.item)
	for name, show := range map[string]func(){
		"preferences": p.w.showPreferences, "guards": p.w.showGuards, "snapshots": p.w.showSnapshots, "report": p.w.askReport,
		"about": p.w.showAbout, "confirmation": func() { test.Tap(p.w.groups.syncAll) },
	} {
		show()
		overlay := p.w.win.Canvas().Overlays().Top()
		require.NotNil(t, overlay, name)
		p.checkFocus(overlay, name)
		p.w.win.Canvas().Overlays().Remove(overlay)
	}
}

func (p *person) checkFocus(root fyne.CanvasObject, where string) {
	p.t.Helper()
	reached := p.tabThrough()
	require.ElementsMatch(p.t, focusables(root), reached, where)
	for i, focused := range reached {
		object := focused.(fyne.CanvasObject)
		require.NotEmpty(p.t, p.name(root, object), "%s: %T has no name", where, object)
		p.w.win.Canvas().Focus(focused) // as Tab does: it is scrolled into sight
		if i > 0 {
			before := reached[i-1].(fyne.CanvasObject)
			require.True(p.t, reads(before, object), "%s: from %q to %q", where, p.name(root, before), p.name(root, object))
		}
		p.showsFocus(object, where)
	}
}

// showsFocus fails where a control looks the same with the focus and without.
func (p *person) showsFocus(object fyne.CanvasObject, where string) {
	p.t.Helper()
	if raced { // painting takes it ten times as long
		return
	}
	c := p.w.win.Canvas()
	c.Unfocus()
	c.Focus(object.(fyne.Focusable))
	at := fyne.CurrentApp().Driver().AbsolutePositionForObject(object)
	require.GreaterOrEqual(p.t, at.Y, float32(0), "%s: %T is out of sight", where, object)
	require.LessOrEqual(p.t, at.Y+object.Size().Height, c.Size().Height, "%s: %T is out of sight", where, object)
	c.Unfocus()
	without := pixels(c.Capture(), at, object.Size())
	c.Focus(object.(fyne.Focusable))
	with := pixels(c.Capture(), at, object.Size())
	require.False(p.t, bytes.Equal(without, with), "%s: %T at %v looks the same with the focus", where, object, at)
}

func pixels(picture image.Image, at fyne.Position, size fyne.Size) (colours []byte) {
	for y := int(at.Y) - 2; y < int(at.Y+size.Height)+2; y++ {
		for x := int(at.X) - 2; x < int(at.X+size.Width)+2; x++ {
			r, g, b, _ := picture.At(x, y).RGBA()
			colours = append(colours, byte(r>>8), byte(g>>8), byte(b>>8))
		}
	}
	return colours
}

func TestNothingIsSaidByColourAlone(t *testing.T) {
	titles := map[string]review.State{}
	for state, look := range stateLook {
		require.NotContains(t, titles, look.title, "two states have one name")
		titles[look.title] = state
	}
	p := sitDown(t, simulator.Sample(1, 30, 200))
	p.fetch()
	line := p.line(plain)
	p.tapLine(line, arrowColumn)
	signs := map[string]bool{}
	for i := line + 1; p.w.groups.model.lines[i].kind != groupLine; i++ {
		if p.w.groups.model.lines[i].kind == changeLine {
			signs[p.w.groups.model.line(i).Cells[1][0].Text] = true
		}
	}
	require.Equal(t, map[string]bool{"+": true, "−": true}, signs, "who comes and who goes have signs")
	row := p.w.groups.model.line(line)
	require.Contains(t, row.Spoken(), "not selected")
	require.Contains(t, row.Spoken(), "opened")
	require.Contains(t, row.Spoken(), "Conflict")
}

func TestAllThatALineSaysIsShownByKeyboard(t *testing.T) {
	p := sitDown(t, simulator.Sample(1, 30, 200))
	p.fetch()
	line := p.line(plain)
	p.w.groups.list.SetCursor(line)
	p.key(fyne.KeyI)
	require.Contains(t, p.w.tips.Text(), p.w.groups.model.views[p.w.groups.model.lines[line].view].row.Name)
	require.Contains(t, p.w.tips.Text(), "Both sides have a group of this name")
	p.key(fyne.KeyDown)
	require.Empty(t, p.w.tips.Text(), "until the next key")
}
