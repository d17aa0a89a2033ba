package atlassian_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app/atlassian"
	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/remote"
	"github.com/rollcall-app/rollcall/app/simulator"
)

func connect(t *testing.T, options simulator.Options) (*atlassian.Client, *simulator.Simulation) {
	t.Helper()
	options.Rate = 100_000
	simulation, err := simulator.Start(options)
	require.NoError(t, err)
	t.Cleanup(simulation.Close)
	client, err := atlassian.New(atlassian.Config{URL: simulation.AtlassianURL, Org: simulation.Company.Org, Key: simulator.OrgKey})
	require.NoError(t, err)
	return client, simulation
}

// company has so many groups of five accounts each, of which the first may
// administer it.
func company(groups, accounts int) *simulator.Company {
	c := &simulator.Company{Org: "org", OrgName: "Acme", Directory: "dir", Owner: "P0@x.io"}
	c.Workspaces = []simulator.Workspace{{ID: "ari:cloud:jira-software::site/1", TypeKey: "jira-software", Name: "Jira", Host: "https://acme.atlassian.net", Capacity: 99}}
	for i := range accounts {
		c.Accounts = append(c.Accounts, simulator.Account{ID: fmt.Sprintf("a%04d", i), Name: fmt.Sprint("P", i), Email: fmt.Sprintf("p%d@x.io", i), Status: "active"})
	}
	c.Accounts[0].PlatformRoles = []string{directory.OrgAdmin}
	for g := range groups {
		group := simulator.Group{ID: fmt.Sprintf("g%04d", g), Name: fmt.Sprint("group ", g)}
		for i := range 5 {
			group.Members = append(group.Members, c.Accounts[(g*3+i)%accounts].ID)
		}
		if g%2 == 0 {
			group.Roles = []simulator.GroupRole{{RoleOn: simulator.RoleOn{Resource: c.Workspaces[0].ID, Role: "atlassian/user"}, Default: g == 0}}
		}
		c.Groups = append(c.Groups, group)
	}
	return c
}

// membersByName gives the account ids of a group.
func membersByName(org directory.Organization, name string) []string {
	var ids []string
	for i := range org.Groups {
		if org.Groups[i].Name == name {
			for _, no := range org.Members.Of(directory.GroupNo(i)) {
				ids = append(ids, org.Accounts[no].ID)
			}
		}
	}
	slices.Sort(ids)
	return ids
}

func TestEverythingIsRead(t *testing.T) {
	c := company(3, 20)
	c.Accounts[1].Status, c.Accounts[2].Status, c.Accounts[3].Closed = "suspended", "deactivated", true
	synced := true
	c.Groups[1].Synced = &synced
	client, _ := connect(t, simulator.Options{Company: c})
	org, reading, err := client.Read(context.Background(), atlassian.Scope{Owner: "p0@X.io"}.Known, nil)
	require.NoError(t, err)
	require.NotEmpty(t, reading.Way)
	require.Equal(t, "Acme", org.Name)
	require.Equal(t, "a0000", org.Owner)
	require.Equal(t, []directory.Product{{ID: c.Workspaces[0].ID, Key: "jira-software", Name: "Jira", Site: "acme.atlassian.net", Seats: 99, Used: org.Products[0].Used}}, org.Products)
	require.Len(t, org.Accounts, 20)
	require.Equal(t, []string{directory.OrgAdmin}, org.Accounts[0].OrgRoles)
	require.Equal(t, []directory.AccountStatus{directory.Suspended, directory.Deactivated, directory.Closed},
		[]directory.AccountStatus{org.Accounts[1].Status, org.Accounts[2].Status, org.Accounts[3].Status})
	require.Equal(t, directory.ManagedUnknown, org.Groups[0].Synced, "absent isn't no")
	require.Equal(t, directory.ManagedYes, org.Groups[1].Synced)
	require.True(t, org.Groups[0].Default())
	require.False(t, org.Groups[2].Default())
	for _, group := range c.Groups {
		slices.Sort(group.Members)
		require.Equal(t, group.Members, membersByName(org, group.Name))
	}
}

// With a narrow scope in a large organization, reading group by group is
// cheaper; about the groups in scope it tells the same.
func TestTheCheaperWayIsTakenAndTellsTheSame(t *testing.T) {
	c := company(12, 1500)
	client, _ := connect(t, simulator.Options{Company: c})
	addresses := []string{"p3@x.io", "p1400@x.io", "nobody@x.io"}
	narrow := atlassian.Scope{Names: []string{"GROUP 1", "group 2"}, Addresses: addresses, Owner: "p0@x.io"}
	byGroup, reading, err := client.Read(context.Background(), narrow.Known, nil)
	require.NoError(t, err)
	require.Contains(t, reading.Way, "group by group: up to 3 requests")
	require.Less(t, len(byGroup.Accounts), 50)

	wide := narrow
	for i := range 1500 {
		wide.Addresses = append(wide.Addresses, fmt.Sprintf("p%d@x.io", i))
	}
	everybody, reading, err := client.Read(context.Background(), wide.Known, nil)
	require.NoError(t, err)
	require.Contains(t, reading.Way, "All people with their groups: 15 requests")
	require.Len(t, everybody.Accounts, 1500)

	for _, name := range []string{"group 1", "group 2"} {
		require.Equal(t, membersByName(everybody, name), membersByName(byGroup, name))
	}
	require.Equal(t, everybody.Owner, byGroup.Owner)
	groups := func(org directory.Organization, id string) []string {
		var names []string
		for i := range org.Groups {
			if slices.Contains(membersByName(org, org.Groups[i].Name), id) {
				names = append(names, fmt.Sprint(org.Groups[i].Name, org.Groups[i].Grants))
			}
		}
		return names
	}
	for _, account := range byGroup.Accounts {
		require.Equal(t, groups(everybody, account.ID), groups(byGroup, account.ID), "all groups of whoever is known, with what they give")
	}
	require.True(t, slices.ContainsFunc(byGroup.Accounts, func(a directory.Account) bool { return a.ID == "a1400" }), "found by address")
}

