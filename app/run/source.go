package run

import (
	"context"
	"slices"
	"strings"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/idp"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/remote"
)

// changing is one group of the identity provider being changed.
type changing struct {
	*performance
	plan   *plan.SourceGroup
	result GroupResult
	// now is the group as it was just read, members the ids of who is in it.
	now     idp.GroupNow
	members map[string]bool
	// added are the people to be added as they are now, by their id.
	added map[string]directory.Person
}

// sources changes the groups of the identity provider, several side by side.
func (p *performance) sources(ctx context.Context) {
	var groups []*plan.SourceGroup
	for i := range p.plan.Sources {
		group := &p.plan.Sources[i]
		if _, done := p.results[group.Key()]; !done && group.Operations() > 0 {
			groups = append(groups, group)
			p.total += group.Operations()
		}
	}
	if len(groups) == 0 {
		return
	}
	stage := lang.L("Changing groups in the identity provider")
	p.stage.Store(&stage)
	p.advance("", 0)
	// The function never fails: a group's failure is its result.
	_ = remote.Each(ctx, len(groups), func(ctx context.Context, i int) error {
		p.groupDone(groups[i].Key(), p.source(ctx, groups[i]))
		return nil
	})
}

// source changes one group: reads it again, writes, and reads back.
func (p *performance) source(ctx context.Context, group *plan.SourceGroup) GroupResult {
	c := &changing{performance: p, plan: group, result: newSourceResult(group)}
	if err := c.perform(ctx); err != nil {
		c.result.fail(err)
	}
	return c.result
}

func newSourceResult(group *plan.SourceGroup) GroupResult {
	return GroupResult{Name: group.Group.Name, Source: group.Group.ID, InIdP: true, Result: Answered, Error: leftOut(group)}
}

// leftOut says which answers aren't carried out, and why.
func leftOut(group *plan.SourceGroup) string {
	var why []string
	for _, left := range group.LeftOut {
		why = append(why, lang.L("Left for you: %s: %s.", left.What, left.Why))
	}
	return strings.Join(why, " ")
}

func (c *changing) perform(ctx context.Context) error {
	if c.Writer == nil {
		return problem.New(problem.Refused, lang.L("The identity provider can't be changed from here."), lang.L("Make the change there, then fetch again."))
	}
	if err := c.read(ctx); err != nil {
		return err
	}
	if !c.fits() {
		return changed(lang.L("The group has changed in the identity provider since it was reviewed."))
	}
	for _, step := range []func(context.Context) error{c.readPeople, c.requireFree, c.add, c.remove, c.rename} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return c.verify(ctx)
}

func (c *changing) read(ctx context.Context) (err error) {
	c.now, err = c.IdP.Now(ctx, c.plan.Group.ID)
	if problem.Is(err, problem.NotFound) {
		return changed(lang.L("The identity provider no longer has the group."))
	}
	c.members = make(map[string]bool, len(c.now.Members))
	for i := range c.now.Members {
		c.members[c.now.Members[i].ID] = true
	}
	return err
}

// fits says whether the group is as reviewed, but for what this run has done or may
// have done to it.
func (c *changing) fits() bool {
	renamed := directory.FoldName(c.now.Group.Name) == directory.FoldName(c.plan.Rename) && c.tried(RenameSource, "")
	if !renamed && directory.FoldName(c.now.Group.Name) != directory.FoldName(c.plan.Group.Name) {
		return false
	}
	reviewed := make(map[string]bool, len(c.plan.Members))
	for _, id := range c.plan.Members {
		reviewed[id] = true
		if !c.members[id] && !c.tried(RemoveFromSource, id) {
			return false
		}
	}
	for id := range c.members {
		if !reviewed[id] && !c.tried(AddToSource, id) {
			return false
		}
	}
	return true
}

// tried says whether the run sent a change before it was interrupted.
func (c *changing) tried(kind Kind, person string) bool {
	return slices.ContainsFunc(c.pastOf(c.plan.Key()), func(o Operation) bool { return o.Kind == kind && o.Person == person && !o.Refused })
}

func (c *changing) operation(kind Kind, member *plan.Member) *Operation {
	operation := &Operation{Kind: kind, Group: c.plan.Group.Name, Key: c.plan.Key()}
	if member != nil {
		operation.Person, operation.Account = member.Person, member.Email
	}
	return operation
}

// readPeople reads who is to be added: somebody who was disabled since isn't who
// was reviewed.
func (c *changing) readPeople(ctx context.Context) error {
	c.added = make(map[string]directory.Person, len(c.plan.Add))
	for i := range c.plan.Add {
		member := &c.plan.Add[i]
		if c.members[member.Person] {
			continue
		}
		person, err := c.IdP.Person(ctx, member.Person)
		if problem.Is(err, problem.NotFound) {
			return changed(lang.L("The identity provider no longer knows %s.", member.Name))
		}
		if err != nil {
			return err
		}
		if person.Disabled && c.performance.plan.Undoes == "" {
			return changed(lang.L("%s was disabled in the identity provider since it was reviewed.", member.Name))
		}
		c.added[member.Person] = person
	}
	return nil
}

