// Package plan makes the exact operations that accepting groups would perform,
// and judges them by the guards. A plan is a value made from a review; it is
// valid only while the facts under it hold.
package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/review"
)

// Batch is how many groups are synced before the next are begun: that is how
// Atlassian does it, and a reviewable unit.
const Batch = 20

// Member is one person in an operation.
type Member struct {
	// Person is the person's id in the IdP; empty for who isn't there.
	Person string
	// Account is the account's id; empty for somebody to be invited who has
	// none.
	Account string
	Email   string
	Name    string
	// First says of somebody to be removed that this comes before anybody is
	// added to any group: their seat is needed.
	First bool `json:",omitempty"`
}

// Group is what a plan does to one group, with the facts that it rests on.
type Group struct {
	Name string
	// Source is the id of the IdP group.
	Source string
	// Site is the host of the site that is written, under original user
	// management; empty under centralized.
	Site string
	// Target is the Atlassian group as reviewed; nil where it is to be created.
	Target *directory.Group
	// Invite, Add and Remove are the operations, in the order of performing.
	// Create are added, too, once their accounts have been created.
	Invite, Add, Create, Remove []Member
	// People is the fingerprint of the enabled members of the IdP group as
	// reviewed (PeopleFact), Accounts the sorted ids of those of the Atlassian
	// group that count as members.
	People   string
	Accounts []string
	// Grants are what the Atlassian group gives as reviewed, by resource.
	Grants []directory.ResourceGrant
	// Unmatched is how many members of the IdP group are left out because
	// nobody knows who they are.
	Unmatched int
	// Findings are the guards in the way, the overridden ones left out.
	Findings []Finding
	// Peaks says that its new members need seats which other removals of the
	// plan free first.
	Peaks bool `json:",omitempty"`
	// Skip says why there is nothing for Rollcall to do: the group is synced,
	// waiting, rejected, ambiguous. Empty where there is.
	Skip string
	// State is the group's state when the plan was made.
	State review.State
}

// Key tells the groups of a plan apart: by the IdP group, and the site.
func (g *Group) Key() string { return g.Source + "\x00" + g.Site }

// Operations is how many writes the group takes.
func (g *Group) Operations() int {
	n := len(g.Add) + len(g.Create) + len(g.Invite) + len(g.Remove)
	if g.Target == nil {
		n++
	}
	return n
}

// Frees says whether some are removed from it before anybody is added anywhere.
func (g *Group) Frees() bool {
	return slices.ContainsFunc(g.Remove, func(member Member) bool { return member.First })
}

// Blocked says whether a guard stands in the way of this group.
func (g *Group) Blocked() bool { return len(g.Findings) > 0 }

// Plan is the exact operations that accepting a selection would perform.
type Plan struct {
	// Snapshot is the id of the snapshot that it was made from.
	Snapshot string
	TakenAt  time.Time
	Groups   []Group
	// Sources are the changes of the identity provider's own groups; a plan that
	// has some has no Groups.
	Sources []SourceGroup `json:",omitempty"`
	// People are the changes in the provisioning directory, where there is one:
	// created before the groups are synced, deactivated after.
	People []Person
	// Findings are the guards in the way of the whole plan, Overridden those
	// that were lifted, of all of it.
	Findings, Overridden []Finding
	// Undoes is the id of the run that it takes back, or empty.
	Undoes string `json:",omitempty"`
	// Effect is what performing the unblocked groups does to people; it isn't
	// kept with the plan.
	Effect review.Effect `json:"-"`
}

// ChangesIdP says that the plan writes to the identity provider alone.
func (p *Plan) ChangesIdP() bool { return len(p.Sources) > 0 && len(p.Groups)+len(p.People) == 0 }

// Fingerprint tells plans apart by what they would do and what that rests on.
func (p *Plan) Fingerprint() string {
	text, err := json.Marshal(p)
	if err != nil {
		return "" // a plan is made of strings and numbers: it always encodes
	}
	return fingerprint([]string{string(text)})
}

