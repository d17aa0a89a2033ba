// Package atlassian reads and writes an Atlassian organization with centralized
// user management, through the Organizations REST API
// (https://developer.atlassian.com/cloud/admin/organization/rest/).
package atlassian

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/remote"
)

// DefaultURL is where Atlassian's cloud APIs are.
const DefaultURL = "https://api.atlassian.com"

// Config says how to reach an organization.
type Config struct {
	// URL stands for https://api.atlassian.com; empty means that.
	URL string
	// Org is the organization's id.
	Org string
	// Key is an organization API key of an organization admin.
	Key string
	// Log receives a debug line a request.
	Log *slog.Logger
}

// Client is a connection to one organization. It is safe for concurrent use.
type Client struct {
	remote *remote.Client
	org    string

	mu    sync.Mutex
	known []string // the directories, once they were read
}

// everyDirectory stands for all directories that the key may manage.
const everyDirectory = "-"

// startRate is assumed where Atlassian publishes no rate and sends no headers.
const startRate = 5

// New makes a connection; it sends nothing yet.
func New(config Config) (*Client, error) {
	if config.URL == "" {
		config.URL = DefaultURL
	}
	client, err := remote.New(remote.Config{
		Name:    "Atlassian",
		BaseURL: config.URL,
		Authorize: func(req *http.Request) error {
			req.Header.Set("Authorization", "Bearer "+config.Key)
			return nil
		},
		Start:      startRate,
		Explain:    explain,
		KeyAdvice:  lang.L("Create an organization API key without scopes at admin.atlassian.com under Settings › API keys, and connect again."),
		RoleAdvice: lang.L("The key must belong to an organization admin, and have been created without scopes."),
		Log:        config.Log,
	})
	if err != nil {
		return nil, err
	}
	return &Client{remote: client, org: config.Org}, nil
}

