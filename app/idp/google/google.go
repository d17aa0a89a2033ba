// Package google reads a Google Workspace customer through the Admin SDK
// Directory API (https://developers.google.com/admin-sdk/directory/reference/rest).
package google

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
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

// DefaultURL is where the Directory API is.
const DefaultURL = "https://admin.googleapis.com"

// Config says how to reach a customer.
type Config struct {
	// URL stands for DefaultURL, LoginURL for Google's own sign-in; empty
	// means those.
	URL, LoginURL string
	// Account is the key file of a service account with domain-wide
	// delegation, and Admin the address of the administrator it acts for; or
	Account, Admin string
	// ClientID and SignedIn are the desktop client and what a person's
	// sign-in left behind; Keep stores it when Google hands out another.
	ClientID string
	SignedIn oauth.SignedIn
	Keep     func(context.Context, oauth.SignedIn) error
	// Rate is how many requests a second are sent, to all endpoints together,
	// before Google asks to slow down; zero for its own 40.
	Rate rate.Limit
	// Log receives a debug line a request.
	Log *slog.Logger
}

// Google is a connection to one customer. It implements idp.Provider and
// idp.Writer.
type Google struct {
	client *remote.Client
	url    string
	admin  string
	roster idp.Roster
}

// The most rows that one request may ask for.
const (
	groupsPage  = 200
	membersPage = 200
	usersPage   = 500
)

// startRate is Google's: 2,400 queries a minute for each user of a project.
const startRate = 40

const base = "/admin/directory/v1"

const scope = "https://www.googleapis.com/auth/admin.directory."

var (
	readScopes  = []string{scope + "group.readonly", scope + "group.member.readonly", scope + "user.readonly"}
	writeScopes = []string{scope + "group", scope + "group.member"}
)

// permissions are what each endpoint needs, by Google's names.
var permissions = map[string]string{
	"list groups": scope + "group.readonly", "read a group": scope + "group.readonly", "list members": scope + "group.member.readonly",
	"list people": scope + "user.readonly", "read a person": scope + "user.readonly",
	"add a member": scope + "group.member", "remove a member": scope + "group.member", "rename a group": scope + "group",
}

func accountAdvice() string {
	return lang.L("In the Google Admin console under Security › API controls › Domain-wide delegation, the service account's client id must have the scopes, and the administrator that it acts for must exist and may read groups and users.")
}

func clientAdvice() string {
	return lang.L("Sign in as an administrator who may read groups and users, and agree to the scopes asked for.")
}

// New makes a connection; it sends nothing yet.
func New(config Config) (*Google, error) {
	if config.URL == "" {
		config.URL = DefaultURL
	}
	if config.Rate == 0 {
		config.Rate = startRate
	}
	settings := remote.Config{
		Name: "Google", BaseURL: config.URL, Explain: explain, Throttled: throttled, Permissions: permissions,
		Start: config.Rate, OneRate: true, Log: config.Log,
	}
	if err := config.authorize(&settings); err != nil {
		return nil, err
	}
	client, err := remote.New(settings)
	if err != nil {
		return nil, err
	}
	return &Google{client: client, url: config.URL, admin: config.Admin}, nil
}

// authorize puts tokens on requests: those for reading have the scopes that
// permit no more.
func (c *Config) authorize(settings *remote.Config) error {
	if c.Account == "" {
		endpoint := c.endpoint()
		tokens, err := oauth.Refresh(endpoint, c.SignedIn, c.Keep)
		if err != nil {
			return err
		}
		settings.Authorize, settings.Renew = tokens.Authorize, tokens.Renew
		settings.KeyAdvice, settings.RoleAdvice = clientAdvice(), clientAdvice()
		return nil
	}
	account, err := oauth.ParseAccount(c.Account)
	if err != nil {
		return err
	}
	if c.Admin == "" {
		return problem.New(problem.Usage, lang.L("It isn't said for which administrator the service account acts."), lang.L("Give the e-mail address of an administrator of Google Workspace."))
	}
	reading, err := oauth.ServiceAccount(oauth.Endpoint{Name: "Google", Scopes: readScopes, Advice: accountAdvice(), TokenURL: account.TokenURL}, account, c.Admin)
	if err != nil {
		return err
	}
	writing, err := oauth.ServiceAccount(oauth.Endpoint{Name: "Google", Scopes: writeScopes, Advice: accountAdvice(), TokenURL: account.TokenURL}, account, c.Admin)
	if err != nil {
		return err
	}
	tokens := oauth.Pair{Reading: reading, Writing: writing}
	settings.Authorize, settings.Renew = tokens.Authorize, tokens.Renew
	settings.KeyAdvice, settings.RoleAdvice = accountAdvice(), accountAdvice()
	return nil
}

