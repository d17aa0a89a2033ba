// Package run performs plans: it reads again what a plan rests on, writes what
// still holds, journals every operation before and after, and verifies.
package run

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/rollcall-app/rollcall/app/atlassian"
	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/idp"
	"github.com/rollcall-app/rollcall/app/lang"
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
	// Answered is what became of a group of the identity provider that was
	// changed as answered.
	Answered Result = "answered"
)

// Results lists all results in the order in which they are told.
var Results = []Result{Synced, Answered, Waiting, Blocked, Changed, Failed, Skipped}

// GroupResult is what a run did to one group.
type GroupResult struct {
	Name string `json:"name"`
	// Source is the id of the IdP group.
	Source string `json:"source"`
	// Site is the host of the site, under original user management.
	Site   string `json:"site,omitempty"`
	Result Result `json:"result"`
	// InIdP says that it is the IdP group that was changed, Renamed what it is
	// called since, where its name was.
	InIdP   bool   `json:"in_idp,omitempty"`
	Renamed string `json:"renamed,omitempty"`
	// Made says that the group was to be created.
	Made                        bool `json:"made,omitempty"`
	Added, Removed, Provisioned int
	// Error says why the result isn't Synced, with what to do.
	Error string `json:"error,omitempty"`
	// Invited are the folded addresses of people whose invitation is pending.
	Invited []string `json:"invited,omitempty"`
	// Missing and Surplus are what verifying found: the ids of accounts that
	// aren't members though they should be, and that are and shouldn't.
	Missing []string `json:"missing,omitempty"`
	Surplus []string `json:"surplus,omitempty"`
	// After is the group as it was read back; nil where it wasn't.
	After *atlassian.GroupNow `json:"-"`
	// SourceAfter is the IdP group as it was read back.
	SourceAfter *idp.GroupNow `json:"-"`
}

// Title names the group, and the site where there are several.
func (g *GroupResult) Title() string {
	switch {
	case g.InIdP:
		return lang.L("%s in the identity provider", g.Name)
	case g.Site == "":
		return g.Name
	}
	return lang.L("%s on %s", g.Name, g.Site)
}

// Report is a performed plan.
type Report struct {
	// ID is the run's: it sorts by time.
	ID       string
	Snapshot string
	// By is the account on this machine, Owner the stated owner of the
	// credentials, Reason what the person gave, or empty.
	By     string
	Owner  string `json:",omitempty"`
	Reason string `json:",omitempty"`
	// Undoes is the id of the run that this one takes back, or empty.
	Undoes string `json:",omitempty"`
	// First is the number of its first record in the history.
	First   uint64 `json:",omitempty"`
	Began   time.Time
	Ended   time.Time
	Batches int
	Groups  []GroupResult
	// People are the changes in the provisioning directory.
	People []PersonResult `json:",omitempty"`
	// IdP and Atlassian count the requests; Atlassian those to the
	// provisioning directory, too.
	IdP, Atlassian remote.Count
}

// Begun is what the history says of a run that begins.
type Begun struct {
	By, Owner, Reason, Snapshot string
	Undoes                      string `json:",omitempty"`
	// Groups and People are how many the plan performs; Plan is its
	// fingerprint.
	Groups, People int
	Plan           string
	// Overridden are the guards that were lifted, Stopped those that weren't, of
	// all of the plan.
	Overridden []plan.Finding `json:",omitempty"`
	Stopped    []plan.Finding `json:",omitempty"`
}

// Begun says what the history keeps of a run that performs a plan.
func (r *Report) Begun(p *plan.Plan) Begun {
	begun := Begun{By: r.By, Owner: r.Owner, Reason: r.Reason, Snapshot: r.Snapshot, Undoes: r.Undoes}
	if p != nil {
		for _, batch := range p.Batches() {
			begun.Groups += len(batch)
		}
		begun.Groups += len(p.Sources)
		begun.People, begun.Plan, begun.Overridden, begun.Stopped = len(p.People), p.Fingerprint(), p.Overridden, p.Standing()
	}
	return begun
}

