package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/history"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/run"
	"github.com/rollcall-app/rollcall/app/simulator"
	"github.com/rollcall-app/rollcall/storage"
)

func TestARunIsShownUndoneAndExportedFromATerminal(t *testing.T) {
	company := simulator.Sample(4, 30, 200)
	company.PendingDomains = nil
	x, simulation := connected(t, simulator.Options{Company: company})
	require.Equal(t, 0, x.run("", "fetch").code)
	var none app.HistoryDocument
	x.run("", "history", "--json").document(t, &none)
	require.Empty(t, none.Runs)
	require.Equal(t, "not_found", string(x.run("", "undo", "--json").problem(t).Error.Code))

	require.Equal(t, 3, x.run("", "sync", "--all", "--yes", "--override", "all", "--reason", "ticket 7").code, "default groups stay")
	var runs app.HistoryDocument
	x.run("", "history", "--json").document(t, &runs)
	require.Len(t, runs.Runs, 1)
	require.Equal(t, "ticket 7", runs.Runs[0].Reason)
	require.Equal(t, company.Owner, runs.Runs[0].Owner)
	name := ""
	for _, group := range runs.Runs[0].Groups {
		if group.Removed > 0 && group.Added > 0 {
			name = group.Name
		}
	}
	before, _ := simulation.Members(name)

	dry := x.run("", "undo", "--group", name, "--dry-run", "--json")
	var foreseen app.SyncDocument
	dry.document(t, &foreseen)
	require.Len(t, foreseen.Groups, 1)
	require.Equal(t, "refused", string(x.run("", "undo", "--group", name, "--json").problem(t).Error.Code), "nobody confirmed it")
	done := x.run("", "undo", runs.Runs[0].Run, "--group", name, "--yes", "--override", "all", "--reason", "a mistake")
	require.Equal(t, 0, done.code, done.err)
	require.NotContains(t, done.out, "press Sync group there")
	after, _ := simulation.Members(name)
	require.NotEqual(t, before, after)

	listed := x.run("", "history")
	require.Contains(t, listed.out, "undoes "+runs.Runs[0].Run+" a mistake")
	var one app.RunDocument
	x.run("", "history", runs.Runs[0].Run, "--json").document(t, &one)
	require.NotEmpty(t, one.Operations)
	require.Contains(t, x.run("", "history", runs.Runs[0].Run).out, "1. ")
	require.Equal(t, "not_found", string(x.run("", "history", "none", "--json").problem(t).Error.Code))

	verified := x.run("", "history", "--verify")
	require.Equal(t, 0, verified.code, verified.err)
	require.Contains(t, verified.out, "each as it was written")
	file := filepath.Join(t.TempDir(), "history.jsonl")
	require.Equal(t, 0, x.run("", "history", "--export", file).code)
	require.Equal(t, 1, x.run("", "history", "--export", file).code, "what is there isn't overwritten")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	var last history.Record
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		var record history.Record
		require.NoError(t, json.Unmarshal([]byte(line), &record))
		require.NoError(t, record.Follows(&last), "the export tells by itself")
		last = record
	}
	require.Equal(t, history.End, last.Kind)
}

func TestAnInterruptedRunIsGivenUpOrResumedFromATerminal(t *testing.T) {
	company := simulator.Sample(4, 10, 60)
	company.PendingDomains = nil
	x, _ := connected(t, simulator.Options{Company: company})
	require.Equal(t, 0, x.run("", "fetch").code)
	require.Equal(t, "not_found", string(x.run("", "resume", "--json").problem(t).Error.Code))
	interrupt := func(id string) {
		store, err := storage.Open(x.folder)
		require.NoError(t, err)
		snapshot, err := store.Snapshot()
		require.NoError(t, err)
		require.NoError(t, store.Begin(&run.Report{ID: id, Snapshot: snapshot.ID, Began: time.Now()}, &plan.Plan{Snapshot: snapshot.ID}))
		require.NoError(t, store.Close())
	}
	interrupt("r1")
	require.Contains(t, x.run("", "history").out, "interrupted")
	refused := x.run("", "sync", "--all", "--yes", "--json").problem(t)
	require.Contains(t, refused.Error.Action, "rollcall resume")
	require.Equal(t, 0, x.run("", "resume", "--give-up").code)
	again := x.run("", "sync", "--all", "--yes")
	require.NotEqual(t, 1, again.code, again.err)
	interrupt("r2")
	resumed := x.run("", "resume")
	require.Equal(t, 0, resumed.code, resumed.err)
	require.NotContains(t, x.run("", "history").out, "interrupted")
}
