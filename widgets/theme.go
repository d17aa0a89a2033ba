// Package widgets holds what Fyne lacks: lists of lines that open in place, a
// bar chart, cards, and the colours that all of them share. It knows nothing of
// groups or people.
package widgets

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// Colours beyond those of Fyne's themes. Ink is for text and marks, fill for
// what stands behind; each ink has a contrast of 4.5:1 or more on its fill, on
// the background and on a card.
const (
	InkMuted   fyne.ThemeColorName = "rollcallInkMuted"
	InkGain    fyne.ThemeColorName = "rollcallInkGain"
	InkLoss    fyne.ThemeColorName = "rollcallInkLoss"
	InkWarn    fyne.ThemeColorName = "rollcallInkWarn"
	InkInfo    fyne.ThemeColorName = "rollcallInkInfo"
	InkBlocked fyne.ThemeColorName = "rollcallInkBlocked"
	InkOnMark  fyne.ThemeColorName = "rollcallInkOnMark"

	FillChip    fyne.ThemeColorName = "rollcallFillChip"
	FillGain    fyne.ThemeColorName = "rollcallFillGain"
	FillLoss    fyne.ThemeColorName = "rollcallFillLoss"
	FillWarn    fyne.ThemeColorName = "rollcallFillWarn"
	FillInfo    fyne.ThemeColorName = "rollcallFillInfo"
	FillBlocked fyne.ThemeColorName = "rollcallFillBlocked"
	FillOpened  fyne.ThemeColorName = "rollcallFillOpened"
	FillCard    fyne.ThemeColorName = "rollcallFillCard"
	Outline     fyne.ThemeColorName = "rollcallOutline"

	BarKeep fyne.ThemeColorName = "rollcallBarKeep"
	BarGain fyne.ThemeColorName = "rollcallBarGain"
	BarLose fyne.ThemeColorName = "rollcallBarLose"
)

type shades struct{ light, dark color.NRGBA }

func hex(rgb uint32) color.NRGBA {
	return color.NRGBA{R: uint8(rgb >> 16), G: uint8(rgb >> 8), B: uint8(rgb), A: 0xff}
}

// veil is a colour that lets what is under it through.
func veil(rgb uint32, alpha uint8) color.NRGBA {
	c := hex(rgb)
	c.A = alpha
	return c
}

func pair(light, dark uint32) shades { return shades{hex(light), hex(dark)} }

var palette = map[fyne.ThemeColorName]shades{
	theme.ColorNameBackground:          pair(0xffffff, 0x1b1e23),
	theme.ColorNameForeground:          pair(0x1a1f28, 0xe6e9ee),
	theme.ColorNamePlaceHolder:         pair(0x5d6675, 0x9da6b4),
	theme.ColorNameDisabled:            pair(0x6b7483, 0x8b94a3),
	theme.ColorNamePrimary:             pair(0x1868db, 0x5c9dff),
	theme.ColorNameForegroundOnPrimary: pair(0xffffff, 0x0d1520),
	theme.ColorNameHyperlink:           pair(0x1558bc, 0x7db2ff),
	theme.ColorNameButton:              pair(0xeef1f5, 0x2d323a),
	theme.ColorNameDisabledButton:      pair(0xf1f3f6, 0x25292f),
	theme.ColorNameInputBackground:     pair(0xf7f8fa, 0x23272d),
	theme.ColorNameInputBorder:         pair(0x838d9d, 0x78838f),
	theme.ColorNameSeparator:           pair(0xe1e5eb, 0x343a43),
	// Fyne lays these two over a button: they must let its colour through.
	theme.ColorNameHover:     {veil(0x0d1520, 0x12), veil(0xffffff, 0x1a)},
	theme.ColorNameSelection: pair(0xdbe8fb, 0x22395c),
	theme.ColorNameFocus:     {veil(0x0a2a5c, 0x60), veil(0xffffff, 0x40)},
	theme.ColorNameSuccess:   pair(0x17693f, 0x5fcf93),
	theme.ColorNameWarning:   pair(0x8a5a00, 0xf0bf55),
	theme.ColorNameError:     pair(0xae2a19, 0xff8f7e),

	InkMuted:   pair(0x5d6675, 0x9da6b4),
	InkGain:    pair(0x17693f, 0x6bd49c),
	InkLoss:    pair(0xae2a19, 0xff9c8d),
	InkWarn:    pair(0x7a4f00, 0xf3c767),
	InkInfo:    pair(0x1558bc, 0x8fbcff),
	InkBlocked: pair(0x5540a6, 0xc3b5ff),
	InkOnMark:  pair(0xffffff, 0x0d1520),

	FillChip:    pair(0xeef1f5, 0x2d323a),
	FillGain:    pair(0xe2f5ea, 0x16352a),
	FillLoss:    pair(0xffebe8, 0x45211d),
	FillWarn:    pair(0xfff3d3, 0x3d3213),
	FillInfo:    pair(0xe4effd, 0x1c3050),
	FillBlocked: pair(0xefebfb, 0x302a4d),
	FillOpened:  pair(0xf7f9fc, 0x20242a),
	FillCard:    pair(0xffffff, 0x21252b),
	Outline:     pair(0xdde2e9, 0x3a414b),

	BarKeep: pair(0x9fb2d0, 0x5d7396),
	BarGain: pair(0x3a9d68, 0x4fbb85),
	BarLose: pair(0xd4594a, 0xe0705f),
}

