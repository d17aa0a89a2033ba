package soak_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/faults"
	"github.com/rollcall-app/rollcall/app/history"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/remote"
	runs "github.com/rollcall-app/rollcall/app/run"
	"github.com/rollcall-app/rollcall/app/simulator"
	"github.com/rollcall-app/rollcall/storage"
)

// storm stands before both sides: it counts what takes effect, and disturbs what
// pick chooses.
type storm struct {
	writes
	doors faults.Doors
	// relay picks the fault of a connection to a server that doesn't speak HTTP.
	relay func() (faults.Fault, int64)
	seen  map[string]bool // endpoints
	pick  func(endpoint string, r *http.Request) faults.Fault
}

// id is a part of a path that differs from one thing to the next.
var id = regexp.MustCompile(`^(-|00[gu]\w+|[0-9a-f]{24}|712020:.*|.*[0-9a-f]{8}-[0-9a-f]{4}-.*)$`)

func endpointOf(side string, r *http.Request) string {
	parts := strings.Split(r.URL.Path, "/")
	for i, part := range parts {
		if id.MatchString(part) {
			parts[i] = "*"
		}
	}
	return side + " " + r.Method + " " + strings.Join(parts, "/")
}

func (s *storm) wrap(side string, next http.Handler) http.Handler {
	return faults.Wrap(s.writes.wrap(side, next), &s.doors, func(r *http.Request) faults.Fault {
		s.mu.Lock()
		defer s.mu.Unlock()
		endpoint := endpointOf(side, r)
		s.seen[endpoint] = true
		if s.pick == nil {
			return faults.None
		}
		return s.pick(endpoint, r)
	})
}

func (s *storm) pickRelay() (faults.Fault, int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.relay == nil {
		return faults.None, 0
	}
	return s.relay()
}

func (s *storm) disturb(pick func(endpoint string, r *http.Request) faults.Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pick = pick
	if pick == nil {
		s.relay = nil
	}
}

// trial is the program, within this process, between two disturbed sides.
type trial struct {
	t          *testing.T
	simulation *simulator.Simulation
	storm      *storm
	template   string
	folder     string // of the present trial
	want       map[string][]string
	endpoints  []string
	attempt    time.Duration // how long one answer may take
	log        locked
}

// locked is a log that several goroutines write to.
type locked struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write adds a line.
func (l *locked) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

// secrets are all that the simulation accepts.
func (x *trial) secrets() []string {
	return []string{x.simulation.Connection["secret"], simulator.OrgKey, simulator.DirectoryKey, simulator.SiteToken, simulator.ClientSecret}
}

// search looks for secrets in the log, in every file, and in what is told of the
// runs: the history and their reports with plans, which lie packed in a file.
func (x *trial) search(name string, a *app.App) {
	x.t.Helper()
	leaks(x.t, x.folder, x.secrets()...)
	var told bytes.Buffer
	encoder := json.NewEncoder(&told)
	require.NoError(x.t, a.Store.History(func(record *history.Record) error { return encoder.Encode(record) }))
	runs, err := a.Store.Runs()
	require.NoError(x.t, err)
	for i := range runs {
		past, err := a.Store.Past(runs[i].ID)
		require.NoError(x.t, err)
		require.NoError(x.t, encoder.Encode(past))
		require.NoError(x.t, encoder.Encode(app.NewRunDocument(past)))
	}
	x.log.mu.Lock()
	defer x.log.mu.Unlock()
	for _, secret := range x.secrets() {
		require.NotContains(x.t, x.log.text.String(), secret, "%s: in the log", name)
		require.NotContains(x.t, told.String(), secret, "%s: in what is told of the runs", name)
	}
	x.log.text.Reset()
}

// variants are the sides that are disturbed.
var variants = map[string]simulator.Options{
	"okta and an organization": {IdP: "okta"},
	"okta and sites":           {IdP: "okta", Original: true},
	"entra":                    {IdP: "entra"},
	"google":                   {IdP: "google"},
	"scim":                     {IdP: "scim"},
}

func newTrial(t *testing.T, options simulator.Options) *trial {
	t.Helper()
	s := &storm{writes: writes{count: map[string]int{}}, seen: map[string]bool{}}
	options.Company = simulator.Sample(11, 14, 260) // more people than a page holds
	options.Company.PendingDomains = nil
	options.Rate, options.Wrap, options.Listen = 100_000, s.wrap, s.doors.Listen
	simulation, err := simulator.Start(options)
	require.NoError(t, err)
	t.Cleanup(simulation.Close)
	x := &trial{t: t, simulation: simulation, storm: s, template: t.TempDir(), attempt: 250 * time.Millisecond}
	if options.IdP == "ldap" {
		x.attempt = 2 * time.Second // an answer is a whole list
		relay, err := faults.NewRelay(strings.TrimPrefix(simulation.IdPURL, "ldap://"), s.pickRelay)
		require.NoError(t, err)
		t.Cleanup(func() { _ = relay.Close() })
		simulation.Connection["url"] = "ldap://" + relay.Address
	}
	x.connect()

	// An undisturbed run tells what shall be, and which endpoints there are.
	a, end := x.fresh()
	_, err = x.fetchAndSync(a)
	require.NoError(t, err)
	end()
	x.want = x.members()
	for endpoint := range s.seen {
		x.endpoints = append(x.endpoints, endpoint)
	}
	slices.Sort(x.endpoints)
	return x
}

