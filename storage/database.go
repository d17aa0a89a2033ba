// Package storage keeps Rollcall's state: a bbolt database in the platform's
// data folder, and the credentials in the operating system's keyring.
package storage

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/adrg/xdg"
	"github.com/klauspost/compress/zstd"
	"go.etcd.io/bbolt"
	bbolterrors "go.etcd.io/bbolt/errors"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/history"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/review"
	"github.com/rollcall-app/rollcall/app/run"
)

// Database is the state on disk. It implements app.Store, and is safe for
// concurrent use.
type Database struct {
	bolt *bbolt.DB
	path string
	// find gives the key of snapshots; see Protect.
	find func(make bool) (string, error)
}

var (
	settingsBucket  = []byte("settings")
	snapshotsBucket = []byte("snapshots")
	decisionsBucket = []byte("decisions")
	outcomesBucket  = []byte("outcomes")
	runsBucket      = []byte("runs")
	journalBucket   = []byte("journal") // of layout 1

	versionKey = []byte("version")
	settingKey = []byte("settings")
	latestKey  = []byte("latest")
)

// version is that of the database's layout. Layout 1 kept operations in a bucket
// for each run; they are in the history since.
const version = "2"

// lockPatience is how long another instance may hold the database.
const lockPatience = 500 * time.Millisecond

// DefaultFolder is where the platform keeps an application's data.
func DefaultFolder() string { return filepath.Join(xdg.DataHome, "rollcall") }

// Open opens the database in a folder, which is made where it is missing. An
// instance that has it open already is a problem of code Locked.
func Open(folder string) (*Database, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, unusable(err, folder)
	}
	path := filepath.Join(folder, "rollcall.db")
	bolt, err := openFile(path)
	if errors.Is(err, bbolterrors.ErrTimeout) {
		return nil, problem.Wrap(err, problem.Locked, fmt.Sprintf("Rollcall is running already with the data in %s.", folder),
			"Use that window, close it first, or choose another folder with --data.")
	}
	if err != nil {
		return nil, unusable(err, path)
	}
	database := &Database{bolt: bolt, path: path}
	if err := database.prepare(); err != nil {
		_ = bolt.Close() // the first error is the one to tell
		return nil, err
	}
	return database, nil
}

func openFile(path string) (*bbolt.DB, error) {
	bolt, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: lockPatience})
	if err == nil {
		bolt.MaxBatchDelay = time.Millisecond
	}
	return bolt, err
}

func unusable(err error, path string) error {
	action := "Check the disk, or choose another folder with --data."
	if errors.Is(err, fs.ErrPermission) {
		action = "Give yourself the right to write there, or choose another folder with --data."
	}
	return problem.Wrap(err, problem.Storage, fmt.Sprintf("The data in %s can't be opened: %v.", path, err), action)
}

