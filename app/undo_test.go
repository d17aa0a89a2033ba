package app_test

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/run"
	"github.com/rollcall-app/rollcall/app/simulator"
)

// undo takes back what of a run is asked for.
func (s *session) undo(t *testing.T, what app.Undoing, overrides plan.Overrides) (*app.Undo, *run.Report) {
	t.Helper()
	u, err := s.app.MakeUndo(what)
	require.NoError(t, err)
	report, err := s.app.Sync(context.Background(), u.Plan(app.Settings{}.Terms(overrides)), "a mistake", nil)
	require.NoError(t, err)
	return u, report
}

// everyMember gives the members of all groups that a company had at first, as
// they truly are.
func (s *session) everyMember() map[string][]string {
	members := map[string][]string{}
	for _, group := range s.simulation.Company.Groups {
		members[group.Name], _ = s.simulation.Members(group.Name)
	}
	return members
}

// The law: undoing a run gives Atlassian what it was, and undoing that gives
// what the run made of it.
func TestUndoingARunGivesWhatWas(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		company := simulator.Sample(rapid.Uint64Range(1, 50).Draw(r, "seed"), 15, 80)
		company.PendingDomains = nil
		s := start(t, simulator.Options{Company: company})
		s.connect(t, app.IdPSettings{})
		s.fetch(t)
		before := s.everyMember()
		s.sync(t, everyGuard)
		after := s.everyMember()
		u, report := s.undo(t, app.Undoing{}, everyGuard)
		for _, group := range report.Groups {
			require.Equal(t, run.Synced, group.Result, "%s: %s", group.Name, group.Error)
		}
		require.Equal(t, before, s.everyMember())
		_, err := s.app.MakeUndo(app.Undoing{Run: u.Run.ID})
		require.True(t, problem.Is(err, problem.NotFound), "nothing of it stands any more: %v", err)
		s.fetch(t)
		s.undo(t, app.Undoing{Run: report.ID}, everyGuard)
		require.Equal(t, after, s.everyMember())
	})
}

func TestAGroupOrAPersonOfARunIsUndone(t *testing.T) {
	company := simulator.Sample(2, 40, 200)
	company.PendingDomains = nil
	s := start(t, simulator.Options{Company: company})
	s.connect(t, app.IdPSettings{})
	s.fetch(t)
	before := s.everyMember()
	report := s.sync(t, everyGuard)
	after := s.everyMember()
	several := report.Groups[slices.IndexFunc(report.Groups, func(g run.GroupResult) bool { return g.Result == run.Synced && g.Removed > 1 && g.Added > 0 })]

	gone := slices.DeleteFunc(slices.Clone(before[several.Name]), func(id string) bool { return slices.Contains(after[several.Name], id) })
	_, undone := s.undo(t, app.Undoing{Group: several.Name, Person: gone[0]}, nil)
	require.Len(t, undone.Groups, 1)
	require.Equal(t, 1, undone.Groups[0].Added)
	members, _ := s.simulation.Members(several.Name)
	require.ElementsMatch(t, append(slices.Clone(after[several.Name]), gone[0]), members, "that person alone")

	_, undone = s.undo(t, app.Undoing{Run: report.ID, Group: several.Name}, everyGuard)
	require.Len(t, undone.Groups, 1)
	now := s.everyMember()
	require.Equal(t, before[several.Name], now[several.Name])
	for name := range after {
		if name != several.Name {
			require.Equal(t, after[name], now[name], name)
		}
	}
}

