package widgets

import (
	"fmt"
	"strings"

	"fyne.io/fyne/v2"

	"github.com/rollcall-app/rollcall/app/lang"
)

// Fyne tells screen readers about these where the platform has it (the build tag
// accessibility). What colours and marks say stands in the words, too.
var (
	_ fyne.Accessible = (*lineView)(nil)
	_ fyne.Accessible = (*Header)(nil)
	_ fyne.Accessible = (*Figure)(nil)
	_ fyne.Accessible = (*BarChart)(nil)
)

// AccessibilityLabel says the whole line, beginning with whether it is ticked.
func (v *lineView) AccessibilityLabel() string { return v.line.Spoken() }

// AccessibilityRole is a button's where a tap does something.
func (v *lineView) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleButton }

// Spoken is what the line says to who doesn't see it: also what its marks and signs
// mean.
func (l Line) Spoken() string {
	var words []string
	for _, cell := range l.Cells {
		for _, part := range cell {
			words = append(words, part.spoken())
		}
	}
	return join(words)
}

func (p Part) spoken() string {
	switch {
	case p.Mark == Ticked:
		return lang.L("selected")
	case p.Mark == Unticked:
		return lang.L("not selected")
	case p.Text == "▸":
		return lang.L("closed, can be opened")
	case p.Text == "▾":
		return lang.L("opened")
	case p.Text == "+":
		return lang.L("added")
	case p.Text == "−":
		return lang.L("removed")
	}
	return p.Text
}

func join(words []string) string {
	var said []string
	for _, word := range words {
		if word != "" {
			said = append(said, word)
		}
	}
	return strings.Join(said, ", ")
}

// AccessibilityLabel says the titles of the columns.
func (h *Header) AccessibilityLabel() string {
	var titles []string
	for _, column := range h.columns.List {
		titles = append(titles, column.Title)
	}
	return join(titles)
}

// AccessibilityRole is that of a text.
func (h *Header) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleText }

// AccessibilityLabel says the figure with what it counts.
func (f *Figure) AccessibilityLabel() string { return f.number.Text + " " + f.caption.Text }

// AccessibilityRole is that of a text.
func (f *Figure) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleText }

// AccessibilityLabel says each bar in words.
func (c *BarChart) AccessibilityLabel() string {
	var said []string
	for _, bar := range c.bars {
		said = append(said, fmt.Sprintf("%s: %s %d, %s %d, %s %d; %s", bar.Label, lang.L("keep"), bar.Keep, lang.L("gain"), bar.Gain, lang.L("lose"), bar.Lose, bar.Note))
	}
	return strings.Join(said, ". ")
}

// AccessibilityRole is that of a text.
func (c *BarChart) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleText }
