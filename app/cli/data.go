package cli

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/lang"
)

func (c *command) data() *cobra.Command {
	cmd := &cobra.Command{
		Use: "data", Short: "Check the data on this machine, write it out, or restore it",
		Long: "Check the data on this machine, write it out, or restore it: also where Rollcall can't open it any more.\n" +
			"Beside the database the last good copy is kept, of everything but the snapshot, which is fetched again.",
	}
	cmd.AddCommand(c.checkData(), c.exportData(), c.restoreData())
	for _, sub := range cmd.Commands() {
		sub.SilenceErrors, sub.SilenceUsage = true, true
	}
	return cmd
}

// dataFolder is that of the profile which was chosen.
func (c *command) dataFolder() (string, error) {
	return profiles{c}.folderOf(c.profile), app.CheckProfile(c.profile)
}

// diagnostics says what whoever helps with a problem asks first.
func (c *command) diagnostics() *cobra.Command {
	return &cobra.Command{
		Use: "diagnostics", Short: "Print versions, kinds of connections and numbers, to go with a question for help", Args: cobra.NoArgs,
		Long: "Print versions, kinds of connections and numbers, to go with a question for help. No credential is in it, and no\n" +
			"name, address, host or id of anybody or anything.",
		RunE: func(*cobra.Command, []string) error {
			return c.with(func(a *app.App) error {
				text := a.Diagnostics(time.Now())
				if c.json {
					return c.print(map[string]string{"diagnostics": text})
				}
				_, err := io.WriteString(c.Out, text)
				return err
			})
		},
	}
}

func (c *command) checkData() *cobra.Command {
	return &cobra.Command{
		Use: "check", Short: "Say whether the data is as it was written", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			folder, err := c.dataFolder()
			if err != nil {
				return err
			}
			state, err := c.Upkeep.Check(folder)
			if err != nil {
				return err
			}
			if c.json {
				return c.print(state)
			}
			copied := lang.L("none yet")
			if !state.Copied.IsZero() {
				copied = moment(state.Copied)
			}
			_, err = fmt.Fprintln(c.Out, lang.L("%s is whole: layout %s, %s of the history, each as it was written. Last good copy: %s.", state.Path, state.Layout, records(state.Records), copied))
			return err
		},
	}
}

func (c *command) exportData() *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use: "export --out FILE", Short: "Write out what can be read of the data, as JSON lines", Args: cobra.NoArgs,
		Long: "Write out what can be read of the data, as JSON lines: connections without credentials, decisions, outcomes, runs\n" +
			"and the history. The snapshot isn't in it, nor any credential.",
		RunE: func(*cobra.Command, []string) error {
			folder, err := c.dataFolder()
			if err != nil {
				return err
			}
			var written, unread int
			err = writeNew(path, lang.L("The data"), func(out io.Writer) error {
				written, unread, err = c.Upkeep.Export(folder, out)
				return err
			})
			if err != nil {
				return err
			}
			if c.json {
				return c.print(map[string]int{"records": written, "unread": unread})
			}
			_, err = fmt.Fprintln(c.Out, lang.L("%s written to %s. Not readable: %s.",
				records(written), path, lang.N(unread, "%d place", "%d places", unread)))
			return err
		},
	}
	cmd.Flags().StringVar(&path, "out", "", "the `file` to write, which must not be there yet")
	_ = cmd.MarkFlagRequired("out") // the flag is there
	return cmd
}

func (c *command) restoreData() *cobra.Command {
	var anew bool
	cmd := &cobra.Command{
		Use: "restore", Short: "Put the last good copy in place of damaged data", Args: cobra.NoArgs,
		Long: "Put the last good copy in place of damaged data, which is moved aside and stays. Data that isn't damaged is left alone.",
		RunE: func(*cobra.Command, []string) error {
			folder, err := c.dataFolder()
			if err != nil {
				return err
			}
			aside, err := c.Upkeep.Restore(folder, anew)
			if err != nil {
				return err
			}
			if c.json {
				return c.print(map[string]any{"restored": true, "aside": aside})
			}
			_, err = fmt.Fprintln(c.Out, lang.L("Restored; the damaged data is in %s. Fetch to have a snapshot again.", aside))
			return err
		},
	}
	cmd.Flags().BoolVar(&anew, "anew", false, "begin with an empty database instead of the copy")
	return cmd
}
