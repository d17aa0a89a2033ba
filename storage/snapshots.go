package storage

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"

	"filippo.io/age"
	"go.etcd.io/bbolt"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/lang"
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
	return d.save(app.NewSnapshotNote(app.Latest, snapshot), snapshot)
}

// SaveNamed keeps a snapshot under the name that the note has.
func (d *Database) SaveNamed(note app.SnapshotNote, snapshot *directory.Snapshot) error {
	return d.save(note, snapshot)
}

// save writes the pieces of a snapshot, and once they are there points to them.
func (d *Database) save(note app.SnapshotNote, snapshot *directory.Snapshot) error {
	d.saving.Lock()
	defer d.saving.Unlock()
	pieces, err := d.newPieces()
	if err != nil {
		return err
	}
	if err := d.writeTo(pieces, snapshot); err != nil {
		_ = d.update(sweep) // else the next writing does it
		return err
	}
	return d.update(func(tx *bbolt.Tx) error {
		bucket := tx.Bucket(snapshotsBucket)
		if note.Name == app.Latest {
			if err := retire(bucket, note.ID); err != nil {
				return err
			}
		}
		key := snapshotKey(note.Name)
		return errors.Join(put(bucket, noteKey(key), note), put(bucket, key, pointer{pieces.writing}), sweep(tx))
	})
}

// writeTo encodes and encrypts a snapshot.
func (d *Database) writeTo(w io.WriteCloser, snapshot *directory.Snapshot) error {
	sealed, err := d.seal(w)
	if err != nil {
		return err
	}
	if err := pack(sealed, snapshot); err != nil {
		return fmt.Errorf("keep a snapshot: %w", err)
	}
	return errors.Join(sealed.Close(), w.Close())
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
		value := tx.Bucket(snapshotsBucket).Get(snapshotKey(name))
		if value == nil {
			return nil
		}
		read, from := unpackBare, io.Reader(bytes.NewReader(value))
		if p, ok := pointerOf(value); ok {
			read, from = unpack, &pieceReader{bucket: tx.Bucket(piecesBucket), writing: p.Pieces}
		}
		plain, err := d.unseal(from)
		if err != nil {
			return err
		}
		if snapshot, err = read(plain); err != nil {
			return damaged(err)
		}
		return nil
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
	d.saving.Lock()
	defer d.saving.Unlock()
	return d.update(func(tx *bbolt.Tx) error {
		bucket, key := tx.Bucket(snapshotsBucket), snapshotKey(name)
		return errors.Join(bucket.Delete(noteKey(key)), bucket.Delete(key), sweep(tx))
	})
}

// fileWorkFactor is the cost of a file's passphrase: 2^18 takes about a second
// and 256 MB. A file travels, unlike the database.
const fileWorkFactor = 18

// maxSnapshotFile bounds how much of a file is read: ten times the largest
// snapshot.
const maxSnapshotFile = 2 << 30

// EncodeSnapshot writes a file that holds a snapshot, encrypted with the
// passphrase where there is one.
func (d *Database) EncodeSnapshot(out io.Writer, snapshot *directory.Snapshot, passphrase string) error {
	sealed := io.WriteCloser(inTheClear{out})
	if passphrase != "" {
		recipient, err := age.NewScryptRecipient(passphrase)
		if err != nil {
			return fmt.Errorf("use the passphrase: %w", err)
		}
		recipient.SetWorkFactor(fileWorkFactor)
		if sealed, err = encrypt(out, recipient); err != nil {
			return err
		}
	}
	if err := errors.Join(pack(sealed, snapshot), sealed.Close()); err != nil {
		return fmt.Errorf("write a snapshot: %w", err)
	}
	return nil
}

// DecodeSnapshot reads what EncodeSnapshot wrote. Anything else, and a wrong
// passphrase, is a problem of code Usage.
func (d *Database) DecodeSnapshot(in io.Reader, passphrase string) (*directory.Snapshot, error) {
	begun := bufio.NewReader(io.LimitReader(in, maxSnapshotFile))
	plain := io.Reader(begun)
	if isSealed(begun) {
		var err error
		if plain, err = decrypted(begun, passphrase); err != nil {
			return nil, err
		}
	}
	snapshot, err := unpack(plain)
	if errors.Is(err, errNewer) {
		return nil, problem.New(problem.Usage, lang.L("The snapshot was written by a newer Rollcall."), lang.L("Install the newer version."))
	}
	if err != nil {
		return nil, notASnapshot(err)
	}
	return snapshot, nil
}

// decrypted opens a file with a passphrase.
func decrypted(sealed io.Reader, passphrase string) (io.Reader, error) {
	wrong := func(err error) error {
		return problem.Wrap(err, problem.Usage, lang.L("The snapshot is encrypted, and the passphrase doesn't open it."), lang.L("Give the passphrase that it was exported with."))
	}
	identity, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return nil, wrong(err)
	}
	identity.SetMaxWorkFactor(fileWorkFactor) // a hostile file must not take all memory
	plain, err := age.Decrypt(sealed, identity)
	if err != nil {
		return nil, wrong(err)
	}
	return plain, nil
}

func notASnapshot(err error) error {
	return problem.Wrap(err, problem.Usage, lang.L("The file isn't a snapshot, or it is damaged."), lang.L("Give a file that rollcall snapshot export wrote."))
}