func (c *Config) endpoint() oauth.Endpoint {
	endpoint := oauth.Endpoint{Name: "Google", TokenURL: "https://oauth2.googleapis.com/token", ClientID: c.ClientID, Advice: clientAdvice()}
	if c.LoginURL != "" {
		endpoint.TokenURL = strings.TrimRight(c.LoginURL, "/") + "/token"
	}
	return endpoint
}

// SignIn is how a person signs in instead of a service account. clientSecret is
// that of the desktop client, which Google asks for though it is no secret.
func SignIn(config Config, clientSecret string) oauth.SignIn {
	endpoint := config.endpoint()
	endpoint.Scopes = slices.Concat(readScopes, writeScopes)
	in := oauth.SignIn{
		Endpoint: endpoint, ClientSecret: clientSecret, AuthURL: "https://accounts.google.com/o/oauth2/v2/auth",
		Params: []oauth2.AuthCodeOption{oauth2.AccessTypeOffline, oauth2.ApprovalForce},
	}
	if config.LoginURL != "" {
		in.AuthURL = strings.TrimRight(config.LoginURL, "/") + "/o/oauth2/v2/auth"
	}
	return in
}

// refusal is Google's error body.
type refusal struct {
	Error struct {
		Message string `json:"message"`
		Errors  []struct {
			Reason string `json:"reason"`
		} `json:"errors"`
	} `json:"error"`
}

func explain(body []byte) string {
	var answer refusal
	if json.Unmarshal(body, &answer) != nil || answer.Error.Message == "" {
		return ""
	}
	text := strings.TrimSuffix(answer.Error.Message, ".")
	if len(answer.Error.Errors) > 0 {
		text += ", " + answer.Error.Errors[0].Reason
	}
	return text
}

// throttled tells the 403 by which Google asks to slow down from one that denies.
func throttled(status int, body []byte) bool {
	var answer refusal
	if status != http.StatusForbidden || json.Unmarshal(body, &answer) != nil {
		return false
	}
	for _, e := range answer.Error.Errors {
		if slices.Contains([]string{"rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded"}, e.Reason) {
			return true
		}
	}
	return false
}

// Title gives "Google Workspace".
func (g *Google) Title() string { return "Google Workspace" }

// Count gives the number of requests so far.
func (g *Google) Count() remote.Count { return g.client.Count() }

