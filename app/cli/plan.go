package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/review"
)

func (c *command) plan() *cobra.Command {
	cmd := &cobra.Command{
		Use: "plan", Short: "Make, show and compare plans: the exact operations of a sync",
		Long: "Make, show and compare plans: the exact operations of a sync, with the facts that each group's rest on.\n" +
			"rollcall sync --plan FILE performs a plan as it was saved, or refuses it where something has changed since.",
	}
	cmd.AddCommand(c.makePlan(), c.showPlan(), c.comparePlans())
	for _, sub := range cmd.Commands() {
		sub.SilenceErrors, sub.SilenceUsage = true, true
	}
	return cmd
}

func (c *command) makePlan() *cobra.Command {
	var flags syncFlags
	var out string
	cmd := &cobra.Command{
		Use: "make [GROUP…|--all]", Short: "Make a plan, and keep it in a file; needs no network",
		RunE: func(_ *cobra.Command, args []string) error {
			if err := flags.chosen(args); err != nil {
				return err
			}
			return c.with(func(a *app.App) error { return c.savePlan(a, args, flags, out) })
		},
	}
	cmd.Flags().BoolVar(&flags.all, "all", false, "every new or conflicting group that isn't rejected")
	cmd.Flags().StringVar(&flags.override, "override", "", "lift guards: `GUARD[=GROUP or PERSON],…` or all")
	cmd.Flags().StringVar(&out, "out", "", "write the plan to this `file`, which must not be there yet")
	return cmd
}

func (c *command) savePlan(a *app.App, names []string, flags syncFlags, path string) error {
	r, err := a.Review(false)
	if err != nil {
		return err
	}
	selection, err := choose(r, names, flags.all)
	if err != nil {
		return err
	}
	overrides, err := plan.ParseOverrides(flags.override)
	if err != nil {
		return err
	}
	p, err := a.Plan(r, selection, overrides)
	if err != nil {
		return err
	}
	file := plan.NewFile(p, selection.Everybody, overrides, app.By(), time.Now())
	if path != "" {
		if err := writeNew(path, lang.L("The plan"), file.Write); err != nil {
			return err
		}
	}
	if c.json {
		return c.print(file)
	}
	printSteps(c.Out, p)
	printPlan(c.Out, p, r)
	return nil
}

// writeNew writes a file that isn't there yet, readable by its owner alone. What
// couldn't be written whole doesn't stay.
func writeNew(path, what string, write func(io.Writer) error) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return problem.Wrap(err, problem.Storage, lang.L("%s can't be written to %s: %v.", what, path, err), lang.L("Choose a file that isn't there yet."))
	}
	err = errors.Join(write(file), file.Close())
	if err != nil {
		_ = os.Remove(path) // the first error is the one to tell
	}
	return err
}

func readPlan(path string) (*plan.File, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, problem.Wrap(err, problem.Usage, lang.L("The plan %s can't be read: %v.", path, err), lang.L("Give a file that rollcall plan make wrote."))
	}
	defer func() { _ = file.Close() }() // it was only read
	return plan.ReadFile(file)
}

func (c *command) showPlan() *cobra.Command {
	return &cobra.Command{
		Use: "show FILE", Short: "Show the operations of a saved plan, and what they rest on", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			file, err := readPlan(args[0])
			if err != nil {
				return err
			}
			if c.json {
				return c.print(file)
			}
			fmt.Fprintln(c.Out, lang.L("Made %s by %s from the snapshot of %s.", moment(file.Made), safe(file.By), moment(file.Plan.TakenAt)))
			printSteps(c.Out, file.Plan)
			return nil
		},
	}
}

// printSteps lists a plan's operations, below what each group's rest on.
func printSteps(out io.Writer, p *plan.Plan) {
	findings := func(findings []plan.Finding) {
		for _, finding := range findings {
			fmt.Fprintln(out, "  "+lang.L("held by %s: %s", finding.Guard, safe(finding.Message)))
		}
	}
	people := *p
	people.Groups = nil
	for _, step := range people.Steps() {
		fmt.Fprintln(out, safe(step.String()))
	}
	findings(p.Findings)
	for i := range p.Groups {
		group := &p.Groups[i]
		fmt.Fprintln(out, safe(group.Title()))
		if group.Skip != "" {
			fmt.Fprintln(out, "  "+lang.L("left alone: %s", safe(group.Skip)))
		}
		for _, fact := range group.RestsOn() {
			fmt.Fprintln(out, "  "+lang.L("rests on: %s", safe(fact)))
		}
		findings(group.Findings)
		for n, step := range group.Steps() {
			step.Group = ""
			fmt.Fprintf(out, "  %d. %s\n", n+1, safe(step.String()))
		}
	}
}

func (c *command) comparePlans() *cobra.Command {
	return &cobra.Command{
		Use: "compare FILE [FILE]", Short: "Compare two saved plans, or one with what it would be now", Args: cobra.RangeArgs(1, 2),
		RunE: func(_ *cobra.Command, args []string) error {
			first, err := readPlan(args[0])
			if err != nil {
				return err
			}
			if len(args) == 2 {
				second, err := readPlan(args[1])
				if err != nil {
					return err
				}
				return c.printDifferences(plan.Compare(first.Plan, second.Plan))
			}
			return c.with(func(a *app.App) error {
				r, err := a.Review(false)
				if err != nil {
					return err
				}
				now, err := c.planNow(a, r, first)
				if err != nil {
					return err
				}
				return c.printDifferences(plan.Compare(first.Plan, now))
			})
		},
	}
}

// planNow makes a saved plan again, whether or not it is the same.
func (c *command) planNow(a *app.App, r *review.Review, file *plan.File) (*plan.Plan, error) {
	selection, err := app.Selected(r, file)
	if err != nil {
		return nil, err
	}
	return a.Plan(r, selection, file.Overrides)
}

func (c *command) printDifferences(differences []plan.Difference) error {
	if c.json {
		return c.print(map[string]any{"differences": append([]plan.Difference{}, differences...)})
	}
	for _, difference := range differences {
		fmt.Fprintln(c.Out, safe(difference.String()))
	}
	if len(differences) == 0 {
		fmt.Fprintln(c.Out, lang.L("They are the same."))
	}
	return nil
}
