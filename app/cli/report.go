package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/report"
)

// reportFlags say what is reported, and how.
type reportFlags struct {
	format, table, out string
	run, plan          string
	snapshot           string
	simulation         bool
	override           string
}

func (c *command) report() *cobra.Command {
	var flags reportFlags
	cmd := &cobra.Command{
		Use: "report --out FILE", Short: "Write the review, a simulation or a run as CSV, Excel workbook or HTML page", Args: cobra.NoArgs,
		Long: "Write the review, a simulation of syncing all groups or what a saved plan holds, or a run: as CSV (one table), as an\n" +
			"Excel workbook, or as a page that prints well. It needs no network.",
		RunE: func(*cobra.Command, []string) error {
			return c.with(func(a *app.App) error {
				made, err := flags.make(a)
				if err != nil {
					return err
				}
				write := func(out io.Writer) error { return made.Write(out, flags.format, flags.table) }
				if flags.out == "-" {
					return write(c.Out)
				}
				if err := writeNew(flags.out, lang.L("The report"), write); err != nil {
					return err
				}
				if c.json {
					return c.print(map[string]string{"report": flags.out})
				}
				_, err = fmt.Fprintf(c.Out, "%s: %s.\n", safe(made.Title), flags.out)
				return err
			})
		},
	}
	cmd.Flags().StringVar(&flags.format, "format", report.CSV, "csv, xlsx or html")
	cmd.Flags().StringVar(&flags.table, "table", "", "which table a CSV holds: Groups, \"Member changes\", …; usually the longest")
	cmd.Flags().StringVar(&flags.out, "out", "", "the `file` to write, which must not be there yet; - for standard output")
	cmd.Flags().StringVar(&flags.run, "run", "", "report this run, or the last one for the word last")
	cmd.Flags().StringVar(&flags.plan, "plan", "", "simulate the plan that this `file` holds, as it would be now")
	cmd.Flags().BoolVar(&flags.simulation, "simulation", false, "simulate syncing all groups")
	cmd.Flags().StringVar(&flags.snapshot, "snapshot", app.Latest, "report the snapshot kept under this `name`")
	cmd.Flags().StringVar(&flags.override, "override", "", "lift guards in the simulation: `GUARD[=GROUP or PERSON],…` or all")
	cmd.MarkFlagsMutuallyExclusive("run", "plan", "simulation")
	_ = cmd.MarkFlagRequired("out") // the flag is there
	return cmd
}

// make makes the report that the flags ask for.
func (f *reportFlags) make(a *app.App) (*report.Report, error) {
	if f.run != "" {
		past, err := findRun(a, f.run)
		if err != nil {
			return nil, err
		}
		return report.Run(past), nil
	}
	r, err := a.ReviewNamed(f.snapshot, false)
	if err != nil {
		return nil, err
	}
	if !f.simulation && f.plan == "" {
		settings, err := a.Store.Settings()
		if err != nil {
			return nil, err
		}
		return report.Review(r, settings.Thresholds()), nil
	}
	selection := app.All(r)
	overrides, err := plan.ParseOverrides(f.override)
	if err != nil {
		return nil, err
	}
	if f.plan != "" {
		file, err := readPlan(f.plan)
		if err != nil {
			return nil, err
		}
		if selection, err = app.Selected(r, file); err != nil {
			return nil, err
		}
		if f.override != "" {
			return nil, problem.New(problem.Usage, lang.L("A saved plan says itself what is overridden."), lang.L("Make it again with the overrides that are meant."))
		}
		overrides = file.Overrides
	}
	p, err := a.Plan(r, selection, overrides)
	if err != nil {
		return nil, err
	}
	return report.Simulation(r, p), nil
}
