package idptest

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rollcall-app/rollcall/app/idp"
	"github.com/rollcall-app/rollcall/app/simulator"
)

// RunChanges checks the law of a provider that can tell what changed: whatever
// happens to memberships, people's states and addresses, and groups, reading what
// changed gives what reading everything gives.
func RunChanges(t *testing.T, provider string, connect func(*testing.T, *simulator.Simulation) idp.Provider) {
	t.Helper()
	rapid.Check(t, func(rt *rapid.T) {
		world := World{People: people(8)}
		for i := range 5 {
			world.Groups = append(world.Groups, Group{
				Name: fmt.Sprint("group ", i), Members: rapid.SliceOfNDistinct(rapid.IntRange(0, 7), 0, 8, rapid.ID).Draw(rt, "members"),
			})
		}
		simulation, err := simulator.Start(simulator.Options{Company: Company(world), IdP: provider, Rate: 100_000})
		require.NoError(rt, err)
		defer simulation.Close()
		connection := connect(t, simulation)
		last, _, err := connection.Read(context.Background(), nil, nil)
		require.NoError(rt, err)
		for range rapid.IntRange(1, 3).Draw(rt, "rounds") {
			for range rapid.IntRange(0, 6).Draw(rt, "changes") {
				change(rt, simulation)
			}
			changed, _, err := connection.Read(context.Background(), &last, nil)
			require.NoError(rt, err)
			everything, _, err := connection.Read(context.Background(), nil, nil)
			require.NoError(rt, err)
			requireSame(rt, everything, changed)
			last = changed
		}
	})
}

// change does something to the identity provider that somebody might.
func change(t *rapid.T, simulation *simulator.Simulation) {
	group := fmt.Sprintf("00g%05d", rapid.IntRange(0, 4).Draw(t, "group"))
	no := rapid.IntRange(0, 9).Draw(t, "person") // some are new
	person := fmt.Sprintf("00u%05d", no)
	user := simulator.User{ID: person, First: "P", Login: fmt.Sprintf("p%d@x.io", no), Email: fmt.Sprintf("p%d@x.io", no), Status: "ACTIVE"}
	switch rapid.SampledFrom([]string{"join", "join", "leave", "leave", "state", "state", "address", "rename", "delete"}).Draw(t, "what") {
	case "join":
		if simulation.Knows(group, person) {
			simulation.PutMember(group, person, true)
		}
	case "leave":
		if simulation.Knows(group, person) {
			simulation.PutMember(group, person, false)
		}
	case "state":
		user.Status = rapid.SampledFrom([]string{"ACTIVE", "SUSPENDED", "DEPROVISIONED"}).Draw(t, "state")
		simulation.PutUser(user)
	case "address":
		user.Email = rapid.SampledFrom([]string{"new@x.io", "other@x.io"}).Draw(t, "address")
		simulation.PutUser(user)
	case "rename":
		if simulation.Knows(group, "") {
			simulation.Rename(group, rapid.SampledFrom([]string{"renamed", "called otherwise"}).Draw(t, "name"))
		}
	case "delete":
		if simulation.Knows(group, "") && rapid.Bool().Draw(t, "really") {
			simulation.DeleteSource(group)
		}
	}
}
