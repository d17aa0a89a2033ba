package app

import (
	"time"

	"github.com/rollcall-app/rollcall/app/plan"
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
