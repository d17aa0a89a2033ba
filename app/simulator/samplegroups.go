package simulator

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// kind is what a sample group shows.
type kind int

const (
	conflicting kind = iota
	everybody        // one very large group
	defaultAccess
	synced   // by Atlassian's word, members equal
	waiting  // by Atlassian's word, members still differ
	onlyIdP  // no Atlassian group of the name
	equal    // same members, accepted by nobody
	emptied  // the IdP group has no members
	upheaval // most of the members would go
	puzzling // holds people who can't be told for certain
)

var defaultAccessGroups = []struct {
	name      string
	workspace int
}{
	{"jira-users-acme", 0}, {"confluence-users-acme", 1}, {"jira-users-acme-labs", 3},
}

// groups makes n groups in Okta, their counterparts, and what stands on one
// side only.
func (s *sampler) groups(n int) {
	s.builtIn()
	names := s.names(n)
	for i, name := range names {
		s.group(i, name, s.kindOf(i, n))
	}
	for i := range max(n/12, 1) {
		members := append(s.accounts(s.some(s.plain, s.size())), s.some(s.strangers, 1)...)
		s.addGroup(fmt.Sprintf("atlassian-only-%d", i+1), nil, s.roles(), members)
	}
	admins := []string{s.company.Accounts[0].ID, s.company.Accounts[1].ID}
	s.addGroup("site-admins", nil, []GroupRole{{RoleOn: RoleOn{s.company.Workspaces[0].ID, "atlassian/admin"}}}, admins)
	s.seats()
}

func (s *sampler) kindOf(i, n int) kind {
	switch {
	case i == 0:
		return everybody
	case i <= len(defaultAccessGroups) && n > 20:
		return defaultAccess
	case n > 20 && i == 4:
		return emptied
	case n > 20 && i == 5:
		return upheaval
	case n > 20 && i == 6:
		return puzzling
	case n > 20 && i == 7:
		return waiting
	}
	switch share := i * 37 % 100; {
	case share < 42:
		return synced
	case share < 52:
		return onlyIdP
	case share < 58:
		return equal
	}
	return conflicting
}

// builtIn makes Okta's Everyone and a group that an app owns.
func (s *sampler) builtIn() {
	var all []string
	for _, user := range s.company.Users {
		if user.Status != "DEPROVISIONED" {
			all = append(all, user.ID)
		}
	}
	s.company.SourceGroups = append(s.company.SourceGroups, SourceGroup{
		ID: s.oktaID("00g"), Name: "Everyone", Description: "All users in your organization", Type: "BUILT_IN", Members: all,
	})
}

var departments = strings.Fields(`jira-developers confluence-editors legal oncall-eu mobile-guild platform-team finance people-ops
	security design-system data-science sales-emea sales-apac support-tier-1 support-tier-2 marketing qa release-managers
	architects procurement facilities brand research compliance partners growth payments identity search infra`)

func (s *sampler) names(n int) []string {
	names := []string{"all-staff"}
	for _, group := range defaultAccessGroups {
		names = append(names, group.name)
	}
	if n > 60 {
		names = append(names, "Équipe produit 🚀", `"Quoted" & <angled>`)
	}
	for round := 0; len(names) < n; round++ {
		for _, department := range departments {
			if round > 0 {
				department = fmt.Sprintf("%s-%d", department, round+1)
			}
			names = append(names, department)
		}
	}
	return names[:n]
}

// size draws how large a group is: mostly small, some large.
func (s *sampler) size() int {
	largest := math.Max(float64(len(s.company.Users))/8, 8)
	return int(4 * math.Pow(largest/4, s.rng.Float64()*s.rng.Float64()))
}

