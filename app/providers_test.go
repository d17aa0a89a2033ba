package app_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/review"
	"github.com/rollcall-app/rollcall/app/simulator"
)

// connectSample connects whatever provider is simulated, to all groups.
func (s *session) connectSample(t *testing.T) {
	t.Helper()
	s.connectIdP(t)
	_, err := s.app.ConnectAtlassian(context.Background(), app.AtlassianSettings{
		URL: s.simulation.AtlassianURL, Org: s.simulation.Company.Org, Owner: s.simulation.Company.Owner,
	}, simulator.OrgKey)
	require.NoError(t, err)
}

// connectIdP connects the simulated identity provider alone, to all its groups.
func (s *session) connectIdP(t *testing.T) {
	t.Helper()
	idp := app.NewIdPSettings(s.simulation.Connection)
	idp.App = ""
	_, err := s.app.ConnectIdP(context.Background(), idp, s.simulation.Connection["secret"])
	require.NoError(t, err)
}

// withoutIDs gives a review's document less what differs by the provider: its
// ids, and which of two people of one name stands first.
func withoutIDs(t *testing.T, r *review.Review) app.ReviewDocument {
	t.Helper()
	text := func(value any) string {
		raw, err := json.Marshal(value)
		require.NoError(t, err)
		return string(raw)
	}
	document := app.NewReviewDocument(r, plan.DefaultThresholds())
	document.Snapshot = app.SnapshotDocument{}
	for i := range document.Groups {
		document.Groups[i].IdPID = nil
		members := document.Groups[i].Members
		for n := range members {
			members[n].IdPID = nil
		}
		slices.SortFunc(members, func(a, b app.ChangeDocument) int { return strings.Compare(text(a), text(b)) })
	}
	for i := range document.Unmatched {
		document.Unmatched[i].ID = ""
	}
	slices.SortFunc(document.Unmatched, func(a, b app.UnmatchedDocument) int { return strings.Compare(text(a), text(b)) })
	return document
}

// The same company shows the same review, whichever provider it has. The
// requests of a first fetch and of a second one with nothing changed are
// printed: docs/providers.md quotes them.
func TestForOneSeedTheReviewIsEqualThroughEveryProvider(t *testing.T) {
	var first *app.ReviewDocument
	for _, name := range simulator.Providers() {
		t.Run(name, func(t *testing.T) {
			if name == "ldap" && !simulator.SlapdInstalled() {
				t.Skip("OpenLDAP isn't installed: install the package slapd")
			}
			s := start(t, simulator.Options{IdP: name})
			s.connectSample(t)
			document := withoutIDs(t, s.fetch(t))
			if first == nil {
				first = &document
			}
			require.Equal(t, *first, document)

			snapshot, err := s.store.Snapshot()
			require.NoError(t, err)
			again := s.fetch(t)
			require.Equal(t, document, withoutIDs(t, again))
			t.Logf("%s: %d requests, a second time %d", name, snapshot.How.IdP.Requests, again.Snapshot.How.IdP.Requests)
			require.LessOrEqual(t, again.Snapshot.How.IdP.Requests, snapshot.How.IdP.Requests)
		})
	}
}

func TestAFileShowsTheSameReviewAsTheProviderItWasExportedFrom(t *testing.T) {
	company := simulator.Sample(2, 12, 200)
	s := start(t, simulator.Options{Company: company})
	s.connect(t, app.IdPSettings{})
	fetched := s.fetch(t)
	side := &fetched.Snapshot.IdP
	var export strings.Builder
	export.WriteString("group,email,name,status\n")
	for i := range side.Groups {
		for n, person := range membersOf(side, i) {
			status := map[bool]string{true: "suspended", false: "active"}[person.Disabled]
			if n == 0 {
				export.WriteString(side.Groups[i].Name + ",,,\n")
			}
			export.WriteString(strings.Join([]string{side.Groups[i].Name, person.Email, person.Name, status}, ",") + "\n")
		}
	}
	path := filepath.Join(t.TempDir(), "export.csv")
	require.NoError(t, os.WriteFile(path, []byte(export.String()), 0o600))
	_, err := s.app.ConnectIdP(context.Background(), app.IdPSettings{Provider: "file", Path: path}, "")
	require.NoError(t, err)
	counts := func(r *review.Review) map[string]int {
		all := map[string]int{}
		for i := range r.Rows {
			all[r.Rows[i].Name] = r.Rows[i].Wanted
		}
		return all
	}
	want, got := counts(fetched), counts(s.fetch(t))
	for name, n := range want {
		if n > 0 {
			require.Equal(t, n, got[name], name)
		}
	}
	report := s.sync(t, nil)
	require.NotEmpty(t, report.Groups, "a run reads the file again before it writes")
}

func TestWhatAConnectionLacksIsSaid(t *testing.T) {
	s := start(t, simulator.Options{Company: simulator.Sample(1, 1, 20)})
	for name, test := range map[string]struct {
		settings app.IdPSettings
		says     string
	}{
		"a tenant":               {app.IdPSettings{Provider: "entra", Client: "x"}, "--tenant"},
		"a base":                 {app.IdPSettings{Provider: "ldap", URL: "ldaps://x", User: "cn=x"}, "--base"},
		"an administrator":       {app.IdPSettings{Provider: "google"}, "--admin"},
		"a path":                 {app.IdPSettings{Provider: "file"}, "--path"},
		"a way to sign in":       {app.IdPSettings{Provider: "scim", SignIn: "magic", URL: "https://x"}, "bearer, basic, client"},
		"a provider that exists": {app.IdPSettings{Provider: "notes"}, "okta, entra, google, scim, ldap, file"},
		"a service app's id":     {app.IdPSettings{Provider: "okta", SignIn: "app", URL: "https://x.okta.com"}, "--client"},
	} {
		t.Run(name, func(t *testing.T) {
			err := s.app.CheckIdP(context.Background(), test.settings, "secret")
			require.True(t, problem.Is(err, problem.Usage), "%v", err)
			require.Contains(t, err.Error(), test.says)
		})
	}
}

func TestEveryProviderNamesItsFieldsOnce(t *testing.T) {
	for _, provider := range app.Providers() {
		require.NotEmpty(t, provider.SignIns, provider.Name)
		for _, way := range provider.SignIns {
			seen := map[string]bool{}
			for _, field := range provider.FieldsOf(way) {
				require.False(t, seen[field.Name], "%s %s", provider.Name, field.Name)
				seen[field.Name] = true
				require.NotEmpty(t, field.Label)
				require.NotEmpty(t, field.Hint)
				var settings app.IdPSettings
				*field.Of(&settings) = "x"
				require.NotEqual(t, app.IdPSettings{}, settings)
			}
		}
	}
}
