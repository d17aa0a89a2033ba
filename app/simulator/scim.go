package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// SCIMTraits are liberties that SCIM servers take.
type SCIMTraits struct {
	// PageCap is the most rows in a page, whatever was asked for; 0 for 100.
	PageCap int
	// NoTotal leaves out totalResults, NoMembers leaves members out of lists.
	NoTotal, NoMembers bool
}

// scimServer answers as a SCIM 2.0 service provider does (RFC 7644).
type scimServer struct{ *source }

const scimBase = "/scim/v2"

func scimHandler(source *source) http.Handler {
	s := &scimServer{source}
	mux := http.NewServeMux()
	for pattern, serve := range map[string]http.HandlerFunc{
		"GET " + scimBase + "/ServiceProviderConfig": s.config,
		"GET " + scimBase + "/Users":                 s.listUsers,
		"GET " + scimBase + "/Users/{user}":          s.getUser,
		"GET " + scimBase + "/Groups":                s.listGroups,
		"GET " + scimBase + "/Groups/{group}":        s.getGroup,
		"PATCH " + scimBase + "/Groups/{group}":      s.patchGroup,
	} {
		mux.Handle(pattern, s.gate(pattern, serve))
	}
	mux.HandleFunc("POST /token", s.tokens.serve)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { scimError(w, http.StatusNotFound, "Not found.") })
	return mux
}

func scimConnection(_ *source, url string) (map[string]string, error) {
	return map[string]string{"url": url + scimBase, "secret": BearerToken, "sign-in": "bearer"}, nil
}

// gate takes the bearer token, basic authentication, or a token of the token
// endpoint.
func (s *scimServer) gate(endpoint string, next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		_, granted := s.tokens.bearer(r)
		if r.Header.Get("Authorization") != "Bearer "+BearerToken && (user != ClientID || password != ClientSecret) && !granted {
			scimError(w, http.StatusUnauthorized, "Authorization failure.")
			return
		}
		if _, ok := s.meter.take(endpoint); !ok {
			w.Header().Set("Retry-After", "1")
			scimError(w, http.StatusTooManyRequests, "Too many requests.")
			return
		}
		next(w, r)
	})
}

func writeSCIM(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/scim+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a client that has gone needs no answer
}

func scimError(w http.ResponseWriter, status int, detail string) {
	writeSCIM(w, status, map[string]any{
		"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:Error"}, "status": strconv.Itoa(status), "detail": detail,
	})
}

type scimRow = map[string]any

// scimPage answers with count rows from startIndex on.
func scimPage[T any](s *scimServer, w http.ResponseWriter, r *http.Request, rows []T, row func(T) scimRow) {
	query := r.URL.Query()
	limit := s.traits.PageCap
	if limit == 0 {
		limit = 100
	}
	count, start := limit, 1
	if text := query.Get("count"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			scimError(w, http.StatusBadRequest, "count is not a number.")
			return
		}
		count = min(max(n, 0), limit)
	}
	if text := query.Get("startIndex"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			scimError(w, http.StatusBadRequest, "startIndex is not a number.")
			return
		}
		start = max(n, 1)
	}
	from := min(start-1, len(rows))
	to := min(from+count, len(rows))
	answer := scimRow{
		"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:ListResponse"}, "startIndex": start, "itemsPerPage": to - from,
		"totalResults": len(rows), "Resources": asRows(rows[from:to], row),
	}
	if s.traits.NoTotal {
		delete(answer, "totalResults")
	}
	writeSCIM(w, http.StatusOK, answer)
}

func (s *scimServer) config(w http.ResponseWriter, _ *http.Request) {
	no := scimRow{"supported": false}
	writeSCIM(w, http.StatusOK, scimRow{
		"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"},
		"patch":   scimRow{"supported": true}, "bulk": scimRow{"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
		"filter": scimRow{"supported": true, "maxResults": 100}, "changePassword": no, "sort": no, "etag": no, "authenticationSchemes": []any{},
	})
}

func scimUser(user *User) scimRow {
	row := scimRow{
		"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:User"}, "id": user.ID, "userName": user.Login, "active": !user.disabled(),
		"displayName": strings.TrimSpace(user.First + " " + user.Last), "name": scimRow{"givenName": user.First, "familyName": user.Last},
		"meta": scimRow{"resourceType": "User"},
	}
	if user.Email != "" {
		row["emails"] = []scimRow{{"value": "home@elsewhere.example", "type": "home"}, {"value": user.Email, "type": "work", "primary": true}}
	}
	return row
}

