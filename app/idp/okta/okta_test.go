package okta_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/idp"
	"github.com/rollcall-app/rollcall/app/idp/idptest"
	"github.com/rollcall-app/rollcall/app/idp/okta"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/simulator"
)

func start(t *testing.T, company *simulator.Company, wrap idptest.Wrap) *simulator.Simulation {
	t.Helper()
	return idptest.Start(t, simulator.Options{Company: company}, wrap)
}

func connect(t *testing.T, simulation *simulator.Simulation, app string) *okta.Okta {
	t.Helper()
	connection, err := okta.New(okta.Config{URL: simulation.IdPURL, Token: simulator.OktaToken, App: app})
	require.NoError(t, err)
	return connection
}

func TestOktaPassesTheSuite(t *testing.T) {
	idptest.Run(t, idptest.Server{
		Page: 1000,
		Serve: func(t *testing.T, world idptest.World, wrap idptest.Wrap) idp.Provider {
			return connect(t, start(t, idptest.Company(world), wrap), "")
		},
		TooMany: func(w http.ResponseWriter) {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusTooManyRequests)
		},
		Members: isMembers, Fixes: true, Counts: true, Feeds: true,
	})
}

func TestReadingWhatChangedEqualsReadingEverything(t *testing.T) {
	idptest.RunChanges(t, "okta", func(t *testing.T, simulation *simulator.Simulation) idp.Provider { return connect(t, simulation, "") })
}

func TestReadingAgainWithNothingChangedCostsLessThanAHundredth(t *testing.T) {
	connection := connect(t, start(t, idptest.Company(idptest.Many(1000, 2000)), nil), "")
	first, reading, err := connection.Read(context.Background(), nil, nil)
	require.NoError(t, err)
	second, again, err := connection.Read(context.Background(), &first, nil)
	require.NoError(t, err)
	require.Less(t, 100*again.Requests, reading.Requests)
	require.Equal(t, first.Members, second.Members)
}

func TestTheScopeIsTheGroupsAssignedToTheApp(t *testing.T) {
	c := idptest.Company(idptest.World{Groups: []idptest.Group{{Name: "in"}, {Name: "out"}}})
	c.SourceGroups[0].Assigned = true
	simulation := start(t, c, nil)

	side, _, err := connect(t, simulation, c.App).Read(context.Background(), nil, nil)
	require.NoError(t, err)
	require.Len(t, side.Groups, 1)
	require.Equal(t, "in", side.Groups[0].Name)

	_, _, err = connect(t, simulation, "0oaother").Read(context.Background(), nil, nil)
	require.True(t, problem.Is(err, problem.NotFound), "%v", err)
	require.Contains(t, err.Error(), "0oaother")
}

func TestBuiltInGroupsAreOutOfScope(t *testing.T) {
	c := idptest.Company(idptest.World{Groups: []idptest.Group{{Name: "Everyone"}, {Name: "legal"}}})
	c.SourceGroups[0].Type = "BUILT_IN"
	side, _, err := connect(t, start(t, c, nil), "").Read(context.Background(), nil, nil)
	require.NoError(t, err)
	require.Len(t, side.Groups, 1)
	require.Equal(t, "legal", side.Groups[0].Name)
}

func TestGroupsOfAppsAreReadOnly(t *testing.T) {
	c := idptest.Company(idptest.World{Groups: []idptest.Group{{Name: "from AD"}}})
	c.SourceGroups[0].Type = "APP_GROUP"
	side, _, err := connect(t, start(t, c, nil), "").Read(context.Background(), nil, nil)
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
	side, reading, err := connect(t, start(t, idptest.Company(world), nil), "").Read(context.Background(), nil, nil)
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
	again, reading, err := connect(t, start(t, idptest.Company(world), nil), "").Read(context.Background(), nil, nil)
	require.NoError(t, err)
	require.Contains(t, reading.Way, "group by group: 5 requests")
	require.Equal(t, 1+1+5, reading.Requests)
	require.Equal(t, byName(side), byName(again))
}

// byName gives the addresses in each group.
func byName(side directory.IdentityProvider) map[string][]string {
	members := map[string][]string{}
	for i := range side.Groups {
		for _, no := range side.Members.Of(directory.SourceNo(i)) {
			members[side.Groups[i].Name] = append(members[side.Groups[i].Name], side.People[no].Email)
		}
	}
	return members
}

