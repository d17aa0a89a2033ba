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
		groups(len(idp.Groups)), people(len(idp.People)), requests(snapshot.How.IdP.Requests), snapshot.How.IdP.Way)
	fmt.Fprintf(out, "Atlassian (%s): %s, %s, %s, %s. %s\n", org.Name, groups(len(org.Groups)), people(len(org.Accounts)),
		counted(len(org.Sites()), "site", "sites"), requests(snapshot.How.Atlassian.Requests), snapshot.How.Atlassian.Way)
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
	fmt.Fprintf(out, "Snapshot of %s.\n", r.Snapshot.TakenAt.Format(time.RFC1123))
	fmt.Fprintf(out, "%s could not be synced. %s\n\n", groups(counts.CouldNotSync()), finished(counts))
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "GROUP\tSTATE\tADDED\tREMOVED\tLOSE ACCESS\tPRODUCT ACCESS\tIN THE WAY")
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
		fmt.Fprintf(table, "%s\t%s\t+%d\t-%d\t%d\t%s\t%s\n", safeName(row.Name), row.State, row.Added, row.Removed, row.Losing,
			access(r, row), strings.Join(guards, ", "))
	}
	_ = table.Flush() // out's own errors show elsewhere
	if left > 0 {
		fmt.Fprintf(out, "… and %d more.\n", left)
	}
	for i := range r.Rows {
		if other, ok := r.LookAlike(&r.Rows[i]); ok {
			fmt.Fprintf(out, "%s looks like %s, and is another group.\n", safe(r.Rows[i].Name), safe(other))
		}
	}
	for _, u := range r.Unmatched() {
		who := u.Email
		if who == "" {
			who = u.ID
		}
		fmt.Fprintf(out, "Can't be matched: %s (%s), in %s: %s.\n", safe(u.Name), safe(who), safe(strings.Join(u.Groups, ", ")), u.Reason)
	}
	fmt.Fprintln(out, app.NotRead(r))
}

// finished says how far the organization is.
func finished(counts review.Counts) string {
	synced, rejected := counts.State[review.Synced], counts.State[review.Rejected]
	text := fmt.Sprintf("%d synced", synced)
	if rejected > 0 {
		text += fmt.Sprintf(", %d rejected", rejected)
	}
	text += fmt.Sprintf(" of %d.", counts.IdPGroups)
	if counts.Finished() {
		text += " Finished."
	}
	return text
}

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
		return "would be created"
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
