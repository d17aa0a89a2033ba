package simulator_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app/simulator"
)

func start(t *testing.T, options simulator.Options) *simulator.Simulation {
	t.Helper()
	simulation, err := simulator.Start(options)
	require.NoError(t, err)
	t.Cleanup(simulation.Close)
	return simulation
}

type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) json(t *testing.T, into any) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(a.body), into), a.body)
}

func ask(t *testing.T, method, url, authorization, body string) answer {
	t.Helper()
	var reader io.Reader
	if body != "" {
		reader = bytes.NewReader([]byte(body))
	}
	req, err := http.NewRequest(method, url, reader)
	require.NoError(t, err)
	req.Header.Set("Authorization", authorization)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return answer{resp.StatusCode, resp.Header, string(text)}
}

const (
	oktaAuth = "SSWS " + simulator.OktaToken
	orgAuth  = "Bearer " + simulator.OrgKey
	reader   = "Bearer " + simulator.OrgReaderKey
)

func TestTheSameSeedGivesTheSameCompany(t *testing.T) {
	require.Equal(t, simulator.Sample(7, 40, 300), simulator.Sample(7, 40, 300))
	require.NotEqual(t, simulator.Sample(7, 40, 300), simulator.Sample(8, 40, 300))
}

func TestTheSampleHasWhatMakesASyncHard(t *testing.T) {
	company := simulator.Sample(simulator.DefaultSeed, simulator.DefaultGroups, simulator.DefaultUsers)
	require.Len(t, company.SourceGroups, simulator.DefaultGroups+1, "and Everyone")
	require.GreaterOrEqual(t, len(company.Users), simulator.DefaultUsers)
	okta, atlassian := map[string]bool{}, map[string]bool{}
	for _, group := range company.SourceGroups {
		okta[strings.ToLower(group.Name)] = true
	}
	synced, defaults, largest, onlyAtlassian := 0, 0, 0, 0
	for _, group := range company.Groups {
		atlassian[strings.ToLower(group.Name)] = true
		largest = max(largest, len(group.Members))
		if group.Synced != nil && *group.Synced {
			synced++
		}
		if !okta[strings.ToLower(group.Name)] {
			onlyAtlassian++
		}
		for _, role := range group.Roles {
			if role.Default {
				defaults++
			}
		}
	}
	onlyOkta := 0
	for name := range okta {
		if !atlassian[name] {
			onlyOkta++
		}
	}
	require.Positive(t, synced)
	require.Equal(t, 3, defaults)
	require.Greater(t, largest, simulator.DefaultUsers*8/10, "one very large group")
	require.Positive(t, onlyAtlassian)
	require.Positive(t, onlyOkta)

	byEmail := map[string]bool{}
	statuses := map[string]int{}
	for _, account := range company.Accounts {
		byEmail[account.Email] = true
		statuses[account.Status]++
	}
	without, other := 0, 0
	for _, user := range company.Users {
		statuses[user.Status]++
		switch {
		case byEmail[user.Email]:
		case byEmail[strings.ToLower(user.Email)] || byEmail[user.Login]:
			other++
		default:
			without++
		}
	}
	require.Positive(t, statuses["SUSPENDED"])
	require.Positive(t, statuses["suspended"])
	require.Positive(t, statuses["deactivated"])
	require.Positive(t, without, "people without an account")
	require.Positive(t, other, "people whose case or alias differs")
}