// Ended is what the history says of a run that has ended.
type Ended struct {
	Results        map[Result]int
	Added, Removed int
	Began, Ended   time.Time
	Requests, Slow int // Slow is how many were answered with 429
}

// Counts sums up a run.
func (r *Report) Counts() Ended {
	ended := Ended{Results: map[Result]int{}, Began: r.Began, Ended: r.Ended, Requests: r.IdP.Requests + r.Atlassian.Requests, Slow: r.IdP.Throttled + r.Atlassian.Throttled}
	for i := range r.Groups {
		ended.Results[r.Groups[i].Result]++
		ended.Added += r.Groups[i].Added
		ended.Removed += r.Groups[i].Removed
	}
	for i := range r.People {
		ended.Results[r.People[i].Result]++
	}
	return ended
}

// Past is what a run has done so far.
type Past struct {
	Report Report
	// Plan is nil for runs of before plans were kept.
	Plan *plan.Plan
	// Operations are in the order of their numbers, each as it was last noted.
	Operations []Operation
	// Groups and People are done with.
	Groups []GroupResult
	People []PersonResult
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
	ActivatePerson   Kind = "activate-person"
	// Those in the identity provider's own groups.
	AddToSource      Kind = "add-to-idp-group"
	RemoveFromSource Kind = "remove-from-idp-group"
	RenameSource     Kind = "rename-idp-group"
)

// Operation is one write, as the journal holds it: first without an answer, then
// with it.
type Operation struct {
	No    int    `json:"no"`
	Kind  Kind   `json:"kind"`
	Group string `json:"group,omitempty"`
	// Key is that of the group in the plan; Person the id of the person in the
	// IdP, for operations in the provisioning directory and in IdP groups.
	Key    string `json:"key,omitempty"`
	Person string `json:"person,omitempty"`
	// Account is the account's id, or the addresses of those invited or created.
	Account string `json:"account,omitempty"`
	// Accounts are the ids that invitations were answered with.
	Accounts []string `json:"accounts,omitempty"`
	// Done says that the other side answered, or that no answer came; Error
	// says which, and Refused that it refused: then nothing took effect.
	Done    bool      `json:"done"`
	Error   string    `json:"error,omitempty"`
	Refused bool      `json:"refused,omitempty"`
	At      time.Time `json:"at"`
}

// TookEffect says that the other side answered that it was done.
func (o *Operation) TookEffect() bool { return o.Done && o.Error == "" }

// Open says that nobody knows whether it took effect.
func (o *Operation) Open() bool { return !o.TookEffect() && !o.Refused }

// Journal keeps what a run does. Each method returns when what it was given is
// safe on disk.
type Journal interface {
	Begin(report *Report, plan *plan.Plan) error
	Record(run string, operation Operation) error
	GroupDone(run string, result GroupResult) error
	PersonDone(run string, result PersonResult) error
	End(report *Report) error
}

// Runner performs plans.
type Runner struct {
	IdP       IdP
	Atlassian Atlassian
	// Provisioning is nil where no directory is connected; a plan that changes
	// people needs it.
	Provisioning Provisioning
	// Writer changes the identity provider; nil where it can't be changed.
	Writer  idp.Writer
	Journal Journal
	// Patience is how long a write may take until it is seen; Atlassian says
	// up to 30 seconds. Zero means 45 seconds.
	Patience time.Duration
	// By, Owner and Reason are for the report.
	By, Owner, Reason string
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
	pace   *pace
	// shownAfter is how long Atlassian takes to show what was written, in
	// nanoseconds, as far as groups have told: nobody asks much sooner.
	shownAfter atomic.Int64

	// created are the accounts made by this run, by the id of the person.
	created sync.Map

	// past is what the run did before it was interrupted, or before this pass,
	// by the group's key or the person's id.
	past map[string][]Operation
	// noRoom says that not all seats could be freed that the plan counts on.
	noRoom bool

	mu sync.Mutex
	// broken is the journal's failure: nothing is written after it.
	broken  error
	results map[string]GroupResult  // by plan.Group.Key
	persons map[string]PersonResult // by personKey
}

