package idptest

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app/simulator"
)

// App is the id of the Atlassian app in companies made here.
const App = "0oaapp"

// Company gives a world to the simulator.
func Company(world World) *simulator.Company {
	c := &simulator.Company{Org: "org", Directory: "dir", App: App, Owner: "owner@acme.example"}
	for i, person := range world.People {
		status := "ACTIVE"
		if person.Disabled {
			status = "SUSPENDED"
		}
		c.Users = append(c.Users, simulator.User{ID: fmt.Sprintf("00u%05d", i), First: person.Name, Login: person.Email, Email: person.Email, Status: status})
	}
	id := func(i int) string { return fmt.Sprintf("00g%05d", i) }
	for i, group := range world.Groups {
		made := simulator.SourceGroup{ID: id(i), Name: group.Name, Type: "OKTA_GROUP", Feeds: group.Feeds}
		if group.Fixed {
			made.Type = "APP_GROUP"
		}
		for _, member := range group.Members {
			made.Members = append(made.Members, c.Users[member].ID)
		}
		for _, within := range group.Inside {
			made.Inside = append(made.Inside, id(within))
		}
		c.SourceGroups = append(c.SourceGroups, made)
	}
	return c
}

// Many is a world of so many groups and people, each person in some of the groups.
func Many(groups, people int) World {
	world := World{}
	for i := range people {
		world.People = append(world.People, Person{Name: fmt.Sprint("Person ", i), Email: fmt.Sprintf("p%d@x.io", i)})
	}
	for i := range groups {
		group := Group{Name: fmt.Sprint("group ", i)}
		for n := range 10 {
			group.Members = append(group.Members, (i*7+n)%people)
		}
		world.Groups = append(world.Groups, group)
	}
	return world
}

// Start serves a company in a provider's protocol until the test ends; wrap,
// unless nil, stands before the identity provider.
func Start(t *testing.T, options simulator.Options, wrap Wrap) *simulator.Simulation {
	t.Helper()
	options.Rate = 100_000
	options.Wrap = func(side string, next http.Handler) http.Handler {
		if side == "idp" && wrap != nil {
			return wrap(next)
		}
		return next
	}
	simulation, err := simulator.Start(options)
	require.NoError(t, err)
	t.Cleanup(simulation.Close)
	return simulation
}
