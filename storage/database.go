// Package storage keeps Rollcall's state: a bbolt database in the platform's
// data folder, and the credentials in the operating system's keyring.
package storage

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/adrg/xdg"
	"go.etcd.io/bbolt"
	bbolterrors "go.etcd.io/bbolt/errors"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/history"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/review"
	"github.com/rollcall-app/rollcall/app/run"
)

// Database is the state on disk. It implements app.Store, and is safe for
// concurrent use.
type Database struct {
	// open keeps bolt from being exchanged while it is used.
	open sync.RWMutex
	bolt *bbolt.DB
	path string
	// changed says that the copy is behind; copying is held by whoever brings
	// it up to date.
	changed atomic.Bool
	copying sync.Mutex
	// saving is held by whoever writes or removes a snapshot.
	saving sync.Mutex
	// broken says that writing met damage: bbolt's locks may be held for good.
	broken atomic.Bool
	// log is told when the copy can't be kept.
	log *slog.Logger
	// find gives the key of snapshots; see Protect.
	find func(make bool) (string, error)
}

// buckets are all there are.
var buckets = [][]byte{settingsBucket, snapshotsBucket, decisionsBucket, outcomesBucket, runsBucket, historyBucket, plansBucket, answersBucket, basesBucket, piecesBucket}

var (
	settingsBucket  = []byte("settings")
	snapshotsBucket = []byte("snapshots")
	decisionsBucket = []byte("decisions")
	answersBucket   = []byte("answers")
	basesBucket     = []byte("bases") // of decisions
	outcomesBucket  = []byte("outcomes")
	runsBucket      = []byte("runs")
	journalBucket   = []byte("journal") // of layout 1

	versionKey = []byte("version")
	settingKey = []byte("settings")
)

// version is that of the database's layout. Layout 1 kept operations in a bucket
// for each run; they are in the history since. Layout 2 kept each snapshot as one
// entry; those are still read as they are.
const version = "3"

// lockPatience is how long another instance may hold the database.
const lockPatience = 500 * time.Millisecond

// DefaultFolder is where the platform keeps an application's data.
func DefaultFolder() string { return filepath.Join(xdg.DataHome, "rollcall") }

// fileName is the database's in its folder.
const fileName = "rollcall.db"

// Open opens the database in a folder, which is made where it is missing. An
// instance that has it open already is a problem of code Locked, data that isn't
// what was written one of code Damaged.
func Open(folder string) (*Database, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, unusable(err, folder)
	}
	if err := checkNetwork(folder, networkFolder); err != nil {
		return nil, err
	}
	path := filepath.Join(folder, fileName)
	if emptied(path) {
		return nil, damagedData(errDamaged, path)
	}
	bolt, err := openFile(path)
	if err != nil {
		return nil, opened(err, path)
	}
	database := &Database{bolt: bolt, path: path, log: slog.New(slog.DiscardHandler)}
	if err := database.prepare(); err != nil {
		return nil, errors.Join(err, guarded(bolt.Close))
	}
	// Opening changes nothing that a copy lacks, where there is one.
	_, missing := os.Stat(copyPath(path))
	database.changed.Store(missing != nil)
	return database, nil
}

func openFile(path string) (*bbolt.DB, error) {
	bolt, err := openBolt(path, false)
	if err == nil {
		bolt.MaxBatchDelay = time.Millisecond
	}
	return bolt, err
}

// openBolt leaves nothing open where the file is so damaged that bbolt panics.
func openBolt(path string, readOnly bool) (bolt *bbolt.DB, err error) {
	var file *os.File
	options := &bbolt.Options{Timeout: lockPatience, ReadOnly: readOnly, OpenFile: func(name string, flags int, mode os.FileMode) (*os.File, error) {
		file, err = os.OpenFile(name, flags, mode)
		return file, err
	}}
	err = guarded(func() (err error) {
		bolt, err = bbolt.Open(path, 0o600, options)
		return err
	})
	if bolt == nil && file != nil {
		// bbolt has closed it, unless it panicked: then the lock outlives the
		// file for as long as it is mapped.
		unlock(file)
		_ = file.Close()
	}
	return bolt, err
}

