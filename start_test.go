package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/directory/directorytest"
	"github.com/rollcall-app/rollcall/storage"
)

// BenchmarkStart starts the program as it is released, in a real window, on the
// snapshot of a large organization: 100,000 people, 10,000 groups that are all in
// conflict, 800,000 memberships a side. It prints how long it takes from the start of
// the process, and from its beginning to draw, until the first rows are there, and
// what memory it holds then, without the pages of files that are mapped.
func BenchmarkStart(b *testing.B) {
	if os.Getenv("DISPLAY") == "" {
		b.Skip("there is no display: use make bench")
	}
	folder := b.TempDir()
	binary, data := filepath.Join(folder, "rollcall"), filepath.Join(folder, "data")
	out, err := exec.Command("go", "build", "-tags", "migrated_fynedo", "-o", binary, ".").CombinedOutput()
	require.NoError(b, err, string(out))
	store, err := storage.Open(data)
	require.NoError(b, err)
	require.NoError(b, store.SaveSettings(app.Settings{IdP: app.IdPSettings{Provider: "okta", URL: "https://acme.okta.com"}, Atlassian: app.AtlassianSettings{Org: "acme", Owner: "owner@acme.example"}}))
	snapshot := directorytest.Sized(100_000, 10_000, 80)
	snapshot.TakenAt, snapshot.IdP.Provider, snapshot.Atlassian.Experience = time.Now(), "okta", directory.Centralized
	require.NoError(b, store.SaveSnapshot(snapshot))
	require.NoError(b, store.Close())

	var whole, drawing time.Duration
	var memory float64
	for b.Loop() {
		began := time.Now()
		p := startProcess(b, binary, "--data", data, "--log", "debug")
		p.await(b, "drawing begins")
		drew := time.Now()
		p.await(b, "loaded")
		loaded := time.Now()
		whole, drawing = whole+loaded.Sub(began), drawing+loaded.Sub(drew)
		p.await(b, "tab selected", "Groups")
		memory = max(memory, held(b, p.cmd.Process.Pid))
		require.NoError(b, p.cmd.Process.Signal(os.Interrupt))
		for range p.lines { // until it has ended
		}
	}
	b.ReportMetric(float64(whole.Milliseconds())/float64(b.N), "ms-to-rows")
	b.ReportMetric(float64(drawing.Milliseconds())/float64(b.N), "ms-from-drawing-to-rows")
	b.ReportMetric(memory, "MB")
}

// held is the memory of a process that isn't mapped from files, in MB.
func held(b *testing.B, pid int) float64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	require.NoError(b, err)
	_, rest, found := strings.Cut(string(status), "RssAnon:")
	require.True(b, found)
	kB, err := strconv.Atoi(strings.Fields(rest)[0])
	require.NoError(b, err)
	return float64(kB) * 1024 / 1e6
}
