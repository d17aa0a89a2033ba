package cli_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/simulator"
)

func TestAPlanIsSavedShownComparedAndPerformedOrRefused(t *testing.T) {
	company := simulator.Sample(4, 30, 200)
	company.PendingDomains = nil
	x, simulation := connected(t, simulator.Options{Company: company})
	require.Equal(t, 0, x.run("", "fetch").code)
	saved := filepath.Join(t.TempDir(), "plan.json")
	made := x.run("", "plan", "make", "--all", "--override", "empty-group", "--out", saved)
	require.Equal(t, 0, made.code, made.err)
	require.Contains(t, made.out, "rests on: IdP group")
	require.Equal(t, 1, x.run("", "plan", "make", "--all", "--out", saved).code, "what is there isn't overwritten")
	shown := x.run("", "plan", "show", saved)
	require.Contains(t, shown.out, "1. ")
	require.True(t, strings.HasPrefix(made.out, strings.SplitN(shown.out, "\n", 2)[1]), "the same operations")
	var file plan.File
	x.run("", "plan", "show", saved, "--json").document(t, &file)
	require.NotEmpty(t, file.Plan.Groups)

	require.Contains(t, x.run("", "plan", "compare", saved).out, "the same")
	other := filepath.Join(t.TempDir(), "other.json")
	require.Equal(t, 0, x.run("", "plan", "make", "--all", "--out", other).code)
	var differences struct{ Differences []plan.Difference }
	x.run("", "plan", "compare", saved, other, "--json").document(t, &differences)
	require.NotEmpty(t, differences.Differences, "a guard lifted in one of them")

	// A snapshot that was only taken again is no difference; a changed group is.
	require.Equal(t, 0, x.run("", "fetch").code)
	require.Equal(t, 0, x.run("", "sync", "--plan", saved, "--dry-run").code)
	name, account := "", ""
	for i := range file.Plan.Groups {
		if group := &file.Plan.Groups[i]; len(group.Steps()) > 0 && len(group.Remove) > 0 {
			name, account = group.Name, group.Remove[0].Account
		}
	}
	simulation.Disturb(name, nil, []string{account})
	require.Equal(t, 0, x.run("", "fetch").code)
	refused := x.run("", "sync", "--plan", saved, "--yes", "--json").problem(t)
	require.Equal(t, "refused", string(refused.Error.Code))
	require.Contains(t, refused.Error.Message, "- "+name+": remove")
	compared := x.run("", "plan", "compare", saved)
	require.Contains(t, compared.out, "~ "+name+": the members of the Atlassian group differ")
	simulation.Disturb(name, []string{account}, nil)
	require.Equal(t, 0, x.run("", "fetch").code)
	done := x.run("", "sync", "--plan", saved, "--yes", "--reason", "agreed on Monday")
	require.NotEqual(t, 1, done.code, done.err)
	require.Contains(t, done.out, "Synced: ")
	require.Equal(t, "refused", string(x.run("", "sync", "--plan", saved, "--yes", "--json").problem(t).Error.Code), "it isn't performed twice")

	for _, wrong := range [][]string{
		{"sync", "--plan", saved, "--all"}, {"sync", "--plan", saved, "--override", "all"}, {"plan", "show", filepath.Join(x.folder, "rollcall.db")}, {"plan", "show", "missing.json"}, {"plan", "make"},
	} {
		require.Equal(t, "usage", string(x.run("", append(wrong, "--json")...).problem(t).Error.Code), wrong)
	}
}

func TestGuardsAreListedAndSet(t *testing.T) {
	x, _ := connected(t, simulator.Options{Company: simulator.Sample(4, 10, 60)})
	require.Contains(t, x.run("", "guards").out, "removing over 25 % of a group, if that is over 5 people")
	var set app.GuardsDocument
	x.run("", "guards", "--group-removals-percent", "0", "--group-removals-people", "0", "--json").document(t, &set)
	require.Equal(t, plan.Thresholds{RunRemovals: 500, StaleHours: 24}, set.Thresholds)
	require.Len(t, set.Guards, len(plan.Guards))
	require.Equal(t, "usage", string(x.run("", "guards", "--stale-hours", "0", "--json").problem(t).Error.Code))
	require.Equal(t, 0, x.run("", "fetch").code)
	var review app.ReviewDocument
	x.run("", "review", "--json").document(t, &review)
	for _, group := range review.Groups {
		if group.Removed > 0 && group.State == "conflict" {
			require.Contains(t, group.BlockedBy, plan.GroupRemovals, group.Name)
		}
	}
	require.Contains(t, x.run("", "history", "--export", "-").out, `"kind":"guards"`)
}