func TestTheScopeIsWhatGroupPushPushes(t *testing.T) {
	c := idptest.Company(idptest.World{Groups: []idptest.Group{{Name: "pushed"}, {Name: "assigned, from an app", Fixed: true}, {Name: "neither"}}})
	c.SourceGroups[0].Assigned, c.SourceGroups[1].Assigned = true, true
	simulation := start(t, c, nil)
	connection, err := okta.New(okta.Config{URL: simulation.IdPURL, Token: simulator.OktaToken, App: c.App, Pushed: true})
	require.NoError(t, err)
	require.NoError(t, connection.Check(context.Background()))
	side, _, err := connection.Read(context.Background(), nil, nil)
	require.NoError(t, err)
	require.Len(t, side.Groups, 1)
	require.Equal(t, "pushed", side.Groups[0].Name)
}

func serviceApp(t *testing.T, simulation *simulator.Simulation) *okta.Okta {
	t.Helper()
	key, err := simulation.ServiceKey()
	require.NoError(t, err)
	connection, err := okta.New(okta.Config{URL: simulation.IdPURL, ClientID: simulator.ClientID, Key: key, KeyID: "1"})
	require.NoError(t, err)
	return connection
}

func TestAServiceAppPassesTheSuite(t *testing.T) {
	idptest.Run(t, idptest.Server{
		Page: 1000,
		Serve: func(t *testing.T, world idptest.World, wrap idptest.Wrap) idp.Provider {
			return serviceApp(t, start(t, idptest.Company(world), wrap))
		},
		Members: isMembers, Fixes: true, Feeds: true,
	})
}

func isMembers(r *http.Request) bool {
	return strings.HasSuffix(r.URL.Path, "/users") && strings.Contains(r.URL.Path, "/groups/")
}

func TestATokenThatEndsInTheMiddleOfAReadIsRenewed(t *testing.T) {
	world := idptest.World{People: []idptest.Person{{Name: "A", Email: "a@x.io"}, {Name: "B", Email: "b@x.io"}}, Groups: []idptest.Group{{Name: "group", Members: []int{0, 1}}}}
	var simulation *simulator.Simulation
	var once sync.Once
	simulation = start(t, idptest.Company(world), func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if isMembers(r) {
				once.Do(func() { simulation.ExpireTokens() })
			}
			next.ServeHTTP(w, r)
		})
	})
	side, _, err := serviceApp(t, simulation).Read(context.Background(), nil, nil)
	require.NoError(t, err)
	require.Equal(t, map[string][]string{"group": {"a@x.io", "b@x.io"}}, byName(side))
}

func TestAMissingScopeIsNamed(t *testing.T) {
	simulation := start(t, idptest.Company(idptest.World{Groups: []idptest.Group{{Name: "a"}}}), func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/oauth2/v1/token" { // okta.users.read wasn't granted
				require.NoError(t, r.ParseForm())
				r.PostForm.Set("scope", "okta.groups.read")
			}
			next.ServeHTTP(w, r)
		})
	})
	err := serviceApp(t, simulation).Check(context.Background())
	require.True(t, problem.Is(err, problem.Forbidden), "%v", err)
	require.Contains(t, err.Error(), "okta.users.read")
}

func TestAKeyThatOktaDoesNotHaveIsSaidToBeSo(t *testing.T) {
	simulation := start(t, idptest.Company(idptest.World{}), nil)
	other := start(t, idptest.Company(idptest.World{}), nil)
	key, err := other.ServiceKey()
	require.NoError(t, err)
	connection, err := okta.New(okta.Config{URL: simulation.IdPURL, ClientID: simulator.ClientID, Key: key})
	require.NoError(t, err)
	err = connection.Check(context.Background())
	require.True(t, problem.Is(err, problem.BadCredentials), "%v", err)
	_, err = okta.New(okta.Config{URL: simulation.IdPURL, ClientID: simulator.ClientID, Key: "no key"})
	require.True(t, problem.Is(err, problem.Usage), "%v", err)
}

func TestAMemberThatARulePutsInIsNotRemoved(t *testing.T) {
	c := idptest.Company(idptest.World{People: []idptest.Person{{Name: "A", Email: "a@x.io"}}, Groups: []idptest.Group{{Name: "ruled", Members: []int{0}}}})
	c.SourceGroups[0].Rule = "everybody in sales"
	connection := connect(t, start(t, c, nil), "")
	side, _, err := connection.Read(context.Background(), nil, nil)
	require.NoError(t, err)
	err = connection.RemoveMember(context.Background(), side.Groups[0], side.People[0])
	require.True(t, problem.Is(err, problem.Refused), "%v", err)
	require.Contains(t, err.Error(), "everybody in sales")
	uses, err := connection.Uses(context.Background(), side.Groups[0])
	require.NoError(t, err)
	require.Equal(t, "everybody in sales", uses.Rule, "it is known before")
}

