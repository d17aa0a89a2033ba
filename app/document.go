package app

import (
	"slices"
	"strings"
	"time"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/idp/file"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/review"
)

// ReviewDocument is a review as `rollcall review --json` prints it. Lists are
// never null; an address that isn't known is.
type ReviewDocument struct {
	Snapshot  SnapshotDocument    `json:"snapshot"`
	Counts    map[string]int      `json:"counts"`
	Groups    []GroupDocument     `json:"groups"`
	Unmatched []UnmatchedDocument `json:"unmatched"`
	// People is what provisioning would do; absent where no provisioning
	// directory is connected.
	People []PersonDocument `json:"people,omitempty"`
}

// PersonDocument is what provisioning would do to one person.
type PersonDocument struct {
	Change    review.PersonChangeKind `json:"change"`
	Email     *string                 `json:"email"`
	Name      string                  `json:"name"`
	Was       *string                 `json:"was,omitempty"`
	IdPID     string                  `json:"idp_id"`
	AccountID *string                 `json:"account_id"`
}

// SnapshotDocument tells what was read, and when.
type SnapshotDocument struct {
	ID      string    `json:"id"`
	TakenAt time.Time `json:"taken_at"`
	IdP     struct {
		Provider string `json:"provider"`
		Groups   int    `json:"groups"`
		Users    int    `json:"users"`
	} `json:"idp"`
	Atlassian struct {
		Experience string `json:"experience"`
		Groups     int    `json:"groups"`
		Users      int    `json:"users"`
		Sites      int    `json:"sites"`
	} `json:"atlassian"`
}

// GroupDocument is one group under review.
type GroupDocument struct {
	Name         string           `json:"name"`
	IdPID        *string          `json:"idp_id"`
	AtlassianIDs []string         `json:"atlassian_ids"`
	State        review.State     `json:"state"`
	BlockedBy    []plan.Guard     `json:"blocked_by"`
	Sites        []string         `json:"sites"`
	Access       []GrantDocument  `json:"access"`
	Added        int              `json:"added"`
	Removed      int              `json:"removed"`
	Members      []ChangeDocument `json:"members"`
	// PerSite are the numbers of each site under original user management.
	PerSite []SiteDocument `json:"per_site,omitempty"`
	// LooksLike names another group that only looks the same.
	LooksLike string `json:"looks_like,omitempty"`
}

// SiteDocument is what happens to a group on one site.
type SiteDocument struct {
	Site        string          `json:"site"`
	AtlassianID *string         `json:"atlassian_id"`
	Access      []GrantDocument `json:"access"`
	Added       int             `json:"added"`
	Removed     int             `json:"removed"`
}

// AccessDocument is one role on one product: the site's bare host, the product's
// typeKey, the full id of the role.
type AccessDocument struct {
	Site    string `json:"site"`
	Product string `json:"product"`
	Role    string `json:"role"`
}

// GrantDocument is access that a group gives.
type GrantDocument struct {
	AccessDocument
	Default bool `json:"default"`
}

// KeptDocument is access kept, and through which other groups.
type KeptDocument struct {
	AccessDocument
	Through []string `json:"through"`
}

// DirectAccess stands among the names of groups where a person keeps access that
// no group gives.
const DirectAccess = "direct access"

// ChangeDocument is one member change.
type ChangeDocument struct {
	Email     *string           `json:"email"`
	Name      string            `json:"name"`
	IdPID     *string           `json:"idp_id"`
	AccountID *string           `json:"account_id"`
	Change    review.ChangeKind `json:"change"`
	Gains     []AccessDocument  `json:"gains"`
	Loses     []AccessDocument  `json:"loses"`
	Keeps     []KeptDocument    `json:"keeps"`
}

// UnmatchedDocument is somebody who can't be told for certain.
type UnmatchedDocument struct {
	Side   review.Side `json:"side"`
	ID     string      `json:"id"`
	Email  *string     `json:"email"`
	Name   string      `json:"name"`
	Groups []string    `json:"groups"`
	Reason string      `json:"reason"`
}

