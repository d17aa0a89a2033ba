package simulator

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// oktaServer answers as Okta's Management API does.
type oktaServer struct{ *source }

func oktaHandler(source *source) http.Handler {
	s := &oktaServer{source}
	mux := http.NewServeMux()
	for pattern, serve := range map[string]http.HandlerFunc{
		"GET /api/v1/groups":                         s.listGroups,
		"GET /api/v1/groups/rules":                   s.listRules,
		"GET /api/v1/groups/{group}":                 s.getGroup,
		"PUT /api/v1/groups/{group}":                 s.putGroup,
		"GET /api/v1/groups/{group}/users":           s.listMembers,
		"PUT /api/v1/groups/{group}/users/{user}":    s.putMember,
		"DELETE /api/v1/groups/{group}/users/{user}": s.deleteMember,
		"GET /api/v1/groups/{group}/apps":            s.listAppsOf,
		"GET /api/v1/users":                          s.listUsers,
		"GET /api/v1/users/{user}":                   s.getUser,
		"GET /api/v1/users/{user}/groups":            s.listGroupsOf,
		"GET /api/v1/apps":                           s.listApps,
		"GET /api/v1/apps/{app}/groups":              s.listAppGroups,
		"GET /api/v1/apps/{app}/group-push/mappings": s.listPushMappings,
	} {
		mux.Handle(pattern, s.gate(pattern, serve))
	}
	mux.HandleFunc("POST /oauth2/v1/token", s.tokens.proven)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		oktaError(w, http.StatusNotFound, "E0000022", "The endpoint does not support the provided HTTP method")
	})
	return mux
}

func oktaConnection(source *source, url string) (map[string]string, error) {
	return map[string]string{"url": url, "secret": OktaToken, "app": source.company.App}, nil
}

// gate checks the token and the rate, as Okta does before anything else.
func (s *oktaServer) gate(endpoint string, next http.HandlerFunc) http.Handler {
	scope := "okta.groups.read"
	switch {
	case !strings.HasPrefix(endpoint, "GET"):
		scope = "okta.groups.manage"
	case strings.Contains(endpoint, "/v1/users"):
		scope = "okta.users.read"
	case strings.Contains(endpoint, "/v1/apps"):
		scope = "okta.apps.read"
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "SSWS "+OktaToken {
			grant, ok := s.tokens.provenGrant(r)
			if !ok {
				oktaError(w, http.StatusUnauthorized, "E0000011", "Invalid token provided")
				return
			}
			if !grant.has(scope) {
				w.Header().Set("WWW-Authenticate", `DPoP error="insufficient_scope"`)
				oktaError(w, http.StatusForbidden, "E0000006", "You do not have permission to perform the requested action")
				return
			}
		}
		told, ok := s.meter.take(endpoint)
		if told != nil {
			w.Header().Set("X-Rate-Limit-Limit", strconv.Itoa(told.units))
			w.Header().Set("X-Rate-Limit-Remaining", strconv.Itoa(told.left()))
			w.Header().Set("X-Rate-Limit-Reset", strconv.FormatInt(told.until.Unix(), 10))
		}
		if !ok {
			oktaError(w, http.StatusTooManyRequests, "E0000047", "API call exceeded rate limit due to too many requests.")
			return
		}
		next(w, r)
	})
}

func oktaError(w http.ResponseWriter, status int, code, summary string) {
	writeJSON(w, status, map[string]any{
		"errorCode": code, "errorSummary": summary, "errorLink": code, "errorId": "oae" + code, "errorCauses": []any{},
	})
}

func oktaNotFound(w http.ResponseWriter, id, kind string) {
	oktaError(w, http.StatusNotFound, "E0000007", fmt.Sprintf("Not found: Resource not found: %s (%s)", id, kind))
}

// page answers with the part of rows that limit and after ask for, and links to
// the next part.
func page(w http.ResponseWriter, r *http.Request, rows []oktaRow, smallest, usual, largest int) {
	pageOf(w, r, rows, itself, smallest, usual, largest)
}

