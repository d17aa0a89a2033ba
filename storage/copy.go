package storage

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"go.etcd.io/bbolt"

	"github.com/rollcall-app/rollcall/app/history"
)

// copyName is the last good copy, beside the database. It holds everything but
// the snapshot, which is fetched again.
const copyName = "rollcall-copy.db"

func copyPath(path string) string { return filepath.Join(filepath.Dir(path), copyName) }

// keepCopy brings the copy up to date with the database. Only what is new of the
// history is read and written; a record that doesn't follow the one before it
// leaves the copy as it is. That it can't be kept stops nothing.
func (d *Database) keepCopy() {
	d.copying.Lock()
	defer d.copying.Unlock()
	if !d.changed.Swap(false) {
		return
	}
	path := copyPath(d.path)
	err := d.copyTo(path)
	if errors.Is(err, errOtherCopy) || isDamage(err) {
		err = d.copyAnew(path)
	}
	if err != nil {
		d.changed.Store(true)
		d.log.Warn("The copy of the data isn't up to date.", "copy", path, "cause", err)
	}
}

// copyAnew makes a whole copy, and puts it in place of the one there is when
// every record was found to be good.
func (d *Database) copyAnew(path string) error {
	fresh := path + ".new"
	if err := os.Remove(fresh); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := d.copyTo(fresh); err != nil {
		return errors.Join(err, os.Remove(fresh))
	}
	return os.Rename(fresh, path)
}

// errOtherCopy says that the copy isn't one of this database, or is damaged.
var errOtherCopy = errors.New("the copy is another's")

func (d *Database) copyTo(path string) error {
	into, err := openFile(path)
	if isDamage(err) {
		return fmt.Errorf("%w: %w", errOtherCopy, err)
	}
	if err != nil {
		return err
	}
	err = guarded(func() error {
		return d.bolt.View(func(from *bbolt.Tx) error {
			return into.Update(func(to *bbolt.Tx) error { return copyChanges(from, to) })
		})
	})
	return errors.Join(err, guarded(into.Close))
}

// copyChanges writes what has changed since the last copy.
func copyChanges(from, to *bbolt.Tx) error {
	for _, name := range buckets {
		if bytes.Equal(name, snapshotsBucket) || bytes.Equal(name, piecesBucket) {
			continue
		}
		target, err := to.CreateBucketIfNotExists(name)
		if err != nil {
			return err
		}
		source := from.Bucket(name)
		switch {
		case bytes.Equal(name, historyBucket):
			err = copyHistory(source, target)
		case bytes.Equal(name, plansBucket):
			err = copyMissing(source, target)
		default:
			err = copyAll(to, source, name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// copyHistory adds the records that the copy doesn't have yet, each of which must
// follow the one before.
func copyHistory(source, target *bbolt.Bucket) error {
	var before history.Record
	if _, value := target.Cursor().Last(); value != nil {
		if err := decode(value, &before); err != nil || !bytes.Equal(source.Get(recordKey(before.No)), value) {
			return errOtherCopy
		}
	}
	cursor := source.Cursor()
	for key, value := cursor.Seek(recordKey(before.No + 1)); key != nil; key, value = cursor.Next() {
		var record history.Record
		if err := decode(value, &record); err != nil {
			return err
		}
		if err := record.Follows(&before); err != nil {
			return err
		}
		before = record
		if err := target.Put(key, value); err != nil {
			return err
		}
	}
	return nil
}

func copyMissing(source, target *bbolt.Bucket) error {
	return source.ForEach(func(key, value []byte) error {
		if target.Get(key) != nil {
			return nil
		}
		return target.Put(key, value)
	})
}

// copyAll replaces a bucket of the copy.
func copyAll(to *bbolt.Tx, source *bbolt.Bucket, name []byte) error {
	if err := to.DeleteBucket(name); err != nil {
		return err
	}
	target, err := to.CreateBucket(name)
	if err != nil {
		return err
	}
	return source.ForEach(target.Put)
}

// damagedMark stands in the name of a file that was moved aside.
const damagedMark = ".damaged-"

// removeCopies removes the copy, and what was moved aside.
func removeCopies(path string) error {
	names, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return unusable(err, path)
	}
	for _, entry := range names {
		if name := entry.Name(); strings.HasPrefix(name, copyName) || strings.HasPrefix(name, filepath.Base(path)+damagedMark) {
			if err := os.Remove(filepath.Join(filepath.Dir(path), name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return unusable(err, path)
			}
		}
	}
	return nil
}
