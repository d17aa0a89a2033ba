package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/progress"
	"github.com/rollcall-app/rollcall/app/run"
	"github.com/rollcall-app/rollcall/app/simulator"
)

// company are the flags that shape the sample company.
type company struct {
	idp, experience string
	provisioning    bool
	groups, users   int
	seed            uint64
	latency         time.Duration
	rate            int
	published       bool
	consistency     time.Duration
}

// demoRate is what the sample company permits, in requests a second for each
// endpoint: fast enough to watch, slow enough to see progress.
const demoRate = 100

func (f *company) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.idp, "idp", "okta", "the sample company's identity provider: "+strings.Join(simulator.Providers(), ", "))
	cmd.Flags().StringVar(&f.experience, "experience", "centralized", "its user management experience: centralized or original")
	cmd.Flags().IntVar(&f.groups, "groups", simulator.DefaultGroups, "its number of IdP groups")
	cmd.Flags().IntVar(&f.users, "users", simulator.DefaultUsers, "its number of people")
	cmd.Flags().Uint64Var(&f.seed, "seed", simulator.DefaultSeed, "the same seed gives the same company")
	cmd.Flags().DurationVar(&f.latency, "latency", 0, "delay of every answer")
	cmd.Flags().IntVar(&f.rate, "rate", demoRate, "requests a second that each endpoint permits; 0 for any number")
	cmd.Flags().BoolVar(&f.published, "published-rates", false, "keep to the rates that the vendors publish, or to the assumed one where none is, in place of --rate")
	cmd.Flags().DurationVar(&f.consistency, "consistency", 0, "delay until a write is seen")
}

func (f *company) start() (*simulator.Simulation, error) {
	if !slices.Contains(simulator.Providers(), f.idp) || f.experience != directory.Centralized && f.experience != directory.Original {
		return nil, problem.New(problem.Usage, lang.L("The sample company doesn't have %s with %s user management.", f.idp, f.experience),
			lang.L("There are %s, with centralized or original.", strings.Join(simulator.Providers(), ", ")))
	}
	if f.idp == "ldap" && !simulator.SlapdInstalled() {
		return nil, problem.New(problem.Usage, lang.L("The sample company's LDAP directory is served by OpenLDAP, which isn't installed."), lang.L("Install it (on Debian the package slapd), or choose another --idp."))
	}
	if f.groups < 1 || f.users < 1 {
		return nil, problem.New(problem.Usage, lang.L("A company has at least one group and one person."), lang.L("Give larger numbers."))
	}
	return simulator.Start(simulator.Options{
		Company: simulator.Sample(f.seed, f.groups, f.users), IdP: f.idp, Original: f.experience == directory.Original, Latency: f.latency, Rate: f.rate, Published: f.published, Consistency: f.consistency,
	})
}

func (c *command) simulate() *cobra.Command {
	var flags company
	cmd := &cobra.Command{
		Use: "simulate", Short: "Serve a sample company as its identity provider and Atlassian on 127.0.0.1 until interrupted", Args: cobra.NoArgs,
		Long: "Serve a sample company as its identity provider and Atlassian on 127.0.0.1 until interrupted: real HTTP (or LDAP),\n" +
			"with the vendors' rate limits, paging and errors. One JSON line says where, and with which secrets, once it is ready.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			simulation, err := flags.start()
			if err != nil {
				return err
			}
			defer simulation.Close()
			line, err := simulation.Ready()
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintf(c.Out, "%s\n", line); err != nil {
				return fmt.Errorf("say that it is ready: %w", err)
			}
			<-cmd.Context().Done()
			return nil
		},
	}
	flags.add(cmd)
	return cmd
}

func (c *command) demo() *cobra.Command {
	var flags company
	var headless bool
	var pictures string
	cmd := &cobra.Command{
		Use: "demo", Short: "Try Rollcall on an embedded sample company; touches nothing else", Args: cobra.NoArgs,
		Long: "Try Rollcall on an embedded sample company: in a window, or without a display step by step in the terminal, with\n" +
			"pictures of every tab. It touches nothing else, and leaves nothing.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.runDemo(cmd.Context(), &flags, headless || c.json || !c.Windows.Display(), pictures)
		},
	}
	flags.add(cmd)
	cmd.Flags().BoolVar(&flags.provisioning, "provisioning", false, "connect the sample company's provisioning directory, too")
	cmd.Flags().BoolVar(&headless, "headless", false, "do the job in the terminal, even where there is a display")
	cmd.Flags().StringVar(&pictures, "pictures", "", "`folder` for pictures of every tab (headless); default a new temporary one")
	return cmd
}

