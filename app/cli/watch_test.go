package cli_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/cli"
	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/simulator"
	"github.com/rollcall-app/rollcall/storage"
)

// methods notes which HTTP methods reached a server, and what was asked by another
// than GET.
type methods struct {
	mu   sync.Mutex
	used []string
}

// before stands before a server, and notes what passes.
func (m *methods) before(t *testing.T, server string) string {
	t.Helper()
	target, err := url.Parse(server)
	require.NoError(t, err)
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.mu.Lock()
		if used := r.Method; used == http.MethodGet {
			m.used = append(m.used, used)
		} else {
			m.used = append(m.used, used+" "+path.Base(r.URL.Path))
		}
		m.mu.Unlock()
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	return front.URL
}

// watching is a watch that runs until the test ends. It rests after each round.
type watching struct {
	t      *testing.T
	lines  *bufio.Scanner
	rounds chan time.Time
	every  time.Duration
	x      *terminal
}

func (x *terminal) watch(args ...string) *watching {
	x.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	out, in := io.Pipe()
	w := &watching{t: x.t, lines: bufio.NewScanner(out), rounds: make(chan time.Time), x: x}
	ended := make(chan int, 1)
	go func() {
		ended <- cli.Main(ctx, cli.Parts{
			Version: "1.2.3", Folder: x.folder, OpenStore: func(folder string) (cli.Store, error) { return storage.Open(folder) },
			Upkeep: storage.Upkeep{}, Secrets: noKeyring{}, Windows: &x.windows, In: strings.NewReader(""), Out: in, Err: io.Discard,
			Rounds: func(every time.Duration) (<-chan time.Time, func()) { w.every = every; return w.rounds, func() {} },
		}, append([]string{"watch", "--json"}, args...))
		_ = in.Close()
	}()
	x.t.Cleanup(func() {
		cancel()
		require.Zero(x.t, <-ended, "an interrupted watch has done what was asked for")
	})
	return w
}

// round reads what the next round says.
func (w *watching) round(into any) {
	w.t.Helper()
	require.True(w.t, w.lines.Scan(), "a round says something")
	decoder := json.NewDecoder(bytes.NewReader(w.lines.Bytes()))
	decoder.DisallowUnknownFields()
	require.NoError(w.t, decoder.Decode(into), w.lines.Text())
}

func TestAWatchTellsOnceOfNewConflictsAndNeverWrites(t *testing.T) {
	simulation, err := simulator.Start(simulator.Options{Company: simulator.Sample(4, 40, 300), Rate: 100_000})
	require.NoError(t, err)
	t.Cleanup(simulation.Close)
	t.Setenv(app.IdPSecretVariable, simulator.OktaToken)
	t.Setenv(app.AtlassianSecretVariable, simulator.OrgKey)
	var seen methods
	x := &terminal{t: t, folder: t.TempDir()}
	require.Equal(t, 0, x.run("", "connect", "idp", "--provider", "okta", "--url", seen.before(t, simulation.IdPURL)).code)
	require.Equal(t, 0, x.run("", "connect", "atlassian", "--org", simulation.Company.Org, "--owner", simulation.Company.Owner, "--url", seen.before(t, simulation.AtlassianURL)).code)
	require.Equal(t, 0, x.run("", "fetch").code)
	only := onlyHere(t, x)

	w := x.watch("--every", "90m")
	var quiet, loud, again app.WatchDocument
	w.round(&quiet)
	require.Equal(t, 90*time.Minute, w.every)
	require.Empty(t, quiet.New, "what the last fetch showed isn't new")
	require.Positive(t, quiet.CouldNotSync)
	require.Empty(t, x.told)

	// A group that only the identity provider had takes the name of one that only
	// Atlassian had.
	simulation.Rename(only.idp, only.atlassian)
	w.rounds <- time.Now()
	w.round(&loud)
	require.Equal(t, []string{only.atlassian}, loud.New)
	require.Equal(t, quiet.CouldNotSync+1, loud.CouldNotSync)
	require.Equal(t, []string{"1 new group conflict: " + only.atlassian}, x.told)

	w.rounds <- time.Now()
	w.round(&again)
	require.Empty(t, again.New)
	require.Len(t, x.told, 1, "it was told already")

	slices.Sort(seen.used)
	require.Equal(t, []string{"GET", "POST search", "POST workspaces"}, slices.Compact(seen.used), "people and products are searched for by POST")
}

