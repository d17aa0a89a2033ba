// Package idptest is the suite that every identity provider passes: what is
// owed to whoever overwrites groups by what a provider says.
package idptest

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/idp"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/progress"
)

// Person is somebody in the directory under test.
type Person struct {
	Name, Email string
	Disabled    bool
}

// Group is a group of the directory under test; Members are places in People.
type Group struct {
	Name    string
	Members []int
	// Inside are places in Groups of groups in this one.
	Inside []int
	// Fixed says that the provider decides itself who is in it.
	Fixed bool
	// Feeds are the names of further applications that it is assigned to.
	Feeds []string
}

// World is a directory to be served.
type World struct {
	People []Person
	Groups []Group
}

// Wrap stands before a server's handler.
type Wrap func(http.Handler) http.Handler

// Server serves worlds in a provider's own protocol.
type Server struct {
	// Serve starts a server that holds the world and gives a connection to
	// it; the server ends with the test. Servers that don't speak HTTP pass
	// wrap over.
	Serve func(t *testing.T, world World, wrap Wrap) idp.Provider
	// Page is the largest number of members in one answer.
	Page int
	// Nests says that groups may hold groups, Fixes that some groups refuse
	// changes, Counts that the provider counts members beside listing them.
	Nests, Fixes, Counts bool
	// Feeds says that the provider tells what else a group feeds.
	Feeds bool

	// OnlyMembers says that people who are in no group aren't told.
	OnlyMembers bool

	// TooMany answers as the provider does to who asks too often; nil where
	// that can't happen.
	TooMany func(w http.ResponseWriter)
	// Members tells a request for members.
	Members func(r *http.Request) bool
	// BreaksOff serves a world over a connection that breaks in the middle of
	// members; for servers that don't speak HTTP.
	BreaksOff func(t *testing.T, world World) idp.Provider
}

func unwrapped(next http.Handler) http.Handler { return next }

func people(n int) []Person {
	list := make([]Person, n)
	for i := range list {
		list[i] = Person{Name: fmt.Sprintf("Person %d", i), Email: fmt.Sprintf("p%d@acme.example", i)}
	}
	return list
}

