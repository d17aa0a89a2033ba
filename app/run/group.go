package run

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/rollcall-app/rollcall/app/atlassian"
	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/remote"
)

// changed is the reason why a group is left alone.
type changed string

// Error gives the reason.
func (c changed) Error() string {
	return lang.L("%s It was left alone: fetch and review it again.", string(c))
}

// syncing is one group being synced.
type syncing struct {
	*performance
	plan   *plan.Group
	target directory.Group
	result GroupResult
	// before is the Atlassian group as it was just before writing; nil for one
	// to be created.
	before *atlassian.GroupNow
	// expected are the account ids that the group shall have in the end, those
	// outside membership left out.
	expected map[string]bool
	// invited are the account ids that invitations were answered with.
	invited map[string]bool
	// written says that others may write now; calling it again does nothing.
	written func()
	// recalled is what the run did to the group before it was interrupted.
	recalled *recalled
}

// operation begins to note a write to the group.
func (s *syncing) operation(kind Kind, account string) *Operation {
	return &Operation{Kind: kind, Group: s.plan.Name, Key: s.plan.Key(), Account: account}
}

// group syncs one group: reads again, writes, verifies. Once all is written it
// calls written.
func (p *performance) group(ctx context.Context, group *plan.Group, written func()) GroupResult {
	s := p.syncing(group)
	s.written = written
	defer written()
	return s.ended(s.perform(ctx))
}

// syncing begins with a group.
func (p *performance) syncing(group *plan.Group) *syncing {
	return &syncing{
		performance: p, plan: group, result: GroupResult{Name: group.Name, Source: group.Source, Site: group.Site, Made: group.Target == nil},
		expected: map[string]bool{}, invited: map[string]bool{}, recalled: recall(p.pastOf(group.Key())),
	}
}

// ended gives the group's result.
func (s *syncing) ended(err error) GroupResult {
	if err != nil {
		s.result.fail(err)
	}
	return s.result
}

// fail says why a group isn't what it should be.
func (g *GroupResult) fail(err error) {
	var why changed
	if errors.As(err, &why) {
		g.Result, g.Error = Changed, why.Error()
	} else {
		g.Result, g.Error = Failed, problem.Of(err).Error()
	}
}

func (s *syncing) perform(ctx context.Context) error {
	if s.plan.Peaks && s.noRoom {
		return errNoRoom()
	}
	if err := s.readAgain(ctx); err != nil {
		return err
	}
	if s.plan.Operations() == 0 {
		s.result.After = s.before // what was just read is what shall be
		return s.accept()
	}
	for _, step := range []func(context.Context) error{s.create, s.invite, s.add, s.remove} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	s.written()
	return s.verify(ctx)
}

// leftOut are how many of the plan's people have no account all the same.
func (s *syncing) leftOut() (n int) {
	for i := range s.plan.Create {
		if _, err := s.accountOf(&s.plan.Create[i]); err != nil {
			n++
		}
	}
	return n
}

// accept ends a group that is as planned. It waits where members were left out.
func (s *syncing) accept() error {
	s.result.Invited = nil
	s.result.Result = Synced
	if why := s.incomplete(); len(why) > 0 {
		s.result.Result, s.result.Error = Waiting, strings.Join(why, " ")
	}
	return nil
}

// incomplete says why not all members of the IdP group are members now.
func (s *syncing) incomplete() (why []string) {
	if n := s.leftOut(); n > 0 {
		why = append(why, lang.N(n, "No account could be created for %d member of the IdP group, who was left out. Look at the people of this run for the reason, then fetch again.",
			"No account could be created for %d members of the IdP group, who were left out. Look at the people of this run for the reason, then fetch again.", n))
	}
	if n := s.plan.Unmatched; n > 0 {
		why = append(why, lang.N(n, "%d member of the IdP group can't be matched and was left out. Correct the address, then fetch again.",
			"%d members of the IdP group can't be matched and were left out. Correct their addresses, then fetch again.", n))
	}
	return why
}

// readAgain compares both sides, as they are now, with what was reviewed. The
// source of an undo is the past, which doesn't change.
func (s *syncing) readAgain(ctx context.Context) error {
	if s.performance.plan.Undoes == "" {
		if err := s.readSource(ctx); err != nil {
			return err
		}
	}
	if s.plan.Target == nil {
		return s.stillAbsent(ctx)
	}
	return s.readTarget(ctx)
}

