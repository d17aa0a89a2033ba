package storage

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"filippo.io/age"
	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/problem"
)

func TestSnapshotsAreEncryptedWithTheKeyThatIsGiven(t *testing.T) {
	identity, err := age.GenerateX25519Identity()
	require.NoError(t, err)
	for name, key := range map[string]string{"a key of age": identity.String(), "a passphrase": "correct horse battery staple"} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			database, err := Open(folder)
			require.NoError(t, err)
			given := key
			database.Protect(func(bool) (string, error) { return given, nil })
			kept := &directory.Snapshot{ID: "s1"}
			kept.Atlassian.Name = "Acme"
			require.NoError(t, database.SaveSnapshot(kept))
			require.NoError(t, database.view(func(tx *bbolt.Tx) error {
				_, first := tx.Bucket(piecesBucket).Cursor().First()
				require.True(t, bytes.HasPrefix(first, ageHeader))
				return nil
			}))
			read, err := database.Snapshot()
			require.NoError(t, err)
			require.Equal(t, kept, read)

			for _, wrong := range []string{"", "another", identity.String() + "x"} {
				given = wrong
				_, err = database.Snapshot()
				require.True(t, problem.Is(err, problem.Storage), "%v", err)
				require.ErrorContains(t, err, "key isn't in the keyring")
			}
			given = key
			require.NoError(t, database.update(func(tx *bbolt.Tx) error {
				key, last := tx.Bucket(piecesBucket).Cursor().Last()
				sealed := bytes.Clone(last)
				sealed[len(sealed)-1] ^= 1
				return tx.Bucket(piecesBucket).Put(bytes.Clone(key), sealed)
			}))
			_, err = database.Snapshot()
			require.ErrorContains(t, err, "damaged")
			require.NoError(t, database.Close())
		})
	}
}

func TestWithoutAKeyASnapshotIsInTheClearAndOneOfBeforeIsReadable(t *testing.T) {
	database, err := Open(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, database.Close()) })
	require.NoError(t, database.SaveSnapshot(&directory.Snapshot{ID: "before"}))
	database.Protect(func(bool) (string, error) { return "a key since", nil })
	read, err := database.Snapshot()
	require.NoError(t, err)
	require.Equal(t, "before", read.ID)
	database.Protect(func(bool) (string, error) { return "", nil })
	require.NoError(t, database.SaveSnapshot(&directory.Snapshot{ID: "clear"}))
	read, err = database.Snapshot()
	require.NoError(t, err)
	require.Equal(t, "clear", read.ID)
}

func TestWipingLeavesNothing(t *testing.T) {
	database := recorded(t)
	require.NoError(t, database.SaveSnapshot(&directory.Snapshot{ID: "s1"}))
	require.NoError(t, database.Wipe())
	snapshot, err := database.Snapshot()
	require.NoError(t, err)
	require.Nil(t, snapshot)
	found, err := kinds(t, database)
	require.NoError(t, err)
	require.Empty(t, found)
	text, err := os.ReadFile(filepath.Clean(database.path))
	require.NoError(t, err)
	require.NotContains(t, string(text), "owner@x.io", "not in the file's free space either")
}
