package screens

import (
	"cmp"
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"sync"

	"fyne.io/fyne/v2"
	fynelang "fyne.io/fyne/v2/lang"
	"golang.org/x/text/language"

	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/problem"
)

// Language is one that Rollcall speaks.
type Language struct {
	// Tag is its BCP 47 tag, Name what it calls itself.
	Tag, Name string
}

// Languages are all of them, English first, which is spoken where no other is known.
var Languages = []Language{{"en", "English"}, {"de", "Deutsch"}, {"fr", "Français"}, {"es", "Español"}, {"ja", "日本語"}}

// translations are one file a language, as Fyne reads them: each text by its English
// words, or by those for many where it depends on a number. A test says what is
// missing.
//
//go:embed translations
var translations embed.FS

// Speak has Rollcall, and Fyne, speak the language of a BCP 47 tag; where it is empty,
// that of the system. One that isn't among Languages is a problem of code Usage.
func Speak(tag string) error {
	if tag != "" {
		known, ok := closest(tag)
		if !ok {
			return problem.New(problem.Usage, lang.L("Rollcall doesn't speak “%s”.", tag), lang.L("Choose en, de, fr, es or ja."))
		}
		tag = known
		if err := os.Setenv("LANGUAGE", tag); err != nil { // what Fyne goes by
			return fmt.Errorf("choose the language: %w", err)
		}
	}
	system := fynelang.SystemLocale()
	systems, serves := closest(system.String())
	tag = cmp.Or(tag, systems)
	texts, err := translations.ReadFile("translations/" + tag + ".json")
	if err != nil {
		return fmt.Errorf("read the translations: %w", err)
	}
	var known map[string]any
	if err := json.Unmarshal(texts, &known); err != nil {
		return fmt.Errorf("read the translations: %w", err)
	}
	// Fyne goes by the system's language: on macOS and Windows without regard to the
	// environment, and also where Rollcall doesn't speak it. There it shall find ours.
	place := fyne.Locale(tag)
	if tag != systems || !serves {
		place = system
		if texts, err = withEveryForm(known); err != nil {
			return err
		}
	}
	if err := fynelang.AddTranslationsForLocale(texts, place); err != nil {
		return fmt.Errorf("choose the language: %w", err)
	}
	lang.Speak(tag, lookup(known))
	return nil
}

// withEveryForm gives texts that depend on a number the plural forms of any language:
// the system's may count otherwise than the one that is spoken.
func withEveryForm(texts map[string]any) ([]byte, error) {
	filled := map[string]any{}
	for key, text := range texts {
		filled[key] = text
		if forms, plural := text.(map[string]any); plural {
			every := map[string]any{}
			for _, form := range []string{"zero", "one", "two", "few", "many"} {
				every[form] = forms["other"]
			}
			maps.Copy(every, forms)
			filled[key] = every
		}
	}
	encoded, err := json.Marshal(filled)
	if err != nil {
		return nil, fmt.Errorf("choose the language: %w", err)
	}
	return encoded, nil
}

// Preferred is the tag of the language that a person chose in the window; empty for
// the system's.
func Preferred(fyneApp fyne.App) string {
	tag, known := closest(fyneApp.Preferences().String(languagePreference))
	if !known {
		return ""
	}
	return tag
}

// closest is the tag of the language that serves a locale best, and whether it is
// that locale's.
func closest(locale string) (tag string, serves bool) {
	wanted, err := language.Parse(locale)
	if err != nil {
		return Languages[0].Tag, false
	}
	var tags []language.Tag
	for _, l := range Languages {
		tags = append(tags, language.Make(l.Tag))
	}
	_, at, _ := language.NewMatcher(tags).Match(wanted)
	base, _ := wanted.Base()
	return Languages[at].Tag, base.String() == Languages[at].Tag
}

// lookup asks Fyne for the texts that it has, and once for each without a number: a
// table asks again for every line of every frame. What else is looked up, such as a
// name, is nobody's to translate.
func lookup(texts map[string]any) lang.Lookup {
	var found sync.Map
	return func(text string, count any) string {
		if _, known := texts[text]; !known {
			return text
		}
		if n, plural := count.(int); plural {
			return fynelang.N(text, n)
		}
		if known, ok := found.Load(text); ok {
			return known.(string)
		}
		translated := fynelang.L(text)
		found.Store(text, translated)
		return translated
	}
}
