package run_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rollcall-app/rollcall/app/atlassian"
	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/idp/okta"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/progress"
	"github.com/rollcall-app/rollcall/app/review"
	"github.com/rollcall-app/rollcall/app/run"
	"github.com/rollcall-app/rollcall/app/simulator"
)

// journal keeps what a run notes down.
type journal struct {
	mu    sync.Mutex
	notes []run.Operation
	fail  error
}

func (j *journal) Begin(*run.Report, *plan.Plan) error       { return nil }
func (j *journal) End(*run.Report) error                     { return nil }
func (j *journal) GroupDone(string, run.GroupResult) error   { return nil }
func (j *journal) PersonDone(string, run.PersonResult) error { return nil }
func (j *journal) Record(_ string, operation run.Operation) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.notes = append(j.notes, operation)
	return j.fail
}

// written counts the operations that were answered without an error.
func (j *journal) written(kind run.Kind) int {
	n := 0
	for _, note := range j.notes {
		if note.Done && note.Error == "" && note.Kind == kind {
			n++
		}
	}
	return n
}

// world is a simulation with both connections.
type world struct {
	simulation *simulator.Simulation
	okta       *okta.Okta
	atlassian  *atlassian.Client
	journal    *journal
}

type tb interface {
	require.TestingT
	Helper()
}

func serve(t tb, options simulator.Options) (world, func()) {
	t.Helper()
	options.Rate = 100_000
	simulation, err := simulator.Start(options)
	require.NoError(t, err)
	w := world{simulation: simulation, journal: &journal{}}
	w.okta, err = okta.New(okta.Config{URL: simulation.IdPURL, Token: simulator.OktaToken})
	require.NoError(t, err)
	w.atlassian, err = atlassian.New(atlassian.Config{URL: simulation.AtlassianURL, Org: simulation.Company.Org, Key: simulator.OrgKey})
	require.NoError(t, err)
	return w, simulation.Close
}

func (w world) review(t tb) *review.Review {
	t.Helper()
	snapshot := &directory.Snapshot{ID: "s", TakenAt: time.Now()}
	var err error
	snapshot.IdP, _, err = w.okta.Read(context.Background(), nil, nil)
	require.NoError(t, err)
	var scope atlassian.Scope
	for _, group := range snapshot.IdP.Groups {
		scope.Names = append(scope.Names, group.Name)
	}
	for _, person := range snapshot.IdP.People {
		scope.Addresses = append(scope.Addresses, person.Email)
	}
	scope.Owner = w.simulation.Company.Owner
	snapshot.Atlassian, _, err = w.atlassian.Read(context.Background(), scope.Known, nil)
	require.NoError(t, err)
	return review.Compare(review.Input{Snapshot: snapshot})
}

func (w world) plan(t tb) *plan.Plan {
	t.Helper()
	r := w.review(t)
	var rows []*review.Row
	for i := range r.Rows {
		rows = append(rows, &r.Rows[i])
	}
	overrides, err := plan.ParseOverrides("all")
	require.NoError(t, err)
	return plan.Make(r, plan.Selection{Rows: rows}, plan.Terms{Thresholds: plan.DefaultThresholds(), Overrides: overrides, Now: time.Now()})
}

func (w world) perform(ctx context.Context, t tb, p *plan.Plan, tell progress.Func) *run.Report {
	t.Helper()
	runner := &run.Runner{IdP: w.okta, Atlassian: w.atlassian, Journal: w.journal, Patience: time.Second, By: "test"}
	report, err := runner.Perform(ctx, p, tell)
	require.NoError(t, err)
	return report
}

// company has the owner, and n people with accounts on both sides.
func company(n int) *simulator.Company {
	c := &simulator.Company{Org: "org", Directory: "dir", Owner: "owner@x.io"}
	c.Accounts = append(c.Accounts, simulator.Account{ID: "owner", Name: "Owner", Email: c.Owner, Status: "active", PlatformRoles: []string{"atlassian/org-admin"}})
	for i := range n {
		email := fmt.Sprintf("p%02d@x.io", i)
		c.Users = append(c.Users, simulator.User{ID: fmt.Sprintf("u%02d", i), First: "P", Last: fmt.Sprint(i), Login: email, Email: email, Status: "ACTIVE"})
		c.Accounts = append(c.Accounts, simulator.Account{ID: fmt.Sprintf("a%02d", i), Name: email, Email: email, Status: "active"})
	}
	return c
}

