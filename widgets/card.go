package widgets

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Panel is a rounded area with content, in colours that follow the theme.
type Panel struct {
	widget.BaseWidget
	content            fyne.CanvasObject
	fill, outline, bar fyne.ThemeColorName
}

// NewPanel puts content on a fill with an outline; either may be empty.
func NewPanel(fill, outline fyne.ThemeColorName, content fyne.CanvasObject) *Panel {
	p := &Panel{content: content, fill: fill, outline: outline}
	p.ExtendBaseWidget(p)
	return p
}

// NewBanner puts content on a fill with a strong bar at its left.
func NewBanner(fill, bar fyne.ThemeColorName, content fyne.CanvasObject) *Panel {
	p := NewPanel(fill, "", content)
	p.bar = bar
	return p
}

// Recolour changes a banner's colours.
func (p *Panel) Recolour(fill, bar fyne.ThemeColorName) {
	p.fill, p.bar = fill, bar
	p.Refresh()
}

// CreateRenderer implements fyne.Widget.
func (p *Panel) CreateRenderer() fyne.WidgetRenderer {
	back, bar := canvas.NewRectangle(color.Transparent), canvas.NewRectangle(color.Transparent)
	back.CornerRadius = 6
	r := &panelRenderer{panel: p, back: back, bar: bar, padded: container.New(layout.NewCustomPaddedLayout(8, 8, 10, 10), p.content)}
	r.paint()
	r.Layout(p.Size()) // Fyne makes a forgotten renderer again without laying it out
	return r
}

type panelRenderer struct {
	panel     *Panel
	back, bar *canvas.Rectangle
	padded    *fyne.Container
}

func (r *panelRenderer) paint() {
	none := func(name fyne.ThemeColorName) color.Color {
		if name == "" {
			return color.Transparent
		}
		return Ink(name)
	}
	r.back.FillColor, r.back.StrokeColor, r.back.StrokeWidth = none(r.panel.fill), none(r.panel.outline), 1
	r.bar.FillColor, r.bar.Hidden = none(r.panel.bar), r.panel.bar == ""
}

func (r *panelRenderer) Destroy()           {}
func (r *panelRenderer) MinSize() fyne.Size { return r.padded.MinSize() }
func (r *panelRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.back, r.bar, r.padded}
}
func (r *panelRenderer) Layout(size fyne.Size) {
	r.back.Resize(size)
	r.bar.Resize(fyne.NewSize(4, size.Height))
	r.padded.Resize(size)
}
func (r *panelRenderer) Refresh() {
	r.paint()
	r.padded.Refresh()
	canvas.Refresh(r.panel)
}

// NewCard puts content under a title on a panel.
func NewCard(title string, content fyne.CanvasObject) *Panel {
	heading := widget.NewLabelWithStyle(title, fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	heading.SizeName = theme.SizeNameSubHeadingText
	return NewPanel(FillCard, Outline, container.NewBorder(heading, nil, nil, nil, content))
}

// figureText is how large a figure is at the usual text size.
const figureText = 20

// Figure is a large number over what it counts.
type Figure struct {
	widget.BaseWidget
	number, caption *canvas.Text
	ink             fyne.ThemeColorName
	box             *fyne.Container
}

// NewFigure makes a figure.
func NewFigure(caption string, ink fyne.ThemeColorName) *Figure {
	f := &Figure{number: canvas.NewText("–", color.Black), caption: canvas.NewText(caption, color.Black), ink: ink}
	f.number.TextSize, f.number.TextStyle = figureText, fyne.TextStyle{Bold: true}
	f.box = container.New(layout.NewCustomPaddedLayout(2, 2, 8, 8), container.NewVBox(f.number, f.caption))
	f.ExtendBaseWidget(f)
	return f
}

// Set shows another number.
func (f *Figure) Set(text string) {
	f.number.Text = text
	f.Refresh()
}

// CreateRenderer implements fyne.Widget.
func (f *Figure) CreateRenderer() fyne.WidgetRenderer {
	return &figureRenderer{f, widget.NewSimpleRenderer(f.box)}
}

type figureRenderer struct {
	figure *Figure
	fyne.WidgetRenderer
}

func (r *figureRenderer) Refresh() {
	r.figure.number.Color, r.figure.caption.Color = Ink(r.figure.ink), Ink(InkMuted)
	r.figure.caption.TextSize, r.figure.number.TextSize = theme.TextSize(), figureText*TextScale()
	r.WidgetRenderer.Refresh()
}