// Perform performs a plan. A group that fails doesn't stop the others; a
// cancelled context does, between two operations. The report covers every group
// of the plan. The error is that of the journal: without it nothing is written.
func (r *Runner) Perform(ctx context.Context, p *plan.Plan, tell progress.Func) (*Report, error) {
	began := time.Now()
	report := &Report{
		ID: began.UTC().Format("20060102-150405.000000"), Snapshot: p.Snapshot, By: r.By, Owner: r.Owner, Reason: r.Reason, Undoes: p.Undoes, Began: began,
	}
	if len(p.Findings) == 0 {
		report.Batches = len(p.Batches())
	}
	if err := r.Journal.Begin(report, p); err != nil {
		return nil, err
	}
	return r.finish(ctx, r.performance(p, report, tell))
}

func (r *Runner) performance(p *plan.Plan, report *Report, tell progress.Func) *performance {
	return &performance{
		Runner: r, plan: p, report: report, tell: tell, pace: newPace(), past: map[string][]Operation{}, results: map[string]GroupResult{}, persons: map[string]PersonResult{},
	}
}

// finish performs what hasn't been, and ends the run.
func (r *Runner) finish(ctx context.Context, perf *performance) (*Report, error) {
	p, report := perf.plan, perf.report
	idp, org := r.IdP.Count(), r.count()
	if len(p.Findings) == 0 {
		batches := perf.remaining()
		perf.total = perf.operations(batches)
		perf.people(ctx, peopleBefore, lang.L("Creating people"), review.CreatePerson, review.UpdatePerson, review.ActivatePerson)
		perf.sources(ctx)
		perf.makeRoom(ctx, batches)
		perf.perform(ctx, perf.undone(batches))
		perf.people(ctx, peopleAfter, lang.L("Deactivating people"), review.DeactivatePerson)
	}
	report.IdP, report.Atlassian = report.IdP.Plus(r.IdP.Count().Since(idp)), report.Atlassian.Plus(r.count().Since(org))
	report.Ended = time.Now()
	for i := range p.Groups {
		report.Groups = append(report.Groups, perf.result(&p.Groups[i]))
	}
	for i := range p.Sources {
		report.Groups = append(report.Groups, perf.sourceResult(&p.Sources[i]))
	}
	report.People = perf.personResults()
	if perf.broken != nil {
		return report, perf.broken
	}
	return report, r.Journal.End(report)
}

// remaining are the batches without the groups that were done with before the
// run was interrupted.
func (p *performance) remaining() [][]*plan.Group {
	return p.undone(p.plan.Batches())
}

// undone are the batches without the groups that have a result.
func (p *performance) undone(all [][]*plan.Group) [][]*plan.Group {
	var batches [][]*plan.Group
	for _, batch := range all {
		batch = slices.DeleteFunc(batch, func(group *plan.Group) bool {
			_, done := p.results[group.Key()]
			return done
		})
		if len(batch) > 0 {
			batches = append(batches, batch)
		}
	}
	return batches
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
			p.pace.expect(wholeGroup, 1)
			p.pace.expect(Invite, len(group.Invite))
			p.pace.expect(Add, len(group.Add)+len(group.Create))
			p.pace.expect(Remove, len(group.Remove))
		}
	}
	for i := range p.plan.People {
		if person := &p.plan.People[i]; !person.Blocked() {
			n++
			if person.Kind == review.DeactivatePerson {
				p.pace.expect(peopleAfter, 1)
			} else {
				p.pace.expect(peopleBefore, 1)
			}
		}
	}
	return n
}

const (
	// writingAtOnce is how many groups are written side by side: enough that
	// somebody always waits for the next place, while others wait until what
	// they made is seen.
	writingAtOnce = plan.Batch
	// verifyingAtOnce is how many may be under way in all: groups that only wait
	// until Atlassian shows what was written hold up nobody.
	verifyingAtOnce = 4 * plan.Batch
)

