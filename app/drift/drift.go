// Package drift tells what changed between two snapshots: in the identity
// provider, in Atlassian, or in both.
package drift

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/problem"
)

// Side is one of the two that a snapshot holds.
type Side string

// The sides.
const (
	IdP       Side = "idp"
	Atlassian Side = "atlassian"
)

// Sides are both, in the order in which they are listed.
var Sides = []Side{IdP, Atlassian}

// String is the side in words.
func (s Side) String() string {
	if s == IdP {
		return lang.L("the identity provider")
	}
	return "Atlassian"
}

// Kind is what happened.
type Kind string

// The kinds of changes, in the order in which they are listed.
const (
	Added   Kind = "added"
	Removed Kind = "removed"
	Altered Kind = "altered"
)

// Of is what it happened to.
type Of string

// What can change, in the order in which it is listed. A Member is somebody in
// a group that both snapshots have; those of a group that came or went are
// counted with the group.
const (
	Product Of = "product"
	Group   Of = "group"
	Member  Of = "member"
	Person  Of = "person"
)

// The words for what can change, beside those that others have, too.
var _ = []string{lang.Mark("product"), lang.Mark("group"), lang.Mark("member"), lang.Mark("person")}

// Change is one difference between two snapshots.
type Change struct {
	Side Side `json:"side"`
	Of   Of   `json:"of"`
	Kind Kind `json:"kind"`
	// GroupID and Group are the id and name of the group, for groups and members.
	GroupID string `json:"groupId,omitempty"`
	Group   string `json:"group,omitempty"`
	// ID and Name are those of the person, the account or the product.
	ID   string `json:"id,omitempty"`
	Name string `json:"name,omitempty"`
	// Was and Now say what was altered, or how many members a group had or has.
	Was string `json:"was,omitempty"`
	Now string `json:"now,omitempty"`
}

// String says the change in a line, without its side.
func (c *Change) String() string {
	switch {
	case c.Of == Member && c.Kind == Added:
		return lang.L("+ %s: %s is a member", c.Group, c.Name)
	case c.Of == Member:
		return lang.L("- %s: %s is no member any more", c.Group, c.Name)
	case c.Of == Group && c.Kind == Altered:
		return lang.L("~ group %s: was %s, is %s", c.Group, c.Was, c.Now)
	case c.Of == Group:
		return lang.L("%s group %s, %s", sign(c.Kind), c.Group, cmp.Or(c.Was, c.Now))
	case c.Kind == Altered:
		return lang.L("~ %s %s: was %s, is %s", lang.L(string(c.Of)), c.Name, c.Was, c.Now)
	}
	return fmt.Sprintf("%s %s %s", sign(c.Kind), lang.L(string(c.Of)), c.Name)
}

// restrictions are what holds for a group, without the reasons: those are in the
// language in which they were read.
func restrictions(group *directory.SourceGroup) []string {
	var list []string
	if group.Unreadable != "" {
		list = append(list, lang.L("not everybody in it can be read"))
	}
	if group.ReadOnly != "" {
		list = append(list, lang.L("its members can't be changed"))
	}
	return list
}

func sign(kind Kind) string {
	if kind == Added {
		return "+"
	}
	return "-"
}

// Between lists what changed from one snapshot to another: the IdP's changes
// first, each side's by what they are of, by group and by name. Two snapshots of
// different organizations or providers are a problem of code Usage.
func Between(before, after *directory.Snapshot) ([]Change, error) {
	if was, now := before.Atlassian.ID, after.Atlassian.ID; was != now {
		return nil, problem.New(problem.Usage, lang.L("The snapshots are of different organizations: “%s” and “%s”.", before.Atlassian.Name, after.Atlassian.Name), lang.L("Compare two of the same."))
	}
	if was, now := before.IdP.Provider, after.IdP.Provider; was != now {
		return nil, problem.New(problem.Usage, lang.L("The snapshots are of different identity providers: %s and %s.", was, now), lang.L("Compare two of the same."))
	}
	changes := between(IdP, people(&before.IdP), people(&after.IdP))
	changes = append(changes, products(&before.Atlassian, &after.Atlassian)...)
	return append(changes, between(Atlassian, accounts(&before.Atlassian), accounts(&after.Atlassian))...), nil
}

// thing is what is compared of a person, an account, a group or a product: its
// id, its name, and the rest in words.
type thing struct{ id, name, state string }

// full is the name with the rest.
func (t *thing) full() string {
	if t.state == "" {
		return "“" + t.name + "”"
	}
	return fmt.Sprintf("“%s” (%s)", t.name, t.state)
}

// part is one side of a snapshot.
type part[G, P ~uint32] struct {
	people, groups []thing
	members        directory.Runs[G, P]
}

func people(idp *directory.IdentityProvider) part[directory.SourceNo, directory.PersonNo] {
	p := part[directory.SourceNo, directory.PersonNo]{members: idp.Members}
	for i := range idp.People {
		person := &idp.People[i]
		state := append([]string{person.Email}, person.Aliases...)
		slices.Sort(state[1:])
		state = append(state, person.Status)
		if person.Disabled {
			state = append(state, lang.L("disabled"))
		}
		p.people = append(p.people, thing{person.ID, cmp.Or(person.Name, person.Email, person.ID), words(state)})
	}
	for i := range idp.Groups {
		group := &idp.Groups[i]
		p.groups = append(p.groups, thing{group.ID, group.Name, words(restrictions(group))})
	}
	return p
}

