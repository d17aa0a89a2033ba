// Package okta reads an Okta organization through the Okta Management API
// (https://developer.okta.com/docs/api/openapi/okta-management/management/).
package okta

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/idp"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/remote"
)

// Config says how to reach an Okta organization.
type Config struct {
	// URL is the organization's address: https://acme.okta.com.
	URL string
	// Token is an API token (SSWS).
	Token string
	// App limits the scope to the groups assigned to this application; empty
	// for all groups.
	App string
	// Log receives a debug line a request.
	Log *slog.Logger
}

// Okta is a connection to one organization. It implements idp.Provider.
type Okta struct {
	client *remote.Client
	app    string
}

// The most rows that one request may ask for.
const (
	groupsPage  = 200 // with expand=stats
	membersPage = 1000
	usersPage   = 200
	appPage     = 200
)

// New makes a connection; it sends nothing yet.
func New(config Config) (*Okta, error) {
	client, err := remote.New(remote.Config{
		Name:    "Okta",
		BaseURL: config.URL,
		Authorize: func(req *http.Request) error {
			req.Header.Set("Authorization", "SSWS "+config.Token)
			return nil
		},
		Explain:    explain,
		KeyAdvice:  "Make a new API token in the Okta admin console under Security › API › Tokens, and connect again.",
		RoleAdvice: "The token has the rights of who made it: that administrator needs at least the read-only administrator role.",
		Log:        config.Log,
	})
	if err != nil {
		return nil, err
	}
	return &Okta{client: client, app: config.App}, nil
}

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

// Check reads one group, one user and, where the scope is an app, one of its
// groups.
func (o *Okta) Check(ctx context.Context) error {
	for _, call := range []struct{ what, path, limit string }{
		{"list groups", "/api/v1/groups", "1"},
		{"list people", "/api/v1/users", "1"},
		{"list the app's groups", remote.Path("api", "v1", "apps", o.app, "groups"), "20"},
	} {
		if o.app == "" && call.what == "list the app's groups" {
			continue
		}
		var rows []struct {
			ID string `json:"id"`
		}
		_, err := o.client.Do(ctx, remote.Call{
			Method: http.MethodGet, Path: call.path, Query: url.Values{"limit": {call.limit}}, Endpoint: call.what, Into: &rows,
		})
		if remote.Status(err) == http.StatusNotFound && call.what == "list the app's groups" {
			return unknownApp(err, o.app)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func unknownApp(err error, app string) error {
	return problem.Wrap(err, problem.NotFound, fmt.Sprintf("Okta knows no application with the id “%s”.", app),
		"Open the Atlassian app in Okta's admin console and take the id that begins with 0oa from its address.")
}

type groupRow struct {
	ID      string `json:"id"`
	Type    string `json:"type"`
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
	group := directory.SourceGroup{ID: g.ID, Name: g.Profile.Name}
	if g.Type != "OKTA_GROUP" {
		group.ReadOnly = "its members come from another application, so Okta doesn't let them be changed here"
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
		Disabled: u.Status == "SUSPENDED" || u.Status == "DEPROVISIONED",
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
	return remote.Pages(ctx, what+" in Okta", func(ctx context.Context, cursor string) (string, error) {
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
		for i := range rows {
			if err := each(&rows[i]); err != nil {
				return "", err
			}
		}
		return nextCursor(what, answer.Header)
	})
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
		return "", remote.Incomplete(what+" in Okta", "the link to the next page can't be read")
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
			return remote.Incomplete("members in Okta", "a person was listed twice or without an id")
		}
		seen[row.ID] = true
		people = append(people, row.person())
		return nil
	})
	return people, err
}
