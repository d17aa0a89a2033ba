package widgets

import (
	"image/color"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/rollcall-app/rollcall/app/display"
)

// Mark is a sign drawn in place of text.
type Mark int

// The marks.
const (
	NoMark   Mark = iota
	Unticked      // an empty box
	Ticked        // a box with a tick
)

// Part is one piece of text in a cell.
type Part struct {
	Text string
	// Ink is the colour of the text; the foreground's where it is empty.
	Ink fyne.ThemeColorName
	// Fill, where it isn't empty, puts the text on a chip of this colour.
	Fill fyne.ThemeColorName
	Bold bool
	Mark Mark
	// Tip says what the part means or does, to who points at it.
	Tip string
}

// Cell is what a line shows in one column: parts one after the other, as many
// as fit.
type Cell []Part

// Line is the content of one line.
type Line struct {
	Columns *Columns
	Cells   []Cell
	// Fill is the colour behind the line; empty for none.
	Fill fyne.ThemeColorName
}

// Text gives what the line says, its cells apart by tabs; cells without a text are
// left out.
func (l Line) Text() string {
	var cells []string
	for _, cell := range l.Cells {
		var parts []string
		for _, part := range cell {
			if part.Text != "" && part.Text != "▸" && part.Text != "▾" {
				parts = append(parts, display.Line(part.Text))
			}
		}
		if len(parts) > 0 {
			cells = append(cells, strings.Join(parts, ", "))
		}
	}
	return strings.Join(cells, "\t")
}

// whole is all that the line holds, each cell on a line of its own, with what its
// parts mean.
func (l Line) whole() string {
	var lines []string
	for _, cell := range l.Cells {
		var texts []string
		for _, part := range cell {
			texts = append(texts, part.spoken())
		}
		if text := join(texts); text != "" {
			lines = append(lines, text)
		}
		for _, part := range cell {
			if part.Tip != "" {
				lines = append(lines, "   "+part.Tip)
			}
		}
	}
	return strings.Join(lines, "\n")
}

// LineHeight is the height of every line, in Fyne's units at the default text
// size.
const LineHeight = 32

// minLineHeight grows with the text.
func minLineHeight() float32 { return LineHeight * TextScale() }

// lineView draws a Line. It is one lean widget with a pool of texts and
// rectangles, none of which can have the focus: lists use it again for other
// lines, and the focus must not ride along.
type lineView struct {
	widget.BaseWidget
	line Line
	back *canvas.Rectangle
	// over is drawn while the pointer is on the line, in its column pointed; cut
	// are the columns that show less than they hold.
	over    *canvas.Rectangle
	pointed int
	cut     map[int]bool
	// onTip is told what there is to say to who points at a column, or "".
	onTip func(text string, at fyne.Position)
	pool  []*piece
	used  int
	objs  []fyne.CanvasObject
	// onTapped is told the column, or -1.
	onTapped func(column int)
	// onMenu is told where on the screen the other button was pressed.
	onMenu  func(at fyne.Position)
	laidOut float32
}

// piece is one drawn part: a chip or box, and its text.
type piece struct {
	chip *canvas.Rectangle
	text *canvas.Text
}

func newLineView() *lineView {
	v := &lineView{back: canvas.NewRectangle(color.Transparent), over: canvas.NewRectangle(color.Transparent), pointed: -1, cut: map[int]bool{}}
	v.over.Hidden = true
	v.objs = []fyne.CanvasObject{v.back, v.over}
	v.ExtendBaseWidget(v)
	return v
}

// show draws another line.
func (v *lineView) show(line Line) {
	v.line = line
	v.tip(-1, fyne.Position{}) // it is about another line now
	v.draw(v.Size())
	canvas.Refresh(v)
}

// MouseIn implements desktop.Hoverable.
func (v *lineView) MouseIn(event *desktop.MouseEvent) {
	v.over.FillColor, v.over.Hidden = Ink(theme.ColorNameHover), false
	canvas.Refresh(v.over)
	v.MouseMoved(event)
}

// MouseMoved says more about the column under the pointer, where there is more.
func (v *lineView) MouseMoved(event *desktop.MouseEvent) {
	column := -1
	if v.line.Columns != nil {
		column = v.line.Columns.at(event.Position.X, v.Size().Width)
	}
	v.tip(column, event.AbsolutePosition)
}

// MouseOut implements desktop.Hoverable.
func (v *lineView) MouseOut() {
	v.over.Hidden = true
	canvas.Refresh(v.over)
	v.tip(-1, fyne.Position{})
}

// tip tells what there is to say about a column, once.
func (v *lineView) tip(column int, at fyne.Position) {
	if column == v.pointed || v.onTip == nil {
		return
	}
	v.pointed = column
	v.onTip(v.more(column), at)
}

// more is what a column has no room for, and what its parts mean.
func (v *lineView) more(column int) string {
	if column < 0 || column >= len(v.line.Cells) {
		return ""
	}
	var lines []string
	for _, part := range v.line.Cells[column] {
		if v.cut[column] && part.Text != "" {
			lines = append(lines, part.Text)
		}
		if part.Tip != "" {
			lines = append(lines, part.Tip)
		}
	}
	return strings.Join(lines, "\n")
}

// TappedSecondary asks for the line's menu.
func (v *lineView) TappedSecondary(event *fyne.PointEvent) {
	if v.onMenu != nil {
		v.onMenu(event.AbsolutePosition)
	}
}

// Tapped tells which column was tapped.
func (v *lineView) Tapped(event *fyne.PointEvent) {
	if v.onTapped != nil && v.line.Columns != nil {
		v.onTapped(v.line.Columns.at(event.Position.X, v.Size().Width))
	}
}

