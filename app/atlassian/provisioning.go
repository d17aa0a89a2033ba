package atlassian

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/remote"
	"github.com/rollcall-app/rollcall/app/remote/scim"
)

// ProvisioningConfig says how to reach a provisioning directory.
type ProvisioningConfig struct {
	// URL is the SCIM base URL that Atlassian shows beside the key:
	// https://api.atlassian.com/scim/directory/{directory}.
	URL string
	// Key is the directory's API key, not the organization's.
	Key string
	// Log receives a debug line a request.
	Log *slog.Logger
}

// Provisioning is a connection to one provisioning directory through the User
// provisioning REST API
// (https://developer.atlassian.com/cloud/admin/user-provisioning/rest/). It only
// touches people: groups are never written there, because deleting one deletes
// the Atlassian group with all that it gives. It is safe for concurrent use.
type Provisioning struct {
	remote *remote.Client
	url    string
}

func provisioningName() string { return lang.L("the provisioning directory") }

// NewProvisioning makes a connection; it sends nothing yet.
func NewProvisioning(config ProvisioningConfig) (*Provisioning, error) {
	config.URL = strings.TrimRight(strings.TrimSpace(config.URL), "/")
	if !strings.Contains(config.URL, "/scim/directory/") {
		return nil, problem.New(problem.Usage, lang.L("“%s” is not the SCIM base URL of a provisioning directory.", config.URL),
			lang.L("Take it from admin.atlassian.com under Security › Identity providers › the directory; it is https://api.atlassian.com/scim/directory/ and the directory's id."))
	}
	advice := lang.L("Make a new SCIM key at admin.atlassian.com under Security › Identity providers › the directory, and connect again. It isn't the organization's API key.")
	client, err := remote.New(remote.Config{
		Name: provisioningName(), BaseURL: config.URL, MediaType: scim.MediaType, Explain: explainProvisioning,
		Authorize: func(req *http.Request) error {
			req.Header.Set("Authorization", "Bearer "+config.Key)
			return nil
		},
		Start: startRate, KeyAdvice: advice, RoleAdvice: advice, Log: config.Log,
	})
	if err != nil {
		return nil, err
	}
	return &Provisioning{remote: client, url: config.URL}, nil
}

// explainProvisioning reads the directory's error bodies: SCIM's own, or the
// gateway's.
func explainProvisioning(body []byte) string {
	if sentence := scim.Explain(body); sentence != "" {
		return sentence
	}
	return explain(body)
}

// Count gives the number of requests so far.
func (p *Provisioning) Count() remote.Count { return p.remote.Count() }

// Check reads one person of the directory.
func (p *Provisioning) Check(ctx context.Context) error {
	var answer struct {
		Total *int `json:"totalResults"`
	}
	_, err := p.remote.Do(ctx, remote.Call{
		Method: http.MethodGet, Path: "/Users", Query: url.Values{"startIndex": {"1"}, "count": {"1"}}, Endpoint: "list people", Into: &answer,
	})
	if err == nil && answer.Total == nil {
		err = problem.New(problem.BadAnswer, lang.L("What answers at %s isn't a provisioning directory.", p.url),
			lang.L("Take the SCIM base URL from admin.atlassian.com under Security › Identity providers › the directory."))
	}
	return err
}

// account is the extension by which Atlassian tells the account of a person; the
// schema's version differs between its documentation and clients.
type account struct {
	ID string `json:"atlassianAccountId"`
}

type provisionedRow struct {
	scim.User
	Account *account `json:"urn:scim:schemas:extension:atlassian-external:1.0"`
	Newer   *account `json:"urn:scim:schemas:extension:atlassian-external:1.1"`
}

func (r *provisionedRow) provisioned() directory.Provisioned {
	person := directory.Provisioned{ID: r.ID, External: r.External, Name: r.FullName(), Active: r.Enabled()}
	for _, of := range []*account{r.Account, r.Newer} {
		if of != nil && person.Account == "" {
			person.Account = of.ID
		}
	}
	for _, address := range []string{r.Address(), r.UserName} {
		if strings.Contains(address, "@") && !slices.Contains(person.Addresses, address) {
			person.Addresses = append(person.Addresses, address)
		}
	}
	return person
}

