// Package scim reads any SCIM 2.0 service provider (RFC 7643, RFC 7644).
package scim

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/time/rate"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/idp"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/remote"
	"github.com/rollcall-app/rollcall/app/remote/oauth"
)

// Config says how to reach a service provider.
type Config struct {
	// URL is the base of its endpoints: https://idp.example/scim/v2.
	URL string
	// Token is a bearer token; or
	Token string
	// User and Password are for basic authentication; or
	User, Password string
	// TokenURL, ClientID, ClientSecret and Scope get tokens by OAuth client
	// credentials.
	TokenURL, ClientID, ClientSecret, Scope string
	// Rate is how many requests a second each endpoint is sent before it asks
	// to slow down; zero for 10.
	Rate rate.Limit
	// Log receives a debug line a request.
	Log *slog.Logger
}

// SCIM is a connection to one service provider. It implements idp.Provider and
// idp.Writer.
type SCIM struct {
	client *remote.Client
	url    string
	roster idp.Roster
}

// page is how many rows are asked for; a provider may give fewer.
const page = 100

const (
	mediaType = "application/scim+json"
	advice    = "Look in the identity provider for the credentials of its SCIM endpoint."
)

// New makes a connection; it sends nothing yet.
func New(config Config) (*SCIM, error) {
	settings := remote.Config{
		Name: "the SCIM server", BaseURL: config.URL, Explain: explain, MediaType: mediaType,
		KeyAdvice: advice, RoleAdvice: "The credentials need the right to read users and groups.", Start: config.Rate, Log: config.Log,
	}
	switch {
	case config.TokenURL != "":
		var scopes []string
		if config.Scope != "" {
			scopes = strings.Fields(config.Scope)
		}
		endpoint := oauth.Endpoint{Name: "The authorization server", TokenURL: config.TokenURL, ClientID: config.ClientID, Scopes: scopes, Advice: advice}
		tokens, err := oauth.ClientSecret(endpoint, config.ClientSecret)
		if err != nil {
			return nil, err
		}
		settings.Authorize, settings.Renew = tokens.Authorize, tokens.Renew
	case config.User != "":
		settings.Authorize = func(req *http.Request) error {
			req.SetBasicAuth(config.User, config.Password)
			return nil
		}
	default:
		settings.Authorize = func(req *http.Request) error {
			req.Header.Set("Authorization", "Bearer "+config.Token)
			return nil
		}
	}
	client, err := remote.New(settings)
	if err != nil {
		return nil, err
	}
	return &SCIM{client: client, url: config.URL}, nil
}