// CreateRenderer implements fyne.Widget.
func (v *lineView) CreateRenderer() fyne.WidgetRenderer { return lineRenderer{v} }

type lineRenderer struct{ *lineView }

func (r lineRenderer) Destroy() {}
func (r lineRenderer) MinSize() fyne.Size {
	return fyne.NewSize(100, minLineHeight())
}
func (r lineRenderer) Objects() []fyne.CanvasObject { return r.objs }
func (r lineRenderer) Layout(size fyne.Size) {
	if size.Width != r.laidOut {
		r.draw(size)
	}
}
func (r lineRenderer) Refresh() {
	r.draw(r.Size())
	canvas.Refresh(r.lineView)
}

const (
	cellPad = 6
	chipPad = 5
	partGap = 5
)

// draw lays the line out at a size.
func (v *lineView) draw(size fyne.Size) {
	v.laidOut = size.Width
	v.back.Hidden = v.line.Fill == ""
	if v.line.Fill != "" {
		v.back.FillColor = Ink(v.line.Fill)
	}
	v.back.Resize(size)
	v.over.Resize(size)
	v.used = 0
	clear(v.cut)
	if v.line.Columns != nil && size.Width > 0 {
		for i, cell := range v.line.Cells {
			from, to := v.line.Columns.Span(i, size.Width)
			v.cut[i] = v.cell(cell, from+cellPad, to-cellPad, size.Height, v.line.Columns.List[i].Trailing)
		}
	}
	for _, unused := range v.pool[v.used:] {
		unused.chip.Hidden, unused.text.Hidden = true, true
	}
}

// cell draws parts between two places; what doesn't fit is cut, and said so.
func (v *lineView) cell(cell Cell, from, to, height float32, trailing bool) (cut bool) {
	if trailing && len(cell) == 1 {
		width := partWidth(cell[0])
		from = max(from, to-width)
	}
	for i, part := range cell {
		if part.Mark == NoMark && part.Text == "" {
			continue
		}
		room := to - from
		if rest := len(cell) - i - 1; rest > 0 {
			room = max(0, room-partGap-partWidth(more(rest)))
		}
		width := partWidth(part)
		if width > room && i > 0 {
			v.part(more(len(cell)-i), from, to-from, height)
			return true
		}
		cut = cut || width > room
		v.part(part, from, min(width, room), height)
		from += min(width, room) + partGap
	}
	return cut
}

// more is the note that there are so many more parts.
func more(parts int) Part { return Part{Text: "+" + itoa(parts), Ink: InkMuted} }

func partWidth(part Part) float32 {
	if part.Mark != NoMark {
		return 16 * TextScale()
	}
	width := textWidth(part.Text, part.Bold)
	if part.Fill != "" {
		width += 2 * chipPad
	}
	return width
}

func (v *lineView) part(part Part, x, width, height float32) {
	p := v.next()
	size := theme.TextSize()
	if part.Mark != NoMark {
		v.mark(p, part.Mark, x, height)
		return
	}
	p.chip.Hidden = part.Fill == ""
	inset := float32(0)
	if part.Fill != "" {
		inset = chipPad
		p.chip.FillColor, p.chip.StrokeWidth, p.chip.CornerRadius = Ink(part.Fill), 0, 4
		p.chip.Resize(fyne.NewSize(width, size+9))
		p.chip.Move(fyne.NewPos(x, (height-size-9)/2))
	}
	p.text.Hidden = false
	p.text.Text = Fit(part.Text, width-2*inset, part.Bold)
	p.text.TextSize, p.text.TextStyle = size, fyne.TextStyle{Bold: part.Bold}
	p.text.Color = Ink(part.ink())
	textHeight := textSize(p.text.Text, part.Bold).Height
	p.text.Resize(fyne.NewSize(width-2*inset, textHeight))
	p.text.Move(fyne.NewPos(x+inset, (height-textHeight)/2))
}

func (p Part) ink() fyne.ThemeColorName {
	if p.Ink == "" {
		return theme.ColorNameForeground
	}
	return p.Ink
}

// mark draws a box to tick.
func (v *lineView) mark(p *piece, mark Mark, x, height float32) {
	side, tick := 15*TextScale(), 12*TextScale()
	p.chip.Hidden, p.chip.CornerRadius = false, 3
	p.chip.Resize(fyne.NewSize(side, side))
	p.chip.Move(fyne.NewPos(x, (height-side)/2))
	p.chip.StrokeColor, p.chip.StrokeWidth, p.chip.FillColor = Ink(InkMuted), 1.5, color.Transparent
	p.text.Hidden = mark == Unticked
	if mark == Unticked {
		return
	}
	p.chip.FillColor, p.chip.StrokeWidth = Ink(theme.ColorNamePrimary), 0
	p.text.Text, p.text.Color, p.text.TextStyle, p.text.TextSize = "✓", Ink(InkOnMark), fyne.TextStyle{Bold: true}, tick
	measured := fyne.MeasureText("✓", tick, p.text.TextStyle)
	p.text.Resize(measured)
	p.text.Move(fyne.NewPos(x+(side-measured.Width)/2, (height-measured.Height)/2))
}

// next takes a piece out of the pool.
func (v *lineView) next() *piece {
	if v.used == len(v.pool) {
		p := &piece{chip: canvas.NewRectangle(color.Transparent), text: canvas.NewText("", color.Black)}
		v.pool = append(v.pool, p)
		v.objs = append(v.objs, p.chip, p.text)
	}
	v.used++
	return v.pool[v.used-1]
}
