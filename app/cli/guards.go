package cli

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/plan"
)

func (c *command) guards() *cobra.Command {
	var set plan.Thresholds
	cmd := &cobra.Command{
		Use: "guards", Short: "List the guards, or set from where on they stop a sync", Args: cobra.NoArgs,
		Long: "List the guards, or set from where on they stop a sync. Each change stands in the history.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.with(func(a *app.App) error {
				settings, err := a.Store.Settings()
				if err != nil {
					return err
				}
				limits := settings.Thresholds()
				for flag, limit := range thresholdFlags(&limits) {
					if cmd.Flags().Changed(flag) {
						*limit = *thresholdFlags(&set)[flag]
					}
				}
				if err := a.SetThresholds(limits); err != nil {
					return err
				}
				if c.json {
					return c.print(app.NewGuardsDocument(limits))
				}
				return printGuards(c.Out, limits)
			})
		},
	}
	usual := plan.DefaultThresholds()
	for flag, text := range map[string]string{
		"group-removals-percent": "confirm removals in a group over this share of its members, if also over group-removals-people",
		"group-removals-people":  "confirm removals in a group over this number, if also over group-removals-percent",
		"run-removals":           "confirm removals in one run over this number",
		"stale-hours":            "confirm a sync on a snapshot older than this",
	} {
		cmd.Flags().IntVar(thresholdFlags(&set)[flag], flag, *thresholdFlags(&usual)[flag], text)
	}
	return cmd
}

// thresholdFlags gives the thresholds by the flags that set them.
func thresholdFlags(limits *plan.Thresholds) map[string]*int {
	return map[string]*int{
		"group-removals-percent": &limits.GroupRemovalsPercent, "group-removals-people": &limits.GroupRemovalsPeople,
		"run-removals": &limits.RunRemovals, "stale-hours": &limits.StaleHours,
	}
}

func printGuards(out io.Writer, limits plan.Thresholds) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, lang.L("GUARD\tSTOPS\tCAN BE OVERRIDDEN"))
	for _, guard := range plan.Guards {
		lifted := lang.L("no")
		if guard.Overridable() {
			lifted = lang.L("yes")
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", guard, guard.Stops(limits), lifted)
	}
	return table.Flush()
}