func accounts(org *directory.Organization) part[directory.GroupNo, directory.AccountNo] {
	p := part[directory.GroupNo, directory.AccountNo]{members: org.Members}
	// Direct access is read of those alone whom a sync would touch, and when they
	// were last active changes all the time: neither is compared.
	for i := range org.Accounts {
		account := &org.Accounts[i]
		state := append([]string{account.Email, lang.L(strings.ReplaceAll(string(account.Status), "_", " "))}, account.OrgRoles...)
		p.people = append(p.people, thing{account.ID, cmp.Or(account.Name, account.Email, account.ID), words(state)})
	}
	for i := range org.Groups {
		group := &org.Groups[i]
		var gives []string
		for _, g := range group.Grants {
			text := grant(org, g.Access)
			if g.Default {
				text += lang.L(" by default")
			}
			gives = append(gives, text)
		}
		slices.Sort(gives)
		p.groups = append(p.groups, thing{group.ID, group.Name, words(append([]string{group.Site}, gives...))})
	}
	return p
}

// grant says what a role on a product is.
func grant(org *directory.Organization, access directory.Access) string {
	product := &org.Products[access.Product]
	return strings.TrimSpace(fmt.Sprintf("%s %s %s", product.Name, strings.TrimPrefix(access.Role, directory.RolePrefix), product.Site))
}

func words(parts []string) string {
	return strings.Join(slices.DeleteFunc(slices.Clone(parts), func(s string) bool { return s == "" }), ", ")
}

// products compares the products with their seats.
func products(before, after *directory.Organization) []Change {
	things := func(org *directory.Organization) []thing {
		var list []thing
		for i := range org.Products {
			product := &org.Products[i]
			seats := ""
			if product.Seats != directory.UnknownSeats {
				seats = lang.Seats(product.Seats)
			}
			list = append(list, thing{product.ID, words([]string{product.Name, product.Site}), seats})
		}
		return list
	}
	was, now := things(before), things(after)
	return listed(Atlassian, Product, was, now, pair(was, now), nil, nil)
}

// between compares one side.
func between[G, P ~uint32](side Side, before, after part[G, P]) []Change {
	groups, persons := pair(before.groups, after.groups), pair(before.people, after.people)
	count := func(p part[G, P]) func(int) string {
		return func(i int) string {
			return lang.Members(len(p.members.Of(G(i))))
		}
	}
	changes := listed(side, Group, before.groups, after.groups, groups, count(before), count(after))
	changes = append(changes, members(side, before, after, groups, persons)...)
	return append(changes, listed(side, Person, before.people, after.people, persons, nil, nil)...)
}

// gone stands where a thing of before isn't there after.
const gone = -1

// pair gives for each thing of before its place after, by the id.
func pair(before, after []thing) []int {
	places := make(map[string]int, len(after))
	for i := range after {
		places[after[i].id] = i
	}
	pairs := make([]int, len(before))
	for i := range before {
		at, ok := places[before[i].id]
		if !ok {
			at = gone
		}
		pairs[i] = at
		delete(places, before[i].id) // each is paired once
	}
	return pairs
}

// listed lists what came, went and was altered, by name; was and now tell more
// of what went and came.
func listed(side Side, of Of, before, after []thing, pairs []int, was, now func(i int) string) []Change {
	var changes []Change
	known := make([]bool, len(after))
	add := func(kind Kind, t *thing, was, now string) {
		change := Change{Side: side, Of: of, Kind: kind, ID: t.id, Name: t.name, Was: was, Now: now}
		if of == Group {
			change.GroupID, change.Group, change.ID, change.Name = t.id, t.name, "", ""
		}
		changes = append(changes, change)
	}
	for i, at := range pairs {
		if at == gone {
			add(Removed, &before[i], told(was, i), "")
			continue
		}
		known[at] = true
		if before[i] != after[at] {
			add(Altered, &after[at], before[i].full(), after[at].full())
		}
	}
	for i := range after {
		if !known[i] {
			add(Added, &after[i], "", told(now, i))
		}
	}
	slices.SortStableFunc(changes, func(a, b Change) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Name, b.Name))
	})
	return changes
}

func told(tell func(int) string, i int) string {
	if tell == nil {
		return ""
	}
	return tell(i)
}

// members lists who came to and left the groups that both have.
func members[G, P ~uint32](side Side, before, after part[G, P], groups, persons []int) []Change {
	var changes []Change
	// seen[p] is the number of the group, from one, that p of after was in before.
	seen := make([]int, len(after.people))
	for i, at := range groups {
		if at == gone {
			continue
		}
		group := &after.groups[at]
		add := func(kind Kind, who *thing) {
			changes = append(changes, Change{Side: side, Of: Member, Kind: kind, GroupID: group.id, Group: group.name, ID: who.id, Name: who.name})
		}
		for _, p := range before.members.Of(G(i)) {
			if now := persons[p]; now != gone {
				seen[now] = i + 1
			}
		}
		for _, p := range after.members.Of(G(at)) {
			if seen[p] != i+1 {
				add(Added, &after.people[p])
			} else {
				seen[p] = -(i + 1)
			}
		}
		for _, p := range before.members.Of(G(i)) {
			if now := persons[p]; now == gone || seen[now] == i+1 {
				add(Removed, &before.people[p])
			}
		}
	}
	slices.SortStableFunc(changes, func(a, b Change) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.GroupID, b.GroupID), cmp.Compare(a.Name, b.Name))
	})
	return changes
}
