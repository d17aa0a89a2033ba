package google_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app/idp"
	"github.com/rollcall-app/rollcall/app/idp/google"
	"github.com/rollcall-app/rollcall/app/idp/idptest"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/remote/oauth"
	"github.com/rollcall-app/rollcall/app/simulator"
)

func start(t *testing.T, company *simulator.Company, wrap idptest.Wrap) *simulator.Simulation {
	t.Helper()
	return idptest.Start(t, simulator.Options{Company: company, IdP: "google"}, wrap)
}

func connect(t *testing.T, simulation *simulator.Simulation) *google.Google {
	t.Helper()
	connection, err := google.New(google.Config{URL: simulation.IdPURL, Account: simulation.Connection["secret"], Admin: "admin@x.io", Rate: 1e5})
	require.NoError(t, err)
	return connection
}

func isMembers(r *http.Request) bool {
	return r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/members")
}

const quota = `{"error":{"code":403,"message":"Quota exceeded.","errors":[{"reason":"userRateLimitExceeded"}]}}`

func TestGooglePassesTheSuite(t *testing.T) {
	idptest.Run(t, idptest.Server{
		Page: 200,
		Serve: func(t *testing.T, world idptest.World, wrap idptest.Wrap) idp.Provider {
			return connect(t, start(t, idptest.Company(world), wrap))
		},
		TooMany: func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, quota)
		},
		Members: isMembers, Nests: true,
	})
}

var world = idptest.World{
	People: []idptest.Person{{Name: "A", Email: "a@x.io"}, {Name: "B", Email: "b@x.io"}},
	Groups: []idptest.Group{{Name: "both", Members: []int{0, 1}}, {Name: "empty"}},
}

func TestAMemberMissingAgainstTheCountIsNoticed(t *testing.T) {
	var lie atomic.Int32
	lie.Store(1)
	simulation := start(t, idptest.Company(world), func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if isMembers(r) && lie.Add(-1) >= 0 {
				w.Header().Set("Content-Type", "application/json")
				fmt.Fprint(w, `{"members":[{"id":"00u00000","email":"a@x.io","type":"USER"}]}`)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	_, _, err := connect(t, simulation).Read(context.Background(), nil, nil)
	require.NoError(t, err, "it was read again")
	lie.Store(1000)
	_, _, err = connect(t, simulation).Read(context.Background(), nil, nil)
	require.True(t, problem.Is(err, problem.Incomplete), "%v", err)
}

func TestAGroupOfEverybodyCannotBeCompared(t *testing.T) {
	c := idptest.Company(world)
	c.SourceGroups[0].Type = "EVERYBODY"
	connection := connect(t, start(t, c, nil))
	side, _, err := connection.Read(context.Background(), nil, nil)
	require.NoError(t, err)
	require.NotEmpty(t, side.Groups[0].Unreadable)
	require.Empty(t, side.Groups[1].Unreadable)
	now, err := connection.Now(context.Background(), side.Groups[0].ID)
	require.NoError(t, err)
	require.NotEmpty(t, now.Group.Unreadable)
}

func TestAliasesAreVouchedForAndGroupsWithoutMembersAreNotAsked(t *testing.T) {
	c := idptest.Company(world)
	c.Users[0].Login = "old@x.io"
	var asked atomic.Int32
	simulation := start(t, c, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if isMembers(r) {
				asked.Add(1)
				require.Equal(t, "nextPageToken,members(id,email,type,status)", r.URL.Query().Get("fields"), "a partial response")
			}
			next.ServeHTTP(w, r)
		})
	})
	side, reading, err := connect(t, simulation).Read(context.Background(), nil, nil)
	require.NoError(t, err)
	require.Equal(t, []string{"old@x.io"}, side.People[0].Aliases)
	require.EqualValues(t, 1, asked.Load())
	require.Equal(t, 3, reading.Requests)
}

func TestADeniedScopeIsNamedAndNotTakenForARateLimit(t *testing.T) {
	simulation := start(t, idptest.Company(world), func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/users") {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(http.StatusForbidden)
				fmt.Fprint(w, `{"error":{"code":403,"message":"Request had insufficient authentication scopes.","errors":[{"reason":"insufficientPermissions"}]}}`)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	err := connect(t, simulation).Check(context.Background())
	require.True(t, problem.Is(err, problem.Forbidden), "%v", err)
	require.Contains(t, err.Error(), "admin.directory.user.readonly")
}

func TestAPersonSignsInThroughABrowser(t *testing.T) {
	ctx := context.Background()
	simulation := start(t, idptest.Company(world), nil)
	settings := google.Config{URL: simulation.IdPURL, LoginURL: simulation.IdPURL, ClientID: simulator.ClientID}
	left, err := google.SignIn(settings, "not so secret").Browser(ctx, func(prompt oauth.Prompt) {
		go func() {
			if resp, err := http.Get(prompt.URL); err == nil {
				_ = resp.Body.Close()
			}
		}()
	})
	require.NoError(t, err)
	require.Equal(t, "not so secret", left.ClientSecret)
	settings.SignedIn, settings.Keep = left, func(context.Context, oauth.SignedIn) error { return nil }
	connection, err := google.New(settings)
	require.NoError(t, err)
	side, _, err := connection.Read(ctx, nil, nil)
	require.NoError(t, err)
	require.Len(t, side.People, 2)
}

func TestWhatIsNoServiceAccountIsSaidToBeSo(t *testing.T) {
	for name, file := range map[string]string{"nothing": "", "another file": `{"installed":{"client_id":"x"}}`, "a broken key": `{"type":"service_account","client_email":"a@b","private_key":"x","token_uri":"https://x"}`} {
		_, err := google.New(google.Config{Account: file, Admin: "a@x.io"})
		require.Error(t, err, name)
		require.NotEmpty(t, problem.Of(err).Action)
	}
}