func TestWhatTheVendorsRefuseIsRefused(t *testing.T) {
	simulation := start(t, simulator.Options{Company: simulator.Sample(1, 30, 200)})
	c := simulation.Company
	org := simulation.AtlassianURL + "/admin/v2/orgs/" + c.Org
	directory := org + "/directories/" + c.Directory
	synced := ""
	for _, group := range c.Groups {
		if group.Synced != nil && *group.Synced && len(group.Members) > 0 {
			synced = group.ID
		}
	}
	for name, test := range map[string]struct {
		method, url, auth, body string
		status                  int
	}{
		"Okta without a token":           {"GET", simulation.IdPURL + "/api/v1/groups", "", "", 401},
		"Okta with a limit of no number": {"GET", simulation.IdPURL + "/api/v1/groups?limit=x", oktaAuth, "", 400},
		"Okta with a made-up cursor":     {"GET", simulation.IdPURL + "/api/v1/users?after=zzz", oktaAuth, "", 400},
		"an unknown Okta group":          {"GET", simulation.IdPURL + "/api/v1/groups/00gnone/users", oktaAuth, "", 404},
		"an unknown app":                 {"GET", simulation.IdPURL + "/api/v1/apps/0oanone/groups", oktaAuth, "", 404},
		"Atlassian with a wrong key":     {"GET", simulation.AtlassianURL + "/admin/v1/orgs", "Bearer wrong", "", 401},
		"another organization":           {"GET", simulation.AtlassianURL + "/admin/v2/orgs/none/directories", orgAuth, "", 404},
		"another directory":              {"POST", org + "/directories/none/groups/search", orgAuth, "{}", 404},
		"writing to all directories":     {"POST", org + "/directories/-/groups", orgAuth, `{"name":"x"}`, 404},
		"a POST without a body":          {"POST", directory + "/groups/search", orgAuth, "", 415},
		"broken JSON":                    {"POST", directory + "/groups/search", orgAuth, "{", 400},
		"a limit over 100":               {"POST", directory + "/groups/search", orgAuth, `{"limit":101}`, 400},
		"names with ids":                 {"POST", directory + "/groups/search", orgAuth, `{"groupNames":["a"],"groupIds":["b"]}`, 400},
		"a cursor with more":             {"POST", org + "/workspaces", orgAuth, `{"cursor":"x","limit":5}`, 400},
		"e-mails with a search term":     {"POST", directory + "/users/search", orgAuth, `{"emails":["a"],"searchTerm":"b"}`, 400},
		"eleven account ids":             {"POST", directory + "/users/search", orgAuth, `{"accountIds":["1","2","3","4","5","6","7","8","9","10","11"]}`, 400},
		"a reader who writes":            {"POST", directory + "/groups", reader, `{"name":"x"}`, 403},
		"a name that is taken":           {"POST", directory + "/groups", orgAuth, fmt.Sprintf(`{"name":%q}`, strings.ToUpper(c.Groups[0].Name)), 409},
		"somebody who is a member":       {"POST", directory + "/groups/" + c.Groups[0].ID + "/memberships", orgAuth, fmt.Sprintf(`{"accountId":%q}`, c.Groups[0].Members[0]), 409},
		"an account nobody has":          {"POST", directory + "/groups/" + c.Groups[0].ID + "/memberships", orgAuth, `{"accountId":"none"}`, 404},
		"a member who isn't one":         {"DELETE", directory + "/groups/" + c.Groups[0].ID + "/memberships/none", orgAuth, "", 404},
		"a group of the IdP's":           {"DELETE", directory + "/groups/" + synced + "/memberships/" + firstMember(c, synced), orgAuth, "", 400},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, test.status, ask(t, test.method, test.url, test.auth, test.body).status)
		})
	}
}

func firstMember(c *simulator.Company, group string) string {
	for _, g := range c.Groups {
		if g.ID == group {
			return g.Members[0]
		}
	}
	return ""
}

func TestAReaderMayReadEverything(t *testing.T) {
	simulation := start(t, simulator.Options{Company: simulator.Sample(1, 5, 40)})
	directory := simulation.AtlassianURL + "/admin/v2/orgs/" + simulation.Company.Org + "/directories/-"
	require.Equal(t, 200, ask(t, "POST", directory+"/users/search", reader, "{}").status)
	require.Equal(t, 200, ask(t, "POST", directory+"/groups/search", reader, "{}").status)
}

