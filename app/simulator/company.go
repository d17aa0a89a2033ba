// Package simulator serves a sample company as real servers on 127.0.0.1: an
// identity provider in its vendor's own protocol, and Atlassian. It serves the
// demo and the tests; nothing in the product knows whether it talks to it.
//
// Paths, parameters, bodies, limits and errors follow the vendors' OpenAPI
// files (Okta Management API 2026.06, Atlassian Organizations REST API of
// August 2026), and where there is none their documentation; the contract test
// holds it against the files.
package simulator

import "time"

// Company is a sample company on both sides. Sample makes one; a test may also
// write one by hand.
type Company struct {
	// Users and SourceGroups are the identity provider's side.
	Users        []User
	SourceGroups []SourceGroup
	// App is the id of the Atlassian app in the identity provider; groups with
	// Assigned set are assigned to it.
	App string

	// The Atlassian side.
	Org        string
	OrgName    string
	Directory  string
	Owner      string // e-mail address of the owner of the key
	Workspaces []Workspace
	Accounts   []Account
	Groups     []Group
	// PendingDomains are e-mail domains that the organization doesn't own: people
	// of them who are invited must accept before they become members, and the
	// provisioning directory doesn't take them.
	PendingDomains []string
	// Provisioning is the id of the provisioning directory, Provisioned who is in
	// it.
	Provisioning string
	Provisioned  []Provisioned
}

// Provisioned is somebody in the provisioning directory.
type Provisioned struct {
	// ID is the directory's own, External what the provisioning client gave.
	ID, External    string
	UserName, Email string
	Name            string
	Active          bool
	// Account is the id of the Atlassian account.
	Account string
}

// User is a person in the identity provider.
type User struct {
	ID, First, Last, Login, Email string
	// Status is Okta's: ACTIVE, SUSPENDED, DEPROVISIONED, …
	Status string
}

// SourceGroup is a group of the identity provider with the ids of its members.
type SourceGroup struct {
	ID, Name, Description string
	// Type is Okta's: OKTA_GROUP, or APP_GROUP for one whose members can't be
	// changed (in Entra a dynamic group), or BUILT_IN, which Okta alone has.
	Type     string
	Assigned bool
	Members  []string
	// Rule names Okta's rule that fills the group, if there is one.
	Rule string
	// Feeds are the names of further applications that it is assigned to.
	Feeds []string
	// Inside are the ids of groups in this one, where the provider nests.
	Inside []string
}

// Workspace is a product on a site.
type Workspace struct {
	// ID is its resource identifier (ARI).
	ID, TypeKey, Name, Host string
	// Capacity is the number of seats; negative where none is told.
	Capacity int
}

// RoleOn is one role on one resource.
type RoleOn struct{ Resource, Role string }

// Account is an Atlassian account.
type Account struct {
	ID, Name, Email string
	// Status is active, suspended, not_invited or deactivated; Closed
	// overrides it.
	Status string
	Closed bool
	// PlatformRoles are roles in the organization: atlassian/org-admin, …
	PlatformRoles []string
	Direct        []RoleOn
	// Used says when a workspace was last used.
	Used map[string]time.Time
}

// Group is an Atlassian group with the ids of its members.
type Group struct {
	ID, Name, Description string
	// Synced is externalSynced; nil leaves the field out.
	Synced *bool
	Roles  []GroupRole
	// Members are account ids.
	Members []string
}

// GroupRole is a group's role on a resource; Default says that the product
// hands out the group by default.
type GroupRole struct {
	RoleOn
	Default bool
}
