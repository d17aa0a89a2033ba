// Package review compares the two sides of a snapshot: which groups are in
// conflict, who would be added and removed, and who gains and loses access.
// It computes; it reads and writes nothing.
package review

import (
	"cmp"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rollcall-app/rollcall/app/directory"
)

// State is where a group stands. A group has exactly one: the first in the
// order of States that applies.
type State string

// The states of a group.
const (
	Ambiguous     State = "ambiguous"      // two names fold into one
	Rejected      State = "rejected"       // somebody decided to leave it
	Failed        State = "failed"         // the last run couldn't finish it
	Changed       State = "changed"        // since it was reviewed
	Waiting       State = "waiting"        // for Atlassian, or for an invitation
	Synced        State = "synced"         //
	Blocked       State = "blocked"        // default access group
	New           State = "new"            // only in the identity provider
	Conflict      State = "conflict"       //
	AtlassianOnly State = "atlassian_only" // only in Atlassian
)

// States lists all states in their order.
var States = []State{Ambiguous, Rejected, Failed, Changed, Waiting, Synced, Blocked, New, Conflict, AtlassianOnly}

// CouldNotSync says whether a group in this state counts as one that could not
// be synced.
func (s State) CouldNotSync() bool {
	switch s {
	case Conflict, Blocked, Changed, Failed, Waiting, Ambiguous:
		return true
	}
	return false
}

// Decision is what somebody decided about a group: to accept what a sync would do,
// or to reject it. It holds while the facts under it do, until a run has acted on
// it.
type Decision struct {
	// Group is the id of the IdP group, Name its name for showing.
	Group, Name string
	// Reject leaves the group as it is in Atlassian; else its sync is accepted.
	Reject bool
	Reason string
	By     string
	At     time.Time
	// Facts is Review.Facts of the group when it was decided, Basis Review.Basis;
	// the history has the first alone.
	Facts string
	Basis []string `json:"-"`
	// Withdrawn says that the decision no longer holds; only the history has
	// such ones.
	Withdrawn bool `json:",omitempty"`
}

// Outcome is what the last run made of a group.
type Outcome struct {
	// Group is the id of the IdP group.
	Group string
	// Run and Snapshot are the ids of the run and of what it was planned on.
	Run, Snapshot string
	// State is Synced, Waiting, Changed or Failed.
	State State
	// Error is the sentence that says why it isn't Synced.
	Error string
	// Invited are the addresses of people who were invited into the group.
	Invited []string
	// Unmade are the sites on which the group was to be made and wasn't, under
	// original user management.
	Unmade []string `json:",omitempty"`
	At     time.Time
}

// Input is what a review is made from.
type Input struct {
	Snapshot  *directory.Snapshot
	Decisions map[string]Decision // by the id of the IdP group
	Outcomes  map[string]Outcome  // by the id of the IdP group
	Answers   map[string]Answer   // by Answer.Key
	// AtlassianOnly asks for the groups that only Atlassian has, too.
	AtlassianOnly bool
	// Matches, if set, say who is who without matching; Targets, if set, which
	// Atlassian group each IdP group means, by its id, without comparing names.
	// That is how a run is undone: the source is the past of the same
	// organization.
	Matches *Matches
	Targets map[string]directory.GroupNo
}

// NoSource stands where a row has no IdP group.
const NoSource directory.SourceNo = 1<<32 - 1

