// Package entra reads a Microsoft Entra ID tenant through Microsoft Graph v1.0
// (https://learn.microsoft.com/graph/api/overview).
package entra

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/oauth2"
	"golang.org/x/time/rate"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/idp"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/remote"
	"github.com/rollcall-app/rollcall/app/remote/oauth"
)

// Where Microsoft Graph and the sign-in are in the public cloud; the national
// clouds have others.
const (
	DefaultURL      = "https://graph.microsoft.com"
	DefaultLoginURL = "https://login.microsoftonline.com"
)

// Config says how to reach a tenant.
type Config struct {
	// URL and LoginURL stand for the public cloud's; empty means those.
	URL, LoginURL string
	// Tenant is the tenant's id or one of its domains.
	Tenant string
	// ClientID is the application's.
	ClientID string
	// Secret is a client secret; or
	Secret string
	// SignedIn is what a person's sign-in left behind; Keep stores it when
	// Entra hands out another.
	SignedIn oauth.SignedIn
	Keep     func(context.Context, oauth.SignedIn) error
	// App limits the scope to the groups assigned to this enterprise
	// application (the object id of its service principal); empty for all.
	App string
	// Rate is how many units a second are taken, by all endpoints together; zero
	// for what Graph publishes for a tenant of that size.
	Rate rate.Limit
	// Log receives a debug line a request.
	Log *slog.Logger
}

func (c *Config) complete() {
	if c.URL == "" {
		c.URL = DefaultURL
	}
	if c.LoginURL == "" {
		c.LoginURL = DefaultLoginURL
	}
	c.URL, c.LoginURL = strings.TrimRight(c.URL, "/"), strings.TrimRight(c.LoginURL, "/")
}

// Entra is a connection to one tenant. It implements idp.Provider and
// idp.Writer.
type Entra struct {
	client *remote.Client
	url    string
	tenant string
	app    string
	// sized says that the rate goes by the tenant's size.
	sized  bool
	roster idp.Roster
}

// page is how many rows one request may ask for.
const page = 999

// What an application may take of a tenant, in units a second, by the tenant's
// size: up to 50 people, up to 500, more
// (https://learn.microsoft.com/graph/throttling-limits).
const (
	smallTenant  rate.Limit = 350
	mediumTenant rate.Limit = 500
	largeTenant  rate.Limit = 800
)

// rateFor is what a tenant of so many people permits.
func rateFor(people int) rate.Limit {
	switch {
	case people < 50:
		return smallTenant
	case people <= 500:
		return mediumTenant
	}
	return largeTenant
}

// membersCost is what one list of members takes: five units, and one less as the
// fields are named. Other reads take one.
const membersCost = 4

const version = "/v1.0"

// permissions are what each endpoint needs, by Graph's names.
var permissions = map[string]string{
	"list groups": "Group.Read.All", "read a group": "Group.Read.All", "read a person": "User.Read.All", "list changed groups": "Group.Read.All",
	"list members": "GroupMember.Read.All", "list people": "User.Read.All", "list changed people": "User.Read.All",
	"list the app's groups": "Application.Read.All",
	"add a member":          "GroupMember.ReadWrite.All", "remove a member": "GroupMember.ReadWrite.All", "rename a group": "Group.ReadWrite.All",
}

func advice() string {
	return lang.L("Look at the app registration in the Entra admin center: the tenant, the application (client) id, the value (not the id) of the client secret and its expiry, and under API permissions what an administrator has consented to.")
}

// New makes a connection; it sends nothing yet.
func New(config Config) (*Entra, error) {
	config.complete()
	tokens, err := config.tokens()
	if err != nil {
		return nil, err
	}
	start := config.Rate
	if start == 0 {
		start = smallTenant
	}
	client, err := remote.New(remote.Config{
		Name: "Entra", BaseURL: config.URL, Authorize: tokens.Authorize, Renew: tokens.Renew, Explain: explain,
		KeyAdvice: advice(), Permissions: permissions,
		RoleAdvice: lang.L("Add it to the app registration under API permissions, as an application permission (delegated where a person signs in), and grant admin consent."),
		Start:      start, MostCost: batchSize * membersCost, OneRate: true, Log: config.Log,
	})
	if err != nil {
		return nil, err
	}
	return &Entra{client: client, url: config.URL, tenant: config.Tenant, app: config.App, sized: config.Rate == 0}, nil
}

func (c *Config) endpoint() oauth.Endpoint {
	return oauth.Endpoint{
		Name: "Entra", TokenURL: c.LoginURL + remote.Path(c.Tenant, "oauth2", "v2.0", "token"), ClientID: c.ClientID, Advice: advice(),
		Scopes: []string{c.URL + "/.default"},
	}
}

