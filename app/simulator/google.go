package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// googleServer answers as the Admin SDK Directory API does, and as Google's
// token endpoint.
type googleServer struct{ *source }

const googleBase = "/admin/directory/v1"

func googleHandler(source *source) http.Handler {
	s := &googleServer{source}
	mux := http.NewServeMux()
	for pattern, serve := range map[string]http.HandlerFunc{
		"GET " + googleBase + "/groups":                           s.listGroups,
		"GET " + googleBase + "/groups/{group}":                   s.getGroup,
		"PATCH " + googleBase + "/groups/{group}":                 s.patchGroup,
		"GET " + googleBase + "/groups/{group}/members":           s.listMembers,
		"POST " + googleBase + "/groups/{group}/members":          s.insertMember,
		"DELETE " + googleBase + "/groups/{group}/members/{user}": s.deleteMember,
		"GET " + googleBase + "/users":                            s.listUsers,
		"GET " + googleBase + "/users/{user}":                     s.getUser,
	} {
		mux.Handle(pattern, s.gate(pattern, serve))
	}
	mux.HandleFunc("POST /token", s.tokens.serve)
	mux.HandleFunc("GET /o/oauth2/v2/auth", s.tokens.authorize)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		googleError(w, http.StatusNotFound, "notFound", "Not Found")
	})
	return mux
}

func googleConnection(source *source, url string) (map[string]string, error) {
	account, err := source.tokens.account(url)
	if err != nil {
		return nil, err
	}
	return map[string]string{"url": url, "login-url": url, "admin": source.company.Owner, "secret": account, "sign-in": "service-account"}, nil
}

// googleScopes are what an endpoint takes, the narrower first.
func googleScopes(endpoint string) []string {
	of := "group"
	if strings.Contains(endpoint, "/members") {
		of = "group.member"
	} else if strings.Contains(endpoint, "/users") {
		of = "user"
	}
	scope := "https://www.googleapis.com/auth/admin.directory." + of
	if strings.HasPrefix(endpoint, "GET") {
		return []string{scope + ".readonly", scope}
	}
	return []string{scope}
}

func (s *googleServer) gate(endpoint string, next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		grant, ok := s.tokens.bearer(r)
		if !ok {
			googleError(w, http.StatusUnauthorized, "authError", "Request had invalid authentication credentials.")
			return
		}
		permitted := false
		for _, scope := range googleScopes(endpoint) {
			permitted = permitted || grant.has(scope)
		}
		if !permitted {
			googleError(w, http.StatusForbidden, "insufficientPermissions", "Request had insufficient authentication scopes.")
			return
		}
		if _, ok := s.meter.take(endpoint); !ok {
			googleError(w, http.StatusForbidden, "quotaExceeded", "Quota exceeded for quota metric 'Queries'.")
			return
		}
		next(w, r)
	})
}

func googleError(w http.ResponseWriter, status int, reason, message string) {
	writeJSON(w, status, map[string]any{"error": map[string]any{
		"code": status, "message": message, "errors": []any{map[string]string{"domain": "global", "reason": reason, "message": message}},
	}})
}

type googleRow = map[string]any

// googlePage answers with maxResults rows from pageToken on, trimmed to fields.
func googlePage[T any](w http.ResponseWriter, r *http.Request, kind, name string, rows []T, row func(T) googleRow, usual, largest int) {
	query := r.URL.Query()
	limit, from := usual, 0
	if text := query.Get("maxResults"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			googleError(w, http.StatusBadRequest, "invalid", "Invalid Input: maxResults")
			return
		}
		limit = min(n, largest)
	}
	if text := query.Get("pageToken"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > len(rows) {
			googleError(w, http.StatusBadRequest, "invalid", "Invalid Input: pageToken")
			return
		}
		from = n
	}
	to := min(from+limit, len(rows))
	answer := googleRow{"kind": kind, "etag": `"simulated"`}
	if from < to {
		answer[name] = asRows(rows[from:to], row) // absent where there is nothing
	}
	if to < len(rows) {
		answer["nextPageToken"] = strconv.Itoa(to)
	}
	writeJSON(w, http.StatusOK, trimmed(answer, query.Get("fields")))
}