// onlyHere names a group that only the identity provider has, by its id, and one
// that only Atlassian has, by its name.
func onlyHere(t *testing.T, x *terminal) (only struct{ idp, atlassian string }) {
	t.Helper()
	var review app.ReviewDocument
	x.run("", "review", "--atlassian-only", "--json").document(t, &review)
	for _, group := range review.Groups {
		switch {
		case group.State == "new" && only.idp == "":
			only.idp = *group.IdPID
		case group.State == "atlassian_only" && only.atlassian == "" && directory.FoldName(group.Name) == group.Name:
			only.atlassian = group.Name
		}
	}
	require.NotEmpty(t, only.idp)
	require.NotEmpty(t, only.atlassian)
	return only
}

func TestAWatchGoesOnWhenARoundFailsAndTellsItOnce(t *testing.T) {
	x, simulation := connected(t, simulator.Options{Company: simulator.Sample(4, 20, 100)})
	held, err := storage.Open(x.folder) // as an open window does
	require.NoError(t, err)
	w := x.watch()
	var failed app.ErrorDocument
	w.round(&failed)
	require.Equal(t, "locked", string(failed.Error.Code))
	require.Empty(t, x.told, "a window fetches for itself")
	require.NoError(t, held.Close())

	simulation.Close()
	for range 2 {
		w.rounds <- time.Now()
		w.round(&failed)
		require.Equal(t, "unreachable", string(failed.Error.Code))
	}
	require.Len(t, x.told, 1)
	require.Contains(t, x.told[0], "couldn't fetch")
}

func TestAWatchThatCannotWorkEndsAtOnce(t *testing.T) {
	x := &terminal{t: t, folder: t.TempDir()}
	require.Equal(t, "usage", string(x.run("", "watch", "--every", "10s", "--json").problem(t).Error.Code), "too often")
	require.Equal(t, "not_connected", string(x.run("", "watch", "--json").problem(t).Error.Code))
}

func TestAWatchTellsInTheWindowsLanguage(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"by itself":            {nil, "the window's"},
		"in the one asked for": {[]string{"--lang", "fr"}, "fr"},
		"for programs":         {[]string{"--json"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			x := &terminal{t: t, folder: t.TempDir()}
			x.run("", append([]string{"watch"}, c.args...)...) // ends, for nothing is connected
			require.Equal(t, c.want, x.spoken)
		})
	}
}

func TestDiagnosticsNameNobody(t *testing.T) {
	company := simulator.Sample(4, 40, 300)
	company.PendingDomains = nil // nobody is waited for
	x, simulation := connected(t, simulator.Options{Company: company})
	company = simulation.Company
	require.Equal(t, 0, x.run("", "fetch").code)
	require.Contains(t, []int{0, 3}, x.run("", "sync", "--all", "--override", "all", "--yes").code)
	r := x.run("", "diagnostics")
	require.Equal(t, 0, r.code, r.err)
	for _, said := range []string{"Rollcall:", "1.2.3", "okta", "centralized", "40 IdP groups", "Last run synced"} {
		require.Contains(t, r.out, said)
	}
	private := []string{simulator.OktaToken, simulator.OrgKey, company.Org, company.OrgName, company.Owner, x.folder, simulation.IdPURL, simulation.AtlassianURL, app.By()}
	for _, user := range company.Users {
		private = append(private, user.ID, user.Email)
	}
	for _, group := range company.SourceGroups {
		private = append(private, group.ID)
	}
	for _, text := range private {
		if text != "" {
			require.NotContains(t, r.out, text)
		}
	}
}

func TestTheLogOnDiskTellsWhatHappenedAndNoSecret(t *testing.T) {
	company := simulator.Sample(4, 40, 300)
	company.PendingDomains = nil // nobody is waited for
	x, _ := connected(t, simulator.Options{Company: company})
	require.Equal(t, 0, x.run("", "fetch", "--log", "debug").code)
	require.Contains(t, []int{0, 3}, x.run("", "sync", "--all", "--yes", "--override", "all").code)
	t.Setenv(app.AtlassianSecretVariable, "not-the-key")
	require.Equal(t, 1, x.run("", "fetch").code)
	log := x.log()
	for _, said := range []string{"msg=fetched", "msg=request", "msg=\"run ended\"", "msg=\"fetch failed\" code=bad_credentials"} {
		require.Contains(t, log, said)
	}
	for _, secret := range []string{simulator.OktaToken, simulator.OrgKey, "not-the-key"} {
		require.NotContains(t, log, secret)
	}
	require.Equal(t, 0, x.run("", "forget", "--yes").code)
	require.NotContains(t, x.log(), "msg=fetched", "it is forgotten, too")
}