func (c *Config) tokens() (*oauth.Tokens, error) {
	if c.Tenant == "" || c.ClientID == "" {
		return nil, problem.New(problem.Usage, lang.L("The tenant or the application's client id is missing."), lang.L("Take both from the app registration's overview in the Entra admin center."))
	}
	if c.Secret != "" {
		return oauth.ClientSecret(c.endpoint(), c.Secret)
	}
	endpoint := c.endpoint()
	endpoint.Scopes = c.delegated()
	return oauth.Refresh(endpoint, c.SignedIn, c.Keep)
}

func (c *Config) delegated() []string {
	return append([]string{"offline_access"}, c.endpoint().Scopes...)
}

// SignIn is how a person signs in instead of a client secret.
func SignIn(config Config) oauth.SignIn {
	config.complete()
	endpoint := config.endpoint()
	endpoint.Scopes = config.delegated()
	base := config.LoginURL + remote.Path(config.Tenant, "oauth2", "v2.0")
	return oauth.SignIn{
		Endpoint: endpoint, AuthURL: base + "/authorize", DeviceURL: base + "/devicecode",
		// Entra takes any port on localhost, and on 127.0.0.1 only a
		// registered one.
		RedirectHost: "localhost", Params: []oauth2.AuthCodeOption{oauth2.SetAuthURLParam("prompt", "select_account")},
	}
}

