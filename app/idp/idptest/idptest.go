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
}

// World is a directory to be served.
type World struct {
	People []Person
	Groups []Group
}

// Server serves worlds in a provider's own protocol.
type Server struct {
	// Serve starts a server that holds the world and gives a connection to
	// it. wrap stands before the server's handler; it ends with the test.
	Serve func(t *testing.T, world World, wrap func(http.Handler) http.Handler) idp.Provider
	// Page is the largest number of members in one answer.
	Page int
	// TooMany answers as the provider does to who asks too often.
	TooMany func(w http.ResponseWriter)
	// MembersPath tells a request for members by its path.
	MembersPath func(path string) bool
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
	t.Run("being told to slow down is heeded", server.throttled)
	t.Run("a page that fails leaves nothing half-read", server.halfWay)
	t.Run("a member missing against the count is noticed", server.missing)
	t.Run("cancelling ends a read", server.cancelled)
}

func (s Server) read(t *testing.T, world World) directory.IdentityProvider {
	t.Helper()
	side, reading, err := s.Serve(t, world, unwrapped).Read(context.Background(), nil)
	require.NoError(t, err)
	require.NotEmpty(t, reading.Way)
	require.Positive(t, reading.Requests)
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
		world := World{People: people(2*s.Page + 1), Groups: []Group{{"group", upTo(size)}}}
		side := s.read(t, world)
		require.Len(t, side.People, len(world.People))
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
			world.Groups = append(world.Groups, Group{fmt.Sprintf("group %03d", i), []int{i % 3}})
		}
		require.Len(t, members(s.read(t, world)), count)
	}
}

func (s Server) disabled(t *testing.T) {
	world := World{People: people(3), Groups: []Group{{"group", upTo(3)}}}
	world.People[1].Disabled = true
	side := s.read(t, world)
	for _, person := range side.People {
		require.Equal(t, person.Email == world.People[1].Email, person.Disabled, person.Email)
	}
}

func (s Server) sameName(t *testing.T) {
	side := s.read(t, World{People: people(2), Groups: []Group{{"Legal", []int{0}}, {"legal", []int{1}}, {"Legal", []int{0, 1}}}})
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
		world.Groups = append(world.Groups, Group{name, []int{0}})
	}
	read := members(s.read(t, world))
	for _, group := range world.Groups {
		require.Contains(t, read, group.Name)
	}
}

func (s Server) oneGroup(t *testing.T) {
	provider := s.Serve(t, World{People: people(5), Groups: []Group{{"group", []int{0, 2, 4}}}}, unwrapped)
	side, _, err := provider.Read(context.Background(), nil)
	require.NoError(t, err)
	now, err := provider.Now(context.Background(), side.Groups[0].ID)
	require.NoError(t, err)
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
	provider := s.Serve(t, World{People: people(1), Groups: []Group{{"group", []int{0}}}}, unwrapped)
	_, err := provider.Now(context.Background(), "gone")
	require.True(t, problem.Is(err, problem.NotFound), "%v", err)
}

func (s Server) throttled(t *testing.T) {
	var asked atomic.Int32
	provider := s.Serve(t, World{People: people(2), Groups: []Group{{"group", upTo(2)}}}, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if asked.Add(1) == 2 {
				s.TooMany(w)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	side, reading, err := provider.Read(context.Background(), nil)
	require.NoError(t, err)
	require.Len(t, members(side)["group"], 2)
	require.Equal(t, 1, reading.Throttled)
}

func (s Server) halfWay(t *testing.T) {
	world := World{People: people(s.Page + 1), Groups: []Group{{"group", upTo(s.Page + 1)}}}
	var pages atomic.Int32
	provider := s.Serve(t, world, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if s.MembersPath(r.URL.Path) && pages.Add(1) > 1 {
				w.WriteHeader(http.StatusForbidden)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	side, _, err := provider.Read(context.Background(), nil)
	require.Error(t, err)
	require.NotEmpty(t, problem.Of(err).Action)
	require.Empty(t, side.People)
	require.Empty(t, side.Groups)
}

// missing serves members from a world that lacks one, and all else from the
// true one: an answer that looks whole and isn't.
func (s Server) missing(t *testing.T) {
	world := World{People: people(3), Groups: []Group{{"group", upTo(3)}}}
	lacking := World{People: world.People, Groups: []Group{{"group", upTo(2)}}}
	var short http.Handler
	s.Serve(t, lacking, func(next http.Handler) http.Handler { short = next; return next })
	provider := s.Serve(t, world, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if s.MembersPath(r.URL.Path) {
				short.ServeHTTP(w, r)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	_, _, err := provider.Read(context.Background(), nil)
	require.True(t, problem.Is(err, problem.Incomplete), "%v", err)
}

func (s Server) cancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	provider := s.Serve(t, World{People: people(2), Groups: []Group{{"a", upTo(2)}, {"b", upTo(1)}}}, unwrapped)
	_, _, err := provider.Read(ctx, progress.Func(func(progress.Report) { cancel() }))
	require.True(t, problem.Is(problem.Of(err), problem.Cancelled), "%v", err)
}
