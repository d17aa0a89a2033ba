package app_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/review"
	"github.com/rollcall-app/rollcall/app/run"
	"github.com/rollcall-app/rollcall/app/simulator"
)

const (
	noraID, liamID, oldID, offID, pausedID = "00unora0000000000001", "00uliam0000000000002", "00uold00000000000003", "00uoff00000000000004", "00upaused00000000005"
)

// staff is a company with a group of people of every kind that provisioning
// knows: the owner, nora who has no account, liam who has another name by now, a
// partner, off who was deactivated, paused who is suspended, and old who is
// nowhere in the identity provider any more.
func staff() *simulator.Company {
	c := &simulator.Company{Org: "org", OrgName: "Acme", Directory: "dir", Owner: "owner@x.io", Provisioning: "scim", PendingDomains: []string{"partner.io"}}
	account := func(id, email, name, status string) {
		c.Accounts = append(c.Accounts, simulator.Account{ID: id, Name: name, Email: email, Status: status})
	}
	account("a-owner", "owner@x.io", "Olga Owner", "active")
	c.Accounts[0].PlatformRoles = []string{"atlassian/org-admin"}
	account("a-liam", "liam@x.io", "Liam Former", "active")
	account("a-off", "off@x.io", "Otto Off", "active")
	account("a-paused", "paused@x.io", "Paula Pause", "active")
	account("a-old", "old@x.io", "Oda Old", "active")
	account("a-partner", "known@partner.io", "Known Partner", "active")
	user := func(id, first, last, email, status string) {
		c.Users = append(c.Users, simulator.User{ID: id, First: first, Last: last, Login: email, Email: email, Status: status})
	}
	user("00uowner000000000000", "Olga", "Owner", "owner@x.io", "ACTIVE")
	user(noraID, "Nora", "New", "nora@x.io", "ACTIVE")
	user(liamID, "Liam", "Later", "liam@x.io", "ACTIVE")
	user("00upartner0000000006", "Petra", "Partner", "petra@partner.io", "ACTIVE")
	user(offID, "Otto", "Off", "off@x.io", "DEPROVISIONED")
	user(pausedID, "Paula", "Pause", "paused@x.io", "SUSPENDED")
	record := func(id, external, email, name, account string) {
		c.Provisioned = append(c.Provisioned, simulator.Provisioned{ID: id, External: external, UserName: email, Email: email, Name: name, Active: true, Account: account})
	}
	record("s-liam", liamID, "liam@x.io", "Liam Former", "a-liam")
	record("s-off", offID, "off@x.io", "Otto Off", "a-off")
	record("s-paused", pausedID, "paused@x.io", "Paula Pause", "a-paused")
	record("s-old", oldID, "old@x.io", "Oda Old", "a-old")
	c.SourceGroups = []simulator.SourceGroup{{ID: "00gstaff", Name: "staff", Type: "OKTA_GROUP", Members: []string{
		"00uowner000000000000", noraID, liamID, "00upartner0000000006", pausedID,
	}}}
	c.Groups = []simulator.Group{{ID: "g-staff", Name: "Staff", Members: []string{"a-owner", "a-liam", "a-off", "a-paused", "a-old"}}}
	return c
}

func (s *session) connectProvisioning(t *testing.T) {
	t.Helper()
	kept, err := s.app.ConnectProvisioning(context.Background(), app.ProvisioningSettings{URL: s.simulation.ProvisioningURL() + "/"}, simulator.DirectoryKey)
	require.NoError(t, err)
	require.True(t, kept)
}

func provisioned(t *testing.T, company *simulator.Company, wrap func(string, http.Handler) http.Handler) *session {
	t.Helper()
	s := start(t, simulator.Options{Company: company, Wrap: wrap})
	s.connect(t, app.IdPSettings{})
	s.connectProvisioning(t)
	return s
}

var everyGuard, _ = plan.ParseOverrides("all")

// changes gives what a review would do to people, as "kind address".
func changes(r *review.Review) []string {
	list := []string{}
	for _, change := range r.PersonChanges(app.All(r).Rows, true) {
		list = append(list, string(change.Kind)+" "+change.Person.Email)
	}
	return list
}

func TestProvisioningCreatesRenamesAndDeactivates(t *testing.T) {
	s := provisioned(t, staff(), nil)
	require.Equal(t, []string{"create nora@x.io", "update liam@x.io", "deactivate off@x.io"}, changes(s.fetch(t)),
		"not the partner, whose domain isn't the organization's; nor who is only suspended, nor who is nowhere")
	report := s.sync(t, everyGuard)
	for _, person := range report.People {
		require.Equal(t, run.Synced, person.Result, person.Error)
	}
	people := s.simulation.Provisioned()
	require.Equal(t, "Nora New", people["nora@x.io"].Name)
	require.Equal(t, noraID, people["nora@x.io"].External)
	require.Equal(t, "Liam Later", people["liam@x.io"].Name)
	require.Equal(t, "deactivated", s.simulation.AccountStatus("a-off"))
	require.Equal(t, "active", s.simulation.AccountStatus("a-old"), "an absence deactivates nobody")
	require.Equal(t, "active", s.simulation.AccountStatus("a-paused"))

	members, _ := s.simulation.Members("staff")
	require.Contains(t, members, people["nora@x.io"].Account)
	require.Equal(t, 3, len(members), "owner, liam, nora; the partner has yet to accept")
	require.Equal(t, run.Waiting, report.Groups[0].Result)
	require.Equal(t, []string{"petra@partner.io"}, report.Groups[0].Invited)

	// The snapshot as amended, and a new reading, know that it is done.
	require.Empty(t, changes(s.review(t)))
	require.Empty(t, changes(s.fetch(t)))
}