// requireFree asks Atlassian again whether the new name is free there.
func (c *changing) requireFree(ctx context.Context) error {
	if c.plan.Rename == "" || c.now.Group.Name == c.plan.Rename || c.performance.plan.Undoes != "" {
		return nil
	}
	for _, site := range c.plan.Sites {
		groups, err := c.Atlassian.Named(ctx, site, c.plan.Rename)
		if err != nil {
			return err
		}
		if len(groups) > 0 {
			return changed(lang.L("Atlassian has a group named “%s” now.", c.plan.Rename))
		}
	}
	return nil
}

// membersAtOnce is how many members are changed by one request, where the provider
// takes many.
const membersAtOnce = 100

func (c *changing) add(ctx context.Context) error {
	var lacking []plan.Member
	for _, member := range c.plan.Add {
		if _, lacks := c.added[member.Person]; lacks {
			lacking = append(lacking, member)
		}
	}
	c.result.Added += len(c.plan.Add) - len(lacking) // those who are members already
	c.advance(AddToSource, len(c.plan.Add)-len(lacking))
	return c.change(ctx, AddToSource, lacking, &c.result.Added)
}

func (c *changing) remove(ctx context.Context) error {
	var present []plan.Member
	for _, member := range c.plan.Remove {
		if c.members[member.Person] {
			present = append(present, member)
		}
	}
	c.result.Removed += len(c.plan.Remove) - len(present) // those who have left
	c.advance(RemoveFromSource, len(c.plan.Remove)-len(present))
	return c.change(ctx, RemoveFromSource, present, &c.result.Removed)
}

// change adds or removes members, many to a request where the provider takes them.
func (c *changing) change(ctx context.Context, kind Kind, members []plan.Member, changed *int) error {
	atOnce := 1
	if _, many := c.Writer.(idp.ManyWriter); many {
		atOnce = membersAtOnce
	}
	for part := range slices.Chunk(members, atOnce) {
		operations := make([]*Operation, len(part))
		for i := range part {
			operations[i] = c.operation(kind, &part[i])
		}
		if err := c.writeAll(ctx, operations, func(ctx context.Context) error { return c.send(ctx, kind, part) }); err != nil {
			return err
		}
		*changed += len(part)
		c.advance(kind, len(part))
	}
	return nil
}

// send asks the provider for a change of members.
func (c *changing) send(ctx context.Context, kind Kind, members []plan.Member) error {
	people := make([]directory.Person, len(members))
	for i, member := range members {
		people[i] = directory.Person{ID: member.Person, Name: member.Name, Email: member.Email}
		if person, read := c.added[member.Person]; read && kind == AddToSource {
			people[i] = person
		}
	}
	many, takesMany := c.Writer.(idp.ManyWriter)
	switch {
	case takesMany && kind == AddToSource:
		return many.ChangeMembers(ctx, c.now.Group, people, nil)
	case takesMany:
		return many.ChangeMembers(ctx, c.now.Group, nil, people)
	case kind == AddToSource:
		return c.Writer.AddMember(ctx, c.now.Group, people[0])
	}
	return c.Writer.RemoveMember(ctx, c.now.Group, people[0])
}

func (c *changing) rename(ctx context.Context) error {
	if c.plan.Rename == "" {
		return nil
	}
	if c.now.Group.Name != c.plan.Rename {
		err := c.write(ctx, c.operation(RenameSource, nil), func(ctx context.Context) error { return c.Writer.RenameGroup(ctx, c.now.Group, c.plan.Rename) })
		if err != nil {
			return err
		}
	}
	c.result.Renamed = c.plan.Rename
	c.advance(RenameSource, 1)
	return nil
}

// verify reads the group back until the identity provider shows what was written.
func (c *changing) verify(ctx context.Context) error {
	return c.await(ctx, func(ctx context.Context) error {
		err := c.read(ctx)
		if err == nil && !c.shown() {
			err = problem.New(problem.Incomplete, lang.L("The identity provider took the changes, but doesn't show them."), lang.L("Fetch again in a minute and review the group."))
		}
		if err != nil {
			c.say(lang.L("Waiting until the identity provider shows the changes"))
			return notYet(err)
		}
		c.result.SourceAfter = &c.now
		return nil
	})
}

func (c *changing) shown() bool {
	is := func(member plan.Member) bool { return c.members[member.Person] }
	return !slices.ContainsFunc(c.plan.Remove, is) &&
		!slices.ContainsFunc(c.plan.Add, func(member plan.Member) bool { return !is(member) }) &&
		(c.plan.Rename == "" || c.now.Group.Name == c.plan.Rename)
}

// sourceResult gives what became of a group of the identity provider.
func (p *performance) sourceResult(group *plan.SourceGroup) GroupResult {
	if result, performed := p.results[group.Key()]; performed {
		return result
	}
	result := ForeseeSource(p.plan, group)
	switch {
	case result.Result != Answered:
	case len(p.pastOf(group.Key())) > 0:
		result.Result, result.Error = Failed, lang.L("The run was stopped in the middle of this group. Fetch again to see what is left.")
	default:
		result.Result, result.Error = Skipped, lang.L("The run was stopped before this group.")
	}
	return result
}

// ForeseeSource says what performing a plan makes of a group of the identity
// provider, should all go well.
func ForeseeSource(p *plan.Plan, group *plan.SourceGroup) GroupResult {
	result := newSourceResult(group)
	if len(p.Findings) > 0 {
		result.Result, result.Error = Blocked, p.Findings[0].Problem().Error()
	} else if group.Operations() == 0 {
		result.Result = Skipped
	}
	return result
}