// trimmed gives the partial response that fields asks for: names, each perhaps
// with those of its own fields in parentheses, or a path with slashes.
func trimmed(value any, fields string) any {
	if fields == "" {
		return value
	}
	switch value := value.(type) {
	case []googleRow:
		list := make([]any, len(value))
		for i := range value {
			list[i] = trimmed(value[i], fields)
		}
		return list
	case googleRow:
		part := googleRow{}
		for _, field := range splitFields(fields) {
			name, inner, _ := strings.Cut(strings.TrimSuffix(field, ")"), "(")
			if head, tail, path := strings.Cut(name, "/"); path {
				name, inner = head, tail
			}
			if found, ok := value[name]; ok {
				part[name] = trimmed(found, inner)
			}
		}
		return part
	}
	return value
}

// splitFields cuts at the commas outside of parentheses.
func splitFields(fields string) []string {
	depth := 0
	return strings.FieldsFunc(fields, func(r rune) bool {
		switch r {
		case '(':
			depth++
		case ')':
			depth--
		}
		return r == ',' && depth == 0
	})
}

func googleGroup(state *sourceState, group *SourceGroup) googleRow {
	return googleRow{
		"kind": "admin#directory#group", "id": group.ID, "name": group.Name, "description": group.Description,
		"email":              strings.ToLower(group.ID) + "@" + domain,
		"directMembersCount": strconv.Itoa(len(state.member[group.ID]) + len(state.inside[group.ID])), "adminCreated": true,
	}
}

// googleAddress is a user's primary address: Google knows nobody without one.
func googleAddress(user *User) string {
	if user.Email != "" {
		return user.Email
	}
	return user.Login
}

func googleUser(user *User) googleRow {
	row := googleRow{
		"kind": "admin#directory#user", "id": user.ID, "primaryEmail": googleAddress(user), "suspended": user.disabled(),
		"name": googleRow{"givenName": user.First, "familyName": user.Last, "fullName": strings.TrimSpace(user.First + " " + user.Last)},
	}
	if user.Login != "" && !strings.EqualFold(user.Login, googleAddress(user)) {
		row["aliases"] = []string{user.Login}
	}
	return row
}

func (s *googleServer) listGroups(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("customer") == "" && r.URL.Query().Get("domain") == "" && r.URL.Query().Get("userKey") == "" {
		googleError(w, http.StatusBadRequest, "badRequest", "Bad Request")
		return
	}
	var rows []googleRow
	s.state.read(func(state *sourceState) {
		for _, group := range state.served() {
			rows = append(rows, googleGroup(state, group))
		}
	})
	googlePage(w, r, "admin#directory#groups", "groups", rows, itself, 200, 200)
}

func (s *googleServer) getGroup(w http.ResponseWriter, r *http.Request) {
	var row googleRow
	s.state.read(func(state *sourceState) {
		if group := state.group[r.PathValue("group")]; group != nil {
			row = googleGroup(state, group)
		}
	})
	if row == nil {
		googleMissing(w, "groupKey")
		return
	}
	writeJSON(w, http.StatusOK, trimmed(row, r.URL.Query().Get("fields")))
}

func googleMissing(w http.ResponseWriter, what string) {
	googleError(w, http.StatusNotFound, "notFound", fmt.Sprintf("Resource Not Found: %s", what))
}

