package simulator_test

import (
	"context"
	"net/http"
	"net/url"
	"testing"

	atlassian "github.com/ctreminiom/go-atlassian/v2/admin"
	"github.com/ctreminiom/go-atlassian/v2/pkg/infra/models"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/jwt"
	admin "google.golang.org/api/admin/directory/v1"
	"google.golang.org/api/option"

	"github.com/rollcall-app/rollcall/app/remote/oauth"
	"github.com/rollcall-app/rollcall/app/simulator"
)

// Google's own Go client reads and writes the simulated Google Workspace: what
// it understands, the real one may well say.
func TestGooglesOwnClientUnderstandsTheSimulator(t *testing.T) {
	company := simulator.Sample(1, 12, 700)
	simulation, err := simulator.Start(simulator.Options{Company: company, IdP: "google"})
	require.NoError(t, err)
	t.Cleanup(simulation.Close)
	account, err := oauth.ParseAccount(simulation.Connection["secret"])
	require.NoError(t, err)
	config := jwt.Config{Email: account.Email, PrivateKey: []byte(account.Key), TokenURL: account.TokenURL, Subject: "admin@acme.example", Scopes: []string{
		admin.AdminDirectoryGroupScope, admin.AdminDirectoryGroupMemberScope, admin.AdminDirectoryUserReadonlyScope,
	}}
	ctx := context.Background()
	client := oauth2.NewClient(ctx, config.TokenSource(ctx))
	service, err := admin.NewService(ctx, option.WithEndpoint(simulation.IdPURL), option.WithHTTPClient(client))
	require.NoError(t, err)

	people := map[string]string{}
	require.NoError(t, service.Users.List().Customer("my_customer").MaxResults(500).Pages(ctx, func(page *admin.Users) error {
		for _, user := range page.Users {
			people[user.Id] = user.PrimaryEmail
		}
		return nil
	}))
	require.Greater(t, len(people), 500, "more than a page")
	var groups []*admin.Group
	require.NoError(t, service.Groups.List().Customer("my_customer").Fields("nextPageToken", "groups(id,name,directMembersCount)").Pages(ctx, func(page *admin.Groups) error {
		groups = append(groups, page.Groups...)
		return nil
	}))
	require.Len(t, groups, 12)
	for _, group := range groups {
		members := int64(0)
		require.NoError(t, service.Members.List(group.Id).IncludeDerivedMembership(true).Pages(ctx, func(page *admin.Members) error {
			members += int64(len(page.Members))
			for _, member := range page.Members {
				require.Equal(t, people[member.Id], member.Email)
			}
			return nil
		}))
		require.Equal(t, group.DirectMembersCount, members, group.Name)
	}

	group := groups[0].Id
	outsider := outsideOf(t, service, group, people)
	_, err = service.Members.Insert(group, &admin.Member{Email: people[outsider], Role: "MEMBER"}).Do()
	require.NoError(t, err)
	require.NoError(t, service.Members.Delete(group, outsider).Do())
	require.Error(t, service.Members.Delete(group, outsider).Do())
	_, err = service.Groups.Patch(group, &admin.Group{Name: "renamed"}).Do()
	require.NoError(t, err)
	read, err := service.Groups.Get(group).Do()
	require.NoError(t, err)
	require.Equal(t, "renamed", read.Name)
}

// outsideOf gives somebody who isn't in a group.
func outsideOf(t *testing.T, service *admin.Service, group string, people map[string]string) string {
	t.Helper()
	in := map[string]bool{}
	require.NoError(t, service.Members.List(group).Pages(context.Background(), func(page *admin.Members) error {
		for _, member := range page.Members {
			in[member.Id] = true
		}
		return nil
	}))
	for id := range people {
		if !in[id] {
			return id
		}
	}
	require.Fail(t, "everybody is in the group")
	return ""
}

// toSimulator sends what is meant for Atlassian to the simulator.
type toSimulator struct{ url *url.URL }

func (t toSimulator) RoundTrip(req *http.Request) (*http.Response, error) {
	sent := req.Clone(req.Context())
	sent.URL.Scheme, sent.URL.Host, sent.Host = t.url.Scheme, t.url.Host, t.url.Host
	return http.DefaultTransport.RoundTrip(sent)
}

// foreignClient is go-atlassian's client of a company of so many people, with a key.
func foreignClient(t *testing.T, people int, key string) (*simulator.Simulation, *atlassian.Client) {
	t.Helper()
	simulation, err := simulator.Start(simulator.Options{Company: simulator.Sample(1, 5, people)})
	require.NoError(t, err)
	t.Cleanup(simulation.Close)
	address, err := url.Parse(simulation.AtlassianURL)
	require.NoError(t, err)
	client, err := atlassian.New(&http.Client{Transport: toSimulator{address}})
	require.NoError(t, err)
	client.Auth.SetBearerToken(key)
	return simulation, client
}

