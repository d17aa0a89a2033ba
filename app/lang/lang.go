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

// spoken is what texts are looked up in: the one global that Fyne's own,
// process-wide language forces.
var spoken atomic.Pointer[Lookup]

// Speak has texts looked up from now on; nil goes back to English.
func Speak(lookup Lookup) {
	if lookup == nil {
		spoken.Store(nil)
		return
	}
	spoken.Store(&lookup)
}

// L gives a text in the person's language, with values filled in as fmt.Sprintf
// does. A translation may take them in another order, as in %[2]s.
func L(text string, values ...any) string {
	if lookup := spoken.Load(); lookup != nil {
		text = (*lookup)(text, nil)
	}
	return fill(text, values)
}

// N is L for a text that depends on a number: one is the English text for one, many
// that for any other number. The number is filled in only where it is among the
// values.
func N(n int, one, many string, values ...any) string {
	text := many
	if lookup := spoken.Load(); lookup != nil {
		text = (*lookup)(many, n)
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