// readSource compares the IdP group, as it is now, with what was reviewed.
func (s *syncing) readSource(ctx context.Context) error {
	source, err := s.IdP.Now(ctx, s.plan.Source)
	if problem.Is(err, problem.NotFound) {
		return changed(lang.L("The IdP group no longer exists."))
	}
	if err != nil {
		return err
	}
	if directory.FoldName(source.Group.Name) != directory.FoldName(s.plan.Name) {
		return changed(lang.L("The IdP group is named “%s” now.", source.Group.Name))
	}
	if source.Group.Unreadable != "" {
		return changed(lang.L("Not everybody in the IdP group can be read any more: %s.", source.Group.Unreadable))
	}
	if plan.PeopleFact(source.Members) != s.plan.People {
		return changed(lang.L("The members of the IdP group have changed since it was reviewed."))
	}
	return nil
}

// readTarget compares the Atlassian group, as it is now, with what was reviewed.
// What the run did before it was interrupted may take a while to be seen.
func (s *syncing) readTarget(ctx context.Context) error {
	return s.await(ctx, func(ctx context.Context) error {
		now, err := s.Atlassian.Now(ctx, *s.plan.Target)
		if problem.Is(err, problem.NotFound) {
			return changed(lang.L("The Atlassian group no longer exists."))
		}
		if err == nil {
			err = s.compare(now)
		}
		if err != nil && s.recalled.any {
			return notYet(err)
		}
		return err
	})
}

func (s *syncing) stillAbsent(ctx context.Context) error {
	if s.recalled.maybeCreated {
		// If it isn't seen it is made now: where it is there after all,
		// Atlassian says so.
		_, err := s.createdBefore(ctx)
		return err
	}
	if s.recalled.created {
		return s.awaitCreated(ctx)
	}
	groups, err := s.Atlassian.Named(ctx, s.plan.Site, s.plan.Name)
	if err != nil {
		return err
	}
	if len(groups) > 0 {
		return changed(lang.L("Atlassian has a group of this name now."))
	}
	return nil
}

