package app_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/simulator"
)

// specs is where the vendors' OpenAPI files stand, beside the project.
const specs = "../../shared/specs/"

// contract holds requests and answers against an OpenAPI file.
type contract struct {
	router routers.Router
	mu     sync.Mutex
	seen   map[string]int // requests by operation
	faults []string
}

func newContract(t *testing.T, file, base string) *contract {
	t.Helper()
	if _, err := os.Stat(specs + file); err != nil {
		t.Skipf("the vendor's OpenAPI file isn't here: %v", err)
	}
	document, err := openapi3.NewLoader().LoadFromFile(specs + file)
	require.NoError(t, err)
	document.Servers = openapi3.Servers{{URL: base}}
	router, err := gorillamux.NewRouter(document)
	require.NoError(t, err)
	return &contract{router: router, seen: map[string]int{}}
}

func (c *contract) fault(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults = append(c.faults, fmt.Sprintf(format, args...))
}

// wrap checks what passes through.
func (c *contract) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		route, parameters, err := c.router.FindRoute(r)
		if err != nil {
			c.fault("%s %s isn't in the vendor's API: %v", r.Method, r.URL.Path, err)
			next.ServeHTTP(w, r)
			return
		}
		c.mu.Lock()
		c.seen[r.Method+" "+route.Path]++
		c.mu.Unlock()
		// Atlassian's provisioning file calls what creating requires read-only.
		options := &openapi3filter.Options{ExcludeReadOnlyValidations: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true, MultiError: true}
		request := &openapi3filter.RequestValidationInput{Request: r, PathParams: parameters, Route: route, Options: options}
		if err := openapi3filter.ValidateRequest(r.Context(), request); err != nil {
			c.fault("request %s %s %s: %v", r.Method, r.URL, body, err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		recorder := httptest.NewRecorder()
		next.ServeHTTP(recorder, r)
		response := &openapi3filter.ResponseValidationInput{
			RequestValidationInput: request, Status: recorder.Code, Header: recorder.Header(), Options: options,
			Body: io.NopCloser(bytes.NewReader(recorder.Body.Bytes())),
		}
		// Okta's file leaves out 401, which the documentation has.
		described := route.Operation.Responses.Status(recorder.Code) != nil || recorder.Code < 400
		if recorder.Body.Len() > 0 && described {
			if err := openapi3filter.ValidateResponse(r.Context(), response); err != nil {
				c.fault("answer to %s %s: %d %.300s: %v", r.Method, r.URL, recorder.Code, recorder.Body, err)
			}
		}
		for name, values := range recorder.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(recorder.Code)
		_, _ = w.Write(recorder.Body.Bytes())
	})
}

func (c *contract) check(t *testing.T, operations ...string) {
	t.Helper()
	require.Empty(t, c.faults)
	for _, operation := range operations {
		require.Positive(t, c.seen[operation], "%s was never asked", operation)
	}
}

