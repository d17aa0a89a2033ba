package storage

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"

	"github.com/rollcall-app/rollcall/app/history"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/review"
	"github.com/rollcall-app/rollcall/app/run"
)

// recorded gives a database with a decision and a run in its history.
func recorded(t *testing.T) *Database {
	t.Helper()
	database, err := Open(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, database.Close()) })
	at := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	require.NoError(t, database.SaveDecisions(review.Decision{Group: "g", Reject: true, Reason: "not yet", By: "me", At: at}))
	report := &run.Report{ID: "r1", By: "me", Owner: "owner@x.io", Reason: "audit", Began: at}
	require.NoError(t, database.Begin(report, &plan.Plan{
		Overridden: []plan.Finding{{Guard: plan.EmptyGroup, Group: "legal"}},
		Groups:     []plan.Group{{Name: "staff", Findings: []plan.Finding{{Guard: plan.DefaultAccess, Group: "staff"}}}},
	}))
	require.NoError(t, database.Record("r1", run.Operation{No: 1, Kind: run.Remove, Group: "legal", Account: "a1"}))
	require.NoError(t, database.Record("r1", run.Operation{No: 1, Kind: run.Remove, Group: "legal", Account: "a1", Done: true}))
	require.NoError(t, database.GroupDone("r1", run.GroupResult{Name: "legal", Result: run.Synced, Removed: 1}))
	report.Ended = at.Add(time.Minute)
	require.NoError(t, database.End(report))
	return database
}

func kinds(t *testing.T, database *Database) (kinds []history.Kind, err error) {
	t.Helper()
	err = database.History(func(record *history.Record) error {
		kinds = append(kinds, record.Kind)
		return nil
	})
	return kinds, err
}

func TestTheHistoryTellsWhoDidWhatWhenAndWhyUnderWhichOverrides(t *testing.T) {
	database := recorded(t)
	found, err := kinds(t, database)
	require.NoError(t, err)
	require.Equal(t, []history.Kind{history.Decision, history.Begin, history.Operation, history.Operation, history.Group, history.End}, found)
	var begun run.Begun
	require.NoError(t, database.History(func(record *history.Record) error {
		require.WithinDuration(t, time.Now(), record.At, time.Minute)
		if record.Kind == history.Begin {
			return json.Unmarshal(record.Body, &begun)
		}
		return nil
	}))
	require.Equal(t, "me", begun.By)
	require.Equal(t, "owner@x.io", begun.Owner)
	require.Equal(t, "audit", begun.Reason)
	require.Equal(t, plan.EmptyGroup, begun.Overridden[0].Guard)
	require.Equal(t, []plan.Finding{{Guard: plan.DefaultAccess, Group: "staff"}}, begun.Stopped)
	require.NotEmpty(t, begun.Plan)
}

func TestAChangeToAnyRecordShows(t *testing.T) {
	for name, tamper := range map[string]func(bucket *bbolt.Bucket) error{
		"a body is changed": func(bucket *bbolt.Bucket) error {
			var record history.Record
			require.NoError(t, json.Unmarshal(bucket.Get(recordKey(3)), &record))
			record.Body = json.RawMessage(`{"no":1,"kind":"add"}`)
			return put(bucket, recordKey(3), record)
		},
		"a time is changed": func(bucket *bbolt.Bucket) error {
			var record history.Record
			require.NoError(t, json.Unmarshal(bucket.Get(recordKey(2)), &record))
			record.At = record.At.Add(-time.Hour)
			return put(bucket, recordKey(2), record)
		},
		"a record is taken out": func(bucket *bbolt.Bucket) error { return bucket.Delete(recordKey(4)) },
		"one is sealed anew": func(bucket *bbolt.Bucket) error {
			var before, record history.Record
			require.NoError(t, json.Unmarshal(bucket.Get(recordKey(2)), &before))
			require.NoError(t, json.Unmarshal(bucket.Get(recordKey(3)), &record))
			record.Body = json.RawMessage(`{}`)
			record.Seal(&before)
			return put(bucket, recordKey(3), record)
		},
	} {
		t.Run(name, func(t *testing.T) {
			database := recorded(t)
			require.NoError(t, database.update(func(tx *bbolt.Tx) error { return tamper(tx.Bucket(historyBucket)) }))
			_, err := kinds(t, database)
			require.True(t, problem.Is(err, problem.Damaged), "%v", err)
			require.ErrorContains(t, err, "was changed at record")
		})
	}
}

// What a database of layout 1 held, as version 0.1.0 wrote it.
func TestADatabaseOfLayout1IsBroughtUpToDate(t *testing.T) {
	folder := t.TempDir()
	database, err := Open(folder)
	require.NoError(t, err)
	at := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	require.NoError(t, database.update(func(tx *bbolt.Tx) error {
		for _, bucket := range [][]byte{historyBucket, plansBucket} {
			if err := tx.DeleteBucket(bucket); err != nil {
				return err
			}
		}
		journal, err := tx.CreateBucket(journalBucket)
		if err != nil {
			return err
		}
		operations, err := journal.CreateBucket([]byte("r1"))
		if err != nil {
			return err
		}
		if err := operations.Put([]byte("000000001"), []byte(`{"no":1,"kind":"remove","group":"legal","account":"a1","done":true,"at":"2026-11-20T09:00:00Z"}`)); err != nil {
			return err
		}
		for _, report := range []run.Report{{ID: "r1", By: "me", Began: at, Ended: at, Groups: []run.GroupResult{{Name: "legal", Result: run.Synced}}}, {ID: "r2", Began: at}} {
			if err := put(tx.Bucket(runsBucket), []byte(report.ID), report); err != nil {
				return err
			}
		}
		return tx.Bucket(settingsBucket).Put(versionKey, []byte("1"))
	}))
	require.NoError(t, database.Close())

	for range 2 { // once is enough
		database, err = Open(folder)
		require.NoError(t, err)
		found, err := kinds(t, database)
		require.NoError(t, err)
		require.Equal(t, []history.Kind{history.Begin, history.Operation, history.Group, history.End, history.Begin, history.End}, found)
		past, err := database.Past("r1")
		require.NoError(t, err)
		require.Equal(t, "a1", past.Operations[0].Account)
		require.Nil(t, past.Plan)
		runs, err := database.Runs()
		require.NoError(t, err)
		require.False(t, runs[0].Ended.IsZero(), "a run that can't be resumed isn't waited for")
		require.NoError(t, database.Close())
	}
}