func (s *syncing) compare(now atlassian.GroupNow) error {
	if directory.FoldName(now.Group.Name) != directory.FoldName(s.plan.Target.Name) {
		return changed(lang.L("The Atlassian group is named “%s” now.", now.Group.Name))
	}
	if now.Group.Synced == directory.ManagedYes && s.plan.Target.Synced != directory.ManagedYes {
		return changed(lang.L("An identity provider manages the Atlassian group now."))
	}
	if !sameGrants(now.Grants, s.plan.Grants) {
		return changed(lang.L("What the Atlassian group gives has changed since it was reviewed."))
	}
	if !s.recalled.fits(s.plan.Accounts, now.Accounts) {
		return changed(lang.L("The members of the Atlassian group have changed since it was reviewed."))
	}
	s.target, s.before = now.Group, &now
	for _, account := range counted(now.Accounts) {
		s.expected[account] = true
	}
	if s.recalled.any {
		s.goOn(&now)
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

func sameGrants(a, b []directory.ResourceGrant) bool {
	order := func(x, y directory.ResourceGrant) int {
		return strings.Compare(fmt.Sprint(x), fmt.Sprint(y))
	}
	return slices.Equal(slices.SortedFunc(slices.Values(a), order), slices.SortedFunc(slices.Values(b), order))
}

// create makes the group where Atlassian has none, and waits until it is seen.
func (s *syncing) create(ctx context.Context) error {
	if s.plan.Target != nil || s.before != nil {
		return nil
	}
	err := s.write(ctx, s.operation(Create, ""), func(ctx context.Context) error {
		return s.Atlassian.CreateGroup(ctx, s.plan.Site, s.plan.Name)
	})
	if remote.Status(err) == http.StatusConflict && s.recalled.maybeCreated {
		return s.awaitCreated(ctx)
	}
	if remote.Status(err) == http.StatusConflict {
		return changed(lang.L("Atlassian has a group of this name now."))
	}
	if err != nil {
		return err
	}
	s.advance(Create, 1)
	return s.await(ctx, func(ctx context.Context) error {
		groups, err := s.Atlassian.Named(ctx, s.plan.Site, s.plan.Name)
		if err != nil {
			return err
		}
		if len(groups) != 1 {
			return notYet(problem.New(problem.Incomplete, lang.L("The group was created, but Atlassian doesn't show it yet."), lang.L("Fetch again in a minute and sync it then.")))
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
		operation := s.operation(Invite, strings.Join(emails, " "))
		err := s.write(ctx, operation, func(ctx context.Context) (err error) {
			answers, err = s.Atlassian.Invite(ctx, s.target, emails)
			for _, answer := range answers {
				operation.Accounts = append(operation.Accounts, answer.Account)
			}
			return err
		})
		if err != nil {
			return err
		}
		told := 0
		for _, answer := range answers {
			if answer.Account != "" {
				told++
			}
			if answer.Refusal != "" {
				return problem.New(problem.Rejected, lang.L("Atlassian didn't take %s into the group: %s.", answer.Email, strings.TrimSuffix(answer.Refusal, ".")),
					lang.L("Check the seats of the products that the group gives, then sync it again."))
			}
			if other := anothers(part, &answer); other != nil {
				return other
			}
			s.expected[answer.Account], s.invited[answer.Account] = true, true
		}
		if told != len(emails) {
			return problem.New(problem.Incomplete, lang.L("Atlassian didn't say which accounts the invited people have."), lang.L("Fetch again in a minute and review the group."))
		}
		for _, email := range emails {
			s.result.Invited = append(s.result.Invited, directory.FoldAddress(email))
		}
		s.result.Provisioned += len(part)
		s.result.Added += len(part)
		s.advance(Invite, len(part))
	}
	return nil
}

// anothers is the problem of an invitation that was answered with another account
// than the one that is known to be the person's.
func anothers(invited []plan.Member, answer *atlassian.Invited) error {
	for i := range invited {
		member := &invited[i]
		if directory.FoldAddress(member.Email) == directory.FoldAddress(answer.Email) && member.Account != "" && answer.Account != "" && member.Account != answer.Account {
			return problem.New(problem.Incomplete, lang.L("Atlassian took %s for another account than the one of %s.", answer.Email, member.Name),
				lang.L("Undo the group, and look at both accounts at admin.atlassian.com."))
		}
	}
	return nil
}

func (s *syncing) add(ctx context.Context) error {
	for _, member := range slices.Concat(s.plan.Add, s.plan.Create) {
		isNew := member.Account == ""
		var err error
		if member.Account, err = s.accountOf(&member); errors.Is(err, errNoAccount) {
			continue // the group waits for them
		}
		if isNew {
			err = s.addNew(ctx, member)
		} else {
			err = s.addMember(ctx, member)
		}
		if remote.Status(err) == http.StatusConflict {
			err = s.alreadyMember(ctx, member)
		}
		if err != nil {
			return err
		}
		s.expected[member.Account] = true
		s.result.Added++
		if isNew {
			s.result.Provisioned++
		}
		s.advance(Add, 1)
	}
	return nil
}

func (s *syncing) addMember(ctx context.Context, member plan.Member) error {
	return s.write(ctx, s.operation(Add, member.Account), func(ctx context.Context) error {
		return s.Atlassian.Add(ctx, s.target, member.Account)
	})
}

// addNew adds an account that this run created, which Atlassian may not show
// yet.
func (s *syncing) addNew(ctx context.Context, member plan.Member) error {
	return s.await(ctx, func(ctx context.Context) error {
		err := s.addMember(ctx, member)
		if remote.Status(err) == http.StatusNotFound {
			return notYet(err)
		}
		return err
	})
}

// alreadyMember tells the two meanings of 409 apart by reading: the account is a
// member already, or there is no seat left.
func (s *syncing) alreadyMember(ctx context.Context, member plan.Member) error {
	return s.await(ctx, func(ctx context.Context) error {
		members, err := s.Atlassian.WhoIsIn(ctx, s.target, []string{member.Account})
		if err != nil {
			return notYet(err)
		}
		if !members[member.Account] {
			return notYet(problem.New(problem.Rejected, lang.L("Atlassian didn't add %s: a product that the group gives has no seat left.", member.Name),
				lang.L("Get more seats or free some, then fetch and sync the group again. Nobody was removed.")))
		}
		return nil
	})
}

func (s *syncing) remove(ctx context.Context) error {
	for _, member := range s.plan.Remove {
		if _, err := s.removeMember(ctx, member); err != nil {
			return err
		}
	}
	return nil
}

func (s *syncing) removeMember(ctx context.Context, member plan.Member) (*Operation, error) {
	operation := s.operation(Remove, member.Account)
	err := s.write(ctx, operation, func(ctx context.Context) error {
		return s.Atlassian.Remove(ctx, s.target, member.Account)
	})
	// 404: no longer a member. Verifying tells if it was something else.
	if err != nil && remote.Status(err) != http.StatusNotFound {
		return operation, err
	}
	delete(s.expected, member.Account)
	s.result.Removed++
	s.advance(Remove, 1)
	return operation, nil
}
