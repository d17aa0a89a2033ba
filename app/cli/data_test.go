package cli_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/simulator"
)

// damage overwrites the middle of the database.
func (x *terminal) damage() {
	path := filepath.Join(x.folder, "rollcall.db")
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	require.NoError(x.t, err)
	info, err := file.Stat()
	require.NoError(x.t, err)
	_, err = file.WriteAt(bytes.Repeat([]byte{0xff}, int(info.Size())-4*os.Getpagesize()), int64(4*os.Getpagesize()))
	require.NoError(x.t, err)
	require.NoError(x.t, file.Close())
}

func TestDamagedDataIsSaidWrittenOutAndRestored(t *testing.T) {
	company := simulator.Sample(4, 10, 60)
	company.PendingDomains = nil
	x, _ := connected(t, simulator.Options{Company: company})
	require.Equal(t, 0, x.run("", "fetch").code)
	require.NotEqual(t, 1, x.run("", "sync", "--all", "--yes").code)
	var state app.DataState
	x.run("", "data", "check", "--json").document(t, &state)
	require.Positive(t, state.Records)
	require.False(t, state.Copied.IsZero())
	require.Equal(t, "refused", string(x.run("", "data", "restore", "--json").problem(t).Error.Code), "it isn't damaged")
	whole := filepath.Join(t.TempDir(), "whole.jsonl")
	require.Contains(t, x.run("", "data", "export", "--out", whole).out, " 0 places")
	text, err := os.ReadFile(whole)
	require.NoError(t, err)
	require.Contains(t, string(text), `"bucket":"history"`)

	x.damage()
	refused := x.run("", "review", "--json").problem(t)
	require.Equal(t, "damaged", string(refused.Error.Code))
	require.Contains(t, refused.Error.Action, "rollcall data restore")
	require.Equal(t, "damaged", string(x.run("", "data", "check", "--json").problem(t).Error.Code))
	partly := x.run("", "data", "export", "--out", filepath.Join(t.TempDir(), "partly.jsonl"))
	require.Equal(t, 0, partly.code, partly.err)
	require.NotContains(t, partly.out, " 0 places")

	restored := x.run("", "data", "restore")
	require.Equal(t, 0, restored.code, restored.err)
	require.Contains(t, restored.out, "rollcall.db.damaged-")
	require.Contains(t, x.run("", "history").out, " of ", "the run is there again")
	require.Equal(t, "no_snapshot", string(x.run("", "review", "--json").problem(t).Error.Code))
	require.Equal(t, 0, x.run("", "fetch").code, "the connections are there again")
	require.Contains(t, x.run("", "history", "--export", "-").out, `"kind":"restored"`)
	require.Equal(t, 0, x.run("", "history", "--verify").code)
}

func TestTheWindowOffersToRestoreDamagedData(t *testing.T) {
	x, _ := connected(t, simulator.Options{Company: simulator.Sample(4, 10, 60)})
	x.damage()
	x.windows.display = true
	opened := x.run("")
	require.Equal(t, 0, opened.code, opened.err)
	require.True(t, problem.Is(x.trouble[0], problem.Damaged))
	require.True(t, x.windows.opened, "after restoring")

	// With neither data nor copy there is nothing but to begin anew.
	x.damage()
	require.NoError(t, os.Remove(filepath.Join(x.folder, "rollcall-copy.db")))
	failed := x.run("", "data", "restore", "--json").problem(t)
	require.Equal(t, "not_found", string(failed.Error.Code))
	require.Contains(t, failed.Error.Action, "--anew")
	require.Equal(t, 0, x.run("", "data", "restore", "--anew").code)
	require.Equal(t, "not_connected", string(x.run("", "fetch", "--json").problem(t).Error.Code))
	require.Equal(t, 0, x.run("", "forget", "--yes").code)
	left, err := os.ReadDir(x.folder)
	require.NoError(t, err)
	for _, entry := range left {
		require.False(t, strings.Contains(entry.Name(), "damaged"), "what was moved aside is forgotten, too: %s", entry.Name())
	}
}
