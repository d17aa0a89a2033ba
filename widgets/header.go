package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
)

// What a title says of the order that its column gives.
const (
	upward   = " ▲"
	downward = " ▼"
)

// Header shows the titles of columns, tells of taps on them, and lets their edges be
// moved.
type Header struct {
	*lineView
	columns *Columns
	// OnTapped is told the column.
	OnTapped func(column int)
	// Cells, where set, are shown in place of a title.
	Cells map[int]Cell
	// OnResized is told that an edge was moved, and again when it is let go.
	OnResized func(ended bool)

	// Tips shows what a column means; nil for nothing.
	Tips *Tips

	// moved is the column whose right edge is being moved, or -1; under that
	// whose edge is under the pointer.
	moved, under int
	sorted       int
	descending   bool
}

// NewHeader makes a header over the lines that use these columns.
func NewHeader(columns *Columns) *Header {
	h := &Header{lineView: newLineView(), columns: columns, Cells: map[int]Cell{}, moved: -1, under: -1}
	h.lineView.onTapped = func(column int) {
		if h.OnTapped != nil && column >= 0 {
			h.OnTapped(column)
		}
	}
	h.Update(-1, false)
	return h
}

// Update shows by which column the lines are sorted; -1 for none.
func (h *Header) Update(sorted int, descending bool) {
	h.sorted, h.descending = sorted, descending
	line := Line{Columns: h.columns, Fill: FillOpened}
	for i, column := range h.columns.List {
		title := column.Title
		if i == sorted && title != "" {
			title += map[bool]string{false: upward, true: downward}[descending]
		}
		cell := Cell{{Text: title, Ink: InkMuted, Bold: true}}
		if own, ok := h.Cells[i]; ok {
			cell = own
		}
		line.Cells = append(line.Cells, cell)
	}
	h.lineView.show(line)
}

// MouseIn notes the edge under the pointer.
func (h *Header) MouseIn(event *desktop.MouseEvent) { h.MouseMoved(event) }

// MouseMoved notes the edge under the pointer.
func (h *Header) MouseMoved(event *desktop.MouseEvent) {
	if h.Tips != nil {
		if column := h.columns.at(event.Position.X, h.Size().Width); column >= 0 && column != h.pointed {
			h.pointed = column
			h.Tips.Show(h.columns.List[column].Tip, event.AbsolutePosition)
		}
	}
	h.under = h.columns.edge(event.Position.X, h.Size().Width)
}

// MouseOut implements desktop.Hoverable.
func (h *Header) MouseOut() {
	h.under = -1
	if h.Tips != nil && h.pointed >= 0 {
		h.Tips.Show("", fyne.Position{})
	}
	h.pointed = -1
}

// Cursor shows that the edge under the pointer can be moved.
func (h *Header) Cursor() desktop.Cursor {
	if h.under >= 0 || h.moved >= 0 {
		return desktop.HResizeCursor
	}
	return desktop.DefaultCursor
}

// Dragged moves the edge that the pointer was put down on.
func (h *Header) Dragged(event *fyne.DragEvent) {
	if h.moved < 0 {
		h.moved = h.under
	}
	if h.moved < 0 {
		return
	}
	h.columns.move(h.moved, event.Dragged.DX, h.Size().Width)
	h.Update(h.sorted, h.descending)
	if h.OnResized != nil {
		h.OnResized(false)
	}
}

// DragEnd lets the edge go.
func (h *Header) DragEnd() {
	moved := h.moved >= 0
	h.moved = -1
	if moved && h.OnResized != nil {
		h.OnResized(true)
	}
}
