package storage

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/history"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/problem"
)

// Upkeep looks after data folders, also where the database in them can't be
// opened. It implements app.Upkeep.
type Upkeep struct{}

// readOnly opens a database file to read it, without asking what is in it.
func readOnly(path string) (*bbolt.DB, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, problem.Wrap(err, problem.NotFound, lang.L("There is no data in %s.", path), lang.L("Choose the folder that holds it with --data."))
	}
	if emptied(path) {
		return nil, damagedData(errDamaged, path)
	}
	bolt, err := openBolt(path, true)
	return bolt, opened(err, path)
}

// Check says in what state the data in a folder is. It changes nothing.
func (Upkeep) Check(folder string) (app.DataState, error) {
	state, err := check(filepath.Join(folder, fileName))
	if info, missing := os.Stat(copyPath(state.Path)); missing == nil {
		state.Copied = info.ModTime()
	}
	return state, err
}

func check(path string) (app.DataState, error) {
	state := app.DataState{Path: path}
	bolt, err := readOnly(path)
	if err != nil {
		return state, err
	}
	err = guarded(func() error {
		return bolt.View(func(tx *bbolt.Tx) error {
			if err := inspect(tx, path); err != nil {
				return err
			}
			if bucket := tx.Bucket(settingsBucket); bucket != nil {
				state.Layout = string(bucket.Get(versionKey))
			}
			if bucket := tx.Bucket(snapshotsBucket); bucket != nil {
				state.Snapshot = bucket.Get(latestKey) != nil
			}
			return countRecords(tx, &state)
		})
	})
	if isDamage(err) {
		err = damagedData(err, path)
	}
	return state, errors.Join(err, bolt.Close())
}

func countRecords(tx *bbolt.Tx, state *app.DataState) error {
	if tx.Bucket(historyBucket) == nil {
		return nil
	}
	var before history.Record
	return eachRecord(tx, 0, func(record *history.Record) error {
		if err := record.Follows(&before); err != nil {
			return err
		}
		before = *record
		state.Records++
		return nil
	})
}

// exported is a record as Export writes it.
type exported struct {
	Bucket string          `json:"bucket"`
	Key    string          `json:"key"`
	Value  json.RawMessage `json:"value"`
}

// packed are the buckets that hold no JSON; what is in them stands elsewhere, or is
// fetched again.
var packed = [][]byte{snapshotsBucket, piecesBucket, plansBucket, basesBucket}

// Export writes out as JSON lines what can be read of the data in a folder: the
// connections without their credentials, decisions, answers, outcomes, runs and
// the history, not the snapshot. It gives how many records were written, and how many
// places couldn't be read.
func (Upkeep) Export(folder string, out io.Writer) (records, unread int, err error) {
	bolt, err := readOnly(filepath.Join(folder, fileName))
	if err != nil {
		return 0, 0, err
	}
	encoder := json.NewEncoder(out)
	for _, name := range buckets {
		if slices.ContainsFunc(packed, func(packed []byte) bool { return bytes.Equal(name, packed) }) {
			continue
		}
		err := guarded(func() error {
			return bolt.View(func(tx *bbolt.Tx) error {
				bucket := tx.Bucket(name)
				if bucket == nil {
					return nil
				}
				return bucket.ForEach(func(key, value []byte) error {
					if !json.Valid(value) {
						unread++
						return nil
					}
					if bytes.Equal(name, historyBucket) {
						key = nil // the number stands in the record
					}
					records++
					return encoder.Encode(exported{string(name), string(key), value})
				})
			})
		})
		switch {
		case isDamage(err):
			unread++
		case err != nil:
			return records, unread, errors.Join(err, closeReader(bolt))
		}
	}
	return records, unread, closeReader(bolt)
}

func closeReader(bolt *bbolt.DB) error { return guarded(bolt.Close) }

// Restore puts the last good copy in place of damaged data, or where anew says
// so an empty database. The damaged file is moved aside; its path is given. Data
// that isn't damaged is left alone, as a problem of code Refused.
func (Upkeep) Restore(folder string, anew bool) (aside string, err error) {
	path := filepath.Join(folder, fileName)
	if _, err = check(path); err == nil {
		err = opens(folder) // which looks at the free pages, too
	}
	if err == nil {
		return "", problem.New(problem.Refused, lang.L("The data in %s isn't damaged.", path), lang.L("There is nothing to restore."))
	}
	if !problem.Is(err, problem.Damaged) {
		return "", err
	}
	good, err := readCopy(path, anew)
	if err != nil {
		return "", err
	}
	aside = path + damagedMark + time.Now().UTC().Format("20060102-150405.000")
	if err := os.Rename(path, aside); err != nil {
		return "", unusable(err, path)
	}
	if good != nil {
		if err := os.WriteFile(path, good, 0o600); err != nil {
			return aside, errors.Join(unusable(err, path), os.Remove(path), os.Rename(aside, path))
		}
	}
	database, err := Open(folder)
	if err != nil {
		return aside, err
	}
	err = database.update(func(tx *bbolt.Tx) error {
		_, err := add(tx, history.Restored, "", app.Restoration{By: app.By(), Anew: anew, Aside: filepath.Base(aside)})
		return err
	})
	return aside, errors.Join(err, database.Close())
}

// opens says whether the database in a folder can be opened.
func opens(folder string) error {
	database, err := Open(folder)
	if err == nil {
		err = database.Close()
	}
	return err
}

// readCopy gives the last good copy after a look at it, or nil for an empty
// database.
func readCopy(path string, anew bool) ([]byte, error) {
	if anew {
		return nil, nil
	}
	state, err := check(copyPath(path))
	if problem.Is(err, problem.NotFound) {
		err = problem.New(problem.NotFound, lang.L("There is no copy of the data yet."), lang.L("Write out what can be read with rollcall data export, then begin anew with rollcall data restore --anew."))
	}
	if err != nil {
		return nil, err
	}
	good, err := os.ReadFile(state.Path)
	if err != nil {
		return nil, unusable(err, state.Path)
	}
	return good, nil
}