func TestADeactivationIsConfirmedByItself(t *testing.T) {
	s := provisioned(t, staff(), nil)
	s.fetch(t)
	report := s.sync(t, plan.Overrides{plan.GroupRemovals: {""}})
	require.Equal(t, "active", s.simulation.AccountStatus("a-off"))
	last := report.People[len(report.People)-1]
	require.Equal(t, run.Blocked, last.Result)
	require.Contains(t, last.Error, "override deactivations for off@x.io")
	require.Equal(t, run.Waiting, report.Groups[0].Result, "the group is synced all the same")

	s.fetch(t)
	s.sync(t, plan.Overrides{plan.Deactivations: {"off@x.io"}})
	require.Equal(t, "deactivated", s.simulation.AccountStatus("a-off"), "though in no group any more")
}

func TestOnlyThePeopleOfTheChosenGroupsAreConcerned(t *testing.T) {
	company := staff()
	company.SourceGroups = append(company.SourceGroups, simulator.SourceGroup{ID: "00gother", Name: "other", Type: "OKTA_GROUP", Members: []string{"00uowner000000000000"}})
	s := provisioned(t, company, nil)
	r := s.fetch(t)
	row, err := app.Find(r, "other")
	require.NoError(t, err)
	require.Empty(t, plan.Make(r, plan.Selection{Rows: []*review.Row{row}}, app.Settings{}.Terms(everyGuard)).People)
	require.Len(t, plan.Make(r, plan.Selection{Rows: []*review.Row{row}, Everybody: true}, app.Settings{}.Terms(everyGuard)).People, 2, "nobody is created whom no group needs")
	row, err = app.Find(r, "staff")
	require.NoError(t, err)
	require.Len(t, plan.Make(r, plan.Selection{Rows: []*review.Row{row}}, app.Settings{}.Terms(everyGuard)).People, 3)
}

func TestWhatChangedSinceTheReviewIsLeftAlone(t *testing.T) {
	for name, test := range map[string]struct {
		meanwhile func(*simulator.Simulation)
		person    string
		want      string
	}{
		"somebody deactivated works again": {func(s *simulator.Simulation) {
			s.PutUser(simulator.User{ID: offID, First: "Otto", Last: "Off", Login: "off@x.io", Email: "off@x.io", Status: "ACTIVE"})
		}, "off@x.io", "What the identity provider says of the person has changed"},
		"a name was corrected": {func(s *simulator.Simulation) {
			s.PutUser(simulator.User{ID: liamID, First: "Liam", Last: "Latest", Login: "liam@x.io", Email: "liam@x.io", Status: "ACTIVE"})
		}, "liam@x.io", "What the identity provider says of the person has changed"},
		"the directory has another name": {func(s *simulator.Simulation) {
			s.PutProvisioned(simulator.Provisioned{ID: "s-liam", External: liamID, UserName: "liam@x.io", Email: "liam@x.io", Name: "Somebody Else", Active: true, Account: "a-liam"})
		}, "liam@x.io", "What the provisioning directory says of the person has changed"},
		"the directory has the address by now": {func(s *simulator.Simulation) {
			s.PutProvisioned(simulator.Provisioned{ID: "s-x", External: "another", UserName: "nora@x.io", Email: "nora@x.io", Name: "Nora", Active: true, Account: "a-old"})
		}, "nora@x.io", "has somebody of this address already"},
	} {
		t.Run(name, func(t *testing.T) {
			s := provisioned(t, staff(), nil)
			r := s.fetch(t)
			p := plan.Make(r, app.All(r), app.Settings{}.Terms(everyGuard))
			test.meanwhile(s.simulation)
			report, err := s.app.Sync(context.Background(), p, "", nil)
			require.NoError(t, err)
			i := slices.IndexFunc(report.People, func(p run.PersonResult) bool { return p.Email == test.person })
			require.Equal(t, run.Changed, report.People[i].Result)
			require.Contains(t, report.People[i].Error, test.want)
			require.Equal(t, 2, performed(report), "the others are done")
		})
	}
}

func performed(report *run.Report) (n int) {
	for _, person := range report.People {
		if person.Result == run.Synced {
			n++
		}
	}
	return n
}

