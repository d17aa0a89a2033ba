package screens

import (
	"runtime"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"

	"github.com/rollcall-app/rollcall/app/lang"
)

// menu is the window's menu bar. Quit is added by Fyne, and on macOS About and
// Settings are moved to where they belong there.
func (w *Window) menu() *fyne.MainMenu {
	return fyne.NewMainMenu(w.fileMenu(), w.viewMenu(), w.helpMenu())
}

func (w *Window) fileMenu() *fyne.Menu {
	menu := fyne.NewMenu(lang.L("File"),
		w.withKey(fyne.NewMenuItem(lang.L("Fetch now"), w.fetch), fyne.KeyR),
		fyne.NewMenuItem(lang.L("Report …"), w.askReport), fyne.NewMenuItem(lang.L("Snapshots …"), w.showSnapshots), fyne.NewMenuItemSeparator(),
		fyne.NewMenuItem(lang.L("Guards …"), w.showGuards), fyne.NewMenuItem(lang.L("Forget this organization …"), w.forget))
	if w.app.Profiles != nil {
		menu.Items = append(menu.Items, fyne.NewMenuItem(lang.L("Profiles …"), w.chooseProfile))
	}
	settings := lang.L("Preferences …")
	if runtime.GOOS == "darwin" {
		settings = "Settings…" // the name by which Fyne knows what belongs in the application's menu
	}
	menu.Items = append(menu.Items, fyne.NewMenuItemSeparator(), w.withKey(fyne.NewMenuItem(settings, w.showPreferences), fyne.KeyComma))
	return menu
}

func (w *Window) viewMenu() *fyne.Menu {
	menu := fyne.NewMenu(lang.L("View"))
	for i, key := range []fyne.KeyName{fyne.Key1, fyne.Key2, fyne.Key3, fyne.Key4} {
		show := func() { w.tabs.SelectIndex(i) }
		menu.Items = append(menu.Items, w.withKey(fyne.NewMenuItem(tabTitle(w.tabs.Items[i], w), show), key))
	}
	menu.Items = append(menu.Items, fyne.NewMenuItemSeparator(),
		w.withKey(fyne.NewMenuItem(lang.L("Larger text"), func() { w.scaleText(1) }), fyne.KeyPlus),
		w.withKey(fyne.NewMenuItem(lang.L("Smaller text"), func() { w.scaleText(-1) }), fyne.KeyMinus))
	return menu
}

// tabTitle is a tab's title without the number that it may carry.
func tabTitle(item *container.TabItem, w *Window) string {
	if item == w.groups.item {
		return lang.L("Groups")
	}
	return item.Text
}

func (w *Window) helpMenu() *fyne.Menu {
	about := lang.L("About Rollcall")
	if runtime.GOOS == "darwin" {
		about = "About" // see Settings
	}
	return fyne.NewMenu(lang.L("Help"),
		fyne.NewMenuItem(lang.L("Guide"), func() { w.openDocument("guide") }),
		fyne.NewMenuItem(lang.L("Identity providers"), func() { w.openDocument("providers") }),
		fyne.NewMenuItem(lang.L("Commands"), func() { w.openDocument("cli") }),
		w.withKey(fyne.NewMenuItem(lang.L("Keyboard …"), w.showShortcuts), fyne.KeySlash),
		fyne.NewMenuItemSeparator(),
		fyne.NewMenuItem(lang.L("Show log"), w.showLog),
		fyne.NewMenuItem(lang.L("Copy diagnostics"), w.copyDiagnostics),
		fyne.NewMenuItem(lang.L("Look for a newer version"), w.lookForNewer),
		fyne.NewMenuItemSeparator(),
		fyne.NewMenuItem(about, w.showAbout))
}

// withKey gives an item a key, to be held with Ctrl, or Cmd on macOS. Keys arrive
// from behind dialogs, too: there they do nothing.
func (w *Window) withKey(item *fyne.MenuItem, key fyne.KeyName) *fyne.MenuItem {
	do := item.Action
	item.Action = func() {
		if w.win.Canvas().Overlays().Top() == nil {
			do()
		}
	}
	item.Shortcut = &desktop.CustomShortcut{KeyName: key, Modifier: fyne.KeyModifierShortcutDefault}
	return item
}
