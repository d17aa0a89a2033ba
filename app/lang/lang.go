// Package lang has the words that a person reads in that person's language. Texts
// stand in the code in English and are looked up by themselves, as gettext does;
// what is looked up in is Fyne's, which the window brings (see screens.Speak). So
// nothing here, nor in all of app, needs Fyne.
package lang

import (
	"fmt"
	"sync/atomic"
)

// Lookup gives the translation of a text, or the text. count chooses the plural
// form of one that has several, which is looked up by the English form of many; it
// is nil for one that has a single form. What the values are filled into stays.
type Lookup func(text string, count any) string

// language is one that is spoken.
type language struct {
	tag    string
	lookup Lookup
}

// spoken is what texts are looked up in: the one global that Fyne's own,
// process-wide language forces.
var spoken atomic.Pointer[language]

// Speak has texts looked up from now on, in the language of a BCP 47 tag.
func Speak(tag string, lookup Lookup) { spoken.Store(&language{tag, lookup}) }

// Tag is the BCP 47 tag of the language that is spoken: en until Speak.
func Tag() string {
	if language := spoken.Load(); language != nil {
		return language.tag
	}
	return "en"
}

// L gives a text in the person's language, with values filled in as fmt.Sprintf
// does. A translation may take them in another order, as in %[2]s.
func L(text string, values ...any) string {
	if language := spoken.Load(); language != nil {
		text = language.lookup(text, nil)
	}
	return fill(text, values)
}

// Mark gives back a text that is kept or compared in English, and looked up by L
// where it is shown: so that it is found among the texts to be translated.
func Mark(text string) string { return text }

// N is L for a text that depends on a number: one is the English text for one, many
// that for any other number. The number is filled in only where it is among the
// values.
func N(n int, one, many string, values ...any) string {
	text := many
	if language := spoken.Load(); language != nil {
		text = language.lookup(many, n)
	}
	if n == 1 && text == many {
		text = one // untranslated
	}
	return fill(text, values)
}

func fill(text string, values []any) string {
	if len(values) == 0 {
		return text
	}
	return fmt.Sprintf(text, values...)
}