// connect connects all sides, and keeps that as the template.
func (x *trial) connect() {
	x.t.Helper()
	store, err := storage.Open(x.template)
	require.NoError(x.t, err)
	a, ctx, c := x.app(store), x.context(), x.simulation.Company
	settings := app.NewIdPSettings(x.simulation.Connection)
	settings.App = ""
	_, err = a.ConnectIdP(ctx, settings, x.simulation.Connection["secret"])
	require.NoError(x.t, err)
	_, err = a.ConnectAtlassian(ctx, app.AtlassianSettings{URL: x.simulation.AtlassianURL, Org: c.Org, Owner: c.Owner}, simulator.OrgKey)
	require.NoError(x.t, err)
	_, err = a.ConnectProvisioning(ctx, app.ProvisioningSettings{URL: x.simulation.ProvisioningURL()}, simulator.DirectoryKey)
	require.NoError(x.t, err)
	for host, url := range x.simulation.SiteURLs {
		_, err = a.ConnectSite(ctx, app.SiteSettings{URL: url, Host: host, Email: c.Owner}, simulator.SiteToken)
		require.NoError(x.t, err)
	}
	require.NoError(x.t, store.Close())
}

func (x *trial) app(store *storage.Database) *app.App {
	secrets := map[string]string{
		app.IdPSecretVariable: x.simulation.Connection["secret"], app.AtlassianSecretVariable: simulator.OrgKey,
		app.ProvisioningSecretVariable: simulator.DirectoryKey, app.SiteSecretVariable: simulator.SiteToken,
	}
	return &app.App{
		Log:   slog.New(slog.NewTextHandler(&x.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Store: store, Secrets: &app.MemorySecrets{}, Patience: 300 * time.Millisecond,
		Environment: func(name string) string { return secrets[name] },
	}
}

func (x *trial) context() context.Context {
	return remote.WithHurry(context.Background(), remote.Hurry{FirstWait: time.Millisecond, Attempt: x.attempt})
}

// fresh gives the company back what it had, and a program that is connected.
func (x *trial) fresh() (a *app.App, end func()) {
	x.t.Helper()
	x.simulation.Reset()
	x.storm.reset()
	folder := x.t.TempDir()
	x.folder = folder
	database, err := os.ReadFile(filepath.Join(x.template, "rollcall.db"))
	require.NoError(x.t, err)
	require.NoError(x.t, os.WriteFile(filepath.Join(folder, "rollcall.db"), database, 0o600))
	store, err := storage.Open(folder)
	require.NoError(x.t, err)
	return x.app(store), func() { require.NoError(x.t, store.Close()) }
}

func (x *trial) fetchAndSync(a *app.App) (*runs.Report, error) {
	if _, err := a.Fetch(x.context(), nil); err != nil {
		return nil, err
	}
	r, err := a.Review(false)
	if err != nil {
		return nil, err
	}
	overrides, err := plan.ParseOverrides("all")
	if err != nil {
		return nil, err
	}
	return a.Sync(x.context(), plan.Make(r, app.All(r), app.Settings{}.Terms(overrides)), "", nil)
}

// members gives who is in every group, on every site, and who the provisioning
// directory has, by their addresses: ids of what a run creates differ.
func (x *trial) members() map[string][]string {
	members := map[string][]string{}
	emails := func(accounts []string) []string {
		for i, account := range accounts {
			accounts[i] = x.simulation.AccountEmail(account)
		}
		return sorted(accounts)
	}
	for _, group := range x.simulation.Company.SourceGroups {
		accounts, _ := x.simulation.Members(group.Name)
		members[group.Name] = emails(accounts)
		for host := range x.simulation.SiteURLs {
			accounts, _ := x.simulation.SiteMembers(host, group.Name)
			members[group.Name+" on "+host] = emails(accounts)
		}
	}
	for email, person := range x.simulation.Provisioned() {
		members["provisioned"] = append(members["provisioned"], fmt.Sprint(email, person.Name, person.Active))
	}
	slices.Sort(members["provisioned"])
	return members
}

// endure fetches and syncs while pick disturbs, and then undisturbed until it is
// done: nobody is removed whom the plan doesn't remove, no write takes effect
// twice, every failure is a sentence, and what shall be is in the end.
func (x *trial) endure(name string, pick func(endpoint string, r *http.Request) faults.Fault) {
	x.t.Helper()
	a, end := x.fresh()
	defer end()
	defer func() { x.search(name, a) }()
	before := x.members()
	x.storm.disturb(pick)
	report, err := x.fetchAndSync(a)
	x.storm.disturb(nil)
	if err != nil {
		x.sentence(name, err)
	}
	if report != nil {
		for _, group := range report.Groups {
			require.True(x.t, group.Result == runs.Synced || group.Error != "", "%s: %s is %s without a word", name, group.Name, group.Result)
		}
	}
	for group, members := range before {
		for _, member := range members {
			if slices.Contains(x.want[group], member) {
				require.Contains(x.t, x.members()[group], member, "%s: removed from %s, though the plan keeps them", name, group)
			}
		}
	}
	for write, n := range x.storm.count {
		require.Equal(x.t, 1, n, "%s: twice: %s", name, write)
	}
	for range 3 { // what was left open is finished once nothing disturbs
		if _, err = x.fetchAndSync(a); err == nil && fmt.Sprint(x.members()) == fmt.Sprint(x.want) {
			break
		}
	}
	require.NoError(x.t, err, name)
	require.Equal(x.t, x.want, x.members(), name)
}

// sentence says that an error tells a person what happened and what to do.
func (x *trial) sentence(name string, err error) {
	x.t.Helper()
	p := problem.Of(err)
	require.NotEmpty(x.t, p.Message, "%s: %v", name, err)
	require.NotEmpty(x.t, p.Action, "%s: %v", name, err)
	require.NotEqual(x.t, problem.Unknown, p.Code, "%s: %v", name, err)
	for _, secret := range x.secrets() {
		require.NotContains(x.t, err.Error(), secret)
	}
}

// chosen gives the variants to try: every day the first, at length all.
func chosen() []string {
	if os.Getenv("ROLLCALL_VARIANTS") != "all" {
		return []string{"okta and an organization"}
	}
	return slices.Sorted(maps.Keys(variants))
}

func TestEveryEndpointEnduresEveryFault(t *testing.T) {
	for _, name := range chosen() {
		t.Run(name, func(t *testing.T) {
			x := newTrial(t, variants[name])
			for _, endpoint := range x.endpoints {
				for _, fault := range faults.All {
					hit := false
					x.endure(string(fault)+" at "+endpoint, func(at string, _ *http.Request) faults.Fault {
						if at != endpoint || hit {
							return faults.None
						}
						hit = true
						return fault
					})
				}
			}
			t.Logf("%s: %d endpoints × %d faults: %d trials; findings: none", name, len(x.endpoints), len(faults.All), len(x.endpoints)*len(faults.All))
		})
	}
}

// LDAP is disturbed below its protocol: the connection, after so many bytes.
func TestLDAPEnduresEveryFaultOfAConnection(t *testing.T) {
	x := newTrial(t, simulator.Options{IdP: "ldap"})
	offsets := []int64{0, 5, 100, 1000, 10_000, 40_000}
	for _, fault := range faults.RelayFaults {
		for _, after := range offsets {
			hit := false
			x.storm.mu.Lock()
			x.storm.relay = func() (faults.Fault, int64) {
				if hit {
					return faults.None, 0
				}
				hit = true
				return fault, after
			}
			x.storm.mu.Unlock()
			x.endure(fmt.Sprintf("%s after %d bytes", fault, after), func(string, *http.Request) faults.Fault { return faults.None })
			require.True(t, hit)
		}
	}
	t.Logf("ldap: %d faults × %d offsets: %d trials; findings: none", len(faults.RelayFaults), len(offsets), len(faults.RelayFaults)*len(offsets))
}

func TestSeedsOfMixedFaultsAreEndured(t *testing.T) {
	names := chosen()
	for i, name := range names {
		t.Run(name, func(t *testing.T) {
			x := newTrial(t, variants[name])
			seeds, disturbed := (times(t, "ROLLCALL_SEEDS", 10)+len(names)-1)/len(names), 0
			for seed := range seeds {
				rng := rand.New(rand.NewPCG(uint64(seed), uint64(i)))
				often := 2 + rng.IntN(60) // one in so many
				x.endure(fmt.Sprint("seed ", seed), func(string, *http.Request) faults.Fault {
					if rng.IntN(often) > 0 {
						return faults.None
					}
					disturbed++
					return faults.All[rng.IntN(len(faults.All))]
				})
			}
			t.Logf("%s: %d seeds, %d faults; findings: none", name, seeds, disturbed)
		})
	}
}
