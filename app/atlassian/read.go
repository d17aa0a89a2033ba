package atlassian

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/progress"
	"github.com/rollcall-app/rollcall/app/remote"
)

// The most that one request may ask for.
const (
	usersPage  = 100
	emailsPage = 100
	groupsPage = 100
)

// Scope is what the identity provider side is about; it decides which way of
// reading is cheaper.
type Scope struct {
	// Names are the names of the IdP's groups in scope.
	Names []string
	// Addresses are all addresses of those groups' members.
	Addresses []string
	// Owner is the address of the owner of the key, or empty.
	Owner string
	// Accounts are ids of accounts that are wanted whatever their address.
	Accounts []string
}

// Await gives what the identity provider side is about once that is known.
type Await func(ctx context.Context) (Scope, error)

// Known gives a scope that is known already.
func (s Scope) Known(context.Context) (Scope, error) { return s, nil }

// reader holds what has been read so far.
type reader struct {
	client *Client
	tell   progress.Func
	await  Await
	scope  Scope
	// tellsPeople says that the progress of reading people is told, not that of
	// reading what groups give.
	tellsPeople bool

	mu       sync.Mutex // held while an account is added
	org      directory.Organization
	rows     []groupRow // beside org.Groups
	group    map[string]directory.GroupNo
	account  map[string]directory.AccountNo
	product  map[string]directory.ProductNo
	members  [][]directory.AccountNo // beside org.Groups
	complete []bool                  // whose members were read, beside org.Groups
}

// Read reads the organization: products, groups with what they give, people and
// memberships, the cheaper way. What needs no scope is read before that is known.
func (c *Client) Read(ctx context.Context, scope Await, tell progress.Func) (directory.Organization, directory.Reading, error) {
	before := c.Count()
	r := &reader{
		client: c, tell: tell, await: scope,
		group: map[string]directory.GroupNo{}, account: map[string]directory.AccountNo{}, product: map[string]directory.ProductNo{},
	}
	way, err := r.read(ctx)
	if err != nil {
		return directory.Organization{}, directory.Reading{}, err
	}
	spent := c.Count().Since(before)
	return r.org, directory.Reading{Way: way, Requests: spent.Requests, Throttled: spent.Throttled}, nil
}

func (r *reader) read(ctx context.Context) (how string, err error) {
	org, err := r.client.organization(ctx)
	if err != nil {
		return "", err
	}
	r.org = directory.Organization{Experience: directory.Centralized, ID: org.ID, Name: org.Name}
	for _, step := range []func(context.Context) error{r.readProducts, r.readGroups} {
		if err := step(ctx); err != nil {
			return "", err
		}
	}
	people, err := r.client.countPeople(ctx)
	if err != nil {
		return "", err
	}
	if r.scope, err = r.await(ctx); err != nil {
		return "", err
	}
	way := r.choose(people)
	if err := r.readPeopleAndRoles(ctx, way); err != nil {
		return "", err
	}
	r.finish()
	return way.String(), nil
}

// readPeopleAndRoles reads people, and beside them what the groups give; that of
// groups that turn out to have somebody known comes after.
func (r *reader) readPeopleAndRoles(ctx context.Context, way way) error {
	roles := &roles{reader: r, answers: map[directory.GroupNo][]roleRow{}}
	sure := roles.missing(way.surely)
	// The progress of what takes longer is shown.
	r.tellsPeople = len(sure) < min(way.all, way.byGroup)
	side, sideways := errgroup.WithContext(ctx)
	side.Go(func() error {
		if err := r.readPeople(sideways, way); err != nil {
			return err
		}
		return r.checkCounts(sideways)
	})
	side.Go(func() error { return roles.read(sideways, sure) })
	if err := side.Wait(); err != nil {
		return err
	}
	r.tellsPeople = false
	if err := roles.read(ctx, roles.missing(func(group directory.GroupNo) bool { return len(r.members[group]) > 0 })); err != nil {
		return err
	}
	for group := range r.org.Groups {
		r.org.Groups[group].Grants = r.grants(roles.answers[directory.GroupNo(group)])
	}
	return nil
}

func (r *reader) finish() {
	r.org.Members = directory.NewRuns[directory.GroupNo](r.members)
	owner := directory.FoldAddress(r.scope.Owner)
	for i := range r.org.Accounts {
		if owner != "" && directory.FoldAddress(r.org.Accounts[i].Email) == owner {
			r.org.Owner = r.org.Accounts[i].ID
		}
	}
}

type workspaceRow struct {
	ID         string `json:"id"`
	Attributes struct {
		Name     string `json:"name"`
		TypeKey  string `json:"typeKey"`
		HostURL  string `json:"hostUrl"`
		Usage    *int   `json:"usage"`
		Capacity *int   `json:"capacity"`
	} `json:"attributes"`
}

