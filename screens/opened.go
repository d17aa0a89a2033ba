package screens

import (
	"cmp"
	"slices"

	"fyne.io/fyne/v2"

	"github.com/rollcall-app/rollcall/app/display"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/review"
	"github.com/rollcall-app/rollcall/widgets"
)

// opened is the inside of an opened group.
type opened struct {
	notes   []note
	changes []review.Change
	// unchanged are nil until they are asked for.
	unchanged []review.Change
}

// with gives a copy that shows who stays as they are; nil for one that doesn't.
func (o *opened) with(unchanged []review.Change) *opened {
	copied := *o
	copied.unchanged = unchanged
	return &copied
}

// note is a line of a sentence about the group.
type note struct {
	text string
	ink  fyne.ThemeColorName
}

// change gives a member change, and behind them who stays as they are.
func (o *opened) change(i int) *review.Change {
	if i < len(o.changes) {
		return &o.changes[i]
	}
	return &o.unchanged[i-len(o.changes)]
}

// decided says who decided what, and when.
func decided(decision review.Decision) string {
	if decision.Reject {
		return lang.L("Rejected by %s on %s.", decision.By, moment(decision.At))
	}
	return lang.L("Accepted by %s on %s.", decision.By, moment(decision.At))
}

// open works out the inside of a group; changed are the sentences that say what has
// changed since it was decided.
func open(r *review.Review, view *groupView, limits plan.Thresholds, changed []string) *opened {
	o := &opened{changes: r.Changes(view.row)}
	if outcome, ok := r.Outcome(view.row); ok && outcome.Error != "" && outcome.State != review.Synced {
		o.note(outcome.Error)
	}
	if decision, ok := r.Decision(view.row); ok {
		text := decided(decision)
		if decision.Reason != "" {
			text += " " + decision.Reason
		}
		if view.row.State == review.Changed {
			text += lang.L(" What it rested on has changed since: decide again.")
		}
		if view.accepted {
			o.tell(text, widgets.InkInfo)
		} else {
			o.note(text)
		}
		for _, sentence := range changed {
			o.note(sentence)
		}
	}
	for _, answer := range r.Answers(view.row) {
		if answer.Kind == review.Rename {
			o.tell(lang.L("To do: %s.", answer.String()), widgets.InkInfo)
		}
	}
	for _, finding := range plan.GroupFindings(r, view.row, limits) {
		// Answers show where they were given: a sentence that comes with the
		// first would move the others from under the pointer.
		if finding.Guard != plan.OpenAnswers {
			o.note(finding.Message + " " + finding.Action)
		}
	}
	if other, ok := r.LookAlike(view.row); ok {
		o.note(lang.L("“%s” looks like “%s”, and is another group: some letters only look the same.", view.row.Name, other))
	}
	if view.row.State == review.Ambiguous {
		o.note(lang.L("Several groups have this name once case and spelling are set aside. Rename all but one of them, then fetch again."))
	}
	for _, part := range view.row.Parts {
		what := lang.L("is made")
		if len(part.Groups) > 0 {
			what = lang.L("is overwritten")
		}
		o.note(lang.L("On %s it %s: %s added, %s removed.", part.Site, what, grouped(part.Added), grouped(part.Removed)))
	}
	if view.row.State == review.Waiting {
		o.note(lang.L("Atlassian says that the identity provider manages this group, or invitations are pending: Rollcall leaves it alone."))
	}
	for _, u := range r.Unmatched() {
		if slices.Contains(u.Groups, view.row.Name) {
			o.note(lang.L("Can't be matched: %s: %s.", cmp.Or(u.Name, u.Email, u.ID), u.Reason))
		}
	}
	return o
}

// noteWidth is how many letters a line of a note holds.
const noteWidth = 130

// note adds a sentence that asks for something.
func (o *opened) note(text string) { o.tell(text, widgets.InkWarn) }

// tell adds a sentence, broken into lines.
func (o *opened) tell(text string, ink fyne.ThemeColorName) {
	for _, line := range display.Lines(text, noteWidth) {
		o.notes = append(o.notes, note{line, ink})
	}
}
