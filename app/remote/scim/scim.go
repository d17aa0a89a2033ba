// Package scim is what SCIM 2.0 (RFC 7643, RFC 7644) gives to both sides: its
// users, lists and errors.
package scim

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/rollcall-app/rollcall/app/remote"
)

// MediaType is what SCIM sends and asks for.
const MediaType = "application/scim+json"

// page is how many rows are asked for; a provider may give fewer.
const page = 100

// Explain reads the error body of RFC 7644, section 3.12, and gives its sentence,
// or "".
func Explain(body []byte) string {
	var answer struct {
		Detail string `json:"detail"`
		Type   string `json:"scimType"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return ""
	}
	return strings.TrimSuffix(strings.Join(strings.Fields(answer.Detail+" "+answer.Type), " "), ".")
}

// User is a resource of the type User, as far as Rollcall uses it.
type User struct {
	ID       string  `json:"id,omitempty"`
	External string  `json:"externalId,omitempty"`
	UserName string  `json:"userName"`
	Display  string  `json:"displayName,omitempty"`
	Name     Name    `json:"name"`
	Active   *Flag   `json:"active,omitempty"`
	Emails   []Email `json:"emails,omitempty"`
}

// Name is the parts of a user's name.
type Name struct {
	Formatted string `json:"formatted,omitempty"`
	Given     string `json:"givenName,omitempty"`
	Family    string `json:"familyName,omitempty"`
}

// Email is one of a user's addresses.
type Email struct {
	Value   string `json:"value"`
	Type    string `json:"type,omitempty"`
	Primary Flag   `json:"primary,omitempty"`
}

// Flag is a boolean, which some servers write as a string.
type Flag bool

// UnmarshalJSON takes true, "true" and "True".
func (f *Flag) UnmarshalJSON(text []byte) error {
	value, err := strconv.ParseBool(strings.ToLower(strings.Trim(string(text), `"`)))
	if err != nil {
		return fmt.Errorf("not a boolean: %s", text)
	}
	*f = Flag(value)
	return nil
}

// Enabled says whether the user is active; a server that doesn't say means so.
func (u *User) Enabled() bool { return u.Active == nil || bool(*u.Active) }

// FullName is the displayed name, else the formatted one, else its parts.
func (u *User) FullName() string {
	for _, name := range []string{u.Display, u.Name.Formatted, u.Name.Given + " " + u.Name.Family} {
		if name = strings.TrimSpace(name); name != "" {
			return name
		}
	}
	return ""
}

// Address is the primary address, else the one for work, else the only one.
// Other addresses, such as one at home, nobody vouches for.
func (u *User) Address() string {
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

// List reads all rows of a list from a server that people call name, however few
// a page holds. Without a total it ends at the first empty page. what is listed
// and id tells the rows apart: one that comes twice, and a number of rows that
// isn't the server's total, make the read incomplete.
func List[Row any](ctx context.Context, client *remote.Client, name, what, path string, id func(*Row) string, each func(*Row) error) error {
	seen := map[string]bool{}
	for {
		var answer struct {
			Total     *int  `json:"totalResults"`
			Resources []Row `json:"Resources"`
		}
		query := url.Values{"startIndex": {strconv.Itoa(len(seen) + 1)}, "count": {strconv.Itoa(page)}}
		if _, err := client.Do(ctx, remote.Call{Method: http.MethodGet, Path: path, Query: query, Endpoint: "list " + what, Into: &answer}); err != nil {
			return err
		}
		for i := range answer.Resources {
			row := &answer.Resources[i]
			if id(row) == "" || seen[id(row)] {
				return remote.Incomplete(what+" in "+name, "a row was listed twice or without an id")
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
			return remote.Incomplete(what+" in "+name, fmt.Sprintf("%d were listed where it counts %d", len(seen), *answer.Total))
		case len(answer.Resources) == 0:
			return nil
		}
	}
}