// fingerprint gives short what lines may be compared by.
func fingerprint(lines []string) string {
	sum := sha256.New()
	for _, line := range lines {
		fmt.Fprintf(sum, "%d %s\n", len(line), line)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// PeopleFact is the fingerprint of the members of an IdP group for the purpose of
// a sync.
func PeopleFact(members []directory.Person) string {
	var facts []string
	for i := range members {
		if !members[i].Disabled {
			facts = append(facts, members[i].Fact())
		}
	}
	slices.Sort(facts)
	return fingerprint(facts)
}

// Standing are all the guards in the way: of the whole plan, of groups, of people.
func (p *Plan) Standing() []Finding {
	standing := slices.Clone(p.Findings)
	for i := range p.Groups {
		standing = append(standing, p.Groups[i].Findings...)
	}
	for i := range p.People {
		standing = append(standing, p.People[i].Findings...)
	}
	return standing
}

// Batches cuts the groups that would be performed into batches.
func (p *Plan) Batches() [][]*Group {
	var batches [][]*Group
	for i := range p.Groups {
		group := &p.Groups[i]
		if group.Skip != "" || group.Blocked() {
			continue
		}
		if len(batches) == 0 || len(batches[len(batches)-1]) == Batch {
			batches = append(batches, nil)
		}
		batches[len(batches)-1] = append(batches[len(batches)-1], group)
	}
	return batches
}

// Selection is what a person asks to be synced.
type Selection struct {
	Rows []*review.Row
	// Everybody has the names of all people in scope brought up to date, and
	// all deactivated ones deactivated; without it those of the rows' groups.
	Everybody bool
}

// Terms are what a plan is judged by.
type Terms struct {
	Thresholds
	// Overrides are the guards that a person lifted.
	Overrides Overrides
	Now       time.Time
}

// Make plans the sync of a selection of a review.
func Make(r *review.Review, selection Selection, terms Terms) *Plan {
	p := &Plan{Snapshot: r.Snapshot.ID, TakenAt: r.Snapshot.TakenAt}
	var performed []*review.Row
	for _, row := range selection.Rows {
		for _, target := range row.Targets() {
			group := makeGroup(r, target)
			if group.Skip == "" {
				group.Findings = p.lift(terms.Overrides, GroupFindings(r, target, terms.Thresholds))
			}
			if group.Skip == "" && !group.Blocked() {
				performed = append(performed, target)
			}
			p.Groups = append(p.Groups, group)
		}
	}
	performed = p.seats(r, performed, terms.Overrides)
	deactivated := p.makePeople(r, performed, selection.Everybody, terms.Overrides)
	p.Effect = r.Effect(performed, deactivated...)
	p.Findings = p.lift(terms.Overrides, p.findings(r, performed, terms))
	return p
}

// lift gives the findings that stand, and keeps those that a person overrode.
func (p *Plan) lift(overrides Overrides, findings []Finding) []Finding {
	var standing []Finding
	for _, finding := range findings {
		if overrides.Lift(finding) {
			p.Overridden = append(p.Overridden, finding)
		} else {
			standing = append(standing, finding)
		}
	}
	return standing
}

func makeGroup(r *review.Review, row *review.Row) Group {
	group := Group{Name: row.Name, Source: r.SourceID(row), Site: row.Site, State: row.State, Skip: skip(r, row), Unmatched: row.Unmatched}
	if group.Skip != "" {
		return group
	}
	if no, ok := row.Group(); ok {
		target := r.Snapshot.Atlassian.Groups[no]
		group.Target = &target
		for _, grant := range target.Grants {
			group.Grants = append(group.Grants, directory.ResourceGrant{
				Resource: r.Snapshot.Atlassian.Products[grant.Product].ID, Role: grant.Role, Default: grant.Default,
			})
		}
	}
	people, accounts := r.Held(row)
	group.People, group.Accounts = fingerprint(people), accounts
	add, provision, remove := r.Operations(row)
	for _, no := range add {
		added := member(r, r.Matches.PersonOf[no], no)
		account := &r.Snapshot.Atlassian.Accounts[no]
		if row.Site != "" && account.Email != "" && !slices.Contains(account.Sites, row.Site) {
			// The site doesn't know them yet. An invitation to any address but
			// the account's own would make another account.
			added.Email = account.Email
			group.Invite = append(group.Invite, added)
		} else {
			group.Add = append(group.Add, added)
		}
	}
	for _, no := range provision {
		if invited := member(r, no, directory.NoAccount); r.Creates(no) {
			group.Create = append(group.Create, invited)
		} else {
			group.Invite = append(group.Invite, invited)
		}
	}
	for _, no := range remove {
		group.Remove = append(group.Remove, member(r, r.Matches.PersonOf[no], no))
	}
	return group
}

func member(r *review.Review, person directory.PersonNo, account directory.AccountNo) Member {
	m := Member{Name: r.Name(person, account), Email: r.Email(person, account)}
	if person != directory.NoPerson {
		m.Person = r.Snapshot.IdP.People[person].ID
	}
	if account != directory.NoAccount {
		m.Account = r.Snapshot.Atlassian.Accounts[account].ID
	}
	return m
}

// skip says why there is nothing to do for a row, or "". It stands in plans that
// are kept and compared: it is put into the person's language where it is shown.
func skip(r *review.Review, row *review.Row) string {
	switch row.State {
	case review.Synced:
		return lang.Mark("It is synced already.")
	case review.Rejected:
		return lang.Mark("It was rejected; withdraw that first to sync it.")
	case review.Ambiguous:
		return lang.Mark("Several groups have this name; rename all but one of them, then fetch again.")
	case review.AtlassianOnly:
		return lang.Mark("The identity provider has no group of this name.")
	case review.Waiting:
		if no, ok := row.Group(); ok && r.Snapshot.Atlassian.Groups[no].Synced == directory.ManagedYes {
			return lang.Mark("The identity provider manages this group, and Atlassian permits no other change; its provisioning has yet to bring the members over.")
		}
		return lang.Mark("Invitations are pending; once they are accepted, fetch again.")
	}
	return ""
}
