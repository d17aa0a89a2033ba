package storage_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/review"
	"github.com/rollcall-app/rollcall/app/run"
	"github.com/rollcall-app/rollcall/storage"
)

func open(t *testing.T, folder string) *storage.Database {
	t.Helper()
	database, err := storage.Open(folder)
	require.NoError(t, err)
	t.Cleanup(func() { _ = database.Close() })
	return database
}

func snapshot() *directory.Snapshot {
	s := &directory.Snapshot{ID: "s1", TakenAt: time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)}
	s.IdP.People = []directory.Person{{ID: "p", Name: "Ana 🚀", Email: "ana@x.io", Aliases: []string{"a@x.io"}, Disabled: true}}
	s.IdP.Groups = []directory.SourceGroup{{ID: "g", Name: "צוות"}}
	s.IdP.Members = directory.NewRuns[directory.SourceNo]([][]directory.PersonNo{{0}})
	s.Atlassian.Products = []directory.Product{{ID: "ari", Seats: directory.UnknownSeats}}
	s.Atlassian.Accounts = []directory.Account{{ID: "a", LastActive: map[directory.ProductNo]time.Time{0: s.TakenAt}}}
	s.Atlassian.Groups = []directory.Group{{ID: "ag", Synced: directory.ManagedYes, Grants: []directory.Grant{{Access: directory.Access{Role: "atlassian/user"}, Default: true}}}}
	s.Atlassian.Members = directory.NewRuns[directory.GroupNo]([][]directory.AccountNo{{0}})
	s.How.IdP.Way = "quickly"
	return s
}

func TestWhatIsKeptIsThereTheNextTime(t *testing.T) {
	folder := t.TempDir()
	database := open(t, folder)
	empty, err := database.Snapshot()
	require.NoError(t, err)
	require.Nil(t, empty)

	settings := app.Settings{IdP: app.IdPSettings{Provider: "okta", URL: "https://x.okta.com"}}
	at := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	decision := review.Decision{Group: "g", Name: "legal", Reject: true, Reason: "no", By: "me", At: at, Facts: "f"}
	outcome := review.Outcome{Group: "g", Run: "r1", Snapshot: "s1", State: review.Waiting, Invited: []string{"x@x.io"}, At: at}
	require.NoError(t, database.SaveSettings(settings))
	require.NoError(t, database.SaveSnapshot(snapshot()))
	require.NoError(t, database.SaveDecisions(decision))
	require.NoError(t, database.SaveOutcomes([]review.Outcome{outcome}))
	for _, id := range []string{"r1", "r2"} {
		require.NoError(t, database.Begin(&run.Report{ID: id, Began: at}, &plan.Plan{Snapshot: "s1", Groups: []plan.Group{{Name: "legal"}}}))
		require.NoError(t, database.Record(id, run.Operation{No: 2, Kind: run.Remove, Group: "legal"}))
		require.NoError(t, database.Record(id, run.Operation{No: 1, Kind: run.Add, Group: "legal"}))
		require.NoError(t, database.Record(id, run.Operation{No: 1, Kind: run.Add, Group: "legal", Done: true}))
	}
	require.NoError(t, database.GroupDone("r1", run.GroupResult{Name: "legal", Result: run.Synced, Added: 3}))
	require.NoError(t, database.End(&run.Report{ID: "r1", Began: at, Ended: at, First: 2, Groups: []run.GroupResult{{Name: "legal", Result: run.Synced, Added: 3}}}))
	require.NoError(t, database.Close())

	again := open(t, folder)
	kept, err := again.Settings()
	require.NoError(t, err)
	require.Equal(t, settings, kept)
	read, err := again.Snapshot()
	require.NoError(t, err)
	require.Equal(t, snapshot(), read)
	decisions, err := again.Decisions()
	require.NoError(t, err)
	require.Equal(t, map[string]review.Decision{"g": decision}, decisions)
	outcomes, err := again.Outcomes()
	require.NoError(t, err)
	require.Equal(t, map[string]review.Outcome{"g": outcome}, outcomes)
	runs, err := again.Runs()
	require.NoError(t, err)
	require.Equal(t, []string{"r2", "r1"}, []string{runs[0].ID, runs[1].ID}, "the latest first")
	require.True(t, runs[0].Ended.IsZero(), "a run that never ended is seen as such")
	require.Equal(t, 3, runs[1].Groups[0].Added)
	past, err := again.Past("r1")
	require.NoError(t, err)
	require.Len(t, past.Operations, 2)
	require.True(t, past.Operations[0].Done, "as it was last noted")
	require.False(t, past.Operations[1].Done)
	require.Equal(t, "legal", past.Plan.Groups[0].Name)
	require.Equal(t, 3, past.Groups[0].Added)

	require.NoError(t, again.DeleteDecisions(review.Decision{Group: "g", By: "me", At: at}))
	decisions, err = again.Decisions()
	require.NoError(t, err)
	require.Empty(t, decisions)
}

