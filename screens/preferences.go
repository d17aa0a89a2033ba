package screens

import (
	"fmt"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/widgets"
)

// What a person prefers is kept under these names. look holds "light", "dark", or
// nothing for the system's; text-scale how much larger text is than usual; language
// a tag, or nothing for the system's; quiet that nothing is told on the desktop.
const (
	lookPreference     = "look"
	textPreference     = "text-scale"
	languagePreference = "language"
	quietPreference    = "quiet"
)

// textScales are those offered.
var textScales = []float64{1, 1.25, 1.5, 2}

var variants = map[string]fyne.ThemeVariant{"light": theme.VariantLight, "dark": theme.VariantDark}

func textScale(fyneApp fyne.App) float64 {
	scale := fyneApp.Preferences().FloatWithFallback(textPreference, 1)
	if !slices.Contains(textScales, scale) {
		return 1
	}
	return scale
}

func currentTheme(fyneApp fyne.App) fyne.Theme {
	return themeFor(fyneApp.Preferences().String(lookPreference), textScale(fyneApp))
}

// choice is one of several values of a preference, with its title.
type choice struct{ value, title string }

// newChoice makes a field for a preference, which is kept and acted upon at once.
func (w *Window) newChoice(preference string, choices []choice, then func()) *widget.Select {
	var titles []string
	chosen := 0
	for i, c := range choices {
		titles = append(titles, c.title)
		if c.value == w.fyneApp.Preferences().String(preference) {
			chosen = i
		}
	}
	field := widget.NewSelect(titles, nil)
	widgets.MakeRoom(field)
	field.SetSelectedIndex(chosen)
	field.OnChanged = func(string) {
		w.fyneApp.Preferences().SetString(preference, choices[field.SelectedIndex()].value)
		then()
	}
	return field
}

func (w *Window) showPreferences() {
	look := w.newChoice(lookPreference, []choice{{"", lang.L("Like the system")}, {"light", lang.L("Light")}, {"dark", lang.L("Dark")}}, w.restyle)
	languages := []choice{{"", lang.L("Like the system")}}
	for _, language := range Languages {
		languages = append(languages, choice{language.Tag, language.Name})
	}
	later := muted(lang.L("Another language is spoken from the next start on."))
	later.Hide()
	language := w.newChoice(languagePreference, languages, later.Show)
	notify := widget.NewCheck(lang.L("When a long job ends or something new needs an answer"), func(on bool) {
		w.fyneApp.Preferences().SetBool(quietPreference, !on)
	})
	notify.Checked = !w.fyneApp.Preferences().Bool(quietPreference)
	form := widget.NewForm(
		widget.NewFormItem(lang.L("Colours"), look), widget.NewFormItem(lang.L("Text size"), w.newScales()),
		widget.NewFormItem(lang.L("Language"), language), widget.NewFormItem(lang.L("Tell on the desktop"), notify))
	ask := dialog.NewCustom(lang.L("Preferences"), lang.L("Close"), container.NewVBox(form, later), w.win)
	ask.Resize(room(w.win, 560, 320))
	ask.Show()
}

func (w *Window) newScales() *widget.Select {
	var titles []string
	for _, scale := range textScales {
		titles = append(titles, fmt.Sprintf("%.0f %%", scale*100))
	}
	field := widget.NewSelect(titles, nil)
	widgets.MakeRoom(field)
	field.SetSelectedIndex(slices.Index(textScales, textScale(w.fyneApp)))
	field.OnChanged = func(string) { w.setTextScale(textScales[field.SelectedIndex()]) }
	return field
}

// scaleText makes the text so many steps larger, or smaller.
func (w *Window) scaleText(steps int) {
	at := slices.Index(textScales, textScale(w.fyneApp)) + steps
	if at >= 0 && at < len(textScales) {
		w.setTextScale(textScales[at])
	}
}

func (w *Window) setTextScale(scale float64) {
	w.fyneApp.Preferences().SetFloat(textPreference, scale)
	w.restyle()
}

// restyle takes the look and the size of text that were chosen. What is drawn by
// ourselves follows when Fyne has forgotten the icons of the theme before.
func (w *Window) restyle() {
	w.fyneApp.Settings().SetTheme(currentTheme(w.fyneApp))
	w.background(func() {}, func() {
		w.show()
		w.content.Refresh()
	})
}
