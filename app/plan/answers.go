package plan

import (
	"slices"
	"strings"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/review"
)

// SourceGroup is what a plan changes of one group of the identity provider, with
// the facts that it rests on.
type SourceGroup struct {
	// Group is the IdP group as reviewed, Members the sorted ids of its members.
	Group   directory.SourceGroup
	Members []string
	// Add and Remove are people by their id in the IdP.
	Add, Remove []Member
	// Rename is the new name, or empty. Sites are the hosts on which no group may
	// have it: one empty host under centralized user management.
	Rename string
	Sites  []string
	// Uses is what else hangs on the group.
	Uses directory.Uses
	// LeftOut says of answers why they aren't carried out.
	LeftOut []LeftOut `json:",omitempty"`
}

// LeftOut is an answer that isn't carried out.
type LeftOut struct{ What, Why string }

// Key tells the groups of a plan apart.
func (g *SourceGroup) Key() string { return g.Group.ID + "\x00" }

// Operations is how many writes the group takes.
func (g *SourceGroup) Operations() int {
	n := len(g.Add) + len(g.Remove)
	if g.Rename != "" {
		n++
	}
	return n
}

// Steps are the group's exact operations in the order of performing.
func (g *SourceGroup) Steps() []Step {
	title := lang.L("%s in the identity provider", g.Group.Name)
	var steps []Step
	for i := range g.Add {
		steps = append(steps, Step{title, "add", g.Add[i].whom()})
	}
	for i := range g.Remove {
		steps = append(steps, Step{title, "remove", g.Remove[i].whom()})
	}
	if g.Rename != "" {
		steps = append(steps, Step{title, lang.L("rename to"), "“" + g.Rename + "”"})
	}
	return steps
}

// Others says in a sentence which applications the group feeds.
func (g *SourceGroup) Others() string {
	switch {
	case !g.Uses.Known:
		return lang.L("“%s” may feed other applications, too; that can't be read here. Look there before you change it.", g.Group.Name)
	case len(g.Uses.Applications) == 0:
		return lang.L("“%s” is assigned to no other application.", g.Group.Name)
	}
	return lang.L("“%s” is also assigned to %s: who is added or removed may gain or lose access there.", g.Group.Name, strings.Join(g.Uses.Applications, ", "))
}

// Answers plans what was answered about groups, as far as the snapshot doesn't show
// it carried out. uses tells what else hangs on a group, by its id.
func Answers(r *review.Review, rows []*review.Row, uses map[string]directory.Uses) *Plan {
	p := &Plan{Snapshot: r.Snapshot.ID, TakenAt: r.Snapshot.TakenAt}
	for _, row := range rows {
		if answers := r.Answers(row); len(answers) > 0 {
			p.Sources = append(p.Sources, makeSource(r, row, answers, uses[r.SourceID(row)]))
		}
	}
	return p
}

func makeSource(r *review.Review, row *review.Row, answers []review.Answer, uses directory.Uses) SourceGroup {
	group := NewSourceGroup(r.Snapshot, row.Source)
	group.Uses = uses
	for i := range answers {
		answer := &answers[i]
		member := Member{Person: r.PersonOf(answer), Account: answer.Account, Email: answer.Email, Name: answer.Who}
		why := r.Obstacle(answer)
		if why == "" && answer.Kind == review.KeepOut && uses.Rule != "" {
			why = lang.L("the rule “%s” fills the group, so nobody is removed from it by hand: change the rule", uses.Rule)
		}
		switch {
		case why != "":
			group.LeftOut = append(group.LeftOut, LeftOut{answer.String(), why})
		case answer.Kind == review.Keep:
			group.Add = append(group.Add, member)
		case answer.Kind == review.KeepOut:
			group.Remove = append(group.Remove, member)
		default:
			group.Rename = answer.To
		}
	}
	return group
}

// NewSourceGroup begins to plan the change of a group of the identity provider.
func NewSourceGroup(snapshot *directory.Snapshot, no directory.SourceNo) SourceGroup {
	group := SourceGroup{Group: snapshot.IdP.Groups[no], Sites: []string{""}}
	if snapshot.Atlassian.Experience == directory.Original {
		group.Sites = snapshot.Atlassian.Sites()
	}
	for _, person := range snapshot.IdP.Members.Of(no) {
		group.Members = append(group.Members, snapshot.IdP.People[person].ID)
	}
	slices.Sort(group.Members)
	return group
}

// answersFinding is the guard that keeps a group from being synced before what was
// answered about it is done: the sync would do what somebody answered against.
func answersFinding(r *review.Review, row *review.Row) (Finding, bool) {
	answers := r.Answers(row)
	if len(answers) == 0 {
		return Finding{}, false
	}
	return Finding{
		Guard: OpenAnswers, Group: row.Name,
		Message: lang.L("What was answered about “%s” isn't done yet in the identity provider: %s.", row.Name, someAnswers(answers)),
		Action:  lang.L("Carry it out, or do it there by hand and fetch again, or withdraw it."),
	}, true
}

func someAnswers(answers []review.Answer) string {
	const told = 3
	var texts []string
	for i := range answers[:min(told, len(answers))] {
		texts = append(texts, answers[i].String())
	}
	text := strings.Join(texts, "; ")
	if more := len(answers) - told; more > 0 {
		text += lang.L("; and %d more", more)
	}
	return text
}
