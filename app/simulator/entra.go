package simulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// entraServer answers as Microsoft Graph v1.0 does, and as Entra's token
// endpoint.
type entraServer struct {
	*source
	mux *http.ServeMux
}

const entraTenant = "acme.example"

func entraHandler(source *source) http.Handler {
	s := &entraServer{source, http.NewServeMux()}
	for pattern, serve := range map[string]http.HandlerFunc{
		"GET /v1.0/groups":                                    s.listGroups,
		"GET /v1.0/groups/delta":                              s.groupsDelta,
		"GET /v1.0/groups/{group}":                            s.getGroup,
		"PATCH /v1.0/groups/{group}":                          s.patchGroup,
		"GET /v1.0/groups/{group}/transitiveMembers":          s.listMembers,
		"GET /v1.0/groups/{group}/appRoleAssignments":         s.listRoles,
		"POST /v1.0/groups/{group}/members/$ref":              s.addMember,
		"DELETE /v1.0/groups/{group}/members/{user}/$ref":     s.removeMember,
		"GET /v1.0/users":                                     s.listUsers,
		"GET /v1.0/users/delta":                               s.usersDelta,
		"GET /v1.0/users/{user}":                              s.getUser,
		"GET /v1.0/servicePrincipals/{app}/appRoleAssignedTo": s.listAssigned,
		"POST /v1.0/$batch":                                   s.batch,
	} {
		s.mux.Handle(pattern, s.gate(pattern, serve))
	}
	s.mux.HandleFunc("POST /{tenant}/oauth2/v2.0/token", s.tokens.serve)
	s.mux.HandleFunc("POST /{tenant}/oauth2/v2.0/devicecode", s.tokens.deviceCode)
	s.mux.HandleFunc("GET /{tenant}/oauth2/v2.0/authorize", s.tokens.authorize)
	s.mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		graphError(w, http.StatusBadRequest, "BadRequest", "Resource not found for the segment.")
	})
	return s.mux
}

func entraConnection(source *source, url string) (map[string]string, error) {
	return map[string]string{
		"url": url, "login-url": url, "tenant": entraTenant, "client": ClientID, "secret": ClientSecret, "app": source.company.App, "sign-in": "client",
	}, nil
}

// gate checks the token and the rate. A batch counts nothing itself: its parts
// do.
func (s *entraServer) gate(endpoint string, next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, ok := s.tokens.bearer(r); !ok {
			graphError(w, http.StatusUnauthorized, "InvalidAuthenticationToken", "Access token has expired or is not yet valid.")
			return
		}
		if endpoint != "POST /v1.0/$batch" {
			if _, ok := s.meter.take(endpoint); !ok {
				w.Header().Set("Retry-After", "1")
				graphError(w, http.StatusTooManyRequests, "TooManyRequests", "Too many requests.")
				return
			}
		}
		next(w, r)
	})
}

func graphError(w http.ResponseWriter, status int, code, message string) {
	writeJSON(w, status, map[string]any{"error": map[string]any{"code": code, "message": message, "innerError": map[string]any{}}})
}

type graphRow = map[string]any

// graphPage answers with $top rows from $skiptoken on.
func graphPage[T any](w http.ResponseWriter, r *http.Request, rows []T, row func(T) graphRow) {
	query := r.URL.Query()
	top, from := 100, 0
	if text := query.Get("$top"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 999 {
			graphError(w, http.StatusBadRequest, "Request_UnsupportedQuery", "Invalid page size specified. Must be between 1 and 999 inclusive.")
			return
		}
		top = n
	}
	if text := query.Get("$skiptoken"); text != "" {
		from, _ = strconv.Atoi(text)
	}
	from = min(max(from, 0), len(rows))
	to := min(from+top, len(rows))
	answer := graphRow{"value": asRows(rows[from:to], row)}
	if to < len(rows) {
		query.Set("$skiptoken", strconv.Itoa(to))
		answer["@odata.nextLink"] = "http://" + r.Host + r.URL.Path + "?" + query.Encode()
	}
	writeJSON(w, http.StatusOK, answer)
}

func graphGroup(group *SourceGroup) graphRow {
	types := []string{}
	if group.Type == "APP_GROUP" {
		types = append(types, "DynamicMembership")
	}
	return graphRow{"id": group.ID, "displayName": group.Name, "securityEnabled": true, "mailEnabled": false, "groupTypes": types}
}

func graphUser(user *User) graphRow {
	row := graphRow{
		"id": user.ID, "displayName": strings.TrimSpace(user.First + " " + user.Last), "userPrincipalName": user.Login, "mail": nil,
		"accountEnabled": !user.disabled(), "proxyAddresses": []string{},
	}
	if user.Email != "" {
		row["mail"], row["proxyAddresses"] = user.Email, []string{"SMTP:" + user.Email}
	}
	return row
}