// lying makes a server leave the last account out of pages of people, the first
// so many times.
func lying(times int32) func(string, http.Handler) http.Handler {
	var left atomic.Int32
	left.Store(times)
	return func(side string, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !strings.HasSuffix(r.URL.Path, "/users/search") || left.Add(-1) < 0 {
				next.ServeHTTP(w, r)
				return
			}
			recorder := httptest.NewRecorder()
			next.ServeHTTP(recorder, r)
			var page map[string]any
			_ = json.Unmarshal(recorder.Body.Bytes(), &page)
			rows := page["data"].([]any)
			page["data"] = rows[:len(rows)-1]
			for name, values := range recorder.Header() {
				w.Header()[name] = values
			}
			_ = json.NewEncoder(w).Encode(page)
		})
	}
}

func TestAReadThatDoesNotAddUpIsReadAgainAndThenFails(t *testing.T) {
	c := company(2, 6)
	client, _ := connect(t, simulator.Options{Company: c, Wrap: lying(1)})
	org, _, err := client.Read(context.Background(), atlassian.Scope{}.Known, nil)
	require.NoError(t, err)
	require.Len(t, membersByName(org, "group 0"), 5)
	require.Len(t, membersByName(org, "group 1"), 5)

	client, _ = connect(t, simulator.Options{Company: c, Wrap: lying(1000)})
	_, _, err = client.Read(context.Background(), atlassian.Scope{}.Known, nil)
	require.True(t, problem.Is(err, problem.Incomplete), "%v", err)
}

func TestAGroupIsReadAsItIsNow(t *testing.T) {
	c := company(1, 10)
	client, simulation := connect(t, simulator.Options{Company: c})
	simulation.Disturb("group 0", []string{"a0009"}, []string{"a0000"})
	now, err := client.Now(context.Background(), directory.Group{ID: "g0000"})
	require.NoError(t, err)
	var ids []string
	for _, account := range now.Accounts {
		ids = append(ids, account.ID)
	}
	slices.Sort(ids)
	require.Equal(t, []string{"a0001", "a0002", "a0003", "a0004", "a0009"}, ids)
	require.Equal(t, []directory.ResourceGrant{{Resource: c.Workspaces[0].ID, Role: "atlassian/user", Default: true}}, now.Grants)

	_, err = client.Now(context.Background(), directory.Group{ID: "gone"})
	require.True(t, problem.Is(err, problem.NotFound), "%v", err)
}

func TestDirectAccessIsReadForOnePerson(t *testing.T) {
	c := company(1, 10)
	c.Accounts[7].Direct = []simulator.RoleOn{{Resource: c.Workspaces[0].ID, Role: "atlassian/admin"}}
	client, _ := connect(t, simulator.Options{Company: c})
	org, _, err := client.Read(context.Background(), atlassian.Scope{}.Known, nil)
	require.NoError(t, err)
	for account, want := range map[directory.AccountNo]int{0: 0, 7: 1} { // 0 has it through a group
		direct, err := client.DirectAccess(context.Background(), &org, account)
		require.NoError(t, err)
		require.Len(t, direct, want)
	}
}

func TestWritesTellWhyTheyAreRefused(t *testing.T) {
	c := company(1, 10)
	client, _ := connect(t, simulator.Options{Company: c})
	group := directory.Group{ID: "g0000", Directory: "dir"}
	ctx := context.Background()
	require.NoError(t, client.Add(ctx, group, "a0008"))
	require.Equal(t, http.StatusConflict, remote.Status(client.Add(ctx, group, "a0008")))
	require.NoError(t, client.Remove(ctx, group, "a0008"))
	require.Equal(t, http.StatusNotFound, remote.Status(client.Remove(ctx, group, "a0008")))
	require.NoError(t, client.CreateGroup(ctx, "", "brand new"))
	require.Equal(t, http.StatusConflict, remote.Status(client.CreateGroup(ctx, "", "Brand New")))
	named, err := client.Named(ctx, "", "BRAND NEW")
	require.NoError(t, err)
	require.Len(t, named, 1)
	invited, err := client.Invite(ctx, group, []string{"new@x.io"})
	require.NoError(t, err)
	require.Len(t, invited, 1)
	require.NotEmpty(t, invited[0].Account)
	require.Empty(t, invited[0].Refusal)
}

func TestAWrongOrganizationIsSaidToBeSo(t *testing.T) {
	_, simulation := connect(t, simulator.Options{Company: company(1, 10)})
	client, err := atlassian.New(atlassian.Config{URL: simulation.AtlassianURL, Org: "other", Key: simulator.OrgKey})
	require.NoError(t, err)
	_, err = client.Check(context.Background())
	require.True(t, problem.Is(err, problem.NotFound), "%v", err)
	require.Contains(t, err.Error(), "Acme (org)", "it names those that the key has")
}
