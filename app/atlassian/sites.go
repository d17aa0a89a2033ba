package atlassian

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/progress"
	"github.com/rollcall-app/rollcall/app/remote"
)

// Sites are the sites of an organization with original user management, each by
// itself. They do what Client does for a whole organization.
type Sites struct {
	Sites []*Site
	// Org, if set, tells the addresses that people hide on the sites, and what
	// groups give outside Jira.
	Org *Client
}

// Count gives the number of requests so far, over all sites.
func (s *Sites) Count() remote.Count {
	var sum remote.Count
	for _, site := range s.Sites {
		count := site.Count()
		sum.Requests += count.Requests
		sum.Throttled += count.Throttled
	}
	if s.Org != nil {
		count := s.Org.Count()
		sum.Requests += count.Requests
		sum.Throttled += count.Throttled
	}
	return sum
}

// site gives the site with a host.
func (s *Sites) site(host string) (*Site, error) {
	for _, site := range s.Sites {
		if site.host == host {
			return site, nil
		}
	}
	return nil, problem.New(problem.NotConnected, lang.L("The site %s isn't connected any more.", host), lang.L("Connect it again, then fetch."))
}

// sitesReader holds what has been read so far.
type sitesReader struct {
	sites   *Sites
	tell    progress.Func
	scope   map[string]bool // folded names of the IdP's groups
	org     directory.Organization
	account map[string]directory.AccountNo
	product map[string]directory.ProductNo
	members [][]directory.AccountNo
	// inScope are the groups that the IdP has, too.
	inScope []bool
	// home is the site of each group, by the group's id.
	home map[string]string
}

// Read reads people, groups and product access of every site, and the members of
// the groups that are in scope or give something.
func (s *Sites) Read(ctx context.Context, await Await, tell progress.Func) (directory.Organization, directory.Reading, error) {
	scope, err := await(ctx)
	if err != nil {
		return directory.Organization{}, directory.Reading{}, err
	}
	before := s.Count()
	r := &sitesReader{sites: s, tell: tell, scope: map[string]bool{}, account: map[string]directory.AccountNo{}, product: map[string]directory.ProductNo{}, home: map[string]string{}}
	for _, name := range scope.Names {
		r.scope[directory.FoldName(name)] = true
	}
	if err := r.read(ctx); err != nil {
		return directory.Organization{}, directory.Reading{}, err
	}
	r.org.Members = directory.NewRuns[directory.GroupNo](r.members)
	spent := s.Count().Since(before)
	way := lang.L("Members group by group of %s on %s.", lang.Groups(len(r.org.Groups)), lang.Sites(len(s.Sites)))
	return r.org, directory.Reading{Way: way, Requests: spent.Requests, Throttled: spent.Throttled}, nil
}

func (r *sitesReader) read(ctx context.Context) error {
	r.org.Experience, r.org.UnknownAccess = directory.Original, true
	var hosts []string
	for i, site := range r.sites.Sites {
		owner, err := site.Check(ctx)
		if err != nil {
			return err
		}
		if i == 0 {
			r.org.Owner = owner
		} else if owner != r.org.Owner {
			r.org.OtherOwners = append(r.org.OtherOwners, owner)
		}
		hosts = append(hosts, site.host)
		if err := r.readSite(ctx, site); err != nil {
			return err
		}
	}
	r.org.Name = strings.Join(hosts, ", ")
	if r.sites.Org != nil {
		for _, step := range []func(context.Context) error{r.readProductsElsewhere, r.readElsewhere} {
			if err := step(ctx); err != nil {
				return err
			}
		}
	}
	for _, site := range r.sites.Sites {
		if err := r.readMembers(ctx, site); err != nil {
			return err
		}
	}
	return r.revealAddresses(ctx)
}

// readSite reads one site: who is there, which groups, and what they give.
func (r *sitesReader) readSite(ctx context.Context, site *Site) error {
	r.tell.Tell(lang.L("Reading people on %s", site.host), 0, 0)
	err := site.people(ctx, func(user *siteUser) error {
		r.add(user, site.host)
		return nil
	})
	if err != nil {
		return err
	}
	grants, roles, err := site.siteGrants(ctx)
	if err != nil {
		return err
	}
	r.addProduct(directory.Product{ID: siteResource(site.host), Key: "site", Name: "Site administration", Site: site.host, Seats: directory.UnknownSeats, Used: directory.UnknownSeats})
	for i := range roles {
		r.addProduct(roles[i].product(site.host))
	}
	return site.groups(ctx, nil, func(row *siteGroup) error {
		group := row.group(site.host)
		if home, elsewhere := r.home[group.ID]; elsewhere {
			return contradicted(group.Name, home, site.host)
		}
		r.home[group.ID] = site.host
		for _, grant := range grants[group.ID] {
			group.Grants = append(group.Grants, directory.Grant{Access: directory.Access{Product: r.product[grant.Resource], Role: grant.Role}, Default: grant.Default})
		}
		r.org.Groups, r.members = append(r.org.Groups, group), append(r.members, nil)
		r.inScope = append(r.inScope, r.scope[directory.FoldName(group.Name)])
		return nil
	})
}