// served are the groups that this provider has: all but Okta's built-in ones.
func (s *sourceState) served() []*SourceGroup {
	var groups []*SourceGroup
	for _, id := range s.groups {
		if s.group[id].Type != "BUILT_IN" {
			groups = append(groups, s.group[id])
		}
	}
	return groups
}

func (s *entraServer) listGroups(w http.ResponseWriter, r *http.Request) {
	var rows []graphRow
	s.state.read(func(state *sourceState) {
		for _, group := range state.served() {
			rows = append(rows, graphGroup(group))
		}
	})
	graphPage(w, r, rows, itself)
}

func (s *entraServer) getGroup(w http.ResponseWriter, r *http.Request) {
	var row graphRow
	s.state.read(func(state *sourceState) {
		if group := state.group[r.PathValue("group")]; group != nil {
			row = graphGroup(group)
		}
	})
	if row == nil {
		graphMissing(w, r.PathValue("group"))
		return
	}
	writeJSON(w, http.StatusOK, row)
}

func graphMissing(w http.ResponseWriter, id string) {
	graphError(w, http.StatusNotFound, "Request_ResourceNotFound", fmt.Sprintf("Resource '%s' does not exist or one of its queried reference-property objects are not present.", id))
}

func (s *entraServer) listMembers(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("group")
	var rows []graphRow
	known := false
	s.state.read(func(state *sourceState) {
		known = state.group[id] != nil
		users, groups := state.all(id)
		for _, user := range users {
			row := graphUser(state.user[user])
			row["@odata.type"] = "#microsoft.graph.user"
			rows = append(rows, row)
		}
		for _, group := range groups {
			rows = append(rows, graphRow{"@odata.type": "#microsoft.graph.group", "id": group, "displayName": state.group[group].Name})
		}
	})
	if !known {
		graphMissing(w, id)
		return
	}
	graphPage(w, r, rows, itself)
}

func (s *entraServer) listUsers(w http.ResponseWriter, r *http.Request) {
	var users []*User
	s.state.read(func(state *sourceState) { users = state.present() })
	graphPage(w, r, users, graphUser)
}

func (s *entraServer) getUser(w http.ResponseWriter, r *http.Request) {
	var row graphRow
	s.state.read(func(state *sourceState) {
		if user := state.findPresent(r.PathValue("user")); user != nil {
			row = graphUser(user)
		}
	})
	if row == nil {
		graphMissing(w, r.PathValue("user"))
		return
	}
	writeJSON(w, http.StatusOK, row)
}

// delta answers with what changed since the edition in $deltatoken.
func (s *entraServer) delta(w http.ResponseWriter, r *http.Request, changed func(state *sourceState, since int) []graphRow) {
	var rows []graphRow
	edition := 0
	text := r.URL.Query().Get("$deltatoken")
	since, err := strconv.Atoi(text)
	if text != "latest" && text != "" && err != nil {
		graphError(w, http.StatusGone, "syncStateNotFound", "The sync state generation is not found; continue with a full sync.")
		return
	}
	s.state.read(func(state *sourceState) {
		edition = state.edition
		if text != "latest" {
			rows = changed(state, since)
		}
	})
	link := "http://" + r.Host + r.URL.Path + "?" + url.Values{"$deltatoken": {strconv.Itoa(edition)}}.Encode()
	writeJSON(w, http.StatusOK, graphRow{"value": append([]graphRow{}, rows...), "@odata.deltaLink": link})
}

func (s *entraServer) groupsDelta(w http.ResponseWriter, r *http.Request) {
	s.delta(w, r, func(state *sourceState, since int) (rows []graphRow) {
		for _, id := range sortedKeys(state.groupChanged) {
			if state.groupChanged[id] <= since {
				continue
			}
			row := graphRow{"id": id, "@removed": graphRow{"reason": "deleted"}}
			if group := state.group[id]; group != nil {
				row = graphGroup(group)
				row["members@delta"] = []graphRow{}
			}
			rows = append(rows, row, row) // a group may come twice
		}
		return rows
	})
}

func (s *entraServer) usersDelta(w http.ResponseWriter, r *http.Request) {
	s.delta(w, r, func(state *sourceState, since int) (rows []graphRow) {
		for _, id := range sortedKeys(state.userChanged) {
			if state.userChanged[id] <= since {
				continue
			}
			if state.user[id].Status == deprovisioned {
				rows = append(rows, graphRow{"id": id, "@removed": graphRow{"reason": "changed"}})
				continue
			}
			rows = append(rows, graphUser(state.user[id]))
		}
		return rows
	})
}

func (s *entraServer) listAssigned(w http.ResponseWriter, r *http.Request) {
	if r.PathValue("app") != s.company.App {
		graphMissing(w, r.PathValue("app"))
		return
	}
	var rows []graphRow
	s.state.read(func(state *sourceState) {
		for _, group := range state.served() {
			if group.Assigned {
				rows = append(rows, graphRow{"id": "a" + group.ID, "principalId": group.ID, "principalType": "Group", "principalDisplayName": group.Name})
			}
		}
		if len(state.users) > 0 {
			rows = append(rows, graphRow{"id": "a0", "principalId": state.users[0], "principalType": "User", "principalDisplayName": "Somebody"})
		}
	})
	graphPage(w, r, rows, itself)
}

