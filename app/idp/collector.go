package idp

import (
	"slices"
	"strings"
	"sync"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/remote"
)

// Collector gathers what a provider reads, and notices what doesn't add up:
// people and groups without an id, or listed twice. It is safe for concurrent
// use.
type Collector struct {
	title  string
	mu     sync.Mutex
	side   directory.IdentityProvider
	people map[string]directory.PersonNo
	listed []bool // beside side.People: those not only met as members
	groups map[string]int
	// listedPeople is how many of listed are.
	listedPeople int
	// members stand beside side.Groups.
	members [][]directory.PersonNo
}

// NewCollector begins to gather what a provider reads: its name (okta), its
// title (Okta), and what is read.
func NewCollector(provider, title, source string) *Collector {
	return &Collector{
		title: title, side: directory.IdentityProvider{Provider: provider, Source: source},
		people: map[string]directory.PersonNo{}, groups: map[string]int{},
	}
}

// Incomplete is the problem of a read that doesn't add up.
func (c *Collector) Incomplete(what, why string) error {
	return remote.Incomplete(lang.L("%s in %s", lang.L(what), c.title), why)
}

// AddPerson takes in somebody from the list of all people. What it says holds,
// also of who was met as a member before.
func (c *Collector) AddPerson(person directory.Person) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	no, known := c.people[person.ID]
	if known && c.listed[no] || person.ID == "" {
		return c.Incomplete("people", lang.L("a person was listed twice or without an id"))
	}
	no = c.number(person)
	c.side.People[no], c.listed[no] = person, true
	c.listedPeople++
	return nil
}

func (c *Collector) number(person directory.Person) directory.PersonNo {
	no, known := c.people[person.ID]
	if !known {
		no = directory.PersonNo(len(c.side.People))
		c.people[person.ID] = no
		c.side.People, c.listed = append(c.side.People, person), append(c.listed, false)
	}
	return no
}

// People is how many were listed so far.
func (c *Collector) People() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.listedPeople
}

// Listed gives the ids of the people listed so far.
func (c *Collector) Listed() []string { return c.ids(true) }

// Met gives the ids of the people who were only met as members.
func (c *Collector) Met() []string { return c.ids(false) }

func (c *Collector) ids(listed bool) (ids []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for no := range c.side.People {
		if c.listed[no] == listed {
			ids = append(ids, c.side.People[no].ID)
		}
	}
	return ids
}

// Person gives somebody known by their id.
func (c *Collector) Person(id string) (directory.Person, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	no, known := c.people[id]
	if !known {
		return directory.Person{}, false
	}
	return c.side.People[no], true
}

// AddGroup takes in a group from the list of those in scope.
func (c *Collector) AddGroup(group directory.SourceGroup) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, twice := c.groups[group.ID]; twice || group.ID == "" {
		return c.Incomplete("groups", lang.L("a group was listed twice or without an id"))
	}
	c.groups[group.ID] = len(c.side.Groups)
	c.side.Groups = append(c.side.Groups, group)
	c.members = append(c.members, nil)
	return nil
}

// Groups lists the groups taken in so far; the slice is the caller's.
func (c *Collector) Groups() []directory.SourceGroup {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.side.Groups)
}

// SetGroup puts a group in place of what was known of it.
func (c *Collector) SetGroup(group directory.SourceGroup) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if i, known := c.groups[group.ID]; known {
		c.side.Groups[i] = group
	}
}

// SetMembers says who is in a group; people not known yet become so.
func (c *Collector) SetMembers(group string, people []directory.Person) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	i, known := c.groups[group]
	if !known {
		return nil // not in scope
	}
	c.members[i] = make([]directory.PersonNo, 0, len(people))
	seen := make(map[string]bool, len(people))
	for _, person := range people {
		if person.ID == "" || seen[person.ID] {
			return c.Incomplete(lang.L("the members of “%s”", c.side.Groups[i].Name), lang.L("a person was listed twice or without an id"))
		}
		seen[person.ID] = true
		c.members[i] = append(c.members[i], c.number(person))
	}
	return nil
}

// AddMember puts somebody known into a group; a group not in scope is passed
// over.
func (c *Collector) AddMember(group, person string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	no, known := c.people[person]
	if i, inScope := c.groups[group]; inScope && known {
		c.members[i] = append(c.members[i], no)
	}
}

// CountMembers is how many members of a group are known.
func (c *Collector) CountMembers(group string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.members[c.groups[group]])
}

// Result gives what was gathered, people and groups in the order of their ids:
// whichever way it was read, it is the same.
func (c *Collector) Result(mark string) directory.IdentityProvider {
	c.mu.Lock()
	defer c.mu.Unlock()
	side := c.side
	side.Mark = mark
	order := make([]int, len(side.People))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return strings.Compare(side.People[i].ID, side.People[j].ID) })
	renumbered := make([]directory.PersonNo, len(order))
	people := make([]directory.Person, len(order))
	for to, from := range order {
		people[to], renumbered[from] = side.People[from], directory.PersonNo(to)
	}
	side.People = people
	side.Groups = slices.Clone(side.Groups)
	slices.SortFunc(side.Groups, func(a, b directory.SourceGroup) int { return strings.Compare(a.ID, b.ID) })
	members := make([][]directory.PersonNo, len(side.Groups))
	for i := range side.Groups {
		for _, no := range c.members[c.groups[side.Groups[i].ID]] {
			members[i] = append(members[i], renumbered[no])
		}
	}
	side.Members = directory.NewRuns[directory.SourceNo](members)
	return side
}

// Last looks up what was read before: the members of its groups by their ids. A
// nil Last knows nothing.
type Last struct {
	side   *directory.IdentityProvider
	groups map[string]directory.SourceNo
}

// Since gives what was read before from the same source, or nil: what was read
// from elsewhere, or with another scope, tells nothing.
func Since(last *directory.IdentityProvider, source string) *Last {
	if last == nil || last.Source != source || source == "" {
		return nil
	}
	l := &Last{side: last, groups: make(map[string]directory.SourceNo, len(last.Groups))}
	for i := range last.Groups {
		l.groups[last.Groups[i].ID] = directory.SourceNo(i)
	}
	return l
}

// Mark is that of the last read.
func (l *Last) Mark() string {
	if l == nil {
		return ""
	}
	return l.side.Mark
}

// People lists everybody of the last read, Groups its groups.
func (l *Last) People() []directory.Person { return l.side.People }

// Groups lists the groups of the last read.
func (l *Last) Groups() []directory.SourceGroup { return l.side.Groups }

// Members gives a group and its members as they were read; ok is false where
// that is unknown.
func (l *Last) Members(group string) (as directory.SourceGroup, members []directory.Person, ok bool) {
	if l == nil {
		return as, nil, false
	}
	no, ok := l.groups[group]
	if !ok {
		return as, nil, false
	}
	for _, person := range l.side.Members.Of(no) {
		members = append(members, l.side.People[person])
	}
	return l.side.Groups[no], members, true
}

// Refuse is the problem of a change that the provider wouldn't permit.
func Refuse(group directory.SourceGroup, why string) error {
	return problem.New(problem.Refused, lang.L("The members of “%s” can't be changed: %s.", group.Name, why),
		lang.L("Change them where they come from, then fetch again."))
}
