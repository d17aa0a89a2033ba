package plan

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/review"
)

// GroupFindings lists the guards that stand in the way of one row by itself.
func GroupFindings(r *review.Review, row *review.Row, limits Thresholds) []Finding {
	if row.Source == review.NoSource || row.Ambiguous() || row.State == review.Synced {
		return nil
	}
	if row.Parts != nil {
		return partFindings(r, row, limits)
	}
	var findings []Finding
	if finding, found := answersFinding(r, row); found {
		findings = append(findings, finding)
	}
	add := func(guard Guard, message, action string) {
		findings = append(findings, Finding{Guard: guard, Group: row.Name, Message: message, Action: action})
	}
	if no, ok := row.Group(); ok {
		group := &r.Snapshot.Atlassian.Groups[no]
		if group.Default() {
			add(DefaultAccess, defaultMessage(r, group), DefaultAccessSteps(r.Snapshot.Atlassian.Experience))
		}
		if group.Locked && group.Synced != directory.ManagedYes {
			add(NotModifiable, lang.L("Atlassian doesn't permit changes to the members of “%s”.", row.Name), lang.L("It is a built-in group, or managed elsewhere: leave it, or rename the IdP group."))
		}
	}
	if row.Unreadable != "" {
		add(Unreadable, lang.L("Not everybody in the IdP group “%s” is known: %s.", row.Name, row.Unreadable),
			lang.L("Let all its members be read, or sync it by hand; until then Rollcall removes nobody from it."))
	} else if row.Protected > 0 {
		add(UnmatchedIn, lang.L("“%s” has %s who may be in the IdP group under another address.", row.Name, lang.People(row.Protected)),
			lang.L("Look at the people who can't be matched: correct their addresses in the identity provider or in Atlassian, then fetch again."))
	}
	if r.Snapshot.Atlassian.UnknownAccess && row.Removed > 0 {
		add(UnknownAccess, lang.L("%s would leave “%s”%s. What it gives outside Jira, as in Confluence, can't be read there.", lang.People(row.Removed), row.Name, on(row)),
			lang.L("Look at what the group gives in Confluence; if the removals are meant, override unknown-access for this group."))
	}
	if row.Wanted == 0 && row.Removed > 0 && r.Undoes() {
		add(EmptyGroup, lang.L("Undoing would remove everybody (%s) from “%s”.", lang.People(row.Removed), row.Name), lang.L("If that is meant, override empty-group for this group."))
	} else if row.Wanted == 0 && row.Removed > 0 {
		add(EmptyGroup, lang.L("“%s” has no members in the identity provider: syncing would remove everybody (%s).", row.Name, lang.People(row.Removed)),
			lang.L("If that is meant, override empty-group for this group."))
	}
	if row.Removed > limits.GroupRemovalsPeople && row.Removed*100 > row.Present*limits.GroupRemovalsPercent {
		add(GroupRemovals, lang.L("Syncing “%s” would remove %d of its %s.", row.Name, row.Removed, lang.People(row.Present)),
			lang.L("If that is meant, override group-removals for this group."))
	}
	return findings
}

// partFindings lists those of a row's sites; what is about the IdP group is told
// once.
func partFindings(r *review.Review, row *review.Row, limits Thresholds) []Finding {
	var findings []Finding
	for _, target := range row.Targets() {
		for _, finding := range GroupFindings(r, target, limits) {
			if finding.Guard != OpenAnswers || !slices.Contains(findings, finding) {
				findings = append(findings, finding)
			}
		}
	}
	return findings
}

// DefaultAccessSteps say how a group ceases to be a default access group under
// the experience in use.
func DefaultAccessSteps(experience string) string {
	if experience == directory.Original {
		return lang.L("At admin.atlassian.com open the site › Product access, and under the product take the default away from the group, or give it to another one, then fetch again.")
	}
	return lang.L("In Atlassian administration open Apps › the site › the product › Manage access › Default groups, choose Update default group setting, pick another group or None, then fetch again.")
}

func defaultMessage(r *review.Review, group *directory.Group) string {
	var products []string
	for _, grant := range group.Grants {
		if grant.Default {
			product := r.Snapshot.Atlassian.Products[grant.Product]
			products = append(products, lang.L("%s on %s", product.Name, product.Site))
		}
	}
	return lang.L("“%s” is a default access group: whoever is given %s is put into it.", group.Name, strings.Join(products, lang.L(" and ")))
}

