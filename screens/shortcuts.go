package screens

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/widget"

	"github.com/rollcall-app/rollcall/app/lang"
)

// shortcuts are what the keyboard does. Ctrl is Cmd on macOS.
var shortcuts = []struct{ keys, what string }{
	{"Ctrl+F", lang.Mark("search groups, sites, products and people")},
	{"Ctrl+R", lang.Mark("fetch")},
	{"Ctrl+1 … Ctrl+4", lang.Mark("show another tab")},
	{"Ctrl++ Ctrl+-", lang.Mark("make the text larger, or smaller")},
	{lang.Mark("Up, Down, Page Up and Down, Home, End"), lang.Mark("move in a table")},
	{lang.Mark("Right, Left"), lang.Mark("open and close a group, or a run")},
	{"U", lang.Mark("show who stays as they are in an opened group")},
	{lang.Mark("Space"), lang.Mark("select a group, or no longer")},
	{lang.Mark("Shift and click on a box"), lang.Mark("select all groups from the last one on")},
	{"Ctrl+A", lang.Mark("select all groups shown, or none")},
	{lang.Mark("Return"), lang.Mark("sync the group")},
	{"A", lang.Mark("accept what syncing the group does")},
	{"K", lang.Mark("keep a person, or keep one out; or take that back")},
	{"N", lang.Mark("give the IdP group another name")},
	{lang.Mark("Delete"), lang.Mark("reject the group, or withdraw what was decided; undo a run")},
	{"1 … 7", lang.Mark("sort by a column; once more, the other way round")},
	{lang.Mark("M or the menu key"), lang.Mark("show what can be done with the line, its group, and those selected")},
	{"I", lang.Mark("show all that the line says, and what it means")},
	{"Ctrl+C", lang.Mark("copy the line")},
	{lang.Mark("Tab"), lang.Mark("go on to the next field or table")},
	{lang.Mark("Escape"), lang.Mark("close a question")},
}

// showShortcuts lists what the keyboard does.
func (w *Window) showShortcuts() {
	table := container.New(layout.NewFormLayout())
	for _, shortcut := range shortcuts {
		keys := widget.NewLabelWithStyle(lang.L(shortcut.keys), fyne.TextAlignTrailing, fyne.TextStyle{Bold: true})
		table.Add(keys)
		table.Add(widget.NewLabel(lang.L(shortcut.what)))
	}
	shown := dialog.NewCustom(lang.L("Keyboard"), lang.L("OK"), container.NewScroll(table), w.win)
	shown.Resize(room(w.win, 780, 720))
	shown.Show()
}
