package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"github.com/rollcall-app/rollcall/app/lang"
)

// LineList is a virtualized list of lines of equal height, with a cursor that
// the keyboard moves. It has no focusable parts but itself: what a key does, it
// does to the line under the cursor, and only while that line is in sight.
type LineList struct {
	widget.List
	// Line gives the content of a line.
	Line func(i int) Line
	// OnTapped is told of a tap on a column of a line; extend, that Shift was
	// held.
	OnTapped func(i, column int, extend bool)
	// OnKey is told of a key on the line under the cursor. It isn't told of
	// Up, Down, Page Up, Page Down, Home and End, which move the cursor, nor of M and
	// I, which show the menu and all that the line says.
	OnKey func(i int, key fyne.KeyName)
	// Menu gives what the other mouse button offers on a line; nil for nothing.
	Menu func(i int) []*fyne.MenuItem
	// Tips shows what a cell has no room for, or what it means; nil for nothing.
	Tips *Tips
	// OnSelectAll is told of the system's shortcut to select all.
	OnSelectAll func()

	cursor int
}

// NewLineList makes a list of length lines.
func NewLineList(length func() int, line func(i int) Line) *LineList {
	l := &LineList{Line: line}
	l.Length = length
	l.CreateItem = func() fyne.CanvasObject { return newLineView() }
	l.UpdateItem = func(i widget.ListItemID, object fyne.CanvasObject) {
		view := object.(*lineView)
		view.onTapped = func(column int) { l.tapped(i, column) }
		if l.Tips != nil {
			view.onTip = l.Tips.Show
		}
		view.onMenu = func(at fyne.Position) { l.showMenu(i, at) }
		view.show(l.Line(i))
	}
	l.ExtendBaseWidget(l)
	return l
}

// CreateRenderer implements fyne.Widget. A list that wasn't shown for a minute is
// forgotten by Fyne and made again; it then stands where it stood.
func (l *LineList) CreateRenderer() fyne.WidgetRenderer {
	offset := l.GetScrollOffset()
	r := l.List.CreateRenderer()
	r.Layout(l.Size())
	l.ScrollToOffset(offset)
	return r
}

// Framed gives the list with next to no space between its lines.
func (l *LineList) Framed() fyne.CanvasObject {
	return container.NewThemeOverride(l, lineTheme{})
}

// Cursor is the line that keys act on.
func (l *LineList) Cursor() int { return l.cursor }

// SetCursor moves the cursor and scrolls to it. Beyond the ends it stops there.
func (l *LineList) SetCursor(i int) {
	length := l.Length()
	if length == 0 {
		l.cursor = 0
		return
	}
	l.cursor = max(0, min(i, length-1))
	l.Highlight(l.cursor)
}

func (l *LineList) tapped(i, column int) {
	l.cursor = i
	l.Highlight(i)
	if c := fyne.CurrentApp().Driver().CanvasForObject(l); c != nil {
		c.Focus(l)
	}
	if l.OnTapped == nil {
		return
	}
	extend := false
	if driver, ok := fyne.CurrentApp().Driver().(desktop.Driver); ok {
		extend = driver.CurrentKeyModifiers()&fyne.KeyModifierShift != 0
	}
	l.OnTapped(i, column, extend)
}

// showMenu offers what can be done with a line, which becomes the one that keys
// act on.
func (l *LineList) showMenu(i int, at fyne.Position) {
	c := fyne.CurrentApp().Driver().CanvasForObject(l)
	if c == nil || i >= l.Length() {
		return
	}
	l.cursor = i
	l.Highlight(i)
	items := []*fyne.MenuItem{fyne.NewMenuItem(lang.L("Copy"), func() { l.TypedShortcut(&fyne.ShortcutCopy{}) })}
	if l.Menu != nil {
		items = append(l.Menu(i), append([]*fyne.MenuItem{fyne.NewMenuItemSeparator()}, items...)...)
	}
	widget.ShowPopUpMenuAtPosition(fyne.NewMenu("", items...), c, at)
}

// tellAtCursor shows what the line under the cursor holds and means, as pointing at
// its cells does, until the next key.
func (l *LineList) tellAtCursor() {
	if l.Tips == nil || l.cursor >= l.Length() {
		return
	}
	l.SetCursor(l.cursor)
	l.Tips.Show(l.Line(l.cursor).whole(), l.atCursor())
}

// menuAtCursor offers what can be done with the line under the cursor.
func (l *LineList) menuAtCursor() {
	l.SetCursor(l.cursor)
	l.showMenu(l.cursor, l.atCursor())
}

// atCursor is the place on the screen below the line under the cursor.
func (l *LineList) atCursor() fyne.Position {
	y := (float32(l.cursor)+1)*l.lineHeight() - l.GetScrollOffset()
	return fyne.CurrentApp().Driver().AbsolutePositionForObject(l).AddXY(60, y)
}

// TypedKey moves the cursor, shows the line's menu, or hands the key on.
func (l *LineList) TypedKey(event *fyne.KeyEvent) {
	if l.Tips != nil {
		l.Tips.Show("", fyne.Position{})
	}
	page := max(1, int(l.Size().Height/l.lineHeight())-1)
	switch event.Name {
	case fyne.KeyDown:
		l.SetCursor(l.cursor + 1)
	case fyne.KeyUp:
		l.SetCursor(l.cursor - 1)
	case fyne.KeyPageDown:
		l.SetCursor(l.cursor + page)
	case fyne.KeyPageUp:
		l.SetCursor(l.cursor - page)
	case fyne.KeyHome:
		l.SetCursor(0)
	case fyne.KeyEnd:
		l.SetCursor(l.Length() - 1)
	case desktop.KeyMenu, fyne.KeyM:
		l.menuAtCursor()
	case fyne.KeyI:
		l.tellAtCursor()
	default:
		l.act(event.Name)
	}
}

// TypedShortcut copies the line under the cursor, or selects all; what else is
// typed is the window's.
func (l *LineList) TypedShortcut(shortcut fyne.Shortcut) {
	switch shortcut.(type) {
	case *fyne.ShortcutCopy:
		if l.cursor < l.Length() {
			fyne.CurrentApp().Clipboard().SetContent(l.Line(l.cursor).Text())
		}
		return
	case *fyne.ShortcutSelectAll:
		if l.OnSelectAll != nil {
			l.OnSelectAll()
		}
		return
	}
	if window, ok := fyne.CurrentApp().Driver().CanvasForObject(l).(fyne.Shortcutable); ok {
		window.TypedShortcut(shortcut)
	}
}

// act hands a key on for the line under the cursor. A line out of sight is only
// brought into sight: nobody may change what they can't see.
func (l *LineList) act(key fyne.KeyName) {
	if l.OnKey == nil || l.cursor >= l.Length() {
		return
	}
	if !l.InSight(l.cursor) {
		l.SetCursor(l.cursor)
		return
	}
	l.OnKey(l.cursor, key)
}

// InSight says whether a whole line can be seen.
func (l *LineList) InSight(i int) bool {
	height := l.lineHeight()
	top := float32(i) * height
	return top >= l.GetScrollOffset()-1 && top+height-1 <= l.GetScrollOffset()+l.Size().Height+1
}

func (l *LineList) lineHeight() float32 {
	return minLineHeight() + linePadding
}