func group(c *simulator.Company, name string, users, accounts []string) {
	c.SourceGroups = append(c.SourceGroups, simulator.SourceGroup{ID: "00g" + name, Name: name, Type: "OKTA_GROUP", Members: users})
	c.Groups = append(c.Groups, simulator.Group{ID: "atl-" + name, Name: name, Members: accounts})
}

// The law of the whole program: performing the plan gives Atlassian the IdP's
// members, and planning again gives nothing to do.
func TestPerformingThePlanGivesTheIdPSideAndPlanningAgainGivesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const people = 6
		c := company(people)
		// Some have no account yet: they are invited.
		without := rapid.IntRange(0, 2).Draw(t, "without accounts")
		c.Accounts = c.Accounts[:len(c.Accounts)-without]
		for g := range rapid.IntRange(1, 4).Draw(t, "groups") {
			var users, accounts []string
			for i := range people {
				if rapid.Bool().Draw(t, "wanted") {
					users = append(users, fmt.Sprintf("u%02d", i))
				}
				if i < people-without && rapid.Bool().Draw(t, "had") {
					accounts = append(accounts, fmt.Sprintf("a%02d", i))
				}
			}
			group(c, fmt.Sprint("g", g), users, accounts)
			if rapid.Bool().Draw(t, "new") {
				c.Groups = c.Groups[:len(c.Groups)-1]
			}
		}
		w, stop := serve(t, simulator.Options{Company: c})
		defer stop()

		first := w.plan(t)
		report := w.perform(context.Background(), t, first, nil)
		for i, result := range report.Groups {
			require.Equal(t, run.Synced, result.Result, "%s: %s", result.Name, result.Error)
			require.Equal(t, len(first.Groups[i].Add)+len(first.Groups[i].Invite), result.Added)
			require.Equal(t, len(first.Groups[i].Remove), result.Removed)
			accounts, ok := w.simulation.Members(result.Name)
			require.True(t, ok)
			require.Len(t, accounts, len(c.SourceGroups[slices.IndexFunc(c.SourceGroups, func(g simulator.SourceGroup) bool { return g.Name == result.Name })].Members))
		}
		for _, group := range w.plan(t).Groups {
			require.Empty(t, group.Add, group.Name)
			require.Empty(t, group.Invite, group.Name)
			require.Empty(t, group.Remove, group.Name)
		}
	})
}

func TestEveryOperationIsNotedBeforeItIsSentAndAfterItIsAnswered(t *testing.T) {
	c := company(4)
	group(c, "legal", []string{"u00", "u01"}, []string{"a02", "a03"})
	var w world
	var unnoted []string
	w, stop := serve(t, simulator.Options{Company: c, Wrap: func(_ string, next http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Path, "/memberships") {
				w.journal.mu.Lock()
				if len(w.journal.notes) == 0 || w.journal.notes[len(w.journal.notes)-1].Done {
					unnoted = append(unnoted, r.Method+" "+r.URL.Path)
				}
				w.journal.mu.Unlock()
			}
			next.ServeHTTP(rw, r)
		})
	}})
	t.Cleanup(stop)
	w.perform(context.Background(), t, w.plan(t), nil)
	require.Empty(t, unnoted)
	var kinds []run.Kind
	for _, note := range w.journal.notes {
		if note.Done {
			kinds = append(kinds, note.Kind)
		}
	}
	require.Equal(t, []run.Kind{run.Add, run.Add, run.Remove, run.Remove}, kinds, "adds before removes")
	require.Len(t, w.journal.notes, 8)
}

func TestAJournalThatCannotBeWrittenStopsTheWriting(t *testing.T) {
	c := company(2)
	group(c, "legal", []string{"u00"}, []string{"a01"})
	w, stop := serve(t, simulator.Options{Company: c})
	t.Cleanup(stop)
	p := w.plan(t)
	w.journal.fail = fmt.Errorf("no room on the disk")
	report := w.perform(context.Background(), t, p, nil)
	require.Equal(t, run.Failed, report.Groups[0].Result)
	accounts, _ := w.simulation.Members("legal")
	require.Equal(t, []string{"a01"}, accounts)
}

