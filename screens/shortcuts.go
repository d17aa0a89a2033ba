package screens

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/widget"
)

// shortcuts are what the keyboard does. Ctrl is Cmd on macOS.
var shortcuts = []struct{ keys, what string }{
	{"Ctrl+F", "search groups, sites, products and people"},
	{"Ctrl+R", "fetch"},
	{"Ctrl+1 … Ctrl+4", "show another tab"},
	{"Ctrl++ Ctrl+-", "make the text larger, or smaller"},
	{"↑ ↓ Page Home End", "move in a table"},
	{"→ ←", "open and close a group, or a run"},
	{"U", "show who stays as they are in an opened group"},
	{"Space", "select a group, or no longer"},
	{"Shift and click on a box", "select all groups from the last one on"},
	{"Ctrl+A", "select all groups shown, or none"},
	{"Return", "sync the group"},
	{"A", "accept what syncing the group does"},
	{"K", "keep a person, or keep one out; or take that back"},
	{"N", "give the IdP group another name"},
	{"Delete", "reject the group, or withdraw what was decided; undo a run"},
	{"1 … 7", "sort by a column; once more, the other way round"},
	{"M or the menu key", "show what can be done with the line, its group, and those selected"},
	{"Ctrl+C", "copy the line"},
	{"Tab", "go on to the next field or table"},
	{"Escape", "close a question"},
}

// showShortcuts lists what the keyboard does.
func (w *Window) showShortcuts() {
	table := container.New(layout.NewFormLayout())
	for _, shortcut := range shortcuts {
		keys := widget.NewLabelWithStyle(shortcut.keys, fyne.TextAlignTrailing, fyne.TextStyle{Bold: true})
		table.Add(keys)
		table.Add(widget.NewLabel(shortcut.what))
	}
	dialog.ShowCustom("Keyboard", "OK", table, w.win)
}