// group makes one Okta group and its Atlassian counterpart.
func (s *sampler) group(i int, name string, kind kind) {
	people := s.some(s.plain, s.size())
	if kind == everybody {
		people = slices.Concat(s.plain, s.odd)
	}
	accounts := s.accounts(people)
	var marked *bool
	switch kind {
	case conflicting, defaultAccess:
		people = append(people, s.some(s.odd, s.rng.IntN(4))...)
		accounts = s.drift(accounts, 1+len(accounts)/12)
	case everybody:
		accounts = s.drift(accounts, len(accounts)/100+1)
	case synced:
		marked = ptr(true)
	case waiting:
		marked = ptr(true)
		accounts = s.drift(accounts, 2)
	case emptied:
		people = nil
	case upheaval:
		people = people[:min(2, len(people))]
		accounts = append(accounts, s.accounts(s.some(s.plain, 12))...)
	case puzzling:
		people = append(people, s.puzzle()...)
		accounts = s.drift(accounts, 2)
	}
	if marked == nil && s.chance(70) {
		marked = ptr(false)
	}
	s.company.SourceGroups = append(s.company.SourceGroups, SourceGroup{
		ID: s.oktaID("00g"), Name: name, Description: "Sample group", Type: s.oktaType(i), Assigned: i%20 != 19, Members: unique(people), Feeds: feeds(i),
	})
	if kind == onlyIdP {
		return
	}
	roles := s.roles()
	if kind == defaultAccess {
		roles = []GroupRole{{RoleOn{s.company.Workspaces[defaultAccessGroups[i-1].workspace].ID, "atlassian/user"}, true}}
	}
	if i%11 == 3 && kind == conflicting {
		name = strings.ToUpper(name) // written differently over there
	}
	s.addGroup(name, marked, roles, accounts)
}

// feeds gives some groups other applications.
func feeds(i int) []string {
	switch i % 5 {
	case 1:
		return []string{"Slack"}
	case 3:
		return []string{"GitHub Enterprise", "Slack"}
	}
	return nil
}

func (s *sampler) oktaType(i int) string {
	if i%17 == 16 {
		return "APP_GROUP"
	}
	return "OKTA_GROUP"
}

// puzzle makes people who can't be matched: two who share an address, and one
// without a usable one.
func (s *sampler) puzzle() []string {
	shared := "shared.desk@" + domain
	made := []User{
		{First: "Front", Last: "Desk", Email: shared, Login: "front.desk@" + domain},
		{First: "Night", Last: "Desk", Email: shared, Login: "night.desk@" + domain},
		{First: "Build", Last: "Robot", Email: "", Login: "svc-build"},
	}
	var ids []string
	for _, user := range made {
		user.ID, user.Status = s.oktaID("00u"), "ACTIVE"
		s.company.Users = append(s.company.Users, user)
		ids = append(ids, user.ID)
	}
	s.company.Accounts = append(s.company.Accounts, s.newAccount("Shared Desk", shared))
	return ids
}

// accounts gives the accounts of Okta users who have one.
func (s *sampler) accounts(users []string) []string {
	var accounts []string
	for _, user := range users {
		if account := s.account[user]; account != "" && !s.suspended[user] {
			accounts = append(accounts, account)
		}
	}
	return accounts
}

// drift makes a membership differ: about n people are missing, about n too many.
func (s *sampler) drift(accounts []string, n int) []string {
	drifted := slices.Clone(accounts)
	for range s.rng.IntN(n + 1) {
		if len(drifted) > 1 {
			i := s.rng.IntN(len(drifted))
			drifted = slices.Delete(drifted, i, i+1)
		}
	}
	drifted = append(drifted, s.accounts(s.some(s.plain, s.rng.IntN(n+1)))...)
	return append(drifted, s.some(s.strangers, s.rng.IntN(2))...)
}

// roles draws what a group gives.
func (s *sampler) roles() []GroupRole {
	if s.chance(30) {
		return nil
	}
	var roles []GroupRole
	for range 1 + s.rng.IntN(2) {
		workspace := pick(s.rng, s.company.Workspaces).ID
		role := "atlassian/user"
		if s.chance(10) {
			role = "atlassian/admin"
		}
		if !slices.ContainsFunc(roles, func(r GroupRole) bool { return r.Resource == workspace }) {
			roles = append(roles, GroupRole{RoleOn: RoleOn{workspace, role}})
		}
	}
	return roles
}

func (s *sampler) addGroup(name string, marked *bool, roles []GroupRole, members []string) {
	s.company.Groups = append(s.company.Groups, Group{
		ID: s.uuid(), Name: name, Synced: marked, Roles: roles, Members: unique(members),
	})
}

// seats gives every product some more seats than are taken.
func (s *sampler) seats() {
	state := newOrgState(s.company)
	for i := range s.company.Workspaces {
		workspace := &s.company.Workspaces[i]
		used := len(state.seats[workspace.ID])
		workspace.Capacity = (used + used/5 + len(s.company.Users)/20 + 25) / 10 * 10
		if i == len(s.company.Workspaces)-1 {
			workspace.Capacity = -1 // a sandbox tells none
		}
	}
}

func unique(ids []string) []string {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	return slices.Compact(ids)
}

func ptr[T any](value T) *T { return &value }
