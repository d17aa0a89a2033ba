package app

import (
	"context"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/rollcall-app/rollcall/app/atlassian"
	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/progress"
	"github.com/rollcall-app/rollcall/app/remote"
	"github.com/rollcall-app/rollcall/app/review"
)

// directLimit bounds how many people's direct access is read, one request each.
// Beyond it people are shown as losing what they may keep.
const directLimit = 2000

// Fetch reads both sides and keeps what it read as the snapshot. Where anything
// is missing it fails, and the last snapshot stays.
func (a *App) Fetch(ctx context.Context, tell progress.Func) (snapshot *directory.Snapshot, err error) {
	defer func() { a.logFetch(snapshot, err) }()
	if !a.busy.TryLock() {
		return nil, errBusy()
	}
	defer a.busy.Unlock()
	sides, err := a.sides(ctx)
	if err != nil {
		return nil, err
	}
	defer sides.close()
	now := time.Now()
	snapshot = &directory.Snapshot{ID: now.UTC().Format("20060102-150405.000000"), TakenAt: now}
	if err := sides.read(ctx, snapshot, a.lastRead(), tell); err != nil {
		return nil, err
	}
	if err := a.Store.SaveSnapshot(snapshot); err != nil {
		return nil, err
	}
	return snapshot, a.checkOff()
}

// read fills a snapshot, both sides at once: Atlassian's waits for what the IdP is
// about where it needs to know.
func (s *sides) read(ctx context.Context, snapshot *directory.Snapshot, last *directory.IdentityProvider, tell progress.Func) error {
	scope := make(chan atlassian.Scope, 1)
	// Until then the IdP's progress alone is shown.
	var shown atomic.Bool
	side, both := errgroup.WithContext(ctx)
	side.Go(func() error {
		if err := s.readIdP(both, snapshot, last, tell); err != nil {
			return err
		}
		wanted := scopeOf(&snapshot.IdP, s.settings.Atlassian.Owner)
		wanted.Accounts = accountsOf(snapshot.Provisioning, &snapshot.IdP)
		scope <- wanted
		return nil
	})
	side.Go(func() (err error) {
		await := func(ctx context.Context) (atlassian.Scope, error) {
			select {
			case <-ctx.Done():
				return atlassian.Scope{}, ctx.Err()
			case wanted := <-scope:
				shown.Store(true)
				return wanted, nil
			}
		}
		snapshot.Atlassian, snapshot.How.Atlassian, err = s.organization.Read(both, await, func(report progress.Report) {
			if shown.Load() {
				tell.Tell(report.Stage, report.Done, report.Total)
			}
		})
		return err
	})
	if err := side.Wait(); err != nil {
		return err
	}
	// On a site access comes through groups alone.
	if direct, reads := s.organization.(directReader); reads {
		if err := readDirect(ctx, direct, snapshot, tell); err != nil {
			return err
		}
	}
	if s.provisioning != nil {
		count := s.provisioning.Count()
		snapshot.How.Atlassian = spentMore(snapshot.How.Atlassian, count, provisioningWay(snapshot.Provisioning, count.Requests))
	}
	return nil
}

// readIdP reads the identity provider, and the provisioning directory where one is
// connected.
func (s *sides) readIdP(ctx context.Context, snapshot *directory.Snapshot, last *directory.IdentityProvider, tell progress.Func) (err error) {
	if snapshot.IdP, snapshot.How.IdP, err = s.idp.Read(ctx, last, tell); err != nil || s.provisioning == nil {
		return err
	}
	listed := s.idp.Count()
	snapshot.Provisioning, err = readProvisioning(ctx, s.provisioning, s.idp, &snapshot.IdP, tell)
	snapshot.How.IdP = spentMore(snapshot.How.IdP, s.idp.Count().Since(listed), "")
	return err
}

// spentMore adds what a further reading took.
func spentMore(reading directory.Reading, spent remote.Count, way string) directory.Reading {
	return directory.Reading{Way: reading.Way + way, Requests: reading.Requests + spent.Requests, Throttled: reading.Throttled + spent.Throttled}
}

// lastRead gives what the last fetch read of the identity provider, or nil.
// A snapshot that can't be read only costs a whole read.
func (a *App) lastRead() *directory.IdentityProvider {
	snapshot, err := a.Store.Snapshot()
	if err != nil || snapshot == nil {
		return nil
	}
	return &snapshot.IdP
}

// scopeOf tells the Atlassian side what the IdP side is about.
func scopeOf(side *directory.IdentityProvider, owner string) atlassian.Scope {
	scope := atlassian.Scope{Owner: owner}
	seen := map[directory.PersonNo]bool{}
	for i := range side.Groups {
		scope.Names = append(scope.Names, side.Groups[i].Name)
		for _, no := range side.Members.Of(directory.SourceNo(i)) {
			if person := &side.People[no]; !seen[no] && !person.Disabled {
				seen[no] = true
				scope.Addresses = append(append(scope.Addresses, person.Email), person.Aliases...)
			}
		}
	}
	return scope
}

// readDirect reads the direct access of the people whose access would change.
func readDirect(ctx context.Context, organization directReader, snapshot *directory.Snapshot, tell progress.Func) error {
	ask := review.Compare(review.Input{Snapshot: snapshot}).AskDirect()
	if unread := len(ask) - directLimit; unread > 0 {
		snapshot.Atlassian.DirectUnread = unread
		ask = ask[:directLimit]
	}
	before := organization.Count()
	answers := make([][]directory.DirectAccess, len(ask))
	var done atomic.Int64
	err := remote.Each(ctx, len(ask), func(ctx context.Context, i int) (err error) {
		answers[i], err = organization.DirectAccess(ctx, &snapshot.Atlassian, ask[i])
		tell.Tell(lang.L("Reading direct access in Atlassian"), int(done.Add(1)), len(ask))
		return err
	})
	if err != nil {
		return err
	}
	for _, answer := range answers {
		snapshot.Atlassian.Direct = append(snapshot.Atlassian.Direct, answer...)
	}
	snapshot.How.Atlassian = spentMore(snapshot.How.Atlassian, organization.Count().Since(before),
		lang.L(" Direct access of those whose access may change: %s.", lang.People(len(ask))))
	return nil
}