// Row is one group under review.
type Row struct {
	Name string
	// Source is the IdP group, or NoSource.
	Source directory.SourceNo
	// Groups are the Atlassian groups of that name: none, one, or several
	// where they are ambiguous.
	Groups []directory.GroupNo
	State  State
	// Site is the host that a part of a row is about; empty for a row.
	Site string
	// Parts are the row's sites under original user management, each with its
	// own Atlassian group, or none where it is to be created, and its own
	// numbers. The row's numbers count people once. Nil under centralized.
	Parts []Row
	// Added counts the member changes that add somebody, the provisioned
	// included; Removed those that remove somebody.
	Added, Provisioned, Removed int
	// Losing is how many of the removed lose a role on a product.
	Losing int
	// Unmatched is how many members of the IdP group can't be matched;
	// Protected how many members of the Atlassian group would be removed if it
	// were certain who they are.
	Unmatched, Protected int
	// Unmade says that a run made the group on some of its sites only.
	Unmade bool
	// Unreadable says why not all members of the IdP group are known; nobody
	// is removed then. Empty where they are.
	Unreadable string
	// Wanted is how many members the IdP group has for the purpose of a sync,
	// Present how many the Atlassian group has.
	Wanted, Present int
}

// Group gives the row's only Atlassian group; ok is false where there is none,
// or more than one.
func (r *Row) Group() (group directory.GroupNo, ok bool) {
	if len(r.Groups) != 1 {
		return 0, false
	}
	return r.Groups[0], true
}

// Ambiguous says that several Atlassian groups of one place have the name.
func (r *Row) Ambiguous() bool { return len(r.Groups) > 1 && r.Parts == nil }

// Targets are what a sync of the row writes, each with one Atlassian group at
// most: its parts, or the row itself.
func (r *Row) Targets() []*Row {
	if r.Parts == nil {
		return []*Row{r}
	}
	targets := make([]*Row, len(r.Parts))
	for i := range r.Parts {
		targets[i] = &r.Parts[i]
	}
	return targets
}

// targets lists the targets of several rows.
func targets(rows []*Row) []*Row {
	var all []*Row
	for _, row := range rows {
		all = append(all, row.Targets()...)
	}
	return all
}

// Differs says whether a sync would leave anything to do or to tell.
func (r *Row) Differs() bool {
	return r.Added+r.Removed+r.Unmatched+r.Protected > 0 || r.Unreadable != "" || r.Unmade
}

// Review is a compared snapshot. It doesn't change once made, and is safe for
// concurrent use.
type Review struct {
	Snapshot *directory.Snapshot
	Rows     []Row
	Matches  *Matches

	input Input
	// place is where each person belongs by being a member of an IdP group: an
	// account, or one of the places that aren't.
	place   []directory.AccountNo
	marks   sync.Pool // of *marks
	access  *accessTable
	creates func(*directory.Person) bool
	// sharing counts the IdP groups of each folded name.
	sharing map[string]int
	// answers are those not carried out, by the id of the IdP group; answerOf by
	// their keys.
	answers  map[string][]Answer
	answerOf map[string]Answer
	finds    sync.Once
	found    *foundInIdP
	// looking are the names of groups by how they look; see LookAlike.
	looks   sync.Once
	looking map[string][]string
}

// Compare compares the two sides.
func Compare(input Input) *Review {
	r := &Review{Snapshot: input.Snapshot, Matches: input.Matches, input: input, creates: creator(input.Snapshot)}
	// Who is who, and which groups are meant, are told from different things.
	var groups sync.WaitGroup
	groups.Go(func() {
		r.access = newAccessTable(&input.Snapshot.Atlassian)
		r.pair()
	})
	if r.Matches == nil {
		r.Matches = Match(input.Snapshot)
	}
	r.settle()
	groups.Wait()
	r.takeAnswers(input.Answers)
	r.countAll()
	return r
}

// share is how many rows one goroutine takes at once.
const share = 512

// countAll counts every row and says where it stands.
func (r *Review) countAll() { r.eachRow(r.countRow) }

// eachRow calls do for every row, on all processors: a row is worked on by itself.
// The members are do's to use again.
func (r *Review) eachRow(do func(*Row, *members)) {
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(r.Rows)/share+1) {
		workers.Go(func() {
			scratch := &members{}
			for {
				from := int(next.Add(share)) - share
				if from >= len(r.Rows) {
					return
				}
				for i := range r.Rows[from:min(from+share, len(r.Rows))] {
					do(&r.Rows[from+i], scratch)
				}
			}
		})
	}
	workers.Wait()
}

