// Package scim reads any SCIM 2.0 service provider (RFC 7643, RFC 7644).
package scim

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/time/rate"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/idp"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/remote"
	"github.com/rollcall-app/rollcall/app/remote/oauth"
	protocol "github.com/rollcall-app/rollcall/app/remote/scim"
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

func name() string { return lang.L("the SCIM server") }

func advice() string {
	return lang.L("Look in the identity provider for the credentials of its SCIM endpoint.")
}

// New makes a connection; it sends nothing yet.
func New(config Config) (*SCIM, error) {
	settings := remote.Config{
		Name: name(), BaseURL: config.URL, Explain: protocol.Explain, MediaType: protocol.MediaType,
		KeyAdvice: advice(), RoleAdvice: lang.L("The credentials need the right to read users and groups."), Start: config.Rate, Log: config.Log,
	}
	switch {
	case config.TokenURL != "":
		var scopes []string
		if config.Scope != "" {
			scopes = strings.Fields(config.Scope)
		}
		endpoint := oauth.Endpoint{Name: lang.L("The authorization server"), TokenURL: config.TokenURL, ClientID: config.ClientID, Scopes: scopes, Advice: advice()}
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
			return problem.New(problem.BadAnswer, lang.L("What answers at %s%s isn't a SCIM service provider.", s.url, path),
				lang.L("Give the base address of the SCIM endpoints; it mostly ends in /scim/v2."))
		}
	}
	return nil
}

// person takes the address that somebody vouches for, and the user name.
func person(row *protocol.User) directory.Person {
	person := directory.Person{ID: row.ID, Name: row.FullName(), Status: "active"}
	if !row.Enabled() {
		person.Status, person.Disabled = "inactive", true
	}
	idp.SetAddresses(&person, row.Address(), row.UserName)
	return person
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

// Everybody gives all people, from a list that is at most a minute old.
func (s *SCIM) Everybody(ctx context.Context) (map[string]directory.Person, error) {
	return s.roster.Get(ctx, s.people)
}

func (s *SCIM) people(ctx context.Context) ([]directory.Person, error) {
	var people []directory.Person
	err := s.eachPerson(ctx, func(person directory.Person) error {
		people = append(people, person)
		return nil
	})
	return people, err
}

func (s *SCIM) eachPerson(ctx context.Context, each func(directory.Person) error) error {
	return protocol.List(ctx, s.client, name(), "people", "/Users", func(row *protocol.User) string { return row.ID }, func(row *protocol.User) error {
		return each(person(row))
	})
}

// group reads one group with its members.
func (s *SCIM) group(ctx context.Context, id string) (groupRow, error) {
	var row groupRow
	_, err := s.client.Do(ctx, remote.Call{Method: http.MethodGet, Path: remote.Path("Groups", id), Endpoint: "read a group", Into: &row})
	if err == nil && row.ID == "" {
		err = remote.Incomplete(lang.L("a group in the SCIM server"), lang.L("the answer has no id"))
	}
	return row, err
}

// Person reads one person.
func (s *SCIM) Person(ctx context.Context, id string) (directory.Person, error) {
	var row protocol.User
	_, err := s.client.Do(ctx, remote.Call{Method: http.MethodGet, Path: remote.Path("Users", id), Endpoint: "read a person", Into: &row})
	if err == nil && row.ID != id {
		err = idp.Another(name())
	}
	return person(&row), err
}

// Close ends the connections that are kept for further requests.
func (s *SCIM) Close() error { return s.client.Close() }