// Read lists everybody in the directory (GET /Users).
func (p *Provisioning) Read(ctx context.Context) (*directory.Provisioning, error) {
	read := &directory.Provisioning{URL: p.url}
	err := scim.List(ctx, p.remote, provisioningName(), "people", "/Users", func(row *provisionedRow) string { return row.ID }, func(row *provisionedRow) error {
		read.People = append(read.People, row.provisioned())
		return nil
	})
	if err != nil {
		return nil, err
	}
	return read, nil
}

// Person reads one person of the directory by the directory's id.
func (p *Provisioning) Person(ctx context.Context, id string) (directory.Provisioned, error) {
	return p.one(ctx, remote.Call{Method: http.MethodGet, Path: remote.Path("Users", id), Endpoint: "read a person"}, id)
}

// Named finds the person with a user name, which is unique in the directory; ok
// is false where there is none.
func (p *Provisioning) Named(ctx context.Context, name string) (person directory.Provisioned, ok bool, err error) {
	var answer struct {
		Resources []provisionedRow `json:"Resources"`
	}
	filter := fmt.Sprintf("userName eq %q", name)
	_, err = p.remote.Do(ctx, remote.Call{Method: http.MethodGet, Path: "/Users", Query: url.Values{"filter": {filter}}, Endpoint: "find a person", Into: &answer})
	for i := range answer.Resources {
		if directory.FoldAddress(answer.Resources[i].UserName) == directory.FoldAddress(name) { // servers differ in what a filter lets through
			return answer.Resources[i].provisioned(), true, err
		}
	}
	return directory.Provisioned{}, false, err
}

// Create makes somebody's account, or gives them the one that they have
// elsewhere at Atlassian (POST /Users). Status 409 means that the directory has
// the user name already, 400 that it doesn't take the address: its domain must
// be verified.
func (p *Provisioning) Create(ctx context.Context, person directory.Person) (directory.Provisioned, error) {
	active := scim.Flag(true)
	return p.one(ctx, remote.Call{Method: http.MethodPost, Path: "/Users", Endpoint: "create people", Body: struct {
		Schemas []string `json:"schemas"`
		scim.User
	}{
		[]string{"urn:ietf:params:scim:schemas:core:2.0:User"},
		scim.User{
			External: person.ID, UserName: person.Email, Display: person.Name, Name: scim.Name{Formatted: person.Name}, Active: &active,
			Emails: []scim.Email{{Value: person.Email, Type: "work", Primary: true}},
		},
	}}, "")
}

// Rename gives somebody another name (PATCH /Users/{id}).
func (p *Provisioning) Rename(ctx context.Context, id, name string) (directory.Provisioned, error) {
	return p.patch(ctx, id, lang.Mark("rename people"), operation{"replace", "displayName", name}, operation{"replace", "name.formatted", name})
}

// Deactivate ends somebody's use of their account, which stays (PATCH
// /Users/{id}).
func (p *Provisioning) Deactivate(ctx context.Context, id string) (directory.Provisioned, error) {
	return p.patch(ctx, id, lang.Mark("deactivate people"), operation{"replace", "active", false})
}

// Activate lets somebody use their account again (PATCH /Users/{id}).
func (p *Provisioning) Activate(ctx context.Context, id string) (directory.Provisioned, error) {
	return p.patch(ctx, id, lang.Mark("activate people"), operation{"replace", "active", true})
}

type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value"`
}

// patch sends operations. They are named with a capital letter, as RFC 7644 has
// it; Atlassian's own OpenAPI file writes it small.
func (p *Provisioning) patch(ctx context.Context, id, endpoint string, operations ...operation) (directory.Provisioned, error) {
	return p.one(ctx, remote.Call{Method: http.MethodPatch, Path: remote.Path("Users", id), Endpoint: endpoint, Body: map[string]any{
		"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"}, "Operations": operations,
	}}, id)
}

// one sends a call that is answered with a person: the one of the id, unless that
// is empty.
func (p *Provisioning) one(ctx context.Context, call remote.Call, id string) (directory.Provisioned, error) {
	var row provisionedRow
	call.Into = &row
	_, err := p.remote.Do(ctx, call)
	if err == nil && (row.ID == "" || id != "" && row.ID != id) {
		err = remote.Incomplete(lang.L("a person in %s", provisioningName()), lang.L("the answer is about another one"))
	}
	return row.provisioned(), err
}

// Close ends the connections that are kept for further requests.
func (p *Provisioning) Close() error { return p.remote.Close() }
