package storage

import (
	"encoding/binary"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"github.com/rollcall-app/rollcall/app/history"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/run"
)

var (
	historyBucket = []byte("history")
	plansBucket   = []byte("plans")
)

// recordKey sorts as the numbers do.
func recordKey(no uint64) []byte { return binary.BigEndian.AppendUint64(nil, no) }

// add puts a record at the end of the history.
func add(tx *bbolt.Tx, kind history.Kind, run string, body any) (history.Record, error) {
	record, err := history.New(kind, run, time.Now(), body)
	if err != nil {
		return record, err
	}
	bucket := tx.Bucket(historyBucket)
	var last history.Record
	if _, value := bucket.Cursor().Last(); value != nil {
		if err := decode(value, &last); err != nil {
			return record, err
		}
	}
	record.Seal(&last)
	return record, put(bucket, recordKey(record.No), record)
}

// Begin notes that a run has begun, and keeps its plan.
func (d *Database) Begin(report *run.Report, p *plan.Plan) error {
	packed, err := packPlan(p)
	if err != nil {
		return err
	}
	return d.update(func(tx *bbolt.Tx) error {
		record, err := add(tx, history.Begin, report.ID, report.Begun(p))
		if err != nil {
			return err
		}
		report.First = record.No
		if err := tx.Bucket(plansBucket).Put([]byte(report.ID), packed); err != nil {
			return err
		}
		return put(tx.Bucket(runsBucket), []byte(report.ID), report)
	})
}

// Record notes an operation of a run, first without its answer, then with it.
func (d *Database) Record(id string, operation run.Operation) error {
	return d.note(history.Operation, id, operation)
}

// GroupDone notes what became of a group of a run.
func (d *Database) GroupDone(id string, result run.GroupResult) error {
	return d.note(history.Group, id, result)
}

// PersonDone notes what became of a person of a run.
func (d *Database) PersonDone(id string, result run.PersonResult) error {
	return d.note(history.Person, id, result)
}

// note returns when the record is on disk; records of groups side by side share
// a write.
func (d *Database) note(kind history.Kind, id string, body any) error {
	return d.write(func() error {
		return d.bolt.Batch(func(tx *bbolt.Tx) error {
			_, err := add(tx, kind, id, body)
			return err
		})
	})
}

// End keeps the report of a run that has ended.
func (d *Database) End(report *run.Report) error {
	err := d.end(report)
	d.open.RLock()
	defer d.open.RUnlock()
	if err == nil {
		d.keepCopy()
	}
	return err
}

func (d *Database) end(report *run.Report) error {
	return d.update(func(tx *bbolt.Tx) error {
		if _, err := add(tx, history.End, report.ID, report.Counts()); err != nil {
			return err
		}
		return put(tx.Bucket(runsBucket), []byte(report.ID), report)
	})
}

// Runs lists the reports of all runs, the latest first. Of one that hasn't ended
// it tells that it began.
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

// Past gives what a run has done so far: its plan, operations and results.
func (d *Database) Past(id string) (*run.Past, error) {
	past := &run.Past{}
	err := d.view(func(tx *bbolt.Tx) error {
		if err := decode(tx.Bucket(runsBucket).Get([]byte(id)), &past.Report); err != nil {
			return err
		}
		if packed := tx.Bucket(plansBucket).Get([]byte(id)); packed != nil {
			past.Plan = &plan.Plan{}
			if err := unpackPlan(packed, past.Plan); err != nil {
				return err
			}
		}
		return eachRecord(tx, past.Report.First, func(record *history.Record) error {
			if record.Run != id {
				return nil
			}
			return takeRecord(past, record)
		})
	})
	return past, err
}

// takeRecord puts one record into what a run has done.
func takeRecord(past *run.Past, record *history.Record) error {
	switch record.Kind {
	case history.Operation:
		var operation run.Operation
		if err := decode(record.Body, &operation); err != nil {
			return err
		}
		i, found := slices.BinarySearchFunc(past.Operations, operation.No, func(o run.Operation, no int) int { return o.No - no })
		if found {
			past.Operations[i] = operation
		} else {
			past.Operations = slices.Insert(past.Operations, i, operation)
		}
	case history.Group:
		var result run.GroupResult
		if err := decode(record.Body, &result); err != nil {
			return err
		}
		past.Groups = append(past.Groups, result)
	case history.Person:
		var result run.PersonResult
		if err := decode(record.Body, &result); err != nil {
			return err
		}
		past.People = append(past.People, result)
	}
	return nil
}

// eachRecord goes through the history from a record on.
func eachRecord(tx *bbolt.Tx, from uint64, each func(*history.Record) error) error {
	cursor := tx.Bucket(historyBucket).Cursor()
	for key, value := cursor.Seek(recordKey(from)); key != nil; key, value = cursor.Next() {
		var record history.Record
		if err := decode(value, &record); err != nil {
			return err
		}
		if err := each(&record); err != nil {
			return err
		}
	}
	return nil
}

// History goes through all records in their order, and says where one was
// changed: the error is each's, or that of a broken chain.
func (d *Database) History(each func(*history.Record) error) error {
	return d.view(func(tx *bbolt.Tx) error {
		var before history.Record
		return eachRecord(tx, 0, func(record *history.Record) error {
			if err := record.Follows(&before); err != nil {
				return err
			}
			before = *record
			return each(record)
		})
	})
}
