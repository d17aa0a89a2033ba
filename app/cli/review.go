package cli

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/display"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/review"
)

func (c *command) fetch() *cobra.Command {
	return &cobra.Command{
		Use: "fetch", Short: "Read both sides and keep the snapshot", Args: cobra.NoArgs,
		Long: "Read both sides and keep the snapshot. Nothing is written to either. A fetch that can't read everything fails, and\n" +
			"leaves the last snapshot as it is.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.with(func(a *app.App) error {
				tell, end := c.progress()
				snapshot, err := a.Fetch(cmd.Context(), tell)
				end()
				if err != nil {
					return err
				}
				if c.json {
					return c.print(app.NewFetchDocument(snapshot))
				}
				printFetch(c.Out, snapshot)
				return nil
			})
		},
	}
}

func printFetch(out io.Writer, snapshot *directory.Snapshot) {
	idp, org := &snapshot.IdP, &snapshot.Atlassian
	fmt.Fprintf(out, "%s: %s, %s, %s. %s\n", idp.Provider,
		lang.Groups(len(idp.Groups)), lang.People(len(idp.People)), lang.Requests(snapshot.How.IdP.Requests), snapshot.How.IdP.Way)
	fmt.Fprintf(out, "%s (%s): %s, %s, %s, %s. %s\n", "Atlassian", org.Name, lang.Groups(len(org.Groups)), lang.People(len(org.Accounts)),
		lang.Sites(len(org.Sites())), lang.Requests(snapshot.How.Atlassian.Requests), snapshot.How.Atlassian.Way)
}

func (c *command) review() *cobra.Command {
	var exitCode, atlassianOnly bool
	var snapshot string
	cmd := &cobra.Command{
		Use: "review", Short: "Show the group conflicts of the snapshot; needs no network", Args: cobra.NoArgs,
		Long: "Show the group conflicts of the latest snapshot, or of a kept one, and who can't be matched. It needs no network.",
		RunE: func(*cobra.Command, []string) error {
			return c.with(func(a *app.App) error {
				r, err := a.ReviewNamed(snapshot, atlassianOnly)
				if err != nil {
					return err
				}
				settings, err := a.Store.Settings()
				if err != nil {
					return err
				}
				if exitCode && r.Counts().CouldNotSync() > 0 {
					c.code = exitUnsynced
				}
				if c.json {
					return c.print(app.NewReviewDocument(r, settings.Thresholds()))
				}
				printReview(c.Out, r, settings.Thresholds(), len(r.Rows))
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&snapshot, "snapshot", app.Latest, "review the snapshot kept under this `name`")
	cmd.Flags().BoolVar(&exitCode, "exit-code", false, "exit with 2 when some group could not be synced")
	cmd.Flags().BoolVar(&atlassianOnly, "atlassian-only", false, "list and count the groups that only Atlassian has, too")
	return cmd
}

// printReview prints at most so many groups that aren't synced.
func printReview(out io.Writer, r *review.Review, limits plan.Thresholds, most int) {
	counts := r.Counts()
	fmt.Fprintln(out, lang.L("Snapshot of %s.", moment(r.Snapshot.TakenAt)))
	fmt.Fprintf(out, "%s %s\n\n", couldNotSync(counts), finished(counts))
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, lang.L("GROUP\tSTATE\tADDED\tREMOVED\tLOSE ACCESS\tPRODUCT ACCESS\tIN THE WAY"))
	shown, left := 0, 0
	for i := range r.Rows {
		row := &r.Rows[i]
		if row.State == review.Synced {
			continue
		}
		if shown++; shown > most {
			left++
			continue
		}
		var guards []string
		for _, guard := range app.BlockedBy(r, row, limits) {
			guards = append(guards, string(guard))
		}
		fmt.Fprintf(table, "%s\t%s\t+%d\t-%d\t%d\t%s\t%s\n", safeName(row.Name), app.Word(row.State), row.Added, row.Removed, row.Losing,
			access(r, row), strings.Join(guards, ", "))
	}
	_ = table.Flush() // out's own errors show elsewhere
	if left > 0 {
		fmt.Fprintln(out, lang.L("… and %d more.", left))
	}
	for i := range r.Rows {
		if other, ok := r.LookAlike(&r.Rows[i]); ok {
			fmt.Fprintln(out, lang.L("%s looks like %s, and is another group.", safe(r.Rows[i].Name), safe(other)))
		}
	}
	for _, u := range r.Unmatched() {
		who := u.Email
		if who == "" {
			who = u.ID
		}
		fmt.Fprintln(out, lang.L("Can't be matched: %s (%s), in %s: %s.", safe(u.Name), safe(who), safe(strings.Join(u.Groups, ", ")), u.Reason))
	}
	fmt.Fprintln(out, app.NotRead(r))
}

// finished says how far the organization is.
func finished(counts review.Counts) string {
	synced, rejected := counts.State[review.Synced], counts.State[review.Rejected]
	text := lang.L("%d synced of %d.", synced, counts.IdPGroups)
	if rejected > 0 {
		text = lang.L("%d synced, %d rejected of %d.", synced, rejected, counts.IdPGroups)
	}
	if counts.Finished() {
		text += " " + lang.L("Finished.")
	}
	return text
}

// couldNotSync says how many groups are left.
func couldNotSync(counts review.Counts) string {
	n := counts.CouldNotSync()
	return lang.N(n, "%d group could not be synced.", "%d groups could not be synced.", n)
}

// moment writes a time as it is read and sorted everywhere.
func moment(at time.Time) string { return at.Local().Format("2006-01-02 15:04:05 MST") }

func access(r *review.Review, row *review.Row) string {
	var parts []string
	for _, no := range row.Groups {
		for _, grant := range r.Snapshot.Atlassian.Groups[no].Grants {
			product := r.Snapshot.Atlassian.Products[grant.Product]
			parts = append(parts, fmt.Sprintf("%s/%s %s", product.Site, product.Key, app.ShortRole(grant.Role)))
		}
	}
	switch {
	case len(row.Groups) == 0:
		return lang.L("would be created")
	case len(parts) == 0:
		return app.NoProduct(r)
	}
	return strings.Join(parts, ", ")
}

// longest is how much of a name or a sentence is printed.
const longest = 2000

// safe makes a text that may hold names from outside harmless in a terminal.
func safe(text string) string { return display.Short(text, longest) }

// safeName is safe for a name in a table: it doesn't make the column as wide as
// whoever named the group likes.
func safeName(name string) string { return display.Short(name, 80) }