func scimGroup(state *sourceState, group *SourceGroup, members bool) scimRow {
	row := scimRow{
		"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:Group"}, "id": group.ID, "displayName": group.Name, "meta": scimRow{"resourceType": "Group"},
	}
	if !members {
		return row
	}
	list := []scimRow{}
	for _, user := range sortedKeys(state.member[group.ID]) {
		list = append(list, scimRow{"value": user, "type": "User"})
	}
	for _, within := range sortedKeys(state.inside[group.ID]) {
		list = append(list, scimRow{"value": within, "type": "Group"})
	}
	row["members"] = list
	return row
}

func (s *scimServer) listUsers(w http.ResponseWriter, r *http.Request) {
	var users []*User
	s.state.read(func(state *sourceState) { users = state.present() })
	scimPage(s, w, r, users, scimUser)
}

func (s *scimServer) getUser(w http.ResponseWriter, r *http.Request) {
	var row scimRow
	s.state.read(func(state *sourceState) {
		if user := state.findPresent(r.PathValue("user")); user != nil {
			row = scimUser(user)
		}
	})
	if row == nil {
		scimError(w, http.StatusNotFound, "Resource not found.")
		return
	}
	writeSCIM(w, http.StatusOK, row)
}

// wantsMembers says whether a request didn't exclude members.
func wantsMembers(r *http.Request) bool {
	return !strings.Contains(r.URL.Query().Get("excludedAttributes"), "members")
}

func (s *scimServer) listGroups(w http.ResponseWriter, r *http.Request) {
	var rows []scimRow
	s.state.read(func(state *sourceState) {
		for _, group := range state.served() {
			rows = append(rows, scimGroup(state, group, wantsMembers(r) && !s.traits.NoMembers))
		}
	})
	scimPage(s, w, r, rows, itself)
}

func (s *scimServer) getGroup(w http.ResponseWriter, r *http.Request) {
	var row scimRow
	s.state.read(func(state *sourceState) {
		if group := state.group[r.PathValue("group")]; group != nil {
			row = scimGroup(state, group, wantsMembers(r))
		}
	})
	if row == nil {
		scimError(w, http.StatusNotFound, "Resource not found.")
		return
	}
	writeSCIM(w, http.StatusOK, row)
}

// scimRemoval is the path of an operation that removes one member.
var scimRemoval = regexp.MustCompile(`^members\[value eq "([^"]*)"\]$`)

// scimChange reads one operation of a PATCH.
func scimChange(group string, op struct {
	Op    string          `json:"op"`
	Path  string          `json:"path"`
	Value json.RawMessage `json:"value"`
}) (func(*sourceState), error) {
	var values []struct {
		Value string `json:"value"`
	}
	var name string
	removal := scimRemoval.FindStringSubmatch(op.Path)
	switch kind := strings.ToLower(op.Op); {
	case kind == "add" && op.Path == "members" && json.Unmarshal(op.Value, &values) == nil:
		return func(state *sourceState) {
			for _, value := range values {
				state.setMember(group, value.Value, true)
			}
		}, nil
	case kind == "remove" && removal != nil:
		return func(state *sourceState) { state.setMember(group, removal[1], false) }, nil
	case kind == "replace" && op.Path == "displayName" && json.Unmarshal(op.Value, &name) == nil:
		return func(state *sourceState) { state.rename(group, name) }, nil
	}
	return nil, fmt.Errorf("the operation %q on %q isn't supported", op.Op, op.Path)
}

func (s *scimServer) patchGroup(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Operations []struct {
			Op    string          `json:"op"`
			Path  string          `json:"path"`
			Value json.RawMessage `json:"value"`
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/scim+json") {
		scimError(w, http.StatusBadRequest, "The body can't be read.")
		return
	}
	id := r.PathValue("group")
	s.state.write(func(state *sourceState) func(*sourceState) {
		if state.group[id] == nil {
			scimError(w, http.StatusNotFound, "Resource not found.")
			return nil
		}
		var changes []func(*sourceState)
		for _, op := range body.Operations {
			change, err := scimChange(id, op)
			if err != nil {
				scimError(w, http.StatusBadRequest, err.Error())
				return nil
			}
			changes = append(changes, change)
		}
		w.WriteHeader(http.StatusNoContent)
		return func(state *sourceState) {
			for _, change := range changes {
				change(state)
			}
		}
	})
}
