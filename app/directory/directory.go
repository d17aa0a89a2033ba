// Package directory is Rollcall's vocabulary as types: people and their groups
// in the identity provider (IdP), accounts, groups, sites and products in
// Atlassian, and the snapshot that holds both at one time.
//
// People, accounts, groups and products are known by small integers, their
// places in a snapshot's slices; memberships are sorted runs of those (Runs).
// The package imports nothing of ours.
package directory

import (
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"
)

// PersonNo is a person's place in IdentityProvider.People.
type PersonNo uint32

// AccountNo is an account's place in Organization.Accounts.
type AccountNo uint32

// SourceNo is a group's place in IdentityProvider.Groups.
type SourceNo uint32

// GroupNo is a group's place in Organization.Groups.
type GroupNo uint32

// ProductNo is a product's place in Organization.Products.
type ProductNo uint32

// NoAccount and NoPerson stand where nobody could be matched.
const (
	NoAccount AccountNo = 1<<32 - 1
	NoPerson  PersonNo  = 1<<32 - 1
)

// Person is somebody the identity provider knows.
type Person struct {
	ID   string
	Name string
	// Email is the primary address as the provider writes it, or empty.
	Email string
	// Aliases are further addresses that the provider vouches for; never a
	// recovery address.
	Aliases []string
	// Status is the provider's own word, for showing.
	Status string
	// Disabled people (suspended, deprovisioned) are no members for a sync.
	Disabled bool
	// Paused says that the provider tells a pause from a deactivation, and this
	// is a pause: no account is deactivated for it.
	Paused bool
}

// Fact gives what matching this person rests on: who it is, and the addresses
// as they are compared.
func (p *Person) Fact() string {
	fact := p.ID + " " + FoldAddress(p.Email)
	for _, alias := range p.Aliases {
		fact += " " + FoldAddress(alias)
	}
	return fact
}

// SourceGroup is a group of the identity provider that is in scope.
type SourceGroup struct {
	ID   string
	Name string
	// ReadOnly says why the provider refuses changes to the group's members,
	// and is empty where it takes them.
	ReadOnly string
	// Unreadable says why not all of the group's members can be known, and is
	// empty where they are. Nobody is ever removed on the strength of it.
	Unreadable string
	// Mark is what the provider needs to tell whether the members have changed
	// since: its own affair.
	Mark string
}

// Uses is what else hangs on a group of the identity provider than its sync with
// Atlassian.
type Uses struct {
	// Applications are the others that it is assigned to. Known says that the
	// provider told; else it may feed some.
	Applications []string
	Known        bool
	// Rule is the name of the rule that puts people into the group, or empty:
	// nobody is removed from it by hand then.
	Rule string
}

// IdentityProvider is what was read from the identity provider.
type IdentityProvider struct {
	// Provider is the connector's name: okta, entra, google, scim, ldap, file.
	Provider string
	People   []Person
	Groups   []SourceGroup
	// Members are the people of each group, disabled ones included.
	Members Runs[SourceNo, PersonNo]
	// Source is what was read: the provider's address and scope. Only what was
	// read from the same can spare a later read anything.
	Source string
	// Mark is what the provider needs to tell what has changed since: its own
	// affair.
	Mark string
}

// AccountStatus is the state of an Atlassian account in the organization.
type AccountStatus string

// The states of an account. Every state but Closed counts as a member.
const (
	Active      AccountStatus = "active"
	Suspended   AccountStatus = "suspended"
	Deactivated AccountStatus = "deactivated"
	NotInvited  AccountStatus = "not_invited"
	Closed      AccountStatus = "closed"
)

// PersonKind is the kind of account that belongs to a person; apps and customers
// have others.
const PersonKind = "atlassian"

// Account is an Atlassian account in the organization.
type Account struct {
	ID   string
	Name string
	// Email is empty where the person's privacy setting hides it.
	Email string
	// Kind is Atlassian's accountType; PersonKind for people.
	Kind   string
	Status AccountStatus
	// OrgRoles are roles in the organization itself, such as OrgAdmin, given
	// directly.
	OrgRoles []string
	// Claimed says whether the organization manages the account, having
	// verified its e-mail domain.
	Claimed Managed
	// Sites are the hosts of the sites that know the account, under original
	// user management.
	Sites []string
	// LastActive says when the person last used a product, by the product's
	// number; up to a day late, and absent where it was never used.
	LastActive map[ProductNo]time.Time
}

// Outside says that the account is never added, removed or counted as a
// difference: an app's, a customer's, or a closed one.
func (a *Account) Outside() bool {
	return a.Kind != PersonKind || a.Status == Closed
}

// The roles that administer the organization or a site rather than give a
// product, and the prefix that every role has.
const (
	OrgAdmin        = "atlassian/org-admin"
	SiteAdmin       = "atlassian/site-admin"
	UserAccessAdmin = "atlassian/user-access-admin"
	RolePrefix      = "atlassian/"
)