func TestOnlyWhatStillStandsIsUndone(t *testing.T) {
	s := start(t, simulator.Options{Company: simulator.Sample(2, 40, 200)})
	s.connect(t, app.IdPSettings{})
	s.fetch(t)
	before := s.everyMember()
	report := s.sync(t, everyGuard)
	group := report.Groups[slices.IndexFunc(report.Groups, func(g run.GroupResult) bool { return g.Result == run.Synced && g.Removed > 1 })]
	after := s.everyMember()[group.Name]
	gone := slices.DeleteFunc(slices.Clone(before[group.Name]), func(id string) bool { return slices.Contains(after, id) })
	s.simulation.Disturb(group.Name, []string{gone[0]}, nil) // somebody put one back already

	// The snapshot doesn't know: what differs is left alone.
	_, undone := s.undo(t, app.Undoing{Group: group.Name}, everyGuard)
	require.Equal(t, run.Changed, undone.Groups[0].Result)
	s.fetch(t)
	_, undone = s.undo(t, app.Undoing{Run: report.ID, Group: group.Name}, everyGuard)
	require.Equal(t, run.Synced, undone.Groups[0].Result, undone.Groups[0].Error)
	require.Equal(t, len(gone)-1, undone.Groups[0].Added)
}

func TestAnUndoIsGuardedAndSaysWhatItCantTakeBack(t *testing.T) {
	company := simulator.Sample(1, 60, 500)
	s := start(t, simulator.Options{Company: company})
	s.connect(t, app.IdPSettings{})
	s.fetch(t)
	s.sync(t, everyGuard)
	u, err := s.app.MakeUndo(app.Undoing{})
	require.NoError(t, err)
	notes := ""
	for _, note := range u.Notes {
		notes += note + "\n"
	}
	require.Contains(t, notes, "was created and stays")
	require.Contains(t, notes, "can't be taken back")
	held := map[plan.Guard]bool{}
	for _, group := range u.Plan(app.Settings{}.Terms(nil)).Groups {
		for _, finding := range group.Findings {
			held[finding.Guard] = true
		}
	}
	require.True(t, held[plan.EmptyGroup] || held[plan.GroupRemovals], "a created group would lose everybody: %v", held)

	_, err = s.app.MakeUndo(app.Undoing{Run: "none"})
	require.True(t, problem.Is(err, problem.NotFound), "%v", err)
}

func TestNamesAndDeactivationsAreUndone(t *testing.T) {
	s := provisioned(t, staff(), nil)
	s.fetch(t)
	s.sync(t, everyGuard)
	require.Equal(t, "deactivated", s.simulation.AccountStatus("a-off"))
	u, report := s.undo(t, app.Undoing{}, everyGuard)
	require.Len(t, report.People, 2)
	require.Equal(t, "active", s.simulation.AccountStatus("a-off"))
	require.Equal(t, "Liam Former", s.simulation.Provisioned()["liam@x.io"].Name)
	require.Contains(t, u.Notes[len(u.Notes)-1], "The account of nora@x.io was created and stays")
	members, _ := s.simulation.Members("staff")
	require.ElementsMatch(t, []string{"a-owner", "a-liam", "a-off", "a-paused", "a-old"}, members)
}

func TestUndoWorksUnderOriginalUserManagement(t *testing.T) {
	s := start(t, simulator.Options{Company: simulator.Sample(5, 30, 200), Original: true})
	s.connectSites(t)
	r := s.fetch(t)
	before := map[directory.GroupNo][]string{}
	members := func(no directory.GroupNo) []string {
		group := r.Snapshot.Atlassian.Groups[no]
		list, _ := s.simulation.SiteMembers(group.Site, group.Name)
		return list
	}
	for i := range r.Snapshot.Atlassian.Groups {
		before[directory.GroupNo(i)] = members(directory.GroupNo(i))
	}
	s.sync(t, allGuards)
	_, report := s.undo(t, app.Undoing{}, everyGuard)
	undone := 0
	for _, group := range report.Groups {
		require.Equal(t, run.Synced, group.Result, "%s: %s", group.Title(), group.Error)
		undone++
	}
	require.Positive(t, undone)
	for no, list := range before {
		require.Equal(t, list, members(no), r.Snapshot.Atlassian.Groups[no].Name)
	}
}
