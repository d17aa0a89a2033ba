package widgets

import (
	"slices"

	"fyne.io/fyne/v2/theme"

	"github.com/rollcall-app/rollcall/app/lang"
)

// Column is one column of a set.
type Column struct {
	Title string
	// Tip says what the column holds, to who points at its title.
	Tip string
	// Width is fixed, in Fyne's units at the default text size; where it is 0, the
	// column shares what is left by Weight.
	Width, Weight float32
	// Holds gives texts that have to fit beside the title, in the person's language;
	// nil where the column needs all of its Width.
	Holds func() []string
	// Shows gives a text that is to be seen, too, where there is room for it beside
	// what all columns hold; nil for none.
	Shows func() string
	// Trailing aligns to the right.
	Trailing bool
}

// Columns are the columns of a header and the lines under it. They belong to the UI
// goroutine.
type Columns struct {
	List []Column

	width, scale float32
	language     string
	ends         []float32
}

// usualText is the text size that widths are meant for.
const usualText = 13

// TextScale is how much larger text is than usual.
func TextScale() float32 { return theme.TextSize() / usualText }

// spans gives where each column ends at a width.
func (c *Columns) spans(width float32) []float32 {
	scale := TextScale()
	if c.width == width && c.scale == scale && c.language == lang.Tag() && len(c.ends) == len(c.List) {
		return c.ends
	}
	c.width, c.scale, c.language, c.ends = width, scale, lang.Tag(), c.ends[:0]
	var at float32
	for _, width := range c.share(width, scale) {
		at += width
		c.ends = append(c.ends, at)
	}
	return c.ends
}

// share gives each column its width: those of fixed width, and those that would get
// less than they have to hold, what they need; the others what is left. Where there is
// too little for all, fixed columns give up what they don't need, then all shrink.
func (c *Columns) share(width, scale float32) []float32 {
	least := func(i int) float32 { return c.List[i].least(scale) }
	shown := func(i int) float32 { return c.List[i].shown(scale) }
	held := func(i int) float32 { return c.List[i].held(scale) }
	for _, need := range []func(int) float32{least, shown, held} {
		if widths, total := c.divide(width, need); total <= width {
			return widths
		}
	}
	widths, total := c.divide(width, shown)
	for i := range widths {
		widths[i] *= width / total
	}
	return widths
}

// divide gives columns of fixed width what they need, and the others their share of
// what is left, or what they need where that is more; and the sum of it.
func (c *Columns) divide(width float32, need func(i int) float32) (widths []float32, total float32) {
	widths = make([]float32, len(c.List))
	fixed := make([]bool, len(c.List))
	for i := range c.List {
		fixed[i] = c.List[i].Width > 0
	}
	for again := true; again; {
		left, weights := width, float32(0)
		for i := range c.List {
			if fixed[i] {
				widths[i] = need(i)
				left -= widths[i]
			} else {
				weights += c.List[i].Weight
			}
		}
		again = false
		for i := range c.List {
			if fixed[i] {
				continue
			}
			widths[i] = max(left, 0) * c.List[i].Weight / weights
			if need(i) > widths[i] {
				fixed[i], again = true, true
			}
		}
	}
	for _, one := range widths {
		total += one
	}
	return widths, total
}

// least is how wide a column should be at a scale of the text.
func (c *Column) least(scale float32) float32 { return max(c.Width*scale, c.shown(scale)) }

// shown is how wide it has to be for what it holds and shows.
func (c *Column) shown(scale float32) float32 {
	if c.Shows == nil {
		return c.held(scale)
	}
	return max(c.held(scale), fitting(c.Shows()))
}

// held is how wide it has to be for what it holds; as wide as it is fixed, where it
// holds nothing in particular.
func (c *Column) held(scale float32) float32 {
	if c.Holds == nil {
		return c.Width * scale
	}
	width := float32(0)
	if c.Title != "" {
		width = textWidth(c.Title+upward, true) + 2*cellPad
	}
	for _, text := range c.Holds() {
		width = max(width, fitting(text))
	}
	return width
}

// fitting is how wide a column has to be for a text.
func fitting(text string) float32 { return textWidth(text, true) + 2*cellPad + 2*chipPad }

// Span gives where a column begins and ends on a line of a width.
func (c *Columns) Span(column int, width float32) (from, to float32) {
	ends := c.spans(width)
	if column > 0 {
		from = ends[column-1]
	}
	return from, ends[column]
}

// at gives the column at a horizontal place, or -1.
func (c *Columns) at(x, width float32) int {
	for i, end := range c.spans(width) {
		if x < end {
			return i
		}
	}
	return -1
}

// grip is how far from an edge it can be taken, leastWidth how narrow a column can
// be made.
const (
	grip       = 6
	leastWidth = 44
)

// edge gives the column whose right edge is at a horizontal place, or -1. Only
// edges between two columns with titles can be moved.
func (c *Columns) edge(x, width float32) int {
	for i, end := range c.spans(width) {
		if i+1 < len(c.List) && c.List[i].Title != "" && c.List[i+1].Title != "" && x > end-grip && x < end+grip {
			return i
		}
	}
	return -1
}

// move moves a column's right edge on a line of a width: what the column gains the
// next one gives.
func (c *Columns) move(column int, by, width float32) {
	widths := make([]float32, len(c.List))
	for i := range c.List {
		from, to := c.Span(i, width)
		widths[i] = to - from
	}
	by = min(max(by, leastWidth-widths[column]), widths[column+1]-leastWidth)
	widths[column] += by
	widths[column+1] -= by
	scale := TextScale()
	for i := range c.List {
		c.List[i].Holds, c.List[i].Shows = nil, nil
		if c.List[i].Width > 0 {
			c.List[i].Width = widths[i] / scale
		} else {
			c.List[i].Weight = widths[i]
		}
	}
	c.ends = c.ends[:0]
}

// Sizes gives the widths, or weights, of all columns; SetSizes takes them again.
func (c *Columns) Sizes() []float64 {
	sizes := make([]float64, len(c.List))
	for i, column := range c.List {
		sizes[i] = float64(max(column.Width, column.Weight))
	}
	return sizes
}

// SetSizes takes what Sizes gave. What doesn't fit the columns, as from another
// version, is passed over.
func (c *Columns) SetSizes(sizes []float64) {
	const most = 100_000
	unfit := func(size float64) bool { return !(size > 0 && size < most) }
	if len(sizes) != len(c.List) || slices.ContainsFunc(sizes, unfit) {
		return
	}
	for i := range c.List {
		c.List[i].Holds, c.List[i].Shows = nil, nil // the person decided
		if c.List[i].Width > 0 {
			c.List[i].Width = float32(sizes[i])
		} else {
			c.List[i].Weight = float32(sizes[i])
		}
	}
	c.ends = c.ends[:0]
}