// pageOf is page for what is made a row only where it is asked for.
func pageOf[T any](w http.ResponseWriter, r *http.Request, rows []T, row func(T) oktaRow, smallest, usual, largest int) {
	limit, from := usual, 0
	query := r.URL.Query()
	if text := query.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < smallest {
			oktaError(w, http.StatusBadRequest, "E0000003", "The request body was not well-formed: limit")
			return
		}
		limit = min(n, largest)
	}
	if after := query.Get("after"); after != "" {
		text, err := base64.RawURLEncoding.DecodeString(after)
		if from, _ = strconv.Atoi(string(text)); err != nil || from <= 0 {
			oktaError(w, http.StatusBadRequest, "E0000031", "Invalid search criteria: after")
			return
		}
	}
	from = min(from, len(rows))
	to := min(from+limit, len(rows))
	w.Header().Add("Link", fmt.Sprintf(`<%s%s>; rel="self"`, "http://"+r.Host, r.URL.RequestURI()))
	if to < len(rows) {
		query.Set("after", base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(to))))
		next := url.URL{Path: r.URL.Path, RawQuery: query.Encode()}
		w.Header().Add("Link", fmt.Sprintf(`<%s%s>; rel="next"`, "http://"+r.Host, next.RequestURI()))
	}
	writeJSON(w, http.StatusOK, asRows(rows[from:to], row))
}

// asRows makes rows of what a page holds; an empty list where it holds nothing.
func asRows[T any](page []T, row func(T) map[string]any) []map[string]any {
	rows := make([]map[string]any, len(page))
	for i := range page {
		rows[i] = row(page[i])
	}
	return rows
}

func itself(row map[string]any) map[string]any { return row }

type oktaRow = map[string]any

func groupRow(state *sourceState, id string, stats bool) oktaRow {
	group := state.group[id]
	row := oktaRow{
		"id": id, "type": group.Type, "created": oktaTime, "lastUpdated": oktaTime,
		"lastMembershipUpdated": state.changedAt[id].Format(oktaTimes),
		"objectClass":           []string{"okta:user_group"},
		"profile":               oktaRow{"name": group.Name, "description": group.Description},
		"_links":                oktaRow{},
	}
	if stats {
		row["_embedded"] = oktaRow{"stats": oktaRow{
			"usersCount": len(state.member[id]), "appsCount": 0, "groupPushMappingsCount": 0, "hasAdminPrivlege": false,
		}}
	}
	return row
}

const (
	oktaTime  = "2026-01-05T08:00:00.000Z"
	oktaTimes = "2006-01-02T15:04:05.000Z"
)

func userRow(user *User) oktaRow {
	profile := oktaRow{"firstName": user.First, "lastName": user.Last, "login": user.Login, "email": user.Email}
	if user.Email == "" {
		delete(profile, "email")
	}
	return oktaRow{
		"id": user.ID, "status": user.Status, "created": oktaTime, "lastUpdated": oktaTime, "profile": profile,
		"_links": oktaRow{},
	}
}

func (s *oktaServer) listGroups(w http.ResponseWriter, r *http.Request) {
	stats := strings.Contains(r.URL.Query().Get("expand"), "stats")
	only := strings.TrimSuffix(strings.TrimPrefix(r.URL.Query().Get("filter"), `id eq "`), `"`)
	largest := 10000
	if stats {
		largest = 200
	}
	var rows []oktaRow
	s.state.read(func(state *sourceState) {
		for _, id := range state.groups {
			if only == "" || only == id {
				rows = append(rows, groupRow(state, id, stats))
			}
		}
	})
	page(w, r, rows, 1, largest, largest)
}

func (s *oktaServer) getGroup(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("group")
	var row oktaRow
	s.state.read(func(state *sourceState) {
		if state.group[id] != nil {
			row = groupRow(state, id, false)
		}
	})
	if row == nil {
		oktaNotFound(w, id, "UserGroup")
		return
	}
	writeJSON(w, http.StatusOK, row)
}

