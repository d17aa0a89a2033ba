package storage

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/history"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/review"
	"github.com/rollcall-app/rollcall/app/run"
)

// filled makes a database with some of everything, and gives its folder.
func filled(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	database, err := Open(folder)
	require.NoError(t, err)
	require.NoError(t, database.SaveSettings(app.Settings{IdP: app.IdPSettings{Provider: "okta", URL: "https://x.okta.com"}}))
	snapshot := &directory.Snapshot{ID: "s1", TakenAt: time.Now()}
	for i := range 200 {
		snapshot.IdP.People = append(snapshot.IdP.People, directory.Person{ID: string(rune('a' + i)), Name: "Ana"})
	}
	require.NoError(t, database.SaveSnapshot(snapshot))
	report := &run.Report{ID: "r1", By: "me", Snapshot: "s1", Began: time.Now()}
	require.NoError(t, database.Begin(report, &plan.Plan{Groups: []plan.Group{{Name: "legal"}}}))
	for i := range 300 {
		require.NoError(t, database.Record("r1", run.Operation{No: i + 1, Kind: run.Add, Group: "legal", Account: "a", Done: true}))
	}
	require.NoError(t, database.GroupDone("r1", run.GroupResult{Name: "legal", Result: run.Synced}))
	report.Ended = time.Now()
	require.NoError(t, database.End(report))
	require.NoError(t, database.SaveDecisions(review.Decision{Group: "g", Reject: true, By: "me", At: time.Now()}))
	require.NoError(t, database.Close())
	return folder
}

// use reads all that is kept, and writes something.
func use(database *Database) error {
	_, settings := database.Settings()
	_, snapshot := database.Snapshot()
	_, decisions := database.Decisions()
	_, runs := database.Runs()
	_, past := database.Past("r1")
	chain := database.History(func(*history.Record) error { return nil })
	write := database.SaveDecisions(review.Decision{Group: "h", Reject: true, By: "me", At: time.Now()})
	return errors.Join(settings, snapshot, decisions, runs, past, chain, write)
}

func TestDamageOfWhateverKindIsSaidAndTheCopyRestored(t *testing.T) {
	damages := map[string]func(content []byte, random *rand.Rand) []byte{
		"cut off":      func(content []byte, random *rand.Rand) []byte { return content[:random.IntN(len(content))] },
		"emptied":      func([]byte, *rand.Rand) []byte { return nil },
		"another file": func([]byte, *rand.Rand) []byte { return bytes.Repeat([]byte("not a database "), 5000) },
		"a page of zeros": func(content []byte, random *rand.Rand) []byte {
			page := os.Getpagesize()
			at := random.IntN(len(content)/page) * page
			clear(content[at : at+page])
			return content
		},
		"a page of noise": func(content []byte, random *rand.Rand) []byte {
			page := os.Getpagesize()
			at := random.IntN(len(content)/page) * page
			for i := at; i < at+page; i++ {
				content[i] = byte(random.Uint32())
			}
			return content
		},
		"a byte": func(content []byte, random *rand.Rand) []byte {
			content[random.IntN(len(content))] ^= byte(1 + random.IntN(255))
			return content
		},
	}
	folder := filled(t)
	good, err := os.ReadFile(filepath.Join(folder, fileName))
	require.NoError(t, err)
	goodCopy, err := os.ReadFile(filepath.Join(folder, copyName))
	require.NoError(t, err)
	for name, damage := range damages {
		t.Run(name, func(t *testing.T) {
			said := 0
			for seed := range uint64(40) {
				folder := t.TempDir()
				path := filepath.Join(folder, fileName)
				require.NoError(t, os.WriteFile(path, damage(bytes.Clone(good), rand.New(rand.NewPCG(seed, 0))), 0o600))
				require.NoError(t, os.WriteFile(filepath.Join(folder, copyName), goodCopy, 0o600))
				database, err := Open(folder)
				if err == nil {
					err = errors.Join(use(database), database.Close())
					if err == nil {
						continue // what was hit held nothing
					}
					var told *problem.Problem
					require.ErrorAs(t, err, &told)
					require.NotEmpty(t, told.Action)
					if _, err = (Upkeep{}).Check(folder); err == nil {
						continue // the snapshot: fetching mends it
					}
				}
				said++
				require.True(t, problem.Is(err, problem.Damaged), "%d: %v", seed, err)
				_, _, err = Upkeep{}.Export(folder, io.Discard)
				require.True(t, err == nil || problem.Is(err, problem.Damaged), "%v", err)
				aside, err := Upkeep{}.Restore(folder, false)
				require.NoError(t, err)
				require.FileExists(t, aside)
				restored, err := Open(folder)
				require.NoError(t, err)
				settings, err := restored.Settings()
				require.NoError(t, err)
				require.Equal(t, "okta", settings.IdP.Provider)
				past, err := restored.Past("r1")
				require.NoError(t, err)
				require.Len(t, past.Operations, 300)
				require.NoError(t, use(restored))
				require.NoError(t, restored.Close())
			}
			t.Logf("%d of 40 were damaged", said)
		})
	}
}

func TestTheCopyFollowsTheDatabaseAndHoldsNoSnapshot(t *testing.T) {
	folder := filled(t)
	state, err := check(filepath.Join(folder, copyName))
	require.NoError(t, err)
	require.False(t, state.Snapshot)
	database, err := Open(folder)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, database.Close()) })
	before := state.Records
	require.NoError(t, database.Begin(&run.Report{ID: "r2", Began: time.Now()}, &plan.Plan{}))
	require.NoError(t, database.End(&run.Report{ID: "r2", Began: time.Now(), Ended: time.Now()}))
	state, err = check(filepath.Join(folder, copyName))
	require.NoError(t, err)
	require.Equal(t, before+2, state.Records, "after each run")
	whole, err := Upkeep{}.Check(folder)
	require.True(t, problem.Is(err, problem.Locked), "%v: %v", whole, err)
}

func TestACopyOfAnotherDatabaseIsReplacedOnlyByOneThatIsWhole(t *testing.T) {
	folder := filled(t)
	path := filepath.Join(folder, copyName)
	other, err := os.ReadFile(filepath.Join(filled(t), copyName))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, other, 0o600))
	database, err := Open(folder)
	require.NoError(t, err)
	require.NoError(t, database.SaveSettings(app.Settings{}))
	require.NoError(t, database.Close())
	replaced, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NotEqual(t, other, replaced)

	// A history that was changed isn't copied over a good one.
	require.NoError(t, os.WriteFile(path, other, 0o600))
	database, err = Open(folder)
	require.NoError(t, err)
	var said bytes.Buffer
	database.LogTo(slog.New(slog.NewTextHandler(&said, nil)))
	require.NoError(t, database.update(func(tx *bbolt.Tx) error { return tx.Bucket(historyBucket).Delete(recordKey(7)) }))
	require.NoError(t, database.Close())
	kept, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, other, kept)
	require.Contains(t, said.String(), "isn't up to date")
}

func TestAFolderOnANetworkIsRefused(t *testing.T) {
	require.NoError(t, checkNetwork(t.TempDir(), networkFolder))
	err := checkNetwork("/mnt/home", func(string) string { return "NFS" })
	require.ErrorContains(t, err, "on a network (NFS)")
	require.ErrorContains(t, err, "--data")
}
