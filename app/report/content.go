package report

import (
	"strings"
	"time"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/review"
	"github.com/rollcall-app/rollcall/app/run"
)

// Review reports what a review shows under the guards' thresholds.
func Review(r *review.Review, limits plan.Thresholds) *Report {
	effect := r.Effect(app.All(r).Rows)
	groups, members := groupTables(r, limits)
	return &Report{
		Title: lang.L("Review of %s", r.Snapshot.Atlassian.Name), Made: r.Snapshot.TakenAt,
		Tables: []Table{summary(r, &effect), groups, members, accessTable(r, &effect)},
		Notes:  []string{app.NotRead(r)},
	}
}

// Simulation reports what performing a plan would do, over all of it.
func Simulation(r *review.Review, p *plan.Plan) *Report {
	groups := Table{Name: lang.L("Groups"), Columns: []string{lang.L("Group"), lang.L("Site"), lang.L("Result"), lang.L("Added"), lang.L("Removed"), lang.L("Why")}}
	for i := range p.Groups {
		group := &p.Groups[i]
		foreseen := run.Foresee(p, group)
		added, removed := 0, 0
		if foreseen.Result == run.Synced && group.Skip == "" {
			added, removed = len(group.Add)+len(group.Create)+len(group.Invite), len(group.Remove)
		}
		groups.add(group.Name, group.Site, app.Word(foreseen.Result), added, removed, foreseen.Error)
	}
	operations := Table{Name: lang.L("Operations"), Columns: []string{lang.L("Group"), lang.L("What"), lang.L("Whom")}}
	for _, step := range p.Steps() {
		operations.add(step.Group, step.What, step.Whom)
	}
	return &Report{
		Title: lang.L("Simulation for %s", r.Snapshot.Atlassian.Name), Made: p.TakenAt,
		Tables: []Table{summary(r, &p.Effect), groups, operations, accessTable(r, &p.Effect)},
		Notes:  []string{lang.L("Nothing of this has been done."), app.NotRead(r)},
	}
}

// Run reports what a run did.
func Run(past *run.Past) *Report {
	report := &past.Report
	counts := report.Counts()
	sum := Table{Name: lang.L("Summary"), Columns: []string{lang.L("What"), lang.L("Value")}}
	sum.add(lang.L("Run"), report.ID)
	sum.add(lang.L("Begun"), report.Began)
	sum.add(lang.L("Ended"), report.Ended)
	sum.add(lang.L("By"), report.By)
	sum.add(lang.L("Owner of the key"), report.Owner)
	sum.add(lang.L("Why"), report.Reason)
	sum.add(lang.L("Takes back the run"), report.Undoes)
	for _, result := range run.Results {
		sum.add(lang.L("Groups and people: %s", app.Word(result)), counts.Results[result])
	}
	sum.add(lang.L("Members added"), counts.Added)
	sum.add(lang.L("Members removed"), counts.Removed)
	sum.add(lang.L("Requests"), counts.Requests)
	groups := Table{Name: lang.L("Groups"), Columns: []string{lang.L("Group"), lang.L("Site"), lang.L("Result"), lang.L("Added"), lang.L("Removed"), lang.L("Why"), lang.L("Missing"), lang.L("Surplus")}}
	for i := range report.Groups {
		group := &report.Groups[i]
		groups.add(group.Name, group.Site, app.Word(group.Result), group.Added, group.Removed, group.Error, strings.Join(group.Missing, " "), strings.Join(group.Surplus, " "))
	}
	people := Table{Name: lang.L("People"), Columns: []string{lang.L("Name"), lang.L("E-mail"), lang.L("Change"), lang.L("Result"), lang.L("Why")}}
	for i := range report.People {
		person := &report.People[i]
		people.add(person.Name, person.Email, app.Word(person.Kind), app.Word(person.Result), person.Error)
	}
	operations := Table{Name: lang.L("Operations"), Columns: []string{lang.L("No."), lang.L("What"), lang.L("Group"), lang.L("Account"), lang.L("Answer"), lang.L("At")}}
	for i := range past.Operations {
		operation := &past.Operations[i]
		answer := "done"
		switch {
		case !operation.Done:
			answer = "none"
		case operation.Error != "":
			answer = operation.Error
		}
		operations.add(operation.No, app.Word(operation.Kind), operation.Group, operation.Account, answer, operation.At)
	}
	return &Report{Title: lang.L("Run of %s", report.Began.Local().Format("2006-01-02 15:04")), Made: report.Began, Tables: []Table{sum, groups, people, operations}}
}

