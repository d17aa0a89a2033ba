package storage

import (
	"bytes"
	"encoding/gob"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/review"
)

func TestTheSnapshotBeforeTheLatestIsKept(t *testing.T) {
	database, err := Open(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, database.Close()) })
	one, two, three := &directory.Snapshot{ID: "1"}, &directory.Snapshot{ID: "2"}, &directory.Snapshot{ID: "3"}
	require.NoError(t, database.SaveSnapshot(one))
	previous, err := database.SnapshotNamed(app.Previous)
	require.NoError(t, err)
	require.Nil(t, previous)
	require.NoError(t, database.SaveSnapshot(two))
	require.NoError(t, database.SaveNamed(app.NewSnapshotNote("b", two), two))
	require.NoError(t, database.SaveNamed(app.NewSnapshotNote("a", one), one))
	require.NoError(t, database.SaveSnapshot(three))
	three.Atlassian.Name = "as a run left it"
	require.NoError(t, database.SaveSnapshot(three))
	for name, want := range map[string]*directory.Snapshot{app.Latest: three, app.Previous: two, "a": one, "b": two, "c": nil} {
		got, err := database.SnapshotNamed(name)
		require.NoError(t, err)
		require.Equal(t, want, got, name)
	}
	notes, err := database.SnapshotNotes()
	require.NoError(t, err)
	var names []string
	for _, note := range notes {
		names = append(names, note.Name)
	}
	require.Equal(t, []string{app.Latest, app.Previous, "a", "b"}, names)
	require.NoError(t, database.DeleteNamed("a"))
	got, err := database.SnapshotNamed("a")
	require.NoError(t, err)
	require.Nil(t, got)
}

func TestASnapshotOfBeforeThereWereNotesBecomesThePreviousOne(t *testing.T) {
	database, err := Open(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, database.Close()) })
	old := &directory.Snapshot{ID: "old"}
	packed, err := pack(old)
	require.NoError(t, err)
	require.NoError(t, database.update(func(tx *bbolt.Tx) error { return tx.Bucket(snapshotsBucket).Put(latestKey, packed) }))
	require.NoError(t, database.SaveSnapshot(&directory.Snapshot{ID: "new"}))
	previous, err := database.SnapshotNamed(app.Previous)
	require.NoError(t, err)
	require.Equal(t, old, previous)
}

func TestAFileThatIsNoSnapshotIsRefused(t *testing.T) {
	database := &Database{}
	var sealed, open bytes.Buffer
	require.NoError(t, database.EncodeSnapshot(&sealed, &directory.Snapshot{ID: "s1"}, "secret"))
	require.NoError(t, database.EncodeSnapshot(&open, &directory.Snapshot{ID: "s1"}, ""))
	read, err := database.DecodeSnapshot(bytes.NewReader(sealed.Bytes()), "secret")
	require.NoError(t, err)
	require.Equal(t, "s1", read.ID)
	costly := bytes.Replace(sealed.Bytes(), []byte(" 18\n"), []byte(" 22\n"), 1)
	require.NotEqual(t, sealed.Bytes(), costly)
	newer, err := compress(func(w io.Writer) error {
		return gob.NewEncoder(w).Encode(snapshotFile{snapshotFormat + 1, &directory.Snapshot{}})
	})
	require.NoError(t, err)
	for name, test := range map[string]struct {
		text             []byte
		passphrase, says string
	}{
		"another passphrase":  {sealed.Bytes(), "other", "passphrase"},
		"no passphrase":       {sealed.Bytes(), "", "passphrase"},
		"cut":                 {sealed.Bytes()[:sealed.Len()-1], "secret", "damaged"},
		"cut in the clear":    {open.Bytes()[:open.Len()-1], "", "damaged"},
		"something else":      {[]byte("hello"), "", "isn't a snapshot"},
		"nothing":             {nil, "", "isn't a snapshot"},
		"of a newer Rollcall": {newer, "", "newer Rollcall"},
		"too costly to open":  {costly, "secret", "passphrase"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := database.DecodeSnapshot(bytes.NewReader(test.text), test.passphrase)
			require.True(t, problem.Is(err, problem.Usage), "%v", err)
			require.ErrorContains(t, err, test.says)
		})
	}
}

// A snapshot's file gives a snapshot that can be reviewed, or is refused.
func FuzzSnapshotFile(f *testing.F) {
	database := &Database{}
	whole := &directory.Snapshot{ID: "s1", TakenAt: time.Unix(1, 0)}
	whole.IdP.People = []directory.Person{{ID: "p", Email: "a@x.io"}}
	whole.IdP.Groups = []directory.SourceGroup{{ID: "g", Name: "legal"}}
	whole.IdP.Members = directory.NewRuns[directory.SourceNo]([][]directory.PersonNo{{0}})
	var file bytes.Buffer
	require.NoError(f, database.EncodeSnapshot(&file, whole, ""))
	var plain []byte
	require.NoError(f, decompress(file.Bytes(), func(r io.Reader) (err error) {
		plain, err = io.ReadAll(r)
		return err
	}))
	f.Add(plain)
	f.Add(plain[:len(plain)-1])
	f.Fuzz(func(t *testing.T, text []byte) {
		// The fuzzer doesn't find its way through a checksum.
		packed, err := compress(func(w io.Writer) error {
			_, err := w.Write(text)
			return err
		})
		require.NoError(t, err)
		snapshot, err := database.DecodeSnapshot(bytes.NewReader(packed), "")
		if err != nil {
			require.True(t, problem.Is(err, problem.Usage), "%v", err)
			return
		}
		require.Equal(t, len(snapshot.IdP.Groups), review.Compare(review.Input{Snapshot: snapshot}).Counts().IdPGroups)
	})
}
