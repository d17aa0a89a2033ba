package cli

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/history"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/progress"
	"github.com/rollcall-app/rollcall/app/run"
)

func (c *command) history() *cobra.Command {
	var export string
	var verify bool
	cmd := &cobra.Command{
		Use: "history [RUN]", Short: "Show the runs, or what one of them did", Args: cobra.MaximumNArgs(1),
		Long: "Show the runs, or what one of them did. --export writes every record as a JSON line, decisions included;\n" +
			"each carries the hash of the one before, and --verify says whether any was changed since.",
		RunE: func(_ *cobra.Command, args []string) error {
			return c.with(func(a *app.App) error {
				switch {
				case export != "":
					return c.exportHistory(a, export)
				case verify:
					return c.verifyHistory(a)
				case len(args) == 1:
					return c.showRun(a, args[0])
				}
				return c.listRuns(a)
			})
		},
	}
	cmd.Flags().StringVar(&export, "export", "", "write all records as JSON lines to this `file`; - for standard output")
	cmd.Flags().BoolVar(&verify, "verify", false, "check that no record was changed")
	return cmd
}

func (c *command) exportHistory(a *app.App, path string) error {
	write := func(out io.Writer) error { return writeHistory(a, out) }
	if path == "-" {
		return write(c.Out)
	}
	return writeNew(path, lang.L("The history"), write)
}

func writeHistory(a *app.App, out io.Writer) error {
	buffered := bufio.NewWriter(out)
	encoder := json.NewEncoder(buffered)
	if err := a.Store.History(func(record *history.Record) error { return encoder.Encode(record) }); err != nil {
		return err
	}
	return buffered.Flush()
}

func (c *command) verifyHistory(a *app.App) error {
	n := 0
	if err := a.Store.History(func(*history.Record) error { n++; return nil }); err != nil {
		return err
	}
	if c.json {
		return c.print(map[string]any{"records": n, "unchanged": true})
	}
	_, err := fmt.Fprintln(c.Out, lang.L("%s, each as it was written.", records(n)))
	return err
}