func TestAGroupThatChangedSinceTheReviewIsLeftAlone(t *testing.T) {
	for name, change := range map[string]func(w world, c *simulator.Company){
		"somebody was added in Atlassian":     func(w world, _ *simulator.Company) { w.simulation.Disturb("legal", []string{"a03"}, nil) },
		"somebody was removed from Atlassian": func(w world, _ *simulator.Company) { w.simulation.Disturb("legal", nil, []string{"a01"}) },
		"somebody was added in the IdP":       func(w world, _ *simulator.Company) { oktaPut(w, "00glegal", "u03") },
		"the IdP group was renamed":           func(w world, _ *simulator.Company) { w.simulation.Rename("00glegal", "legal (Okta)") },
	} {
		t.Run(name, func(t *testing.T) {
			c := company(4)
			group(c, "legal", []string{"u00", "u02"}, []string{"a01", "a02"})
			group(c, "other", []string{"u00"}, []string{"a01"})
			w, stop := serve(t, simulator.Options{Company: c})
			t.Cleanup(stop)
			p := w.plan(t)
			change(w, c)
			before, _ := w.simulation.Members("legal")
			report := w.perform(context.Background(), t, p, nil)
			require.Equal(t, run.Changed, report.Groups[0].Result)
			require.Contains(t, report.Groups[0].Error, "left alone")
			after, _ := w.simulation.Members("legal")
			require.Equal(t, before, after)
			require.Equal(t, run.Synced, report.Groups[1].Result, "the others go on")
		})
	}
}

// oktaPut adds a member in Okta, as another administrator would.
func oktaPut(w world, group, user string) {
	req, err := http.NewRequest(http.MethodPut, w.simulation.IdPURL+"/api/v1/groups/"+group+"/users/"+user, nil)
	if err != nil {
		panic(err)
	}
	req.Header.Set("Authorization", "SSWS "+simulator.OktaToken)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		panic(err)
	}
	_ = resp.Body.Close()
}

func TestDefaultAccessGivenSinceTheReviewIsNoticed(t *testing.T) {
	c := company(3)
	c.Workspaces = []simulator.Workspace{{ID: "ari:cloud:jira-software::site/1", TypeKey: "jira-software", Name: "Jira", Host: "https://x.atlassian.net", Capacity: 50}}
	group(c, "legal", []string{"u00"}, []string{"a01"})
	c.Groups[0].Roles = []simulator.GroupRole{{RoleOn: simulator.RoleOn{Resource: c.Workspaces[0].ID, Role: "atlassian/user"}}}
	given := false
	w, stop := serve(t, simulator.Options{Company: c, Wrap: func(_ string, next http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if given && strings.HasSuffix(r.URL.Path, "/groups/atl-legal/role-assignments") {
				rw.Header().Set("Content-Type", "application/json")
				fmt.Fprintf(rw, `{"data":[{"resourceId":%q,"roles":["atlassian/user"],"defaultRole":"atlassian/user"}],"links":{}}`, c.Workspaces[0].ID)
				return
			}
			next.ServeHTTP(rw, r)
		})
	}})
	t.Cleanup(stop)
	p := w.plan(t)
	given = true
	report := w.perform(context.Background(), t, p, nil)
	require.Equal(t, run.Changed, report.Groups[0].Result)
	require.Empty(t, w.journal.notes)
}

func TestAGroupThatFailsDoesNotStopTheOthersAndSaysWhy(t *testing.T) {
	c := company(6)
	group(c, "legal", []string{"u00"}, []string{"a01"})
	group(c, "other", []string{"u02"}, []string{"a03"})
	w, stop := serve(t, simulator.Options{Company: c, Wrap: func(_ string, next http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/groups/atl-legal/memberships") {
				rw.WriteHeader(http.StatusBadRequest)
				return
			}
			next.ServeHTTP(rw, r)
		})
	}})
	t.Cleanup(stop)
	report := w.perform(context.Background(), t, w.plan(t), nil)
	require.Equal(t, run.Failed, report.Groups[0].Result)
	require.Contains(t, report.Groups[0].Error, "add members")
	accounts, _ := w.simulation.Members("legal")
	require.Equal(t, []string{"a01"}, accounts, "nobody was removed after an add had failed")
	require.Equal(t, run.Synced, report.Groups[1].Result)
}