func (d *Database) prepare() error {
	return d.update(func(tx *bbolt.Tx) error {
		for _, name := range [][]byte{settingsBucket, snapshotsBucket, decisionsBucket, outcomesBucket, runsBucket, historyBucket, plansBucket} {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		bucket := tx.Bucket(settingsBucket)
		switch found := string(bucket.Get(versionKey)); found {
		case "":
			return bucket.Put(versionKey, []byte(version))
		case version:
			return nil
		case "1":
			if err := migrate1(tx); err != nil {
				return err
			}
			return bucket.Put(versionKey, []byte(version))
		default:
			return problem.New(problem.Storage, fmt.Sprintf("The data in %s was written by a newer Rollcall.", d.path),
				"Install the newer version, or choose another folder with --data.")
		}
	})
}

// Close closes the database.
func (d *Database) Close() error { return d.bolt.Close() }

func (d *Database) update(f func(*bbolt.Tx) error) error { return d.failed(d.bolt.Update(f)) }
func (d *Database) view(f func(*bbolt.Tx) error) error   { return d.failed(d.bolt.View(f)) }

// failed turns a failure of the disk into a problem.
func (d *Database) failed(err error) error {
	var known *problem.Problem
	if err == nil || errors.As(err, &known) {
		return err
	}
	return problem.Wrap(err, problem.Storage, fmt.Sprintf("The data in %s can't be read or written: %v.", d.path, err),
		"Check that the disk has room and works.")
}

// Settings gives the connections; empty ones where nothing was set up.
func (d *Database) Settings() (app.Settings, error) {
	var settings app.Settings
	err := d.view(func(tx *bbolt.Tx) error {
		return decode(tx.Bucket(settingsBucket).Get(settingKey), &settings)
	})
	return settings, err
}

// SaveSettings keeps the connections.
func (d *Database) SaveSettings(settings app.Settings) error {
	return d.update(func(tx *bbolt.Tx) error { return put(tx.Bucket(settingsBucket), settingKey, settings) })
}

// SaveThresholds keeps the guards' thresholds, and notes it in the history.
func (d *Database) SaveThresholds(change app.ThresholdChange) error {
	return d.update(func(tx *bbolt.Tx) error {
		var settings app.Settings
		bucket := tx.Bucket(settingsBucket)
		if err := decode(bucket.Get(settingKey), &settings); err != nil {
			return err
		}
		settings.Guards = &change.Now
		if _, err := add(tx, history.Guards, "", change); err != nil {
			return err
		}
		return put(bucket, settingKey, settings)
	})
}

// SaveSnapshot keeps a snapshot as the latest, in place of the one before.
func (d *Database) SaveSnapshot(snapshot *directory.Snapshot) error {
	packed, err := pack(snapshot)
	if err != nil {
		return err
	}
	if packed, err = d.seal(packed); err != nil {
		return err
	}
	return d.update(func(tx *bbolt.Tx) error { return tx.Bucket(snapshotsBucket).Put(latestKey, packed) })
}

// Snapshot gives the latest snapshot, or nil where there is none.
func (d *Database) Snapshot() (*directory.Snapshot, error) {
	var snapshot *directory.Snapshot
	err := d.view(func(tx *bbolt.Tx) error {
		packed := tx.Bucket(snapshotsBucket).Get(latestKey)
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

// pack encodes a snapshot: gob within zstd.
func pack(snapshot *directory.Snapshot) ([]byte, error) {
	var packed bytes.Buffer
	compressor, err := zstd.NewWriter(&packed, zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		return nil, fmt.Errorf("compress a snapshot: %w", err)
	}
	if err := gob.NewEncoder(compressor).Encode(snapshot); err != nil {
		return nil, fmt.Errorf("encode a snapshot: %w", err)
	}
	if err := compressor.Close(); err != nil {
		return nil, fmt.Errorf("compress a snapshot: %w", err)
	}
	return packed.Bytes(), nil
}

func unpack(packed []byte, snapshot *directory.Snapshot) error {
	decompressor, err := zstd.NewReader(bytes.NewReader(packed))
	if err == nil {
		defer decompressor.Close()
		err = gob.NewDecoder(decompressor).Decode(snapshot)
		if err == nil {
			_, err = io.Copy(io.Discard, decompressor) // its checksum stands at the end
		}
	}
	if err != nil {
		return damaged(err)
	}
	return nil
}

// Decisions gives all decisions by the id of the IdP group.
func (d *Database) Decisions() (map[string]review.Decision, error) {
	return all[review.Decision](d, decisionsBucket)
}

// SaveDecision keeps a decision in place of an earlier one on the group, and
// notes it in the history.
func (d *Database) SaveDecision(decision review.Decision) error {
	return d.update(func(tx *bbolt.Tx) error {
		if _, err := add(tx, history.Decision, "", decision); err != nil {
			return err
		}
		return put(tx.Bucket(decisionsBucket), []byte(decision.Group), decision)
	})
}

// DeleteDecision forgets the decision on a group; by who withdraws it, at when,
// is noted in the history.
func (d *Database) DeleteDecision(withdrawn review.Decision) error {
	return d.update(func(tx *bbolt.Tx) error {
		withdrawn.Withdrawn = true
		if _, err := add(tx, history.Decision, "", withdrawn); err != nil {
			return err
		}
		return tx.Bucket(decisionsBucket).Delete([]byte(withdrawn.Group))
	})
}

// Outcomes gives what the last run made of each group, by the id of the IdP
// group.
func (d *Database) Outcomes() (map[string]review.Outcome, error) {
	return all[review.Outcome](d, outcomesBucket)
}

// SaveOutcomes keeps outcomes in place of earlier ones on the same groups.
func (d *Database) SaveOutcomes(outcomes []review.Outcome) error {
	return d.update(func(tx *bbolt.Tx) error {
		for _, outcome := range outcomes {
			if err := put(tx.Bucket(outcomesBucket), []byte(outcome.Group), outcome); err != nil {
				return err
			}
		}
		return nil
	})
}

func put(bucket *bbolt.Bucket, key []byte, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encode a record: %w", err)
	}
	return bucket.Put(key, text)
}

func decode(text []byte, into any) error {
	if text == nil {
		return nil
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("decode a record: %w", err)
	}
	return nil
}

// all decodes every record of a bucket.
func all[V any](d *Database, bucket []byte) (map[string]V, error) {
	records := map[string]V{}
	err := d.view(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucket).ForEach(func(key, value []byte) error {
			var record V
			if err := decode(value, &record); err != nil {
				return err
			}
			records[string(key)] = record
			return nil
		})
	})
	return records, err
}

// migrate1 brings the operations of layout 1 into the history.
func migrate1(tx *bbolt.Tx) error {
	var reports []run.Report
	err := tx.Bucket(runsBucket).ForEach(func(_, value []byte) error {
		var report run.Report
		err := decode(value, &report)
		reports = append(reports, report)
		return err
	})
	if err != nil {
		return err
	}
	for i := range reports {
		if err := migrateRun(tx, &reports[i]); err != nil {
			return err
		}
	}
	return tx.DeleteBucket(journalBucket)
}

func migrateRun(tx *bbolt.Tx, report *run.Report) error {
	record, err := add(tx, history.Begin, report.ID, report.Begun(nil))
	if err != nil {
		return err
	}
	report.First = record.No
	if journal := tx.Bucket(journalBucket).Bucket([]byte(report.ID)); journal != nil {
		err := journal.ForEach(func(_, text []byte) error {
			_, err := add(tx, history.Operation, report.ID, json.RawMessage(text))
			return err
		})
		if err != nil {
			return err
		}
	}
	for i := range report.Groups {
		if _, err := add(tx, history.Group, report.ID, report.Groups[i]); err != nil {
			return err
		}
	}
	if report.Ended.IsZero() {
		report.Ended = report.Began // it can't be resumed: its plan wasn't kept
	}
	if _, err := add(tx, history.End, report.ID, report.Counts()); err != nil {
		return err
	}
	return put(tx.Bucket(runsBucket), []byte(report.ID), report)
}
