// Package run performs plans: it reads again what a plan rests on, writes what
// still holds, journals every operation before and after, and verifies.
package run

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rollcall-app/rollcall/app/atlassian"
	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/idp"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/progress"
	"github.com/rollcall-app/rollcall/app/remote"
	"github.com/rollcall-app/rollcall/app/review"
)

// Result is what a run made of a group.
type Result string

// The results.
const (
	Synced  Result = "synced"
	Waiting Result = "waiting" // for an invitation, or for who can't be matched
	Blocked Result = "blocked" // by a guard
	Skipped Result = "skipped" // nothing was asked of it, or the run was stopped before
	Changed Result = "changed" // since it was reviewed; left alone
	Failed  Result = "failed"
)

// GroupResult is what a run did to one group.
type GroupResult struct {
	Name string `json:"name"`
	// Source is the id of the IdP group.
	Source string `json:"source"`
	// Site is the host of the site, under original user management.
	Site                        string `json:"site,omitempty"`
	Result                      Result `json:"result"`
	Added, Removed, Provisioned int
	// Error says why the result isn't Synced, with what to do.
	Error string `json:"error,omitempty"`
	// Invited are the folded addresses of people whose invitation is pending.
	Invited []string `json:"invited,omitempty"`
	// After is the group as it was read back; nil where it wasn't.
	After *atlassian.GroupNow `json:"-"`
}

// Title names the group, and the site where there are several.
func (g *GroupResult) Title() string {
	if g.Site == "" {
		return g.Name
	}
	return g.Name + " on " + g.Site
}

// Report is a performed plan.
type Report struct {
	// ID is the run's: it sorts by time.
	ID       string
	Snapshot string
	By       string
	Began    time.Time
	Ended    time.Time
	Batches  int
	Groups   []GroupResult
	// People are the changes in the provisioning directory.
	People []PersonResult `json:",omitempty"`
	// IdP and Atlassian count the requests; Atlassian those to the
	// provisioning directory, too.
	IdP, Atlassian remote.Count
}

// IdP is what a run asks of the identity provider.
type IdP interface {
	Now(ctx context.Context, group string) (idp.GroupNow, error)
	Person(ctx context.Context, id string) (directory.Person, error)
	Count() remote.Count
}

// Atlassian is what a run asks of the organization.
type Atlassian interface {
	Now(ctx context.Context, group directory.Group) (atlassian.GroupNow, error)
	MembersNow(ctx context.Context, group directory.Group) (atlassian.GroupNow, error)
	WhoIsIn(ctx context.Context, group directory.Group, accounts []string) (map[string]bool, error)
	Named(ctx context.Context, site, name string) ([]directory.Group, error)
	CreateGroup(ctx context.Context, site, name string) error
	Add(ctx context.Context, group directory.Group, account string) error
	Remove(ctx context.Context, group directory.Group, account string) error
	Invite(ctx context.Context, group directory.Group, emails []string) ([]atlassian.Invited, error)
	Count() remote.Count
}

// Kind is what an operation does.
type Kind string

// The kinds of operations.
const (
	Create Kind = "create"
	Invite Kind = "invite"
	Add    Kind = "add"
	Remove Kind = "remove"
	// Those in the provisioning directory.
	CreatePerson     Kind = "create-person"
	UpdatePerson     Kind = "update-person"
	DeactivatePerson Kind = "deactivate-person"
)

// Operation is one write, as the journal holds it: first without an answer, then
// with it.
type Operation struct {
	No    int    `json:"no"`
	Kind  Kind   `json:"kind"`
	Group string `json:"group,omitempty"`
	// Account is the account's id, or the address of somebody invited.
	Account string `json:"account,omitempty"`
	// Done says that the other side answered; Error what it refused, if so.
	Done  bool      `json:"done"`
	Error string    `json:"error,omitempty"`
	At    time.Time `json:"at"`
}

// Journal keeps what a run does. Each method returns when what it was given is
// safe on disk.
type Journal interface {
	BeginRun(report *Report) error
	Record(run string, operation Operation) error
	EndRun(report *Report) error
}

// Runner performs plans.
type Runner struct {
	IdP       IdP
	Atlassian Atlassian
	// Provisioning is nil where no directory is connected; a plan that changes
	// people needs it.
	Provisioning Provisioning
	Journal      Journal
	// Patience is how long a write may take until it is seen; Atlassian says
	// up to 30 seconds. Zero means 45 seconds.
	Patience time.Duration
	// By is who performs it: the account on this machine.
	By string
}

// DefaultPatience is longer than the delay that Atlassian documents.
const DefaultPatience = 45 * time.Second

// performance is one plan being performed.
type performance struct {
	*Runner
	plan   *plan.Plan
	report *Report
	tell   progress.Func
	total  int
	done   atomic.Int64
	stage  atomic.Pointer[string]
	number atomic.Int64

	// created are the accounts made by this run, by the id of the person.
	created sync.Map

	mu      sync.Mutex
	results map[string]GroupResult // by plan.Group.Key
	persons map[*plan.Person]PersonResult
}

