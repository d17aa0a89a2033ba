// Package okta reads an Okta organization through the Okta Management API
// (https://developer.okta.com/docs/api/openapi/okta-management/management/).
package okta

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/idp"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/remote"
	"github.com/rollcall-app/rollcall/app/remote/oauth"
)

// Config says how to reach an Okta organization.
type Config struct {
	// URL is the organization's address: https://acme.okta.com.
	URL string
	// Token is an API token (SSWS); or
	Token string
	// ClientID is that of a service app, whose private key Key is (PEM or JWK;
	// KeyID names it where the key doesn't).
	ClientID, Key, KeyID string
	// App limits the scope to the groups assigned to this application, or with
	// Pushed to those that group push pushes to it; empty for all groups.
	App    string
	Pushed bool
	// Log receives a debug line a request.
	Log *slog.Logger
}

// Okta is a connection to one organization. It implements idp.Provider and
// idp.Writer.
type Okta struct {
	client *remote.Client
	url    string
	app    string
	pushed bool
	roster idp.Roster
}

// The most rows that one request may ask for.
const (
	groupsPage  = 200 // with expand=stats
	membersPage = 1000
	usersPage   = 200
	appPage     = 200
	pushPage    = 100
	rulesPage   = 200
)

// deprovisioned is the status of who has left, as directory.Person has it.
const deprovisioned = "deprovisioned"

// builtIn is the type of Okta's own groups, such as Everyone.
const builtIn = "BUILT_IN"

// scopes are what each endpoint needs of an OAuth app.
var scopes = map[string]string{
	"list groups": "okta.groups.read", "read a group": "okta.groups.read", "list members": "okta.groups.read",
	"list group rules": "okta.groups.read",
	"list people":      "okta.users.read", "read a person": "okta.users.read", "list a person's groups": "okta.users.read",
	"list the app's groups": "okta.apps.read", "list the app's pushed groups": "okta.apps.read",
	"add a member": "okta.groups.manage", "remove a member": "okta.groups.manage", "rename a group": "okta.groups.manage",
}

// New makes a connection; it sends nothing yet.
func New(config Config) (*Okta, error) {
	settings := remote.Config{
		Name:    "Okta",
		BaseURL: config.URL,
		Explain: explain,
		Log:     config.Log,
	}
	if _, err := remote.CheckURL(config.URL); err != nil {
		return nil, err
	}
	if config.ClientID == "" {
		settings.Authorize = func(req *http.Request) error {
			req.Header.Set("Authorization", "SSWS "+config.Token)
			return nil
		}
		settings.KeyAdvice = lang.L("Make a new API token in the Okta admin console under Security › API › Tokens, and connect again.")
		settings.RoleAdvice = lang.L("The token has the rights of who made it: that person needs at least the Read-only Administrator role to read, and Group Administrator to change members.")
	} else if err := serviceApp(config, &settings); err != nil {
		return nil, err
	}
	client, err := remote.New(settings)
	if err != nil {
		return nil, err
	}
	return &Okta{client: client, url: config.URL, app: config.App, pushed: config.Pushed}, nil
}

// serviceApp signs in as a service app: client credentials with private_key_jwt,
// every request proven by DPoP, as new apps demand
// (https://developer.okta.com/docs/guides/implement-oauth-for-okta-serviceapp/).
func serviceApp(config Config, settings *remote.Config) error {
	proof, err := oauth.NewProof()
	if err != nil {
		return err
	}
	client := remote.NewHTTPClient()
	client.Transport = proof.Transport(client.Transport)
	endpoint := oauth.Endpoint{
		Name: "Okta", TokenURL: strings.TrimRight(config.URL, "/") + "/oauth2/v1/token", ClientID: config.ClientID, Client: client,
		Scopes: []string{"okta.groups.read", "okta.users.read"},
		Advice: lang.L("Look at the service app in the Okta admin console under Applications: its client id, its public key, and the scopes granted under Okta API Scopes."),
	}
	if config.App != "" {
		endpoint.Scopes = append(endpoint.Scopes, "okta.apps.read")
	}
	reading, err := oauth.PrivateKey(endpoint, config.Key, config.KeyID)
	if err != nil {
		return err
	}
	endpoint.Scopes = []string{"okta.groups.manage"}
	writing, err := oauth.PrivateKey(endpoint, config.Key, config.KeyID)
	if err != nil {
		return err
	}
	tokens := oauth.Pair{Reading: reading, Writing: writing}
	settings.Authorize, settings.Renew = tokens.Authorize, tokens.Renew
	settings.Transport = proof.Transport
	settings.Permissions = scopes
	settings.KeyAdvice = endpoint.Advice
	settings.RoleAdvice = lang.L("Grant the scope to the service app in the Okta admin console under Okta API Scopes, and give the app an admin role that covers it.")
	return nil
}

