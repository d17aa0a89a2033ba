package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/review"
	"github.com/rollcall-app/rollcall/app/run"
)

// Review reports what a review shows under the guards' thresholds.
func Review(r *review.Review, limits plan.Thresholds) *Report {
	effect := r.Effect(app.All(r).Rows)
	groups, members := groupTables(r, limits)
	return &Report{
		Title: "Review of " + r.Snapshot.Atlassian.Name, Made: r.Snapshot.TakenAt,
		Tables: []Table{summary(r, &effect), groups, members, accessTable(r, &effect)},
		Notes:  []string{app.NotRead(r)},
	}
}

// Simulation reports what performing a plan would do, over all of it.
func Simulation(r *review.Review, p *plan.Plan) *Report {
	groups := Table{Name: "Groups", Columns: []string{"Group", "Site", "Result", "Added", "Removed", "Why"}}
	for i := range p.Groups {
		group := &p.Groups[i]
		foreseen := run.Foresee(p, group)
		added, removed := 0, 0
		if foreseen.Result == run.Synced && group.Skip == "" {
			added, removed = len(group.Add)+len(group.Create)+len(group.Invite), len(group.Remove)
		}
		groups.add(group.Name, group.Site, string(foreseen.Result), added, removed, foreseen.Error)
	}
	operations := Table{Name: "Operations", Columns: []string{"Group", "What", "Whom"}}
	for _, step := range p.Steps() {
		operations.add(step.Group, step.What, step.Whom)
	}
	return &Report{
		Title: "Simulation for " + r.Snapshot.Atlassian.Name, Made: p.TakenAt,
		Tables: []Table{summary(r, &p.Effect), groups, operations, accessTable(r, &p.Effect)},
		Notes:  []string{"Nothing of this has been done.", app.NotRead(r)},
	}
}

// Run reports what a run did.
func Run(past *run.Past) *Report {
	report := &past.Report
	counts := report.Counts()
	sum := Table{Name: "Summary", Columns: []string{"What", "Value"}}
	sum.add("Run", report.ID)
	sum.add("Begun", report.Began)
	sum.add("Ended", report.Ended)
	sum.add("By", report.By)
	sum.add("Owner of the key", report.Owner)
	sum.add("Why", report.Reason)
	sum.add("Takes back the run", report.Undoes)
	for _, result := range run.Results {
		sum.add("Groups and people: "+string(result), counts.Results[result])
	}
	sum.add("Members added", counts.Added)
	sum.add("Members removed", counts.Removed)
	sum.add("Requests", counts.Requests)
	groups := Table{Name: "Groups", Columns: []string{"Group", "Site", "Result", "Added", "Removed", "Why", "Missing", "Surplus"}}
	for i := range report.Groups {
		group := &report.Groups[i]
		groups.add(group.Name, group.Site, string(group.Result), group.Added, group.Removed, group.Error, strings.Join(group.Missing, " "), strings.Join(group.Surplus, " "))
	}
	people := Table{Name: "People", Columns: []string{"Name", "E-mail", "Change", "Result", "Why"}}
	for i := range report.People {
		person := &report.People[i]
		people.add(person.Name, person.Email, string(person.Kind), string(person.Result), person.Error)
	}
	operations := Table{Name: "Operations", Columns: []string{"No.", "What", "Group", "Account", "Answer", "At"}}
	for i := range past.Operations {
		operation := &past.Operations[i]
		answer := "done"
		switch {
		case !operation.Done:
			answer = "none"
		case operation.Error != "":
			answer = operation.Error
		}
		operations.add(operation.No, string(operation.Kind), operation.Group, operation.Account, answer, operation.At)
	}
	return &Report{Title: "Run of " + report.Began.Local().Format("2 January 2006 15:04"), Made: report.Began, Tables: []Table{sum, groups, people, operations}}
}

// summary sums a review up, with what an effect does to each product.
func summary(r *review.Review, effect *review.Effect) Table {
	counts := r.Counts()
	table := Table{Name: "Summary", Columns: []string{"What", "Value"}}
	table.add("Organization", r.Snapshot.Atlassian.Name)
	table.add("User management", r.Snapshot.Atlassian.Experience)
	table.add("Identity provider", app.ProviderTitle(r.Snapshot.IdP.Provider))
	table.add("Snapshot taken", r.Snapshot.TakenAt)
	table.add("Groups of the identity provider", counts.IdPGroups)
	table.add("Groups that could not be synced", counts.CouldNotSync())
	for _, state := range review.States {
		table.add("Groups: "+strings.ReplaceAll(string(state), "_", " "), counts.State[state])
	}
	table.add("Members added", effect.Added)
	table.add("Members removed", effect.Removed)
	table.add("People who gain a product", effect.Gaining)
	table.add("People who lose a product", effect.Losing)
	for no := range effect.Products {
		product, change := &r.Snapshot.Atlassian.Products[no], &effect.Products[no]
		if change.Before+len(change.Gain)+len(change.Invited) == 0 {
			continue
		}
		table.add(fmt.Sprintf("%s on %s", product.Name, product.Site), fmt.Sprintf("%d people before, %d after; %s", change.Before, change.After(), seats(product, change)))
	}
	return table
}