func TestExactNamesAreFoundInAnyCase(t *testing.T) {
	simulation := start(t, simulator.Options{Company: simulator.Sample(1, 30, 200)})
	c := simulation.Company
	url := simulation.AtlassianURL + "/admin/v2/orgs/" + c.Org + "/directories/-/groups/search"
	var page struct {
		Data []struct {
			ID     string
			Counts map[string]int
		}
	}
	ask(t, "POST", url, orgAuth, fmt.Sprintf(`{"groupNames":[%q],"expand":["counts.users"]}`, strings.ToUpper(c.Groups[2].Name))).json(t, &page)
	require.Len(t, page.Data, 1)
	require.Equal(t, c.Groups[2].ID, page.Data[0].ID)
	require.Equal(t, map[string]int{"users": len(c.Groups[2].Members)}, page.Data[0].Counts, "what wasn't expanded isn't there")
}

func TestTheRateIsToldAndKept(t *testing.T) {
	simulation := start(t, simulator.Options{Company: simulator.Sample(1, 5, 40), Rate: 3})
	url := simulation.AtlassianURL + "/admin/v1/orgs"
	var last answer
	require.Eventually(t, func() bool {
		last = ask(t, "GET", url, orgAuth, "")
		return last.status == http.StatusTooManyRequests
	}, 10*time.Second, time.Millisecond)
	require.Equal(t, "3", last.header.Get("X-RateLimit-Limit"))
	require.Equal(t, "0", last.header.Get("X-RateLimit-Remaining"))
	require.Equal(t, "1", last.header.Get("Retry-After"))
	require.Equal(t, 200, ask(t, "GET", simulation.IdPURL+"/api/v1/groups", oktaAuth, "").status, "each endpoint by itself")
}

func TestAWriteIsSeenAfterTheConsistencyDelay(t *testing.T) {
	const delay = 300 * time.Millisecond
	simulation := start(t, simulator.Options{Company: simulator.Sample(1, 5, 40), Consistency: delay})
	c := simulation.Company
	directory := simulation.AtlassianURL + "/admin/v2/orgs/" + c.Org + "/directories/" + c.Directory
	seen := func() bool {
		return strings.Contains(ask(t, "POST", directory+"/groups/search", orgAuth, `{"groupNames":["brand new"]}`).body, "brand new")
	}
	wrote := time.Now()
	require.Equal(t, http.StatusCreated, ask(t, "POST", directory+"/groups", orgAuth, `{"name":"brand new"}`).status)
	require.False(t, seen())
	require.Equal(t, http.StatusConflict, ask(t, "POST", directory+"/groups", orgAuth, `{"name":"brand new"}`).status, "the truth knows it at once")
	require.Eventually(t, seen, 10*time.Second, 5*time.Millisecond)
	require.GreaterOrEqual(t, time.Since(wrote), delay)
}

func TestASeatTooManyIsRefused(t *testing.T) {
	company := simulator.Sample(1, 5, 60)
	company.Workspaces[0].Capacity = 0
	company.Groups = append(company.Groups, simulator.Group{ID: "full", Name: "full",
		Roles: []simulator.GroupRole{{RoleOn: simulator.RoleOn{Resource: company.Workspaces[0].ID, Role: "atlassian/user"}}}})
	newcomer := simulator.Account{ID: "newcomer", Name: "New", Email: "new@acme.example", Status: "active"}
	company.Accounts = append(company.Accounts, newcomer)
	simulation := start(t, simulator.Options{Company: company})
	url := simulation.AtlassianURL + "/admin/v2/orgs/" + company.Org + "/directories/" + company.Directory + "/groups/full/memberships"
	require.Equal(t, http.StatusConflict, ask(t, "POST", url, orgAuth, `{"accountId":"newcomer"}`).status)
}

func TestEveryAnswerIsDelayedByTheLatency(t *testing.T) {
	const latency = 150 * time.Millisecond
	simulation := start(t, simulator.Options{Company: simulator.Sample(1, 5, 40), Latency: latency})
	asked := time.Now()
	require.Equal(t, 200, ask(t, "GET", simulation.AtlassianURL+"/admin/v1/orgs", orgAuth, "").status)
	require.GreaterOrEqual(t, time.Since(asked), latency)
}