// contradicted is the problem of one group on two sites: it lives in the
// organization's directory.
func contradicted(group, one, other string) error {
	return problem.New(problem.Refused, lang.L("%s and %s share the group “%s”: the organization has centralized user management.", one, other, group),
		lang.L("Choose centralized, and connect the organization with an API key."))
}

func (r *sitesReader) addProduct(product directory.Product) {
	r.product[product.ID] = directory.ProductNo(len(r.org.Products))
	r.org.Products = append(r.org.Products, product)
}

// readMembers reads who is in the groups of a site that are in scope or give
// something.
func (r *sitesReader) readMembers(ctx context.Context, site *Site) error {
	var groups []directory.GroupNo
	for i := range r.org.Groups {
		if group := &r.org.Groups[i]; group.Site == site.host && (len(group.Grants) > 0 || r.inScope[i]) {
			groups = append(groups, directory.GroupNo(i))
		}
	}
	lists := make([][]siteUser, len(groups))
	var done atomic.Int64
	err := remote.Each(ctx, len(groups), func(ctx context.Context, i int) (err error) {
		lists[i], err = site.members(ctx, r.org.Groups[groups[i]].ID)
		r.tell.Tell(lang.L("Reading members on %s", site.host), int(done.Add(1)), len(groups))
		return err
	})
	if err != nil {
		return err
	}
	for i, list := range lists {
		for n := range list {
			r.members[groups[i]] = append(r.members[groups[i]], r.add(&list[n], site.host))
		}
	}
	return nil
}

// add takes in an account; one that another site knows, too, is the same.
func (r *sitesReader) add(user *siteUser, site string) directory.AccountNo {
	no, known := r.account[user.ID]
	if !known {
		no = directory.AccountNo(len(r.org.Accounts))
		r.account[user.ID] = no
		r.org.Accounts = append(r.org.Accounts, user.account(site))
		return no
	}
	account := &r.org.Accounts[no]
	if !slices.Contains(account.Sites, site) {
		account.Sites = append(account.Sites, site)
	}
	if account.Email == "" && user.Email != nil {
		account.Email = *user.Email
	}
	return no
}