// NewReviewDocument writes out a review.
func NewReviewDocument(r *review.Review, limits plan.Thresholds) ReviewDocument {
	counts := r.Counts()
	document := ReviewDocument{
		Snapshot:  newSnapshotDocument(r.Snapshot),
		Counts:    map[string]int{"idp_groups": counts.IdPGroups, "could_not_sync": counts.CouldNotSync()},
		Groups:    make([]GroupDocument, 0, len(r.Rows)),
		Unmatched: []UnmatchedDocument{},
	}
	for _, state := range review.States {
		document.Counts[string(state)] = counts.State[state]
	}
	for i := range r.Rows {
		document.Groups = append(document.Groups, newGroupDocument(r, &r.Rows[i], limits))
	}
	for _, change := range r.PersonChanges(All(r).Rows, true) {
		document.People = append(document.People, PersonDocument{
			change.Kind, orNull(change.Person.Email), change.Person.Name, orNull(change.Record.Name), change.Person.ID, orNull(change.Record.Account),
		})
	}
	for _, u := range r.Unmatched() {
		document.Unmatched = append(document.Unmatched, UnmatchedDocument{u.Side, u.ID, orNull(u.Email), u.Name, u.Groups, u.Reason})
	}
	return document
}

func newSnapshotDocument(snapshot *directory.Snapshot) SnapshotDocument {
	document := SnapshotDocument{ID: snapshot.ID, TakenAt: snapshot.TakenAt.UTC()}
	document.IdP.Provider = snapshot.IdP.Provider
	document.IdP.Groups, document.IdP.Users = len(snapshot.IdP.Groups), len(snapshot.IdP.People)
	org := &snapshot.Atlassian
	document.Atlassian.Experience = org.Experience
	document.Atlassian.Groups, document.Atlassian.Users, document.Atlassian.Sites = len(org.Groups), len(org.Accounts), len(org.Sites())
	return document
}

func newGroupDocument(r *review.Review, row *review.Row, limits plan.Thresholds) GroupDocument {
	document := GroupDocument{
		Name: row.Name, IdPID: orNull(r.SourceID(row)), State: row.State, Added: row.Added, Removed: row.Removed,
		AtlassianIDs: []string{}, BlockedBy: BlockedBy(r, row, limits), Sites: []string{}, Access: []GrantDocument{}, Members: []ChangeDocument{},
	}
	document.LooksLike, _ = r.LookAlike(row)
	org := &r.Snapshot.Atlassian
	for _, no := range row.Groups {
		document.AtlassianIDs = append(document.AtlassianIDs, org.Groups[no].ID)
		for _, grant := range org.Groups[no].Grants {
			document.Access = append(document.Access, GrantDocument{newAccessDocument(org, grant.Access), grant.Default})
		}
	}
	for i := range row.Parts {
		document.PerSite = append(document.PerSite, newSiteDocument(org, &row.Parts[i]))
	}
	document.Sites = append(document.Sites, Sites(r, row)...)
	for _, change := range r.Changes(row) {
		document.Members = append(document.Members, newChangeDocument(r, change))
	}
	return document
}

func newSiteDocument(org *directory.Organization, part *review.Row) SiteDocument {
	document := SiteDocument{Site: part.Site, Added: part.Added, Removed: part.Removed, Access: []GrantDocument{}}
	if no, ok := part.Group(); ok {
		document.AtlassianID = orNull(org.Groups[no].ID)
		for _, grant := range org.Groups[no].Grants {
			document.Access = append(document.Access, GrantDocument{newAccessDocument(org, grant.Access), grant.Default})
		}
	}
	return document
}

// BlockedBy names the guards in the way of a row that can't be synced yet.
func BlockedBy(r *review.Review, row *review.Row, limits plan.Thresholds) []plan.Guard {
	guards := []plan.Guard{}
	if !Syncable(row) {
		return guards
	}
	for _, finding := range plan.GroupFindings(r, row, limits) {
		if !slices.Contains(guards, finding.Guard) { // of several sites
			guards = append(guards, finding.Guard)
		}
	}
	return guards
}

