package run

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/rollcall-app/rollcall/app/atlassian"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/problem"
)

// verify reads the group back until it is as planned. Whoever was invited may
// have to accept first: then the group is waiting.
func (s *syncing) verify(ctx context.Context) error {
	var missing, surplus []string
	written, asked := time.Now(), 0
	if err := s.pause(ctx, time.Duration(s.shownAfter.Load())); err != nil {
		return err
	}
	err := s.await(ctx, func(ctx context.Context) (err error) {
		asked++
		// The whole group is read again only when those who differed have
		// settled.
		if missing, surplus, err = s.unsettled(ctx, missing, surplus); err != nil {
			return notYet(err)
		}
		if len(missing)+len(surplus) == 0 {
			missing, surplus, err = s.readBack(ctx)
		}
		if err == nil && len(missing)+len(surplus) > 0 {
			err = s.unseen(missing, surplus)
		}
		if err != nil {
			s.say(lang.L("Waiting until Atlassian shows the changes"))
			return notYet(err)
		}
		return nil
	})
	if err != nil && len(surplus) == 0 && len(missing) > 0 && s.onlyInvited(missing) {
		return s.waitForInvited(ctx)
	}
	if err != nil {
		return err
	}
	s.learnDelay(time.Since(written), asked)
	s.result.Missing, s.result.Surplus = nil, nil
	return s.accept()
}

// pause waits before the first question.
func (s *syncing) pause(ctx context.Context, delay time.Duration) error {
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return problem.Of(ctx.Err())
	case <-timer.C:
		return nil
	}
}

// learnDelay takes what a group saw for what the next ones will see; a little less
// where the first question found all as it should be, which an earlier one might.
func (s *syncing) learnDelay(delay time.Duration, asked int) {
	if asked == 1 {
		delay = delay * 3 / 4
	}
	s.shownAfter.Store(int64(min(delay, longestPause)))
}

// waitForInvited leaves the group waiting, as it is now.
func (s *syncing) waitForInvited(ctx context.Context) error {
	missing, surplus, err := s.readBack(ctx)
	if err != nil {
		return err
	}
	if len(surplus) > 0 || !s.onlyInvited(missing) {
		return s.unseen(missing, surplus)
	}
	s.result.Result, s.result.Missing, s.result.Surplus = Waiting, nil, nil
	why := append([]string{lang.N(len(missing), "%d person invited has yet to accept. Fetch again afterwards.", "%d people invited have yet to accept. Fetch again afterwards.", len(missing))}, s.incomplete()...)
	s.result.Error = strings.Join(why, " ")
	return nil
}

// unseen notes a difference as a finding of the group.
func (s *syncing) unseen(missing, surplus []string) error {
	s.result.Missing, s.result.Surplus = missing, surplus
	return problem.New(problem.Incomplete,
		lang.L("Atlassian took the changes, but doesn't show them: %d missing, %d too many.", len(missing), len(surplus)),
		lang.L("Fetch again in a minute and review the group."))
}

// readBack reads the group and gives the accounts that are expected and
// missing, and those that are members and shouldn't be.
func (s *syncing) readBack(ctx context.Context) (missing, surplus []string, err error) {
	now, err := s.Atlassian.MembersNow(ctx, s.target)
	if err != nil {
		return nil, nil, err
	}
	s.result.After = &now
	accounts := counted(now.Accounts)
	for _, account := range accounts {
		if !s.expected[account] {
			surplus = append(surplus, account)
		}
	}
	for account := range s.expected {
		if _, found := slices.BinarySearch(accounts, account); !found {
			missing = append(missing, account)
		}
	}
	slices.Sort(missing)
	return missing, surplus, nil
}

// unsettled asks about the accounts that differed, and gives those that still
// do.
func (s *syncing) unsettled(ctx context.Context, missing, surplus []string) (stillMissing, stillSurplus []string, err error) {
	for part := range slices.Chunk(slices.Concat(missing, surplus), atlassian.AccountsPage) {
		members, err := s.Atlassian.WhoIsIn(ctx, s.target, part)
		if err != nil {
			return missing, surplus, err
		}
		for _, account := range part {
			switch {
			case s.expected[account] && !members[account]:
				stillMissing = append(stillMissing, account)
			case !s.expected[account] && members[account]:
				stillSurplus = append(stillSurplus, account)
			}
		}
	}
	return stillMissing, stillSurplus, nil
}

func (s *syncing) onlyInvited(accounts []string) bool {
	return !slices.ContainsFunc(accounts, func(account string) bool { return !s.invited[account] })
}

// longestPause bounds how long a group waits before its first question.
const longestPause = 30 * time.Second

// later is an error that time may mend.
type later struct{ error }

// Unwrap gives the error itself.
func (l later) Unwrap() error { return l.error }

func notYet(err error) error { return later{err} }

// await repeats a reading until it succeeds, fails for good, or patience ends.
func (p *performance) await(ctx context.Context, read func(context.Context) error) error {
	patience := p.Patience
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
