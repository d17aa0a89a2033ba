package run

import (
	"context"
	"slices"

	"github.com/rollcall-app/rollcall/app/atlassian"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/remote"
)

func errNoRoom() error {
	return problem.New(problem.Refused, lang.L("The seats that its new members need couldn't all be freed first."),
		lang.L("Nobody was added to it. Look at the other groups of this run for the reason, then fetch and sync it again."))
}

// makeRoom removes those whose seats are needed by whom the plan adds, before
// anybody is added. Where that fails nobody is who would take one of them.
func (p *performance) makeRoom(ctx context.Context, batches [][]*plan.Group) {
	var first []*plan.Group
	for _, group := range slices.Concat(batches...) {
		if group.Frees() {
			first = append(first, group)
		}
	}
	if len(first) > 0 {
		p.removeFirst(ctx, first)
	}
	for i := range p.plan.Groups {
		group := &p.plan.Groups[i]
		result, ended := p.results[group.Key()]
		p.noRoom = p.noRoom || group.Frees() && (ended && result.Result != Synced && result.Result != Waiting || ctx.Err() != nil)
	}
}

// removeFirst is the first pass over the groups that free seats.
func (p *performance) removeFirst(ctx context.Context, first []*plan.Group) {
	stage := lang.L("Freeing seats")
	p.stage.Store(&stage)
	p.advance("", 0)
	// The function never fails: a group's failure is its result.
	_ = remote.Each(ctx, len(first), func(ctx context.Context, i int) error {
		s := p.syncing(first[i])
		if err := s.makeRoom(ctx); err != nil {
			p.groupDone(first[i].Key(), s.ended(err))
		}
		return nil
	})
}

// makeRoom removes those of the group that come first, and waits until that is
// seen.
func (s *syncing) makeRoom(ctx context.Context) error {
	if err := s.readAgain(ctx); err != nil {
		return err
	}
	var gone []string
	for _, member := range s.plan.Remove {
		if !member.First {
			continue
		}
		operation, err := s.removeMember(ctx, member)
		s.note(operation)
		if err != nil {
			return err
		}
		gone = append(gone, member.Account)
	}
	return s.await(ctx, func(ctx context.Context) error {
		for part := range slices.Chunk(gone, atlassian.AccountsPage) {
			members, err := s.Atlassian.WhoIsIn(ctx, s.target, part)
			if err != nil {
				return notYet(err)
			}
			if n := len(members); n > 0 {
				return notYet(problem.New(problem.Incomplete, lang.L("Atlassian took the removals, but still lists %d of those removed.", n), lang.L("Fetch again in a minute and review the group.")))
			}
		}
		return nil
	})
}

// note has the second pass over the group know what the first did.
func (s *syncing) note(operation *Operation) {
	if operation.No == 0 {
		return // it was never sent
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.past[s.plan.Key()] = append(s.past[s.plan.Key()], *operation)
}