// summary sums a review up, with what an effect does to each product.
func summary(r *review.Review, effect *review.Effect) Table {
	counts := r.Counts()
	table := Table{Name: lang.L("Summary"), Columns: []string{lang.L("What"), lang.L("Value")}}
	table.add(lang.L("Organization"), r.Snapshot.Atlassian.Name)
	table.add(lang.L("User management"), app.Word(r.Snapshot.Atlassian.Experience))
	table.add(lang.L("Identity provider"), app.ProviderTitle(r.Snapshot.IdP.Provider))
	table.add(lang.L("Snapshot taken"), r.Snapshot.TakenAt)
	table.add(lang.L("Groups of the identity provider"), counts.IdPGroups)
	table.add(lang.L("Groups that could not be synced"), counts.CouldNotSync())
	for _, state := range review.States {
		table.add(lang.L("Groups: %s", app.Word(state)), counts.State[state])
	}
	table.add(lang.L("Members added"), effect.Added)
	table.add(lang.L("Members removed"), effect.Removed)
	table.add(lang.L("People who gain a product"), effect.Gaining)
	table.add(lang.L("People who lose a product"), effect.Losing)
	for no := range effect.Products {
		product, change := &r.Snapshot.Atlassian.Products[no], &effect.Products[no]
		if change.Before+len(change.Gain)+len(change.Invited) == 0 {
			continue
		}
		table.add(lang.L("%s on %s", product.Name, product.Site), lang.L("%s before, %d after; %s", lang.People(change.Before), change.After(), seats(product, change)))
	}
	return table
}

func seats(product *directory.Product, change *review.ProductEffect) string {
	if product.Seats == directory.UnknownSeats || product.Used == directory.UnknownSeats {
		return lang.L("seats unknown")
	}
	return lang.L("seats: %d of %d taken, then %d", product.Used, product.Seats, product.Used+change.SeatChange())
}

// groupTables are the groups, and the changes of their members.
func groupTables(r *review.Review, limits plan.Thresholds) (groups, members Table) {
	groups = Table{Name: lang.L("Groups"), Columns: []string{lang.L("Group"), lang.L("State"), lang.L("In the way"), lang.L("Sites"), lang.L("Access"), lang.L("Added"), lang.L("Removed"), lang.L("Lose access"), lang.L("Looks like")}}
	members = Table{Name: lang.L("Member changes"), Columns: []string{lang.L("Group"), lang.L("Change"), lang.L("Name"), lang.L("E-mail"), lang.L("Account"), lang.L("Status"), lang.L("Gains"), lang.L("Loses"), lang.L("Last used"), lang.L("Keeps")}}
	for i := range r.Rows {
		row := &r.Rows[i]
		var guards []string
		for _, guard := range app.BlockedBy(r, row, limits) {
			guards = append(guards, app.Word(guard))
		}
		var access []string
		for _, no := range row.Groups {
			for _, grant := range r.Snapshot.Atlassian.Groups[no].Grants {
				access = append(access, accessText(r, grant.Access))
			}
		}
		alike, _ := r.LookAlike(row)
		groups.add(row.Name, app.Word(row.State), strings.Join(guards, ", "), strings.Join(app.Sites(r, row), ", "), strings.Join(access, ", "), row.Added, row.Removed, row.Losing, alike)
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
		account, status = known.ID, app.Word(known.Status)
		for _, lost := range change.Loses {
			if at := known.LastActive[lost.Product]; at.After(used) {
				used = at
			}
		}
	}
	var keeps []string
	for _, kept := range change.Keeps {
		keeps = append(keeps, lang.L("%s through %s", accessText(r, kept.Access), app.ThroughText(r, kept)))
	}
	return []any{
		row.Name, app.Word(change.Kind), r.Name(change.Person, change.Account), r.Email(change.Person, change.Account), account, status,
		accessTexts(r, change.Gains), accessTexts(r, change.Loses), used, strings.Join(keeps, "; "),
	}
}

// accessTable lists who gains and who loses each product altogether.
func accessTable(r *review.Review, effect *review.Effect) Table {
	table := Table{Name: lang.L("Access changes"), Columns: []string{lang.L("Site"), lang.L("Product"), lang.L("Change"), lang.L("Name"), lang.L("E-mail"), lang.L("Account"), lang.L("Last used")}}
	for no := range effect.Products {
		product, change := &r.Snapshot.Atlassian.Products[no], &effect.Products[no]
		list := func(what string, accounts []directory.AccountNo) {
			for _, account := range accounts {
				known := &r.Snapshot.Atlassian.Accounts[account]
				person := r.Matches.PersonOf[account]
				table.add(product.Site, product.Name, what, r.Name(person, account), r.Email(person, account), known.ID, known.LastActive[directory.ProductNo(no)])
			}
		}
		list(lang.L("loses"), change.Lose)
		list(lang.L("gains"), change.Gain)
		for _, person := range change.Invited {
			table.add(product.Site, product.Name, lang.L("gains"), r.Name(person, directory.NoAccount), r.Email(person, directory.NoAccount), "", time.Time{})
		}
	}
	return table
}

// accessText is a product on its site with the role.
func accessText(r *review.Review, access directory.Access) string {
	product := &r.Snapshot.Atlassian.Products[access.Product]
	return strings.TrimSpace(lang.L("%s %s on %s", product.Name, app.ShortRole(access.Role), product.Site))
}

func accessTexts(r *review.Review, list []directory.Access) string {
	texts := make([]string, len(list))
	for i, access := range list {
		texts[i] = accessText(r, access)
	}
	return strings.Join(texts, ", ")
}