// go-atlassian knows the older calls of the Organizations API: of those that
// Rollcall uses, the list of organizations.
func TestGoAtlassianUnderstandsTheSimulator(t *testing.T) {
	simulation, client := foreignClient(t, 30, simulator.OrgKey)
	page, _, err := client.Organization.Gets(context.Background(), "")
	require.NoError(t, err)
	require.Len(t, page.Data, 1)
	require.Equal(t, simulation.Company.Org, page.Data[0].ID)
	require.Equal(t, simulation.Company.OrgName, page.Data[0].Attributes.Name)
	client.Auth.SetBearerToken("wrong")
	_, _, err = client.Organization.Gets(context.Background(), "")
	require.Error(t, err)
}

// go-atlassian's SCIM client does with the provisioning directory what Atlassian
// lets its clients do. The account's id it doesn't see: it looks for another
// version of Atlassian's extension.
func TestGoAtlassiansSCIMClientWorksAgainstTheProvisioningDirectory(t *testing.T) {
	simulation, client := foreignClient(t, 250, simulator.DirectoryKey)
	ctx, directory := context.Background(), simulation.Company.Provisioning

	users := client.SCIM.User
	listed := map[string]bool{}
	for len(listed) < len(simulation.Company.Provisioned) {
		page, _, err := users.Gets(ctx, directory, nil, len(listed)+1, 100)
		require.NoError(t, err)
		require.NotEmpty(t, page.Resources)
		require.Equal(t, len(simulation.Company.Provisioned), page.TotalResults)
		for _, user := range page.Resources {
			listed[user.ID] = true
		}
	}
	created, _, err := users.Create(ctx, directory, &models.SCIMUserScheme{
		UserName: "new@acme.example", DisplayName: "New Person", Active: true, Emails: []*models.SCIMUserEmailScheme{{Value: "new@acme.example", Type: "work", Primary: true}},
	}, nil, nil)
	require.NoError(t, err)
	found, _, err := users.Gets(ctx, directory, &models.SCIMUserGetsOptionsScheme{Filter: `userName eq "new@acme.example"`}, 1, 10)
	require.NoError(t, err)
	require.Len(t, found.Resources, 1)
	created.DisplayName = "Renamed Person"
	_, _, err = users.Update(ctx, directory, created.ID, created, nil, nil)
	require.NoError(t, err)
	_, response, err := users.Create(ctx, directory, created, nil, nil)
	require.Error(t, err)
	require.Equal(t, http.StatusConflict, response.Code)
	_, err = users.Deactivate(ctx, directory, created.ID)
	require.NoError(t, err)
	after := simulation.Provisioned()["new@acme.example"]
	require.Equal(t, "Renamed Person", after.Name)
	require.False(t, after.Active)
	require.Equal(t, "deactivated", simulation.AccountStatus(after.Account))
	patch := &models.SCIMUserToPathScheme{Operations: []*models.SCIMUserToPathOperationScheme{{Op: "replace", Path: "active", Value: true}}}
	patched, _, err := users.Path(ctx, directory, created.ID, patch, nil, nil)
	require.NoError(t, err)
	require.True(t, patched.Active)
	require.Equal(t, "active", simulation.AccountStatus(after.Account))

	groups := client.SCIM.Group
	group, _, err := groups.Create(ctx, directory, "Brand new")
	require.NoError(t, err)
	_, response, err = groups.Create(ctx, directory, simulation.Company.Groups[0].Name)
	require.Error(t, err)
	require.Equal(t, http.StatusConflict, response.Code, "a group conflict")
	_, _, err = groups.Path(ctx, directory, group.ID, &models.SCIMGroupPathScheme{Operations: []*models.SCIMGroupOperationScheme{
		{Op: "add", Path: "members", Value: []*models.SCIMGroupOperationValueScheme{{Value: created.ID}}},
	}})
	require.NoError(t, err)
	members, _ := simulation.Members("Brand new")
	require.Equal(t, []string{after.Account}, members)
	page, _, err := groups.Gets(ctx, directory, `displayName eq "Brand new"`, 1, 10)
	require.NoError(t, err)
	require.Len(t, page.Resources, 1)
	_, _, err = client.SCIM.Schema.Gets(ctx, directory)
	require.NoError(t, err)
	_, _, err = client.SCIM.Schema.Feature(ctx, directory)
	require.NoError(t, err)
}