// checkNetwork refuses a folder on another machine: there neither locks nor
// memory mappings can be relied on.
func checkNetwork(folder string, kindOf func(folder string) string) error {
	if kind := kindOf(folder); kind != "" {
		return problem.New(problem.Storage, lang.L("The folder %s is on a network (%s), where Rollcall can't keep its data safely.", folder, kind),
			lang.L("Choose a folder on a disk of this machine with --data."))
	}
	return nil
}

// opened turns a failure to open into a problem.
func opened(err error, path string) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, bbolterrors.ErrTimeout):
		return problem.Wrap(err, problem.Locked, lang.L("Rollcall is running already with the data in %s.", filepath.Dir(path)),
			lang.L("Use that window, close it first, or choose another folder with --data."))
	case isDamage(err):
		return damagedData(err, path)
	}
	return unusable(err, path)
}

func unusable(err error, path string) error {
	if isFull(err) {
		return noRoom(err, path)
	}
	action := lang.L("Check the disk, or choose another folder with --data.")
	if errors.Is(err, fs.ErrPermission) || isReadOnly(err) {
		action = lang.L("Give yourself the right to write there, or choose another folder with --data. What is there can be written out with rollcall data export.")
	}
	return problem.Wrap(err, problem.Storage, lang.L("The data in %s can't be opened: %v.", path, err), action)
}

// isFull says that there was no room. bbolt gives the text of some errors only.
func isFull(err error) bool {
	return slices.ContainsFunc(noRoomErrors, func(full syscall.Errno) bool {
		return errors.Is(err, full) || strings.Contains(err.Error(), full.Error())
	})
}

func noRoom(err error, path string) error {
	return problem.Wrap(err, problem.DiskFull, lang.L("The disk has no room left for the data in %s.", path),
		lang.L("Make room, then do it again; a run that was under way goes on with Resume, or rollcall resume."))
}

func (d *Database) prepare() error {
	if err := d.view(func(tx *bbolt.Tx) error { return inspect(tx, d.path) }); err != nil {
		return err
	}
	return d.update(func(tx *bbolt.Tx) error {
		for _, name := range buckets {
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
		case "2":
			return bucket.Put(versionKey, []byte(version))
		case "1":
			if err := migrate1(tx); err != nil {
				return err
			}
			return bucket.Put(versionKey, []byte(version))
		default:
			return problem.New(problem.Storage, lang.L("The data in %s was written by a newer Rollcall.", d.path),
				lang.L("Install the newer version, or choose another folder with --data. What is there can be written out with rollcall data export."))
		}
	})
}

// LogTo has a log told what a person needn't act on at once.
func (d *Database) LogTo(log *slog.Logger) { d.log = log }

// Close brings the copy up to date, and closes the database.
func (d *Database) Close() error {
	d.open.Lock()
	defer d.open.Unlock()
	if d.broken.Load() {
		return nil // the end of the process closes it
	}
	d.keepCopy()
	return d.failed(guarded(d.bolt.Close))
}

func (d *Database) update(f func(*bbolt.Tx) error) error {
	return d.write(func() error { return d.bolt.Update(f) })
}

// write does something to the database.
func (d *Database) write(f func() error) error {
	d.open.RLock()
	defer d.open.RUnlock()
	if d.broken.Load() {
		return damagedData(errDamaged, d.path)
	}
	err := guarded(f)
	if err == nil {
		d.changed.Store(true)
	}
	if errors.Is(err, errDamaged) {
		d.broken.Store(true)
	}
	return d.failed(err)
}

func (d *Database) view(f func(*bbolt.Tx) error) error {
	d.open.RLock()
	defer d.open.RUnlock()
	return d.failed(guarded(func() error { return d.bolt.View(f) }))
}

// failed turns a failure of the disk into a problem.
func (d *Database) failed(err error) error {
	var known *problem.Problem
	switch {
	case err == nil || errors.As(err, &known):
		return err
	case isDamage(err):
		return damagedData(err, d.path)
	case isFull(err):
		return noRoom(err, d.path)
	}
	return problem.Wrap(err, problem.Storage, lang.L("The data in %s can't be read or written: %v.", d.path, err),
		lang.L("Check that the disk has room and works."))
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
		return fmt.Errorf("%w: decode a record: %w", errDamaged, err)
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