// revealAddresses asks the organization, where a key is given, for the addresses
// that people hide on the sites: by account id, so that nobody is guessed.
func (r *sitesReader) revealAddresses(ctx context.Context) error {
	if r.sites.Org == nil {
		return nil
	}
	var hidden []string
	for i := range r.org.Accounts {
		if account := &r.org.Accounts[i]; account.Email == "" && !account.Outside() {
			hidden = append(hidden, account.ID)
		}
	}
	for part := range slices.Chunk(hidden, AccountsPage) {
		err := r.sites.Org.searchUsers(ctx, userFilter{Accounts: part}, func(row *userRow) error {
			if no, known := r.account[row.ID]; known {
				r.org.Accounts[no].Email = row.account().Email
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Now reads a group's members, what it gives, and its default status.
func (s *Sites) Now(ctx context.Context, group directory.Group) (GroupNow, error) {
	site, err := s.site(group.Site)
	if err != nil {
		return GroupNow{}, err
	}
	now, err := s.MembersNow(ctx, group)
	if err != nil {
		return GroupNow{}, err
	}
	grants, _, err := site.siteGrants(ctx)
	if err != nil {
		return GroupNow{}, err
	}
	now.Grants = grants[group.ID]
	if s.Org != nil {
		rows, _, err := s.elsewhere(ctx, group.ID)
		if err != nil {
			return GroupNow{}, err
		}
		now.Grants = append(now.Grants, resourceGrants(rows)...)
	}
	return now, nil
}

// MembersNow reads a group and its members.
func (s *Sites) MembersNow(ctx context.Context, group directory.Group) (now GroupNow, err error) {
	site, err := s.site(group.Site)
	if err != nil {
		return GroupNow{}, err
	}
	found := false
	err = site.groups(ctx, url.Values{"groupId": {group.ID}}, func(row *siteGroup) error {
		now.Group, found = row.group(site.host), true
		return nil
	})
	if err != nil {
		return GroupNow{}, err
	}
	if !found {
		return GroupNow{}, problem.New(problem.NotFound, lang.L("The group no longer exists on %s.", site.host), lang.L("Fetch again to see what there is now."))
	}
	members, err := site.members(ctx, group.ID)
	for i := range members {
		now.Accounts = append(now.Accounts, members[i].account(site.host))
	}
	return now, err
}

// WhoIsIn says which of a few accounts are members of a group now.
func (s *Sites) WhoIsIn(ctx context.Context, group directory.Group, accounts []string) (map[string]bool, error) {
	site, err := s.site(group.Site)
	if err != nil {
		return nil, err
	}
	members := map[string]bool{}
	for _, account := range accounts {
		var groups []siteGroup
		if err := site.get(ctx, lang.Mark("list a person's groups"), jira+"/user/groups", url.Values{"accountId": {account}}, &groups); err != nil {
			return nil, err
		}
		if slices.ContainsFunc(groups, func(g siteGroup) bool { return g.ID == group.ID }) {
			members[account] = true
		}
	}
	return members, nil
}

// Named lists the groups that have exactly this name on a site now. One written
// in another case shows when it is made: Jira refuses that.
func (s *Sites) Named(ctx context.Context, host, name string) ([]directory.Group, error) {
	site, err := s.site(host)
	if err != nil {
		return nil, err
	}
	var groups []directory.Group
	err = site.groups(ctx, url.Values{"groupName": {name}}, func(row *siteGroup) error {
		if directory.FoldName(row.Name) == directory.FoldName(name) {
			groups = append(groups, row.group(host))
		}
		return nil
	})
	return groups, err
}

// CreateGroup makes a group on a site (POST /group). A name that is in use, in
// whatever case, is an error with status 409, as for an organization.
func (s *Sites) CreateGroup(ctx context.Context, host, name string) error {
	site, err := s.site(host)
	if err != nil {
		return err
	}
	_, err = site.remote.Do(ctx, remote.Call{Method: http.MethodPost, Path: jira + "/group", Body: map[string]string{"name": name}, Endpoint: "create groups"})
	if remote.Status(err) == http.StatusBadRequest {
		return problem.Wrap(&remote.StatusError{Status: http.StatusConflict}, problem.Rejected, problem.Of(err).Message, lang.L("Fetch again to see what there is now."))
	}
	return err
}

// Add makes an account a member (POST /group/user). Jira answers 400 where it is
// one already, too: that is told apart by reading.
func (s *Sites) Add(ctx context.Context, group directory.Group, account string) error {
	site, err := s.site(group.Site)
	if err != nil {
		return err
	}
	_, err = site.remote.Do(ctx, remote.Call{
		Method: http.MethodPost, Path: jira + "/group/user", Query: url.Values{"groupId": {group.ID}}, Endpoint: "add members",
		Body: map[string]string{"accountId": account}, Repeatable: true,
	})
	return s.unless(ctx, err, group, account, true)
}

// Remove ends a membership (DELETE /group/user). 400 and 404 are told apart from
// a membership that had ended already by reading.
func (s *Sites) Remove(ctx context.Context, group directory.Group, account string) error {
	site, err := s.site(group.Site)
	if err != nil {
		return err
	}
	_, err = site.remote.Do(ctx, remote.Call{
		Method: http.MethodDelete, Path: jira + "/group/user", Query: url.Values{"groupId": {group.ID}, "accountId": {account}}, Endpoint: "remove members",
	})
	return s.unless(ctx, err, group, account, false)
}

// unless forgives a refusal where what was asked for is so.
func (s *Sites) unless(ctx context.Context, err error, group directory.Group, account string, member bool) error {
	if status := remote.Status(err); status != http.StatusBadRequest && status != http.StatusNotFound {
		return err
	}
	in, readErr := s.WhoIsIn(ctx, group, []string{account})
	if readErr == nil && in[account] == member {
		return nil
	}
	return err
}

// Invite brings people onto a site, without a product, and into a group (POST
// /user, then POST /group/user).
func (s *Sites) Invite(ctx context.Context, group directory.Group, emails []string) ([]Invited, error) {
	site, err := s.site(group.Site)
	if err != nil {
		return nil, err
	}
	var invited []Invited
	for _, email := range emails {
		var user siteUser
		_, err := site.remote.Do(ctx, remote.Call{
			Method: http.MethodPost, Path: jira + "/user", Endpoint: "invite people", Into: &user,
			Body: map[string]any{"emailAddress": email, "products": []string{}},
		})
		if err == nil {
			err = s.Add(ctx, group, user.ID)
		}
		if err != nil {
			return invited, err
		}
		invited = append(invited, Invited{Email: email, Account: user.ID})
	}
	return invited, nil
}

// Close ends the connections that are kept for further requests.
func (s *Sites) Close() error {
	for _, site := range s.Sites {
		_ = site.Close() // it never fails
	}
	if s.Org != nil {
		return s.Org.Close()
	}
	return nil
}
