package run

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/rollcall-app/rollcall/app/atlassian"
	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/remote"
)

// changed is the reason why a group is left alone.
type changed string

// Error gives the reason.
func (c changed) Error() string {
	return string(c) + " It was left alone: fetch and review it again."
}

// syncing is one group being synced.
type syncing struct {
	*performance
	plan   *plan.Group
	target directory.Group
	result GroupResult
	// expected are the account ids that the group shall have in the end, those
	// outside membership left out.
	expected map[string]bool
	// invited are the account ids that invitations were answered with.
	invited map[string]bool
}

// group syncs one group: reads again, writes, verifies.
func (p *performance) group(ctx context.Context, group *plan.Group) GroupResult {
	s := &syncing{performance: p, plan: group, result: GroupResult{Name: group.Name, Source: group.Source}, expected: map[string]bool{}, invited: map[string]bool{}}
	err := s.perform(ctx)
	var why changed
	switch {
	case errors.As(err, &why):
		s.result.Result, s.result.Error = Changed, why.Error()
	case err != nil:
		s.result.Result, s.result.Error = Failed, problem.Of(err).Error()
	}
	return s.result
}

func (s *syncing) perform(ctx context.Context) error {
	if err := s.readAgain(ctx); err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{s.create, s.invite, s.add, s.remove, s.verify} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// readAgain compares both sides, as they are now, with what was reviewed.
func (s *syncing) readAgain(ctx context.Context) error {
	people, err := s.IdP.Members(ctx, s.plan.Source)
	if err != nil {
		return err
	}
	var facts []string
	for i := range people {
		if !people[i].Disabled {
			facts = append(facts, people[i].Fact())
		}
	}
	slices.Sort(facts)
	if !slices.Equal(facts, s.plan.People) {
		return changed("The members of the IdP group have changed since it was reviewed.")
	}
	if s.plan.Target == nil {
		return s.stillAbsent(ctx)
	}
	now, err := s.Atlassian.Now(ctx, s.plan.Target.ID)
	if err != nil {
		return err
	}
	return s.compare(now)
}

func (s *syncing) stillAbsent(ctx context.Context) error {
	groups, err := s.Atlassian.Named(ctx, s.plan.Name)
	if err != nil {
		return err
	}
	if len(groups) > 0 {
		return changed("Atlassian has a group of this name now.")
	}
	return nil
}

func (s *syncing) compare(now atlassian.GroupNow) error {
	if directory.FoldName(now.Group.Name) != directory.FoldName(s.plan.Target.Name) {
		return changed(fmt.Sprintf("The Atlassian group is named “%s” now.", now.Group.Name))
	}
	if now.Group.Synced == directory.ManagedYes && s.plan.Target.Synced != directory.ManagedYes {
		return changed("An identity provider manages the Atlassian group now.")
	}
	if !sameGrants(now.Grants, s.plan.Grants) {
		return changed("What the Atlassian group gives has changed since it was reviewed.")
	}
	accounts := counted(now.Accounts)
	if !slices.Equal(accounts, s.plan.Accounts) {
		return changed("The members of the Atlassian group have changed since it was reviewed.")
	}
	s.target = now.Group
	for _, account := range accounts {
		s.expected[account] = true
	}
	return nil
}

// counted gives the sorted ids of the accounts that count as members.
func counted(accounts []directory.Account) []string {
	var ids []string
	for i := range accounts {
		if !accounts[i].Outside() {
			ids = append(ids, accounts[i].ID)
		}
	}
	slices.Sort(ids)
	return ids
}

func sameGrants(a, b []atlassian.GrantNow) bool {
	order := func(x, y atlassian.GrantNow) int {
		return strings.Compare(fmt.Sprint(x), fmt.Sprint(y))
	}
	return slices.Equal(slices.SortedFunc(slices.Values(a), order), slices.SortedFunc(slices.Values(b), order))
}

// create makes the group where Atlassian has none, and waits until it is seen.
func (s *syncing) create(ctx context.Context) error {
	if s.plan.Target != nil {
		return nil
	}
	err := s.write(ctx, Operation{Kind: Create, Group: s.plan.Name}, func(ctx context.Context) error {
		return s.Atlassian.CreateGroup(ctx, s.plan.Name)
	})
	if remote.Status(err) == http.StatusConflict {
		return changed("Atlassian has a group of this name now.")
	}
	if err != nil {
		return err
	}
	s.advance(1)
	return s.await(ctx, func(ctx context.Context) error {
		groups, err := s.Atlassian.Named(ctx, s.plan.Name)
		if err != nil {
			return err
		}
		if len(groups) != 1 {
			return notYet(problem.New(problem.Incomplete, "The group was created, but Atlassian doesn't show it yet.", "Fetch again in a minute and sync it then."))
		}
		s.target = groups[0]
		return nil
	})
}

// invite brings in whoever has no account, many to a request.
func (s *syncing) invite(ctx context.Context) error {
	for part := range slices.Chunk(s.plan.Invite, atlassian.InvitePage) {
		emails := make([]string, len(part))
		for i, member := range part {
			emails[i] = member.Email
		}
		var answers []atlassian.Invited
		operation := Operation{Kind: Invite, Group: s.plan.Name, Account: strings.Join(emails, " ")}
		err := s.write(ctx, operation, func(ctx context.Context) (err error) {
			answers, err = s.Atlassian.Invite(ctx, s.target, emails)
			return err
		})
		if err != nil {
			return err
		}
		for _, answer := range answers {
			if answer.Refusal != "" {
				return problem.New(problem.Rejected, fmt.Sprintf("Atlassian didn't take %s into the group: %s.", answer.Email, strings.TrimSuffix(answer.Refusal, ".")),
					"Check the seats of the products that the group gives, then sync it again.")
			}
			s.expected[answer.Account], s.invited[answer.Account] = true, true
		}
		for _, email := range emails {
			s.result.Invited = append(s.result.Invited, directory.FoldAddress(email))
		}
		s.result.Provisioned += len(part)
		s.result.Added += len(part)
		s.advance(len(part))
	}
	return nil
}

func (s *syncing) add(ctx context.Context) error {
	for _, member := range s.plan.Add {
		err := s.write(ctx, Operation{Kind: Add, Group: s.plan.Name, Account: member.Account}, func(ctx context.Context) error {
			return s.Atlassian.Add(ctx, s.target, member.Account)
		})
		if remote.Status(err) == http.StatusConflict {
			err = s.alreadyMember(ctx, member)
		}
		if err != nil {
			return err
		}
		s.expected[member.Account] = true
		s.result.Added++
		s.advance(1)
	}
	return nil
}

// alreadyMember tells the two meanings of 409 apart by reading: the account is a
// member already, or there is no seat left.
func (s *syncing) alreadyMember(ctx context.Context, member plan.Member) error {
	return s.await(ctx, func(ctx context.Context) error {
		now, err := s.Atlassian.MembersNow(ctx, s.target.ID)
		if err != nil {
			return notYet(err)
		}
		if !slices.Contains(counted(now.Accounts), member.Account) {
			return notYet(problem.New(problem.Rejected, fmt.Sprintf("Atlassian didn't add %s: a product that the group gives has no seat left.", member.Name),
				"Get more seats or free some, then fetch and sync the group again. Nobody was removed."))
		}
		return nil
	})
}

func (s *syncing) remove(ctx context.Context) error {
	for _, member := range s.plan.Remove {
		err := s.write(ctx, Operation{Kind: Remove, Group: s.plan.Name, Account: member.Account}, func(ctx context.Context) error {
			return s.Atlassian.Remove(ctx, s.target, member.Account)
		})
		// 404: no longer a member. Verifying tells if it was something else.
		if err != nil && remote.Status(err) != http.StatusNotFound {
			return err
		}
		delete(s.expected, member.Account)
		s.result.Removed++
		s.advance(1)
	}
	return nil
}

// verify reads the group back until it is as planned. Whoever was invited may
// have to accept first: then the group is waiting.
func (s *syncing) verify(ctx context.Context) error {
	var missing []string
	err := s.await(ctx, func(ctx context.Context) error {
		now, err := s.Atlassian.MembersNow(ctx, s.target.ID)
		if err != nil {
			return notYet(err)
		}
		s.result.After = &now
		missing, err = s.differences(now)
		if err != nil || len(missing) > 0 {
			return notYet(cmpError(err, problem.New(problem.Incomplete, "Not all who were added are seen as members.", "Fetch again in a minute.")))
		}
		return nil
	})
	switch {
	case err != nil && len(missing) > 0 && s.onlyInvited(missing):
		s.result.Result = Waiting
		s.result.Error = fmt.Sprintf("%d of the invited have yet to accept. Fetch again when they have.", len(missing))
		return nil
	case err != nil:
		return err
	}
	s.result.Invited = nil
	s.result.Result = Synced
	if s.plan.Unmatched > 0 {
		s.result.Result = Waiting
		s.result.Error = fmt.Sprintf("%d members of the IdP group can't be matched and were left out. Correct their addresses, then fetch again.", s.plan.Unmatched)
	}
	return nil
}

func (s *syncing) onlyInvited(accounts []string) bool {
	return !slices.ContainsFunc(accounts, func(account string) bool { return !s.invited[account] })
}

// differences gives the account ids that are expected and missing; a member too
// many is an error.
func (s *syncing) differences(now atlassian.GroupNow) (missing []string, err error) {
	accounts := counted(now.Accounts)
	for _, account := range accounts {
		if !s.expected[account] {
			return nil, problem.New(problem.Incomplete, "Somebody is a member of the Atlassian group who shouldn't be.", "Fetch and review it again.")
		}
	}
	for account := range s.expected {
		if _, found := slices.BinarySearch(accounts, account); !found {
			missing = append(missing, account)
		}
	}
	return missing, nil
}

func cmpError(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// later is an error that time may mend.
type later struct{ error }

// Unwrap gives the error itself.
func (l later) Unwrap() error { return l.error }

func notYet(err error) error { return later{err} }

// await repeats a reading until it succeeds, fails for good, or patience ends.
func (s *syncing) await(ctx context.Context, read func(context.Context) error) error {
	patience := s.Patience
	if patience == 0 {
		patience = DefaultPatience
	}
	wait := &backoff.ExponentialBackOff{InitialInterval: 100 * time.Millisecond, RandomizationFactor: 0.2, Multiplier: 1.7, MaxInterval: 5 * time.Second}
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		err := read(ctx)
		var passing later
		if err != nil && !errors.As(err, &passing) {
			return struct{}{}, backoff.Permanent(err)
		}
		return struct{}{}, err
	}, backoff.WithBackOff(wait), backoff.WithMaxElapsedTime(patience))
	return err
}