// perform syncs the groups of the batches in their order; a batch begins when those
// before leave room. Within a batch the group with the most to do goes first, so
// that none is left alone at the end.
func (p *performance) perform(ctx context.Context, batches [][]*plan.Group) {
	writing := make(chan struct{}, writingAtOnce)
	var under errgroup.Group
	under.SetLimit(verifyingAtOnce)
	defer func() { _ = under.Wait() }()
	p.pace.begin(wholeGroup, time.Now())
	for i, batch := range batches {
		slices.SortStableFunc(batch, func(a, b *plan.Group) int { return cmp.Compare(b.Operations(), a.Operations()) })
		for n, group := range batch {
			select {
			case writing <- struct{}{}:
			case <-ctx.Done():
			}
			if ctx.Err() != nil {
				return
			}
			if n == 0 {
				stage := lang.L("Syncing batch %d of %d", i+1, len(batches))
				p.stage.Store(&stage)
				p.advance("", 0)
			}
			// The function never fails: a group's failure is its result.
			under.Go(func() error {
				p.groupDone(group.Key(), p.group(ctx, group, sync.OnceFunc(func() { <-writing })))
				p.advance(wholeGroup, 1)
				return nil
			})
		}
	}
}

// groupDone journals and keeps what became of a group.
func (p *performance) groupDone(key string, result GroupResult) {
	err := p.Journal.GroupDone(p.report.ID, result)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.results[key] = result
	p.fail(err)
}

// pastOf is what the run has done to a group or a person so far.
func (p *performance) pastOf(key string) []Operation {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.past[key]
}

// fail keeps the journal's first failure; p.mu is held.
func (p *performance) fail(err error) {
	if p.broken == nil {
		p.broken = err
	}
}

// advance tells that n operations more of a kind are done.
func (p *performance) advance(kind Kind, n int) {
	p.pace.did(kind, n)
	if kind != wholeGroup { // whose operations have counted
		p.done.Add(int64(n))
	}
	p.say(*p.stage.Load())
}

// say tells how far the run is.
func (p *performance) say(stage string) {
	if p.tell != nil {
		p.tell(progress.Report{Stage: stage, Done: int(p.done.Load()), Total: p.total, Left: p.pace.left(time.Now())})
	}
}

// result gives what became of a group of the plan.
func (p *performance) result(group *plan.Group) GroupResult {
	if result, performed := p.results[group.Key()]; performed {
		return result
	}
	result := Foresee(p.plan, group)
	switch {
	case group.Skip != "" || result.Result != Synced:
	case recall(p.pastOf(group.Key())).any:
		result.Result, result.Error = Failed, lang.L("The run was stopped in the middle of this group. Fetch again to see what is left.")
	default:
		result.Result, result.Error = Skipped, lang.L("The run was stopped before this group.")
	}
	return result
}

// Foresee says what performing a plan makes of a group, should all go well.
func Foresee(p *plan.Plan, group *plan.Group) GroupResult {
	result := GroupResult{Name: group.Name, Source: group.Source, Site: group.Site, Result: Synced, Made: group.Target == nil && group.Skip == ""}
	switch {
	case group.Skip != "" && group.State == review.Waiting:
		result.Result, result.Error = Waiting, lang.L(group.Skip)
	case group.Skip != "" && group.State != review.Synced:
		result.Result, result.Error = Skipped, lang.L(group.Skip)
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
func (p *performance) write(ctx context.Context, operation *Operation, send func(context.Context) error) error {
	return p.writeAll(ctx, []*Operation{operation}, send)
}

// writeAll is write for several operations that one request carries out, all or
// none.
func (p *performance) writeAll(ctx context.Context, operations []*Operation, send func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return problem.Of(err)
	}
	for _, operation := range operations {
		operation.No, operation.At = int(p.number.Add(1)), time.Now()
		if err := p.Journal.Record(p.report.ID, *operation); err != nil {
			return err
		}
	}
	sent := send(context.WithoutCancel(ctx))
	for _, operation := range operations {
		operation.Done, operation.At = true, time.Now()
		if sent != nil {
			status := remote.Status(sent)
			operation.Error, operation.Refused = sent.Error(), status >= 400 && status < 500 && status != http.StatusRequestTimeout
		}
		if err := p.Journal.Record(p.report.ID, *operation); err != nil {
			return err
		}
	}
	return sent
}
