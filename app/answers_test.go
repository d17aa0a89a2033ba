package app_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/review"
	"github.com/rollcall-app/rollcall/app/run"
	"github.com/rollcall-app/rollcall/app/simulator"
	"github.com/rollcall-app/rollcall/storage"
)

// contested gives a conflicting group with somebody to keep, whom the identity
// provider knows and hasn't disabled, and somebody to keep out.
func contested(t *testing.T, r *review.Review) (row *review.Row, keep, keepOut review.Answer) {
	t.Helper()
	for i := range r.Rows {
		row := &r.Rows[i]
		if row.State != review.Conflict || r.Snapshot.IdP.Groups[row.Source].ReadOnly != "" {
			continue
		}
		var keep, out *review.Answer
		for _, change := range r.Changes(row) {
			answer := r.NewAnswer(row, &change)
			if answer.Kind == review.Keep && r.Obstacle(&answer) == "" {
				keep = &answer
			}
			if answer.Kind == review.KeepOut {
				out = &answer
			}
		}
		if keep != nil && out != nil {
			return row, *keep, *out
		}
	}
	require.Fail(t, "the sample has no contested group")
	return nil, keep, keepOut
}

// carryOut carries out what was answered.
func (s *session) carryOut(t *testing.T) *run.Report {
	t.Helper()
	r := s.review(t)
	p, err := s.app.PlanAnswers(context.Background(), r, app.Answered(r), nil)
	require.NoError(t, err)
	report, err := s.app.Sync(context.Background(), p, "as agreed", nil)
	require.NoError(t, err)
	return report
}

func found(t *testing.T, r *review.Review, name string) *review.Row {
	t.Helper()
	row, err := app.Find(r, name)
	require.NoError(t, err)
	return row
}

// Through every provider that can be changed: who is kept and who is kept out
// becomes so in the IdP group, and with it the conflict ends for them.
func TestAnswersAreCarriedOutInTheIdentityProvider(t *testing.T) {
	for _, name := range simulator.Providers() {
		t.Run(name, func(t *testing.T) {
			if name == "ldap" && !simulator.SlapdInstalled() {
				t.Skip("OpenLDAP isn't installed: install the package slapd")
			}
			s := start(t, simulator.Options{IdP: name})
			s.connectSample(t)
			r := s.fetch(t)
			row, keep, keepOut := contested(t, r)
			require.NoError(t, s.app.Answer(r, keep, keepOut))

			r = s.review(t)
			answered := found(t, r, row.Name)
			require.Len(t, r.Answers(answered), 2)
			require.Contains(t, app.BlockedBy(r, answered, plan.DefaultThresholds()), plan.OpenAnswers, "a sync would do what was answered against")
			report := s.carryOut(t)
			require.Len(t, report.Groups, 1)
			require.Equal(t, run.Answered, report.Groups[0].Result, report.Groups[0].Error)

			for _, r := range []*review.Review{s.review(t), s.fetch(t)} { // at once, and as read again
				after := found(t, r, row.Name)
				require.Empty(t, r.Answers(after))
				require.Equal(t, row.Added-1, after.Added)
				require.Equal(t, row.Removed-1, after.Removed)
				require.NotContains(t, app.BlockedBy(r, after, plan.DefaultThresholds()), plan.OpenAnswers)
			}
			todos, err := s.app.Todos(s.review(t))
			require.NoError(t, err)
			require.Len(t, todos, 2)
			require.False(t, todos[0].Done.IsZero() || todos[1].Done.IsZero(), "they are checked off")
		})
	}
}

func TestARenamedGroupLeavesTheAtlassianGroupAsItIs(t *testing.T) {
	s := start(t, simulator.Options{})
	s.connectSample(t)
	r := s.fetch(t)
	row, _, _ := contested(t, r)
	free := r.FreeName(row)
	require.False(t, r.NameTaken(free))
	err := s.app.Answer(r, app.RenameAnswer(r, row, found(t, r, "legal").Name))
	require.True(t, problem.Is(err, problem.Refused), "%v", err)

	require.NoError(t, s.app.Answer(r, app.RenameAnswer(r, row, free)))
	before, _ := s.simulation.Members(row.Name)
	report := s.carryOut(t)
	require.Equal(t, run.Answered, report.Groups[0].Result, report.Groups[0].Error)
	require.Equal(t, free, report.Groups[0].Renamed)
	r = s.fetch(t)
	require.Equal(t, review.New, found(t, r, free).State, "it is a group of its own now")
	_, err = app.Find(r, row.Name)
	require.True(t, problem.Is(err, problem.NotFound), "%v", err)
	after, _ := s.simulation.Members(row.Name)
	require.Equal(t, before, after)

	s.undo(t, app.Undoing{}, nil)
	r = s.fetch(t)
	require.Equal(t, row.State, found(t, r, row.Name).State)
}

