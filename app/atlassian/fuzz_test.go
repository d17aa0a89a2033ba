package atlassian_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app/atlassian"
	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/idp/idptest"
)

var scope = atlassian.Scope{Names: []string{"legal"}, Addresses: []string{"a@x.io"}, Owner: "a@x.io"}

// do calls everything that reads, and an invitation, whose answer is read.
func endures(t *testing.T, do ...func(context.Context) error) {
	t.Helper()
	for _, one := range do {
		idptest.Endures(t, one)
	}
}

func FuzzOrganizationAnswers(f *testing.F) {
	for _, body := range []string{
		`{"data":[{"id":"1","directoryId":"d","name":"legal","accountId":"a1","email":"a@x.io","accountType":"atlassian","status":"active","counts":{"users":1},"groups":[{"id":"1"}],"platformRoles":["atlassian/org-admin"],"attributes":{"name":"Acme"},"directories":[{"directoryId":"d"}]}],"links":{}}`,
		`{"data":[],"links":{"next":"x"}}`, `{"data":{"id":"1","attributes":{"name":"Acme"}}}`, `[]`, `null`, `{"errors":[{"title":"no"}]}`,
	} {
		f.Add([]byte(body), "")
	}
	server := idptest.NewAnswers(f)
	f.Fuzz(func(t *testing.T, body []byte, link string) {
		server.Set(body, link)
		client, err := atlassian.New(atlassian.Config{URL: server.URL, Org: "org", Key: "fuzzed"})
		require.NoError(t, err)
		defer client.Close()
		group := directory.Group{ID: "1", Name: "legal", Directory: "d"}
		endures(t, func(ctx context.Context) error {
			org, _, err := client.Read(ctx, scope.Known, nil)
			if err == nil {
				require.NoError(t, org.Valid())
			}
			return err
		}, func(ctx context.Context) error {
			_, err := client.Now(ctx, group)
			return err
		}, func(ctx context.Context) error {
			_, err := client.WhoIsIn(ctx, group, []string{"a1"})
			return err
		}, func(ctx context.Context) error {
			_, err := client.Named(ctx, "", "legal")
			return err
		}, func(ctx context.Context) error {
			_, err := client.Invite(ctx, group, []string{"a@x.io"})
			return err
		})
	})
}

func FuzzSiteAnswers(f *testing.F) {
	for _, body := range []string{
		`[{"accountId":"a1","accountType":"atlassian","active":true,"displayName":"A","emailAddress":"a@x.io","groupId":"1","name":"legal","key":"jira-software","defaultGroups":["legal"],"groups":["legal"],"numberOfSeats":10,"userCount":1}]`,
		`{"values":[{"groupId":"1","name":"legal","accountId":"a1","accountType":"atlassian","active":true,"emailAddress":"a@x.io"}],"isLast":true,"total":1,"maxResults":50,"startAt":0}`,
		`{"isLast":false,"values":[]}`, `{"accountId":"a1"}`, `null`, `{}`,
	} {
		f.Add([]byte(body), "")
	}
	server := idptest.NewAnswers(f)
	f.Fuzz(func(t *testing.T, body []byte, link string) {
		server.Set(body, link)
		site, err := atlassian.NewSite(atlassian.SiteConfig{URL: server.URL, Email: "a@x.io", Token: "fuzzed", Host: "acme.atlassian.net"})
		require.NoError(t, err)
		sites := &atlassian.Sites{Sites: []*atlassian.Site{site}}
		defer sites.Close()
		group := directory.Group{ID: "1", Name: "legal", Site: "acme.atlassian.net"}
		endures(t, func(ctx context.Context) error {
			org, _, err := sites.Read(ctx, scope.Known, nil)
			if err == nil {
				require.NoError(t, org.Valid())
			}
			return err
		}, func(ctx context.Context) error {
			_, err := sites.Now(ctx, group)
			return err
		}, func(ctx context.Context) error {
			_, err := sites.Invite(ctx, group, []string{"a@x.io"})
			return err
		})
	})
}

func FuzzProvisioningAnswers(f *testing.F) {
	for _, body := range []string{
		`{"totalResults":1,"startIndex":1,"itemsPerPage":1,"Resources":[{"id":"1","userName":"a@x.io","active":true,"displayName":"A","externalId":"u1","urn:scim:schemas:extension:atlassian-external:1.0":{"atlassianAccountId":"a1"}}]}`,
		`{"id":"1","userName":"a@x.io","active":false}`, `{"totalResults":9,"Resources":[]}`, `[]`, `null`,
	} {
		f.Add([]byte(body), "")
	}
	server := idptest.NewAnswers(f)
	f.Fuzz(func(t *testing.T, body []byte, link string) {
		server.Set(body, link)
		client, err := atlassian.NewProvisioning(atlassian.ProvisioningConfig{URL: server.URL + "/scim/directory/d", Key: "fuzzed"})
		require.NoError(t, err)
		defer client.Close()
		endures(t, func(ctx context.Context) error {
			_, err := client.Read(ctx)
			return err
		}, func(ctx context.Context) error {
			_, _, err := client.Named(ctx, "a@x.io")
			return err
		}, func(ctx context.Context) error {
			_, err := client.Create(ctx, directory.Person{ID: "u1", Name: "A", Email: "a@x.io"})
			return err
		})
	})
}