// Perform performs a plan. A group that fails doesn't stop the others; a
// cancelled context does, between two operations. The report covers every group
// of the plan. The error is that of the journal: without it nothing is written.
func (r *Runner) Perform(ctx context.Context, p *plan.Plan, tell progress.Func) (*Report, error) {
	began := time.Now()
	report := &Report{ID: began.UTC().Format("20060102-150405.000000"), Snapshot: p.Snapshot, By: r.By, Began: began}
	perf := &performance{Runner: r, plan: p, report: report, tell: tell, results: map[string]GroupResult{}, persons: map[*plan.Person]PersonResult{}}
	batches := p.Batches()
	if len(p.Findings) > 0 {
		batches = nil
	}
	report.Batches = len(batches)
	if err := r.Journal.BeginRun(report); err != nil {
		return nil, err
	}
	idp, org := r.IdP.Count(), r.count()
	perf.total = perf.operations(batches)
	if len(p.Findings) == 0 {
		perf.people(ctx, "Creating people", review.CreatePerson, review.UpdatePerson)
		perf.perform(ctx, batches)
		perf.people(ctx, "Deactivating people", review.DeactivatePerson)
	}
	report.IdP, report.Atlassian = r.IdP.Count().Since(idp), r.count().Since(org)
	report.Ended = time.Now()
	for i := range p.Groups {
		report.Groups = append(report.Groups, perf.result(&p.Groups[i]))
	}
	report.People = perf.personResults()
	return report, r.Journal.EndRun(report)
}

// count is the requests to Atlassian so far.
func (r *Runner) count() remote.Count {
	count := r.Atlassian.Count()
	if r.Provisioning != nil {
		directory := r.Provisioning.Count()
		count.Requests += directory.Requests
		count.Throttled += directory.Throttled
	}
	return count
}

// operations is how many writes the performed part of the plan takes.
func (p *performance) operations(batches [][]*plan.Group) (n int) {
	for _, batch := range batches {
		for _, group := range batch {
			n += group.Operations()
		}
	}
	for i := range p.plan.People {
		if !p.plan.People[i].Blocked() {
			n++
		}
	}
	return n
}

func (p *performance) perform(ctx context.Context, batches [][]*plan.Group) {
	for i, batch := range batches {
		stage := fmt.Sprintf("Syncing batch %d of %d", i+1, len(batches))
		p.stage.Store(&stage)
		p.advance(0)
		// The function never fails: a group's failure is its result.
		_ = remote.Each(ctx, len(batch), func(ctx context.Context, i int) error {
			result := p.group(ctx, batch[i])
			p.mu.Lock()
			defer p.mu.Unlock()
			p.results[batch[i].Key()] = result
			return nil
		})
	}
}

// advance tells that n operations more are done.
func (p *performance) advance(n int) {
	p.tell.Tell(*p.stage.Load(), int(p.done.Add(int64(n))), p.total)
}

// result gives what became of a group of the plan.
func (p *performance) result(group *plan.Group) GroupResult {
	if result, performed := p.results[group.Key()]; performed {
		return result
	}
	result := Foresee(p.plan, group)
	if group.Skip == "" && result.Result == Synced {
		result.Result, result.Error = Skipped, "The run was stopped before this group."
	}
	return result
}

// Foresee says what performing a plan makes of a group, should all go well.
func Foresee(p *plan.Plan, group *plan.Group) GroupResult {
	result := GroupResult{Name: group.Name, Source: group.Source, Site: group.Site, Result: Synced}
	switch {
	case group.Skip != "" && group.State == review.Waiting:
		result.Result, result.Error = Waiting, group.Skip
	case group.Skip != "" && group.State != review.Synced:
		result.Result, result.Error = Skipped, group.Skip
	case group.Skip != "":
	case group.Blocked():
		result.Result, result.Error = Blocked, group.Findings[0].Problem().Error()
	case len(p.Findings) > 0:
		result.Result, result.Error = Blocked, p.Findings[0].Problem().Error()
	}
	return result
}

// write journals an operation, sends it, and journals the answer. Once begun it
// isn't cancelled: its answer is worth more than the moment.
func (p *performance) write(ctx context.Context, operation Operation, send func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return problem.Of(err)
	}
	operation.No, operation.At = int(p.number.Add(1)), time.Now()
	if err := p.Journal.Record(p.report.ID, operation); err != nil {
		return err
	}
	sent := send(context.WithoutCancel(ctx))
	operation.Done, operation.At = true, time.Now()
	if sent != nil {
		operation.Error = sent.Error()
	}
	if err := p.Journal.Record(p.report.ID, operation); err != nil {
		return err
	}
	return sent
}