func TestANameTakenInAtlassianMeanwhileIsNotTaken(t *testing.T) {
	s := start(t, simulator.Options{})
	s.connectSample(t)
	r := s.fetch(t)
	row, _, _ := contested(t, r)
	other := slices.IndexFunc(r.Snapshot.Atlassian.Groups, func(g directory.Group) bool { return directory.FoldName(g.Name) != directory.FoldName(row.Name) })
	// The snapshot doesn't know of the other group yet.
	answer := app.RenameAnswer(r, row, "taken-meanwhile")
	require.NoError(t, s.app.Answer(r, answer))
	p, err := s.app.PlanAnswers(context.Background(), s.review(t), app.Answered(s.review(t)), nil)
	require.NoError(t, err)
	p.Sources[0].Rename = r.Snapshot.Atlassian.Groups[other].Name
	report, err := s.app.Sync(context.Background(), p, "", nil)
	require.NoError(t, err)
	require.Equal(t, run.Changed, report.Groups[0].Result)
	require.Contains(t, report.Groups[0].Error, "has a group named")
}

func TestAGroupThatChangedInTheIdentityProviderIsLeftAlone(t *testing.T) {
	s := start(t, simulator.Options{})
	s.connectSample(t)
	r := s.fetch(t)
	row, keep, keepOut := contested(t, r)
	require.NoError(t, s.app.Answer(r, keep))
	s.simulation.PutMember(keep.Group, keepOut.Person, false)
	report := s.carryOut(t)
	require.Equal(t, run.Changed, report.Groups[0].Result)
	require.Len(t, s.review(t).Answers(found(t, s.review(t), row.Name)), 1, "it stays to be done")
	past, err := s.store.Past(report.ID)
	require.NoError(t, err)
	require.Empty(t, past.Operations)
}

// What a provider's console calls it stands on the list, and what was done there
// by hand is checked off by the next fetch.
func TestWhatIsDoneByHandIsCheckedOffByTheNextFetch(t *testing.T) {
	s := start(t, simulator.Options{})
	s.connectSample(t)
	r := s.fetch(t)
	row, keep, keepOut := contested(t, r)
	require.NoError(t, s.app.Answer(r, keep, keepOut))
	todos, err := s.app.Todos(s.review(t))
	require.NoError(t, err)
	require.Len(t, todos, 2)
	for _, todo := range todos {
		require.Contains(t, todo.ByHand, "Directory › Groups › “"+row.Name+"” › People")
		require.Contains(t, todo.ByHand, todo.Email)
		require.True(t, todo.Done.IsZero())
	}
	s.simulation.PutMember(keep.Group, keep.Person, true)
	r = s.fetch(t)
	require.Len(t, r.Answers(found(t, r, row.Name)), 1)
	todos, err = s.app.Todos(r)
	require.NoError(t, err)
	require.Equal(t, review.KeepOut, todos[0].Kind, "what is left comes first")
	require.False(t, todos[1].Done.IsZero())

	require.NoError(t, s.app.Unanswer(todos[0].Answer))
	require.Empty(t, app.Answered(s.review(t)))
}

func TestWhoIsUnknownOrDisabledInTheIdentityProviderIsLeftForAPerson(t *testing.T) {
	s := start(t, simulator.Options{})
	s.connectSample(t)
	r := s.fetch(t)
	_, disabled, _ := contested(t, r)
	for _, user := range s.simulation.Company.Users {
		if user.ID == disabled.Person {
			user.Status = "SUSPENDED"
			s.simulation.PutUser(user)
		}
	}
	r = s.fetch(t)
	var stranger *review.Answer
	for _, answer := range app.AnswersTo(r, app.All(r).Rows, review.Keep) {
		if answer.Person == "" {
			stranger = &answer
		}
	}
	require.NotNil(t, stranger)
	require.NoError(t, s.app.Answer(r, *stranger, disabled))
	todos, err := s.app.Todos(s.review(t))
	require.NoError(t, err)
	texts := ""
	for _, todo := range todos {
		texts += todo.Obstacle + "\n" + todo.ByHand + "\n"
	}
	require.Contains(t, texts, "knows nobody of this address")
	require.Contains(t, texts, "First create the person")
	require.Contains(t, texts, "suspended in the identity provider")
	report := s.carryOut(t)
	for _, group := range report.Groups {
		require.Equal(t, run.Skipped, group.Result)
		require.Contains(t, group.Error, "Left for you")
	}
}

