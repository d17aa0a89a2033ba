// Package display makes texts from outside harmless to show: the names that
// other systems give to groups and people may hold anything.
package display

import (
	"strings"
	"unicode"
)

// odd says whether a character isn't shown as itself: control characters, line
// separators, and what formats invisibly, such as bidirectional overrides. The
// joiners that emoji and some scripts are written with are left.
func odd(r rune) bool {
	switch {
	case r < 0x20, r >= 0x7f && r < 0xa0:
		return true
	case r < 0x300:
		return r == 0xad
	case r == 0x200c, r == 0x200d:
		return false
	}
	return unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co, unicode.Cs)
}

// replace shows each odd character but those that keep names as what it is.
func replace(text, keep string) string {
	bad := func(r rune) bool { return odd(r) && !strings.ContainsRune(keep, r) }
	text = strings.ToValidUTF8(text, "�")
	if strings.IndexFunc(text, bad) < 0 {
		return text
	}
	return strings.Map(func(r rune) rune {
		if bad(r) {
			return '�'
		}
		return r
	}, text)
}

// Line makes a text harmless where it stands in one line: odd characters, line
// breaks among them, become a replacement character.
func Line(text string) string { return replace(text, "") }

// Text makes a text of several lines harmless: its line breaks stay.
func Text(text string) string { return replace(text, "\n") }

// Short is Line cut to so many characters, the last an ellipsis where anything
// was cut.
func Short(text string, most int) string {
	text = Line(text)
	n := 0
	for i := range text {
		if n++; n == most {
			if rest := []rune(text[i:]); len(rest) > 1 {
				return text[:i] + "…"
			}
		}
	}
	return text
}

// Lines breaks a text into lines of at most so many bytes between its words; a
// longer word has a line of its own.
func Lines(text string, most int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > most {
			lines = append(lines, line)
			line = ""
		}
		line = strings.TrimSpace(line + " " + word)
	}
	return append(lines, line)
}