func TestOnlyTheirOwnerMayReadTheFiles(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows keeps rights otherwise")
	}
	folder := filepath.Join(t.TempDir(), "new", "folder")
	open(t, folder)
	info, err := os.Stat(filepath.Join(folder, "rollcall.db"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	info, err = os.Stat(folder)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), info.Mode().Perm())
}

func TestASecondInstanceIsToldAndDoesNotHang(t *testing.T) {
	folder := t.TempDir()
	open(t, folder)
	_, err := storage.Open(folder)
	require.True(t, problem.Is(err, problem.Locked), "%v", err)
	require.Contains(t, err.Error(), "running already")
}

func TestDataOfANewerVersionIsLeftAlone(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, open(t, folder).Close())
	bolt, err := bbolt.Open(filepath.Join(folder, "rollcall.db"), 0o600, nil)
	require.NoError(t, err)
	require.NoError(t, bolt.Update(func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte("settings")).Put([]byte("version"), []byte("99"))
	}))
	require.NoError(t, bolt.Close())
	_, err = storage.Open(folder)
	require.True(t, problem.Is(err, problem.Storage), "%v", err)
	require.Contains(t, err.Error(), "newer")
	var out bytes.Buffer
	records, unread, err := storage.Upkeep{}.Export(folder, &out)
	require.NoError(t, err)
	require.Zero(t, unread)
	require.Equal(t, records, bytes.Count(out.Bytes(), []byte("\n")), "what is there can be written out")
}

func TestADamagedSnapshotHasItsSentence(t *testing.T) {
	folder := t.TempDir()
	database := open(t, folder)
	require.NoError(t, database.SaveSnapshot(snapshot()))
	require.NoError(t, database.Close())
	bolt, err := bbolt.Open(filepath.Join(folder, "rollcall.db"), 0o600, nil)
	require.NoError(t, err)
	require.NoError(t, bolt.Update(func(tx *bbolt.Tx) error {
		key, value := tx.Bucket([]byte("pieces")).Cursor().First()
		packed := append([]byte{}, value...)
		packed[len(packed)/2] ^= 0xff
		return tx.Bucket([]byte("pieces")).Put(append([]byte{}, key...), packed)
	}))
	require.NoError(t, bolt.Close())
	_, err = open(t, folder).Snapshot()
	require.True(t, problem.Is(err, problem.Storage), "%v", err)
	require.Contains(t, err.Error(), "Fetch again")
}

func TestAFileInPlaceOfTheFolderHasItsSentence(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err := storage.Open(file)
	require.True(t, problem.Is(err, problem.Storage), "%v", err)
}