// source is what a read is a read of.
func (o *Okta) source() string { return fmt.Sprintf("okta %s %s %t", o.url, o.app, o.pushed) }

// explain reads Okta's error body.
func explain(body []byte) string {
	var answer struct {
		Code    string `json:"errorCode"`
		Summary string `json:"errorSummary"`
	}
	if json.Unmarshal(body, &answer) != nil || answer.Summary == "" {
		return ""
	}
	return strings.TrimSuffix(answer.Summary, ".") + ", " + answer.Code
}

// Title gives "Okta".
func (o *Okta) Title() string { return "Okta" }

// Count gives the number of requests so far.
func (o *Okta) Count() remote.Count { return o.client.Count() }

// errEnough ends a check that has seen enough.
var errEnough = errors.New("enough")

// Check reads one group, one user and, where the scope is an app, one of its
// groups.
func (o *Okta) Check(ctx context.Context) error {
	for _, call := range []struct{ what, path string }{{"list groups", "/api/v1/groups"}, {"list people", "/api/v1/users"}} {
		var rows []struct {
			ID string `json:"id"`
		}
		_, err := o.client.Do(ctx, remote.Call{
			Method: http.MethodGet, Path: call.path, Query: url.Values{"limit": {"1"}}, Endpoint: call.what, Into: &rows,
		})
		if err != nil {
			return err
		}
	}
	if o.app == "" {
		return nil
	}
	err := o.eachInScope(ctx, func(string) error { return errEnough })
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

func unknownApp(err error, app string) error {
	return problem.Wrap(err, problem.NotFound, lang.L("Okta knows no application with the id “%s”.", app),
		lang.L("Open the Atlassian app in Okta's admin console and take the id that begins with 0oa from its address."))
}

type groupRow struct {
	ID      string `json:"id"`
	Type    string `json:"type"`
	Changed string `json:"lastMembershipUpdated"`
	Profile struct {
		Name string `json:"name"`
	} `json:"profile"`
	Embedded struct {
		Stats *struct {
			Users int `json:"usersCount"`
		} `json:"stats"`
	} `json:"_embedded"`
}

// members is how many the group has by Okta's count, or -1 where it gives none.
func (g *groupRow) members() int {
	if g.Embedded.Stats == nil {
		return -1
	}
	return g.Embedded.Stats.Users
}

func (g *groupRow) source() directory.SourceGroup {
	group := directory.SourceGroup{ID: g.ID, Name: g.Profile.Name, Mark: g.Changed}
	switch g.Type {
	case "OKTA_GROUP":
	case builtIn:
		group.ReadOnly = lang.L("it is built in, and Okta decides who is in it")
	default:
		group.ReadOnly = lang.L("its members come from another application, so Okta doesn't let them be changed here")
	}
	return group
}

type userRow struct {
	ID      string `json:"id"`
	Status  string `json:"status"`
	Profile struct {
		First   string `json:"firstName"`
		Last    string `json:"lastName"`
		Display string `json:"displayName"`
		Login   string `json:"login"`
		Email   string `json:"email"`
	} `json:"profile"`
}

// person takes the address and the login, which Okta vouches for; never
// secondEmail, which is for recovery.
func (u *userRow) person() directory.Person {
	person := directory.Person{
		ID: u.ID, Name: u.Profile.Display, Email: u.Profile.Email, Status: strings.ToLower(u.Status),
		Disabled: u.Status == "SUSPENDED" || u.Status == "DEPROVISIONED", Paused: u.Status == "SUSPENDED",
	}
	if person.Name == "" {
		person.Name = strings.TrimSpace(u.Profile.First + " " + u.Profile.Last)
	}
	if directory.FoldAddress(u.Profile.Login) != directory.FoldAddress(u.Profile.Email) {
		person.Aliases = []string{u.Profile.Login}
	}
	return person
}

// list reads all pages of a list, row by row.
func list[Row any](ctx context.Context, o *Okta, what, path string, query url.Values, limit int, each func(*Row) error) error {
	_, err := listSince(ctx, o, what, path, query, limit, each)
	return err
}

// listSince is list, and gives the time by Okta's clock at which it began; zero
// where Okta didn't tell.
func listSince[Row any](ctx context.Context, o *Okta, what, path string, query url.Values, limit int, each func(*Row) error) (began time.Time, err error) {
	err = remote.Pages(ctx, lang.L("%s in Okta", lang.L(what)), func(ctx context.Context, cursor string) (string, error) {
		ask := url.Values{"limit": {strconv.Itoa(limit)}}
		for name, values := range query {
			ask[name] = values
		}
		if cursor != "" {
			ask.Set("after", cursor)
		}
		var rows []Row
		answer, err := o.client.Do(ctx, remote.Call{Method: http.MethodGet, Path: path, Query: ask, Endpoint: "list " + what, Into: &rows})
		if err != nil {
			return "", err
		}
		if cursor == "" {
			began, _ = time.Parse(http.TimeFormat, answer.Header.Get("Date"))
		}
		for i := range rows {
			if err := each(&rows[i]); err != nil {
				return "", err
			}
		}
		return nextCursor(what, answer.Header)
	})
	return began, err
}

// nextCursor takes the cursor out of the next link. The link's host isn't
// followed: the token goes where the person said, nowhere else.
func nextCursor(what string, header http.Header) (string, error) {
	next := remote.NextLink(header.Values("Link"))
	if next == "" {
		return "", nil
	}
	parsed, err := url.Parse(next)
	if err != nil || parsed.Query().Get("after") == "" {
		return "", remote.Incomplete(lang.L("%s in Okta", lang.L(what)), lang.L("the link to the next page can't be read"))
	}
	return parsed.Query().Get("after"), nil
}

// Now reads one group with its members.
func (o *Okta) Now(ctx context.Context, group string) (idp.GroupNow, error) {
	var row groupRow
	_, err := o.client.Do(ctx, remote.Call{
		Method: http.MethodGet, Path: remote.Path("api", "v1", "groups", group), Endpoint: "read a group", Into: &row,
	})
	if err != nil {
		return idp.GroupNow{}, err
	}
	people, err := o.members(ctx, group)
	return idp.GroupNow{Group: row.source(), Members: people}, err
}

// members reads who is in one group now.
func (o *Okta) members(ctx context.Context, group string) ([]directory.Person, error) {
	var people []directory.Person
	seen := map[string]bool{}
	err := list(ctx, o, "members", remote.Path("api", "v1", "groups", group, "users"), nil, membersPage, func(row *userRow) error {
		if row.ID == "" || seen[row.ID] {
			return remote.Incomplete(lang.L("members in Okta"), lang.L("a person was listed twice or without an id"))
		}
		seen[row.ID] = true
		people = append(people, row.person())
		return nil
	})
	return people, err
}

// Person reads one person (GET /api/v1/users/{id}), also one deprovisioned. The
// call takes logins, too: an answer about somebody else is an error.
func (o *Okta) Person(ctx context.Context, id string) (directory.Person, error) {
	var row userRow
	_, err := o.client.Do(ctx, remote.Call{Method: http.MethodGet, Path: remote.Path("api", "v1", "users", id), Endpoint: "read a person", Into: &row})
	if err == nil && row.ID != id {
		err = idp.Another("Okta")
	}
	return row.person(), err
}

// Everybody gives all people but the deprovisioned, from a list that is at most a
// minute old.
func (o *Okta) Everybody(ctx context.Context) (map[string]directory.Person, error) {
	return o.roster.Get(ctx, func(ctx context.Context) (people []directory.Person, err error) {
		err = list(ctx, o, "people", "/api/v1/users", nil, usersPage, func(row *userRow) error {
			people = append(people, row.person())
			return nil
		})
		return people, err
	})
}

// MayLeaveOut tells ids of people: GET /api/v1/users leaves out the
// deprovisioned.
func (o *Okta) MayLeaveOut(id string) bool { return len(id) == 20 && strings.HasPrefix(id, "00u") }

// Close ends the connections that are kept for further requests.
func (o *Okta) Close() error { return o.client.Close() }