func (s *oktaServer) listMembers(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("group")
	var rows []oktaRow
	known := false
	s.state.read(func(state *sourceState) {
		known = state.group[id] != nil
		for _, user := range sortedKeys(state.member[id]) {
			rows = append(rows, userRow(state.user[user]))
		}
	})
	if !known {
		oktaNotFound(w, id, "UserGroup")
		return
	}
	page(w, r, rows, 1, 1000, 1000)
}

func (s *oktaServer) listUsers(w http.ResponseWriter, r *http.Request) {
	var users []*User
	since, filtered := strings.CutPrefix(r.URL.Query().Get("filter"), `lastUpdated gt "`)
	at, err := time.Parse(oktaTimes, strings.TrimSuffix(since, `"`))
	if filtered && err != nil {
		oktaError(w, http.StatusBadRequest, "E0000031", "Invalid search criteria: filter")
		return
	}
	s.state.read(func(state *sourceState) {
		if !filtered {
			users = state.present()
			return
		}
		for _, id := range state.users { // the deprovisioned, too
			if state.updatedAt[id].After(at) {
				users = append(users, state.user[id])
			}
		}
	})
	pageOf(w, r, users, userRow, 1, 200, 200)
}

// getUser takes an id or a login, and finds the deprovisioned, too.
func (s *oktaServer) getUser(w http.ResponseWriter, r *http.Request) {
	var row oktaRow
	key := r.PathValue("user")
	s.state.read(func(state *sourceState) {
		for id, user := range state.user {
			if id == key || user.Login == key {
				row = userRow(user)
			}
		}
	})
	if row == nil {
		oktaNotFound(w, key, "User")
		return
	}
	writeJSON(w, http.StatusOK, row)
}

func (s *oktaServer) listGroupsOf(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("user")
	rows := []oktaRow{}
	known := false
	s.state.read(func(state *sourceState) {
		known = state.user[id] != nil
		for _, group := range state.groups {
			if state.member[group][id] {
				rows = append(rows, groupRow(state, group, false))
			}
		}
	})
	if !known {
		oktaNotFound(w, id, "User")
		return
	}
	writeJSON(w, http.StatusOK, rows)
}

func (s *oktaServer) listApps(w http.ResponseWriter, r *http.Request) {
	page(w, r, []oktaRow{s.atlassianApp()}, 1, 200, 200)
}

func (s *oktaServer) atlassianApp() oktaRow {
	return appRow(s.company.App, "atlassian", "Atlassian Cloud")
}

func appRow(id, name, label string) oktaRow {
	return oktaRow{"id": id, "name": name, "label": label, "status": "ACTIVE", "signOnMode": "SAML_2_0", "created": oktaTime, "lastUpdated": oktaTime, "_links": oktaRow{}}
}

// listAppsOf lists the applications that a group is assigned to.
func (s *oktaServer) listAppsOf(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("group")
	var group *SourceGroup
	s.state.read(func(state *sourceState) { group = state.group[id] })
	if group == nil {
		oktaNotFound(w, id, "UserGroup")
		return
	}
	var rows []oktaRow
	if group.Assigned {
		rows = append(rows, s.atlassianApp())
	}
	for i, name := range group.Feeds {
		rows = append(rows, appRow(fmt.Sprintf("0oafeed%d", i), strings.ToLower(name), name))
	}
	page(w, r, rows, 1, 20, 200)
}

func (s *oktaServer) listAppGroups(w http.ResponseWriter, r *http.Request) {
	app := r.PathValue("app")
	if app != s.company.App {
		oktaNotFound(w, app, "AppInstance")
		return
	}
	var rows []oktaRow
	s.state.read(func(state *sourceState) {
		for i, id := range state.groups {
			if state.group[id].Assigned {
				rows = append(rows, oktaRow{"id": id, "priority": i, "lastUpdated": oktaTime, "profile": oktaRow{}, "_links": oktaRow{}})
			}
		}
	})
	page(w, r, rows, 20, 20, 200)
}

