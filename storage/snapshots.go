package storage

import (
	"bytes"
	"cmp"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"slices"

	"filippo.io/age"
	"go.etcd.io/bbolt"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/problem"
)

// Snapshots stand in their bucket under latest, previous, or kept/ and the name
// they were given; under note/ and the same key stands what each is.
var (
	latestKey   = []byte(app.Latest)
	previousKey = []byte(app.Previous)
	notePrefix  = []byte("note/")
)

func snapshotKey(name string) []byte {
	if name == app.Latest || name == app.Previous {
		return []byte(name)
	}
	return []byte("kept/" + name)
}

func noteKey(key []byte) []byte { return append(bytes.Clone(notePrefix), key...) }

// SaveSnapshot keeps a snapshot as the latest; the one before becomes the
// previous one, unless this one amends it.
func (d *Database) SaveSnapshot(snapshot *directory.Snapshot) error {
	packed, err := d.packed(snapshot)
	if err != nil {
		return err
	}
	return d.update(func(tx *bbolt.Tx) error {
		bucket := tx.Bucket(snapshotsBucket)
		if err := retire(bucket, snapshot.ID); err != nil {
			return err
		}
		return keep(bucket, app.NewSnapshotNote(app.Latest, snapshot), packed)
	})
}

// SaveNamed keeps a snapshot under the name that the note has.
func (d *Database) SaveNamed(note app.SnapshotNote, snapshot *directory.Snapshot) error {
	packed, err := d.packed(snapshot)
	if err != nil {
		return err
	}
	return d.update(func(tx *bbolt.Tx) error { return keep(tx.Bucket(snapshotsBucket), note, packed) })
}

// packed encodes and encrypts a snapshot.
func (d *Database) packed(snapshot *directory.Snapshot) ([]byte, error) {
	packed, err := pack(snapshot)
	if err != nil {
		return nil, err
	}
	return d.seal(packed)
}

func keep(bucket *bbolt.Bucket, note app.SnapshotNote, packed []byte) error {
	key := snapshotKey(note.Name)
	if err := put(bucket, noteKey(key), note); err != nil {
		return err
	}
	return bucket.Put(key, packed)
}

// retire makes the latest snapshot the previous one, unless it has the id. One
// that was kept before there were notes has none.
func retire(bucket *bbolt.Bucket, id string) error {
	written := bucket.Get(noteKey(latestKey))
	if bucket.Get(latestKey) == nil {
		return nil
	}
	var note app.SnapshotNote
	if written != nil {
		if err := decode(written, &note); err != nil {
			return err
		}
		if note.ID == id {
			return nil
		}
		note.Name = app.Previous
		if err := put(bucket, noteKey(previousKey), note); err != nil {
			return err
		}
	}
	return bucket.Put(previousKey, bytes.Clone(bucket.Get(latestKey)))
}

// Snapshot gives the latest snapshot, or nil where there is none.
func (d *Database) Snapshot() (*directory.Snapshot, error) { return d.SnapshotNamed(app.Latest) }

// SnapshotNamed gives the snapshot that is kept under a name, or nil where none
// is.
func (d *Database) SnapshotNamed(name string) (*directory.Snapshot, error) {
	var snapshot *directory.Snapshot
	err := d.view(func(tx *bbolt.Tx) error {
		packed := tx.Bucket(snapshotsBucket).Get(snapshotKey(name))
		if packed == nil {
			return nil
		}
		plain, err := d.unseal(packed)
		if err != nil {
			return err
		}
		snapshot = &directory.Snapshot{}
		return unpack(plain, snapshot)
	})
	if err != nil {
		return nil, err
	}
	return snapshot, nil
}

// SnapshotNotes describes the kept snapshots: the latest and the previous one,
// then the others by name.
func (d *Database) SnapshotNotes() ([]app.SnapshotNote, error) {
	var notes []app.SnapshotNote
	err := d.view(func(tx *bbolt.Tx) error {
		cursor := tx.Bucket(snapshotsBucket).Cursor()
		for key, value := cursor.Seek(notePrefix); bytes.HasPrefix(key, notePrefix); key, value = cursor.Next() {
			var note app.SnapshotNote
			if err := decode(value, &note); err != nil {
				return err
			}
			notes = append(notes, note)
		}
		return nil
	})
	rank := func(note app.SnapshotNote) int { return slices.Index([]string{app.Previous, app.Latest}, note.Name) }
	slices.SortStableFunc(notes, func(a, b app.SnapshotNote) int {
		return cmp.Or(cmp.Compare(rank(b), rank(a)), cmp.Compare(a.Name, b.Name))
	})
	return notes, err
}

