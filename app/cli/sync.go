package cli

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/progress"
	"github.com/rollcall-app/rollcall/app/review"
	"github.com/rollcall-app/rollcall/app/run"
)

type syncFlags struct {
	all, accepted          bool
	dryRun, yes            bool
	override, reason, plan string
}

// chosen says whether it is clear what to sync.
func (f *syncFlags) chosen(names []string) error {
	ways := 0
	for _, way := range []bool{len(names) > 0, f.all, f.accepted, f.plan != ""} {
		if way {
			ways++
		}
	}
	if ways != 1 {
		return problem.New(problem.Usage, lang.L("It isn't said what to sync."), lang.L("Name groups, or give --all or --accepted."))
	}
	if f.plan != "" && f.override != "" {
		return problem.New(problem.Usage, lang.L("A saved plan says itself what is overridden."), lang.L("Make it again with the overrides that are meant."))
	}
	return nil
}

func (c *command) sync() *cobra.Command {
	var flags syncFlags
	cmd := &cobra.Command{
		Use:   "sync [GROUP…|--all|--accepted|--plan FILE]",
		Short: "Overwrite Atlassian groups by the identity provider's",
		Long: "Overwrite Atlassian groups by the identity provider's groups of the same name: one, several, or all.\n" +
			"A group is named by its name or an id. Guards stop what may take away access; they are lifted by name only.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := flags.chosen(args); err != nil {
				return err
			}
			return c.with(func(a *app.App) error { return c.syncGroups(cmd.Context(), a, args, flags) })
		},
	}
	cmd.Flags().BoolVar(&flags.all, "all", false, "sync every new or conflicting group that isn't rejected")
	cmd.Flags().BoolVar(&flags.accepted, "accepted", false, "sync every group whose sync was accepted")
	cmd.Flags().StringVar(&flags.plan, "plan", "", "perform the plan that this `file` holds, if it is still the same")
	flags.addTo(cmd)
	return cmd
}

// addTo adds the flags that whatever writes has.
func (f *syncFlags) addTo(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "show the plan and write nothing")
	cmd.Flags().BoolVar(&f.yes, "yes", false, "answer the confirmation; lifts no guard")
	cmd.Flags().StringVar(&f.reason, "reason", "", "why; it is kept in the history")
	cmd.Flags().StringVar(&f.override, "override", "", "lift guards: `GUARD[=GROUP or PERSON],…` or all")
}

func (c *command) syncGroups(ctx context.Context, a *app.App, names []string, flags syncFlags) error {
	r, err := a.Review(false)
	if err != nil {
		return err
	}
	p, err := planned(a, r, names, flags)
	if err != nil {
		return err
	}
	if flags.dryRun {
		return c.dryRun(p, r)
	}
	if err := c.confirm(p, r, flags.yes); err != nil {
		return err
	}
	return c.performed(a, func(tell progress.Func) (*run.Report, error) { return a.Sync(ctx, p, flags.reason, tell) })
}

// planned makes the plan that the flags ask for.
func planned(a *app.App, r *review.Review, names []string, flags syncFlags) (*plan.Plan, error) {
	if flags.plan != "" {
		file, err := readPlan(flags.plan)
		if err != nil {
			return nil, err
		}
		return a.Replan(r, file)
	}
	selection, err := choose(r, names, flags.all)
	if flags.accepted {
		selection, err = accepted(r)
	}
	if err != nil {
		return nil, err
	}
	overrides, err := plan.ParseOverrides(flags.override)
	if err != nil {
		return nil, err
	}
	return a.Plan(r, selection, overrides)
}

// performed performs a run, and says what became of it.
func (c *command) performed(a *app.App, perform func(progress.Func) (*run.Report, error)) error {
	report, after, err := c.perform(a, perform)
	if err != nil {
		return err
	}
	c.code = syncExit(report)
	if c.json {
		return c.print(app.NewSyncDocument(report, after))
	}
	printReport(c.Out, report, after)
	return nil
}