// losing loses the answer to the first request that fits, though it took effect.
func losing(fits func(*http.Request) bool) func(string, http.Handler) http.Handler {
	var lost atomic.Bool
	return func(side string, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !fits(r) || lost.Swap(true) {
				next.ServeHTTP(w, r)
				return
			}
			next.ServeHTTP(discard{http.Header{}}, r)
			panic(http.ErrAbortHandler)
		})
	}
}

type discard struct{ header http.Header }

func (d discard) Header() http.Header            { return d.header }
func (d discard) Write(body []byte) (int, error) { return len(body), nil }
func (d discard) WriteHeader(int)                {}

func TestSomebodyCreatedByARunThatBrokeOffIsFoundAgain(t *testing.T) {
	s := provisioned(t, staff(), losing(func(r *http.Request) bool {
		return r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/Users")
	}))
	s.fetch(t)
	r := s.review(t)
	p := plan.Make(r, app.All(r), app.Settings{}.Terms(everyGuard))
	report, err := s.app.Sync(context.Background(), p, "", nil)
	require.NoError(t, err)
	require.Equal(t, run.Failed, report.People[0].Result, "nobody knows whether it arrived")
	require.Contains(t, report.Groups[0].Error, "No account could be created for 1")
	report, err = s.app.Sync(context.Background(), p, "", nil)
	require.NoError(t, err)
	require.Equal(t, run.Synced, report.People[0].Result, report.People[0].Error)
	require.Len(t, s.simulation.Provisioned(), 5, "once")
}

func TestWhoeverTheDirectoryDoesntTakeIsLeftOutAndSaid(t *testing.T) {
	company := staff()
	company.Accounts = company.Accounts[:5] // nothing tells that the partner's domain is foreign
	s := provisioned(t, company, nil)
	require.Contains(t, changes(s.fetch(t)), "create petra@partner.io")
	report := s.sync(t, everyGuard)
	i := slices.IndexFunc(report.People, func(p run.PersonResult) bool { return p.Email == "petra@partner.io" })
	require.Equal(t, run.Failed, report.People[i].Result)
	require.Contains(t, report.People[i].Error, "Verify the domain partner.io")
	require.Equal(t, run.Waiting, report.Groups[0].Result)
	require.Equal(t, 3, report.Groups[0].Removed, "the others are synced")
}

func TestWithoutADirectoryPeopleAreInvited(t *testing.T) {
	s := start(t, simulator.Options{Company: staff()})
	s.connect(t, app.IdPSettings{})
	require.Empty(t, changes(s.fetch(t)))
	report := s.sync(t, everyGuard)
	require.Empty(t, report.People)
	require.Equal(t, 2, report.Groups[0].Provisioned)
	require.Len(t, s.simulation.Provisioned(), 4)
}

func TestProvisioningWorksUnderOriginalUserManagement(t *testing.T) {
	company := simulator.Sample(3, 20, 200)
	s := start(t, simulator.Options{Company: company, Original: true})
	s.connectSites(t)
	s.connectProvisioning(t)
	r := s.fetch(t)
	created := slices.DeleteFunc(changes(r), func(change string) bool { return !strings.HasPrefix(change, "create ") })
	require.NotEmpty(t, created)
	report := s.sync(t, everyGuard)
	done := 0
	for _, person := range report.People {
		if person.Kind == review.CreatePerson && person.Result == run.Synced {
			done++
		}
	}
	require.Positive(t, done)
	after := slices.DeleteFunc(changes(s.fetch(t)), func(change string) bool { return !strings.HasPrefix(change, "create ") })
	require.LessOrEqual(t, len(after), len(created)-done)
}

func TestForGoogleWorkspaceAtlassiansOwnWordsAreUsed(t *testing.T) {
	require.Contains(t, app.StillListed("google"), "under Google Workspace › Groups")
	require.Contains(t, app.StillListed("okta"), "under User provisioning")
}

func TestAWrongProvisioningDirectoryIsExplained(t *testing.T) {
	s := start(t, simulator.Options{Company: staff()})
	for name, test := range map[string]struct {
		url, key string
		code     problem.Code
		action   string
	}{
		"the organization's key":  {s.simulation.ProvisioningURL(), simulator.OrgKey, problem.BadCredentials, "It isn't the organization's API key"},
		"another directory":       {s.simulation.AtlassianURL + "/scim/directory/other", simulator.DirectoryKey, problem.NotFound, ""},
		"the API's address alone": {s.simulation.AtlassianURL, simulator.DirectoryKey, problem.Usage, "https://api.atlassian.com/scim/directory/"},
		"plain HTTP":              {"http://api.atlassian.com/scim/directory/x", simulator.DirectoryKey, problem.Insecure, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.app.ConnectProvisioning(context.Background(), app.ProvisioningSettings{URL: test.url}, test.key)
			require.True(t, problem.Is(err, test.code), "%v", err)
			require.Contains(t, err.Error(), test.action)
		})
	}
	s.connectProvisioning(t)
	require.NoError(t, s.app.DisconnectProvisioning(context.Background()))
	require.True(t, problem.Is(s.app.DisconnectProvisioning(context.Background()), problem.NotFound))
}
