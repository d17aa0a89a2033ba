package screens

import (
	"cmp"
	"embed"
	"encoding/json"
	"fmt"
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

var addTranslations = sync.OnceValue(func() error { return fynelang.AddTranslationsFS(translations, "translations") })

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
	if err := addTranslations(); err != nil {
		return fmt.Errorf("read the translations: %w", err)
	}
	system := fynelang.SystemLocale()
	systems, _ := closest(system.String())
	tag = cmp.Or(tag, systems)
	if err := insist(tag, system, systems); err != nil {
		return err
	}
	texts, err := textsOf(tag)
	if err != nil {
		return err
	}
	lang.Speak(tag, lookup(texts))
	return nil
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

// insist has Fyne find a language's texts also where the system says another, which
// macOS and Windows do without regard to the environment.
func insist(tag string, system fyne.Locale, systems string) error {
	text, err := translations.ReadFile("translations/" + tag + ".json")
	if err != nil {
		return fmt.Errorf("read the translations: %w", err)
	}
	place := fyne.Locale(tag)
	if tag != systems {
		place = system
	}
	if err := fynelang.AddTranslationsForLocale(text, place); err != nil {
		return fmt.Errorf("choose the language: %w", err)
	}
	return nil
}

// textsOf are the texts, in English, that a language has.
func textsOf(tag string) (map[string]json.RawMessage, error) {
	content, err := translations.ReadFile("translations/" + tag + ".json")
	if err != nil {
		return nil, fmt.Errorf("read the translations: %w", err)
	}
	var texts map[string]json.RawMessage
	if err := json.Unmarshal(content, &texts); err != nil {
		return nil, fmt.Errorf("read the translations: %w", err)
	}
	return texts, nil
}

// lookup asks Fyne for the texts that it has, and once for each without a number: a
// table asks again for every line of every frame. What else is looked up, such as a
// name, is nobody's to translate.
func lookup(texts map[string]json.RawMessage) lang.Lookup {
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
