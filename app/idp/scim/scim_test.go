package scim_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app/idp"
	"github.com/rollcall-app/rollcall/app/idp/idptest"
	"github.com/rollcall-app/rollcall/app/idp/scim"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/simulator"
)

func start(t *testing.T, world idptest.World, traits simulator.SCIMTraits, wrap idptest.Wrap) *simulator.Simulation {
	t.Helper()
	return idptest.Start(t, simulator.Options{Company: idptest.Company(world), IdP: "scim", SCIM: traits}, wrap)
}

func connect(t *testing.T, config scim.Config) *scim.SCIM {
	t.Helper()
	connection, err := scim.New(config)
	require.NoError(t, err)
	return connection
}

// Whatever liberties a server takes, what is read of it is the same.
func TestSCIMPassesTheSuite(t *testing.T) {
	for name, traits := range map[string]simulator.SCIMTraits{
		"members inline":              {},
		"members one group at a time": {NoMembers: true},
		"fewer rows than asked for":   {PageCap: 7},
		"no total":                    {NoTotal: true, PageCap: 50},
	} {
		t.Run(name, func(t *testing.T) {
			idptest.Run(t, idptest.Server{
				Page: 100,
				Serve: func(t *testing.T, world idptest.World, wrap idptest.Wrap) idp.Provider {
					simulation := start(t, world, traits, wrap)
					return connect(t, scim.Config{URL: simulation.Connection["url"], Token: simulator.BearerToken, Rate: 1e5})
				},
				TooMany: func(w http.ResponseWriter) {
					w.Header().Set("Retry-After", "0")
					w.WriteHeader(http.StatusTooManyRequests)
				},
				Members: func(r *http.Request) bool { return strings.Contains(r.URL.Path, "/Users") },
				Nests:   true,
			})
		})
	}
}

var world = idptest.World{
	People: []idptest.Person{{Name: "A", Email: "a@x.io"}, {Name: "B", Email: "b@x.io"}},
	Groups: []idptest.Group{{Name: "both", Members: []int{0, 1}}},
}

func TestEveryWayToSignInWorksAndAWrongOneIsSaidToBeSo(t *testing.T) {
	simulation := start(t, world, simulator.SCIMTraits{}, nil)
	url := simulation.Connection["url"]
	for name, config := range map[string]scim.Config{
		"bearer": {URL: url, Token: simulator.BearerToken, Rate: 1e5},
		"basic":  {URL: url, User: simulator.ClientID, Password: simulator.ClientSecret},
		"client credentials": {
			URL: url, TokenURL: simulation.IdPURL + "/token", ClientID: simulator.ClientID, ClientSecret: simulator.ClientSecret, Scope: "scim.read",
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, connect(t, config).Check(context.Background()))
			config.Token, config.Password, config.ClientSecret = "wrong", "wrong", "wrong"
			err := connect(t, config).Check(context.Background())
			require.True(t, problem.Is(err, problem.BadCredentials), "%v", err)
		})
	}
}

func TestAServerThatDoesNotAddUpIsRefused(t *testing.T) {
	for name, answer := range map[string]string{
		"a total that the rows don't reach": `{"totalResults":5,"Resources":[]}`,
		"more rows than the total":          `{"totalResults":0,"Resources":[{"id":"1","userName":"a@x.io"}]}`,
		"the same rows again":               `{"Resources":[{"id":"1","userName":"a@x.io"}]}`,
		"a row without an id":               `{"totalResults":1,"Resources":[{"userName":"a@x.io"}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			simulation := start(t, world, simulator.SCIMTraits{}, func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if strings.HasSuffix(r.URL.Path, "/Users") {
						w.Header().Set("Content-Type", "application/scim+json")
						fmt.Fprint(w, answer)
						return
					}
					next.ServeHTTP(w, r)
				})
			})
			_, _, err := connect(t, scim.Config{URL: simulation.Connection["url"], Token: simulator.BearerToken, Rate: 1e5}).Read(context.Background(), nil, nil)
			require.True(t, problem.Is(err, problem.Incomplete), "%v", err)
		})
	}
}

func TestAMemberWhoIsNotListedMakesTheGroupUnreadable(t *testing.T) {
	simulation := start(t, world, simulator.SCIMTraits{}, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/Users") {
				w.Header().Set("Content-Type", "application/scim+json")
				fmt.Fprint(w, `{"totalResults":1,"Resources":[{"id":"00u00000","userName":"a@x.io","active":"True"}]}`)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	side, _, err := connect(t, scim.Config{URL: simulation.Connection["url"], Token: simulator.BearerToken, Rate: 1e5}).Read(context.Background(), nil, nil)
	require.NoError(t, err)
	require.NotEmpty(t, side.Groups[0].Unreadable)
	require.False(t, side.People[0].Disabled, "a boolean written as a string")
}

func TestAnAddressAtHomeIsNobodysWord(t *testing.T) {
	side, _, err := connect(t, scim.Config{
		URL: start(t, world, simulator.SCIMTraits{}, nil).Connection["url"], Token: simulator.BearerToken,
	}).Read(context.Background(), nil, nil)
	require.NoError(t, err)
	for _, person := range side.People {
		require.NotEqual(t, "home@elsewhere.example", person.Email)
		require.Empty(t, person.Aliases)
	}
}
