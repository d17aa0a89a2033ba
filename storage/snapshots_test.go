package storage

import (
	"bytes"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"
	"pgregory.net/rapid"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/directory/directorytest"
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

// bare is a snapshot as the database kept it before there were pieces and notes.
func bare(t *testing.T, snapshot *directory.Snapshot) []byte {
	packed, err := compress(func(w io.Writer) error { return gob.NewEncoder(w).Encode(snapshot) })
	require.NoError(t, err)
	return packed
}

func TestASnapshotOfBeforeThereWerePiecesBecomesThePreviousOne(t *testing.T) {
	database, err := Open(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, database.Close()) })
	old := &directory.Snapshot{ID: "old"}
	old.IdP.People = []directory.Person{{ID: "p", Email: "a@x.io"}}
	packed := bare(t, old)
	require.NoError(t, database.update(func(tx *bbolt.Tx) error { return tx.Bucket(snapshotsBucket).Put(latestKey, packed) }))
	latest, err := database.Snapshot()
	require.NoError(t, err)
	require.Equal(t, old, latest)
	require.NoError(t, database.SaveSnapshot(&directory.Snapshot{ID: "new"}))
	previous, err := database.SnapshotNamed(app.Previous)
	require.NoError(t, err)
	require.Equal(t, old, previous)
}

func TestAFileOfTheFirstFormatIsRead(t *testing.T) {
	old := directorytest.Large(1000)
	file, err := compress(func(w io.Writer) error { return gob.NewEncoder(w).Encode(snapshotHead{1, old}) })
	require.NoError(t, err)
	read, err := (&Database{}).DecodeSnapshot(bytes.NewReader(file), "")
	require.NoError(t, err)
	require.Equal(t, old, read)
}

// piecesOf counts the pieces there are.
func piecesOf(t *testing.T, database *Database) (n int) {
	require.NoError(t, database.view(func(tx *bbolt.Tx) error {
		n = tx.Bucket(piecesBucket).Stats().KeyN
		return nil
	}))
	return n
}

func TestPiecesAreThoseOfTheSnapshotsThatAreKept(t *testing.T) {
	database, err := Open(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, database.Close()) })
	large := directorytest.Large(400_000)
	require.NoError(t, database.SaveSnapshot(large))
	one := piecesOf(t, database)
	require.Greater(t, one, 1)
	read, err := database.Snapshot()
	require.NoError(t, err)
	require.Equal(t, large, read)
	for _, id := range []string{"b", "c", "d"} {
		large.ID = id
		require.NoError(t, database.SaveSnapshot(large))
	}
	require.Equal(t, 2*one, piecesOf(t, database), "the latest and the one before")

	// What a writing left that was cut off is gone after the next one.
	cutOff, err := database.newPieces()
	require.NoError(t, err)
	_, err = cutOff.Write(make([]byte, 3*pieceSize))
	require.NoError(t, err)
	require.NoError(t, cutOff.flush())
	require.Equal(t, 2*one+3, piecesOf(t, database))
	require.NoError(t, database.SaveNamed(app.NewSnapshotNote("kept", large), large))
	require.Equal(t, 3*one, piecesOf(t, database))
	require.NoError(t, database.DeleteNamed("kept"))
	require.Equal(t, 2*one, piecesOf(t, database))
}

func TestASnapshotThatCannotBeWrittenLeavesTheLatest(t *testing.T) {
	database, err := Open(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, database.Close()) })
	require.NoError(t, database.SaveSnapshot(&directory.Snapshot{ID: "before"}))
	before := piecesOf(t, database)
	refused := errors.New("no key today")
	database.Protect(func(bool) (string, error) { return "", refused })
	require.ErrorIs(t, database.SaveSnapshot(directorytest.Large(1000)), refused)
	require.Equal(t, before, piecesOf(t, database))
	read, err := database.Snapshot()
	require.NoError(t, err)
	require.Equal(t, "before", read.ID)
}