// explain reads Atlassian's error bodies: a list of errors, one error, or the
// gateway's.
func explain(body []byte) string {
	type one struct {
		Code   any    `json:"code"`
		Title  string `json:"title"`
		Detail string `json:"detail"`
		Text   string `json:"message"`
	}
	var answer struct {
		one
		Errors []one `json:"errors"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return ""
	}
	if len(answer.Errors) > 0 {
		answer.one = answer.Errors[0]
	}
	for _, sentence := range []string{answer.Detail, answer.Title, answer.Text} {
		if sentence != "" {
			return strings.TrimSuffix(sentence, ".")
		}
	}
	return ""
}

// Count gives the number of requests so far.
func (c *Client) Count() remote.Count { return c.remote.Count() }

// Organization is one that the key belongs to.
type Organization struct{ ID, Name string }

// Organizations lists the organizations of the key (GET /v1/orgs).
func (c *Client) Organizations(ctx context.Context) ([]Organization, error) {
	var orgs []Organization
	err := remote.Pages(ctx, lang.L("organizations in Atlassian"), func(ctx context.Context, cursor string) (string, error) {
		var page struct {
			Data []struct {
				ID         string `json:"id"`
				Attributes struct {
					Name string `json:"name"`
				} `json:"attributes"`
			} `json:"data"`
			Links links `json:"links"`
		}
		query := url.Values{}
		if cursor != "" {
			query.Set("cursor", cursor)
		}
		_, err := c.remote.Do(ctx, remote.Call{
			Method: http.MethodGet, Path: "/admin/v1/orgs", Query: query, Endpoint: "list organizations", Into: &page,
		})
		for _, row := range page.Data {
			orgs = append(orgs, Organization{row.ID, row.Attributes.Name})
		}
		return page.Links.cursor(), err
	})
	return orgs, err
}

// Check makes the least requests that show whether reading will work, and gives
// the organization's name.
func (c *Client) Check(ctx context.Context) (Organization, error) {
	org, err := c.organization(ctx)
	if err != nil {
		return Organization{}, err
	}
	_, err = c.directories(ctx)
	return org, err
}

// organization finds the configured organization among those of the key.
func (c *Client) organization(ctx context.Context) (Organization, error) {
	orgs, err := c.Organizations(ctx)
	if err != nil {
		return Organization{}, err
	}
	var names []string
	for _, org := range orgs {
		if org.ID == c.org {
			return org, nil
		}
		names = append(names, fmt.Sprintf("%s (%s)", org.Name, org.ID))
	}
	action := lang.L("Take the id from the address of admin.atlassian.com: the part after /o/.")
	if len(names) > 0 {
		action = lang.L("The key belongs to %s.", strings.Join(names, ", "))
	}
	return Organization{}, problem.New(problem.NotFound, lang.L("The key doesn't belong to an organization with the id “%s”.", c.org), action)
}

// links are the paging links of an answer. In v1 next is a URL, in v2 a bare
// cursor; either is accepted.
type links struct {
	Next string `json:"next"`
}

func (l links) cursor() string {
	if parsed, err := url.Parse(l.Next); err == nil && parsed.Query().Get("cursor") != "" {
		return parsed.Query().Get("cursor")
	}
	return l.Next
}

// page is the shape of every v2 list.
type page[Row any] struct {
	Data  []Row `json:"data"`
	Links links `json:"links"`
}

// get reads all pages of a v2 list by GET.
func get[Row any](ctx context.Context, c *Client, what, path string, each func(*Row) error) error {
	return remote.Pages(ctx, lang.L("%s in Atlassian", lang.L(what)), func(ctx context.Context, cursor string) (string, error) {
		query := url.Values{"limit": {"100"}}
		if cursor != "" {
			query.Set("cursor", cursor)
		}
		var answer page[Row]
		_, err := c.remote.Do(ctx, remote.Call{Method: http.MethodGet, Path: path, Query: query, Endpoint: "list " + what, Into: &answer})
		return rows(answer, err, each)
	})
}

// post reads all pages of a v2 list by POST; ask gives the body for a cursor.
func post[Row any](ctx context.Context, c *Client, what, path string, ask func(cursor string) any, each func(*Row) error) error {
	return remote.Pages(ctx, lang.L("%s in Atlassian", lang.L(what)), func(ctx context.Context, cursor string) (string, error) {
		var answer page[Row]
		_, err := c.remote.Do(ctx, remote.Call{
			Method: http.MethodPost, Path: path, Body: ask(cursor), Endpoint: "list " + what, Repeatable: true, Into: &answer,
		})
		return rows(answer, err, each)
	})
}

func rows[Row any](answer page[Row], err error, each func(*Row) error) (next string, _ error) {
	if err != nil {
		return "", err
	}
	if answer.Data == nil {
		return "", problem.New(problem.BadAnswer, lang.L("Atlassian answered without the list that was asked for."), lang.L("Try again later; nothing was stored."))
	}
	for i := range answer.Data {
		if err := each(&answer.Data[i]); err != nil {
			return "", err
		}
	}
	return answer.Links.cursor(), nil
}

// in gives a path below a directory of the organization.
func (c *Client) in(directory string, parts ...string) string {
	return remote.Path(append([]string{"admin", "v2", "orgs", c.org, "directories", directory}, parts...)...)
}

// directories lists the ids of the organization's directories, which are read
// once.
func (c *Client) directories(ctx context.Context) ([]string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known != nil {
		return c.known, nil
	}
	var ids []string
	path := remote.Path("admin", "v2", "orgs", c.org, "directories")
	err := get(ctx, c, "directories", path, func(row *struct {
		ID string `json:"directoryId"`
	}) error {
		ids = append(ids, row.ID)
		return nil
	})
	if err == nil {
		c.known = ids
	}
	return ids, err
}

type groupRow struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Directory string `json:"directoryId"`
	Synced    *bool  `json:"externalSynced"`
	Access    *struct {
		Modifiable *bool `json:"modifiable"`
	} `json:"managementAccess"`
	Counts struct {
		Users     *int `json:"users"`
		Resources *int `json:"resources"`
	} `json:"counts"`
}

func (g *groupRow) group() directory.Group {
	group := directory.Group{ID: groupID(g.ID), Name: g.Name, Directory: g.Directory}
	if g.Synced != nil {
		group.Synced = directory.ManagedNo
		if *g.Synced {
			group.Synced = directory.ManagedYes
		}
	}
	group.Locked = g.Access != nil && g.Access.Modifiable != nil && !*g.Access.Modifiable
	return group
}

// groupID takes the bare id out of ari:cloud:identity::group/<id>.
func groupID(id string) string {
	return strings.TrimPrefix(id, "ari:cloud:identity::group/")
}

// groupFilter is the body of groups/search.
type groupFilter struct {
	IDs    []string `json:"groupIds,omitempty"`
	Names  []string `json:"groupNames,omitempty"`
	Expand []string `json:"expand,omitempty"`
	Limit  int      `json:"limit"`
	Cursor string   `json:"cursor,omitempty"`
}

// searchGroups reads the groups that a filter lets through, with their counts.
func (c *Client) searchGroups(ctx context.Context, filter groupFilter, each func(*groupRow) error) error {
	filter.Limit, filter.Expand = 100, []string{"counts.users", "counts.resources"}
	return post(ctx, c, "groups", c.in(everyDirectory, "groups", "search"), func(cursor string) any {
		filter.Cursor = cursor
		return filter
	}, each)
}

type userRow struct {
	ID               string   `json:"accountId"`
	Name             string   `json:"name"`
	Email            string   `json:"email"`
	AccountType      string   `json:"accountType"`
	AccountStatus    string   `json:"accountStatus"`
	MembershipStatus string   `json:"membershipStatus"`
	Status           string   `json:"status"`
	ClaimStatus      string   `json:"claimStatus"`
	PlatformRoles    []string `json:"platformRoles"`
	ProductAccess    []struct {
		ID         string `json:"id"`
		LastActive string `json:"lastActiveTimestamp"`
	} `json:"productAccess"`
	Groups []struct {
		ID string `json:"id"`
	} `json:"groups"`
}

func (u *userRow) account() directory.Account {
	account := directory.Account{
		ID: u.ID, Name: u.Name, Email: u.Email, Kind: u.AccountType, Status: directory.AccountStatus(u.Status), OrgRoles: u.PlatformRoles,
	}
	if account.Kind == "" {
		account.Kind = directory.PersonKind
	}
	account.Claimed = map[string]directory.Managed{"managed": directory.ManagedYes, "unmanaged": directory.ManagedNo}[u.ClaimStatus]
	switch {
	case u.AccountStatus == "closed":
		account.Status = directory.Closed
	case u.Status == "" && u.AccountStatus == "inactive":
		account.Status = directory.Deactivated
	case u.Status == "" && u.MembershipStatus == "suspended":
		account.Status = directory.Suspended
	case u.Status == "":
		account.Status = directory.Active
	}
	return account
}

// userFilter is the body of users/search. Every status is asked for: whether
// suspended and deactivated people come without asking isn't documented.
type userFilter struct {
	Groups           []string `json:"groupIds,omitempty"`
	Accounts         []string `json:"accountIds,omitempty"`
	Emails           []string `json:"emails,omitempty"`
	Roles            []string `json:"roleIds,omitempty"`
	AccountStatus    []string `json:"accountStatus"`
	MembershipStatus []string `json:"membershipStatus"`
	Expand           []string `json:"expand,omitempty"`
	Limit            int      `json:"limit"`
	Cursor           string   `json:"cursor,omitempty"`
}

// searchUsers reads the accounts that a filter lets through.
func (c *Client) searchUsers(ctx context.Context, filter userFilter, each func(*userRow) error) error {
	filter.Limit = usersPage
	filter.AccountStatus = []string{"active", "inactive", "closed"}
	filter.MembershipStatus = []string{"active", "suspended", "no_membership"}
	seen := map[string]bool{}
	return post(ctx, c, "people", c.in(everyDirectory, "users", "search"), func(cursor string) any {
		filter.Cursor = cursor
		return filter
	}, func(row *userRow) error {
		if row.ID == "" || seen[row.ID] {
			return remote.Incomplete(lang.L("people in Atlassian"), lang.L("an account was listed twice or without an id"))
		}
		seen[row.ID] = true
		return each(row)
	})
}

// Close ends the connections that are kept for further requests.
func (c *Client) Close() error { return c.remote.Close() }
