package screens

import (
	"testing"
	"time"

	"fyne.io/fyne/v2/test"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app/progress"
)

// A fetch has several stages: what is left of one goes by its own pace, whatever the
// stages before took.
func TestTheTimeLeftOfAStageGoesByItsOwnPace(t *testing.T) {
	fyneApp := test.NewApp()
	t.Cleanup(fyneApp.Quit)
	s := newStatusBar(func() {})
	for second := range 100 {
		s.progress(progress.Report{Stage: "Reading members", Done: second, Total: 100}, time.Duration(second)*time.Second)
	}
	require.Equal(t, "1.0/s · 1s left", s.rate.Text)
	s.progress(progress.Report{Stage: "Reading product access", Done: 0, Total: 50}, 100*time.Second)
	require.Empty(t, s.rate.Text, "nothing is known yet")
	s.progress(progress.Report{Stage: "Reading product access", Done: 20, Total: 50}, 110*time.Second)
	require.Equal(t, "2.0/s · 15s left", s.rate.Text)
	require.InDelta(t, 0.4, s.bar.Value, 0.001)
	// Whoever knows better is believed.
	s.progress(progress.Report{Stage: "Syncing batch 1 of 2", Done: 20, Total: 50}, 120*time.Second)
	s.progress(progress.Report{Stage: "Syncing batch 1 of 2", Done: 30, Total: 50, Left: 40 * time.Second}, 130*time.Second)
	require.Equal(t, "1.0/s · 40s left", s.rate.Text)
}