func (w *workspaceRow) product() directory.Product {
	return directory.Product{
		ID: w.ID, Key: w.Attributes.TypeKey, Name: w.Attributes.Name, Site: bareHost(w.Attributes.HostURL),
		Seats: orUnknown(w.Attributes.Capacity), Used: orUnknown(w.Attributes.Usage),
	}
}

// workspaces lists the products of all sites (POST /v2/orgs/{org}/workspaces);
// with a cursor nothing else may be sent.
func (c *Client) workspaces(ctx context.Context, each func(*workspaceRow) error) error {
	ask := func(cursor string) any {
		if cursor != "" {
			return map[string]any{"cursor": cursor}
		}
		return map[string]any{"limit": 100}
	}
	seen := map[string]bool{}
	return post(ctx, c, "products", remote.Path("admin", "v2", "orgs", c.org, "workspaces"), ask, func(row *workspaceRow) error {
		if seen[row.ID] {
			return remote.Incomplete(lang.L("products in Atlassian"), lang.L("a product was listed twice"))
		}
		seen[row.ID] = true
		return each(row)
	})
}

func (r *reader) readProducts(ctx context.Context) error {
	r.tell.Tell(lang.L("Listing products in Atlassian"), 0, 0)
	return r.client.workspaces(ctx, func(row *workspaceRow) error {
		r.addProduct(row.product())
		return nil
	})
}

func (r *reader) addProduct(product directory.Product) directory.ProductNo {
	no := directory.ProductNo(len(r.org.Products))
	r.product[product.ID] = no
	r.org.Products = append(r.org.Products, product)
	return no
}

func bareHost(address string) string {
	_, host, found := strings.Cut(address, "://")
	if !found {
		host = address
	}
	host, _, _ = strings.Cut(host, "/")
	return host
}

func orUnknown(n *int) int {
	if n == nil {
		return directory.UnknownSeats
	}
	return *n
}

// productOf finds a resource that a role is given on. One that isn't among the
// workspaces (a site or the organization itself) is added by its identifier:
// ari:cloud:<owner>::site/<cloud id>.
func (r *reader) productOf(resource, owner string) directory.ProductNo {
	if no, known := r.product[resource]; known {
		return no
	}
	product := directory.Product{ID: resource, Key: owner, Name: owner, Seats: directory.UnknownSeats, Used: directory.UnknownSeats}
	if at := strings.LastIndex(resource, "/"); at >= 0 {
		for _, known := range r.org.Products {
			if strings.HasSuffix(known.ID, resource[at:]) {
				product.Site = known.Site
				break
			}
		}
	}
	return r.addProduct(product)
}

// readGroups lists all groups with their counts.
func (r *reader) readGroups(ctx context.Context) error {
	return r.client.searchGroups(ctx, groupFilter{}, func(row *groupRow) error {
		group := row.group()
		if _, twice := r.group[group.ID]; twice || group.ID == "" {
			return remote.Incomplete(lang.L("groups in Atlassian"), lang.L("a group was listed twice or without an id"))
		}
		r.group[group.ID] = directory.GroupNo(len(r.org.Groups))
		r.org.Groups = append(r.org.Groups, group)
		r.rows = append(r.rows, *row)
		r.members = append(r.members, nil)
		r.complete = append(r.complete, false)
		if len(r.rows)%groupsPage == 0 {
			r.tell.Tell(lang.L("Listing groups in Atlassian"), len(r.rows), 0)
		}
		return nil
	})
}

// inScope gives the groups whose name is that of an IdP group in scope.
func (r *reader) inScope() []directory.GroupNo {
	names := make(map[string]bool, len(r.scope.Names))
	for _, name := range r.scope.Names {
		names[directory.FoldName(name)] = true
	}
	var groups []directory.GroupNo
	for i := range r.org.Groups {
		if names[directory.FoldName(r.org.Groups[i].Name)] {
			groups = append(groups, directory.GroupNo(i))
		}
	}
	return groups
}

// countPeople asks how many people the organization has.
func (c *Client) countPeople(ctx context.Context) (int, error) {
	var count struct {
		Count int `json:"count"`
	}
	_, err := c.remote.Do(ctx, remote.Call{
		Method: http.MethodGet, Path: c.in(everyDirectory, "users", "count"), Endpoint: "count people", Into: &count,
	})
	return count.Count, err
}

func (r *reader) readPeople(ctx context.Context, way way) error {
	if way.everybody {
		return r.readEverybody(ctx, way.people)
	}
	return r.readByGroup(ctx, way)
}

