package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"
)

// Fyne doesn't scroll to what the keyboard reaches. Entry, Button, Select and Check
// are Fyne's own, which tell the Reach that they are in.

// Reach scrolls what the keyboard reaches into sight.
type Reach struct {
	// Scroll is what is scrolled; nil until it is known.
	Scroll *container.Scroll
}

// reached scrolls as little as shows all of an object.
func (r *Reach) reached(object fyne.CanvasObject) {
	if r == nil || r.Scroll == nil {
		return
	}
	driver := fyne.CurrentApp().Driver()
	top := driver.AbsolutePositionForObject(object).Y - driver.AbsolutePositionForObject(r.Scroll).Y
	below := top + object.Size().Height - r.Scroll.Size().Height
	switch {
	case top < 0:
		r.Scroll.Offset.Y += top
	case below > 0:
		r.Scroll.Offset.Y += below
	default:
		return
	}
	r.Scroll.Refresh()
}

// Entry is a field that is scrolled into sight.
type Entry struct {
	widget.Entry
	reach *Reach
}

// Entry makes a field.
func (r *Reach) Entry(placeholder string) *Entry {
	e := &Entry{reach: r}
	e.Wrapping = fyne.TextWrapOff
	e.ExtendBaseWidget(e)
	e.SetPlaceHolder(placeholder)
	return e
}

// Secret makes a field that hides what is typed.
func (r *Reach) Secret() *Entry {
	e := r.Entry("")
	e.Password = true
	e.Refresh()
	return e
}

// FocusGained implements fyne.Focusable.
func (e *Entry) FocusGained() {
	e.Entry.FocusGained()
	e.reach.reached(e)
}

// Button is a button that is scrolled into sight.
type Button struct {
	widget.Button
	reach *Reach
}

// Button makes a button.
func (r *Reach) Button(text string, tapped func()) *Button {
	b := &Button{reach: r}
	b.Text, b.OnTapped = text, tapped
	b.ExtendBaseWidget(b)
	return b
}

// FocusGained implements fyne.Focusable.
func (b *Button) FocusGained() {
	b.Button.FocusGained()
	b.reach.reached(b)
}

// Select is a choice that is scrolled into sight.
type Select struct {
	widget.Select
	reach *Reach
}

// Select makes a choice.
func (r *Reach) Select(options []string, changed func(string)) *Select {
	s := &Select{reach: r}
	s.Options, s.OnChanged = options, changed
	s.ExtendBaseWidget(s)
	MakeRoom(&s.Select)
	return s
}

// SetOptions gives other options.
func (s *Select) SetOptions(options []string) {
	s.Select.SetOptions(options)
	MakeRoom(&s.Select)
}

// widestChoice is how wide a choice gets at the most, at the usual text size.
const widestChoice = 400

// MakeRoom makes a choice as wide as the widest of its options: Fyne asks for no more
// than the place holder needs, and cuts the rest. Something has to be chosen.
func MakeRoom(s *widget.Select) {
	s.PlaceHolder = ""
	for _, option := range s.Options {
		if textWidth(option, false) > textWidth(s.PlaceHolder, false) {
			s.PlaceHolder = option
		}
	}
	s.PlaceHolder = Fit(s.PlaceHolder, widestChoice*TextScale(), false)
	s.Refresh()
}

// FocusGained implements fyne.Focusable.
func (s *Select) FocusGained() {
	s.Select.FocusGained()
	s.reach.reached(s)
}

// Check is a box to tick that is scrolled into sight.
type Check struct {
	widget.Check
	reach *Reach
}

// Check makes a box to tick.
func (r *Reach) Check(text string, changed func(bool)) *Check {
	c := &Check{reach: r}
	c.Text, c.OnChanged = text, changed
	c.ExtendBaseWidget(c)
	return c
}

// FocusGained implements fyne.Focusable.
func (c *Check) FocusGained() {
	c.Check.FocusGained()
	c.reach.reached(c)
}
