package atlassian

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/rollcall-app/rollcall/app/directory"
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

// reader holds what has been read so far.
type reader struct {
	client *Client
	tell   progress.Func
	scope  Scope

	org      directory.Organization
	rows     []groupRow // beside org.Groups
	group    map[string]directory.GroupNo
	account  map[string]directory.AccountNo
	product  map[string]directory.ProductNo
	members  [][]directory.AccountNo // beside org.Groups
	complete []bool                  // whose members were read, beside org.Groups
}

// Read reads the organization: products, groups with what they give, people and
// memberships, the cheaper way.
func (c *Client) Read(ctx context.Context, scope Scope, tell progress.Func) (directory.Organization, directory.Reading, error) {
	before := c.Count()
	r := &reader{
		client: c, tell: tell, scope: scope,
		group: map[string]directory.GroupNo{}, account: map[string]directory.AccountNo{}, product: map[string]directory.ProductNo{},
	}
	way, err := r.read(ctx)
	if err != nil {
		return directory.Organization{}, directory.Reading{}, err
	}
	spent := c.Count().Since(before)
	return r.org, directory.Reading{Way: way, Requests: spent.Requests, Throttled: spent.Throttled}, nil
}

func (r *reader) read(ctx context.Context) (way string, err error) {
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
	if way, err = r.readPeople(ctx); err != nil {
		return "", err
	}
	if err := r.checkCounts(ctx); err != nil {
		return "", err
	}
	if err := r.readRoles(ctx); err != nil {
		return "", err
	}
	r.finish()
	return way, nil
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
			return remote.Incomplete("products in Atlassian", "a product was listed twice")
		}
		seen[row.ID] = true
		return each(row)
	})
}

func (r *reader) readProducts(ctx context.Context) error {
	r.tell.Tell("Listing products in Atlassian", 0, 0)
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
			return remote.Incomplete("groups in Atlassian", "a group was listed twice or without an id")
		}
		r.group[group.ID] = directory.GroupNo(len(r.org.Groups))
		r.org.Groups = append(r.org.Groups, group)
		r.rows = append(r.rows, *row)
		r.members = append(r.members, nil)
		r.complete = append(r.complete, false)
		if len(r.rows)%groupsPage == 0 {
			r.tell.Tell("Listing groups in Atlassian", len(r.rows), 0)
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

// readPeople takes the way that costs fewer requests: all people with their
// groups, or the members of the groups in scope and then whoever else is needed.
func (r *reader) readPeople(ctx context.Context) (way string, err error) {
	var count struct {
		Count int `json:"count"`
	}
	_, err = r.client.remote.Do(ctx, remote.Call{
		Method: http.MethodGet, Path: r.client.in(everyDirectory, "users", "count"), Endpoint: "count people", Into: &count,
	})
	if err != nil {
		return "", err
	}
	groups := r.inScope()
	allPeople := max(1, pages(count.Count, usersPage))
	// The admins, and at worst all addresses and accounts.
	byGroup := 1 + pages(len(r.scope.Addresses), emailsPage) + pages(len(r.scope.Accounts), AccountsPage)
	for _, group := range groups {
		byGroup += max(1, pages(orUnknown(r.rows[group].Counts.Users), usersPage))
	}
	if allPeople <= byGroup {
		return fmt.Sprintf("All people with their groups: %d requests (group by group would take up to %d).", allPeople, byGroup),
			r.readEverybody(ctx, count.Count)
	}
	return fmt.Sprintf("Members group by group: up to %d requests (all people with their groups would take %d).", byGroup, allPeople),
		r.readByGroup(ctx, groups)
}

func pages(rows, size int) int { return (rows + size - 1) / size }

var withGroups = []string{"groups", "platformRoles", "productAccess"}

// readEverybody reads all people with all their groups.
func (r *reader) readEverybody(ctx context.Context, total int) error {
	err := r.client.searchUsers(ctx, userFilter{Expand: withGroups}, func(row *userRow) error {
		if _, err := r.add(row); err != nil {
			return err
		}
		if len(r.org.Accounts)%usersPage == 0 {
			r.tell.Tell("Reading people in Atlassian", len(r.org.Accounts), total)
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
func (r *reader) readByGroup(ctx context.Context, groups []directory.GroupNo) error {
	add := func(row *userRow) error {
		_, err := r.add(row)
		return err
	}
	for i, group := range groups {
		r.tell.Tell("Reading members in Atlassian", i, len(groups))
		filter := userFilter{Groups: []string{r.org.Groups[group].ID}, Expand: withGroups}
		if err := r.client.searchUsers(ctx, filter, add); err != nil {
			return err
		}
		r.complete[group] = true
	}
	if err := r.client.searchUsers(ctx, userFilter{Roles: []string{directory.OrgAdmin}, Expand: withGroups}, add); err != nil {
		return err
	}
	for part := range slices.Chunk(r.unknownAddresses(), emailsPage) {
		if err := r.client.searchUsers(ctx, userFilter{Emails: part, Expand: withGroups}, add); err != nil {
			return err
		}
	}
	for part := range slices.Chunk(r.unknownAccounts(), AccountsPage) {
		if err := r.client.searchUsers(ctx, userFilter{Accounts: part, Expand: withGroups}, add); err != nil {
			return err
		}
	}
	return nil
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
			return 0, remote.Incomplete("people in Atlassian", "somebody is in a group that isn't in the list of groups")
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
			return remote.Incomplete(fmt.Sprintf("the members of “%s” in Atlassian", r.org.Groups[i].Name),
				fmt.Sprintf("%d were listed where Atlassian counts %d", len(r.members[i]), *r.rows[i].Counts.Users))
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

// readRoles reads what the groups give. Groups that Atlassian counts no
// resources for need no request, nor do those of which nobody is known.
func (r *reader) readRoles(ctx context.Context) error {
	var ask []int
	for i := range r.rows {
		resources := r.rows[i].Counts.Resources
		if (resources == nil || *resources > 0) && (r.complete[i] || len(r.members[i]) > 0) {
			ask = append(ask, i)
		}
	}
	answers := make([][]roleRow, len(ask))
	var done atomic.Int64
	err := remote.Each(ctx, len(ask), func(ctx context.Context, i int) (err error) {
		answers[i], err = r.client.roles(ctx, r.org.Groups[ask[i]].ID)
		r.tell.Tell("Reading product access in Atlassian", int(done.Add(1)), len(ask))
		return err
	})
	if err != nil {
		return err
	}
	for i, group := range ask {
		r.org.Groups[group].Grants = r.grants(answers[i])
	}
	return nil
}

// roles lists the rows of GET …/groups/{group}/role-assignments.
func (c *Client) roles(ctx context.Context, group string) ([]roleRow, error) {
	var rows []roleRow
	err := get(ctx, c, "a group's roles", c.in(everyDirectory, "groups", group, "role-assignments"), func(row *roleRow) error {
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
	err := get(ctx, c, "a person's roles", path, func(row *struct {
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