// Sites lists the hosts of the sites on which a row's Atlassian groups give
// anything, each once; under original user management those that a sync writes.
func Sites(r *review.Review, row *review.Row) []string {
	var sites []string
	for i := range row.Parts {
		sites = append(sites, row.Parts[i].Site)
	}
	if sites != nil {
		return sites
	}
	seen := map[string]bool{"": true}
	for _, no := range row.Groups {
		for _, grant := range r.Snapshot.Atlassian.Groups[no].Grants {
			if site := r.Snapshot.Atlassian.Products[grant.Product].Site; !seen[site] {
				seen[site] = true
				sites = append(sites, site)
			}
		}
	}
	return sites
}

func newAccessDocument(org *directory.Organization, access directory.Access) AccessDocument {
	product := &org.Products[access.Product]
	return AccessDocument{Site: product.Site, Product: product.Key, Role: access.Role}
}

func newChangeDocument(r *review.Review, change review.Change) ChangeDocument {
	org := &r.Snapshot.Atlassian
	document := ChangeDocument{
		Email: orNull(r.Email(change.Person, change.Account)), Name: r.Name(change.Person, change.Account), Change: change.Kind,
		Gains: []AccessDocument{}, Loses: []AccessDocument{}, Keeps: []KeptDocument{},
	}
	if change.Person != directory.NoPerson {
		document.IdPID = orNull(r.Snapshot.IdP.People[change.Person].ID)
	}
	if change.Account != directory.NoAccount {
		document.AccountID = orNull(org.Accounts[change.Account].ID)
	}
	for _, access := range change.Gains {
		document.Gains = append(document.Gains, newAccessDocument(org, access))
	}
	for _, access := range change.Loses {
		document.Loses = append(document.Loses, newAccessDocument(org, access))
	}
	for _, kept := range change.Keeps {
		document.Keeps = append(document.Keeps, KeptDocument{newAccessDocument(org, kept.Access), Through(r, kept)})
	}
	return document
}

// Through names what somebody keeps access through: groups, or DirectAccess.
func Through(r *review.Review, kept review.Kept) []string {
	through := []string{}
	for _, no := range kept.Through {
		through = append(through, r.Snapshot.Atlassian.Groups[no].Name)
	}
	if kept.Direct {
		through = append(through, DirectAccess)
	}
	return through
}

// ThroughText is Through in the person's language.
func ThroughText(r *review.Review, kept review.Kept) string {
	through := Through(r, kept)
	if kept.Direct {
		through[len(through)-1] = lang.L("direct access")
	}
	return strings.Join(through, ", ")
}

func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// TodosDocument lists what was answered as `rollcall answer --json` prints it.
type TodosDocument struct {
	Todos []TodoDocument `json:"todos"`
}

// TodoDocument is one answer.
type TodoDocument struct {
	Answer review.AnswerKind `json:"answer"`
	Group  string            `json:"group"`
	IdPID  string            `json:"idp_group_id"`
	Person string            `json:"person,omitempty"`
	Email  string            `json:"email,omitempty"`
	To     string            `json:"to,omitempty"`
	By     string            `json:"by"`
	At     time.Time         `json:"at"`
	ByHand string            `json:"by_hand"`
	// Obstacle says why Rollcall can't do it as things are; Done when a fetch
	// showed it done.
	Obstacle *string    `json:"obstacle"`
	Done     *time.Time `json:"done"`
}

// NewTodosDocument writes out what was answered.
func NewTodosDocument(todos []Todo) TodosDocument {
	document := TodosDocument{Todos: []TodoDocument{}}
	for _, todo := range todos {
		one := TodoDocument{
			Answer: todo.Kind, Group: todo.Name, IdPID: todo.Group, Person: todo.Who, Email: todo.Email, To: todo.To, By: todo.By, At: todo.At.UTC(),
			ByHand: todo.ByHand, Obstacle: orNull(todo.Obstacle),
		}
		if !todo.Done.IsZero() {
			one.Done = &todo.Done
		}
		document.Todos = append(document.Todos, one)
	}
	return document
}

