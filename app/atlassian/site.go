package atlassian

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/remote"
)

// SiteConfig says how to reach one site under original user management.
type SiteConfig struct {
	// URL is the site's address: https://acme.atlassian.net.
	URL string
	// Email and Token are those of a site admin: an API token of their account.
	Email, Token string
	// Host names the site; empty for the host of URL.
	Host string
	// Log receives a debug line a request.
	Log *slog.Logger
}

// Site is a connection to one site through the Jira Cloud platform REST API v3
// (https://developer.atlassian.com/cloud/jira/platform/rest/v3/). It is safe for
// concurrent use.
type Site struct {
	remote *remote.Client
	host   string
}

const jira = "/rest/api/3"

// The most that one request may ask for.
const (
	siteGroupsPage  = 50
	siteMembersPage = 50
	siteUsersPage   = 1000
)

// sitePermissions are what each endpoint needs, by Jira's names.
var sitePermissions = map[string]string{
	"list groups": "Browse users and groups", "list members": "Browse users and groups", "list people": "Browse users and groups",
	"list application roles": "Administer Jira", "create groups": "Site administration", "add members": "Site administration",
	"remove members": "Site administration", "invite people": "Administer Jira",
}

// NewSite makes a connection; it sends nothing yet.
func NewSite(config SiteConfig) (*Site, error) {
	address, err := remote.CheckURL(config.URL)
	if err != nil {
		return nil, err
	}
	if config.Host == "" {
		config.Host = address.Host
	}
	client, err := remote.New(remote.Config{
		Name: config.Host, BaseURL: config.URL, Start: startRate, Explain: explainJira, Permissions: sitePermissions, Log: config.Log,
		Authorize: func(req *http.Request) error {
			req.SetBasicAuth(config.Email, config.Token)
			return nil
		},
		KeyAdvice:  lang.L("Make an API token at id.atlassian.com under Security › API tokens with the account of a site admin, and give that account's e-mail address."),
		RoleAdvice: lang.L("The account must be a site admin: a member of the group site-admins."),
	})
	if err != nil {
		return nil, err
	}
	return &Site{remote: client, host: config.Host}, nil
}

