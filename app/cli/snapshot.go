package cli

import (
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/drift"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/problem"
)

// snapshotPassphrase is the variable that gives the passphrase of a file.
const snapshotPassphrase = "ROLLCALL_SNAPSHOT_PASSPHRASE"

func (c *command) snapshot() *cobra.Command {
	cmd := &cobra.Command{
		Use: "snapshot", Short: "Keep, compare, export and import snapshots",
		Long: "Keep, compare, export and import snapshots. The last fetch is named latest and the one before previous; any other is\n" +
			"kept under the name you give it. rollcall review and report take --snapshot NAME. Nothing is ever synced from a kept\n" +
			"snapshot but the latest.",
	}
	cmd.AddCommand(c.listSnapshots(), c.keepSnapshot(), c.forgetSnapshot(), c.compareSnapshots(), c.exportSnapshot(), c.importSnapshot())
	for _, sub := range cmd.Commands() {
		sub.SilenceErrors, sub.SilenceUsage = true, true
	}
	return cmd
}

func (c *command) listSnapshots() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the kept snapshots", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return c.with(func(a *app.App) error {
				notes, err := a.Snapshots()
				if err != nil {
					return err
				}
				if c.json {
					return c.print(map[string]any{"snapshots": append([]app.SnapshotNote{}, notes...)})
				}
				if len(notes) == 0 {
					_, err = fmt.Fprintln(c.Out, lang.L("No snapshot is kept yet: rollcall fetch takes one."))
					return err
				}
				table := tabwriter.NewWriter(c.Out, 0, 0, 2, ' ', 0)
				fmt.Fprintln(table, lang.L("NAME\tTAKEN\tORGANIZATION\tPROVIDER\tGROUPS\tPEOPLE\tKEPT BY"))
				for _, note := range notes {
					fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d\t%d\t%s\n", safe(note.Name), note.TakenAt.Local().Format(time.DateTime), safe(note.Organization), safe(note.Provider), note.Groups, note.People, safe(note.By))
				}
				return table.Flush()
			})
		},
	}
}

func (c *command) keepSnapshot() *cobra.Command {
	return &cobra.Command{
		Use: "keep NAME", Short: "Keep the latest snapshot under a name", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return c.with(func(a *app.App) error {
				if err := a.KeepSnapshot(args[0]); err != nil {
					return err
				}
				return c.say(map[string]string{"kept": args[0]}, lang.L("The latest snapshot is kept as “%s”.", safe(args[0])))
			})
		},
	}
}

func (c *command) forgetSnapshot() *cobra.Command {
	return &cobra.Command{
		Use: "forget NAME", Short: "Remove a kept snapshot", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return c.with(func(a *app.App) error {
				if err := a.ForgetSnapshot(args[0]); err != nil {
					return err
				}
				return c.say(map[string]string{"forgotten": args[0]}, lang.L("The snapshot “%s” is removed.", safe(args[0])))
			})
		},
	}
}

func (c *command) compareSnapshots() *cobra.Command {
	return &cobra.Command{
		Use: "compare [BEFORE [AFTER]]", Short: "Say what changed in the IdP and in Atlassian between two snapshots", Args: cobra.MaximumNArgs(2),
		Long: "Say what changed in the IdP and in Atlassian between two snapshots: from the previous to the latest, unless others are named.",
		RunE: func(_ *cobra.Command, args []string) error {
			names := []string{app.Previous, app.Latest}
			copy(names, args)
			return c.with(func(a *app.App) error {
				changes, err := a.Drift(names[0], names[1])
				if err != nil {
					return err
				}
				if c.json {
					return c.print(map[string]any{"before": names[0], "after": names[1], "changes": append([]drift.Change{}, changes...)})
				}
				printDrift(c.Out, changes)
				return nil
			})
		},
	}
}

func printDrift(out io.Writer, changes []drift.Change) {
	for _, side := range drift.Sides {
		n := 0
		for i := range changes {
			if change := &changes[i]; change.Side == side {
				if n++; n == 1 {
					fmt.Fprintln(out, lang.L("In %s:", side))
				}
				fmt.Fprintln(out, " ", safe(change.String()))
			}
		}
		if n == 0 {
			fmt.Fprintln(out, lang.L("In %s: nothing changed.", side))
		}
	}
}

func (c *command) exportSnapshot() *cobra.Command {
	var path string
	var clear bool
	cmd := &cobra.Command{
		Use: "export [NAME] --out FILE", Short: "Write a snapshot to a file that a colleague can import", Args: cobra.MaximumNArgs(1),
		Long: "Write a snapshot, else the latest, to a file that a colleague can import and review offline. It holds names and e-mail\n" +
			"addresses, and is encrypted with a passphrase: from " + snapshotPassphrase + ", or asked for.",
		RunE: func(_ *cobra.Command, args []string) error {
			name := app.Latest
			if len(args) > 0 {
				name = args[0]
			}
			return c.with(func(a *app.App) error {
				passphrase := ""
				if clear {
					fmt.Fprintln(c.Err, lang.L("The file holds names and e-mail addresses in the clear: whoever reads it reads them."))
				} else {
					var err error
					if passphrase, err = c.secret(snapshotPassphrase, lang.L("passphrase")); err != nil {
						return err
					}
				}
				if err := writeNew(path, lang.L("The snapshot"), func(out io.Writer) error { return a.ExportSnapshot(name, passphrase, out) }); err != nil {
					return err
				}
				return c.say(map[string]string{"snapshot": name, "file": path}, lang.L("The snapshot “%s” is written to %s.", safe(name), path))
			})
		},
	}
	cmd.Flags().StringVar(&path, "out", "", "the `file` to write, which must not be there yet")
	cmd.Flags().BoolVar(&clear, "clear", false, "don't encrypt the file")
	_ = cmd.MarkFlagRequired("out") // the flag is there
	return cmd
}

func (c *command) importSnapshot() *cobra.Command {
	var name string
	var clear bool
	cmd := &cobra.Command{
		Use: "import FILE --as NAME", Short: "Keep an exported snapshot under a name", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return c.with(func(a *app.App) error {
				file, err := os.Open(args[0])
				if err != nil {
					return problem.Wrap(err, problem.Usage, lang.L("The snapshot %s can't be read: %v.", args[0], err), lang.L("Give a file that rollcall snapshot export wrote."))
				}
				defer func() { _ = file.Close() }() // it is only read
				passphrase := ""
				if !clear {
					if passphrase, err = c.secret(snapshotPassphrase, lang.L("passphrase")); err != nil {
						return err
					}
				}
				s, err := a.ImportSnapshot(name, passphrase, file)
				if err != nil {
					return err
				}
				return c.say(app.NewSnapshotNote(name, s), lang.L("The snapshot of %s, taken %s, is kept as “%s”.", safe(s.Atlassian.Name), moment(s.TakenAt), safe(name)))
			})
		},
	}
	cmd.Flags().StringVar(&name, "as", "", "the `name` to keep it under")
	cmd.Flags().BoolVar(&clear, "clear", false, "the file isn't encrypted")
	_ = cmd.MarkFlagRequired("as") // the flag is there
	return cmd
}

// say prints a document, or a sentence.
func (c *command) say(document any, sentence string) error {
	if c.json {
		return c.print(document)
	}
	_, err := fmt.Fprintln(c.Out, sentence)
	return err
}