// PreviewDocument tells what a file holds, as `rollcall connect idp --preview
// --json` prints it.
type PreviewDocument struct {
	Columns     map[string]string `json:"columns"`
	Memberships int               `json:"memberships"`
	Groups      int               `json:"groups"`
	Bad         []BadLineDocument `json:"bad"`
}

// BadLineDocument is a line of a file that can't be taken.
type BadLineDocument struct {
	Line int    `json:"line"`
	Why  string `json:"why"`
}

// NewPreviewDocument writes out what a file holds.
func NewPreviewDocument(content file.Content) PreviewDocument {
	document := PreviewDocument{Columns: content.Columns, Memberships: len(content.Rows), Bad: []BadLineDocument{}}
	groups := map[string]bool{}
	for _, row := range content.Rows {
		groups[row.GroupID+row.Group] = true
	}
	document.Groups = len(groups)
	for _, bad := range content.Bad {
		document.Bad = append(document.Bad, BadLineDocument{bad.Line, bad.Why})
	}
	return document
}

// GuardsDocument lists the guards as `rollcall guards --json` prints them.
type GuardsDocument struct {
	Thresholds plan.Thresholds `json:"thresholds"`
	Guards     []GuardDocument `json:"guards"`
}

// GuardDocument is one guard.
type GuardDocument struct {
	Guard       plan.Guard `json:"guard"`
	Stops       string     `json:"stops"`
	Overridable bool       `json:"overridable"`
}

// NewGuardsDocument writes out the guards under some thresholds.
func NewGuardsDocument(limits plan.Thresholds) GuardsDocument {
	document := GuardsDocument{Thresholds: limits}
	for _, guard := range plan.Guards {
		document.Guards = append(document.Guards, GuardDocument{guard, guard.Stops(limits), guard.Overridable()})
	}
	return document
}

// ErrorDocument is an error as `--json` prints it.
type ErrorDocument struct {
	Error struct {
		Code    problem.Code `json:"code"`
		Message string       `json:"message"`
		Action  string       `json:"action"`
	} `json:"error"`
}

// NewErrorDocument writes out an error.
func NewErrorDocument(err error) ErrorDocument {
	p := problem.Of(err)
	var document ErrorDocument
	document.Error.Code, document.Error.Message, document.Error.Action = p.Code, p.Message, p.Action
	return document
}

// FetchDocument is a fetch as `rollcall fetch --json` prints it.
type FetchDocument struct {
	Snapshot SnapshotDocument     `json:"snapshot"`
	Ways     map[string]string    `json:"ways"`
	Request  SyncRequestsDocument `json:"requests"`
}

// NewFetchDocument writes out how a snapshot was read.
func NewFetchDocument(snapshot *directory.Snapshot) FetchDocument {
	idp, atlassian := snapshot.How.IdP, snapshot.How.Atlassian
	return FetchDocument{
		Snapshot: newSnapshotDocument(snapshot),
		Ways:     map[string]string{"idp": idp.Way, "atlassian": atlassian.Way},
		Request:  SyncRequestsDocument{idp.Requests, atlassian.Requests, idp.Throttled + atlassian.Throttled},
	}
}

// ShortRole is a role without the prefix that all roles have.
func ShortRole(role string) string { return strings.TrimPrefix(role, directory.RolePrefix) }

// NoProduct is what stands in place of products where a group gives none that
// was read.
func NoProduct(r *review.Review) string {
	if r.Snapshot.Atlassian.UnknownAccess {
		return lang.L("nothing in Jira; elsewhere unknown")
	}
	return lang.L("no product")
}

// NotRead says what a review leaves out: what it doesn't show may still change.
func NotRead(r *review.Review) string {
	if r.Snapshot.Atlassian.UnknownAccess {
		return lang.L("Access outside Jira, and permissions inside products (projects, spaces, filters), are not read.")
	}
	return lang.L("Permissions inside products (projects, spaces, filters) are not read.")
}
