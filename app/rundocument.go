package app

import (
	"time"

	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/review"
	"github.com/rollcall-app/rollcall/app/run"
)

// SyncDocument is a run as `rollcall sync --json` prints it.
type SyncDocument struct {
	// Run is the id of the run; null for a dry run, which has none.
	Run     *string             `json:"run"`
	DryRun  bool                `json:"dry_run,omitempty"`
	Batches int                 `json:"batches"`
	Groups  []SyncGroupDocument `json:"groups"`
	// People is absent where no provisioning directory is connected.
	People  []SyncPersonDocument `json:"people,omitempty"`
	Counts  SyncCountsDocument   `json:"counts"`
	Request SyncRequestsDocument `json:"requests"`
}

// SyncGroupDocument is what a run did to one group.
type SyncGroupDocument struct {
	Name string `json:"name"`
	Site string `json:"site,omitempty"`
	// InIdP says that it is the IdP group that was changed, Renamed what it is
	// called since.
	InIdP       bool       `json:"in_idp,omitempty"`
	Renamed     string     `json:"renamed,omitempty"`
	Result      run.Result `json:"result"`
	Added       int        `json:"added"`
	Removed     int        `json:"removed"`
	Provisioned int        `json:"provisioned"`
	Error       *string    `json:"error"`
	// Missing and Surplus are the ids of accounts that verifying found to differ.
	Missing []string `json:"missing,omitempty"`
	Surplus []string `json:"surplus,omitempty"`
}

// SyncPersonDocument is what a run did to one person in the provisioning
// directory.
type SyncPersonDocument struct {
	Change review.PersonChangeKind `json:"change"`
	Email  *string                 `json:"email"`
	Name   string                  `json:"name"`
	Result run.Result              `json:"result"`
	Error  *string                 `json:"error"`
}

func newSyncPersonDocument(result run.PersonResult) SyncPersonDocument {
	return SyncPersonDocument{result.Kind, orNull(result.Email), result.Name, result.Result, orNull(result.Error)}
}

// SyncCountsDocument says how far the organization is after the run: Remaining
// are the IdP groups neither synced nor rejected.
type SyncCountsDocument struct {
	IdPGroups int `json:"idp_groups"`
	Synced    int `json:"synced"`
	Remaining int `json:"remaining"`
}

// SyncRequestsDocument counts the requests of a run.
type SyncRequestsDocument struct {
	IdP       int `json:"idp"`
	Atlassian int `json:"atlassian"`
	Throttled int `json:"throttled"`
}

// NewSyncDocument writes out a run; after is the review made after it.
func NewSyncDocument(report *run.Report, after *review.Review) SyncDocument {
	document := SyncDocument{Run: orNull(report.ID), Batches: report.Batches, Groups: newSyncGroups(report), Counts: newSyncCounts(after)}
	for _, person := range report.People {
		document.People = append(document.People, newSyncPersonDocument(person))
	}
	document.Request = SyncRequestsDocument{report.IdP.Requests, report.Atlassian.Requests, report.IdP.Throttled + report.Atlassian.Throttled}
	return document
}

// HistoryDocument lists the runs as `rollcall history --json` prints them, the
// latest first.
type HistoryDocument struct {
	Runs []RunDocument `json:"runs"`
}

// RunDocument is one run. Operations are there where one run is asked for.
type RunDocument struct {
	Run         string    `json:"run"`
	Began       time.Time `json:"began"`
	Interrupted bool      `json:"interrupted"`
	By          string    `json:"by"`
	Owner       string    `json:"owner"`
	Reason      string    `json:"reason"`
	// Undoes is the run that this one took back; null for a sync.
	Undoes     *string              `json:"undoes"`
	Groups     []SyncGroupDocument  `json:"groups"`
	People     []SyncPersonDocument `json:"people,omitempty"`
	Operations []run.Operation      `json:"operations,omitempty"`
}

// NewHistoryDocument writes out the runs.
func NewHistoryDocument(runs []run.Report) HistoryDocument {
	document := HistoryDocument{Runs: []RunDocument{}}
	for i := range runs {
		document.Runs = append(document.Runs, newRunDocument(&runs[i]))
	}
	return document
}

// NewRunDocument writes out one run with its operations.
func NewRunDocument(past *run.Past) RunDocument {
	document := newRunDocument(&past.Report)
	document.Operations = past.Operations
	return document
}

func newRunDocument(report *run.Report) RunDocument {
	document := RunDocument{
		Run: report.ID, Began: report.Began.UTC(), Interrupted: report.Ended.IsZero(), By: report.By, Owner: report.Owner, Reason: report.Reason,
		Undoes: orNull(report.Undoes), Groups: newSyncGroups(report),
	}
	for _, person := range report.People {
		document.People = append(document.People, newSyncPersonDocument(person))
	}
	return document
}

func newSyncGroups(report *run.Report) []SyncGroupDocument {
	groups := []SyncGroupDocument{}
	for _, group := range report.Groups {
		groups = append(groups, newSyncGroup(&group))
	}
	return groups
}

func newSyncGroup(group *run.GroupResult) SyncGroupDocument {
	return SyncGroupDocument{
		Name: group.Name, Site: group.Site, InIdP: group.InIdP, Renamed: group.Renamed, Result: group.Result, Added: group.Added, Removed: group.Removed, Provisioned: group.Provisioned,
		Error: orNull(group.Error), Missing: group.Missing, Surplus: group.Surplus,
	}
}

// NewDryRunDocument writes out what a plan would do. A group that would be
// performed has the result "synced".
func NewDryRunDocument(p *plan.Plan, before *review.Review) SyncDocument {
	document := SyncDocument{DryRun: true, Groups: []SyncGroupDocument{}, Counts: newSyncCounts(before)}
	if len(p.Findings) == 0 {
		document.Batches = len(p.Batches())
	}
	for i := range p.Groups {
		group := &p.Groups[i]
		result := run.Foresee(p, group)
		one := SyncGroupDocument{Name: group.Name, Site: group.Site, Result: result.Result, Error: orNull(result.Error)}
		if result.Result == run.Synced && group.Skip == "" {
			provisioned := len(group.Invite) + len(group.Create)
			one.Added, one.Provisioned, one.Removed = len(group.Add)+provisioned, provisioned, len(group.Remove)
		}
		document.Groups = append(document.Groups, one)
	}
	for i := range p.Sources {
		group := &p.Sources[i]
		result := run.ForeseeSource(p, group)
		result.Added, result.Removed, result.Renamed = len(group.Add), len(group.Remove), group.Rename
		document.Groups = append(document.Groups, newSyncGroup(&result))
	}
	for i := range p.People {
		document.People = append(document.People, newSyncPersonDocument(run.ForeseePerson(p, &p.People[i])))
	}
	return document
}

func newSyncCounts(r *review.Review) SyncCountsDocument {
	counts := r.Counts()
	synced := counts.State[review.Synced]
	return SyncCountsDocument{counts.IdPGroups, synced, counts.IdPGroups - synced - counts.State[review.Rejected]}
}