// Theme is Rollcall's look: Fyne's default with our colours and a tighter
// spacing. The zero value follows the system's light or dark setting.
type Theme struct {
	// Variant forces light or dark where it isn't nil.
	Variant *fyne.ThemeVariant
	// Scale is how much larger text is than usual; zero means as usual.
	Scale float32
}

// Color gives a colour of the palette, else the default theme's.
func (t Theme) Color(name fyne.ThemeColorName, variant fyne.ThemeVariant) color.Color {
	if t.Variant != nil {
		variant = *t.Variant
	}
	if shades, ours := palette[name]; ours {
		if variant == theme.VariantDark {
			return shades.dark
		}
		return shades.light
	}
	return theme.DefaultTheme().Color(name, variant)
}

// Font gives the default theme's font.
func (Theme) Font(style fyne.TextStyle) fyne.Resource { return theme.DefaultTheme().Font(style) }

// Icon gives the default theme's icon.
func (Theme) Icon(name fyne.ThemeIconName) fyne.Resource { return theme.DefaultTheme().Icon(name) }

// Size gives our sizes, else the default theme's.
func (t Theme) Size(name fyne.ThemeSizeName) float32 {
	scale := t.Scale
	if scale == 0 {
		scale = 1
	}
	switch name {
	case theme.SizeNameText:
		return usualText * scale
	case theme.SizeNameSubHeadingText:
		return 15 * scale
	case theme.SizeNameHeadingText:
		return 20 * scale
	case theme.SizeNameCaptionText:
		return 11.5 * scale
	case theme.SizeNameInlineIcon:
		return theme.DefaultTheme().Size(name) * scale
	}
	return theme.DefaultTheme().Size(name)
}

// lineTheme is the theme within lists of lines: the application's, with next to
// no padding.
type lineTheme struct{}

func (lineTheme) Color(name fyne.ThemeColorName, variant fyne.ThemeVariant) color.Color {
	return current().Color(name, variant)
}

func (lineTheme) Font(style fyne.TextStyle) fyne.Resource { return current().Font(style) }

func (lineTheme) Icon(name fyne.ThemeIconName) fyne.Resource { return current().Icon(name) }

func (lineTheme) Size(name fyne.ThemeSizeName) float32 {
	if name == theme.SizeNamePadding {
		return linePadding
	}
	return current().Size(name)
}

// linePadding is the space between two lines.
const linePadding = 1

func current() fyne.Theme { return fyne.CurrentApp().Settings().Theme() }

// Ink gives the present colour of a name.
func Ink(name fyne.ThemeColorName) color.Color {
	settings := fyne.CurrentApp().Settings()
	return settings.Theme().Color(name, settings.ThemeVariant())
}
