package storage

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/history"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/review"
)

// What a database of layout 2 held when it had landed: connections without
// thresholds, a decision, an outcome, a run without findings, and a snapshot as one
// entry.
func TestADatabaseOfLayout2IsTaken(t *testing.T) {
	folder := t.TempDir()
	bolt, err := bbolt.Open(filepath.Join(folder, fileName), 0o600, nil)
	require.NoError(t, err)
	var last history.Record
	begun, err := history.New(history.Begin, "20261120-090000.000000", time.Now(), map[string]any{"By": "me", "Snapshot": "s1", "Groups": 1})
	require.NoError(t, err)
	begun.Seal(&last)
	require.NoError(t, bolt.Update(func(tx *bbolt.Tx) error {
		for _, name := range buckets {
			if _, err := tx.CreateBucket(name); err != nil {
				return err
			}
		}
		if err := errors.Join(tx.DeleteBucket(piecesBucket), tx.Bucket(snapshotsBucket).Put(latestKey, bare(t, &directory.Snapshot{ID: "s1"}))); err != nil {
			return err
		}
		settings := tx.Bucket(settingsBucket)
		for key, value := range map[string]string{
			"version": "2", "settings": `{"IdP":{"Provider":"okta","URL":"https://x.okta.com"},"Atlassian":{"Org":"o1","Owner":"owner@x.io"},"Experience":"","Sites":null,"Provisioning":{}}`,
		} {
			if err := settings.Put([]byte(key), []byte(value)); err != nil {
				return err
			}
		}
		if err := tx.Bucket(decisionsBucket).Put([]byte("g"), []byte(`{"Group":"g","Name":"legal","Reject":true,"Reason":"no","By":"me","At":"2026-11-20T09:00:00Z","Facts":"f"}`)); err != nil {
			return err
		}
		if err := tx.Bucket(outcomesBucket).Put([]byte("h"), []byte(`{"Group":"h","Run":"r1","Snapshot":"s1","State":"waiting","Invited":["x@x.io"],"At":"2026-11-20T09:00:00Z"}`)); err != nil {
			return err
		}
		if err := tx.Bucket(runsBucket).Put([]byte(begun.Run), []byte(`{"ID":"20261120-090000.000000","Snapshot":"s1","By":"me","First":1,"Began":"2026-11-20T09:00:00Z","Ended":"2026-11-20T09:01:00Z","Batches":1,"Groups":[{"name":"legal","source":"g","result":"synced","Added":1,"Removed":2,"Provisioned":0}]}`)); err != nil {
			return err
		}
		return put(tx.Bucket(historyBucket), recordKey(1), begun)
	}))
	require.NoError(t, bolt.Close())

	database, err := Open(folder)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, database.Close()) })
	settings, err := database.Settings()
	require.NoError(t, err)
	require.Equal(t, app.Settings{IdP: app.IdPSettings{Provider: "okta", URL: "https://x.okta.com"}, Atlassian: app.AtlassianSettings{Org: "o1", Owner: "owner@x.io"}}, settings)
	require.Equal(t, plan.DefaultThresholds(), settings.Thresholds())
	decisions, err := database.Decisions()
	require.NoError(t, err)
	require.Equal(t, "no", decisions["g"].Reason)
	outcomes, err := database.Outcomes()
	require.NoError(t, err)
	require.Equal(t, review.Waiting, outcomes["h"].State)
	runs, err := database.Runs()
	require.NoError(t, err)
	require.Equal(t, 2, runs[0].Groups[0].Removed)
	found, err := kinds(t, database)
	require.NoError(t, err)
	require.Equal(t, []history.Kind{history.Begin}, found)
	snapshot, err := database.Snapshot()
	require.NoError(t, err)
	require.Equal(t, "s1", snapshot.ID)
}
