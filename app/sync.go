package app

import (
	"context"
	"net/url"
	"slices"
	"time"

	"github.com/rollcall-app/rollcall/app/atlassian"
	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/idp"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/progress"
	"github.com/rollcall-app/rollcall/app/review"
	"github.com/rollcall-app/rollcall/app/run"
)

// Review compares the cached snapshot. It needs no network.
func (a *App) Review(atlassianOnly bool) (*review.Review, error) {
	return a.ReviewNamed(Latest, atlassianOnly)
}

func (a *App) review(snapshot *directory.Snapshot, atlassianOnly bool) (*review.Review, error) {
	input := review.Input{Snapshot: snapshot, AtlassianOnly: atlassianOnly}
	var err error
	if input.Decisions, err = a.Store.Decisions(); err != nil {
		return nil, err
	}
	if input.Outcomes, err = a.Store.Outcomes(); err != nil {
		return nil, err
	}
	if input.Answers, err = a.Store.Answers(); err != nil {
		return nil, err
	}
	return review.Compare(input), nil
}

// Syncable says whether Sync all groups concerns a row: every new or conflicting
// group that isn't rejected.
func Syncable(row *review.Row) bool {
	return slices.Contains([]review.State{review.New, review.Conflict, review.Blocked, review.Failed, review.Changed}, row.State)
}

// All gives what Sync all groups concerns; where a provisioning directory is
// connected, everybody in it, too.
func All(r *review.Review) plan.Selection {
	var rows []*review.Row
	for i := range r.Rows {
		if Syncable(&r.Rows[i]) {
			rows = append(rows, &r.Rows[i])
		}
	}
	return plan.Selection{Rows: rows, Everybody: true}
}

// AdminPage is the address of the organization's administration, where a person
// lifts default access and accepts what Atlassian still lists as a conflict.
func AdminPage(org *directory.Organization) string {
	if org.ID == "" { // sites alone are connected
		return "https://admin.atlassian.com/"
	}
	return "https://admin.atlassian.com/o/" + url.PathEscape(org.ID)
}

// StillListed says what remains for a person to do there after a run, in the
// words of Atlassian's page for the provider: equal members don't remove
// Atlassian's own entry of a conflict. For Google Workspace the page is its own,
// and the list stands under Groups; for all others under User provisioning.
func StillListed(provider string) string {
	page := lang.L("User provisioning")
	if provider == "google" {
		page = lang.L("Google Workspace › Groups")
	}
	return lang.L("Atlassian may still list the synced groups as conflicts, under %s: press Sync group there, it adds and removes nobody now.", page)
}

// Find gives the row of a group by its name or the id of either side's group. A
// name that fits two groups is a problem of code Ambiguous.
func Find(r *review.Review, text string) (*review.Row, error) {
	var found []*review.Row
	for i := range r.Rows {
		row := &r.Rows[i]
		if r.SourceID(row) == text && text != "" || slices.ContainsFunc(row.Groups, func(no directory.GroupNo) bool { return r.Snapshot.Atlassian.Groups[no].ID == text }) {
			return row, nil
		}
		if directory.FoldName(row.Name) == directory.FoldName(text) {
			found = append(found, row)
		}
	}
	switch len(found) {
	case 0:
		return nil, problem.New(problem.NotFound, lang.L("The identity provider has no group named “%s” in scope.", text), lang.L("Look at rollcall review for the names, or fetch again."))
	case 1:
		return found[0], nil
	}
	return nil, problem.New(problem.Ambiguous, lang.L("%d groups are named “%s”.", len(found), text), lang.L("Name the one you mean by its id."))
}

// Accept decides that groups may be synced as reviewed. Nothing is written until
// they are.
func (a *App) Accept(r *review.Review, rows []*review.Row, reason string) error {
	return a.Store.SaveDecisions(decide(r, rows, review.Decision{Reason: reason})...)
}

// Reject decides to leave groups as they are in Atlassian.
func (a *App) Reject(r *review.Review, rows []*review.Row, reason string) error {
	return a.Store.SaveDecisions(decide(r, rows, review.Decision{Reject: true, Reason: reason})...)
}

// Withdraw forgets what was decided about groups.
func (a *App) Withdraw(r *review.Review, rows []*review.Row) error {
	return a.Store.DeleteDecisions(decide(r, rows, review.Decision{})...)
}