// explain reads the error body of RFC 7644, section 3.12.
func explain(body []byte) string {
	var answer struct {
		Detail string `json:"detail"`
		Type   string `json:"scimType"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return ""
	}
	return strings.TrimSuffix(strings.Join(strings.Fields(answer.Detail+" "+answer.Type), " "), ".")
}

// Title gives "SCIM".
func (s *SCIM) Title() string { return "SCIM 2.0" }

// Count gives the number of requests so far.
func (s *SCIM) Count() remote.Count { return s.client.Count() }

// Check reads one person and one group.
func (s *SCIM) Check(ctx context.Context) error {
	for endpoint, path := range map[string]string{"list people": "/Users", "list groups": "/Groups"} {
		var answer struct {
			Resources *[]json.RawMessage `json:"Resources"`
			Total     *int               `json:"totalResults"`
		}
		query := url.Values{"startIndex": {"1"}, "count": {"1"}}
		if _, err := s.client.Do(ctx, remote.Call{Method: http.MethodGet, Path: path, Query: query, Endpoint: endpoint, Into: &answer}); err != nil {
			return err
		}
		if answer.Resources == nil && answer.Total == nil {
			return problem.New(problem.BadAnswer, fmt.Sprintf("What answers at %s%s isn't a SCIM service provider.", s.url, path),
				"Give the base address of the SCIM endpoints; it mostly ends in /scim/v2.")
		}
	}
	return nil
}

type userRow struct {
	ID       string `json:"id"`
	UserName string `json:"userName"`
	Display  string `json:"displayName"`
	Name     struct {
		Formatted string `json:"formatted"`
		Given     string `json:"givenName"`
		Family    string `json:"familyName"`
	} `json:"name"`
	Active *flag `json:"active"`
	Emails []struct {
		Value   string `json:"value"`
		Type    string `json:"type"`
		Primary flag   `json:"primary"`
	} `json:"emails"`
}

// flag is a boolean, which some servers write as a string.
type flag bool

// UnmarshalJSON takes true, "true" and "True".
func (f *flag) UnmarshalJSON(text []byte) error {
	value, err := strconv.ParseBool(strings.ToLower(strings.Trim(string(text), `"`)))
	if err != nil {
		return fmt.Errorf("not a boolean: %s", text)
	}
	*f = flag(value)
	return nil
}

// person takes the primary address, else the one for work, else the only one,
// and the user name. Other addresses, such as one at home, nobody vouches for.
func (u *userRow) person() directory.Person {
	person := directory.Person{ID: u.ID, Name: u.Display, Status: "active"}
	for _, name := range []string{u.Name.Formatted, u.Name.Given + " " + u.Name.Family} {
		if person.Name == "" {
			person.Name = strings.TrimSpace(name)
		}
	}
	if u.Active != nil && !bool(*u.Active) {
		person.Status, person.Disabled = "inactive", true
	}
	idp.SetAddresses(&person, u.address(), u.UserName)
	return person
}

func (u *userRow) address() string {
	for _, email := range u.Emails {
		if email.Primary {
			return email.Value
		}
	}
	for _, email := range u.Emails {
		if strings.EqualFold(email.Type, "work") {
			return email.Value
		}
	}
	if len(u.Emails) == 1 {
		return u.Emails[0].Value
	}
	return ""
}

type groupRow struct {
	ID      string       `json:"id"`
	Name    string       `json:"displayName"`
	Members *[]memberRow `json:"members"`
}

type memberRow struct {
	Value string `json:"value"`
	Type  string `json:"type"`
	Ref   string `json:"$ref"`
}

// group says whether the member is a group; known tells the ids of groups.
func (m *memberRow) group(known func(string) bool) bool {
	if m.Type != "" {
		return strings.EqualFold(m.Type, "Group")
	}
	return strings.Contains(m.Ref, "/Groups/") || known(m.Value)
}

func (g *groupRow) source() directory.SourceGroup {
	return directory.SourceGroup{ID: g.ID, Name: g.Name}
}

// list reads all rows of a list, however few a page holds. Without a total it
// ends at the first empty page.
func list[Row any](ctx context.Context, s *SCIM, what, path string, id func(*Row) string, each func(*Row) error) error {
	seen := map[string]bool{}
	for {
		var answer struct {
			Total     *int  `json:"totalResults"`
			Resources []Row `json:"Resources"`
		}
		query := url.Values{"startIndex": {strconv.Itoa(len(seen) + 1)}, "count": {strconv.Itoa(page)}}
		if _, err := s.client.Do(ctx, remote.Call{Method: http.MethodGet, Path: path, Query: query, Endpoint: "list " + what, Into: &answer}); err != nil {
			return err
		}
		for i := range answer.Resources {
			row := &answer.Resources[i]
			if id(row) == "" || seen[id(row)] {
				return remote.Incomplete(what+" in the SCIM server", "a row was listed twice or without an id")
			}
			seen[id(row)] = true
			if err := each(row); err != nil {
				return err
			}
		}
		switch {
		case answer.Total != nil && len(seen) == *answer.Total:
			return nil
		case answer.Total != nil && (len(seen) > *answer.Total || len(answer.Resources) == 0):
			return remote.Incomplete(what+" in the SCIM server", fmt.Sprintf("%d were listed where it counts %d", len(seen), *answer.Total))
		case len(answer.Resources) == 0:
			return nil
		}
	}
}

func (s *SCIM) people(ctx context.Context) ([]directory.Person, error) {
	var people []directory.Person
	err := list(ctx, s, "people", "/Users", func(row *userRow) string { return row.ID }, func(row *userRow) error {
		people = append(people, row.person())
		return nil
	})
	return people, err
}

// group reads one group with its members.
func (s *SCIM) group(ctx context.Context, id string) (groupRow, error) {
	var row groupRow
	_, err := s.client.Do(ctx, remote.Call{Method: http.MethodGet, Path: remote.Path("Groups", id), Endpoint: "read a group", Into: &row})
	if err == nil && row.ID == "" {
		err = remote.Incomplete("a group in the SCIM server", "the answer has no id")
	}
	return row, err
}