func TestASecondReadAsksOnlyForWhatChanged(t *testing.T) {
	world := idptest.World{}
	for i := range 30 {
		world.People = append(world.People, idptest.Person{Name: "P", Email: fmt.Sprintf("p%d@x.io", i)})
		world.Groups = append(world.Groups, idptest.Group{Name: fmt.Sprint("g", i), Members: []int{i}})
	}
	simulation := start(t, idptest.Company(world), nil)
	connection := connect(t, simulation, "")
	ctx := context.Background()
	first, reading, err := connection.Read(ctx, nil, nil)
	require.NoError(t, err)
	require.Equal(t, 32, reading.Requests)
	second, reading, err := connection.Read(ctx, &first, nil)
	require.NoError(t, err)
	require.Equal(t, 2, reading.Requests, "groups are listed, and changed people")
	require.Equal(t, first, second)

	// A group deleted, a person suspended, one deprovisioned: none of it shows
	// by lastMembershipUpdated.
	simulation.DeleteSource("00g00000")
	c := simulation.Company
	suspended, gone := c.Users[1], c.Users[2]
	suspended.Status, gone.Status = "SUSPENDED", "DEPROVISIONED"
	simulation.PutUser(suspended)
	simulation.PutUser(gone)
	third, reading, err := connection.Read(ctx, &second, nil)
	require.NoError(t, err)
	require.Equal(t, 3, reading.Requests, "the group of who is gone is read again")
	anew, _, err := connection.Read(ctx, nil, nil)
	require.NoError(t, err)
	require.Equal(t, anew, third)

	narrow, _, err := connect(t, simulation, "").Read(ctx, &directory.IdentityProvider{Source: "elsewhere", Groups: first.Groups}, nil)
	require.NoError(t, err)
	require.Equal(t, anew, narrow, "what was read from elsewhere tells nothing")
}

func TestAWrongTokenIsSaidToBeSo(t *testing.T) {
	simulation := start(t, idptest.Company(idptest.World{}), nil)
	connection, err := okta.New(okta.Config{URL: simulation.IdPURL, Token: "wrong"})
	require.NoError(t, err)
	err = connection.Check(context.Background())
	require.True(t, problem.Is(err, problem.BadCredentials), "%v", err)
	require.Contains(t, err.Error(), "E0000011")
	require.NotContains(t, err.Error(), "wrong")
}

func TestTheLoginIsAnAliasAndARecoveryAddressIsNot(t *testing.T) {
	c := idptest.Company(idptest.World{People: []idptest.Person{{Name: "Ana", Email: "ana@x.io"}}})
	c.Users[0].Login = "ana.old@x.io"
	side, _, err := connect(t, start(t, c, nil), "").Read(context.Background(), nil, nil)
	require.NoError(t, err)
	require.Equal(t, []string{"ana.old@x.io"}, side.People[0].Aliases)
}

// Okta tells every number before its members are read: the way taken is the cheaper
// one, to the request.
func TestTheWayTakenIsTheCheaperOneByCountingBothOut(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		pages := func(rows, size int) int { return max(1, (rows+size-1)/size) }
		world := idptest.World{}
		people := rapid.IntRange(1, 500).Draw(rt, "people")
		for i := range people {
			world.People = append(world.People, idptest.Person{Name: "P", Email: fmt.Sprintf("p%d@x.io", i)})
		}
		byGroup := 0
		for g := range rapid.IntRange(0, 30).Draw(rt, "groups") {
			group := idptest.Group{Name: fmt.Sprint("g", g)}
			for i := range rapid.IntRange(0, people).Draw(rt, "members") {
				group.Members = append(group.Members, i)
			}
			byGroup += pages(len(group.Members), 1000)
			world.Groups = append(world.Groups, group)
		}
		_, reading, err := connect(t, start(t, idptest.Company(world), nil), "").Read(context.Background(), nil, nil)
		require.NoError(rt, err)
		require.Equal(rt, pages(len(world.Groups), 200)+pages(people, 200)+min(byGroup, people), reading.Requests)
	})
}