// explain reads Graph's error body.
func explain(body []byte) string {
	var answer struct {
		Error struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	if json.Unmarshal(body, &answer) != nil || answer.Error.Code == "" {
		return ""
	}
	return strings.TrimSuffix(answer.Error.Message, ".") + ", " + answer.Error.Code
}

// Title gives "Microsoft Entra ID".
func (e *Entra) Title() string { return "Microsoft Entra ID" }

// Count gives the number of requests so far.
func (e *Entra) Count() remote.Count { return e.client.Count() }

// Check reads one group, one person and, where the scope is an app, what is
// assigned to it.
func (e *Entra) Check(ctx context.Context) error {
	for endpoint, path := range map[string]string{"list groups": "/groups", "list people": "/users"} {
		var answer struct{ Value []json.RawMessage }
		query := url.Values{"$top": {"1"}, "$select": {"id"}}
		if _, err := e.client.Do(ctx, remote.Call{Method: http.MethodGet, Path: version + path, Query: query, Endpoint: endpoint, Into: &answer}); err != nil {
			return err
		}
	}
	if e.app == "" {
		return nil
	}
	_, err := e.assigned(ctx)
	return err
}

// assigned gives the ids of the groups assigned to the enterprise application.
func (e *Entra) assigned(ctx context.Context) (map[string]bool, error) {
	ids := map[string]bool{}
	err := list(ctx, e, lang.Mark("the app's groups"), remote.Path("servicePrincipals", e.app, "appRoleAssignedTo"), nil, func(row *struct {
		Principal string `json:"principalId"`
		Type      string `json:"principalType"`
	}) error {
		if row.Type == "Group" {
			ids[row.Principal] = true
		}
		return nil
	})
	if remote.Status(err) == http.StatusNotFound {
		return nil, problem.Wrap(err, problem.NotFound, lang.L("Entra knows no enterprise application with the object id “%s”.", e.app),
			lang.L("Open the Atlassian app under Enterprise applications in the Entra admin center and take its Object ID (not the application id)."))
	}
	return ids, err
}

type groupRow struct {
	ID      string   `json:"id"`
	Name    string   `json:"displayName"`
	Types   []string `json:"groupTypes"`
	Removed *struct {
		Reason string `json:"reason"`
	} `json:"@removed"`
}

const (
	groupFields = "id,displayName,securityEnabled,mailEnabled,groupTypes"
	// deltaFields are those whose changes are told.
	deltaFields = "displayName,groupTypes,members"
)

func (g *groupRow) source() directory.SourceGroup {
	group := directory.SourceGroup{ID: g.ID, Name: g.Name}
	if slices.Contains(g.Types, "DynamicMembership") {
		group.ReadOnly = lang.L("it is a dynamic group, whose rule decides who is in it")
	}
	return group
}

// memberRow is a user, or a group within a group.
type memberRow struct {
	Kind      string   `json:"@odata.type"`
	ID        string   `json:"id"`
	Name      *string  `json:"displayName"`
	Mail      *string  `json:"mail"`
	Principal *string  `json:"userPrincipalName"`
	Enabled   *bool    `json:"accountEnabled"`
	Proxies   []string `json:"proxyAddresses"`
	Removed   *struct {
		Reason string `json:"reason"`
	} `json:"@removed"`
}

const userFields = "id,displayName,mail,userPrincipalName,accountEnabled,proxyAddresses"

// unreadable says that Graph gave the row's id and nothing else: what it does
// where reading isn't permitted.
func (m *memberRow) unreadable() bool { return m.Principal == nil || m.Enabled == nil }

// person takes the mail address, the user principal name and the proxy
// addresses, all of which Entra vouches for.
func (m *memberRow) person() directory.Person {
	person := directory.Person{ID: m.ID, Name: text(m.Name), Status: "enabled"}
	if m.Enabled != nil && !*m.Enabled {
		person.Status, person.Disabled = "disabled", true
	}
	addresses := []string{text(m.Mail), text(m.Principal)}
	for _, proxy := range m.Proxies {
		if kind, address, ok := strings.Cut(proxy, ":"); ok && strings.EqualFold(kind, "smtp") {
			addresses = append(addresses, address)
		}
	}
	idp.SetAddresses(&person, addresses...)
	return person
}

func text(value *string) string {
	if value == nil {
		return ""
	}
	return *value
}

// answer is the shape of every list.
type answer[Row any] struct {
	Value []Row  `json:"value"`
	Next  string `json:"@odata.nextLink"`
	Delta string `json:"@odata.deltaLink"`
}

// list reads all pages of a list, row by row.
func list[Row any](ctx context.Context, e *Entra, what, path string, query url.Values, each func(*Row) error) error {
	if query == nil {
		query = url.Values{}
	}
	query.Set("$top", fmt.Sprint(page))
	_, err := follow(ctx, e, what, version+path+"?"+query.Encode(), each)
	return err
}

// follow reads from an address on, page by page, and gives the delta link at
// the end, if there is one. Links are followed only to where the credentials
// belong.
func follow[Row any](ctx context.Context, e *Entra, what, from string, each func(*Row) error) (delta string, err error) {
	err = remote.Pages(ctx, lang.L("%s in Entra", lang.L(what)), func(ctx context.Context, link string) (string, error) {
		if link == "" {
			link = from
		}
		path, query, err := e.client.Relative(link)
		if err != nil {
			return "", err
		}
		var page answer[Row]
		if _, err := e.client.Do(ctx, remote.Call{Method: http.MethodGet, Path: path, Query: query, Endpoint: "list " + what, Into: &page}); err != nil {
			return "", err
		}
		if page.Value == nil {
			return "", remote.Incomplete(lang.L("%s in Entra", lang.L(what)), lang.L("an answer holds no list"))
		}
		for i := range page.Value {
			if err := each(&page.Value[i]); err != nil {
				return "", err
			}
		}
		delta = page.Delta
		return page.Next, nil
	})
	return delta, err
}

// Now reads one group with its members, those of nested groups included.
func (e *Entra) Now(ctx context.Context, group string) (idp.GroupNow, error) {
	var row groupRow
	_, err := e.client.Do(ctx, remote.Call{
		Method: http.MethodGet, Path: version + remote.Path("groups", group), Query: url.Values{"$select": {groupFields}}, Endpoint: "read a group", Into: &row,
	})
	if err != nil {
		return idp.GroupNow{}, err
	}
	now := idp.GroupNow{Group: row.source()}
	members := newMembership()
	_, err = follow(ctx, e, "members", version+membersPath(group), members.add)
	now.Members, now.Group.Mark, now.Group.Unreadable = members.people, members.mark(), members.unreadable
	return now, err
}

// membersPath asks for the members of a group and of the groups in it. There is
// no OData cast: it would need an index that lags.
func membersPath(group string) string {
	return remote.Path("groups", group, "transitiveMembers") + "?" + url.Values{"$select": {userFields}, "$top": {fmt.Sprint(page)}}.Encode()
}

// Person reads one person (GET /users/{id}).
func (e *Entra) Person(ctx context.Context, id string) (directory.Person, error) {
	var row memberRow
	_, err := e.client.Do(ctx, remote.Call{
		Method: http.MethodGet, Path: version + remote.Path("users", id), Query: url.Values{"$select": {userFields}}, Endpoint: "read a person", Into: &row,
	})
	switch {
	case err != nil:
		return directory.Person{}, err
	case row.ID != id:
		return directory.Person{}, idp.Another("Entra")
	case row.unreadable():
		return directory.Person{}, remote.Incomplete(lang.L("a person in Entra"), lang.L("the credentials may not read it"))
	}
	return row.person(), nil
}

// Everybody gives all people, from a list that is at most a minute old.
func (e *Entra) Everybody(ctx context.Context) (map[string]directory.Person, error) {
	return e.roster.Get(ctx, func(ctx context.Context) (people []directory.Person, err error) {
		err = list(ctx, e, "people", "/users", url.Values{"$select": {userFields}}, func(row *memberRow) error {
			if row.unreadable() {
				return remote.Incomplete(lang.L("%s in Entra", lang.L("people")), lang.L("somebody was listed without their name; grant User.Read.All"))
			}
			people = append(people, row.person())
			return nil
		})
		return people, err
	})
}

// Close ends the connections that are kept for further requests.
func (e *Entra) Close() error { return e.client.Close() }
