package display_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rollcall-app/rollcall/app/display"
)

func TestWhatCannotBeSeenIsShown(t *testing.T) {
	for text, want := range map[string]string{
		"legal": "legal", "Zoë – 🚀 team": "Zoë – 🚀 team", "👩‍💻 devs": "👩‍💻 devs", "تیم\u200cها": "تیم\u200cها", "": "",
		"a\x1b[31mred":        "a�[31mred",
		"two\nlines\r\n":      "two�lines��",
		"bi\u202edi\u2066":    "bi�di�",
		"le\u200bgal\u200e":   "le�gal�",
		"x\u2028y":            "x�y",
		"c1\u009b31m":         "c1�31m",
		"broken \xff utf":     "broken � utf",
		"soft\u00adhyphen":    "soft�hyphen",
		"private \ue000":      "private �",
		"tag \U000e0041 here": "tag � here",
	} {
		require.Equal(t, want, display.Line(text), "%q", text)
	}
	require.Equal(t, "two\nlines�", display.Text("two\nlines\r"))
}

func TestALongNameIsCut(t *testing.T) {
	require.Equal(t, "абв", display.Short("абв", 3))
	require.Equal(t, "аб…", display.Short("абвг", 3))
	require.Equal(t, 300, utf8.RuneCountInString(display.Short(strings.Repeat("ж", 10_000), 300)))
}

func TestWhatWasMadeHarmlessStaysAsItIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		line := display.Line(text)
		require.True(t, utf8.ValidString(line))
		require.Equal(t, line, display.Line(line))
		require.NotContains(t, line, "\n")
		short := display.Short(text, 10)
		require.LessOrEqual(t, utf8.RuneCountInString(short), 10)
	})
}

func TestLinesBreakBetweenWords(t *testing.T) {
	for text, want := range map[string][]string{
		"":                         {""},
		"one":                      {"one"},
		"one two  three":           {"one two", "three"},
		"unbreakablylong and more": {"unbreakablylong", "and more"},
	} {
		require.Equal(t, want, display.Lines(text, 8), text)
	}
}
