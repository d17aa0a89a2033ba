package entra_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/idp"
	"github.com/rollcall-app/rollcall/app/idp/entra"
	"github.com/rollcall-app/rollcall/app/idp/idptest"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/remote/oauth"
	"github.com/rollcall-app/rollcall/app/simulator"
)

func start(t *testing.T, company *simulator.Company, wrap idptest.Wrap) *simulator.Simulation {
	t.Helper()
	return idptest.Start(t, simulator.Options{Company: company, IdP: "entra"}, wrap)
}

func config(simulation *simulator.Simulation) entra.Config {
	c := simulation.Connection
	return entra.Config{URL: c["url"], LoginURL: c["login-url"], Tenant: c["tenant"], ClientID: c["client"], Secret: c["secret"], Rate: 1e5}
}

func connect(t *testing.T, config entra.Config) *entra.Entra {
	t.Helper()
	connection, err := entra.New(config)
	require.NoError(t, err)
	return connection
}

// isMembers tells requests for members: batches, and further pages.
func isMembers(r *http.Request) bool {
	return strings.HasSuffix(r.URL.Path, "/$batch") || strings.HasSuffix(r.URL.Path, "/transitiveMembers")
}

func TestEntraPassesTheSuite(t *testing.T) {
	idptest.Run(t, idptest.Server{
		Page: 999,
		Serve: func(t *testing.T, world idptest.World, wrap idptest.Wrap) idp.Provider {
			return connect(t, config(start(t, idptest.Company(world), wrap)))
		},
		TooMany: func(w http.ResponseWriter) {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusTooManyRequests)
		},
		Members: isMembers, Nests: true, Fixes: true, Feeds: true,
	})
}

func world(people, groups int) idptest.World {
	var w idptest.World
	for i := range people {
		w.People = append(w.People, idptest.Person{Name: fmt.Sprint("P", i), Email: fmt.Sprintf("p%d@x.io", i)})
	}
	for i := range groups {
		w.Groups = append(w.Groups, idptest.Group{Name: fmt.Sprint("g", i), Members: []int{i % people}})
	}
	return w
}

func TestMembersAreReadTwentyGroupsAtATime(t *testing.T) {
	simulation := start(t, idptest.Company(world(5, 41)), nil)
	_, reading, err := connect(t, config(simulation)).Read(context.Background(), nil, nil)
	require.NoError(t, err)
	require.Equal(t, 2+1+1+3, reading.Requests, "two delta links, groups, people, three batches")
}

func TestReadingWhatChangedEqualsReadingEverything(t *testing.T) {
	idptest.RunChanges(t, "entra", func(t *testing.T, simulation *simulator.Simulation) idp.Provider {
		return connect(t, config(simulation))
	})
}

// What Graph counts are the parts of batches, not the batches.
func TestReadingAgainWithNothingChangedCostsLessThanAHundredth(t *testing.T) {
	var parts atomic.Int32
	options := simulator.Options{Company: idptest.Company(idptest.Many(1000, 2000)), IdP: "entra", Metered: func(simulator.Metered) { parts.Add(1) }}
	connection := connect(t, config(idptest.Start(t, options, nil)))
	first, _, err := connection.Read(context.Background(), nil, nil)
	require.NoError(t, err)
	whole := parts.Swap(0)
	second, _, err := connection.Read(context.Background(), &first, nil)
	require.NoError(t, err)
	require.Less(t, 100*parts.Load(), whole)
	require.Equal(t, first.Members, second.Members)
}

func TestASecondReadAsksOnlyForWhatChanged(t *testing.T) {
	ctx := context.Background()
	w := world(30, 30)
	w.Groups = append(w.Groups, idptest.Group{Name: "outer", Inside: []int{30}}, idptest.Group{Name: "inner", Inside: []int{1}})
	w.Groups[30].Inside = []int{31}
	simulation := start(t, idptest.Company(w), nil)
	connection := connect(t, config(simulation))
	first, _, err := connection.Read(ctx, nil, nil)
	require.NoError(t, err)
	second, reading, err := connection.Read(ctx, &first, nil)
	require.NoError(t, err)
	require.Equal(t, 2, reading.Requests, "the two deltas")
	require.Equal(t, first.Members, second.Members)

	// Somebody joins a group that stands two deep in another; people change;
	// a group goes.
	c := simulation.Company
	simulation.PutMember("00g00001", "00u00005", true)
	renamed, gone := c.Users[7], c.Users[8]
	renamed.Email, gone.Status = "new7@x.io", "DEPROVISIONED"
	simulation.PutUser(renamed)
	simulation.PutUser(gone)
	simulation.DeleteSource("00g00009")
	third, reading, err := connection.Read(ctx, &second, nil)
	require.NoError(t, err)
	require.Contains(t, reading.Way, "members of 4 of 31 groups", "the group, the two around it, and that of who is gone")
	anew, _, err := connection.Read(ctx, nil, nil)
	require.NoError(t, err)
	third.Mark, anew.Mark = "", ""
	require.Equal(t, anew, third)
}