// decide makes the same decision about each group.
func decide(r *review.Review, rows []*review.Row, decision review.Decision) []review.Decision {
	decision.By, decision.At = By(), time.Now()
	decisions := make([]review.Decision, len(rows))
	for i, row := range rows {
		decisions[i] = decision
		decisions[i].Group, decisions[i].Name, decisions[i].Facts = r.SourceID(row), row.Name, r.Facts(row)
		decisions[i].Basis = r.Basis(row)
	}
	return decisions
}

// Sync performs a plan and keeps what became of it: outcomes, history, and the
// snapshot as far as groups were read back. reason is what the person gives for
// it, or empty. While a run is unfinished no other begins.
func (a *App) Sync(ctx context.Context, p *plan.Plan, reason string, tell progress.Func) (*run.Report, error) {
	if !a.busy.TryLock() {
		return nil, errBusy()
	}
	defer a.busy.Unlock()
	unfinished, err := a.unfinished()
	if err != nil {
		return nil, err
	}
	if unfinished != nil {
		return nil, problem.New(problem.Refused, lang.L("A run of %s was interrupted and isn't finished.", unfinished.Began.Local().Format("2006-01-02 15:04")),
			lang.L("Resume it, or give it up, in the window under History or with rollcall resume."))
	}
	snapshot, err := a.Store.Snapshot()
	if err != nil {
		return nil, err
	}
	if snapshot == nil || snapshot.ID != p.Snapshot {
		return nil, problem.New(problem.Refused, lang.L("The plan was made from another snapshot."), lang.L("Review again, then sync."))
	}
	return a.run(ctx, len(p.People) > 0, func(runner *run.Runner) (*run.Report, error) {
		runner.Reason = reason
		return runner.Perform(ctx, p, tell)
	})
}

// run makes a runner of what is connected, has it perform something, and keeps
// what became of it.
func (a *App) run(ctx context.Context, provisions bool, perform func(*run.Runner) (*run.Report, error)) (*run.Report, error) {
	sides, err := a.sides(ctx)
	if err != nil {
		return nil, err
	}
	defer sides.close()
	writer, _ := sides.idp.(idp.Writer)
	runner := &run.Runner{Writer: writer, IdP: sides.idp, Atlassian: sides.organization, Journal: a.Store, Patience: a.Patience, By: By(), Owner: sides.settings.Atlassian.Owner}
	if sides.provisioning != nil {
		runner.Provisioning = sides.provisioning
	} else if provisions {
		return nil, problem.New(problem.NotConnected, lang.L("The provisioning directory that the plan was made for isn't connected any more."), lang.L("Connect it again, or fetch."))
	}
	report, err := perform(runner)
	a.logRun(report, err)
	if err != nil {
		return report, err
	}
	snapshot, err := a.Store.Snapshot()
	if err != nil {
		return report, err
	}
	if snapshot != nil && snapshot.ID == report.Snapshot {
		if err := a.Store.SaveSnapshot(amend(snapshot, report)); err != nil {
			return report, err
		}
	}
	if report.Undoes == "" { // else its groups aren't the identity provider's
		if err := a.Store.SaveOutcomes(outcomes(report)); err != nil {
			return report, err
		}
	}
	return report, a.checkOff()
}

// Unfinished gives the run that was interrupted, or nil.
func (a *App) Unfinished() (*run.Report, error) {
	if !a.busy.TryLock() {
		return nil, nil // one is under way
	}
	defer a.busy.Unlock()
	return a.unfinished()
}

func (a *App) unfinished() (*run.Report, error) {
	runs, err := a.Store.Runs()
	for i := range runs {
		if runs[i].Ended.IsZero() {
			return &runs[i], err
		}
	}
	return nil, err
}

// Resume goes on with the run that was interrupted, and keeps what became of it.
func (a *App) Resume(ctx context.Context, tell progress.Func) (*run.Report, error) {
	if !a.busy.TryLock() {
		return nil, errBusy()
	}
	defer a.busy.Unlock()
	past, err := a.interrupted()
	if err != nil {
		return nil, err
	}
	provisions := past.Plan != nil && len(past.Plan.People) > 0
	return a.run(ctx, provisions, func(runner *run.Runner) (*run.Report, error) { return runner.Resume(ctx, past, tell) })
}

// GiveUp ends the run that was interrupted without doing what is left of it.
func (a *App) GiveUp() error {
	if !a.busy.TryLock() {
		return errBusy()
	}
	defer a.busy.Unlock()
	past, err := a.interrupted()
	if err != nil {
		return err
	}
	return a.Store.End(past.GiveUp(time.Now()))
}