// DeleteNamed removes the snapshot that is kept under a name.
func (d *Database) DeleteNamed(name string) error {
	return d.update(func(tx *bbolt.Tx) error {
		bucket, key := tx.Bucket(snapshotsBucket), snapshotKey(name)
		return errors.Join(bucket.Delete(noteKey(key)), bucket.Delete(key))
	})
}

// snapshotFile is what a snapshot's file holds: gob within zstd, within age where
// there is a passphrase.
type snapshotFile struct {
	Format   int
	Snapshot *directory.Snapshot
}

// snapshotFormat is the version of files that hold a snapshot.
const snapshotFormat = 1

// fileWorkFactor is the cost of a file's passphrase: 2^18 takes about a second
// and 256 MB. A file travels, unlike the database.
const fileWorkFactor = 18

// maxSnapshotFile bounds how much of a file is read: ten times the largest
// snapshot.
const maxSnapshotFile = 2 << 30

// EncodeSnapshot writes a file that holds a snapshot, encrypted with the
// passphrase where there is one.
func (d *Database) EncodeSnapshot(out io.Writer, snapshot *directory.Snapshot, passphrase string) error {
	packed, err := compress(func(w io.Writer) error {
		return gob.NewEncoder(w).Encode(snapshotFile{snapshotFormat, snapshot})
	})
	if err != nil {
		return fmt.Errorf("encode a snapshot: %w", err)
	}
	if passphrase != "" {
		recipient, err := age.NewScryptRecipient(passphrase)
		if err != nil {
			return fmt.Errorf("use the passphrase: %w", err)
		}
		recipient.SetWorkFactor(fileWorkFactor)
		if packed, err = encrypt(packed, recipient); err != nil {
			return err
		}
	}
	if _, err := out.Write(packed); err != nil {
		return fmt.Errorf("write a snapshot: %w", err)
	}
	return nil
}

// DecodeSnapshot reads what EncodeSnapshot wrote. Anything else, and a wrong
// passphrase, is a problem of code Usage.
func (d *Database) DecodeSnapshot(in io.Reader, passphrase string) (*directory.Snapshot, error) {
	packed, err := io.ReadAll(io.LimitReader(in, maxSnapshotFile))
	if err != nil {
		return nil, notASnapshot(err)
	}
	if bytes.HasPrefix(packed, ageHeader) {
		if packed, err = decrypted(packed, passphrase); err != nil {
			return nil, err
		}
	}
	var file snapshotFile
	if err := decompress(packed, func(r io.Reader) error { return gob.NewDecoder(r).Decode(&file) }); err != nil {
		return nil, notASnapshot(err)
	}
	if file.Format > snapshotFormat {
		return nil, problem.New(problem.Usage, "The snapshot was written by a newer Rollcall.", "Install the newer version.")
	}
	if file.Format != snapshotFormat || file.Snapshot == nil {
		return nil, notASnapshot(errors.New("nothing in it"))
	}
	if err := file.Snapshot.Valid(); err != nil {
		return nil, notASnapshot(err)
	}
	return file.Snapshot, nil
}

// decrypted opens a file with a passphrase.
func decrypted(sealed []byte, passphrase string) ([]byte, error) {
	wrong := func(err error) error {
		return problem.Wrap(err, problem.Usage, "The snapshot is encrypted, and the passphrase doesn't open it.", "Give the passphrase that it was exported with.")
	}
	identity, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return nil, wrong(err)
	}
	identity.SetMaxWorkFactor(fileWorkFactor) // a hostile file must not take all memory
	reader, err := age.Decrypt(bytes.NewReader(sealed), identity)
	if err != nil {
		return nil, wrong(err)
	}
	plain, err := io.ReadAll(reader)
	if err != nil {
		return nil, notASnapshot(err)
	}
	return plain, nil
}

func notASnapshot(err error) error {
	return problem.Wrap(err, problem.Usage, "The file isn't a snapshot, or it is damaged.", "Give a file that rollcall snapshot export wrote.")
}