func TestDeltaLinksThatEntraForgotCostAWholeRead(t *testing.T) {
	ctx := context.Background()
	simulation := start(t, idptest.Company(world(3, 2)), nil)
	connection := connect(t, config(simulation))
	first, _, err := connection.Read(ctx, nil, nil)
	require.NoError(t, err)
	stale := first
	stale.Mark = strings.ReplaceAll(first.Mark, "deltatoken=0", "deltatoken=forgotten")
	require.NotEqual(t, first.Mark, stale.Mark)
	second, reading, err := connection.Read(ctx, &stale, nil)
	require.NoError(t, err)
	require.Contains(t, reading.Way, "group by group")
	require.Equal(t, first, second)
}

func TestALinkElsewhereIsNotFollowed(t *testing.T) {
	var asked atomic.Int32
	thief := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	t.Cleanup(thief.Close)
	simulation := start(t, idptest.Company(world(1200, 1)), func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			recorder := httptest.NewRecorder()
			next.ServeHTTP(recorder, r)
			w.Header().Set("Content-Type", recorder.Header().Get("Content-Type"))
			w.WriteHeader(recorder.Code)
			_, _ = io.Copy(w, bytes.NewReader(bytes.ReplaceAll(recorder.Body.Bytes(), []byte(`"@odata.nextLink":"http://`+r.Host), []byte(`"@odata.nextLink":"`+thief.URL))))
		})
	})
	_, _, err := connect(t, config(simulation)).Read(context.Background(), nil, nil)
	require.True(t, problem.Is(err, problem.Insecure), "%v", err)
	require.Zero(t, asked.Load())
}

func TestAPartOfABatchThatIsToldToSlowDownIsAskedAgain(t *testing.T) {
	var once sync.Once
	var batches, parts atomic.Int32
	simulation := start(t, idptest.Company(world(3, 3)), func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !strings.HasSuffix(r.URL.Path, "/$batch") {
				next.ServeHTTP(w, r)
				return
			}
			batches.Add(1)
			body, _ := io.ReadAll(r.Body)
			r.Body = io.NopCloser(bytes.NewReader(body))
			var asked struct{ Requests []any }
			_ = json.Unmarshal(body, &asked)
			parts.Add(int32(len(asked.Requests)))
			recorder := httptest.NewRecorder()
			next.ServeHTTP(recorder, r)
			var answer struct {
				Responses []map[string]any `json:"responses"`
			}
			_ = json.Unmarshal(recorder.Body.Bytes(), &answer)
			once.Do(func() {
				answer.Responses[0]["status"], answer.Responses[0]["headers"] = 429, map[string]string{"Retry-After": "0"}
				answer.Responses[0]["body"] = map[string]any{}
			})
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(answer)
		})
	})
	side, reading, err := connect(t, config(simulation)).Read(context.Background(), nil, nil)
	require.NoError(t, err)
	for i := range side.Groups {
		require.Len(t, side.Members.Of(directory.SourceNo(i)), 1)
	}
	require.EqualValues(t, 2, batches.Load())
	require.EqualValues(t, 3+1, parts.Load(), "only that part is sent again")
	require.Equal(t, 1, reading.Throttled)
}

// editing changes what the simulator answers for paths with a suffix.
func editing(suffix string, edit func(body []byte) []byte) idptest.Wrap {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !strings.HasSuffix(r.URL.Path, suffix) {
				next.ServeHTTP(w, r)
				return
			}
			recorder := httptest.NewRecorder()
			next.ServeHTTP(recorder, r)
			w.Header().Set("Content-Type", recorder.Header().Get("Content-Type"))
			w.WriteHeader(recorder.Code)
			_, _ = w.Write(edit(recorder.Body.Bytes()))
		})
	}
}

