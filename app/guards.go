package app

import (
	"strings"
	"time"

	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/review"
)

// ThresholdChange is what the history keeps of somebody who set the guards'
// thresholds.
type ThresholdChange struct {
	By       string
	At       time.Time
	Was, Now plan.Thresholds
}

// SetThresholds sets from where on guards stop a plan. A value that makes no
// sense is a problem of code Usage.
func (a *App) SetThresholds(limits plan.Thresholds) error {
	if err := limits.Check(); err != nil {
		return err
	}
	settings, err := a.Store.Settings()
	if err != nil || settings.Thresholds() == limits {
		return err
	}
	return a.Store.SaveThresholds(ThresholdChange{By: By(), At: time.Now(), Was: settings.Thresholds(), Now: limits})
}

// Terms are what a plan is judged by now, with the guards that a person lifts.
func (s Settings) Terms(overrides plan.Overrides) plan.Terms {
	return plan.Terms{Thresholds: s.Thresholds(), Overrides: overrides, Now: time.Now()}
}

// Plan makes the plan of a selection, judged by the thresholds that are set.
func (a *App) Plan(r *review.Review, selection plan.Selection, overrides plan.Overrides) (*plan.Plan, error) {
	settings, err := a.Store.Settings()
	if err != nil {
		return nil, err
	}
	return plan.Make(r, selection, settings.Terms(overrides)), nil
}

// Replan makes a saved plan again from the snapshot that there is now, as the one
// to perform. Where it isn't the same any more that is a problem of code Refused
// which says what differs.
func (a *App) Replan(r *review.Review, file *plan.File) (*plan.Plan, error) {
	selection, err := Selected(r, file)
	if err != nil {
		return nil, err
	}
	p, err := a.Plan(r, selection, file.Overrides)
	if err != nil {
		return nil, err
	}
	if differences := plan.Compare(file.Plan, p); len(differences) > 0 {
		return nil, outdated(differences)
	}
	return p, nil
}

// Selected gives what a saved plan was made of, in a review. A group that isn't
// there any more is a problem of code Refused.
func Selected(r *review.Review, file *plan.File) (plan.Selection, error) {
	if file.Plan.Undoes != "" {
		return plan.Selection{}, problem.New(problem.Refused, lang.L("The plan is one of an undo, which can't be made again from a file."), lang.L("Undo the run again."))
	}
	rows := map[string]*review.Row{}
	for i := range r.Rows {
		rows[r.SourceID(&r.Rows[i])] = &r.Rows[i]
	}
	selection := plan.Selection{Everybody: file.Everybody}
	for _, source := range file.Groups {
		row := rows[source]
		if row == nil || source == "" {
			return plan.Selection{}, problem.New(problem.Refused, lang.L("The plan no longer fits: an IdP group of it, %s, isn't in the snapshot any more.", source), lang.L("Make the plan again."))
		}
		selection.Rows = append(selection.Rows, row)
	}
	return selection, nil
}

// outdated says in what a plan differs from the one that was saved.
func outdated(differences []plan.Difference) error {
	const told = 5
	var lines []string
	for _, difference := range differences[:min(told, len(differences))] {
		lines = append(lines, difference.String())
	}
	if more := len(differences) - told; more > 0 {
		lines = append(lines, lang.L("and %d more", more))
	}
	return problem.New(problem.Refused, lang.L("The plan no longer fits what was fetched since: %s.", strings.Join(lines, "; ")),
		lang.L("Look at it with rollcall plan compare, then make it again."))
}
