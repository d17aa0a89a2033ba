package soak_test

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app"
	runs "github.com/rollcall-app/rollcall/app/run"
	"github.com/rollcall-app/rollcall/app/simulator"
)

// writes counts what took effect at Atlassian, by request.
type writes struct {
	mu    sync.Mutex
	count map[string]int
}

func (w *writes) wrap(side string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		membership := strings.Contains(r.URL.Path, "/memberships") || strings.HasSuffix(r.URL.Path, "/group/user")
		// A name or a state that is set twice takes effect once.
		if side == "idp" || !membership && (r.Method != http.MethodPost || !strings.Contains(r.URL.Path, "/scim/directory/")) {
			next.ServeHTTP(rw, r)
			return
		}
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, r)
		if answer.Code < 300 {
			w.mu.Lock()
			w.count[fmt.Sprintf("%s %s %s", r.Method, r.URL.RequestURI(), body)]++
			w.mu.Unlock()
		}
		for name, values := range answer.Header() {
			rw.Header()[name] = values
		}
		rw.WriteHeader(answer.Code)
		_, _ = rw.Write(answer.Body.Bytes())
	})
}

func (w *writes) reset() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.count = map[string]int{}
}

// place is the real program with a data folder of its own, connected to a
// simulation.
type place struct {
	t          *testing.T
	binary     string
	simulation *simulator.Simulation
	writes     *writes
	template   string // a folder as it is after fetching
}

func newPlace(t *testing.T, binary string) *place {
	t.Helper()
	w := &writes{count: map[string]int{}}
	simulation, err := simulator.Start(simulator.Options{Company: company(), Rate: 100_000, Wrap: w.wrap})
	require.NoError(t, err)
	t.Cleanup(simulation.Close)
	p := &place{t: t, binary: binary, simulation: simulation, writes: w, template: filepath.Join(t.TempDir(), "template")}
	p.must(p.template, "connect", "idp", "--provider", "okta", "--url", simulation.IdPURL)
	p.must(p.template, "connect", "atlassian", "--org", simulation.Company.Org, "--owner", simulation.Company.Owner, "--url", simulation.AtlassianURL)
	p.must(p.template, "fetch")
	return p
}

func (p *place) command(data string, args ...string) *exec.Cmd {
	cmd := exec.Command(p.binary, append(args, "--data", data)...)
	cmd.Env = append(os.Environ(), app.IdPSecretVariable+"="+simulator.OktaToken, app.AtlassianSecretVariable+"="+simulator.OrgKey, "DBUS_SESSION_BUS_ADDRESS=unix:path=/none")
	return cmd
}

// must runs a command to its end, which may leave groups unsynced.
func (p *place) must(data string, args ...string) []byte {
	p.t.Helper()
	out, err := p.command(data, args...).Output()
	var exit *exec.ExitError
	if err != nil {
		require.ErrorAs(p.t, err, &exit)
		require.Equal(p.t, 3, exit.ExitCode(), "%v: %s%s", args, out, exit.Stderr)
	}
	return out
}

// fresh gives the company back what it had, and a copy of the fetched data.
func (p *place) fresh() (data string) {
	p.t.Helper()
	p.simulation.Reset()
	p.writes.reset()
	data = p.t.TempDir()
	database, err := os.ReadFile(filepath.Join(p.template, "rollcall.db"))
	require.NoError(p.t, err)
	require.NoError(p.t, os.WriteFile(filepath.Join(data, "rollcall.db"), database, 0o600))
	return data
}

var syncAll = []string{"sync", "--all", "--yes", "--override", "all", "--json"}

// members gives who is in every group now.
func (p *place) members() map[string][]string {
	members := map[string][]string{}
	for _, group := range p.simulation.Company.SourceGroups {
		accounts, _ := p.simulation.Members(group.Name)
		for i, account := range accounts {
			accounts[i] = p.simulation.AccountEmail(account) // ids of who was invited differ
		}
		members[group.Name] = sorted(accounts)
	}
	return members
}

// A run that is killed at a random moment, and gone on with, leaves Atlassian as
// an undisturbed one does; every write takes effect once; the history is whole
// and tells it; the database opens each time.
func TestKillsLeaveNothingLostAndNothingDoubled(t *testing.T) {
	p := newPlace(t, build(t))
	data := p.fresh()
	began := time.Now()
	var undisturbed app.SyncDocument
	require.NoError(t, json.Unmarshal(p.must(data, syncAll...), &undisturbed))
	took := time.Since(began)
	want, effects := p.members(), len(p.writes.count)
	require.Greater(t, effects, 20)

	kills, interrupted, operations := times(t, "ROLLCALL_KILLS", 10), 0, 0
	rng := rand.New(rand.NewPCG(1, 2))
	for range kills {
		data := p.fresh()
		cmd := p.command(data, syncAll...)
		require.NoError(t, cmd.Start())
		timer := time.AfterFunc(time.Duration(rng.Float64()*1.1*float64(took)), func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait() // killed, or done before
		timer.Stop()

		var before app.HistoryDocument
		require.NoError(t, json.Unmarshal(p.must(data, "history", "--json"), &before))
		switch {
		case len(before.Runs) == 0: // killed before it began
			p.must(data, syncAll...)
		case before.Runs[0].Interrupted:
			interrupted++
			p.must(data, "resume", "--json")
		}
		require.Equal(t, want, p.members())
		for write, n := range p.writes.count {
			require.Equal(t, 1, n, "twice: %s", write)
		}
		require.Len(t, p.writes.count, effects)
		operations += p.check(data, undisturbed)
	}
	t.Logf("%d kills, %d of them in the middle of a run; %d operations; findings: none", kills, interrupted, operations)
}

// check compares what the history tells with an undisturbed run's report, and
// gives the number of operations that took effect.
func (p *place) check(data string, undisturbed app.SyncDocument) (operations int) {
	p.t.Helper()
	p.must(data, "history", "--verify")
	var history app.HistoryDocument
	require.NoError(p.t, json.Unmarshal(p.must(data, "history", "--json"), &history))
	require.Len(p.t, history.Runs, 1)
	require.Equal(p.t, undisturbed.Groups, history.Runs[0].Groups)
	var one app.RunDocument
	require.NoError(p.t, json.Unmarshal(p.must(data, "history", history.Runs[0].Run, "--json"), &one))
	told := map[string]int{}
	for i := range one.Operations {
		operation := &one.Operations[i]
		if operation.Kind == runs.Add || operation.Kind == runs.Remove {
			told[fmt.Sprintln(operation.Kind, operation.Key, operation.Account)]++
			operations++
		}
	}
	p.writes.mu.Lock()
	defer p.writes.mu.Unlock()
	require.Len(p.t, told, len(p.writes.count), "the history tells each write")
	return operations
}