var withGroups = []string{"groups", "platformRoles", "productAccess"}

// readEverybody reads all people with all their groups.
func (r *reader) readEverybody(ctx context.Context, total int) error {
	err := r.client.searchUsers(ctx, userFilter{Expand: withGroups}, func(row *userRow) error {
		if _, err := r.add(row); err != nil {
			return err
		}
		if r.tellsPeople && len(r.org.Accounts)%usersPage == 0 {
			r.tell.Tell(lang.L("Reading people in Atlassian"), len(r.org.Accounts), total)
		}
		return nil
	})
	for i := range r.complete {
		r.complete[i] = true
	}
	return err
}

// readByGroup reads the members of the groups in scope, whoever has one of the
// addresses, the owner of the key, and the organization's admins; all with
// every group they are in, so that access through other groups is known.
func (r *reader) readByGroup(ctx context.Context, way way) error {
	var done atomic.Int64
	err := remote.Each(ctx, len(way.batches), func(ctx context.Context, i int) error {
		err := r.readBy(ctx, userFilter{Groups: r.ids(way.batches[i])})
		if n := int(done.Add(1)); r.tellsPeople {
			r.tell.Tell(lang.L("Reading members in Atlassian"), n, len(way.batches))
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, group := range way.groups {
		r.complete[group] = true
	}
	rest := []userFilter{{Roles: []string{directory.OrgAdmin}}}
	for part := range slices.Chunk(r.unknownAddresses(), emailsPage) {
		rest = append(rest, userFilter{Emails: part})
	}
	if err := remote.Each(ctx, len(rest), func(ctx context.Context, i int) error { return r.readBy(ctx, rest[i]) }); err != nil {
		return err
	}
	for part := range slices.Chunk(r.unknownAccounts(), AccountsPage) {
		if err := r.readBy(ctx, userFilter{Accounts: part}); err != nil {
			return err
		}
	}
	return nil
}

// readBy takes in whom a filter lets through.
func (r *reader) readBy(ctx context.Context, filter userFilter) error {
	filter.Expand = withGroups
	return r.client.searchUsers(ctx, filter, func(row *userRow) error {
		_, err := r.add(row)
		return err
	})
}

func (r *reader) ids(groups []directory.GroupNo) []string {
	ids := make([]string, len(groups))
	for i, group := range groups {
		ids[i] = r.org.Groups[group].ID
	}
	return ids
}

// unknownAccounts gives the accounts in scope that haven't been read so far.
func (r *reader) unknownAccounts() []string {
	return slices.DeleteFunc(slices.Clone(r.scope.Accounts), func(id string) bool {
		_, known := r.account[id]
		return known
	})
}

// unknownAddresses gives the addresses in scope that no account read so far has.
func (r *reader) unknownAddresses() []string {
	known := map[string]bool{"": true}
	for i := range r.org.Accounts {
		known[directory.FoldAddress(r.org.Accounts[i].Email)] = true
	}
	var unknown []string
	for _, address := range append(slices.Clone(r.scope.Addresses), r.scope.Owner) {
		if folded := directory.FoldAddress(address); !known[folded] {
			known[folded] = true
			unknown = append(unknown, folded)
		}
	}
	return unknown
}

// add takes in an account with its groups, unless it is known already.
func (r *reader) add(row *userRow) (directory.AccountNo, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if no, known := r.account[row.ID]; known {
		return no, nil
	}
	no := directory.AccountNo(len(r.org.Accounts))
	r.account[row.ID] = no
	account := row.account()
	for _, use := range row.ProductAccess {
		product, known := r.product[use.ID]
		if !known {
			continue
		}
		if account.LastActive == nil {
			account.LastActive = map[directory.ProductNo]time.Time{}
		}
		at, _ := time.Parse(time.RFC3339, use.LastActive) // never used: the zero time
		account.LastActive[product] = at
	}
	r.org.Accounts = append(r.org.Accounts, account)
	for _, member := range row.Groups {
		group, known := r.group[groupID(member.ID)]
		if !known {
			return 0, remote.Incomplete(lang.L("people in Atlassian"), lang.L("somebody is in a group that isn't in the list of groups"))
		}
		r.members[group] = append(r.members[group], no)
	}
	return no, nil
}

// checkCounts compares the number of each group's members with Atlassian's. A
// group that differs is read again by itself; a second mismatch fails the read.
func (r *reader) checkCounts(ctx context.Context) error {
	for i := range r.rows {
		if !r.complete[i] || r.adds(i) {
			continue
		}
		if err := r.readAgain(ctx, directory.GroupNo(i)); err != nil {
			return err
		}
		if !r.adds(i) {
			return remote.Incomplete(lang.L("the members of “%s” in Atlassian", r.org.Groups[i].Name),
				remote.Miscounted("Atlassian", *r.rows[i].Counts.Users, len(r.members[i])))
		}
	}
	return nil
}

// adds says whether the group's members add up to Atlassian's count.
func (r *reader) adds(i int) bool {
	count := r.rows[i].Counts.Users
	return count == nil || *count == len(r.members[i])
}

func (r *reader) readAgain(ctx context.Context, group directory.GroupNo) error {
	found := false
	err := r.client.searchGroups(ctx, groupFilter{IDs: []string{r.org.Groups[group].ID}}, func(row *groupRow) error {
		r.rows[group], found = *row, true
		return nil
	})
	if err != nil || !found {
		return err
	}
	r.members[group] = nil
	filter := userFilter{Groups: []string{r.org.Groups[group].ID}, Expand: []string{"platformRoles", "productAccess"}}
	return r.client.searchUsers(ctx, filter, func(row *userRow) error {
		row.Groups = nil
		account, err := r.add(row)
		r.members[group] = append(r.members[group], account)
		return err
	})
}

type roleRow struct {
	Resource string   `json:"resourceId"`
	Owner    string   `json:"resourceOwner"`
	Roles    []string `json:"roles"`
	Default  *string  `json:"defaultRole"`
}

// roles are what the groups give, as far as read.
type roles struct {
	*reader
	answers map[directory.GroupNo][]roleRow
}

// missing gives the groups that wanted names and of which nothing was read. Groups
// that Atlassian counts no resources for need no request.
func (r *roles) missing(wanted func(directory.GroupNo) bool) (groups []directory.GroupNo) {
	for i := range r.rows {
		group := directory.GroupNo(i)
		resources := r.rows[i].Counts.Resources
		if _, read := r.answers[group]; !read && (resources == nil || *resources > 0) && wanted(group) {
			groups = append(groups, group)
		}
	}
	return groups
}

func (r *roles) read(ctx context.Context, groups []directory.GroupNo) error {
	answers := make([][]roleRow, len(groups))
	var done atomic.Int64
	err := remote.Each(ctx, len(groups), func(ctx context.Context, i int) (err error) {
		answers[i], err = r.client.roles(ctx, r.org.Groups[groups[i]].ID)
		if n := int(done.Add(1)); !r.tellsPeople {
			r.tell.Tell(lang.L("Reading product access in Atlassian"), n, len(groups))
		}
		return err
	})
	for i, group := range groups {
		r.answers[group] = answers[i]
	}
	return err
}

// roles lists the rows of GET …/groups/{group}/role-assignments.
func (c *Client) roles(ctx context.Context, group string) ([]roleRow, error) {
	var rows []roleRow
	err := get(ctx, c, lang.Mark("a group's roles"), c.in(everyDirectory, "groups", group, "role-assignments"), func(row *roleRow) error {
		rows = append(rows, *row)
		return nil
	})
	return rows, err
}

func (r *reader) grants(rows []roleRow) []directory.Grant {
	var grants []directory.Grant
	for _, row := range rows {
		product := r.productOf(row.Resource, row.Owner)
		for _, role := range row.Roles {
			grants = append(grants, directory.Grant{
				Access: directory.Access{Product: product, Role: role}, Default: row.Default != nil && *row.Default == role,
			})
		}
		if row.Default != nil && !slices.Contains(row.Roles, *row.Default) {
			grants = append(grants, directory.Grant{Access: directory.Access{Product: product, Role: *row.Default}, Default: true})
		}
	}
	return grants
}

// DirectAccess reads which roles an account has by itself, on products that are
// in the snapshot already (GET …/users/{account}/role-assignments).
func (c *Client) DirectAccess(ctx context.Context, org *directory.Organization, account directory.AccountNo) ([]directory.DirectAccess, error) {
	var direct []directory.DirectAccess
	path := c.in(everyDirectory, "users", org.Accounts[account].ID, "role-assignments")
	err := get(ctx, c, lang.Mark("a person's roles"), path, func(row *struct {
		Resource    string `json:"resourceId"`
		Assignments []struct {
			Role string   `json:"role"`
			How  []string `json:"roleAssignmentMethods"`
		} `json:"roleAssignments"`
	}) error {
		product := slices.IndexFunc(org.Products, func(p directory.Product) bool { return p.ID == row.Resource })
		for _, assignment := range row.Assignments {
			if product >= 0 && slices.Contains(assignment.How, "direct") {
				direct = append(direct, directory.DirectAccess{
					Account: account, Access: directory.Access{Product: directory.ProductNo(product), Role: assignment.Role},
				})
			}
		}
		return nil
	})
	return direct, err
}