// listPushMappings answers which groups are pushed to the app: the assigned ones
// whose type is Okta's own.
func (s *oktaServer) listPushMappings(w http.ResponseWriter, r *http.Request) {
	if app := r.PathValue("app"); app != s.company.App {
		oktaNotFound(w, app, "AppInstance")
		return
	}
	var rows []oktaRow
	s.state.read(func(state *sourceState) {
		for _, id := range state.groups {
			if group := state.group[id]; group.Assigned && group.Type == "OKTA_GROUP" {
				rows = append(rows, oktaRow{"id": "gpm" + id, "sourceGroupId": id, "targetGroupId": "t" + id, "status": "ACTIVE", "created": oktaTime, "lastUpdated": oktaTime})
			}
		}
	})
	page(w, r, rows, 1, 100, 1000)
}

func (s *oktaServer) listRules(w http.ResponseWriter, r *http.Request) {
	rows := []oktaRow{}
	s.state.read(func(state *sourceState) {
		for _, id := range state.groups {
			if rule := state.group[id].Rule; rule != "" {
				rows = append(rows, oktaRow{
					"id": "0pr" + id, "name": rule, "status": "ACTIVE", "type": "group_rule", "created": oktaTime, "lastUpdated": oktaTime,
					"actions": oktaRow{"assignUserToGroups": oktaRow{"groupIds": []string{id}}},
				})
			}
		}
	})
	page(w, r, rows, 1, 50, 200)
}

// putGroup replaces a group's profile.
func (s *oktaServer) putGroup(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Profile struct {
			Name        string `json:"name"`
			Description string `json:"description"`
		} `json:"profile"`
	}
	if status := readJSON(r, &body); status != 0 || body.Profile.Name == "" {
		oktaError(w, http.StatusBadRequest, "E0000001", "Api validation failed: profile")
		return
	}
	id := r.PathValue("group")
	s.state.write(func(state *sourceState) func(*sourceState) {
		switch group := state.group[id]; {
		case group == nil:
			oktaNotFound(w, id, "UserGroup")
			return nil
		case group.Type != "OKTA_GROUP":
			oktaError(w, http.StatusForbidden, "E0000006", "You do not have permission to perform the requested action")
			return nil
		}
		row := groupRow(state, id, false)
		row["profile"] = body.Profile
		writeJSON(w, http.StatusOK, row)
		return func(state *sourceState) {
			state.rename(id, body.Profile.Name)
			state.group[id].Description = body.Profile.Description
		}
	})
}

func (s *oktaServer) putMember(w http.ResponseWriter, r *http.Request) { s.changeMember(w, r, true) }

func (s *oktaServer) deleteMember(w http.ResponseWriter, r *http.Request) {
	s.changeMember(w, r, false)
}

func (s *oktaServer) changeMember(w http.ResponseWriter, r *http.Request, present bool) {
	groupID, userID := r.PathValue("group"), r.PathValue("user")
	s.state.write(func(state *sourceState) func(*sourceState) {
		group := state.group[groupID]
		known := state.user[userID] != nil
		switch {
		case group == nil:
			oktaNotFound(w, groupID, "UserGroup")
		case !known:
			oktaNotFound(w, userID, "User")
		case group.Type != "OKTA_GROUP":
			oktaError(w, http.StatusForbidden, "E0000006", "You do not have permission to perform the requested action")
		default:
			w.WriteHeader(http.StatusNoContent)
			return func(state *sourceState) { state.setMember(groupID, userID, present) }
		}
		return nil
	})
}

// isoTime writes a time as Atlassian's rate headers do: to the minute where it
// falls on one, else to the second.
func isoTime(at time.Time) string {
	if at.Second() == 0 {
		return at.UTC().Format("2006-01-02T15:04Z07:00")
	}
	return at.UTC().Format(time.RFC3339)
}