// listRoles lists the applications that a group is assigned to.
func (s *entraServer) listRoles(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("group")
	var group *SourceGroup
	s.state.read(func(state *sourceState) { group = state.group[id] })
	if group == nil {
		graphMissing(w, id)
		return
	}
	rows := []graphRow{}
	if group.Assigned {
		rows = append(rows, graphRow{"id": "r", "principalId": id, "principalType": "Group", "resourceId": s.company.App, "resourceDisplayName": "Atlassian Cloud"})
	}
	for i, name := range group.Feeds {
		rows = append(rows, graphRow{"id": fmt.Sprintf("r%d", i), "principalId": id, "principalType": "Group", "resourceId": fmt.Sprintf("feed%d", i), "resourceDisplayName": name})
	}
	graphPage(w, r, rows, itself)
}

func (s *entraServer) patchGroup(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Name string `json:"displayName"`
	}
	if status := readJSON(r, &body); status != 0 || body.Name == "" {
		graphError(w, http.StatusBadRequest, "Request_BadRequest", "displayName is invalid.")
		return
	}
	id := r.PathValue("group")
	s.state.write(func(state *sourceState) func(*sourceState) {
		if state.group[id] == nil {
			graphMissing(w, id)
			return nil
		}
		w.WriteHeader(http.StatusNoContent)
		return func(state *sourceState) { state.rename(id, body.Name) }
	})
}

func (s *entraServer) addMember(w http.ResponseWriter, r *http.Request) {
	var body struct {
		ID string `json:"@odata.id"`
	}
	if status := readJSON(r, &body); status != 0 {
		graphError(w, http.StatusBadRequest, "Request_BadRequest", "Invalid URL format specified in payload.")
		return
	}
	_, user, ok := strings.Cut(body.ID, "/v1.0/directoryObjects/")
	if !ok {
		graphError(w, http.StatusBadRequest, "Request_BadRequest", "Invalid URL format specified in payload.")
		return
	}
	s.changeMember(w, r.PathValue("group"), user, true)
}

func (s *entraServer) removeMember(w http.ResponseWriter, r *http.Request) {
	s.changeMember(w, r.PathValue("group"), r.PathValue("user"), false)
}

func (s *entraServer) changeMember(w http.ResponseWriter, group, user string, present bool) {
	s.state.write(func(state *sourceState) func(*sourceState) {
		switch {
		case state.group[group] == nil:
			graphMissing(w, group)
		case state.user[user] == nil, !present && !state.member[group][user]:
			graphMissing(w, user)
		case state.group[group].Type == "APP_GROUP":
			graphError(w, http.StatusForbidden, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
		case present && state.member[group][user]:
			graphError(w, http.StatusBadRequest, "Request_BadRequest", "One or more added object references already exist for the following modified properties: 'members'.")
		default:
			w.WriteHeader(http.StatusNoContent)
			return func(state *sourceState) { state.setMember(group, user, present) }
		}
		return nil
	})
}

// batch serves up to 20 requests, each with its own status, in any order.
func (s *entraServer) batch(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Requests []struct {
			ID     string          `json:"id"`
			Method string          `json:"method"`
			URL    string          `json:"url"`
			Body   json.RawMessage `json:"body"`
		} `json:"requests"`
	}
	if status := readJSON(r, &body); status != 0 || len(body.Requests) == 0 || len(body.Requests) > 20 {
		graphError(w, http.StatusBadRequest, "BadRequest", "Number of batch request steps must be between 1 and 20.")
		return
	}
	var responses []graphRow
	for _, part := range body.Requests {
		sub, err := http.NewRequestWithContext(r.Context(), part.Method, "http://"+r.Host+"/v1.0"+part.URL, bytes.NewReader(part.Body))
		if err != nil {
			graphError(w, http.StatusBadRequest, "BadRequest", "Invalid batch payload format.")
			return
		}
		sub.Header.Set("Authorization", r.Header.Get("Authorization"))
		sub.Header.Set("Content-Type", "application/json")
		recorder := httptest.NewRecorder()
		s.mux.ServeHTTP(recorder, sub)
		headers := map[string]string{}
		for name := range recorder.Header() {
			headers[name] = recorder.Header().Get(name)
		}
		response := graphRow{"id": part.ID, "status": recorder.Code, "headers": headers}
		if recorder.Body.Len() > 0 {
			response["body"] = json.RawMessage(recorder.Body.Bytes())
		}
		responses = append(responses, response)
	}
	slices.Reverse(responses)
	writeJSON(w, http.StatusOK, graphRow{"responses": responses})
}
