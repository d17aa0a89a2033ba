package storage

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/history"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/review"
	"github.com/rollcall-app/rollcall/app/run"
)

// A snapshot that can be unpacked can be reviewed.
func FuzzSnapshot(f *testing.F) {
	whole := &directory.Snapshot{ID: "s1", TakenAt: time.Unix(1, 0)}
	whole.IdP.People = []directory.Person{{ID: "p", Email: "a@x.io"}}
	whole.IdP.Groups = []directory.SourceGroup{{ID: "g", Name: "legal"}}
	whole.IdP.Members = directory.NewRuns[directory.SourceNo]([][]directory.PersonNo{{0}})
	whole.Atlassian.Accounts = []directory.Account{{ID: "a", Email: "a@x.io", Kind: directory.PersonKind}}
	whole.Atlassian.Groups = []directory.Group{{ID: "ag", Name: "legal"}}
	whole.Atlassian.Members = directory.NewRuns[directory.GroupNo]([][]directory.AccountNo{{0}})
	var written bytes.Buffer
	require.NoError(f, pack(&written, whole))
	packed := written.Bytes()
	var plain []byte
	require.NoError(f, decompress(&written, func(r io.Reader) (err error) {
		plain, err = io.ReadAll(r)
		return err
	}))
	f.Add(packed, true)
	f.Add(plain, false)
	f.Add([]byte("age-encryption.org/v1\n-> X25519 x"), true)
	f.Fuzz(func(t *testing.T, text []byte, compressed bool) {
		if !compressed { // the fuzzer doesn't find its way through a checksum
			packed, err := compress(func(w io.Writer) error {
				_, err := w.Write(text)
				return err
			})
			require.NoError(t, err)
			text = packed
		}
		for _, read := range []func(io.Reader) (*directory.Snapshot, error){unpack, unpackBare} {
			plain, err := (&Database{}).unseal(bytes.NewReader(text))
			if err != nil {
				require.True(t, problem.Is(err, problem.Storage), "%v", err)
				continue
			}
			if snapshot, err := read(plain); err == nil {
				_ = review.Compare(review.Input{Snapshot: snapshot}).Counts()
			}
		}
	})
}

// Whatever stands in the records: each call gives it, or says that it is damaged.
func FuzzRecords(f *testing.F) {
	f.Add([]byte(`{"ID":"r1","Ended":"2026-11-20T09:01:00Z","First":1}`), []byte(`{"no":1,"kind":"operation","run":"r1","body":{"no":1}}`), []byte{0x28, 0xb5, 0x2f, 0xfd})
	f.Add([]byte(`{}`), []byte(`{}`), []byte(nil))
	folder := f.TempDir()
	database, err := Open(folder)
	require.NoError(f, err)
	f.Cleanup(func() { _ = database.Close() })
	f.Fuzz(func(t *testing.T, record, entry, packed []byte) {
		database.broken.Store(false)
		require.NoError(t, database.update(func(tx *bbolt.Tx) error {
			return errors.Join(
				tx.Bucket(settingsBucket).Put(settingKey, record), tx.Bucket(decisionsBucket).Put([]byte("g"), record), tx.Bucket(outcomesBucket).Put([]byte("g"), record),
				tx.Bucket(runsBucket).Put([]byte("r1"), record), tx.Bucket(plansBucket).Put([]byte("r1"), packed), tx.Bucket(historyBucket).Put(recordKey(1), entry),
			)
		}))
		_, settings := database.Settings()
		_, decisions := database.Decisions()
		_, outcomes := database.Outcomes()
		_, runs := database.Runs()
		past, pastErr := database.Past("r1")
		if pastErr == nil && past.Plan != nil {
			_ = past.Plan.Steps()
			_ = past.GiveUp(time.Now())
		}
		chain := database.History(func(*history.Record) error { return nil })
		write := database.Begin(&run.Report{ID: "r2"}, &plan.Plan{})
		for _, err := range []error{settings, decisions, outcomes, runs, pastErr, chain, write} {
			if err != nil {
				require.NotEqual(t, problem.Unknown, problem.Of(err).Code, "%v", err)
			}
		}
	})
}
