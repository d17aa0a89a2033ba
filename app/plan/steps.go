package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/review"
)

// Step is one operation of a plan, told to a person.
type Step struct {
	// Group is the group's title; empty for a change in the provisioning
	// directory.
	Group string
	// What is done, to Whom: "remove", "Ana Diaz (ana@acme.example)".
	What, Whom string
}

// String tells the step in a line.
func (s Step) String() string {
	return strings.TrimSpace(strings.TrimPrefix(s.Group+": ", ": ") + s.What + " " + s.Whom)
}

// Title names the group, and the site where there are several.
func (g *Group) Title() string {
	if g.Site == "" {
		return g.Name
	}
	return lang.L("%s on %s", g.Name, g.Site)
}

// whom names a member so that nobody else can be meant.
func (m *Member) whom() string {
	known := slices.DeleteFunc([]string{m.Email, m.Account}, func(text string) bool { return text == "" })
	return strings.TrimSpace(fmt.Sprintf("%s (%s)", m.Name, strings.Join(known, ", ")))
}

// Steps are the group's exact operations in the order of performing; none where
// it is skipped or blocked.
func (g *Group) Steps() []Step {
	if g.Skip != "" || g.Blocked() {
		return nil
	}
	var steps []Step
	tell := func(what string, members []Member) {
		for i := range members {
			steps = append(steps, Step{g.Title(), what, members[i].whom()})
		}
	}
	var first, then []Member
	for _, member := range g.Remove {
		if member.First {
			first = append(first, member)
		} else {
			then = append(then, member)
		}
	}
	tell(lang.L("remove first"), first)
	if g.Target == nil {
		steps = append(steps, Step{Group: g.Title(), What: lang.L("create the group")})
	}
	tell("invite", g.Invite)
	tell("add", g.Add)
	tell(lang.L("create and add"), g.Create)
	tell("remove", then)
	return steps
}

// step tells what is done to a person in the provisioning directory.
func (p *Person) step() Step {
	whom := fmt.Sprintf("%s (%s)", p.Name, p.Title())
	switch p.Kind {
	case review.CreatePerson:
		return Step{What: lang.L("create the account of"), Whom: whom}
	case review.UpdatePerson:
		return Step{What: "rename", Whom: lang.L("“%s” to %s", p.Was, whom)}
	case review.ActivatePerson:
		return Step{What: lang.L("activate the account of"), Whom: whom}
	}
	return Step{What: lang.L("deactivate the account of"), Whom: whom}
}

// Steps are the exact operations of the plan: those in the provisioning
// directory, those in the identity provider, then those of the groups.
func (p *Plan) Steps() []Step {
	var steps []Step
	for i := range p.People {
		if !p.People[i].Blocked() {
			steps = append(steps, p.People[i].step())
		}
	}
	for i := range p.Sources {
		steps = append(steps, p.Sources[i].Steps()...)
	}
	for i := range p.Groups {
		steps = append(steps, p.Groups[i].Steps()...)
	}
	return steps
}

// RestsOn says what was read that the group's operations rest on.
func (g *Group) RestsOn() []string {
	if g.Skip != "" {
		return nil
	}
	facts := []string{lang.L("IdP group %s, its members by their fingerprint %.12s", g.Source, g.People)}
	if g.Target == nil {
		return append(facts, lang.L("Atlassian has no group of this name"))
	}
	facts = append(facts, lang.L("Atlassian group %s, with %s by their fingerprint %.12s", g.Target.ID, lang.Members(len(g.Accounts)), fingerprint(g.Accounts)))
	for _, grant := range g.Grants {
		fact := lang.L("it gives %s on %s", strings.TrimPrefix(grant.Role, directory.RolePrefix), grant.Resource)
		if grant.Default {
			fact += lang.L(", by default")
		}
		facts = append(facts, fact)
	}
	return facts
}

// Difference is something in which two plans differ.
type Difference struct {
	// Sign is + for what only the second has, - for what only the first has, ~
	// for what both have and isn't the same.
	Sign string `json:"sign"`
	What string `json:"what"`
}

// String tells the difference in a line.
func (d Difference) String() string { return d.Sign + " " + d.What }

// Compare gives what a second plan does otherwise than a first one, and which
// facts under them differ. That they were made from different snapshots, or at
// different times, is none.
func Compare(first, second *Plan) []Difference {
	differences := between(lines(first.Steps()), lines(second.Steps()))
	groups := map[string]*Group{}
	for i := range first.Groups {
		groups[first.Groups[i].Key()] = &first.Groups[i]
	}
	for i := range second.Groups {
		now := &second.Groups[i]
		if was := groups[now.Key()]; was != nil {
			differences = append(differences, was.facts(now)...)
		}
	}
	return append(differences, between(standing(first), standing(second))...)
}

// facts compares what a group rests on.
func (g *Group) facts(now *Group) []Difference {
	var differences []Difference
	differ := func(yes bool, what string) {
		if yes {
			differences = append(differences, Difference{"~", now.Title() + ": " + what})
		}
	}
	id := func(g *Group) string {
		if g.Target == nil {
			return ""
		}
		return g.Target.ID
	}
	grants := func(g *Group) string { return fmt.Sprint(g.Grants) }
	differ(g.Skip != now.Skip, lang.L(cmp.Or(now.Skip, lang.Mark("there is something to do again"))))
	differ(g.People != now.People, lang.L("the members of the IdP group differ"))
	differ(id(g) != id(now), lang.L("it is another Atlassian group"))
	differ(!slices.Equal(g.Accounts, now.Accounts), lang.L("the members of the Atlassian group differ"))
	differ(grants(g) != grants(now), lang.L("what the Atlassian group gives differs"))
	return differences
}

// standing lists the guards that stand in a plan's way, and those lifted, without
// their sentences, which may be of another language. Stale is left out: it is
// judged anew each time.
func standing(p *Plan) []string {
	var list []string
	tell := func(prefix string, findings []Finding) {
		for _, finding := range findings {
			if finding.Guard != Stale {
				list = append(list, prefix+string(finding.Guard)+": "+finding.About())
			}
		}
	}
	tell(lang.L("guard")+" ", p.Standing())
	tell(lang.L("overridden")+" ", p.Overridden)
	return list
}

func lines(steps []Step) []string {
	list := make([]string, len(steps))
	for i := range steps {
		list[i] = steps[i].String()
	}
	return list
}

// between gives the lines that only one of two lists has.
func between(first, second []string) []Difference {
	count := map[string]int{}
	for _, line := range second {
		count[line]++
	}
	var differences []Difference
	for _, line := range first {
		if count[line]--; count[line] < 0 {
			differences = append(differences, Difference{"-", line})
		}
	}
	for _, line := range second {
		if count[line] > 0 {
			differences = append(differences, Difference{"+", line})
			count[line] = 0
		}
	}
	return differences
}
