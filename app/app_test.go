package app_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/review"
	"github.com/rollcall-app/rollcall/app/run"
	"github.com/rollcall-app/rollcall/app/simulator"
	"github.com/rollcall-app/rollcall/storage"
)

// session is an App connected to a simulation.
type session struct {
	app        *app.App
	simulation *simulator.Simulation
	store      *storage.Database
}

func start(t *testing.T, options simulator.Options) *session {
	t.Helper()
	if options.Rate == 0 {
		options.Rate = 100_000 // told by headers, so that nothing waits
	}
	simulation, err := simulator.Start(options)
	require.NoError(t, err)
	t.Cleanup(simulation.Close)
	store, err := storage.Open(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	return &session{
		simulation: simulation, store: store,
		app: &app.App{Store: store, Secrets: &app.MemorySecrets{}, Patience: time.Second, Environment: func(string) string { return "" }},
	}
}

// connect connects both sides; idp gives what differs from the usual.
func (s *session) connect(t *testing.T, idp app.IdPSettings) {
	t.Helper()
	s.connectAs(t, idp, simulator.OrgKey)
}

func (s *session) connectAs(t *testing.T, idp app.IdPSettings, key string) {
	t.Helper()
	idp.Provider, idp.URL = "okta", s.simulation.IdPURL
	kept, err := s.app.ConnectIdP(context.Background(), idp, simulator.OktaToken)
	require.NoError(t, err)
	require.True(t, kept)
	_, err = s.app.ConnectAtlassian(context.Background(), app.AtlassianSettings{
		URL: s.simulation.AtlassianURL, Org: s.simulation.Company.Org, Owner: s.simulation.Company.Owner,
	}, key)
	require.NoError(t, err)
}

func (s *session) fetch(t *testing.T) *review.Review {
	t.Helper()
	_, err := s.app.Fetch(context.Background(), nil)
	require.NoError(t, err)
	return s.review(t)
}

func (s *session) review(t *testing.T) *review.Review {
	t.Helper()
	r, err := s.app.Review(false)
	require.NoError(t, err)
	return r
}

// sync syncs all groups.
func (s *session) sync(t *testing.T, overrides plan.Overrides) *run.Report {
	t.Helper()
	r := s.review(t)
	report, err := s.app.Sync(context.Background(), plan.Make(r, app.All(r), app.Settings{}.Terms(overrides)), "", nil)
	require.NoError(t, err)
	return report
}

// memberEmails gives the addresses of the enabled members of an IdP group that
// can be told, by the company itself.
func (s *session) wanted(name string) []string {
	c := s.simulation.Company
	accounts := map[string]string{}
	for _, account := range c.Accounts {
		accounts[directory.FoldAddress(account.Email)] = account.ID
	}
	users := map[string]simulator.User{}
	for _, user := range c.Users {
		users[user.ID] = user
	}
	var ids []string
	for _, group := range c.SourceGroups {
		if group.Name != name {
			continue
		}
		for _, member := range group.Members {
			user := users[member]
			if user.Status == "SUSPENDED" {
				continue
			}
			if id := accounts[directory.FoldAddress(user.Email)]; id != "" {
				ids = append(ids, id)
			} else if id := accounts[directory.FoldAddress(user.Login)]; id != "" {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

func TestSyncingGivesAtlassianTheMembersOfTheIdP(t *testing.T) {
	s := start(t, simulator.Options{Company: simulator.Sample(2, 60, 500), Consistency: 30 * time.Millisecond})
	s.connect(t, app.IdPSettings{})
	before := s.fetch(t)
	report := s.sync(t, nil)
	synced := 0
	for _, group := range report.Groups {
		if group.Result != run.Synced {
			require.NotEmpty(t, group.Error, group.Name)
			continue
		}
		synced++
		row, err := app.Find(before, group.Name)
		require.NoError(t, err)
		accounts, ok := s.simulation.Members(group.Name)
		require.True(t, ok)
		require.Subset(t, accounts, s.wanted(group.Name), group.Name)
		require.Len(t, accounts, len(s.wanted(group.Name))+row.Provisioned+outside(before, row), group.Name)
	}
	require.Positive(t, synced)

	// What was read back stands in the snapshot; a fetch finds the same.
	amended, fetched := s.review(t).Counts(), s.fetch(t).Counts()
	require.Equal(t, amended.State[review.Synced], fetched.State[review.Synced])
	require.Equal(t, before.Counts().State[review.Synced]+synced, fetched.State[review.Synced])

	// Syncing again finds nothing to write.
	again := s.sync(t, nil)
	for _, group := range again.Groups {
		require.NotEqual(t, run.Failed, group.Result, "%s: %s", group.Name, group.Error)
	}
	past, err := s.store.Past(again.ID)
	require.NoError(t, err)
	for _, operation := range past.Operations {
		require.Equal(t, run.Invite, operation.Kind, "only pending invitations are repeated: %+v", operation)
	}
}

// outside counts members that are never removed: closed accounts.
func outside(r *review.Review, row *review.Row) int {
	group, ok := row.Group()
	if !ok {
		return 0
	}
	n := 0
	for _, account := range r.Snapshot.Atlassian.Members.Of(group) {
		if r.Snapshot.Atlassian.Accounts[account].Outside() {
			n++
		}
	}
	return n
}

func TestAFailedFetchLeavesTheLastSnapshot(t *testing.T) {
	broken := false
	s := start(t, simulator.Options{Company: simulator.Sample(1, 20, 150), Wrap: func(side string, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if broken && side == "atlassian" && r.Method == http.MethodPost {
				w.WriteHeader(http.StatusForbidden)
				return
			}
			next.ServeHTTP(w, r)
		})
	}})
	s.connect(t, app.IdPSettings{})
	before := s.fetch(t)
	broken = true
	_, err := s.app.Fetch(context.Background(), nil)
	require.True(t, problem.Is(err, problem.Forbidden), "%v", err)
	require.Equal(t, before.Snapshot.ID, s.review(t).Snapshot.ID)
}

func TestAKeyThatMayNotWriteFailsEachGroupWithTheReason(t *testing.T) {
	s := start(t, simulator.Options{Company: simulator.Sample(1, 20, 150)})
	s.connectAs(t, app.IdPSettings{}, simulator.OrgReaderKey)
	s.fetch(t)
	report := s.sync(t, nil)
	failed := 0
	for _, group := range report.Groups {
		if group.Result == run.Failed {
			failed++
			require.Contains(t, group.Error, "organization admin")
		}
	}
	require.Positive(t, failed)
	require.Positive(t, s.review(t).Counts().State[review.Failed])
}

func TestWhatWasPastedWithSpacesConnects(t *testing.T) {
	s := start(t, simulator.Options{Company: simulator.Sample(1, 20, 150)})
	ctx := context.Background()
	_, err := s.app.ConnectIdP(ctx, app.IdPSettings{Provider: "okta", URL: " " + s.simulation.IdPURL + "/ \n"}, simulator.OktaToken+"\n")
	require.NoError(t, err)
	_, err = s.app.ConnectAtlassian(ctx, app.AtlassianSettings{
		URL: s.simulation.AtlassianURL + "/", Org: s.simulation.Company.Org + " ", Owner: " " + s.simulation.Company.Owner,
	}, " "+simulator.OrgKey)
	require.NoError(t, err)
	require.NotEmpty(t, s.fetch(t).Snapshot.Atlassian.Owner)
}

func TestWithoutTheOwnerNothingIsWritten(t *testing.T) {
	s := start(t, simulator.Options{Company: simulator.Sample(1, 20, 150)})
	s.simulation.Company.Owner = ""
	s.connect(t, app.IdPSettings{})
	s.fetch(t)
	report := s.sync(t, nil)
	for _, group := range report.Groups {
		require.Equal(t, run.Blocked, group.Result)
		require.Contains(t, group.Error, "owner")
	}
	past, err := s.store.Past(report.ID)
	require.NoError(t, err)
	require.Empty(t, past.Operations)
}

func TestAPlanOfAnotherSnapshotIsRefused(t *testing.T) {
	s := start(t, simulator.Options{Company: simulator.Sample(1, 20, 150)})
	s.connect(t, app.IdPSettings{})
	r := s.fetch(t)
	p := plan.Make(r, app.All(r), app.Settings{}.Terms(nil))
	s.fetch(t)
	_, err := s.app.Sync(context.Background(), p, "", nil)
	require.True(t, problem.Is(err, problem.Refused), "%v", err)
}

func TestARejectedGroupIsLeftAloneUntilItsFactsChange(t *testing.T) {
	s := start(t, simulator.Options{Company: simulator.Sample(1, 40, 300)})
	s.connect(t, app.IdPSettings{})
	r := s.fetch(t)
	row := conflictOf(t, r)
	require.NoError(t, s.app.Reject(r, []*review.Row{row}, "owned by finance"))

	r = s.fetch(t)
	rejected, err := app.Find(r, row.Name)
	require.NoError(t, err)
	require.Equal(t, review.Rejected, rejected.State, "the same facts in a new snapshot")
	require.NotContains(t, app.All(r).Rows, rejected)

	members, _ := s.simulation.Members(row.Name)
	s.simulation.Disturb(row.Name, nil, members[:1])
	r = s.fetch(t)
	changed, err := app.Find(r, row.Name)
	require.NoError(t, err)
	require.Equal(t, review.Changed, changed.State)

	require.NoError(t, s.app.Withdraw(r, []*review.Row{changed}))
	open, err := app.Find(s.review(t), row.Name)
	require.NoError(t, err)
	require.Equal(t, review.Conflict, open.State)
}

func TestAnAcceptanceHoldsUntilItsFactsChangeOrARunActsOnIt(t *testing.T) {
	company := simulator.Sample(1, 40, 300)
	company.PendingDomains = nil
	s := start(t, simulator.Options{Company: company})
	s.connect(t, app.IdPSettings{})
	r := s.fetch(t)
	name := conflictOf(t, r).Name
	row := func() *review.Row {
		row, err := app.Find(r, name)
		require.NoError(t, err)
		return row
	}
	require.NoError(t, s.app.Accept(r, []*review.Row{row()}, "agreed on Monday"))
	r = s.fetch(t)
	require.True(t, r.Accepted(row()), "the same facts in a new snapshot")
	require.Equal(t, review.Conflict, row().State, "nothing is written until it is synced")

	members, _ := s.simulation.Members(name)
	s.simulation.Disturb(name, nil, members[:1])
	r = s.fetch(t)
	require.False(t, r.Accepted(row()))
	require.Equal(t, review.Changed, row().State)

	require.NoError(t, s.app.Accept(r, []*review.Row{row()}, "looked again"))
	r = s.review(t)
	require.True(t, r.Accepted(row()))
	_, err := s.app.Sync(context.Background(), plan.Make(r, plan.Selection{Rows: []*review.Row{row()}}, app.Settings{}.Terms(nil)), "", nil)
	require.NoError(t, err)
	r = s.review(t)
	require.Equal(t, review.Synced, row().State)
	members, _ = s.simulation.Members(name)
	s.simulation.Disturb(name, nil, members[:1])
	r = s.fetch(t)
	require.Equal(t, review.Conflict, row().State, "the acceptance was acted on: this is another conflict")
	_, decided := r.Decision(row())
	require.False(t, decided)
}

// conflictOf gives a conflict that a sync would remove somebody in, and that no
// guard blocks.
func conflictOf(t *testing.T, r *review.Review) *review.Row {
	t.Helper()
	for i := range r.Rows {
		row := &r.Rows[i]
		if row.State == review.Conflict && row.Removed > 0 && row.Added > 0 && len(plan.GroupFindings(r, row, plan.DefaultThresholds())) == 0 {
			return row
		}
	}
	require.Fail(t, "the sample has no such conflict")
	return nil
}

// membersOf lists who is in an IdP group.
func membersOf(side *directory.IdentityProvider, group int) []directory.Person {
	var members []directory.Person
	for _, no := range side.Members.Of(directory.SourceNo(group)) {
		members = append(members, side.People[no])
	}
	return members
}
