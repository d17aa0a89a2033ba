package widgets

import (
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"github.com/rollcall-app/rollcall/app/display"
)

// measured keeps the widths of texts at the theme's size; only the UI goroutine
// asks. It is emptied when it grows large or the text size changes.
var measured = struct {
	size   float32
	height float32
	widths map[measuredText]float32
	cuts   map[cutText]string
}{}

type measuredText struct {
	text string
	bold bool
}

type cutText struct {
	measuredText
	width float32
}

const mostMeasured = 20000

func textWidth(text string, bold bool) float32 {
	if size := theme.TextSize(); measured.size != size || len(measured.widths) > mostMeasured || len(measured.cuts) > mostMeasured {
		measured.size = size
		measured.height = fyne.MeasureText("Mg", size, fyne.TextStyle{}).Height
		measured.widths, measured.cuts = map[measuredText]float32{}, map[cutText]string{}
	}
	key := measuredText{text, bold}
	width, known := measured.widths[key]
	if !known {
		width = fyne.MeasureText(text, measured.size, fyne.TextStyle{Bold: bold}).Width
		measured.widths[key] = width
	}
	return width
}

func lineTextHeight() float32 {
	textWidth("", false) // keeps the measures current
	return measured.height
}

// Fit cuts a text to a width in the theme's text size, with an ellipsis where
// anything was cut. Line breaks and control characters are shown as what they
// are.
func Fit(text string, width float32, bold bool) string {
	text = display.Line(text)
	if textWidth(text, bold) <= width+0.5 {
		return text
	}
	key := cutText{measuredText{text, bold}, width}
	if cut, known := measured.cuts[key]; known {
		return cut
	}
	letters := []rune(text)
	low, high := 0, len(letters)
	for low < high {
		middle := (low + high + 1) / 2
		if fyne.MeasureText(string(letters[:middle])+"…", measured.size, fyne.TextStyle{Bold: bold}).Width <= width {
			low = middle
		} else {
			high = middle - 1
		}
	}
	cut := strings.TrimRight(string(letters[:low]), " ") + "…"
	measured.cuts[key] = cut
	return cut
}

func itoa(n int) string { return strconv.Itoa(n) }
