package widgets

import (
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"github.com/rollcall-app/rollcall/app/display"
)

// measured keeps the sizes of texts at the theme's size; only the UI goroutine
// asks. It is emptied when it grows large or the text size changes.
var measured = struct {
	size  float32
	sizes map[measuredText]fyne.Size
	cuts  map[cutText]string
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

func textWidth(text string, bold bool) float32 { return textSize(text, bold).Width }

// textSize is as high as the text's letters need: those that another font has may
// need more.
func textSize(text string, bold bool) fyne.Size {
	if size := theme.TextSize(); measured.size != size || len(measured.sizes) > mostMeasured || len(measured.cuts) > mostMeasured {
		measured.size = size
		measured.sizes, measured.cuts = map[measuredText]fyne.Size{}, map[cutText]string{}
	}
	key := measuredText{text, bold}
	size, known := measured.sizes[key]
	if !known {
		size = fyne.MeasureText(Drawable(text), measured.size, fyne.TextStyle{Bold: bold})
		measured.sizes[key] = size
	}
	return size
}

// Fit cuts a text to a width in the theme's text size, with an ellipsis where
// anything was cut. Line breaks, control characters and letters that no font has are
// shown as what they are.
func Fit(text string, width float32, bold bool) string {
	text = Drawable(display.Line(text))
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