func (c *command) listRuns(a *app.App) error {
	runs, err := a.Store.Runs()
	if err != nil {
		return err
	}
	if c.json {
		return c.print(app.NewHistoryDocument(runs))
	}
	table := tabwriter.NewWriter(c.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, lang.L("RUN\tBEGAN\tBY\tSYNCED\tADDED\tREMOVED\tWHY"))
	for i := range runs {
		report := &runs[i]
		counts := report.Counts()
		synced := lang.L("%d of %d", counts.Results[run.Synced], len(report.Groups)+len(report.People))
		why := report.Reason
		switch {
		case report.Ended.IsZero():
			synced = lang.L("interrupted")
		case report.Undoes != "":
			why = strings.TrimSpace(lang.L("undoes %s", report.Undoes) + " " + why)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d\t%d\t%s\n", report.ID, report.Began.Local().Format("2006-01-02 15:04"), safe(report.By), synced, counts.Added, counts.Removed, safe(why))
	}
	return table.Flush()
}

func (c *command) showRun(a *app.App, id string) error {
	past, err := findRun(a, id)
	if err != nil {
		return err
	}
	if c.json {
		return c.print(app.NewRunDocument(past))
	}
	printRun(c.Out, past)
	return nil
}

// findRun gives a run by its id; last means the last one.
func findRun(a *app.App, id string) (*run.Past, error) {
	runs, err := a.Store.Runs()
	if err != nil {
		return nil, err
	}
	for i := range runs {
		if runs[i].ID == id || id == "last" {
			return a.Store.Past(runs[i].ID)
		}
	}
	return nil, problem.New(problem.NotFound, lang.L("There is no run “%s”.", id), lang.L("Look at rollcall history for the runs."))
}

func records(n int) string { return lang.N(n, "%d record", "%d records", n) }

func printRun(out io.Writer, past *run.Past) {
	report := &past.Report
	fmt.Fprintln(out, lang.L("Run %s, begun %s by %s.", report.ID, moment(report.Began), safe(report.By)), safe(report.Reason))
	for i := range report.Groups {
		group := &report.Groups[i]
		fmt.Fprintf(out, "%s: %s, +%d -%d %s\n", safe(group.Title()), app.Word(group.Result), group.Added, group.Removed, safe(group.Error))
		for _, account := range group.Missing {
			fmt.Fprintln(out, "  "+lang.L("Finding: %s should be a member and wasn't seen as one.", safe(account)))
		}
		for _, account := range group.Surplus {
			fmt.Fprintln(out, "  "+lang.L("Finding: %s shouldn't be a member and was still seen as one.", safe(account)))
		}
	}
	for i := range report.People {
		person := &report.People[i]
		fmt.Fprintf(out, "%s (%s), %s: %s %s\n", safe(person.Name), safe(person.Email), app.Word(person.Kind), app.Word(person.Result), safe(person.Error))
	}
	for i := range past.Operations {
		operation := &past.Operations[i]
		answer := lang.L("done")
		switch {
		case !operation.Done:
			answer = lang.L("no answer")
		case operation.Error != "":
			answer = operation.Error
		}
		fmt.Fprintf(out, "  %d. %s %s %s: %s\n", operation.No, app.Word(operation.Kind), safe(operation.Group), safe(operation.Account), safe(answer))
	}
}

func (c *command) resume() *cobra.Command {
	var giveUp bool
	cmd := &cobra.Command{
		Use: "resume", Short: "Go on with the run that was interrupted", Args: cobra.NoArgs,
		Long: "Go on with the run that was interrupted, by a crash or a power cut: what was answered isn't sent again, and where\n" +
			"no answer came the other side is looked at first.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.with(func(a *app.App) error {
				if giveUp {
					if err := a.GiveUp(); err != nil {
						return err
					}
					if c.json {
						return c.print(map[string]any{"given_up": true})
					}
					_, err := fmt.Fprintln(c.Out, lang.L("The run was given up; what it did stays. Fetch to see what is left."))
					return err
				}
				return c.performed(a, func(tell progress.Func) (*run.Report, error) { return a.Resume(cmd.Context(), tell) })
			})
		},
	}
	cmd.Flags().BoolVar(&giveUp, "give-up", false, "end the run without doing what is left of it")
	return cmd
}

func (c *command) undo() *cobra.Command {
	var flags syncFlags
	var what app.Undoing
	cmd := &cobra.Command{
		Use: "undo [RUN]", Short: "Take back a run, a group of it, or one person in it", Args: cobra.MaximumNArgs(1),
		Long: "Take back a run, the last one where none is named, as far as what it did took effect and still stands. The same\n" +
			"guards judge it as a sync. What can't be taken back is said before.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				what.Run = args[0]
			}
			return c.with(func(a *app.App) error {
				overrides, err := plan.ParseOverrides(flags.override)
				if err != nil {
					return err
				}
				undo, err := a.MakeUndo(what)
				if err != nil {
					return err
				}
				settings, err := a.Store.Settings()
				if err != nil {
					return err
				}
				p := undo.Plan(settings.Terms(overrides))
				for _, note := range undo.Notes {
					fmt.Fprintln(c.Err, safe(note))
				}
				if flags.dryRun {
					return c.dryRun(p, undo.Review)
				}
				if err := c.confirm(p, undo.Review, flags.yes); err != nil {
					return err
				}
				return c.performed(a, func(tell progress.Func) (*run.Report, error) { return a.Sync(cmd.Context(), p, flags.reason, tell) })
			})
		},
	}
	cmd.Flags().StringVar(&what.Group, "group", "", "undo this group alone")
	cmd.Flags().StringVar(&what.Person, "person", "", "undo what happened to this person alone: an e-mail address, or the id of an account")
	flags.addTo(cmd)
	return cmd
}
