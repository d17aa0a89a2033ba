package app_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/review"
	"github.com/rollcall-app/rollcall/app/simulator"
)

// connectSites connects the identity provider and every site, but no
// organization.
func (s *session) connectSites(t *testing.T) {
	t.Helper()
	s.connectIdP(t)
	for host, url := range s.simulation.SiteURLs {
		_, err := s.app.ConnectSite(context.Background(), app.SiteSettings{URL: url, Host: host, Email: s.simulation.Company.Owner}, simulator.SiteToken)
		require.NoError(t, err)
	}
}

var allGuards = plan.Overrides{plan.UnknownAccess: {""}, plan.EmptyGroup: {""}, plan.GroupRemovals: {""}, plan.RunRemovals: {""}}

func TestUnderOriginalEverySiteThatHasTheGroupIsOverwritten(t *testing.T) {
	s := start(t, simulator.Options{Company: simulator.Sample(5, 40, 300), Original: true})
	s.connectSites(t)
	before := s.fetch(t)
	require.Equal(t, directory.Original, before.Snapshot.Atlassian.Experience)
	require.Len(t, before.Snapshot.Atlassian.Sites(), 3)
	several := 0
	for i := range before.Rows {
		if len(before.Rows[i].Parts) > 1 && len(before.Rows[i].Groups) > 1 {
			several++
		}
	}
	require.Positive(t, several, "some groups stand on several sites")

	report := s.sync(t, allGuards)
	synced := 0
	for _, group := range report.Groups {
		if string(group.Result) != "synced" {
			continue
		}
		synced++
		require.NotEmpty(t, group.Site)
		members, there := s.simulation.SiteMembers(group.Site, group.Name)
		require.True(t, there)
		require.Subset(t, members, s.wanted(group.Name), "%s on %s", group.Name, group.Site)
	}
	require.Greater(t, synced, 20)

	// Planning again, from a whole new reading, gives nothing for them.
	after := s.fetch(t)
	for i := range after.Rows {
		row := &after.Rows[i]
		if row.State == review.Synced {
			require.Zero(t, row.Added+row.Removed, row.Name)
		}
	}
	require.Positive(t, after.Counts().State[review.Synced])
}

func TestUnderOriginalTheDocumentHasEachSitesOwnNumbers(t *testing.T) {
	s := start(t, simulator.Options{Company: simulator.Sample(5, 40, 300), Original: true})
	s.connectSites(t)
	document := app.NewReviewDocument(s.fetch(t), plan.DefaultThresholds())
	require.Equal(t, "original", document.Snapshot.Atlassian.Experience)
	found := false
	for _, group := range document.Groups {
		require.NotEmpty(t, group.PerSite, group.Name)
		most := 0
		for _, site := range group.PerSite {
			most = max(most, site.Added)
			require.Contains(t, s.simulation.SiteURLs, site.Site)
		}
		require.GreaterOrEqual(t, group.Added, most)
		found = found || len(group.PerSite) > 1
	}
	require.True(t, found)
}

func TestRemovalsWaitForSomebodyToLookWhereAccessCannotBeRead(t *testing.T) {
	s := start(t, simulator.Options{Company: simulator.Sample(5, 40, 300), Original: true})
	s.connectSites(t)
	s.fetch(t)
	report := s.sync(t, plan.Overrides{plan.EmptyGroup: {""}, plan.GroupRemovals: {""}})
	for _, group := range report.Groups {
		require.Zero(t, group.Removed, group.Name)
	}
}

func TestHiddenAddressesAreLearntByAccountIdWhereAKeyIsGiven(t *testing.T) {
	hidden := func(r *review.Review) (n int) {
		for i := range r.Snapshot.Atlassian.Accounts {
			if r.Snapshot.Atlassian.Accounts[i].Email == "" {
				n++
			}
		}
		return n
	}
	s := start(t, simulator.Options{Company: simulator.Sample(5, 20, 300), Original: true})
	s.connectSites(t)
	without := s.fetch(t)
	require.Positive(t, hidden(without))
	protected := 0
	for i := range without.Rows {
		protected += without.Rows[i].Protected
	}
	require.Positive(t, protected, "who hides their address is never removed on a guess")

	s.connectOrg(t)
	require.Zero(t, hidden(s.fetch(t)))
}

