package run

import (
	"context"
	"strings"
	"time"

	"github.com/rollcall-app/rollcall/app/atlassian"
	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/progress"
)

// Resume goes on with a run that was interrupted: by a crash, a kill, a power
// cut. What was answered isn't sent again; where no answer came, the other side
// is looked at. Groups that were done with are only read back.
func (r *Runner) Resume(ctx context.Context, past *Past, tell progress.Func) (*Report, error) {
	if past.Plan == nil {
		return nil, problem.New(problem.Refused, lang.L("The plan of this run wasn't kept, so it can't go on."), lang.L("Fetch, review, and sync what is left."))
	}
	report := past.Report
	report.Groups, report.People = nil, nil
	perf := r.performance(past.Plan, &report, tell)
	for _, operation := range past.Operations {
		perf.number.Store(max(perf.number.Load(), int64(operation.No)))
		for _, key := range []string{operation.Key, operation.Person} {
			if key != "" {
				perf.past[key] = append(perf.past[key], operation)
			}
		}
	}
	for _, result := range past.Groups {
		perf.results[result.Source+"\x00"+result.Site] = result
	}
	for _, result := range past.People {
		perf.persons[personKey(result.Kind, result.ID)] = result
		if result.Account != "" {
			perf.created.Store(result.ID, result.Account)
		}
	}
	perf.readBackDone(ctx)
	perf.readBackSources(ctx)
	return r.finish(ctx, perf)
}

// GiveUp gives the report of an interrupted run that isn't gone on with.
func (p *Past) GiveUp(at time.Time) *Report {
	report := p.Report
	report.Ended, report.Groups, report.People = at, p.Groups, p.People
	done := map[string]bool{}
	for i := range p.Groups {
		done[p.Groups[i].Source+"\x00"+p.Groups[i].Site] = true
	}
	if p.Plan == nil {
		return &report
	}
	for i := range p.Plan.Groups {
		group := &p.Plan.Groups[i]
		if done[group.Key()] {
			continue
		}
		result := Foresee(p.Plan, group)
		if group.Skip == "" && result.Result == Synced {
			result.Result, result.Error = Failed, lang.L("The run was interrupted and given up; part of it may have taken effect. Fetch again.")
		}
		report.Groups = append(report.Groups, result)
	}
	for i := range p.Plan.Sources {
		group := &p.Plan.Sources[i]
		if result := ForeseeSource(p.Plan, group); !done[group.Key()] {
			if result.Result == Answered {
				result.Result, result.Error = Failed, lang.L("The run was interrupted and given up; part of it may have taken effect. Fetch again.")
			}
			report.Groups = append(report.Groups, result)
		}
	}
	return &report
}

// readBackDone reads the groups that were done with, so that the snapshot can
// follow. One that can't be read stays as the snapshot has it.
func (p *performance) readBackDone(ctx context.Context) {
	for i := range p.plan.Groups {
		group := &p.plan.Groups[i]
		result, done := p.results[group.Key()]
		if !done || result.Result != Synced && result.Result != Waiting {
			continue
		}
		target := group.Target
		if target == nil {
			if groups, err := p.Atlassian.Named(ctx, group.Site, group.Name); err == nil && len(groups) == 1 {
				target = &groups[0]
			}
		}
		if target == nil {
			continue
		}
		if now, err := p.Atlassian.MembersNow(ctx, *target); err == nil {
			result.After = &now
			p.results[group.Key()] = result
		}
	}
}

// readBackSources reads the IdP groups that were done with, for the snapshot.
func (p *performance) readBackSources(ctx context.Context) {
	for i := range p.plan.Sources {
		key := p.plan.Sources[i].Key()
		if result, done := p.results[key]; done && result.Result == Answered {
			if now, err := p.IdP.Now(ctx, result.Source); err == nil {
				result.SourceAfter = &now
				p.results[key] = result
			}
		}
	}
}

// recalled is what a run did to a group before it was interrupted.
type recalled struct {
	// is says of accounts whether they became members (true) or ceased to be
	// (false).
	is map[string]bool
	// open are the accounts of which nobody knows whether it took effect,
	// openMail the folded addresses.
	open, openMail map[string]bool
	// invited are the folded addresses of whom an answer came.
	invited map[string]bool
	// created says that the group was created, maybeCreated that nobody knows
	// whether it was.
	created, maybeCreated bool
	any                   bool
}

func recall(operations []Operation) *recalled {
	r := &recalled{is: map[string]bool{}, open: map[string]bool{}, openMail: map[string]bool{}, invited: map[string]bool{}}
	for i := range operations {
		operation := &operations[i]
		if operation.Refused {
			continue
		}
		r.any = true
		switch operation.Kind {
		case Create:
			r.created = r.created || !operation.Open()
			r.maybeCreated = operation.Open() && !r.created
		case Invite:
			r.recallInvitation(operation)
		case Add, Remove:
			if operation.Open() {
				r.open[operation.Account] = true
			} else {
				r.is[operation.Account] = operation.Kind == Add
				delete(r.open, operation.Account)
			}
		}
	}
	return r
}