// accepted selects the groups whose sync was accepted.
func accepted(r *review.Review) (plan.Selection, error) {
	var selection plan.Selection
	for i := range r.Rows {
		if row := &r.Rows[i]; r.Accepted(row) && app.Syncable(row) {
			selection.Rows = append(selection.Rows, row)
		}
	}
	if len(selection.Rows) == 0 {
		return selection, problem.New(problem.NotFound, lang.L("No group is accepted whose facts still hold."), lang.L("Accept groups: in the window, or with rollcall answer accept."))
	}
	return selection, nil
}

func choose(r *review.Review, names []string, all bool) (plan.Selection, error) {
	if all {
		return app.All(r), nil
	}
	var rows []*review.Row
	seen := map[*review.Row]bool{}
	for _, name := range names {
		row, err := app.Find(r, name)
		if err != nil {
			return plan.Selection{}, err
		}
		if !seen[row] {
			seen[row] = true
			rows = append(rows, row)
		}
	}
	return plan.Selection{Rows: rows}, nil
}

// perform performs a run, and reviews what is then.
func (c *command) perform(a *app.App, perform func(progress.Func) (*run.Report, error)) (*run.Report, *review.Review, error) {
	tell, end := c.progress()
	report, err := perform(tell)
	end()
	if err != nil {
		return nil, nil, err
	}
	after, err := a.Review(false)
	return report, after, err
}

func syncExit(report *run.Report) int {
	for _, group := range report.Groups {
		if group.Result != run.Synced && group.Result != run.Answered {
			return exitIncomplete
		}
	}
	for _, person := range report.People {
		if person.Result == run.Failed || person.Result == run.Changed {
			return exitIncomplete
		}
	}
	return exitDone
}

// performedPeople counts the changes made in the provisioning directory.
func performedPeople(report *run.Report) (n int) {
	for _, person := range report.People {
		if person.Result == run.Synced {
			n++
		}
	}
	return n
}

func (c *command) dryRun(p *plan.Plan, r *review.Review) error {
	if c.json {
		return c.print(app.NewDryRunDocument(p, r))
	}
	printPlan(c.Out, p, r)
	fmt.Fprintln(c.Out, lang.L("Nothing was written."))
	return nil
}

// confirm asks once, with the totals.
func (c *command) confirm(p *plan.Plan, r *review.Review, yes bool) error {
	if yes {
		return nil
	}
	if !c.terminal() {
		return problem.New(problem.Refused, lang.L("Nobody confirmed it."), lang.L("Look at it with --dry-run, then give --yes."))
	}
	printPlan(c.Err, p, r)
	fmt.Fprint(c.Err, lang.L("Do it now? Type yes:")+" ")
	answer, err := bufio.NewReader(c.In).ReadString('\n')
	if err != nil || strings.TrimSpace(answer) != "yes" {
		return problem.New(problem.Cancelled, lang.L("Nothing was written."), lang.L("Sync again when you like."))
	}
	return nil
}

// printPlan prints the totals of a plan and what stands in its way.
func printPlan(out io.Writer, p *plan.Plan, r *review.Review) {
	printSources(out, p)
	if p.ChangesIdP() {
		return
	}
	synced := 0
	for i := range p.Groups {
		group := &p.Groups[i]
		foreseen := run.Foresee(p, group)
		if foreseen.Result != run.Synced {
			fmt.Fprintf(out, "%s: %s. %s\n", safe(foreseen.Title()), app.Word(foreseen.Result), safe(foreseen.Error))
		} else if group.Skip == "" {
			synced++
		}
	}
	effect := p.Effect
	fmt.Fprintln(out, lang.L("To be synced: %s in %s: %d added (%d of them %s), %d removed; a product is gained by %s, and lost altogether by %s.",
		lang.Groups(synced), batches(len(p.Batches())), effect.Added, effect.Provisioned, broughtIn(r), effect.Removed, lang.People(effect.Gaining), lang.People(effect.Losing)))
	printPeople(out, p)
	for no := range effect.Products {
		change, product := &effect.Products[no], &r.Snapshot.Atlassian.Products[no]
		if len(change.Gain)+len(change.Invited)+len(change.Lose) > 0 {
			fmt.Fprintln(out, "  "+lang.L("%s on %s: gained by %s, lost by %d.", product.Name, product.Site, lang.People(len(change.Gain)+len(change.Invited)), len(change.Lose)))
		}
	}
	fmt.Fprintln(out, app.NotRead(r))
}