// The keyring is the real one of the session; .ci/test starts it.
func TestCredentialsAreKeptInTheKeyring(t *testing.T) {
	if os.Getenv("ROLLCALL_TEST_KEYRING") == "" {
		t.Skip("no keyring was started for the tests: use make test")
	}
	ctx := context.Background()
	keyring := storage.Keyring{}
	name := "test " + t.TempDir()
	_, err := keyring.Secret(ctx, name)
	require.True(t, problem.Is(err, problem.NotConnected), "%v", err)
	require.NoError(t, keyring.SaveSecret(ctx, name, "hush 🔑"))
	secret, err := keyring.Secret(ctx, name)
	require.NoError(t, err)
	require.Equal(t, "hush 🔑", secret)
	require.NoError(t, keyring.SaveSecret(ctx, name, "another"))
	secret, err = keyring.Secret(ctx, name)
	require.NoError(t, err)
	require.Equal(t, "another", secret)
	require.NoError(t, keyring.DeleteSecret(ctx, name))
	require.NoError(t, keyring.DeleteSecret(ctx, name), "what isn't there needs no deleting")
	_, err = keyring.Secret(ctx, name)
	require.True(t, problem.Is(err, problem.NotConnected), "%v", err)
}

// The bus is looked up once in a process, so each case has its own.
func TestWhereThereIsNoKeyringASentenceSaysWhatToDo(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("macOS and Windows always have one")
	}
	if want := os.Getenv("ROLLCALL_TEST_NO_KEYRING"); want != "" {
		err := storage.Keyring{}.SaveSecret(context.Background(), "name", "hush")
		require.True(t, problem.Is(err, problem.Keyring), "%v", err)
		require.Contains(t, err.Error(), want)
		require.Contains(t, err.Error(), app.IdPSecretVariable)
		require.NotContains(t, err.Error(), "hush")
		return
	}
	for name, test := range map[string]struct{ bus, want string }{
		"no bus":    {"", "no D-Bus"},
		"stale bus": {"unix:path=" + filepath.Join(t.TempDir(), "nobody"), "can't be reached"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command(os.Args[0], "-test.run=^TestWhereThereIsNoKeyringASentenceSaysWhatToDo$")
			// Without a PATH nothing can start a bus by itself.
			cmd.Env = []string{"HOME=" + t.TempDir(), "PATH=", "ROLLCALL_TEST_NO_KEYRING=" + test.want}
			if test.bus != "" {
				cmd.Env = append(cmd.Env, "DBUS_SESSION_BUS_ADDRESS="+test.bus)
			}
			out, err := cmd.CombinedOutput()
			require.NoError(t, err, string(out))
		})
	}
}

func TestWhatADecisionRestsOnIsKeptAndForgottenWithIt(t *testing.T) {
	folder := t.TempDir()
	database, err := storage.Open(folder)
	require.NoError(t, err)
	decision := review.Decision{Group: "g", Name: "legal", Reject: true, Basis: []string{"add\t1\tAna", "remove\t2\tBen"}}
	answer := review.Answer{Kind: review.Keep, Group: "g", Name: "legal", Account: "a1", Who: "Ana"}
	require.NoError(t, database.SaveDecisions(decision))
	require.NoError(t, database.SaveAnswers(answer))
	basis, err := database.Basis("g")
	require.NoError(t, err)
	require.Equal(t, decision.Basis, basis)
	answers, err := database.Answers()
	require.NoError(t, err)
	require.Equal(t, map[string]review.Answer{answer.Key(): answer}, answers)
	require.NoError(t, database.Close())

	var out bytes.Buffer
	_, unread, err := storage.Upkeep{}.Export(folder, &out)
	require.NoError(t, err)
	require.Zero(t, unread)
	require.Contains(t, out.String(), `"bucket":"answers"`)

	database, err = storage.Open(folder)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, database.Close()) })
	require.NoError(t, database.DeleteDecisions(decision))
	require.NoError(t, database.DeleteAnswers(answer))
	basis, err = database.Basis("g")
	require.NoError(t, err)
	require.Nil(t, basis)
	answers, err = database.Answers()
	require.NoError(t, err)
	require.Empty(t, answers)
}
