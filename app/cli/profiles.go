package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/logfile"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/simulator"
)

// profilesFolder holds a folder for each profile but the default one, whose data
// is beside it.
const profilesFolder = "profiles"

// profiles are those below the data folder.
type profiles struct{ *command }

// Names lists the profiles there are, the default first.
func (p profiles) Names() ([]string, error) {
	names := []string{app.DefaultProfile}
	entries, err := os.ReadDir(filepath.Join(p.folder, profilesFolder))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, problem.Wrap(err, problem.Storage, lang.L("The profiles can't be listed: %v.", err), lang.L("Give yourself the right to read there, or choose another folder with --data."))
	}
	for _, entry := range entries {
		if entry.IsDir() {
			names = append(names, entry.Name())
		}
	}
	return names, nil
}

// folderOf is where a profile's data is kept.
func (p profiles) folderOf(name string) string {
	folder := p.folder
	if name != app.DefaultProfile {
		folder = filepath.Join(p.folder, profilesFolder, name)
	}
	if absolute, err := filepath.Abs(folder); err == nil {
		return absolute // its key is filed under it
	}
	return folder
}

// Open opens a profile, and makes it where it is missing.
func (p profiles) Open(name string) (*app.App, error) {
	if err := app.CheckProfile(name); err != nil {
		return nil, err
	}
	folder := p.folderOf(name)
	store, err := p.OpenStore(folder)
	if err != nil {
		return nil, err
	}
	file := logfile.In(folder)
	log := p.logger(file)
	key := &app.CacheKey{Secrets: p.Secrets, Folder: folder, Environment: os.Getenv, Log: log}
	store.LogTo(log)
	store.Protect(func(make bool) (string, error) { return key.Key(context.Background(), make) })
	return &app.App{
		Store: store, Secrets: app.SecretsOf(name, p.Secrets), Log: log, LogFile: file, Version: p.Version, Profile: name, Profiles: p, CacheKey: key,
	}, nil
}

// Sample opens the sample company.
func (p profiles) Sample(ctx context.Context) (*app.App, error) {
	s, err := p.openSample(ctx, &company{
		idp: "okta", experience: directory.Centralized, groups: simulator.DefaultGroups, users: simulator.DefaultUsers, seed: simulator.DefaultSeed, rate: demoRate,
	})
	if err != nil {
		return nil, err
	}
	s.app.Profile, s.app.Profiles = app.SampleProfile, p
	return s.app, nil
}

func (c *command) profiles() *cobra.Command {
	return &cobra.Command{
		Use: "profiles", Short: "List the profiles: connections kept side by side", Args: cobra.NoArgs,
		Long: "List the profiles: connections kept side by side, each with its own snapshot, decisions and history.\n" +
			"--profile NAME chooses one for any command, and makes it where it is missing.",
		RunE: func(*cobra.Command, []string) error {
			names, err := profiles{c}.Names()
			if err != nil {
				return err
			}
			if c.json {
				return c.print(map[string]any{"profiles": names})
			}
			for _, name := range names {
				fmt.Fprintln(c.Out, safe(name))
			}
			return nil
		},
	}
}

func (c *command) forget() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "forget", Short: "Remove everything of the organization from this machine", Args: cobra.NoArgs,
		Long: "Remove everything of the organization from this machine: connections, credentials, the snapshot and its key,\n" +
			"decisions and history. At Atlassian and the identity provider nothing changes.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !yes {
				return problem.New(problem.Refused, lang.L("Everything would be removed, the history of runs included."), lang.L("Export the history where it is needed (rollcall history --export), then give --yes."))
			}
			return c.with(func(a *app.App) error {
				if err := a.Forget(cmd.Context()); err != nil {
					return err
				}
				if c.json {
					return c.print(map[string]any{"forgotten": true})
				}
				_, err := fmt.Fprintln(c.Out, lang.L("Everything was removed."))
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "it is meant")
	return cmd
}