// The whole job, fetch and sync of everything, keeps to the vendors' own
// descriptions: what we send, and what the simulator answers.
func TestClientAndSimulatorKeepToTheVendorsContracts(t *testing.T) {
	okta := newContract(t, "okta-groups-users.json", "/")
	atlassian := newContract(t, "atlassian-organizations.json", "/admin")
	company := simulator.Sample(3, 40, 400)
	s := start(t, simulator.Options{Company: company, Rate: 100_000, Wrap: func(side string, next http.Handler) http.Handler {
		if side == "idp" {
			return okta.wrap(next)
		}
		return atlassian.wrap(next)
	}})
	s.connect(t, app.IdPSettings{App: company.App})
	r := s.fetch(t)
	_, keep, keepOut := contested(t, r)
	require.NoError(t, s.app.Answer(r, keep, keepOut, app.RenameAnswer(r, found(t, r, keep.Name), "of another name")))
	s.carryOut(t)
	s.sync(t, plan.Overrides{plan.EmptyGroup: {""}, plan.GroupRemovals: {""}})

	// The other ways of reading, and what is refused.
	s.connect(t, app.IdPSettings{})
	require.Error(t, s.app.CheckIdP(context.Background(), app.IdPSettings{Provider: "okta", URL: s.simulation.IdPURL}, "wrong"))
	_, err := s.app.CheckAtlassian(context.Background(), app.AtlassianSettings{URL: s.simulation.AtlassianURL, Org: company.Org}, "wrong")
	require.Error(t, err)

	okta.check(t, "GET /api/v1/groups", "GET /api/v1/groups/{groupId}", "GET /api/v1/groups/{groupId}/users", "GET /api/v1/users", "GET /api/v1/apps/{appId}/groups",
		"GET /api/v1/groups/{groupId}/apps", "PUT /api/v1/groups/{groupId}/users/{userId}", "DELETE /api/v1/groups/{groupId}/users/{userId}", "PUT /api/v1/groups/{groupId}")
	const directory = "/v2/orgs/{orgId}/directories/{directoryId}"
	atlassian.check(t, "GET /v1/orgs", "GET /v2/orgs/{orgId}/directories", "POST /v2/orgs/{orgId}/workspaces",
		"POST "+directory+"/groups/search", "GET "+directory+"/groups/{groupId}/role-assignments",
		"POST "+directory+"/users/search", "GET "+directory+"/users/count", "GET "+directory+"/users/{accountId}/role-assignments",
		"POST "+directory+"/groups", "POST "+directory+"/groups/{groupId}/memberships",
		"DELETE "+directory+"/groups/{groupId}/memberships/{accountId}", "POST /v2/orgs/{orgId}/users/invite")
}

// The same under original user management, for what each site is asked.
func TestSitesKeepToTheVendorsContract(t *testing.T) {
	jira := newContract(t, "jira-cloud-groups.json", "/")
	company := simulator.Sample(3, 30, 300)
	s := start(t, simulator.Options{Company: company, Original: true, Wrap: func(side string, next http.Handler) http.Handler {
		if side == "site" {
			return jira.wrap(next)
		}
		return next
	}})
	s.connectSites(t)
	s.fetch(t)
	s.sync(t, plan.Overrides{plan.UnknownAccess: {""}, plan.EmptyGroup: {""}, plan.GroupRemovals: {""}})
	jira.check(t, "GET /rest/api/3/myself", "GET /rest/api/3/mypermissions", "GET /rest/api/3/users/search", "GET /rest/api/3/group/bulk",
		"GET /rest/api/3/group/member", "GET /rest/api/3/applicationrole", "POST /rest/api/3/group", "POST /rest/api/3/user",
		"POST /rest/api/3/group/user", "DELETE /rest/api/3/group/user")
}

// The same for the provisioning directory, and the operations as RFC 7644 names
// them, which Atlassian's file writes with a small letter.
func TestTheProvisioningDirectoryKeepsToTheVendorsContract(t *testing.T) {
	directory := newContract(t, "atlassian-user-provisioning.json", "/")
	company := simulator.Sample(3, 30, 300)
	s := start(t, simulator.Options{Company: company, Wrap: func(_ string, next http.Handler) http.Handler {
		checked := directory.wrap(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !strings.HasPrefix(r.URL.Path, "/scim/directory/") {
				next.ServeHTTP(w, r)
				return
			}
			if r.Method == http.MethodPatch {
				body, _ := io.ReadAll(r.Body)
				r.Body = io.NopCloser(bytes.NewReader(body))
				if !bytes.Contains(body, []byte(`"Operations"`)) {
					directory.fault("no Operations in %s", body)
				}
			}
			checked.ServeHTTP(w, r)
		})
	}})
	s.connect(t, app.IdPSettings{})
	s.connectProvisioning(t)
	s.fetch(t)
	s.sync(t, everyGuard)
	_, err := s.app.ConnectProvisioning(context.Background(), app.ProvisioningSettings{URL: s.simulation.ProvisioningURL()}, "wrong")
	require.Error(t, err)
	const base = "/scim/directory/{directoryId}/Users"
	directory.check(t, "GET "+base, "POST "+base, "GET "+base+"/{userId}", "PATCH "+base+"/{userId}")
}
