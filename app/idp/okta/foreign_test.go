package okta_test

import (
	"context"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app/foreign"
	"github.com/rollcall-app/rollcall/app/idp/idptest"
	"github.com/rollcall-app/rollcall/app/idp/okta"
	"github.com/rollcall-app/rollcall/app/simulator"
)

// specification is Okta's own, beside the project.
const specification = "../../../../shared/specs/okta-groups-users.json"

// Prism refuses every request and every answer that doesn't keep to Okta's own
// description.
func TestPrismFindsNothingToRefuseBetweenClientAndSimulator(t *testing.T) {
	foreign.Folder(t)
	if _, err := os.Stat(specification); err != nil {
		t.Skipf("the vendor's OpenAPI file isn't here: %v", err)
	}
	c := idptest.Company(idptest.World{
		People: []idptest.Person{{Name: "Ana", Email: "ana@x.io"}, {Name: "Bo", Email: "bo@x.io", Disabled: true}},
		Groups: []idptest.Group{{Name: "legal", Members: []int{0, 1}}, {Name: "empty"}},
	})
	c.SourceGroups[0].Assigned = true
	for i := range c.Users {
		c.Users[i].Last = "Berg" // nobody in Okta is without
	}
	simulation := start(t, c, nil)
	proxy := foreign.Prism(t, specification, simulation.IdPURL)
	ctx := context.Background()
	for _, app := range []string{"", c.App} {
		connection, err := okta.New(okta.Config{URL: proxy, Token: simulator.OktaToken, App: app})
		require.NoError(t, err)
		require.NoError(t, connection.Check(ctx))
		side, _, err := connection.Read(ctx, nil, nil)
		require.NoError(t, err)
		require.NotEmpty(t, side.Groups)
		require.NoError(t, connection.AddMember(ctx, side.Groups[0], side.People[0]))
		require.NoError(t, connection.RemoveMember(ctx, side.Groups[0], side.People[1]))
		require.NoError(t, connection.RenameGroup(ctx, side.Groups[0], "legal affairs"))
		_, err = connection.Now(ctx, side.Groups[0].ID)
		require.NoError(t, err)
	}
}
