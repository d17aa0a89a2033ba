//go:build unix

package app_test

import (
	"context"
	"math"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/review"
	"github.com/rollcall-app/rollcall/app/run"
	"github.com/rollcall-app/rollcall/app/simulator"
	"github.com/rollcall-app/rollcall/storage"
)

// limitFiles permits files of so many bytes, as a disk with no room left does.
func limitFiles(t *testing.T, size uint64) {
	t.Helper()
	var limit syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit))
	limit.Cur = min(size, limit.Max)
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit))
}

// alone says that a test is in a process of its own.
const alone = "ROLLCALL_TEST_ALONE"

// The disk fills up while a run is under way: nothing is sent that couldn't be
// noted, a sentence says so, and once there is room the run goes on.
func TestAFullDiskInTheMiddleOfARunStopsItAndItGoesOn(t *testing.T) {
	// The limit is the whole process's, and the test runner writes files, too.
	if os.Getenv(alone) == "" {
		process := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
		process.Env = append(os.Environ(), alone+"=yes")
		said, err := process.CombinedOutput()
		require.NoError(t, err, string(said))
		return
	}
	signal.Ignore(syscall.SIGXFSZ) // else it ends the process
	t.Cleanup(func() { signal.Reset(syscall.SIGXFSZ) })
	t.Cleanup(func() { limitFiles(t, math.MaxInt64) })
	company := simulator.Sample(4, 20, 150)
	company.PendingDomains = nil
	var written atomic.Int64
	folder := t.TempDir()
	full := func() {
		info, err := os.Stat(filepath.Join(folder, "rollcall.db"))
		if err == nil {
			limitFiles(t, uint64(info.Size()))
		}
	}
	simulation, err := simulator.Start(simulator.Options{Company: company, Rate: 100_000, Wrap: func(_ string, next http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Path, "/memberships") && written.Add(1) == 5 {
				full()
			}
			next.ServeHTTP(rw, r)
		})
	}})
	require.NoError(t, err)
	t.Cleanup(simulation.Close)
	store, err := storage.Open(folder)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	s := &session{simulation: simulation, store: store, app: &app.App{Store: store, Secrets: &app.MemorySecrets{}, Environment: func(string) string { return "" }}}
	s.connect(t, app.IdPSettings{})
	r := s.fetch(t)
	overrides, err := plan.ParseOverrides("all")
	require.NoError(t, err)
	planned := plan.Make(r, app.All(r), app.Settings{}.Terms(overrides))

	_, err = s.app.Sync(context.Background(), planned, "", nil)
	require.True(t, problem.Is(err, problem.DiskFull), "%v", err)
	require.ErrorContains(t, err, "Make room")
	unfinished, err := s.app.Unfinished()
	require.NoError(t, err)
	require.NotNil(t, unfinished)
	past, err := store.Past(unfinished.ID)
	require.NoError(t, err)
	noted := 0
	for _, operation := range past.Operations {
		if operation.Kind == run.Add || operation.Kind == run.Remove {
			noted++
		}
	}
	require.LessOrEqual(t, int(written.Load()), noted, "nothing was sent that wasn't noted before")
	require.Less(t, noted, len(planned.Steps()), "it was stopped in the middle")

	limitFiles(t, math.MaxInt64)
	report, err := s.app.Resume(context.Background(), nil)
	require.NoError(t, err)
	after, synced := s.fetch(t), 0
	for _, group := range report.Groups {
		if group.Result == run.Synced {
			row, err := app.Find(after, group.Source)
			require.NoError(t, err)
			require.Equal(t, review.Synced, row.State, group.Name)
			synced++
		}
	}
	require.Greater(t, synced, 10)
}