func (r *Review) countRow(row *Row, scratch *members) {
	for n := range row.Parts {
		r.count(&row.Parts[n], scratch)
	}
	r.count(row, scratch)
	row.State = r.state(row)
	for n := range row.Parts {
		row.Parts[n].State = row.State
	}
}

// pair finds the Atlassian groups of each IdP group's name.
func (r *Review) pair() {
	idp, atlassian := &r.Snapshot.IdP, &r.Snapshot.Atlassian
	byName := make(map[string][]directory.GroupNo, len(atlassian.Groups))
	for i := range atlassian.Groups {
		name := directory.FoldName(atlassian.Groups[i].Name)
		byName[name] = append(byName[name], directory.GroupNo(i))
	}
	r.sharing = make(map[string]int, len(idp.Groups))
	r.Rows = make([]Row, 0, len(idp.Groups))
	names := make([]string, 0, len(idp.Groups))
	for i := range idp.Groups {
		name := directory.FoldName(idp.Groups[i].Name)
		names = append(names, name)
		r.sharing[name]++
		row := Row{Name: idp.Groups[i].Name, Source: directory.SourceNo(i), Groups: byName[name]}
		if r.input.Targets != nil {
			r.sharing[name] = 1
			row.Groups = []directory.GroupNo{r.input.Targets[idp.Groups[i].ID]}
		}
		if atlassian.Experience == directory.Original {
			row.Parts = r.parts(&row)
		}
		r.Rows = append(r.Rows, row)
	}
	for i := range atlassian.Groups {
		if name := directory.FoldName(atlassian.Groups[i].Name); r.input.AtlassianOnly && r.sharing[name] == 0 {
			names = append(names, name)
			r.Rows = append(r.Rows, Row{Name: atlassian.Groups[i].Name, Source: NoSource, Groups: []directory.GroupNo{directory.GroupNo(i)}})
		}
	}
	r.arrange(names)
}

// arrange sorts the rows by their folded names, which stand beside them.
func (r *Review) arrange(names []string) {
	order := make([]int32, len(names))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(names[a], names[b]) })
	rows := make([]Row, len(r.Rows))
	for to, from := range order {
		rows[to] = r.Rows[from]
	}
	r.Rows = rows
}

// parts gives a row's sites: those that have the group, or all of them where none
// does, and those on which a run failed to make it. Two groups of the name on one
// site make the row ambiguous: no parts.
func (r *Review) parts(row *Row) []Row {
	var parts []Row
	unmade := r.input.Outcomes[r.SourceID(row)].Unmade
	for _, site := range r.Snapshot.Atlassian.Sites() {
		part := Row{Name: row.Name, Source: row.Source, Site: site}
		for _, no := range row.Groups {
			if r.Snapshot.Atlassian.Groups[no].Site == site {
				part.Groups = append(part.Groups, no)
			}
		}
		if len(part.Groups) > 1 {
			return nil
		}
		missing := len(part.Groups) == 0 && slices.Contains(unmade, site)
		row.Unmade = row.Unmade || missing && len(row.Groups) > 0
		if len(part.Groups) == 1 || len(row.Groups) == 0 || missing {
			parts = append(parts, part)
		}
	}
	return parts
}