func TestADynamicGroupIsRefusedWithTheReason(t *testing.T) {
	company := simulator.Sample(1, 20, 200)
	for i := range company.SourceGroups {
		company.SourceGroups[i].Type = "APP_GROUP"
	}
	s := start(t, simulator.Options{IdP: "entra", Company: company})
	s.connectSample(t)
	r := s.fetch(t)
	answers := app.AnswersTo(r, app.All(r).Rows, review.KeepOut)
	require.NotEmpty(t, answers)
	err := s.app.Answer(r, answers[0])
	require.True(t, problem.Is(err, problem.Refused), "%v", err)
	require.ErrorContains(t, err, "dynamic group")
}

func TestNobodyIsRemovedByHandFromAGroupThatARuleFills(t *testing.T) {
	company := simulator.Sample(1, 20, 200)
	for i := range company.SourceGroups {
		company.SourceGroups[i].Rule = "everybody in sales"
	}
	s := start(t, simulator.Options{Company: company})
	s.connectSample(t)
	r := s.fetch(t)
	_, keep, keepOut := contested(t, r)
	require.NoError(t, s.app.Answer(r, keep, keepOut))
	r = s.review(t)
	p, err := s.app.PlanAnswers(context.Background(), r, app.Answered(r), nil)
	require.NoError(t, err)
	require.Len(t, p.Sources[0].Add, 1)
	require.Empty(t, p.Sources[0].Remove)
	require.Contains(t, p.Sources[0].LeftOut[0].Why, "everybody in sales")
}

func TestWhatElseAGroupFeedsIsSaidBefore(t *testing.T) {
	company := simulator.Sample(1, 20, 200)
	for i := range company.SourceGroups {
		company.SourceGroups[i].Feeds = []string{"Slack", "GitHub"}
	}
	s := start(t, simulator.Options{Company: company})
	s.connect(t, app.IdPSettings{App: company.App})
	r := s.fetch(t)
	_, keep, _ := contested(t, r)
	require.NoError(t, s.app.Answer(r, keep))
	r = s.review(t)
	p, err := s.app.PlanAnswers(context.Background(), r, app.Answered(r), nil)
	require.NoError(t, err)
	require.Contains(t, p.Sources[0].Others(), "also assigned to Slack, GitHub")

	s = start(t, simulator.Options{IdP: "google"})
	s.connectSample(t)
	r = s.fetch(t)
	_, keep, _ = contested(t, r)
	require.NoError(t, s.app.Answer(r, keep))
	r = s.review(t)
	p, err = s.app.PlanAnswers(context.Background(), r, app.Answered(r), nil)
	require.NoError(t, err)
	require.Contains(t, p.Sources[0].Others(), "may feed other applications")
}

// The law: answering every member change and carrying it out leaves no difference
// that was answered, and undoing gives the identity provider what it was.
func TestCarryingOutAndUndoingGivesWhatWas(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		s := start(t, simulator.Options{Company: simulator.Sample(rapid.Uint64Range(1, 50).Draw(r, "seed"), 12, 60)})
		s.connectSample(t)
		fetched := s.fetch(t)
		all := slices.Concat(app.AnswersTo(fetched, app.All(fetched).Rows, review.Keep), app.AnswersTo(fetched, app.All(fetched).Rows, review.KeepOut))
		all = slices.DeleteFunc(all, func(answer review.Answer) bool { return fetched.Obstacle(&answer) != "" })
		if len(all) == 0 {
			r.Skip("nothing to answer")
		}
		chosen := all[:rapid.IntRange(1, len(all)).Draw(r, "answers")]
		before := withoutIDs(t, fetched)
		require.NoError(t, s.app.Answer(fetched, chosen...))
		report := s.carryOut(t)
		for _, group := range report.Groups {
			require.Equal(t, run.Answered, group.Result, group.Error)
		}
		after := s.fetch(t)
		require.Empty(t, app.Answered(after))
		counts := report.Counts()
		require.Equal(t, len(chosen), counts.Added+counts.Removed)
		s.undo(t, app.Undoing{}, nil)
		require.Equal(t, before.Groups, withoutIDs(t, s.fetch(t)).Groups)
	})
}

