package storage

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime/debug"

	"go.etcd.io/bbolt"
	bbolterrors "go.etcd.io/bbolt/errors"

	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/problem"
)

// errDamaged says that what is on disk isn't what was written there.
var errDamaged = errors.New("the data is damaged")

// guarded gives errDamaged for what bbolt does with a damaged file: it panics, or
// reads where the file no longer is, which is a fault of the memory mapping.
func guarded(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v", errDamaged, r)
		}
	}()
	return f()
}

// isDamage says whether opening failed because of what is in the file.
func isDamage(err error) bool {
	for _, kind := range []error{errDamaged, bbolterrors.ErrInvalid, bbolterrors.ErrVersionMismatch, bbolterrors.ErrChecksum, bbolterrors.ErrInvalidMapping} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// emptied says whether nothing is left of a database that there was: bbolt would
// begin a new one in the empty file.
func emptied(path string) bool {
	info, err := os.Stat(path)
	_, missing := os.Stat(copyPath(path))
	return err == nil && info.Size() == 0 && missing == nil
}

// damagedData is the problem of a database that is damaged.
func damagedData(err error, path string) error {
	return problem.Wrap(err, problem.Damaged, lang.L("The data in %s is damaged.", path),
		lang.L("Restore the last good copy: start Rollcall's window, which offers it, or use rollcall data restore. What can still be read is written out by rollcall data export."))
}

// inspect looks at everything in the file that is small enough to be looked at
// each time: that it is as long as it says, that every key can be reached, and
// that every record but those of the history and the plans can be read.
func inspect(tx *bbolt.Tx, path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Size() < tx.Size() {
		return fmt.Errorf("%w: it was cut off at %d of %d bytes", errDamaged, info.Size(), tx.Size())
	}
	return tx.ForEach(func(name []byte, bucket *bbolt.Bucket) error {
		return bucket.ForEach(func(_, value []byte) error {
			switch string(name) {
			case string(decisionsBucket), string(outcomesBucket), string(answersBucket), string(runsBucket):
				if !json.Valid(value) {
					return fmt.Errorf("%w: a record of %s isn't whole", errDamaged, name)
				}
			}
			return nil
		})
	})
}
