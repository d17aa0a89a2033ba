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
	"sync"

	"github.com/rollcall-app/rollcall/app/lang"
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
// a page holds; the pages after the first side by side, where the server says how
// many rows there are. Without a total it ends at the first empty page. what is
// listed and id tells the rows apart: one that comes twice, and a number of rows
// that isn't the server's total, make the read incomplete. each is called for one
// row at a time, in no order.
func List[Row any](ctx context.Context, client *remote.Client, name, what, path string, id func(*Row) string, each func(*Row) error) error {
	l := &listing[Row]{client: client, name: name, what: what, path: path, id: id, each: each, seen: map[string]bool{}, total: -1}
	if err := remote.Indexed(ctx, page, l.page); err != nil {
		return err
	}
	if l.total >= 0 && len(l.seen) != l.total {
		return remote.Incomplete(lang.L("%s in %s", lang.L(what), name), remote.Miscounted(name, l.total, len(l.seen)))
	}
	return nil
}

// listing is one list being read.
type listing[Row any] struct {
	client           *remote.Client
	name, what, path string
	id               func(*Row) string
	each             func(*Row) error

	mu    sync.Mutex
	seen  map[string]bool
	total int // by the server, or -1 where it gives none
}

// page reads at most count rows from a place on, and gives how many came.
func (l *listing[Row]) page(ctx context.Context, from, count int) (n, total int, err error) {
	var answer struct {
		Total     *int  `json:"totalResults"`
		Resources []Row `json:"Resources"`
	}
	query := url.Values{"startIndex": {strconv.Itoa(from + 1)}, "count": {strconv.Itoa(count)}}
	if _, err := l.client.Do(ctx, remote.Call{Method: http.MethodGet, Path: l.path, Query: query, Endpoint: "list " + l.what, Into: &answer}); err != nil {
		return 0, 0, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case answer.Total != nil && l.total < 0 && len(l.seen) == 0:
		l.total = *answer.Total
	case answer.Total != nil && *answer.Total != l.total:
		return 0, 0, remote.Incomplete(lang.L("%s in %s", lang.L(l.what), l.name), lang.L("their number changed while they were listed"))
	}
	for i := range answer.Resources {
		row := &answer.Resources[i]
		if l.id(row) == "" || l.seen[l.id(row)] {
			return 0, 0, remote.Incomplete(lang.L("%s in %s", lang.L(l.what), l.name), lang.L("a row was listed twice or without an id"))
		}
		l.seen[l.id(row)] = true
		if err := l.each(row); err != nil {
			return 0, 0, err
		}
	}
	return len(answer.Resources), l.total, nil
}