// on names the site of a part of a row.
func on(row *review.Row) string {
	if row.Site == "" {
		return ""
	}
	return lang.L(" on %s", row.Site)
}

// findings lists the guards that stand in the way of the whole plan.
func (p *Plan) findings(r *review.Review, rows []*review.Row, terms Terms) []Finding {
	var findings []Finding
	if len(rows)+len(p.People) == 0 {
		return nil
	}
	if finding, found := lockOut(r, rows, nil); found {
		findings = append(findings, finding)
	}
	if removals := p.Removals(); removals > terms.RunRemovals {
		findings = append(findings, Finding{Guard: RunRemovals,
			Message: lang.L("The run would make %s, which is over %d.", lang.Removals(removals), terms.RunRemovals),
			Action:  lang.L("Sync fewer groups at a time, or override run-removals.")})
	}
	if age := terms.Now.Sub(r.Snapshot.TakenAt); age > time.Duration(terms.StaleHours)*time.Hour {
		findings = append(findings, Finding{Guard: Stale,
			Message: lang.N(int(age.Hours()), "The snapshot is %d hour old.", "The snapshot is %d hours old.", int(age.Hours())), Action: lang.L("Fetch first, or override stale.")})
	}
	return findings
}

// adminRoles administer the organization or a site.
var adminRoles = []string{directory.OrgAdmin, directory.SiteAdmin}

// lockOut finds out whether syncing rows and deactivating accounts would take
// away the last administration of the organization or a site, or the
// administration of somebody who owns the credentials.
func lockOut(r *review.Review, rows []*review.Row, deactivated []directory.AccountNo) (Finding, bool) {
	org := &r.Snapshot.Atlassian
	owners, known := ownersOf(org)
	if !known {
		return Finding{Guard: LockOut, Message: lang.L("It isn't known who owns the Atlassian key, so it can't be told whether a sync would lock that person out."),
			Action: lang.L("Connect Atlassian again with the e-mail address of the key's owner, an organization admin, then fetch.")}, true
	}
	for _, owner := range owners {
		if slices.Contains(deactivated, owner) {
			return Finding{Guard: LockOut, Message: lang.L("%s owns the key: deactivating the account would end the key.", org.Accounts[owner].Name),
				Action: lang.L("Connect Atlassian with the key of another admin first.")}, true
		}
	}
	for _, role := range adminRoles {
		before, after := r.Holders(role, nil), r.Holders(role, rows, deactivated...)
		direct := directAdmins(org, role, deactivated)
		if len(after) == 0 && direct == 0 && directAdmins(org, role, nil) > 0 {
			return lastAdmin(lang.L("the organization")), true
		}
		for access, holders := range before {
			place := cmp.Or(org.Products[access.Product].Site, lang.L("the organization"))
			if len(after[access]) == 0 && direct == 0 {
				return lastAdmin(place), true
			}
			for _, owner := range owners {
				if slices.Contains(holders, owner) && !slices.Contains(after[access], owner) {
					return Finding{Guard: LockOut, Message: lang.L("The sync would take the administration of %s from %s, who owns the key.", place, org.Accounts[owner].Name),
						Action: lang.L("Add the owner to the IdP group first, or leave that group out.")}, true
				}
			}
		}
	}
	return Finding{}, false
}

// ownersOf gives the accounts that own the credentials; known is false where one
// isn't among the accounts that were read.
func ownersOf(org *directory.Organization) (owners []directory.AccountNo, known bool) {
	for _, id := range append([]string{org.Owner}, org.OtherOwners...) {
		i := slices.IndexFunc(org.Accounts, func(a directory.Account) bool { return id != "" && a.ID == id })
		if i < 0 {
			return nil, false
		}
		owners = append(owners, directory.AccountNo(i))
	}
	return owners, true
}

func lastAdmin(place string) Finding {
	return Finding{Guard: LockOut, Message: lang.L("The sync would remove the last admin of %s.", place),
		Action: lang.L("Add an admin to the IdP group first, or leave that group or person out.")}
}

// directAdmins counts the active accounts that have a role in the organization by
// themselves, those left out that are deactivated.
func directAdmins(org *directory.Organization, role string, deactivated []directory.AccountNo) int {
	n := 0
	for i := range org.Accounts {
		account := &org.Accounts[i]
		if account.Status == directory.Active && slices.Contains(account.OrgRoles, role) && !slices.Contains(deactivated, directory.AccountNo(i)) {
			n++
		}
	}
	return n
}