func upTo(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

// Run runs the suite.
func Run(t *testing.T, server Server) {
	t.Run("members are complete at the boundaries of pages", server.pages)
	t.Run("groups are complete at the boundaries of pages", server.groups)
	t.Run("disabled people are marked", server.disabled)
	t.Run("groups of the same name are both told", server.sameName)
	t.Run("odd names come through unharmed", server.oddNames)
	t.Run("one group can be read by itself", server.oneGroup)
	t.Run("a group that is gone is said to be so", server.gone)
	t.Run("one person can be read by themselves", server.onePerson)
	t.Run("a page that fails leaves nothing half-read", server.halfWay)
	t.Run("cancelling ends a read", server.cancelled)
	t.Run("reading again tells the same", server.again)
	if server.TooMany != nil {
		t.Run("being told to slow down is heeded", server.throttled)
	}
	if server.Counts {
		t.Run("a member missing against the count is noticed", server.missing)
	}
	if server.Nests {
		t.Run("nested groups are flattened", server.nested)
	}
	if _, writes := server.Serve(t, World{}, unwrapped).(idp.Writer); writes {
		t.Run("members are added and removed", server.members)
		t.Run("a group is renamed", server.rename)
		t.Run("reading what changed equals reading everything", server.incremental)
		if server.Feeds {
			t.Run("what else a group feeds is told", server.uses)
		}
		if server.Fixes {
			t.Run("a group that can't be changed is refused with the reason", server.fixed)
		}
	}
}

func (s Server) read(t *testing.T, world World) directory.IdentityProvider {
	t.Helper()
	side, reading, err := s.Serve(t, world, unwrapped).Read(context.Background(), nil, nil)
	require.NoError(t, err)
	require.NotEmpty(t, reading.Way)
	return side
}

// members gives each group's members by name of the group, as sorted addresses.
func members(side directory.IdentityProvider) map[string][]string {
	all := map[string][]string{}
	for i := range side.Groups {
		var addresses []string
		for _, no := range side.Members.Of(directory.SourceNo(i)) {
			addresses = append(addresses, side.People[no].Email)
		}
		slices.Sort(addresses)
		all[side.Groups[i].Name] = addresses
	}
	return all
}

func (s Server) pages(t *testing.T) {
	for _, size := range []int{0, 1, s.Page - 1, s.Page, s.Page + 1, 2 * s.Page, 2*s.Page + 1} {
		world := World{People: people(2*s.Page + 1), Groups: []Group{{Name: "group", Members: upTo(size)}}}
		side := s.read(t, world)
		if !s.OnlyMembers {
			require.Len(t, side.People, len(world.People))
		}
		var want []string
		for _, i := range world.Groups[0].Members {
			want = append(want, world.People[i].Email)
		}
		slices.Sort(want)
		require.Equal(t, want, members(side)["group"], "%d members", size)
	}
}

func (s Server) groups(t *testing.T) {
	for _, count := range []int{0, 1, 199, 200, 201, 401} {
		world := World{People: people(3)}
		for i := range count {
			world.Groups = append(world.Groups, Group{Name: fmt.Sprintf("group %03d", i), Members: []int{i % 3}})
		}
		require.Len(t, members(s.read(t, world)), count)
	}
}

func (s Server) disabled(t *testing.T) {
	world := World{People: people(3), Groups: []Group{{Name: "group", Members: upTo(3)}}}
	world.People[1].Disabled = true
	side := s.read(t, world)
	for _, person := range side.People {
		require.Equal(t, person.Email == world.People[1].Email, person.Disabled, person.Email)
	}
}

func (s Server) sameName(t *testing.T) {
	side := s.read(t, World{People: people(2), Groups: []Group{{Name: "Legal", Members: []int{0}}, {Name: "legal", Members: []int{1}}, {Name: "Legal", Members: []int{0, 1}}}})
	require.Len(t, side.Groups, 3)
	ids := map[string]bool{}
	for _, group := range side.Groups {
		require.NotEmpty(t, group.ID)
		ids[group.ID] = true
	}
	require.Len(t, ids, 3)
}

func (s Server) oddNames(t *testing.T) {
	world := World{People: people(1)}
	for _, name := range []string{"🚀 launch", "צוות משפטי", `"quoted" & <angled>`, strings.Repeat("long", 63) + "er!", "a,b;c/d?e#f"} {
		world.Groups = append(world.Groups, Group{Name: name, Members: []int{0}})
	}
	read := members(s.read(t, world))
	for _, group := range world.Groups {
		require.Contains(t, read, group.Name)
	}
}

func (s Server) oneGroup(t *testing.T) {
	provider := s.Serve(t, World{People: people(5), Groups: []Group{{Name: "group", Members: []int{0, 2, 4}}}}, unwrapped)
	side, _, err := provider.Read(context.Background(), nil, nil)
	require.NoError(t, err)
	now, err := provider.Now(context.Background(), side.Groups[0].ID)
	require.NoError(t, err)
	now.Group.Mark = side.Groups[0].Mark // may come of what only a whole read sees
	require.Equal(t, side.Groups[0], now.Group)
	var facts, want []string
	for i := range now.Members {
		facts = append(facts, now.Members[i].Fact())
	}
	for _, no := range side.Members.Of(0) {
		want = append(want, side.People[no].Fact())
	}
	require.ElementsMatch(t, want, facts)
}

func (s Server) gone(t *testing.T) {
	provider := s.Serve(t, World{People: people(1), Groups: []Group{{Name: "group", Members: []int{0}}}}, unwrapped)
	_, err := provider.Now(context.Background(), "gone")
	require.True(t, problem.Is(err, problem.NotFound), "%v", err)
}

func (s Server) onePerson(t *testing.T) {
	world := World{People: people(3), Groups: []Group{{Name: "group", Members: upTo(3)}}}
	world.People[1].Disabled = true
	provider := s.Serve(t, world, unwrapped)
	side, _, err := provider.Read(context.Background(), nil, nil)
	require.NoError(t, err)
	require.Len(t, side.People, 3)
	for _, listed := range side.People {
		person, err := provider.Person(context.Background(), listed.ID)
		require.NoError(t, err)
		require.Equal(t, listed, person)
	}
	_, err = provider.Person(context.Background(), "gone")
	require.True(t, problem.Is(err, problem.NotFound), "%v", err)
}

func (s Server) throttled(t *testing.T) {
	var asked atomic.Int32
	provider := s.Serve(t, World{People: people(2), Groups: []Group{{Name: "group", Members: upTo(2)}}}, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if asked.Add(1) == 2 {
				s.TooMany(w)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	side, reading, err := provider.Read(context.Background(), nil, nil)
	require.NoError(t, err)
	require.Len(t, members(side)["group"], 2)
	require.Equal(t, 1, reading.Throttled)
}

func (s Server) halfWay(t *testing.T) {
	world := World{People: people(s.Page + 1), Groups: []Group{{Name: "group", Members: upTo(s.Page + 1)}}}
	var pages atomic.Int32
	if s.BreaksOff != nil {
		s.requireNothing(t, s.BreaksOff(t, world))
		return
	}
	provider := s.Serve(t, world, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if s.Members(r) && pages.Add(1) > 1 {
				w.WriteHeader(http.StatusForbidden)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	s.requireNothing(t, provider)
}

func (s Server) requireNothing(t *testing.T, provider idp.Provider) {
	t.Helper()
	side, _, err := provider.Read(context.Background(), nil, nil)
	require.Error(t, err)
	require.NotEmpty(t, problem.Of(err).Action)
	require.Empty(t, side.People)
	require.Empty(t, side.Groups)
}

// missing serves members from a world that lacks one, and all else from the
// true one: an answer that looks whole and isn't.
func (s Server) missing(t *testing.T) {
	world := World{People: people(3), Groups: []Group{{Name: "group", Members: upTo(3)}}}
	lacking := World{People: world.People, Groups: []Group{{Name: "group", Members: upTo(2)}}}
	var short http.Handler
	s.Serve(t, lacking, func(next http.Handler) http.Handler { short = next; return next })
	provider := s.Serve(t, world, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if s.Members(r) {
				short.ServeHTTP(w, r)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	_, _, err := provider.Read(context.Background(), nil, nil)
	require.True(t, problem.Is(err, problem.Incomplete), "%v", err)
}

func (s Server) cancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	provider := s.Serve(t, World{People: people(2), Groups: []Group{{Name: "a", Members: upTo(2)}, {Name: "b", Members: upTo(1)}}}, unwrapped)
	_, _, err := provider.Read(ctx, nil, progress.Func(func(progress.Report) { cancel() }))
	require.True(t, problem.Is(problem.Of(err), problem.Cancelled), "%v", err)
}

// again reads twice with nothing changed in between, the second time knowing the
// first.
func (s Server) again(t *testing.T) {
	provider := s.Serve(t, World{People: people(5), Groups: []Group{{Name: "a", Members: upTo(3)}, {Name: "b"}}}, unwrapped)
	first, _, err := provider.Read(context.Background(), nil, nil)
	require.NoError(t, err)
	second, _, err := provider.Read(context.Background(), &first, nil)
	require.NoError(t, err)
	requireSame(t, first, second)
}

// requireSame compares two reads; marks may differ.
func requireSame(t require.TestingT, a, b directory.IdentityProvider) {
	a.Mark, b.Mark = "", ""
	a.Groups, b.Groups = slices.Clone(a.Groups), slices.Clone(b.Groups)
	for i := range a.Groups {
		a.Groups[i].Mark = ""
	}
	for i := range b.Groups {
		b.Groups[i].Mark = ""
	}
	require.Equal(t, a, b)
}

// nested has groups within groups, one of them in a circle; a person in two of
// them counts once.
func (s Server) nested(t *testing.T) {
	world := World{People: people(6), Groups: []Group{
		{Name: "outer", Members: []int{0}, Inside: []int{1, 2}},
		{Name: "middle", Members: []int{1, 2}, Inside: []int{3}},
		{Name: "side", Members: []int{2, 4}},
		{Name: "inner", Members: []int{3}, Inside: []int{1}},
	}}
	read := members(s.read(t, world))
	email := func(places ...int) (list []string) {
		for _, i := range places {
			list = append(list, world.People[i].Email)
		}
		return list
	}
	require.Equal(t, email(0, 1, 2, 3, 4), read["outer"])
	require.Equal(t, email(1, 2, 3), read["middle"])
	require.Equal(t, email(2, 4), read["side"])
	require.Equal(t, email(1, 2, 3), read["inner"])
}

func find(t *testing.T, side directory.IdentityProvider, name string) directory.SourceGroup {
	t.Helper()
	for _, group := range side.Groups {
		if group.Name == name {
			return group
		}
	}
	t.Fatalf("there is no group %q", name)
	return directory.SourceGroup{}
}

func findPerson(t *testing.T, side directory.IdentityProvider, email string) directory.Person {
	t.Helper()
	for _, person := range side.People {
		if person.Email == email {
			return person
		}
	}
	t.Fatalf("there is nobody with the address %q", email)
	return directory.Person{}
}

func (s Server) members(t *testing.T) {
	ctx := context.Background()
	world := World{People: people(4), Groups: []Group{{Name: "a", Members: []int{0, 1}}, {Name: "b", Members: []int{2}}}}
	provider := s.Serve(t, world, unwrapped)
	writer := provider.(idp.Writer)
	side, _, err := provider.Read(ctx, nil, nil)
	require.NoError(t, err)
	a := find(t, side, "a")
	for range 2 { // what is so already is no error
		require.NoError(t, writer.AddMember(ctx, a, findPerson(t, side, world.People[3].Email)))
		require.NoError(t, writer.RemoveMember(ctx, a, findPerson(t, side, world.People[0].Email)))
	}
	side, _, err = provider.Read(ctx, nil, nil)
	require.NoError(t, err)
	require.Equal(t, map[string][]string{"a": {world.People[1].Email, world.People[3].Email}, "b": {world.People[2].Email}}, members(side))
	require.Len(t, side.People, 4, "nobody was deleted")
	if many, ok := provider.(idp.ManyWriter); ok {
		s.manyMembers(t, provider, many, side)
	}
}

// manyMembers changes several members of group b by one request.
func (s Server) manyMembers(t *testing.T, provider idp.Provider, many idp.ManyWriter, side directory.IdentityProvider) {
	before := provider.Count()
	b := find(t, side, "b")
	require.NoError(t, many.ChangeMembers(context.Background(), b, []directory.Person{side.People[0], side.People[1], side.People[3]}, []directory.Person{side.People[2]}))
	require.Equal(t, 1, provider.Count().Since(before).Requests)
	read, _, err := provider.Read(context.Background(), nil, nil)
	require.NoError(t, err)
	require.Len(t, read.Members.Of(directory.SourceNo(slices.IndexFunc(read.Groups, func(g directory.SourceGroup) bool { return g.Name == "b" }))), 3)
	require.False(t, slices.Contains(members(read)["b"], side.People[2].Email))
}

func (s Server) rename(t *testing.T) {
	ctx := context.Background()
	provider := s.Serve(t, World{People: people(2), Groups: []Group{{Name: "old name", Members: upTo(2)}, {Name: "other", Members: upTo(1)}}}, unwrapped)
	side, _, err := provider.Read(ctx, nil, nil)
	require.NoError(t, err)
	require.NoError(t, provider.(idp.Writer).RenameGroup(ctx, find(t, side, "old name"), `new, "name" + 🚀`))
	side, _, err = provider.Read(ctx, nil, nil)
	require.NoError(t, err)
	read := members(side)
	require.Len(t, read, 2)
	require.Len(t, read[`new, "name" + 🚀`], 2)
	require.Len(t, read["other"], 1)
}

// incremental changes the directory step by step; a read that knows the one
// before must equal one that knows nothing.
func (s Server) incremental(t *testing.T) {
	ctx := context.Background()
	world := World{People: people(8), Groups: []Group{{Name: "a", Members: []int{0, 1, 2}}, {Name: "b", Members: []int{2, 3}}, {Name: "c", Members: []int{4}}}}
	if s.Nests {
		world.Groups = append(world.Groups, Group{Name: "holds a", Members: []int{5}, Inside: []int{0}})
	}
	provider := s.Serve(t, world, unwrapped)
	writer := provider.(idp.Writer)
	last, _, err := provider.Read(ctx, nil, nil)
	require.NoError(t, err)
	for _, step := range []func() error{
		func() error {
			return writer.AddMember(ctx, find(t, last, "a"), findPerson(t, last, world.People[7].Email))
		},
		func() error {
			return writer.RemoveMember(ctx, find(t, last, "b"), findPerson(t, last, world.People[2].Email))
		},
		func() error { return writer.RenameGroup(ctx, find(t, last, "c"), "d") },
		func() error {
			return writer.AddMember(ctx, find(t, last, "d"), findPerson(t, last, world.People[6].Email))
		},
		func() error { return nil },
	} {
		require.NoError(t, step())
		anew, _, err := provider.Read(ctx, nil, nil)
		require.NoError(t, err)
		changes, _, err := provider.Read(ctx, &last, nil)
		require.NoError(t, err)
		requireSame(t, anew, changes)
		last = changes
	}
}

func (s Server) uses(t *testing.T) {
	ctx := context.Background()
	refuse := false
	provider := s.Serve(t, World{Groups: []Group{{Name: "alone"}, {Name: "shared", Feeds: []string{"Slack", "GitHub"}}}}, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if refuse {
				http.Error(w, `{"errorCode":"E0000006","error":{"code":"Authorization_RequestDenied"}}`, http.StatusForbidden)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	side, _, err := provider.Read(ctx, nil, nil)
	require.NoError(t, err)
	examiner := provider.(idp.Examiner)
	uses, err := examiner.Uses(ctx, find(t, side, "alone"))
	require.NoError(t, err)
	require.Equal(t, directory.Uses{Known: true}, uses)
	uses, err = examiner.Uses(ctx, find(t, side, "shared"))
	require.NoError(t, err)
	require.Equal(t, directory.Uses{Known: true, Applications: []string{"Slack", "GitHub"}}, uses)
	refuse = true
	uses, err = examiner.Uses(ctx, find(t, side, "shared"))
	require.NoError(t, err)
	require.False(t, uses.Known, "what may not be read isn't known")
}

func (s Server) fixed(t *testing.T) {
	ctx := context.Background()
	provider := s.Serve(t, World{People: people(2), Groups: []Group{{Name: "fixed", Members: []int{0}, Fixed: true}}}, unwrapped)
	side, _, err := provider.Read(ctx, nil, nil)
	require.NoError(t, err)
	group := find(t, side, "fixed")
	require.NotEmpty(t, group.ReadOnly)
	for i, change := range []func(context.Context, directory.SourceGroup, directory.Person) error{provider.(idp.Writer).AddMember, provider.(idp.Writer).RemoveMember} {
		err := change(ctx, group, side.People[i])
		require.True(t, problem.Is(err, problem.Refused), "%v", err)
		require.Contains(t, err.Error(), group.ReadOnly)
	}
}