func (r *recalled) recallInvitation(operation *Operation) {
	for _, email := range strings.Fields(operation.Account) {
		if operation.Open() {
			r.openMail[directory.FoldAddress(email)] = true
		} else {
			r.invited[directory.FoldAddress(email)] = true
		}
	}
	for _, account := range operation.Accounts {
		r.open[account] = true // a member at once, or when they accept
	}
}

// fits says whether a group's members are those that were reviewed, and what the
// run itself has done since.
func (r *recalled) fits(reviewed []string, now []directory.Account) bool {
	expected := map[string]bool{}
	for _, account := range reviewed {
		expected[account] = true
	}
	for account, member := range r.is {
		expected[account] = member
	}
	for i := range now {
		account := &now[i]
		if account.Outside() {
			continue
		}
		if !expected[account.ID] && !r.open[account.ID] && !r.openMail[directory.FoldAddress(account.Email)] {
			return false
		}
		delete(expected, account.ID)
	}
	for account, member := range expected {
		if member && !r.open[account] {
			return false
		}
	}
	return true
}

// goOn takes what the run did before into account: what is left, and what has
// been counted already.
func (s *syncing) goOn(now *atlassian.GroupNow) {
	members := map[string]bool{}
	mail := map[string]bool{}
	for i := range now.Accounts {
		if account := &now.Accounts[i]; !account.Outside() {
			members[account.ID] = true
			mail[directory.FoldAddress(account.Email)] = account.Email != ""
		}
	}
	left := *s.plan
	left.Add, left.Create, left.Remove, left.Invite = nil, nil, nil, nil
	for _, member := range s.plan.Add {
		s.keep(&left.Add, member, !members[member.Account], &s.result.Added)
	}
	for _, member := range s.plan.Create {
		account, err := s.accountOf(&member)
		s.keep(&left.Create, member, err != nil || !members[account], &s.result.Added)
	}
	for _, member := range s.plan.Remove {
		s.keep(&left.Remove, member, members[member.Account], &s.result.Removed)
	}
	for _, member := range s.plan.Invite {
		address := directory.FoldAddress(member.Email)
		s.keep(&left.Invite, member, !s.recalled.invited[address] && !mail[address], &s.result.Added)
		if s.recalled.invited[address] && !mail[address] {
			s.result.Invited = append(s.result.Invited, address)
		}
	}
	s.result.Provisioned = len(s.plan.Invite) - len(left.Invite) + len(s.plan.Create) - len(left.Create)
	for account := range s.recalled.open {
		if !members[account] && s.isInvited(account) {
			s.expected[account], s.invited[account] = true, true
		}
	}
	s.plan = &left
}

// keep keeps what is left to do, and counts what isn't.
func (s *syncing) keep(left *[]plan.Member, member plan.Member, undone bool, count *int) {
	if undone {
		*left = append(*left, member)
	} else {
		*count++
	}
}

// isInvited says whether an account is one that an invitation was answered with.
func (s *syncing) isInvited(account string) bool {
	for _, operation := range s.pastOf(s.plan.Key()) {
		if operation.Kind == Invite {
			for _, id := range operation.Accounts {
				if id == account {
					return true
				}
			}
		}
	}
	return false
}

// awaitCreated waits until the group that the run made is seen.
func (s *syncing) awaitCreated(ctx context.Context) error {
	return s.await(ctx, func(ctx context.Context) error {
		found, err := s.createdBefore(ctx)
		if err == nil && !found {
			return notYet(problem.New(problem.Incomplete, lang.L("The group was created, but Atlassian doesn't show it yet."), lang.L("Resume again in a minute.")))
		}
		return err
	})
}

// createdBefore finds the group that the run made, or may have made, before it
// was interrupted; found is false where there is none.
func (s *syncing) createdBefore(ctx context.Context) (found bool, err error) {
	groups, err := s.Atlassian.Named(ctx, s.plan.Site, s.plan.Name)
	if err != nil || len(groups) == 0 {
		return false, err
	}
	if len(groups) > 1 {
		return false, changed(lang.L("Atlassian has %d groups of this name now.", len(groups)))
	}
	now, err := s.Atlassian.MembersNow(ctx, groups[0])
	if err != nil {
		return false, err
	}
	if !s.recalled.fits(nil, now.Accounts) {
		return false, changed(lang.L("Atlassian has a group of this name now, with other members."))
	}
	s.target, s.before = now.Group, &now
	for _, account := range counted(now.Accounts) {
		s.expected[account] = true
	}
	s.goOn(&now)
	return true, nil
}