// GivesProduct says whether a role lets a person into the product.
func GivesProduct(role string) bool {
	switch role {
	case OrgAdmin, SiteAdmin, UserAccessAdmin:
		return false
	}
	return true
}

// TakesSeat says whether a person with the role takes one of the product's
// seats.
func TakesSeat(role string) bool {
	switch role {
	case "atlassian/customer", "atlassian/contributor", "atlassian/basic", "atlassian/stakeholder":
		return false
	}
	return GivesProduct(role)
}

// Product is one product on one site, or another resource that a group can
// have a role on.
type Product struct {
	// ID is the Atlassian resource identifier (ARI).
	ID string
	// Key is the kind of product: jira-software, confluence, …
	Key  string
	Name string
	// Site is the bare host of the site, or empty for what belongs to none.
	Site string
	// Seats and Used are the product's capacity and the seats taken, or -1
	// where Atlassian doesn't say.
	Seats, Used int
}

// UnknownSeats stands for a capacity or usage that Atlassian didn't give.
const UnknownSeats = -1

// Access is one role on one product.
type Access struct {
	Product ProductNo
	Role    string
}

// Grant is access that a group gives to its members.
type Grant struct {
	Access
	// Default says that the product hands out the group's membership by
	// default: Atlassian won't sync such a group.
	Default bool
}

// ResourceGrant is a grant outside a snapshot: the resource by its identifier
// (ARI) instead of its number.
type ResourceGrant struct {
	Resource, Role string
	Default        bool
}

// Managed says whether an identity provider manages an Atlassian group, or the
// organization an account.
type Managed int8

// What Atlassian says of it: an absent answer is not a no.
const (
	ManagedUnknown Managed = iota
	ManagedYes
	ManagedNo
)

// Group is an Atlassian group.
type Group struct {
	ID        string
	Name      string
	Directory string
	// Site is the host of the site that the group belongs to under original
	// user management; empty under centralized.
	Site string
	// Synced is Atlassian's externalSynced.
	Synced Managed
	// Locked says that Atlassian reports the group as not modifiable.
	Locked bool
	Grants []Grant
}

// Default says whether any product hands out the group's membership by default.
func (g *Group) Default() bool {
	for _, grant := range g.Grants {
		if grant.Default {
			return true
		}
	}
	return false
}

// DirectAccess is access given to an account by itself, not through a group.
type DirectAccess struct {
	Account AccountNo
	Access
}

// Organization is what was read from Atlassian.
type Organization struct {
	// Experience is the user management experience: Centralized or Original.
	Experience string
	ID         string
	Name       string
	Products   []Product
	Accounts   []Account
	Groups     []Group
	// Members are the accounts of each group, those outside membership
	// included.
	Members Runs[GroupNo, AccountNo]
	// Direct is the access that accounts have by themselves, as far as read:
	// for everybody whose access a sync would change (see DirectUnread).
	Direct []DirectAccess
	// DirectUnread is how many people's direct access was left unread; they
	// are shown as losing what they may keep, never the reverse.
	DirectUnread int
	// Owner is the account that owns the credentials, or empty if unknown.
	Owner string
	// OtherOwners are the accounts that own further credentials: those of the
	// other sites under original user management.
	OtherOwners []string
	// UnknownAccess says that access to products other than Jira wasn't read,
	// as on sites without an organization key.
	UnknownAccess bool
}

// The two user management experiences of Atlassian.
const (
	Centralized = "centralized"
	Original    = "original"
)

// Reading tells how one side was read.
type Reading struct {
	// Way says in a sentence which way was taken and what the other would
	// have cost.
	Way string
	// Requests is how many requests it took, Throttled how many answers were
	// 429.
	Requests, Throttled int
}

// Snapshot is everything read from both sides at one time. It is complete, or
// it doesn't exist.
type Snapshot struct {
	ID        string
	TakenAt   time.Time
	IdP       IdentityProvider
	Atlassian Organization
	// Provisioning is the provisioning directory, where one is connected.
	Provisioning *Provisioning
	// How tells of the reading of the IdP and of Atlassian.
	How struct{ IdP, Atlassian Reading }
}

// Sites lists the hosts of the organization's sites in the order in which its
// products were read, each once.
func (o *Organization) Sites() []string {
	var sites []string
	seen := map[string]bool{"": true}
	for _, product := range o.Products {
		if !seen[product.Site] {
			seen[product.Site] = true
			sites = append(sites, product.Site)
		}
	}
	return sites
}

// FoldAddress gives the form in which two e-mail addresses are compared:
// Unicode NFC, trimmed, in lower case. It folds no further (ß stays ß): two
// mailboxes must never become one person.
func FoldAddress(address string) string { return fold(address) }

// FoldName gives the form in which two group names are compared: Unicode NFC,
// trimmed, in lower case.
func FoldName(name string) string { return fold(name) }

func fold(text string) string {
	return norm.NFC.String(strings.ToLower(norm.NFC.String(strings.TrimSpace(text))))
}