// fill gives every field a value that isn't zero; a type that it doesn't know
// fails the test.
func fill(t *testing.T, value reflect.Value, n int) {
	switch value.Kind() {
	case reflect.String:
		value.SetString(fmt.Sprintf("%s %d", value.Type().Name(), n))
	case reflect.Bool:
		value.SetBool(true)
	case reflect.Int, reflect.Int8, reflect.Int64:
		value.SetInt(int64(-n - 1))
	case reflect.Uint32:
		value.SetUint(uint64(n + 1))
	case reflect.Slice:
		value.Set(reflect.MakeSlice(value.Type(), 2, 2))
		for i := range 2 {
			fill(t, value.Index(i), n+i)
		}
	case reflect.Map:
		value.Set(reflect.MakeMap(value.Type()))
		key, element := reflect.New(value.Type().Key()).Elem(), reflect.New(value.Type().Elem()).Elem()
		fill(t, key, n)
		fill(t, element, n)
		value.SetMapIndex(key, element)
	case reflect.Struct:
		if value.Type() == reflect.TypeFor[time.Time]() {
			value.Set(reflect.ValueOf(time.Unix(int64(n), 5000).UTC()))
			return
		}
		for i := range value.NumField() {
			fill(t, value.Field(i), n+i)
		}
	default:
		t.Fatalf("a field of kind %s", value.Kind())
	}
}

func TestEveryFieldOfEveryTableIsKept(t *testing.T) {
	s := &directory.Snapshot{Provisioning: &directory.Provisioning{URL: "u"}}
	for _, table := range []any{&s.IdP.People, &s.IdP.Groups, &s.Atlassian.Accounts, &s.Atlassian.Groups, &s.Provisioning.People} {
		fill(t, reflect.ValueOf(table).Elem(), 1)
	}
	// One whose lists are empty stands between those whose aren't.
	s.IdP.People = slices.Insert(s.IdP.People, 1, directory.Person{ID: "bare"})
	s.Atlassian.Accounts = slices.Insert(s.Atlassian.Accounts, 1, directory.Account{ID: "bare", LastActive: map[directory.ProductNo]time.Time{3: {}}})
	s.Atlassian.Products = make([]directory.Product, 9)
	s.Atlassian.Groups[0].Grants[0].Product, s.Atlassian.Groups[0].Grants[1].Product = 1, 2
	s.Atlassian.Groups[1].Grants[0].Product, s.Atlassian.Groups[1].Grants[1].Product = 1, 2
	s.IdP.Members = directory.NewRuns[directory.SourceNo]([][]directory.PersonNo{{0, 2}, {}})
	s.Atlassian.Members = directory.NewRuns[directory.GroupNo]([][]directory.AccountNo{{}, {1}})
	var packed bytes.Buffer
	require.NoError(t, pack(&packed, s))
	read, err := unpack(&packed)
	require.NoError(t, err)
	require.Equal(t, s, read)
}

func TestRunsOfAnyShapeAreKept(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lists := rapid.SliceOf(rapid.SliceOfN(rapid.Custom(func(t *rapid.T) directory.PersonNo {
			return directory.PersonNo(rapid.Uint32().Draw(t, "no"))
		}), 0, 5)).Draw(t, "lists")
		runs := directory.NewRuns[directory.SourceNo](lists)
		var packed bytes.Buffer
		require.NoError(t, writeRuns(gob.NewEncoder(&packed), runs))
		read, err := readRuns[directory.SourceNo, directory.PersonNo](gob.NewDecoder(&packed))
		require.NoError(t, err)
		require.Equal(t, runs.Lefts(), read.Lefts())
		for l := range runs.Lefts() {
			require.Equal(t, append([]directory.PersonNo{}, runs.Of(directory.SourceNo(l))...), append([]directory.PersonNo{}, read.Of(directory.SourceNo(l))...))
		}
	})
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
		return gob.NewEncoder(w).Encode(snapshotHead{snapshotFormat + 1, &directory.Snapshot{}})
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
	require.NoError(f, decompress(&file, func(r io.Reader) (err error) {
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