// Check reads one group with one of its members, and one person.
func (g *Google) Check(ctx context.Context) error {
	for endpoint, path := range map[string]string{"list groups": "/groups", "list people": "/users"} {
		var answer struct {
			Groups []groupRow `json:"groups"`
		}
		query := url.Values{"customer": {customer}, "maxResults": {"1"}, "fields": {"groups(id)"}}
		if path == "/users" {
			query.Set("fields", "users(id)")
		}
		if _, err := g.client.Do(ctx, remote.Call{Method: http.MethodGet, Path: base + path, Query: query, Endpoint: endpoint, Into: &answer}); err != nil {
			return err
		}
		for _, group := range answer.Groups {
			query := url.Values{"maxResults": {"1"}, "fields": {"members(id)"}}
			_, err := g.client.Do(ctx, remote.Call{Method: http.MethodGet, Path: membersPath(group.ID), Query: query, Endpoint: "list members", Into: &struct{}{}})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// customer stands for the customer of whoever asks.
const customer = "my_customer"

type groupRow struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Count string `json:"directMembersCount"`
}

const groupFields = "id,name,directMembersCount"

func (r *groupRow) source() directory.SourceGroup {
	return directory.SourceGroup{ID: r.ID, Name: r.Name}
}

// members is how many the group has directly by Google's count, or -1.
func (r *groupRow) members() int {
	if n, err := strconv.Atoi(r.Count); err == nil {
		return n
	}
	return -1
}

type userRow struct {
	ID    string `json:"id"`
	Email string `json:"primaryEmail"`
	Name  struct {
		Full string `json:"fullName"`
	} `json:"name"`
	Aliases   []string `json:"aliases"`
	Suspended bool     `json:"suspended"`
	Archived  bool     `json:"archived"`
}

const userFields = "id,primaryEmail,name/fullName,aliases,suspended,archived"

// person takes the primary address and the aliases, which Google vouches for.
func (r *userRow) person() directory.Person {
	person := directory.Person{ID: r.ID, Name: r.Name.Full, Status: "active", Disabled: r.Suspended || r.Archived}
	if person.Disabled {
		person.Status = "suspended"
	}
	idp.SetAddresses(&person, append([]string{r.Email}, r.Aliases...)...)
	return person
}

type memberRow struct {
	ID     string `json:"id"`
	Email  string `json:"email"`
	Type   string `json:"type"`
	Status string `json:"status"`
}

const memberFields = "id,email,type,status"

// stranger is a member whom the list of people doesn't have: somebody of another
// organization.
func (r *memberRow) stranger() directory.Person {
	person := directory.Person{ID: r.ID, Name: r.Email, Status: strings.ToLower(r.Status), Disabled: r.Status == "SUSPENDED"}
	idp.SetAddresses(&person, r.Email)
	return person
}

func membersPath(group string) string { return base + remote.Path("groups", group, "members") }

// list reads all pages of a list, row by row; of each row only the named fields.
func list[Row any](ctx context.Context, g *Google, what, path, name, fields string, query url.Values, limit int, each func(*Row) error) error {
	return remote.Pages(ctx, lang.L("%s in Google", lang.L(what)), func(ctx context.Context, cursor string) (string, error) {
		ask := url.Values{"maxResults": {strconv.Itoa(limit)}, "fields": {fmt.Sprintf("nextPageToken,%s(%s)", name, fields)}}
		for key, values := range query {
			ask[key] = values
		}
		if cursor != "" {
			ask.Set("pageToken", cursor)
		}
		var answer map[string]json.RawMessage
		if _, err := g.client.Do(ctx, remote.Call{Method: http.MethodGet, Path: path, Query: ask, Endpoint: "list " + what, Into: &answer}); err != nil {
			return "", err
		}
		var next string
		var rows []Row
		for key, into := range map[string]any{"nextPageToken": &next, name: &rows} {
			if raw, there := answer[key]; there && json.Unmarshal(raw, into) != nil {
				return "", remote.Incomplete(lang.L("%s in Google", lang.L(what)), lang.L("an answer can't be read"))
			}
		}
		for i := range rows {
			if err := each(&rows[i]); err != nil {
				return "", err
			}
		}
		return next, nil
	})
}

// Person reads one person (GET /users/{id}).
func (g *Google) Person(ctx context.Context, id string) (directory.Person, error) {
	var row userRow
	_, err := g.client.Do(ctx, remote.Call{
		Method: http.MethodGet, Path: base + remote.Path("users", id), Query: url.Values{"fields": {userFields}}, Endpoint: "read a person", Into: &row,
	})
	if err == nil && row.ID != id {
		err = idp.Another("Google Workspace")
	}
	return row.person(), err
}

// Close ends the connections that are kept for further requests.
func (g *Google) Close() error { return g.client.Close() }