func seats(product *directory.Product, change *review.ProductEffect) string {
	if product.Seats == directory.UnknownSeats || product.Used == directory.UnknownSeats {
		return "seats unknown"
	}
	return fmt.Sprintf("%d of %d seats taken, then %d", product.Used, product.Seats, product.Used+change.SeatChange())
}

// groupTables are the groups, and the changes of their members.
func groupTables(r *review.Review, limits plan.Thresholds) (groups, members Table) {
	groups = Table{Name: "Groups", Columns: []string{"Group", "State", "In the way", "Sites", "Access", "Added", "Removed", "Lose access", "Looks like"}}
	members = Table{Name: "Member changes", Columns: []string{"Group", "Change", "Name", "E-mail", "Account", "Status", "Gains", "Loses", "Last used", "Keeps"}}
	for i := range r.Rows {
		row := &r.Rows[i]
		var guards []string
		for _, guard := range app.BlockedBy(r, row, limits) {
			guards = append(guards, string(guard))
		}
		var access []string
		for _, no := range row.Groups {
			for _, grant := range r.Snapshot.Atlassian.Groups[no].Grants {
				access = append(access, accessText(r, grant.Access))
			}
		}
		alike, _ := r.LookAlike(row)
		groups.add(row.Name, string(row.State), strings.Join(guards, ", "), strings.Join(app.Sites(r, row), ", "), strings.Join(access, ", "), row.Added, row.Removed, row.Losing, alike)
		for _, change := range r.Changes(row) {
			members.Rows = append(members.Rows, memberRow(r, row, &change))
		}
	}
	return groups, members
}

func memberRow(r *review.Review, row *review.Row, change *review.Change) []any {
	account, status, used := "", "", time.Time{}
	if change.Account != directory.NoAccount {
		known := &r.Snapshot.Atlassian.Accounts[change.Account]
		account, status = known.ID, string(known.Status)
		for _, lost := range change.Loses {
			if at := known.LastActive[lost.Product]; at.After(used) {
				used = at
			}
		}
	}
	var keeps []string
	for _, kept := range change.Keeps {
		keeps = append(keeps, accessText(r, kept.Access)+" through "+strings.Join(app.Through(r, kept), ", "))
	}
	return []any{
		row.Name, string(change.Kind), r.Name(change.Person, change.Account), r.Email(change.Person, change.Account), account, status,
		accessTexts(r, change.Gains), accessTexts(r, change.Loses), used, strings.Join(keeps, "; "),
	}
}

// accessTable lists who gains and who loses each product altogether.
func accessTable(r *review.Review, effect *review.Effect) Table {
	table := Table{Name: "Access changes", Columns: []string{"Site", "Product", "Change", "Name", "E-mail", "Account", "Last used"}}
	for no := range effect.Products {
		product, change := &r.Snapshot.Atlassian.Products[no], &effect.Products[no]
		list := func(what string, accounts []directory.AccountNo) {
			for _, account := range accounts {
				known := &r.Snapshot.Atlassian.Accounts[account]
				person := r.Matches.PersonOf[account]
				table.add(product.Site, product.Name, what, r.Name(person, account), r.Email(person, account), known.ID, known.LastActive[directory.ProductNo(no)])
			}
		}
		list("loses", change.Lose)
		list("gains", change.Gain)
		for _, person := range change.Invited {
			table.add(product.Site, product.Name, "gains", r.Name(person, directory.NoAccount), r.Email(person, directory.NoAccount), "", time.Time{})
		}
	}
	return table
}

// accessText is a product on its site with the role.
func accessText(r *review.Review, access directory.Access) string {
	product := &r.Snapshot.Atlassian.Products[access.Product]
	return strings.TrimSpace(fmt.Sprintf("%s %s on %s", product.Name, app.ShortRole(access.Role), product.Site))
}

func accessTexts(r *review.Review, list []directory.Access) string {
	texts := make([]string, len(list))
	for i, access := range list {
		texts[i] = accessText(r, access)
	}
	return strings.Join(texts, ", ")
}