// connectOrg connects the organization beside the sites.
func (s *session) connectOrg(t *testing.T) {
	t.Helper()
	_, err := s.app.ConnectAtlassian(context.Background(), app.AtlassianSettings{
		URL: s.simulation.AtlassianURL, Org: s.simulation.Company.Org, Owner: s.simulation.Company.Owner,
	}, simulator.OrgKey)
	require.NoError(t, err)
}

func TestWhatSitesGiveOutsideJiraIsReadWhereAKeyIsGiven(t *testing.T) {
	s := start(t, simulator.Options{Company: simulator.Sample(5, 40, 300), Original: true})
	s.connectSites(t)
	confluence := func(r *review.Review) (gives, defaults int) {
		for i := range r.Snapshot.Atlassian.Groups {
			for _, grant := range r.Snapshot.Atlassian.Groups[i].Grants {
				if r.Snapshot.Atlassian.Products[grant.Product].Key == "confluence" {
					gives++
					if grant.Default {
						defaults++
					}
				}
			}
		}
		return gives, defaults
	}
	without := s.fetch(t)
	require.True(t, without.Snapshot.Atlassian.UnknownAccess)
	gives, _ := confluence(without)
	require.Zero(t, gives)

	s.connectOrg(t)
	with := s.fetch(t)
	require.False(t, with.Snapshot.Atlassian.UnknownAccess)
	gives, defaults := confluence(with)
	require.Positive(t, gives)
	require.Positive(t, defaults)
	require.Greater(t, with.Counts().State[review.Blocked], without.Counts().State[review.Blocked], "a default of Confluence blocks, too")

	// Removals need no override of what is known now, and what a group gives in
	// Confluence is read again before it is written.
	removed := 0
	for _, group := range s.sync(t, plan.Overrides{plan.EmptyGroup: {""}, plan.GroupRemovals: {""}}).Groups {
		require.NotEqual(t, "changed", string(group.Result), group.Error)
		removed += group.Removed
	}
	require.Positive(t, removed)
	require.False(t, s.fetch(t).Snapshot.Atlassian.UnknownAccess, "the organization knows the groups that were made")
}

func TestAGroupThatTheOrganizationDoesntKnowLeavesAccessUnknown(t *testing.T) {
	s := start(t, simulator.Options{Company: simulator.Sample(5, 20, 100), Original: true, Wrap: func(side string, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if side == "atlassian" && strings.HasSuffix(r.URL.Path, "/role-assignments") {
				http.NotFound(w, r)
				return
			}
			next.ServeHTTP(w, r)
		})
	}})
	s.connectSites(t)
	s.connectOrg(t)
	require.True(t, s.fetch(t).Snapshot.Atlassian.UnknownAccess)
}

