package okta_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app/idp"
	"github.com/rollcall-app/rollcall/app/idp/idptest"
	"github.com/rollcall-app/rollcall/app/idp/okta"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/simulator"
)

func start(t *testing.T, company *simulator.Company, wrap func(http.Handler) http.Handler) *simulator.Simulation {
	t.Helper()
	simulation, err := simulator.Start(simulator.Options{Company: company, Rate: 100_000, Wrap: func(side string, next http.Handler) http.Handler {
		if side == "okta" && wrap != nil {
			return wrap(next)
		}
		return next
	}})
	require.NoError(t, err)
	t.Cleanup(simulation.Close)
	return simulation
}

func connect(t *testing.T, simulation *simulator.Simulation, app string) *okta.Okta {
	t.Helper()
	connection, err := okta.New(okta.Config{URL: simulation.OktaURL, Token: simulator.OktaToken, App: app})
	require.NoError(t, err)
	return connection
}

func company(world idptest.World) *simulator.Company {
	c := &simulator.Company{Org: "org", Directory: "dir", App: "0oaapp"}
	for i, person := range world.People {
		status := "ACTIVE"
		if person.Disabled {
			status = "SUSPENDED"
		}
		c.Users = append(c.Users, simulator.User{ID: fmt.Sprintf("00u%05d", i), First: person.Name, Login: person.Email, Email: person.Email, Status: status})
	}
	for i, group := range world.Groups {
		made := simulator.OktaGroup{ID: fmt.Sprintf("00g%05d", i), Name: group.Name, Type: "OKTA_GROUP"}
		for _, member := range group.Members {
			made.Members = append(made.Members, c.Users[member].ID)
		}
		c.OktaGroups = append(c.OktaGroups, made)
	}
	return c
}

func TestOktaPassesTheSuite(t *testing.T) {
	idptest.Run(t, idptest.Server{
		Page: 1000,
		Serve: func(t *testing.T, world idptest.World, wrap func(http.Handler) http.Handler) idp.Provider {
			return connect(t, start(t, company(world), wrap), "")
		},
		TooMany: func(w http.ResponseWriter) {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusTooManyRequests)
		},
		MembersPath: func(path string) bool { return strings.HasSuffix(path, "/users") && strings.Contains(path, "/groups/") },
	})
}

func TestTheScopeIsTheGroupsAssignedToTheApp(t *testing.T) {
	c := company(idptest.World{Groups: []idptest.Group{{Name: "in"}, {Name: "out"}}})
	c.OktaGroups[0].Assigned = true
	simulation := start(t, c, nil)

	side, _, err := connect(t, simulation, c.App).Read(context.Background(), nil)
	require.NoError(t, err)
	require.Len(t, side.Groups, 1)
	require.Equal(t, "in", side.Groups[0].Name)

	_, _, err = connect(t, simulation, "0oaother").Read(context.Background(), nil)
	require.True(t, problem.Is(err, problem.NotFound), "%v", err)
	require.Contains(t, err.Error(), "0oaother")
}

func TestBuiltInGroupsAreOutOfScope(t *testing.T) {
	c := company(idptest.World{Groups: []idptest.Group{{Name: "Everyone"}, {Name: "legal"}}})
	c.OktaGroups[0].Type = "BUILT_IN"
	side, _, err := connect(t, start(t, c, nil), "").Read(context.Background(), nil)
	require.NoError(t, err)
	require.Len(t, side.Groups, 1)
	require.Equal(t, "legal", side.Groups[0].Name)
}

func TestGroupsOfAppsAreReadOnly(t *testing.T) {
	c := company(idptest.World{Groups: []idptest.Group{{Name: "from AD"}}})
	c.OktaGroups[0].Type = "APP_GROUP"
	side, _, err := connect(t, start(t, c, nil), "").Read(context.Background(), nil)
	require.NoError(t, err)
	require.NotEmpty(t, side.Groups[0].ReadOnly)
}

// With many groups and few people, asking each person is cheaper; both ways
// read the same.
func TestTheCheaperWayIsTakenAndReadsTheSame(t *testing.T) {
	world := idptest.World{People: []idptest.Person{{Name: "A", Email: "a@x.io"}, {Name: "B", Email: "b@x.io"}}}
	for i := range 5 {
		world.Groups = append(world.Groups, idptest.Group{Name: fmt.Sprint(i), Members: []int{i % 2}})
	}
	side, reading, err := connect(t, start(t, company(world), nil), "").Read(context.Background(), nil)
	require.NoError(t, err)
	require.Contains(t, reading.Way, "person by person: 2 requests")
	require.Equal(t, 1+1+2, reading.Requests)
	for i := range 5 {
		require.Len(t, side.Members.Of(0), 1, "group %d", i)
	}

	world.People = append(world.People, make([]idptest.Person, 10)...)
	for i := range 10 {
		world.People[2+i] = idptest.Person{Name: "More", Email: fmt.Sprintf("m%d@x.io", i)}
	}
	again, reading, err := connect(t, start(t, company(world), nil), "").Read(context.Background(), nil)
	require.NoError(t, err)
	require.Contains(t, reading.Way, "group by group: 5 requests")
	require.Equal(t, 1+1+5, reading.Requests)
	require.Equal(t, side.Members, again.Members)
}

func TestAWrongTokenIsSaidToBeSo(t *testing.T) {
	simulation := start(t, company(idptest.World{}), nil)
	connection, err := okta.New(okta.Config{URL: simulation.OktaURL, Token: "wrong"})
	require.NoError(t, err)
	err = connection.Check(context.Background())
	require.True(t, problem.Is(err, problem.BadCredentials), "%v", err)
	require.Contains(t, err.Error(), "E0000011")
	require.NotContains(t, err.Error(), "wrong")
}

func TestTheLoginIsAnAliasAndARecoveryAddressIsNot(t *testing.T) {
	c := company(idptest.World{People: []idptest.Person{{Name: "Ana", Email: "ana@x.io"}}})
	c.Users[0].Login = "ana.old@x.io"
	side, _, err := connect(t, start(t, c, nil), "").Read(context.Background(), nil)
	require.NoError(t, err)
	require.Equal(t, []string{"ana.old@x.io"}, side.People[0].Aliases)
}
