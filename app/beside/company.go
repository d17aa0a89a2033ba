package main

import (
	"fmt"
	"math/rand/v2"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/simulator"
)

const (
	domain = "acme.example"
	// memberships is how many each person has on average.
	memberships = 3
)

// company is one whose Google Workspace is full and whose Atlassian has nobody but
// the owner of the key: the first sync brings everybody in.
func company(groups, people int) *simulator.Company {
	rng := rand.New(rand.NewPCG(1, 2))
	c := &simulator.Company{
		Org: "acme", OrgName: "Acme", Directory: "directory", Provisioning: "provisioning", Owner: "owner@" + domain,
		Workspaces: []simulator.Workspace{{ID: "ari:cloud:jira-software::site/1", TypeKey: "jira-software", Name: "Jira", Host: "https://acme.atlassian.net", Capacity: -1}},
		Accounts:   []simulator.Account{{ID: "owner", Name: "Owner", Email: "owner@" + domain, Status: "active", PlatformRoles: []string{directory.OrgAdmin}}},
	}
	for i := range people {
		email := fmt.Sprintf("person%d@%s", i, domain)
		c.Users = append(c.Users, simulator.User{ID: fmt.Sprintf("00u%017d", i), First: "Person", Last: fmt.Sprint(i), Login: email, Email: email, Status: "ACTIVE"})
	}
	for g := range groups {
		group := simulator.SourceGroup{ID: fmt.Sprintf("00g%017d", g), Name: fmt.Sprintf("group-%d", g), Type: "OKTA_GROUP"}
		in := map[int]bool{}
		for range memberships * people / groups {
			if no := rng.IntN(people); !in[no] {
				in[no] = true
				group.Members = append(group.Members, c.Users[no].ID)
			}
		}
		c.SourceGroups = append(c.SourceGroups, group)
	}
	return c
}

// change moves one in a hundred memberships to somebody else.
func change(simulation *simulator.Simulation, c *simulator.Company) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, group := range c.SourceGroups {
		for _, member := range group.Members {
			if rng.IntN(100) == 0 {
				simulation.PutMember(group.ID, member, false)
				simulation.PutMember(group.ID, c.Users[rng.IntN(len(c.Users))].ID, true)
			}
		}
	}
}