func (s *googleServer) listMembers(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("group")
	var rows []googleRow
	known := false
	s.state.read(func(state *sourceState) {
		known = state.group[id] != nil
		users, groups := sortedKeys(state.member[id]), sortedKeys(state.inside[id])
		if r.URL.Query().Get("includeDerivedMembership") == "true" {
			users, groups = state.all(id)
		}
		for _, user := range users {
			status := "ACTIVE"
			if state.user[user].disabled() {
				status = "SUSPENDED"
			}
			rows = append(rows, googleRow{"kind": "admin#directory#member", "id": user, "email": googleAddress(state.user[user]), "role": "MEMBER", "type": "USER", "status": status})
		}
		for _, group := range groups {
			rows = append(rows, googleRow{"kind": "admin#directory#member", "id": group, "email": strings.ToLower(group) + "@" + domain, "role": "MEMBER", "type": "GROUP", "status": "ACTIVE"})
		}
		if known && state.group[id].Type == "EVERYBODY" {
			rows = append(rows, googleRow{"kind": "admin#directory#member", "id": "C01", "role": "MEMBER", "type": "CUSTOMER"})
		}
	})
	if !known {
		googleMissing(w, "groupKey")
		return
	}
	googlePage(w, r, "admin#directory#members", "members", rows, itself, 200, 200)
}

// listUsers lists everybody, or who has the address that a query for an e-mail
// address names.
func (s *googleServer) listUsers(w http.ResponseWriter, r *http.Request) {
	var users []*User
	s.state.read(func(state *sourceState) { users = state.present() })
	if address, queried := strings.CutPrefix(r.URL.Query().Get("query"), "email:"); queried {
		users = slices.DeleteFunc(users, func(user *User) bool { return !strings.EqualFold(googleAddress(user), address) })
	}
	googlePage(w, r, "admin#directory#users", "users", users, googleUser, 100, 500)
}

func (s *googleServer) getUser(w http.ResponseWriter, r *http.Request) {
	var row googleRow
	s.state.read(func(state *sourceState) {
		if user := state.findPresent(r.PathValue("user")); user != nil {
			row = googleUser(user)
		}
	})
	if row == nil {
		googleMissing(w, "userKey")
		return
	}
	writeJSON(w, http.StatusOK, trimmed(row, r.URL.Query().Get("fields")))
}

func (s *googleServer) patchGroup(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Name string `json:"name"`
	}
	if status := readJSON(r, &body); status != 0 || body.Name == "" {
		googleError(w, http.StatusBadRequest, "invalid", "Invalid Input: name")
		return
	}
	id := r.PathValue("group")
	s.state.write(func(state *sourceState) func(*sourceState) {
		if state.group[id] == nil {
			googleMissing(w, "groupKey")
			return nil
		}
		change := func(state *sourceState) { state.rename(id, body.Name) }
		writeJSON(w, http.StatusOK, googleRow{"kind": "admin#directory#group", "id": id, "name": body.Name})
		return change
	})
}

// find gives the id of the user that a member key names: an id or an address.
func (s *sourceState) find(key string) string {
	if s.user[key] != nil {
		return key
	}
	for _, user := range s.present() {
		if strings.EqualFold(googleAddress(user), key) {
			return user.ID
		}
	}
	return ""
}

func (s *googleServer) insertMember(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Email string `json:"email"`
		ID    string `json:"id"`
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		googleError(w, http.StatusBadRequest, "parseError", "Parse Error")
		return
	}
	group := r.PathValue("group")
	s.state.write(func(state *sourceState) func(*sourceState) {
		user := state.find(body.ID + body.Email)
		switch {
		case state.group[group] == nil:
			googleMissing(w, "groupKey")
		case user == "":
			googleMissing(w, "memberKey")
		case state.member[group][user]:
			googleError(w, http.StatusConflict, "duplicate", "Member already exists.")
		default:
			writeJSON(w, http.StatusOK, googleRow{"kind": "admin#directory#member", "id": user, "role": "MEMBER", "type": "USER"})
			return func(state *sourceState) { state.setMember(group, user, true) }
		}
		return nil
	})
}

func (s *googleServer) deleteMember(w http.ResponseWriter, r *http.Request) {
	group := r.PathValue("group")
	s.state.write(func(state *sourceState) func(*sourceState) {
		user := state.find(r.PathValue("user"))
		if state.group[group] == nil || user == "" || !state.member[group][user] {
			googleMissing(w, "memberKey")
			return nil
		}
		w.WriteHeader(http.StatusNoContent)
		return func(state *sourceState) { state.setMember(group, user, false) }
	})
}