// state gives the first state that applies.
func (r *Review) state(row *Row) State {
	if row.Source == NoSource {
		return AtlassianOnly
	}
	if row.Ambiguous() || r.sharing[directory.FoldName(row.Name)] > 1 {
		return Ambiguous
	}
	id := r.Snapshot.IdP.Groups[row.Source].ID
	decision, decided := r.Decision(row)
	outcome, tried := r.input.Outcomes[id]
	here := tried && outcome.Snapshot == r.Snapshot.ID
	holds := decided && decision.Facts == r.Facts(row)
	groups := r.groups(row)
	switch {
	case decided && decision.Reject && holds:
		return Rejected
	case here && outcome.State == Failed:
		return Failed
	case here && outcome.State == Changed, decided && !holds && row.Differs():
		return Changed
	case managed(groups) && row.Differs(), tried && r.pending(row, outcome):
		return Waiting
	case len(groups) > 0 && !row.Differs() && (managed(groups) || tried && outcome.State.accepted()):
		return Synced
	case slices.ContainsFunc(groups, (*directory.Group).Default):
		return Blocked
	case len(groups) == 0:
		return New
	}
	return Conflict
}

// accepted says whether a run that left the group in this state had accepted it.
func (s State) accepted() bool { return s == Synced || s == Waiting }

// pending says whether all that still differs is invitations sent.
func (r *Review) pending(row *Row, outcome Outcome) bool {
	if len(outcome.Invited) == 0 || row.Provisioned == 0 || row.Added != row.Provisioned || row.Removed+row.Unmatched+row.Protected > 0 {
		return false
	}
	var m members
	r.compare(row, &m)
	for _, no := range m.provision {
		if !contains(outcome.Invited, directory.FoldAddress(r.Snapshot.IdP.People[no].Email)) {
			return false
		}
	}
	return true
}

// groups gives the row's Atlassian groups.
func (r *Review) groups(row *Row) []*directory.Group {
	groups := make([]*directory.Group, len(row.Groups))
	for i, no := range row.Groups {
		groups[i] = &r.Snapshot.Atlassian.Groups[no]
	}
	return groups
}

// managed says whether Atlassian says of all groups that the identity provider
// manages them.
func managed(groups []*directory.Group) bool {
	return len(groups) > 0 && !slices.ContainsFunc(groups, func(g *directory.Group) bool { return g.Synced != directory.ManagedYes })
}

// SourceID gives the id of the row's IdP group, or "".
func (r *Review) SourceID(row *Row) string {
	if row.Source == NoSource {
		return ""
	}
	return r.Snapshot.IdP.Groups[row.Source].ID
}

// Outcome gives what the last run made of the row's group, if that still
// concerns this snapshot.
func (r *Review) Outcome(row *Row) (Outcome, bool) {
	outcome, ok := r.input.Outcomes[r.SourceID(row)]
	return outcome, ok && outcome.Snapshot == r.Snapshot.ID
}

// Decision gives what was decided about the row's group, and no run has acted on
// since.
func (r *Review) Decision(row *Row) (Decision, bool) {
	id := r.SourceID(row)
	decision, ok := r.input.Decisions[id]
	if outcome, tried := r.input.Outcomes[id]; tried && outcome.State.accepted() && outcome.At.After(decision.At) {
		return Decision{}, false
	}
	return decision, ok
}

// Accepted says whether the sync of the row's group was accepted, on the facts that
// still hold.
func (r *Review) Accepted(row *Row) bool {
	decision, ok := r.Decision(row)
	return ok && !decision.Reject && decision.Facts == r.Facts(row)
}

// Counts is how many rows are in each state.
type Counts struct {
	// IdPGroups is how many groups of the identity provider are in scope.
	IdPGroups int
	State     map[State]int
}

// CouldNotSync is how many groups could not be synced.
func (c Counts) CouldNotSync() int {
	n := 0
	for state, count := range c.State {
		if state.CouldNotSync() {
			n += count
		}
	}
	return n
}

// Finished says whether every IdP group in scope is synced or rejected.
func (c Counts) Finished() bool {
	return c.State[Synced]+c.State[Rejected] == c.IdPGroups
}

// Counts counts the rows.
func (r *Review) Counts() Counts {
	counts := Counts{IdPGroups: len(r.Snapshot.IdP.Groups), State: make(map[State]int, len(States))}
	for i := range r.Rows {
		counts.State[r.Rows[i].State]++
	}
	return counts
}