func TestWhatASiteAdminLacksIsNamed(t *testing.T) {
	s := start(t, simulator.Options{Company: simulator.Sample(5, 5, 30), Original: true, Wrap: func(side string, next http.Handler) http.Handler {
		if side != "site" {
			return next
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			recorder := httptest.NewRecorder()
			next.ServeHTTP(recorder, r)
			w.Header().Set("Content-Type", recorder.Header().Get("Content-Type"))
			w.WriteHeader(recorder.Code)
			body := recorder.Body.Bytes()
			if strings.HasSuffix(r.URL.Path, "/mypermissions") {
				body = bytes.ReplaceAll(body, []byte("true"), []byte("false"))
			}
			_, _ = w.Write(body)
		})
	}})
	url := slices.Collect(func(yield func(string) bool) {
		for _, url := range s.simulation.SiteURLs {
			yield(url)
			return
		}
	})[0]
	ctx := context.Background()
	err := s.app.CheckSite(ctx, app.SiteSettings{URL: url, Email: s.simulation.Company.Owner}, simulator.SiteToken)
	require.True(t, problem.Is(err, problem.Forbidden), "%v", err)
	require.Contains(t, err.Error(), "Browse users and groups")
	err = s.app.CheckSite(ctx, app.SiteSettings{URL: url, Email: s.simulation.Company.Owner}, "wrong")
	require.True(t, problem.Is(err, problem.BadCredentials), "%v", err)
	err = s.app.CheckSite(ctx, app.SiteSettings{URL: url}, simulator.SiteToken)
	require.True(t, problem.Is(err, problem.Usage), "%v", err)
}

// The same site under two addresses has the same groups, as two sites of an
// organization with centralized user management have.
func TestSitesThatShareAGroupContradictOriginal(t *testing.T) {
	s := start(t, simulator.Options{Company: simulator.Sample(5, 5, 30), Original: true})
	s.connectSites(t)
	url := strings.Replace(s.simulation.SiteURLs["acme.atlassian.net"], "127.0.0.1", "localhost", 1)
	_, err := s.app.ConnectSite(context.Background(), app.SiteSettings{URL: url, Host: "other.atlassian.net", Email: s.simulation.Company.Owner}, simulator.SiteToken)
	require.NoError(t, err)
	_, err = s.app.Fetch(context.Background(), nil)
	require.True(t, problem.Is(err, problem.Refused), "%v", err)
	require.Contains(t, err.Error(), "Choose centralized")
	require.NoError(t, s.app.DisconnectSite(context.Background(), url))
	s.fetch(t)
	require.True(t, problem.Is(s.app.DisconnectSite(context.Background(), url), problem.NotFound))
	require.NoError(t, s.app.SetExperience("centralized"))
	_, err = s.app.Fetch(context.Background(), nil)
	require.True(t, problem.Is(err, problem.NotConnected), "%v", err)
	require.True(t, problem.Is(s.app.SetExperience("other"), problem.Usage))
}

func TestANewGroupThatWasMadeOnSomeSitesOnlyIsMadeOnTheOthersNextTime(t *testing.T) {
	const name, refusing = "brand new everywhere", "acme-labs.atlassian.net"
	company := simulator.Sample(5, 10, 100)
	company.SourceGroups = append(company.SourceGroups, simulator.SourceGroup{ID: "00gbrandnew", Name: name, Type: "OKTA_GROUP", Members: []string{company.Users[0].ID}})
	var s *session
	refuses := true
	s = start(t, simulator.Options{Company: company, Original: true, Wrap: func(side string, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if refuses && r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/group") && strings.HasSuffix(s.simulation.SiteURLs[refusing], r.Host) {
				w.WriteHeader(http.StatusForbidden)
				return
			}
			next.ServeHTTP(w, r)
		})
	}})
	s.connectSites(t)
	there := func() (sites []string) {
		for host := range s.simulation.SiteURLs {
			if _, ok := s.simulation.SiteMembers(host, name); ok {
				sites = append(sites, host)
			}
		}
		slices.Sort(sites)
		return sites
	}
	state := func() review.State {
		row, err := app.Find(s.fetch(t), name)
		require.NoError(t, err)
		return row.State
	}
	require.Equal(t, review.New, state())
	s.sync(t, allGuards)
	require.Equal(t, []string{"acme-sandbox.atlassian.net", "acme.atlassian.net"}, there())
	require.Equal(t, review.Conflict, state(), "it isn't done with")
	refuses = false
	s.sync(t, allGuards)
	require.Equal(t, []string{refusing, "acme-sandbox.atlassian.net", "acme.atlassian.net"}, there())
	require.Equal(t, review.Synced, state())
}
