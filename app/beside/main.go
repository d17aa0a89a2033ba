// Command beside runs Rollcall and a peer, one after the other, from the same
// simulated Google Workspace to the same simulated Atlassian organization with its
// SCIM directory, and prints what each took for a first sync, for one with nothing
// changed, and for one with 1 % of the memberships changed.
//
//	go run ./app/beside --peer PATH
//
// The peer is any executable that performs one sync by SCIM and ends. It finds what
// it needs in its environment:
//
//	PEER_GOOGLE_URL          the Directory API, without /admin/directory/v1
//	PEER_GOOGLE_CREDENTIALS  a file with a service account's key
//	PEER_GOOGLE_ADMIN        the administrator that it acts for
//	PEER_SCIM_URL            the SCIM base URL
//	PEER_SCIM_TOKEN          its bearer token
//	PEER_STATE               a folder that is kept from one sync to the next
package main

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/rollcall-app/rollcall/app/simulator"
)

func main() {
	peer := flag.String("peer", "", "`path` of the peer; without one Rollcall runs alone")
	rollcall := flag.String("rollcall", "build/rollcall", "`path` of Rollcall")
	groups := flag.Int("groups", 1000, "groups in Google Workspace")
	people := flag.Int("people", 20000, "people in Google Workspace")
	patience := flag.Duration("patience", 15*time.Minute, "how long one sync may take")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	trial := trial{groups: *groups, people: *people, patience: *patience}
	programs := []program{&own{path: *rollcall}}
	if *peer != "" {
		programs = append(programs, &foreign{path: *peer})
	}
	for _, program := range programs {
		if err := trial.run(ctx, program); err != nil {
			fmt.Fprintln(os.Stderr, "beside:", err)
			os.Exit(1)
		}
	}
}

// program is one of the two.
type program interface {
	name() string
	// prepare connects it to a simulation; folder is its own.
	prepare(ctx context.Context, simulation *simulator.Simulation, folder string) error
	// sync gives the commands of one sync, in their order.
	sync(ctx context.Context) []*exec.Cmd
}

// trial is what both have to do.
type trial struct {
	groups, people int
	patience       time.Duration
}

// served counts the requests that a simulation answered.
type served struct{ google, atlassian atomic.Int64 }

func (s *served) wrap(side string, next http.Handler) http.Handler {
	counter := &s.atlassian
	if side == "idp" {
		counter = &s.google
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		counter.Add(1)
		next.ServeHTTP(w, r)
	})
}

func (t *trial) run(ctx context.Context, program program) error {
	folder, err := os.MkdirTemp("", "rollcall-beside-")
	if err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(folder) }() // it is a temporary one
	var counts served
	company := company(t.groups, t.people)
	// Nothing is slowed down: what is compared is what each asks for and takes.
	simulation, err := simulator.Start(simulator.Options{Company: company, IdP: "google", Rate: 1_000_000, Wrap: counts.wrap})
	if err != nil {
		return fmt.Errorf("start the simulation: %w", err)
	}
	defer simulation.Close()
	if err := program.prepare(ctx, simulation, folder); err != nil {
		return fmt.Errorf("connect %s: %w", program.name(), err)
	}
	for _, stage := range []struct {
		name   string
		before func()
	}{
		{"first sync", func() {}},
		{"nothing changed", func() {}},
		{"1 % changed", func() { change(simulation, company) }},
	} {
		stage.before()
		counts.google.Store(0)
		counts.atlassian.Store(0)
		seconds, memory, err := t.timed(ctx, program)
		note := ""
		if err != nil {
			note = fmt.Sprintf("  (not done: %v)", err)
		}
		fmt.Printf("%-10s  %-16s  %8d requests to Google  %8d to Atlassian  %7.1f s  %6.0f MB%s\n",
			program.name(), stage.name, counts.google.Load(), counts.atlassian.Load(), seconds, memory, note)
		if err != nil {
			return nil // the other shall still be tried
		}
	}
	return nil
}

// timed performs one sync, and gives how long it took and the most memory that any
// of its processes held, in MB.
func (t *trial) timed(ctx context.Context, program program) (seconds, memory float64, err error) {
	ctx, cancel := context.WithTimeout(ctx, t.patience)
	defer cancel()
	began := time.Now()
	for _, command := range program.sync(ctx) {
		output, failed := command.CombinedOutput()
		memory = max(memory, peak(command.ProcessState))
		if ctx.Err() != nil {
			return time.Since(began).Seconds(), memory, fmt.Errorf("ended after %s", t.patience)
		}
		if failed != nil {
			return time.Since(began).Seconds(), memory, fmt.Errorf("%w: %s", failed, last(output))
		}
	}
	return time.Since(began).Seconds(), memory, nil
}

// last is the end of what a program said.
func last(output []byte) string {
	const most = 300
	return string(output[max(len(output)-most, 0):])
}

// own is Rollcall: it fetches, and syncs all that is new or in conflict.
type own struct {
	path   string
	folder string
	env    []string
}

func (o *own) name() string { return "rollcall" }

func (o *own) command(ctx context.Context, args ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, o.path, append([]string{"--data", o.folder}, args...)...)
	command.Env = append(os.Environ(), o.env...)
	return command
}

func (o *own) prepare(ctx context.Context, simulation *simulator.Simulation, folder string) error {
	connection := simulation.Connection
	o.folder = folder
	o.env = []string{
		"ROLLCALL_IDP_SECRET=" + connection["secret"], "ROLLCALL_ATLASSIAN_SECRET=" + simulator.OrgKey,
		"ROLLCALL_PROVISIONING_SECRET=" + simulator.DirectoryKey, "ROLLCALL_CACHE_KEY=beside",
	}
	for _, args := range [][]string{
		{"connect", "idp", "--provider", "google", "--sign-in", "service-account", "--url", connection["url"], "--login-url", connection["login-url"], "--admin", connection["admin"]},
		{"connect", "atlassian", "--url", simulation.AtlassianURL, "--org", simulation.Company.Org, "--owner", simulation.Company.Owner},
		{"connect", "provisioning", "--url", simulation.ProvisioningURL()},
	} {
		if output, err := o.command(ctx, args...).CombinedOutput(); err != nil {
			return fmt.Errorf("%w: %s", err, last(output))
		}
	}
	return nil
}

func (o *own) sync(ctx context.Context) []*exec.Cmd {
	return []*exec.Cmd{o.command(ctx, "fetch"), o.command(ctx, "sync", "--all", "--override", "all", "--yes")}
}

// foreign is the peer.
type foreign struct {
	path string
	env  []string
}

func (f *foreign) name() string { return filepath.Base(f.path) }

func (f *foreign) prepare(_ context.Context, simulation *simulator.Simulation, folder string) error {
	key := filepath.Join(folder, "key.json")
	f.env = []string{
		"PEER_GOOGLE_URL=" + simulation.IdPURL, "PEER_GOOGLE_CREDENTIALS=" + key, "PEER_GOOGLE_ADMIN=" + simulation.Connection["admin"],
		"PEER_SCIM_URL=" + simulation.ProvisioningURL(), "PEER_SCIM_TOKEN=" + simulator.DirectoryKey, "PEER_STATE=" + folder,
	}
	return os.WriteFile(key, []byte(simulation.Connection["secret"]), 0o600)
}

func (f *foreign) sync(ctx context.Context) []*exec.Cmd {
	command := exec.CommandContext(ctx, f.path)
	command.Env = append(os.Environ(), f.env...)
	return []*exec.Cmd{command}
}