func TestNoSeatLeftIsToldApartFromAMemberAlready(t *testing.T) {
	c := company(4)
	c.Workspaces = []simulator.Workspace{{ID: "ari:cloud:jira-software::site/1", TypeKey: "jira-software", Name: "Jira", Host: "https://x.atlassian.net", Capacity: -1}}
	group(c, "legal", []string{"u00", "u01"}, []string{"a01"})
	c.Groups[0].Roles = []simulator.GroupRole{{RoleOn: simulator.RoleOn{Resource: c.Workspaces[0].ID, Role: "atlassian/user"}}}
	w, stop := serve(t, simulator.Options{Company: c})
	t.Cleanup(stop)
	p := w.plan(t)
	c.Workspaces[0].Capacity = 1 // Atlassian told none; now there is one seat
	report := w.perform(context.Background(), t, p, nil)
	require.Equal(t, run.Failed, report.Groups[0].Result)
	require.Contains(t, report.Groups[0].Error, "no seat left")
}

func TestAnInvitationThatIsPendingLeavesTheGroupWaiting(t *testing.T) {
	c := company(3)
	c.PendingDomains = []string{"partner.io"}
	c.Users = append(c.Users, simulator.User{ID: "u99", First: "Pat", Login: "pat@partner.io", Email: "Pat@Partner.io", Status: "ACTIVE"})
	group(c, "legal", []string{"u00", "u99"}, []string{"a01"})
	w, stop := serve(t, simulator.Options{Company: c})
	t.Cleanup(stop)
	report := w.perform(context.Background(), t, w.plan(t), nil)
	result := report.Groups[0]
	require.Equal(t, run.Waiting, result.Result)
	require.Equal(t, []string{"pat@partner.io"}, result.Invited)
	require.Equal(t, 1, result.Removed)
	accounts, _ := w.simulation.Members("legal")
	require.Equal(t, []string{"a00"}, accounts)
}

func TestStoppingEndsBetweenTwoOperations(t *testing.T) {
	c := company(30)
	var users []string
	for i := range 30 {
		users = append(users, fmt.Sprintf("u%02d", i))
	}
	group(c, "legal", users, nil)
	w, stop := serve(t, simulator.Options{Company: c})
	t.Cleanup(stop)
	p := w.plan(t)
	ctx, cancel := context.WithCancel(context.Background())
	report := w.perform(ctx, t, p, func(progress progress.Report) {
		if progress.Done == 5 {
			cancel()
		}
	})
	require.Equal(t, run.Failed, report.Groups[0].Result)
	require.Contains(t, report.Groups[0].Error, "Stopped")
	accounts, _ := w.simulation.Members("legal")
	require.Len(t, accounts, 5)
	require.Equal(t, 5, w.journal.written(run.Add), "the journal tells exactly what happened")
	require.Equal(t, 5, report.Groups[0].Added)
}

func TestAWriteThatIsSeenLateIsWaitedFor(t *testing.T) {
	c := company(4)
	group(c, "legal", []string{"u00"}, []string{"a01"})
	c.SourceGroups = append(c.SourceGroups, simulator.SourceGroup{ID: "00gnew", Name: "new", Type: "OKTA_GROUP", Members: []string{"u02"}})
	w, stop := serve(t, simulator.Options{Company: c, Consistency: 300 * time.Millisecond})
	t.Cleanup(stop)
	for _, result := range w.perform(context.Background(), t, w.plan(t), nil).Groups {
		require.Equal(t, run.Synced, result.Result, "%s: %s", result.Name, result.Error)
	}
}

func TestAPlanThatAGuardStopsWritesNothing(t *testing.T) {
	c := company(4)
	c.Owner = ""
	group(c, "legal", []string{"u00"}, []string{"a01"})
	w, stop := serve(t, simulator.Options{Company: c})
	t.Cleanup(stop)
	report := w.perform(context.Background(), t, w.plan(t), nil)
	require.Equal(t, run.Blocked, report.Groups[0].Result)
	require.Empty(t, w.journal.notes)
}

