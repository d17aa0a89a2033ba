package app

import (
	"context"

	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/progress"
	"github.com/rollcall-app/rollcall/app/review"
)

// FetchNew fetches, and gives the review with those of its groups that can't be
// synced now, and weren't among such before: the new conflicts. Before the first
// fetch there were none.
func (a *App) FetchNew(ctx context.Context, tell progress.Func) (r *review.Review, fresh []*review.Row, err error) {
	known := map[string]bool{}
	before, err := a.Review(false)
	switch {
	case err == nil:
		for _, row := range conflicts(before) {
			known[before.SourceID(row)] = true
		}
	case !problem.Is(err, problem.NoSnapshot):
		return nil, nil, err
	}
	if _, err = a.Fetch(ctx, tell); err != nil {
		return nil, nil, err
	}
	if r, err = a.Review(false); err != nil {
		return nil, nil, err
	}
	for _, row := range conflicts(r) {
		if !known[r.SourceID(row)] {
			fresh = append(fresh, row)
		}
	}
	return r, fresh, nil
}

// WatchDocument is what a round of `rollcall watch --json` found.
type WatchDocument struct {
	Snapshot SnapshotDocument `json:"snapshot"`
	// CouldNotSync is how many groups can't be synced now; New are the names of
	// those among them that weren't such before.
	CouldNotSync int                  `json:"could_not_sync"`
	New          []string             `json:"new"`
	Request      SyncRequestsDocument `json:"requests"`
}

// NewWatchDocument writes out what FetchNew found, with the names of what is new.
func NewWatchDocument(r *review.Review, names []string) WatchDocument {
	return WatchDocument{
		Snapshot: newSnapshotDocument(r.Snapshot), CouldNotSync: r.Counts().CouldNotSync(), New: names,
		Request: NewFetchDocument(r.Snapshot).Request,
	}
}

func conflicts(r *review.Review) []*review.Row {
	var rows []*review.Row
	for i := range r.Rows {
		if row := &r.Rows[i]; row.State.CouldNotSync() {
			rows = append(rows, row)
		}
	}
	return rows
}
