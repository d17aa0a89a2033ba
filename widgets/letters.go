package widgets

import (
	"bytes"
	"slices"
	"strings"
	"sync"
	"unicode"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/fontscan"
)

// Drawable shows each letter that no font of this system has as a replacement
// character. Fyne 2.8.1 would try some font for it, each time anew, and keep every try
// (painter.dynamicFontMap): everything grows slower with each such letter that is
// drawn. Only the UI goroutine may ask.
func Drawable(text string) string {
	if strings.IndexFunc(text, missing) < 0 {
		return text
	}
	return strings.Map(func(r rune) rune {
		if missing(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// lettersMissing remembers which letters were looked for; only the UI goroutine looks.
var lettersMissing = map[rune]bool{}

func missing(r rune) bool {
	if r < 0x250 || r == unicode.ReplacementChar { // Latin, which Fyne brings
		return false
	}
	is, known := lettersMissing[r]
	if !known {
		// What changes the letter before it isn't drawn itself.
		is = !unicode.In(r, unicode.Cf, unicode.Variation_Selector) && !slices.ContainsFunc(fonts(), func(has func(rune) bool) bool { return has(r) })
		lettersMissing[r] = is
	}
	return is
}

// fonts say which letters they have: Fyne's own, then the system's, in the list that
// Fyne has made of them for itself.
var fonts = sync.OnceValue(func() (fonts []func(rune) bool) {
	for _, own := range []fyne.Resource{theme.DefaultTextFont(), theme.DefaultSymbolFont(), theme.DefaultEmojiFont()} {
		if own == nil { // built without emoji
			continue
		}
		face, err := font.ParseTTF(bytes.NewReader(own.Content()))
		if err != nil {
			continue // Fyne can't draw with it either
		}
		fonts = append(fonts, func(r rune) bool { _, has := face.NominalGlyph(r); return has })
	}
	systems, err := fontscan.SystemFonts(quiet{}, "")
	if err != nil {
		return fonts // which Fyne does without, too
	}
	for i := range systems {
		fonts = append(fonts, systems[i].Runes.Contains)
	}
	return fonts
})

// quiet passes over what fontscan notes about single fonts.
type quiet struct{}

// Printf implements fontscan.Logger.
func (quiet) Printf(string, ...any) {}
