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
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/review"
	"github.com/rollcall-app/rollcall/app/run"
)

// Database is the state on disk. It implements app.Store, and is safe for
// concurrent use.
type Database struct {
	bolt *bbolt.DB
	path string
}

var (
	settingsBucket  = []byte("settings")
	snapshotsBucket = []byte("snapshots")
	decisionsBucket = []byte("decisions")
	outcomesBucket  = []byte("outcomes")
	runsBucket      = []byte("runs")
	journalBucket   = []byte("journal")

	versionKey = []byte("version")
	settingKey = []byte("settings")
	latestKey  = []byte("latest")
)

// version is that of the database's layout.
const version = "1"

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
	bolt, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: lockPatience})
	if errors.Is(err, bbolterrors.ErrTimeout) {
		return nil, problem.Wrap(err, problem.Locked, fmt.Sprintf("Rollcall is running already with the data in %s.", folder),
			"Use that window, close it first, or choose another folder with --data.")
	}
	if err != nil {
		return nil, unusable(err, path)
	}
	bolt.MaxBatchDelay = time.Millisecond
	database := &Database{bolt: bolt, path: path}
	if err := database.prepare(); err != nil {
		_ = bolt.Close() // the first error is the one to tell
		return nil, err
	}
	return database, nil
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
		for _, name := range [][]byte{settingsBucket, snapshotsBucket, decisionsBucket, outcomesBucket, runsBucket, journalBucket} {
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

// SaveSnapshot keeps a snapshot as the latest, in place of the one before.
func (d *Database) SaveSnapshot(snapshot *directory.Snapshot) error {
	packed, err := pack(snapshot)
	if err != nil {
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
		snapshot = &directory.Snapshot{}
		return unpack(packed, snapshot)
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
		return problem.Wrap(err, problem.Storage, "The stored snapshot is damaged.", "Fetch again; nothing else is lost.")
	}
	return nil
}

// Decisions gives all decisions by the id of the IdP group.
func (d *Database) Decisions() (map[string]review.Decision, error) {
	return all[review.Decision](d, decisionsBucket)
}

// SaveDecision keeps a decision in place of an earlier one on the group.
func (d *Database) SaveDecision(decision review.Decision) error {
	return d.update(func(tx *bbolt.Tx) error {
		return put(tx.Bucket(decisionsBucket), []byte(decision.Group), decision)
	})
}

// DeleteDecision forgets the decision on a group.
func (d *Database) DeleteDecision(group string) error {
	return d.update(func(tx *bbolt.Tx) error { return tx.Bucket(decisionsBucket).Delete([]byte(group)) })
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

// BeginRun notes that a run has begun.
func (d *Database) BeginRun(report *run.Report) error { return d.EndRun(report) }

// Record notes an operation of a run, first without its answer, then with it.
// It returns when the note is on disk; notes of groups side by side share a
// write.
func (d *Database) Record(id string, operation run.Operation) error {
	return d.failed(d.bolt.Batch(func(tx *bbolt.Tx) error {
		bucket, err := tx.Bucket(journalBucket).CreateBucketIfNotExists([]byte(id))
		if err != nil {
			return err
		}
		return put(bucket, fmt.Appendf(nil, "%09d", operation.No), operation)
	}))
}

// EndRun keeps the report of a run.
func (d *Database) EndRun(report *run.Report) error {
	return d.update(func(tx *bbolt.Tx) error { return put(tx.Bucket(runsBucket), []byte(report.ID), report) })
}

// Runs lists the reports of all runs, the latest first.
func (d *Database) Runs() ([]run.Report, error) {
	var reports []run.Report
	err := d.view(func(tx *bbolt.Tx) error {
		cursor := tx.Bucket(runsBucket).Cursor()
		for key, value := cursor.Last(); key != nil; key, value = cursor.Prev() {
			var report run.Report
			if err := decode(value, &report); err != nil {
				return err
			}
			reports = append(reports, report)
		}
		return nil
	})
	return reports, err
}

// Operations lists what a run did, in order.
func (d *Database) Operations(id string) ([]run.Operation, error) {
	var operations []run.Operation
	err := d.view(func(tx *bbolt.Tx) error {
		bucket := tx.Bucket(journalBucket).Bucket([]byte(id))
		if bucket == nil {
			return nil
		}
		return bucket.ForEach(func(_, value []byte) error {
			var operation run.Operation
			if err := decode(value, &operation); err != nil {
				return err
			}
			operations = append(operations, operation)
			return nil
		})
	})
	return operations, err
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