func TestPeopleWhomTheAppMayNotReadAreNeverTakenForAbsent(t *testing.T) {
	hide := func(body []byte) []byte {
		return bytes.ReplaceAll(body, []byte(`"userPrincipalName":"p1@x.io"`), []byte(`"userPrincipalName":null`))
	}
	simulation := start(t, idptest.Company(world(3, 3)), editing("/users", hide))
	_, _, err := connect(t, config(simulation)).Read(context.Background(), nil, nil)
	require.True(t, problem.Is(err, problem.Incomplete), "%v", err)
	require.Contains(t, err.Error(), "User.Read.All")

	simulation = start(t, idptest.Company(world(3, 3)), editing("/$batch", hide))
	side, _, err := connect(t, config(simulation)).Read(context.Background(), nil, nil)
	require.NoError(t, err)
	for i, group := range side.Groups {
		require.Equal(t, i == 1, group.Unreadable != "", "only the group with that member")
	}
}

func TestTheScopeIsTheGroupsAssignedToTheEnterpriseApplication(t *testing.T) {
	c := idptest.Company(world(3, 3))
	c.SourceGroups[1].Assigned = true
	simulation := start(t, c, nil)
	settings := config(simulation)
	settings.App = c.App
	connection := connect(t, settings)
	require.NoError(t, connection.Check(context.Background()))
	side, _, err := connection.Read(context.Background(), nil, nil)
	require.NoError(t, err)
	require.Len(t, side.Groups, 1)
	require.Equal(t, "g1", side.Groups[0].Name)
	settings.App = "none"
	err = connect(t, settings).Check(context.Background())
	require.True(t, problem.Is(err, problem.NotFound), "%v", err)
}

func TestSomebodyInAGroupWithinIsNotRemovedFromTheOuterOne(t *testing.T) {
	w := world(3, 2)
	w.Groups[0].Inside = []int{1}
	simulation := start(t, idptest.Company(w), nil)
	connection := connect(t, config(simulation))
	side, _, err := connection.Read(context.Background(), nil, nil)
	require.NoError(t, err)
	err = connection.RemoveMember(context.Background(), side.Groups[0], side.People[1])
	require.True(t, problem.Is(err, problem.Refused), "%v", err)
	require.Contains(t, err.Error(), "a group within it")
}

func TestAPersonSignsInWithADeviceCodeOrABrowser(t *testing.T) {
	ctx := context.Background()
	simulation := start(t, idptest.Company(world(3, 3)), nil)
	settings := config(simulation)
	settings.Secret = ""
	browser := func(prompt oauth.Prompt) {
		go func() {
			resp, err := http.Get(prompt.URL) // signs in at once, and is sent back
			if err == nil {
				_ = resp.Body.Close()
			}
		}()
	}
	for name, in := range map[string]func() (oauth.SignedIn, error){
		"device code": func() (oauth.SignedIn, error) {
			return entra.SignIn(settings).Device(ctx, func(prompt oauth.Prompt) { require.NotEmpty(t, prompt.Code) })
		},
		"browser": func() (oauth.SignedIn, error) { return entra.SignIn(settings).Browser(ctx, browser) },
	} {
		t.Run(name, func(t *testing.T) {
			left, err := in()
			require.NoError(t, err)
			var kept []oauth.SignedIn
			settings := settings
			settings.SignedIn = left
			settings.Keep = func(_ context.Context, left oauth.SignedIn) error { kept = append(kept, left); return nil }
			connection := connect(t, settings)
			require.NoError(t, connection.Check(ctx))
			require.Len(t, kept, 1, "Entra hands out another refresh token each time")
			simulation.ExpireTokens()
			_, _, err = connection.Read(ctx, nil, nil)
			require.NoError(t, err)
			require.Len(t, kept, 2)
			simulation.ExpireTokens()
			simulation.RevokeSignIns()
			err = connection.Check(ctx)
			require.True(t, problem.Is(err, problem.BadCredentials), "%v", err)
			require.Contains(t, err.Error(), "Sign in again")
		})
	}
}

func TestAWrongSecretIsSaidToBeSo(t *testing.T) {
	settings := config(start(t, idptest.Company(world(1, 1)), nil))
	settings.Secret = "wrong"
	err := connect(t, settings).Check(context.Background())
	require.True(t, problem.Is(err, problem.BadCredentials), "%v", err)
	require.Contains(t, err.Error(), "AADSTS7000215")
	require.NotContains(t, err.Error(), "wrong")
}