func batches(n int) string { return lang.N(n, "%d batch", "%d batches", n) }

// broughtIn is what happens to whoever has no account.
func broughtIn(r *review.Review) string {
	if r.Provisions() {
		return lang.L("created or invited")
	}
	return lang.L("invited")
}

// printPeople prints what happens in the provisioning directory: the numbers, and
// each deactivation by itself.
func printPeople(out io.Writer, p *plan.Plan) {
	if len(p.People) == 0 {
		return
	}
	created, _ := p.CountPeople(review.CreatePerson)
	renamed, _ := p.CountPeople(review.UpdatePerson)
	deactivated, held := p.CountPeople(review.DeactivatePerson)
	fmt.Fprintln(out, lang.L("In the provisioning directory: %s created, %d renamed, %d deactivated, %d not deactivated as long as nobody confirms it.", lang.People(created), renamed, deactivated, held))
	for i := range p.People {
		person := &p.People[i]
		what := app.Word(person.Kind)
		if person.Kind == review.UpdatePerson {
			what = lang.L("rename from “%s”", person.Was)
		}
		fmt.Fprintf(out, "  %s (%s): %s\n", safe(person.Name), safe(person.Title()), safe(what))
		for _, finding := range person.Findings {
			fmt.Fprintln(out, "    "+lang.L("held: %s", safe(finding.Problem().Error())))
		}
	}
}

// printReport prints what became of each group.
func printReport(out io.Writer, report *run.Report, after *review.Review) {
	counts := map[run.Result]int{}
	added, removed, provisioned := 0, 0, 0
	for _, group := range report.Groups {
		counts[group.Result]++
		added, removed, provisioned = added+group.Added, removed+group.Removed, provisioned+group.Provisioned
		if group.Error != "" {
			fmt.Fprintf(out, "%s: %s. %s\n", safe(group.Title()), app.Word(group.Result), safe(group.Error))
		}
	}
	each := ""
	if after.Snapshot.Atlassian.Experience == directory.Original {
		each = lang.L(", each site counted,")
	}
	for _, person := range report.People {
		if person.Error != "" {
			fmt.Fprintf(out, "%s (%s), %s: %s. %s\n", safe(person.Name), safe(person.Email), app.Word(person.Kind), app.Word(person.Result), safe(person.Error))
		}
	}
	if n := performedPeople(report); n > 0 {
		fmt.Fprintln(out, lang.L("Created, renamed or deactivated in the provisioning directory: %s.", lang.People(n)))
	}
	if answered := counts[run.Answered]; answered > 0 {
		fmt.Fprintln(out, lang.L("Changed in the identity provider: %s; %d added, %d removed. %s.", lang.Groups(answered), added, removed, lang.Requests(report.IdP.Requests)))
		fmt.Fprintln(out, finished(after.Counts()))
		return
	}
	fmt.Fprintln(out, lang.L("Synced: %d of %s%s in %s: %d added (%d of them %s), %d removed. %s to the identity provider, %d to Atlassian, %d throttled.",
		counts[run.Synced], lang.Groups(len(report.Groups)), each, batches(report.Batches), added, provisioned, broughtIn(after), removed,
		lang.Requests(report.IdP.Requests), report.Atlassian.Requests, report.IdP.Throttled+report.Atlassian.Throttled))
	if counts[run.Synced] > 0 && report.Undoes == "" {
		fmt.Fprintf(out, "%s %s\n", app.StillListed(after.Snapshot.IdP.Provider), app.AdminPage(&after.Snapshot.Atlassian))
	}
	fmt.Fprintln(out, finished(after.Counts()))
}
