package widgets

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/rollcall-app/rollcall/app/lang"
)

// Bar is one bar of a chart: how many keep something, gain it and lose it.
type Bar struct {
	Label            string
	Keep, Gain, Lose int
	// Limit is marked by a line; negative for none.
	Limit int
	// Note stands behind the bar; Alarm gives it the colour of loss.
	Note  string
	Alarm bool
}

// BarChart draws bars under each other on one scale. Gain and loss differ by
// hatching as well as by colour.
type BarChart struct {
	widget.BaseWidget
	bars []Bar
}

// NewBarChart makes an empty chart.
func NewBarChart() *BarChart {
	c := &BarChart{}
	c.ExtendBaseWidget(c)
	return c
}

// SetBars shows other bars.
func (c *BarChart) SetBars(bars []Bar) {
	c.bars = bars
	c.Refresh()
}

// CreateRenderer implements fyne.Widget.
func (c *BarChart) CreateRenderer() fyne.WidgetRenderer {
	r := &barRenderer{chart: c}
	r.Layout(c.Size()) // Fyne makes a forgotten renderer again without laying it out
	return r
}

type barRenderer struct {
	chart   *BarChart
	objects []fyne.CanvasObject
	// label and note are the widths of the texts on the left and the right.
	label, note float32
}

const (
	barHeight = 18
	barStep   = 30
	barLabel  = 230
	barNote   = 210
	leastBar  = 120
)

func (r *barRenderer) Destroy()                     {}
func (r *barRenderer) Objects() []fyne.CanvasObject { return r.objects }
func (r *barRenderer) MinSize() fyne.Size {
	return fyne.NewSize(barLabel+barNote+leastBar, float32(len(r.chart.bars))*barStep+24)
}

func (r *barRenderer) Refresh() {
	r.Layout(r.chart.Size())
	canvas.Refresh(r.chart)
}

// Layout draws the chart anew: it has a handful of bars.
func (r *barRenderer) Layout(size fyne.Size) {
	r.objects = nil
	largest := 1
	r.label, r.note = barLabel*TextScale(), barNote*TextScale()
	for _, bar := range r.chart.bars {
		largest = max(largest, bar.Keep+bar.Gain+bar.Lose, bar.Limit)
		r.note = max(r.note, textWidth(bar.Note, false)+14)
	}
	if spare := size.Width - r.label - r.note - leastBar; spare < 0 { // text may be cut, the bars must be seen
		r.label, r.note = r.label+spare/2, r.note+spare/2
	}
	width := max(size.Width-r.label-r.note, leastBar)
	scale := width / float32(largest)
	for i, bar := range r.chart.bars {
		r.bar(bar, float32(i)*barStep, width, scale)
	}
	r.legend(float32(len(r.chart.bars)) * barStep)
}

func (r *barRenderer) bar(bar Bar, y, width, scale float32) {
	r.text(Fit(bar.Label, r.label-12, false), theme.ColorNameForeground, 0, y)
	r.rect(FillChip, r.label, y, width)
	x := r.label
	x = r.rect(BarKeep, x, y, float32(bar.Keep)*scale)
	x = r.rect(BarGain, x, y, float32(bar.Gain)*scale)
	r.hatched(x, y, float32(bar.Lose)*scale)
	if bar.Limit >= 0 {
		mark := canvas.NewRectangle(Ink(theme.ColorNameForeground))
		mark.Resize(fyne.NewSize(2, barHeight+6))
		mark.Move(fyne.NewPos(r.label+float32(bar.Limit)*scale-1, y-3))
		r.objects = append(r.objects, mark)
	}
	ink := InkMuted
	if bar.Alarm {
		ink = InkLoss
	}
	r.text(Fit(bar.Note, r.note-14, false), ink, r.label+width+12, y)
}

func (r *barRenderer) rect(fill fyne.ThemeColorName, x, y, width float32) float32 {
	if width <= 0 {
		return x
	}
	rect := canvas.NewRectangle(Ink(fill))
	rect.Resize(fyne.NewSize(width, barHeight))
	rect.Move(fyne.NewPos(x, y))
	r.objects = append(r.objects, rect)
	return x + width
}

// hatched draws a striped piece, at least wide enough to be seen.
func (r *barRenderer) hatched(x, y, width float32) {
	if width <= 0 {
		return
	}
	width = max(width, 3)
	r.rect(BarLose, x, y, width)
	stripe := Ink(theme.ColorNameBackground)
	for at := x + 3; at < x+width; at += 5 {
		line := canvas.NewRectangle(withAlpha(stripe, 0x90))
		line.Resize(fyne.NewSize(1.5, barHeight))
		line.Move(fyne.NewPos(at, y))
		r.objects = append(r.objects, line)
	}
}

func withAlpha(c color.Color, alpha uint8) color.Color {
	red, green, blue, _ := c.RGBA()
	return color.NRGBA{R: uint8(red >> 8), G: uint8(green >> 8), B: uint8(blue >> 8), A: alpha}
}

func (r *barRenderer) text(text string, ink fyne.ThemeColorName, x, y float32) float32 {
	t := canvas.NewText(text, Ink(ink))
	t.TextSize = theme.TextSize()
	t.Move(fyne.NewPos(x, y+(barHeight-t.MinSize().Height)/2))
	t.Resize(t.MinSize())
	r.objects = append(r.objects, t)
	return x + t.MinSize().Width
}

func (r *barRenderer) legend(y float32) {
	x := r.label
	for _, entry := range []struct {
		fill fyne.ThemeColorName
		text string
	}{{BarKeep, lang.L("keep")}, {BarGain, lang.L("gain")}, {BarLose, lang.L("lose")}} {
		swatch := canvas.NewRectangle(Ink(entry.fill))
		swatch.Resize(fyne.NewSize(11, 11))
		swatch.Move(fyne.NewPos(x, y+4))
		r.objects = append(r.objects, swatch)
		x = r.text(entry.text, InkMuted, x+16, y) + 14
	}
	r.text("|  "+lang.L("seats"), InkMuted, x, y)
}