func TestADecisionWhoseFactsChangedSaysWhatChanged(t *testing.T) {
	s := start(t, simulator.Options{})
	s.connectSample(t)
	r := s.fetch(t)
	row, keep, keepOut := contested(t, r)
	require.NoError(t, s.app.Reject(r, []*review.Row{row}, "not yet"))
	changes, err := s.app.WhatChanged(s.review(t), found(t, s.review(t), row.Name))
	require.NoError(t, err)
	require.Empty(t, changes)

	s.simulation.PutMember(keep.Group, keep.Person, true)
	s.simulation.PutMember(keep.Group, keepOut.Person, false)
	r = s.fetch(t)
	require.Equal(t, review.Changed, found(t, r, row.Name).State)
	changes, err = s.app.WhatChanged(r, found(t, r, row.Name))
	require.NoError(t, err)
	require.Len(t, changes, 2)
	require.Contains(t, changes[0], "Would no longer be removed: "+keep.Who)
	require.Contains(t, changes[1], "Would no longer be")
	require.Contains(t, changes[1], keepOut.Who)
}

// breakingStore ends as in a crash when it has recorded so much.
type breakingStore struct {
	*storage.Database
	left int
}

func (b *breakingStore) Record(id string, operation run.Operation) error {
	if b.left--; b.left < 0 {
		return errors.New("the power went")
	}
	return b.Database.Record(id, operation)
}

func (b *breakingStore) GroupDone(id string, result run.GroupResult) error {
	if b.left < 0 {
		return errors.New("the power went")
	}
	return b.Database.GroupDone(id, result)
}

// Wherever it is interrupted, before or after an answer came, carrying out goes on
// where it stopped, and nothing is done twice.
func TestCarryingOutGoesOnWhereItWasInterrupted(t *testing.T) {
	for records := range 4 {
		s := start(t, simulator.Options{})
		s.connectSample(t)
		r := s.fetch(t)
		row, keep, keepOut := contested(t, r)
		require.NoError(t, s.app.Answer(r, keep, keepOut))
		r = s.review(t)
		p, err := s.app.PlanAnswers(context.Background(), r, app.Answered(r), nil)
		require.NoError(t, err)
		s.app.Store = &breakingStore{s.store, records}
		_, err = s.app.Sync(context.Background(), p, "", nil)
		require.Error(t, err)
		s.app.Store = s.store

		report, err := s.app.Resume(context.Background(), nil)
		require.NoError(t, err)
		require.Equal(t, run.Answered, report.Groups[0].Result, "after %d records: %s", records, report.Groups[0].Error)
		require.Equal(t, []int{1, 1}, []int{report.Groups[0].Added, report.Groups[0].Removed})
		after := found(t, s.review(t), row.Name)
		require.Empty(t, s.review(t).Answers(after))
		require.Equal(t, row.Removed-1, after.Removed)
		past, err := s.store.Past(report.ID)
		require.NoError(t, err)
		took := 0
		for i := range past.Operations {
			if past.Operations[i].TookEffect() {
				took++
			}
		}
		require.LessOrEqual(t, took, 2)
	}
}

// Of a group that went out of scope nothing is claimed: neither that it is done nor
// that anything is left to do.
func TestAnAnswerAboutAGroupOutOfScopeIsNotTakenForDone(t *testing.T) {
	s := start(t, simulator.Options{})
	s.connectSample(t)
	r := s.fetch(t)
	_, keep, _ := contested(t, r)
	require.NoError(t, s.app.Answer(r, keep))
	s.simulation.DeleteSource(keep.Group)
	r = s.fetch(t)
	require.Empty(t, app.Answered(r))
	todos, err := s.app.Todos(r)
	require.NoError(t, err)
	require.Len(t, todos, 1)
	require.True(t, todos[0].Done.IsZero())
	require.Contains(t, todos[0].Obstacle, "isn't in scope any more")
}