func (a *App) interrupted() (*run.Past, error) {
	report, err := a.unfinished()
	if err != nil {
		return nil, err
	}
	if report == nil {
		return nil, problem.New(problem.NotFound, lang.L("No run was interrupted."), lang.L("There is nothing to resume."))
	}
	return a.Store.Past(report.ID)
}

// outcomes says what a run made of each IdP group: of several sites, what is
// worst.
func outcomes(report *run.Report) []review.Outcome {
	states := map[run.Result]review.State{
		run.Synced: review.Synced, run.Waiting: review.Waiting, run.Changed: review.Changed, run.Failed: review.Failed,
	}
	var list []review.Outcome
	at := map[string]int{}
	unmade := unmadeSites(report)
	for _, result := range report.Groups {
		state, tells := states[result.Result]
		if result.InIdP || !tells || result.After == nil && (result.Result == run.Synced || result.Result == run.Waiting) {
			continue
		}
		outcome := review.Outcome{
			Group: result.Source, Run: report.ID, Snapshot: report.Snapshot, State: state, Error: result.Error,
			Invited: result.Invited, At: report.Ended, Unmade: unmade[result.Source],
		}
		i, seen := at[result.Source]
		if !seen {
			at[result.Source] = len(list)
			list = append(list, outcome)
			continue
		}
		outcome.Invited = append(list[i].Invited, outcome.Invited...)
		if worse(list[i].State, state) {
			outcome.State, outcome.Error = list[i].State, list[i].Error
		}
		list[i] = outcome
	}
	return list
}

// unmadeSites are those on which groups were to be made and weren't, by the id of
// the IdP group.
func unmadeSites(report *run.Report) map[string][]string {
	unmade := map[string][]string{}
	for i := range report.Groups {
		group := &report.Groups[i]
		if group.Made && group.Site != "" && group.After == nil {
			unmade[group.Source] = append(unmade[group.Source], group.Site)
		}
	}
	return unmade
}

// worse says whether a group in state a stands worse than one in state b.
func worse(a, b review.State) bool {
	order := []review.State{review.Failed, review.Changed, review.Waiting, review.Synced}
	return slices.Index(order, a) < slices.Index(order, b)
}

// amend gives the snapshot with the groups that a run read back, and the seats
// that it took or freed.
func amend(snapshot *directory.Snapshot, report *run.Report) *directory.Snapshot {
	amended := *snapshot
	org := &amended.Atlassian
	org.Accounts, org.Groups = slices.Clone(org.Accounts), slices.Clone(org.Groups)
	accounts := make(map[string]directory.AccountNo, len(org.Accounts))
	for i := range org.Accounts {
		accounts[org.Accounts[i].ID] = directory.AccountNo(i)
	}
	groups := make(map[string]directory.GroupNo, len(org.Groups))
	for i := range org.Groups {
		groups[org.Groups[i].ID] = directory.GroupNo(i)
	}
	replaced := map[directory.GroupNo][]directory.AccountNo{}
	for _, result := range report.Groups {
		if result.After == nil {
			continue
		}
		no, known := groups[result.After.Group.ID]
		if !known {
			no = directory.GroupNo(len(org.Groups))
			groups[result.After.Group.ID] = no
			org.Groups = append(org.Groups, result.After.Group)
		}
		replaced[no] = numbers(org, accounts, result.After)
	}
	org.Members = org.Members.With(replaced)
	amendProvisioning(&amended, report)
	amendSource(&amended, report)
	org.Products = slices.Clone(org.Products)
	before, after := review.SeatHolders(&snapshot.Atlassian), review.SeatHolders(org)
	for i := range org.Products {
		if product := &org.Products[i]; product.Used != directory.UnknownSeats {
			product.Used += after[i] - before[i]
		}
	}
	return &amended
}

func numbers(org *directory.Organization, known map[string]directory.AccountNo, now *atlassian.GroupNow) []directory.AccountNo {
	var list []directory.AccountNo
	for _, account := range now.Accounts {
		no, ok := known[account.ID]
		if !ok {
			no = directory.AccountNo(len(org.Accounts))
			known[account.ID] = no
			org.Accounts = append(org.Accounts, account)
		}
		list = append(list, no)
	}
	return list
}