func (c *command) runDemo(ctx context.Context, flags *company, headless bool, pictures string) (err error) {
	sample, err := c.openSample(ctx, flags)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sample.Close()) }()
	if !headless {
		return c.Windows.Open(ctx, func() (*app.App, error) { return sample.app, nil }, nil, true)
	}
	if pictures == "" {
		if pictures, err = os.MkdirTemp("", "rollcall-pictures-"); err != nil {
			return fmt.Errorf("make a folder for the pictures: %w", err)
		}
	}
	return c.headlessDemo(ctx, sample.app, sample.simulation, pictures)
}

// sample is the sample company, connected. It is the Store of its App, so that
// closing that ends it.
type sample struct {
	Store
	app        *app.App
	simulation *simulator.Simulation
	folder     string
}

// Close ends the company and removes its data.
func (s *sample) Close() error {
	err := s.Store.Close()
	s.simulation.Close()
	return errors.Join(err, os.RemoveAll(s.folder))
}

// openSample starts the sample company and connects both sides.
func (c *command) openSample(ctx context.Context, flags *company) (*sample, error) {
	simulation, err := flags.start()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "rollcall-demo-")
	if err != nil {
		simulation.Close()
		return nil, fmt.Errorf("make a folder for the sample company: %w", err)
	}
	store, err := c.OpenStore(folder)
	if err != nil {
		simulation.Close()
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	s := &sample{Store: store, simulation: simulation, folder: folder}
	s.app = &app.App{
		Store: s, Secrets: &app.MemorySecrets{}, Log: c.logger(nil), Version: c.Version,
		// Whoever is to be invited by a partner's domain never accepts here.
		Patience:    2*time.Second + flags.consistency,
		Environment: func(string) string { return "" },
	}
	err = connectSample(ctx, s.app, simulation)
	if err == nil && flags.provisioning {
		_, err = s.app.ConnectProvisioning(ctx, app.ProvisioningSettings{URL: simulation.ProvisioningURL()}, simulator.DirectoryKey)
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func connectSample(ctx context.Context, a *app.App, simulation *simulator.Simulation) error {
	idp := app.NewIdPSettings(simulation.Connection)
	idp.App = "" // all groups
	if _, err := a.ConnectIdP(ctx, idp, simulation.Connection["secret"]); err != nil {
		return err
	}
	atlassian := app.AtlassianSettings{URL: simulation.AtlassianURL, Org: simulation.Company.Org, Owner: simulation.Company.Owner}
	if _, err := a.ConnectAtlassian(ctx, atlassian, simulator.OrgKey); err != nil {
		return err
	}
	for _, host := range slices.Sorted(maps.Keys(simulation.SiteURLs)) {
		site := app.SiteSettings{URL: simulation.SiteURLs[host], Host: host, Email: simulation.Company.Owner}
		if _, err := a.ConnectSite(ctx, site, simulator.SiteToken); err != nil {
			return err
		}
	}
	return nil
}

// demoLines is how many groups the headless demo prints.
const demoLines = 15

// headlessDemo does the main job step by step.
func (c *command) headlessDemo(ctx context.Context, a *app.App, simulation *simulator.Simulation, pictures string) error {
	say := func(step string) {
		if !c.json {
			fmt.Fprintf(c.Out, "\n== %s\n", step)
		}
	}
	say(lang.L("1. Connected: %s at %s, Atlassian organization %s at %s", app.ProviderTitle(simulation.Connection["provider"]), simulation.IdPURL, simulation.Company.OrgName, simulation.AtlassianURL))
	say(lang.L("2. Fetch: read both sides"))
	snapshot, err := a.Fetch(ctx, nil)
	if err != nil {
		return err
	}
	before, err := a.Review(false)
	if err != nil {
		return err
	}
	if !c.json {
		printFetch(c.Out, snapshot)
		say(lang.L("3. Review: who would be added and removed"))
		printReview(c.Out, before, plan.DefaultThresholds(), demoLines)
		say(lang.L("4. Pictures of every tab"))
		files, err := c.Windows.Render(ctx, a, pictures)
		if err != nil {
			return err
		}
		for _, file := range files {
			fmt.Fprintln(c.Out, file)
		}
	}
	p := plan.Make(before, app.All(before), app.Settings{}.Terms(nil))
	say(lang.L("5. Plan: sync all groups, no guard overridden"))
	if !c.json {
		printPlan(c.Out, p, before)
		say(lang.L("6. Sync"))
	}
	report, after, err := c.perform(a, func(tell progress.Func) (*run.Report, error) { return a.Sync(ctx, p, "", tell) })
	if err != nil {
		return err
	}
	if c.json {
		return c.print(map[string]any{"review": app.NewReviewDocument(before, plan.DefaultThresholds()), "sync": app.NewSyncDocument(report, after)})
	}
	printReport(c.Out, report, after)
	return nil
}