// explainJira reads Jira's error body.
func explainJira(body []byte) string {
	var answer struct {
		Messages []string          `json:"errorMessages"`
		Errors   map[string]string `json:"errors"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return ""
	}
	for _, text := range answer.Errors {
		answer.Messages = append(answer.Messages, text)
	}
	return strings.TrimSuffix(strings.Join(answer.Messages, "; "), ".")
}

// Host names the site.
func (s *Site) Host() string { return s.host }

// Count gives the number of requests so far.
func (s *Site) Count() remote.Count { return s.remote.Count() }

// Check says whether reading the site will work, and gives the id of the account
// that the token belongs to.
func (s *Site) Check(ctx context.Context) (account string, err error) {
	var me siteUser
	if err := s.get(ctx, lang.Mark("ask who I am"), jira+"/myself", nil, &me); err != nil {
		return "", err
	}
	var answer struct {
		Permissions map[string]struct {
			Have bool `json:"havePermission"`
		} `json:"permissions"`
	}
	ask := url.Values{"permissions": {"ADMINISTER,USER_PICKER"}}
	if err := s.get(ctx, lang.Mark("ask what I may"), jira+"/mypermissions", ask, &answer); err != nil {
		return "", err
	}
	for _, needed := range []struct{ key, name string }{{"USER_PICKER", "Browse users and groups"}, {"ADMINISTER", "Administer Jira"}} {
		if !answer.Permissions[needed.key].Have {
			return "", problem.New(problem.Forbidden, lang.L("%s of %s lacks the global permission %s.", me.Name, s.host, needed.name),
				lang.L("Use the API token of a site admin: a member of the group site-admins."))
		}
	}
	return me.ID, nil
}

func (s *Site) get(ctx context.Context, endpoint, path string, query url.Values, into any) error {
	_, err := s.remote.Do(ctx, remote.Call{Method: http.MethodGet, Path: path, Query: query, Endpoint: endpoint, Into: into})
	return err
}

// siteUser is a person as Jira tells them. An address may be hidden by the
// person's privacy setting.
type siteUser struct {
	ID     string  `json:"accountId"`
	Kind   string  `json:"accountType"`
	Name   string  `json:"displayName"`
	Email  *string `json:"emailAddress"`
	Active bool    `json:"active"`
}

func (u *siteUser) account(site string) directory.Account {
	account := directory.Account{ID: u.ID, Name: u.Name, Kind: u.Kind, Status: directory.Active, Sites: []string{site}}
	if u.Email != nil {
		account.Email = *u.Email
	}
	if !u.Active {
		account.Status = directory.Deactivated
	}
	return account
}

type siteGroup struct {
	ID   string `json:"groupId"`
	Name string `json:"name"`
}

func (g *siteGroup) group(site string) directory.Group {
	return directory.Group{ID: g.ID, Name: g.Name, Site: site}
}

// listSite reads all pages of a list that counts its rows, side by side. each is
// called for one row at a time, in no order.
func listSite[Row any](ctx context.Context, s *Site, what, path string, query url.Values, limit int, id func(*Row) string, each func(*Row) error) error {
	var mu sync.Mutex
	seen, total := map[string]bool{}, 0
	err := remote.Indexed(ctx, limit, func(ctx context.Context, from, count int) (int, int, error) {
		var page struct {
			Values []Row `json:"values"`
			Total  int   `json:"total"`
		}
		ask := url.Values{"startAt": {strconv.Itoa(from)}, "maxResults": {strconv.Itoa(count)}}
		for key, values := range query {
			ask[key] = values
		}
		if err := s.get(ctx, "list "+what, jira+path, ask, &page); err != nil {
			return 0, 0, err
		}
		mu.Lock()
		defer mu.Unlock()
		total = page.Total
		for i := range page.Values {
			row := &page.Values[i]
			if id(row) == "" || seen[id(row)] {
				return 0, 0, remote.Incomplete(lang.L("%s on %s", lang.L(what), s.host), lang.L("a row was listed twice or without an id"))
			}
			seen[id(row)] = true
			if err := each(row); err != nil {
				return 0, 0, err
			}
		}
		return len(page.Values), page.Total, nil
	})
	if err == nil && len(seen) != total {
		return remote.Incomplete(lang.L("%s on %s", lang.L(what), s.host), remote.Miscounted("Jira", total, len(seen)))
	}
	return err
}

// groups lists groups: all, one by its id or name, or those with an access type.
func (s *Site) groups(ctx context.Context, query url.Values, each func(*siteGroup) error) error {
	return listSite(ctx, s, "groups", "/group/bulk", query, siteGroupsPage, func(g *siteGroup) string { return g.ID }, each)
}

// members lists everybody in a group, inactive people included.
func (s *Site) members(ctx context.Context, group string) ([]siteUser, error) {
	var members []siteUser
	query := url.Values{"groupId": {group}, "includeInactiveUsers": {"true"}}
	err := listSite(ctx, s, "members", "/group/member", query, siteMembersPage, func(u *siteUser) string { return u.ID }, func(u *siteUser) error {
		members = append(members, *u)
		return nil
	})
	return members, err
}

// people lists everybody that the site knows. Jira doesn't count them: the list
// ends with an empty page.
func (s *Site) people(ctx context.Context, each func(*siteUser) error) error {
	seen := map[string]bool{}
	for start := 0; ; {
		var page []siteUser
		ask := url.Values{"startAt": {strconv.Itoa(start)}, "maxResults": {strconv.Itoa(siteUsersPage)}}
		if err := s.get(ctx, lang.Mark("list people"), jira+"/users/search", ask, &page); err != nil {
			return err
		}
		for i := range page {
			if page[i].ID == "" || seen[page[i].ID] {
				return remote.Incomplete(lang.L("people on %s", s.host), lang.L("somebody was listed twice or without an id"))
			}
			seen[page[i].ID] = true
			if err := each(&page[i]); err != nil {
				return err
			}
		}
		if len(page) == 0 {
			return nil
		}
		start += len(page)
	}
}

// applicationRole is one Jira product on the site.
type applicationRole struct {
	Key       string      `json:"key"`
	Name      string      `json:"name"`
	Groups    []siteGroup `json:"groupDetails"`
	Defaults  []siteGroup `json:"defaultGroupsDetails"`
	Seats     int         `json:"numberOfSeats"`
	Used      int         `json:"userCount"`
	Unlimited bool        `json:"hasUnlimitedSeats"`
}

// applicationRoles lists the Jira products with the groups that give them.
func (s *Site) applicationRoles(ctx context.Context) ([]applicationRole, error) {
	var roles []applicationRole
	err := s.get(ctx, lang.Mark("list application roles"), jira+"/applicationrole", nil, &roles)
	return roles, err
}

// typeKeys are the kinds of products as the Organizations API names them, where
// Jira names them otherwise.
var typeKeys = map[string]string{"jira-servicedesk": "jira-service-management"}

func (r *applicationRole) product(site string) directory.Product {
	product := directory.Product{ID: r.resource(site), Key: r.Key, Name: r.Name, Site: site, Seats: r.Seats, Used: r.Used}
	if key, other := typeKeys[r.Key]; other {
		product.Key = key
	}
	if r.Unlimited || r.Seats < 0 {
		product.Seats = directory.UnknownSeats
	}
	return product
}

// resource names the product; Jira doesn't tell its resource identifier.
func (r *applicationRole) resource(site string) string { return "jira " + r.Key + " on " + site }

// siteResource names the site itself, which its admins administer.
func siteResource(site string) string { return "site " + site }

// userRole is what a group of an application role gives.
const userRole = directory.RolePrefix + "user"

// siteGrants gives what each group gives, by the group's id: products, and the
// administration of the site.
func (s *Site) siteGrants(ctx context.Context) (grants map[string][]directory.ResourceGrant, roles []applicationRole, err error) {
	if roles, err = s.applicationRoles(ctx); err != nil {
		return nil, nil, err
	}
	grants = map[string][]directory.ResourceGrant{}
	for i := range roles {
		isDefault := map[string]bool{}
		for _, group := range roles[i].Defaults {
			isDefault[group.ID] = true
		}
		for _, group := range roles[i].Groups {
			grants[group.ID] = append(grants[group.ID], directory.ResourceGrant{Resource: roles[i].resource(s.host), Role: userRole, Default: isDefault[group.ID]})
		}
	}
	admins := url.Values{"accessType": {"site-admin"}}
	err = s.groups(ctx, admins, func(group *siteGroup) error {
		grants[group.ID] = append(grants[group.ID], directory.ResourceGrant{Resource: siteResource(s.host), Role: directory.SiteAdmin})
		return nil
	})
	return grants, roles, err
}

// Close ends the connections that are kept for further requests.
func (s *Site) Close() error { return s.remote.Close() }