func TestAChangeThatAtlassianNeverShowsIsAFindingThatNamesTheAccounts(t *testing.T) {
	c := company(3)
	group(c, "legal", []string{"u00", "u01"}, []string{"a02"})
	w, stop := serve(t, simulator.Options{Company: c, Wrap: func(_ string, next http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Path, "/memberships") {
				rw.WriteHeader(http.StatusNoContent) // and nothing happens
				return
			}
			next.ServeHTTP(rw, r)
		})
	}})
	t.Cleanup(stop)
	result := w.perform(context.Background(), t, w.plan(t), nil).Groups[0]
	require.Equal(t, run.Failed, result.Result)
	require.Equal(t, []string{"a00", "a01"}, result.Missing)
	require.Equal(t, []string{"a02"}, result.Surplus)
	require.Contains(t, result.Error, "2 missing, 1 too many")
}

// full is a company with a product of three seats, all taken, of whose people
// two leave a group and two others enter another one.
func full() *simulator.Company {
	c := company(6)
	c.Workspaces = []simulator.Workspace{{ID: "ari:cloud:jira-software::site/1", TypeKey: "jira-software", Name: "Jira", Host: "https://x.atlassian.net", Capacity: 3}}
	group(c, "coming", []string{"u03", "u04"}, nil)
	group(c, "leaving", []string{"u00"}, []string{"a00", "a01", "a02"})
	for i := range c.Groups {
		c.Groups[i].Roles = []simulator.GroupRole{{RoleOn: simulator.RoleOn{Resource: c.Workspaces[0].ID, Role: "atlassian/user"}}}
	}
	return c
}

func TestWhereOnlyThePeakExceedsTheSeatsJustEnoughAreRemovedFirst(t *testing.T) {
	w, stop := serve(t, simulator.Options{Company: full()})
	t.Cleanup(stop)
	report := w.perform(context.Background(), t, w.plan(t), nil)
	for _, result := range report.Groups {
		require.Equal(t, run.Synced, result.Result, result.Error)
	}
	require.Equal(t, 2, report.Groups[0].Added)
	require.Equal(t, 2, report.Groups[1].Removed)
	coming, _ := w.simulation.Members("coming")
	leaving, _ := w.simulation.Members("leaving")
	require.Equal(t, []string{"a03", "a04"}, coming)
	require.Equal(t, []string{"a00"}, leaving)
	require.Equal(t, 2, w.journal.written(run.Add))
	require.Equal(t, 2, w.journal.written(run.Remove))
}

// Many groups free seats side by side.
func TestManyGroupsFreeSeatsSideBySide(t *testing.T) {
	const groups = 12
	c := company(4 * groups)
	c.Workspaces = []simulator.Workspace{{ID: "ari:cloud:jira-software::site/1", TypeKey: "jira-software", Name: "Jira", Host: "https://x.atlassian.net", Capacity: 2 * groups}}
	var come []string
	for g := range groups {
		stays, leaves := 2*g, 2*g+1
		group(c, fmt.Sprintf("leaving%02d", g), []string{fmt.Sprintf("u%02d", stays)}, []string{fmt.Sprintf("a%02d", stays), fmt.Sprintf("a%02d", leaves)})
		come = append(come, fmt.Sprintf("u%02d", 2*groups+g))
	}
	group(c, "coming", come, nil)
	for i := range c.Groups {
		c.Groups[i].Roles = []simulator.GroupRole{{RoleOn: simulator.RoleOn{Resource: c.Workspaces[0].ID, Role: "atlassian/user"}}}
	}
	w, stop := serve(t, simulator.Options{Company: c})
	t.Cleanup(stop)
	for _, result := range w.perform(context.Background(), t, w.plan(t), nil).Groups {
		require.Equal(t, run.Synced, result.Result, result.Error)
	}
	require.Equal(t, groups, w.journal.written(run.Add))
	require.Equal(t, groups, w.journal.written(run.Remove))
}

func TestWhereSeatsCannotBeFreedNobodyIsAdded(t *testing.T) {
	w, stop := serve(t, simulator.Options{Company: full()})
	t.Cleanup(stop)
	p := w.plan(t)
	w.simulation.Disturb("leaving", []string{"a05"}, nil)
	report := w.perform(context.Background(), t, p, nil)
	require.Equal(t, run.Changed, report.Groups[1].Result)
	require.Equal(t, run.Failed, report.Groups[0].Result)
	require.Contains(t, report.Groups[0].Error, "couldn't all be freed")
	require.Empty(t, w.journal.notes)
}
