package simulator

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// orgServer answers as Atlassian's Organizations REST API does.
type orgServer struct {
	company *Company
	state   eventually[*orgState]
	meter   *meter
	ids     sampler // makes ids for what is created
	// sites learn of accounts that the provisioning directory makes or changes.
	sites []*jiraServer
}

func newOrgServer(options Options) *orgServer {
	if options.Original {
		options.Company = onSites(options.Company)
	}
	return &orgServer{
		company: options.Company,
		state:   eventually[*orgState]{delay: options.Consistency, truth: newOrgState(options.Company), seen: newOrgState(options.Company)},
		meter:   newMeter("atlassian", options),
		ids:     idSampler(7),
	}
}

func (s *orgServer) handler() http.Handler {
	mux := http.NewServeMux()
	const directory = "/admin/v2/orgs/{org}/directories/{directory}"
	for pattern, serve := range map[string]http.HandlerFunc{
		"GET /admin/v1/orgs":                                            s.listOrgs,
		"GET /admin/v2/orgs/{org}/directories":                          s.listDirectories,
		"POST /admin/v2/orgs/{org}/workspaces":                          s.listWorkspaces,
		"GET " + directory + "/groups/stats":                            s.groupStats,
		"POST " + directory + "/groups/search":                          s.searchGroups,
		"GET " + directory + "/groups/{group}/role-assignments":         s.groupRoles,
		"POST " + directory + "/users/search":                           s.searchUsers,
		"GET " + directory + "/users/count":                             s.countUsers,
		"GET " + directory + "/users/{account}/role-assignments":        s.userRoles,
		"POST " + directory + "/groups":                                 s.createGroup,
		"POST " + directory + "/groups/{group}/memberships":             s.addMember,
		"DELETE " + directory + "/groups/{group}/memberships/{account}": s.removeMember,
		"POST /admin/v2/orgs/{org}/users/invite":                        s.invite,
	} {
		mux.Handle(pattern, s.gate(pattern, serve))
	}
	s.addDirectory(mux)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		orgError(w, http.StatusNotFound, "ADMIN-404", "Not found", "There is no such resource.")
	})
	return mux
}

// gate checks the key, the rate, the organization and the directory, and keeps
// a reader's key from writing.
func (s *orgServer) gate(pattern string, next http.HandlerFunc) http.Handler {
	v1 := strings.Contains(pattern, "/v1/")
	writes := slices.ContainsFunc([]string{"/groups", "/memberships", "/memberships/{account}", "/invite"},
		func(end string) bool { return strings.HasSuffix(pattern, end) && !strings.HasPrefix(pattern, "GET") })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		if key != OrgKey && key != OrgReaderKey {
			gatewayError(w, v1, http.StatusUnauthorized, "Unauthorized")
			return
		}
		if !s.pass(w, pattern, v1) {
			return
		}
		org, directory := r.PathValue("org"), r.PathValue("directory")
		switch {
		case org != "" && org != s.company.Org:
			orgError(w, http.StatusNotFound, "ADMIN-404-1", "Organization not found", "The organization does not exist, or the key can't see it.")
		case directory != "" && directory != s.company.Directory && (directory != "-" || writes):
			orgError(w, http.StatusNotFound, "ADMIN-404-2", "Directory not found", "The directory does not exist in the organization.")
		case writes && key == OrgReaderKey:
			orgError(w, http.StatusForbidden, "ADMIN-403-3", "Forbidden", "The key's owner is not an organization admin.")
		default:
			next(w, r)
		}
	})
}

// pass counts the request against the endpoint's rate; false if it was refused.
func (s *orgServer) pass(w http.ResponseWriter, pattern string, v1 bool) bool {
	told, ok := s.meter.take(pattern)
	if told != nil {
		told.tell(w.Header())
	}
	if !ok {
		w.Header().Set("Retry-After", "1")
		gatewayError(w, v1, http.StatusTooManyRequests, "Too many requests")
	}
	return ok
}

func gatewayError(w http.ResponseWriter, v1 bool, status int, message string) {
	if v1 {
		writeJSON(w, status, map[string]any{"code": status, "message": message})
		return
	}
	orgError(w, status, fmt.Sprintf("ADMIN-%d", status), message, message)
}

func orgError(w http.ResponseWriter, status int, code, title, detail string) {
	writeJSON(w, status, map[string]any{"errors": []any{map[string]string{
		"id": "sim-" + code, "status": strconv.Itoa(status), "code": code, "title": title, "detail": detail,
	}}})
}

func badRequest(w http.ResponseWriter, detail string) {
	orgError(w, http.StatusBadRequest, "ADMIN-400-1", "Bad request", detail)
}

// cursor is what a page's next link holds, opaque to clients.
type cursor struct {
	From  int `json:"f"`
	Limit int `json:"l"`
}

func (c cursor) String() string {
	text, _ := json.Marshal(c) // two numbers always encode
	return base64.RawURLEncoding.EncodeToString(text)
}

// cut takes the page that a cursor or limit asks for out of rows; false means
// that the request was refused.
func cut[T any](w http.ResponseWriter, rows []T, after string, limit, usual, largest int) (page []T, next string, ok bool) {
	if limit < 0 || limit > largest {
		badRequest(w, fmt.Sprintf("limit must be between 1 and %d", largest))
		return nil, "", false
	}
	at := cursor{Limit: limit}
	if limit == 0 {
		at.Limit = usual
	}
	if after != "" {
		text, err := base64.RawURLEncoding.DecodeString(after)
		if err != nil || json.Unmarshal(text, &at) != nil || at.From <= 0 || at.Limit <= 0 {
			badRequest(w, "Invalid page cursor")
			return nil, "", false
		}
	}
	from := min(at.From, len(rows))
	to := min(from+at.Limit, len(rows))
	if to < len(rows) {
		next = cursor{to, at.Limit}.String()
	}
	return append([]T{}, rows[from:to]...), next, true
}

type orgRow = map[string]any

func answerPage(w http.ResponseWriter, page any, next string) {
	links := orgRow{}
	if next != "" {
		links["next"] = next
	}
	writeJSON(w, http.StatusOK, orgRow{"data": page, "links": links})
}

func queryPage(w http.ResponseWriter, r *http.Request, rows []orgRow, usual, largest int) {
	limit, err := strconv.Atoi(r.URL.Query().Get("limit"))
	if err != nil && r.URL.Query().Get("limit") != "" {
		badRequest(w, "limit must be a number")
		return
	}
	if page, next, ok := cut(w, rows, r.URL.Query().Get("cursor"), limit, usual, largest); ok {
		answerPage(w, page, next)
	}
}

func (s *orgServer) listOrgs(w http.ResponseWriter, _ *http.Request) {
	self := "https://api.atlassian.com/admin/v1/orgs/" + s.company.Org
	link := func(what string) orgRow { return orgRow{"links": orgRow{"related": self + "/" + what}} }
	writeJSON(w, http.StatusOK, orgRow{"links": orgRow{"self": self}, "data": []orgRow{{
		"id": s.company.Org, "type": "orgs", "attributes": orgRow{"name": s.company.OrgName},
		"links": orgRow{"self": self}, "relationships": orgRow{"domains": link("domains"), "users": link("users")},
	}}})
}

func (s *orgServer) listDirectories(w http.ResponseWriter, r *http.Request) {
	queryPage(w, r, []orgRow{{"directoryId": s.company.Directory, "name": s.company.OrgName + " directory", "icon": ""}}, 20, 100)
}

func (s *orgServer) listWorkspaces(w http.ResponseWriter, r *http.Request) {
	var ask map[string]any
	if refused := readJSON(r, &ask); refused != 0 {
		orgError(w, refused, fmt.Sprintf("ADMIN-%d", refused), http.StatusText(refused), "A JSON object is expected.")
		return
	}
	after, _ := ask["cursor"].(string)
	limit, _ := ask["limit"].(float64)
	if after != "" && len(ask) > 1 {
		badRequest(w, "With a cursor, no other property may be present")
		return
	}
	var rows []orgRow
	s.state.read(func(state *orgState) {
		for _, workspace := range s.company.Workspaces {
			rows = append(rows, workspaceRow(workspace, len(state.seats[workspace.ID])))
		}
	})
	page, next, ok := cut(w, rows, after, int(limit), 20, 1000)
	if !ok {
		return
	}
	links := orgRow{}
	if next != "" {
		links["next"] = next
	}
	writeJSON(w, http.StatusOK, orgRow{"data": page, "links": links, "meta": orgRow{"pageSize": len(page), "total": len(rows)}})
}

func workspaceRow(workspace Workspace, used int) orgRow {
	attributes := orgRow{
		"name": workspace.Name, "typeKey": workspace.TypeKey, "type": workspace.Name, "hostUrl": workspace.Host, "status": "online",
		"realm": "", "regions": []string{}, "labels": []string{}, "statusDetails": []string{}, "usage": used, "capacity": nil,
	}
	if workspace.Capacity >= 0 {
		attributes["capacity"] = workspace.Capacity
	}
	return orgRow{
		"id": workspace.ID, "type": "workspaces", "attributes": attributes,
		"links": orgRow{"self": "/v2/workspaces"}, "relationships": orgRow{},
	}
}

func (s *orgServer) groupStats(w http.ResponseWriter, _ *http.Request) {
	all, synced := 0, 0
	s.state.read(func(state *orgState) {
		all = len(state.groups)
		for _, group := range state.group {
			if group.Synced != nil && *group.Synced {
				synced++
			}
		}
	})
	writeJSON(w, http.StatusOK, orgRow{
		"totals": orgRow{"all": all, "managed": synced, "synced": synced},
		"types":  []orgRow{{"type": "GROUP", "count": all}},
	})
}

type groupSearch struct {
	AccountIDs []string `json:"accountIds"`
	GroupIDs   []string `json:"groupIds"`
	GroupNames []string `json:"groupNames"`
	SearchTerm string   `json:"searchTerm"`
	Expand     []string `json:"expand"`
	Limit      int      `json:"limit"`
	Cursor     string   `json:"cursor"`
}

func (s *orgServer) searchGroups(w http.ResponseWriter, r *http.Request) {
	var ask groupSearch
	if refused := readJSON(r, &ask); refused != 0 {
		orgError(w, refused, fmt.Sprintf("ADMIN-%d", refused), http.StatusText(refused), "A JSON object is expected.")
		return
	}
	if len(ask.GroupNames) > 0 && (len(ask.GroupIDs) > 0 || ask.SearchTerm != "") {
		badRequest(w, "groupNames can't be combined with groupIds or searchTerm")
		return
	}
	if len(ask.GroupIDs) > 10 || len(ask.AccountIDs) > 10 || len(ask.GroupNames) > 100 {
		badRequest(w, "too many ids or names")
		return
	}
	rows := []orgRow{}
	s.state.read(func(state *orgState) {
		for _, id := range state.groups {
			if ask.matches(state, state.group[id]) {
				rows = append(rows, s.groupRow(state, id, ask.Expand))
			}
		}
	})
	if page, next, ok := cut(w, rows, ask.Cursor, ask.Limit, 20, 100); ok {
		answerPage(w, page, next)
	}
}

func (q *groupSearch) matches(state *orgState, group *Group) bool {
	sameName := func(name string) bool { return strings.EqualFold(name, group.Name) }
	switch {
	case len(q.GroupIDs) > 0 && !slices.Contains(q.GroupIDs, group.ID),
		len(q.GroupNames) > 0 && !slices.ContainsFunc(q.GroupNames, sameName),
		!strings.Contains(strings.ToLower(group.Name), strings.ToLower(q.SearchTerm)):
		return false
	}
	member := func(account string) bool { return state.member[group.ID][account] }
	return len(q.AccountIDs) == 0 || slices.ContainsFunc(q.AccountIDs, member)
}

func (s *orgServer) groupRow(state *orgState, id string, expand []string) orgRow {
	group := state.group[id]
	row := orgRow{"id": id, "name": group.Name, "description": group.Description, "directoryId": s.company.Directory}
	modifiable := true
	if group.Synced != nil {
		row["externalSynced"] = *group.Synced
		modifiable = !*group.Synced
		row["managedBy"] = "admins"
		if *group.Synced {
			row["managedBy"] = "external"
		}
	}
	row["managementAccess"] = orgRow{"readable": true, "modifiable": modifiable, "deletable": modifiable}
	counts := orgRow{}
	if slices.Contains(expand, "counts.users") {
		counts["users"] = len(state.member[id])
	}
	if slices.Contains(expand, "counts.resources") {
		counts["resources"] = len(group.Roles)
	}
	if len(counts) > 0 {
		row["counts"] = counts
	}
	return row
}

func (s *orgServer) groupRoles(w http.ResponseWriter, r *http.Request) {
	var rows []orgRow
	known := false
	s.state.read(func(state *orgState) {
		group := state.group[r.PathValue("group")]
		if known = group != nil; known {
			rows = roleRows(group.Roles)
		}
	})
	if !known {
		orgError(w, http.StatusNotFound, "ADMIN-404-3", "Group not found", "There is no such group.")
		return
	}
	queryPage(w, r, rows, 20, 100)
}

// owner gives the product part of a resource identifier.
func owner(resource string) string {
	if parts := strings.Split(resource, ":"); len(parts) > 2 {
		return parts[2]
	}
	return ""
}

func roleRows(roles []GroupRole) []orgRow {
	rows := []orgRow{}
	for _, role := range roles {
		row := orgRow{"resourceId": role.Resource, "resourceOwner": owner(role.Resource), "roles": []string{role.Role}, "defaultRole": nil}
		if role.Default {
			row["defaultRole"] = role.Role
		}
		rows = append(rows, row)
	}
	return rows
}

type userSearch struct {
	AccountIDs       []string `json:"accountIds"`
	GroupIDs         []string `json:"groupIds"`
	Emails           []string `json:"emails"`
	SearchTerm       string   `json:"searchTerm"`
	RoleIDs          []string `json:"roleIds"`
	Status           []string `json:"status"`
	AccountStatus    []string `json:"accountStatus"`
	MembershipStatus []string `json:"membershipStatus"`
	Expand           []string `json:"expand"`
	Limit            int      `json:"limit"`
	Cursor           string   `json:"cursor"`
}

func (s *orgServer) searchUsers(w http.ResponseWriter, r *http.Request) {
	var ask userSearch
	if refused := readJSON(r, &ask); refused != 0 {
		orgError(w, refused, fmt.Sprintf("ADMIN-%d", refused), http.StatusText(refused), "A JSON object is expected.")
		return
	}
	if len(ask.Emails) > 0 && ask.SearchTerm != "" {
		badRequest(w, "emails can't be combined with searchTerm")
		return
	}
	if len(ask.GroupIDs) > 10 || len(ask.AccountIDs) > 10 || len(ask.Emails) > 100 {
		badRequest(w, "too many ids or addresses")
		return
	}
	var ids, page []string
	var next string
	ok := false
	rows := []orgRow{}
	s.state.read(func(state *orgState) {
		for i, email := range ask.Emails {
			ask.Emails[i] = strings.ToLower(email)
		}
		for _, id := range ask.candidates(state) {
			if ask.matches(state, state.account[id]) {
				ids = append(ids, id)
			}
		}
		if page, next, ok = cut(w, ids, ask.Cursor, ask.Limit, 50, 100); ok {
			for _, id := range page {
				rows = append(rows, s.userRow(state, id, ask.Expand))
			}
		}
	})
	if ok {
		answerPage(w, rows, next)
	}
}

// candidates narrows down the accounts by the filter that names them.
func (q *userSearch) candidates(state *orgState) []string {
	switch {
	case len(q.AccountIDs) > 0:
		return slices.DeleteFunc(slices.Clone(q.AccountIDs), func(id string) bool { return state.account[id] == nil })
	case len(q.GroupIDs) > 0:
		members := map[string]bool{}
		for _, group := range q.GroupIDs {
			for account := range state.member[group] {
				members[account] = true
			}
		}
		return sortedKeys(members)
	}
	return state.accounts
}

func (q *userSearch) matches(state *orgState, account *Account) bool {
	accountStatus, membership := statusParts(account)
	status := account.Status
	if account.Closed {
		status = "deactivated"
	}
	hasRole := func(role string) bool { return state.hasRole(account, role) }
	inGroup := func(group string) bool { return state.member[group][account.ID] }
	term := strings.ToLower(q.SearchTerm)
	return oneOf(q.Status, status) && oneOf(q.AccountStatus, accountStatus) && oneOf(q.MembershipStatus, membership) &&
		oneOf(q.Emails, strings.ToLower(account.Email)) && oneOf(q.AccountIDs, account.ID) &&
		(len(q.RoleIDs) == 0 || slices.ContainsFunc(q.RoleIDs, hasRole)) &&
		(len(q.GroupIDs) == 0 || slices.ContainsFunc(q.GroupIDs, inGroup)) &&
		(term == "" || strings.Contains(strings.ToLower(account.Name+" "+account.Email), term))
}

func oneOf(permitted []string, value string) bool {
	return len(permitted) == 0 || slices.Contains(permitted, value)
}

func statusParts(account *Account) (accountStatus, membership string) {
	switch {
	case account.Closed:
		return "closed", "no_membership"
	case account.Status == "suspended":
		return "active", "suspended"
	case account.Status == "deactivated":
		return "inactive", "active"
	case account.Status == "not_invited":
		return "active", "no_membership"
	}
	return "active", "active"
}

func (s *orgServer) userRow(state *orgState, id string, expand []string) orgRow {
	account := state.account[id]
	accountStatus, membership := statusParts(account)
	row := orgRow{
		"accountId": id, "name": account.Name, "nickname": account.Name, "email": account.Email, "emailVerified": true,
		"accountType": "atlassian", "accountStatus": accountStatus, "membershipStatus": membership, "status": account.Status,
		"claimStatus": claimed[!s.foreign(account.Email)], "addedToOrg": "2025-03-01T08:00:00Z",
	}
	if account.Closed {
		row["status"] = "deactivated"
	}
	if slices.Contains(expand, "platformRoles") {
		row["platformRoles"] = append([]string{}, account.PlatformRoles...)
	}
	if slices.Contains(expand, "groups") {
		groups := []orgRow{}
		for _, group := range sortedKeys(state.groupsOf[id]) {
			groups = append(groups, orgRow{"id": "ari:cloud:identity::group/" + group, "name": state.group[group].Name, "description": nil})
		}
		row["groups"] = groups
	}
	if slices.Contains(expand, "productAccess") {
		row["productAccess"] = s.productAccess(state, account)
	}
	return row
}

// productAccess lists the products that the account may use.
func (s *orgServer) productAccess(state *orgState, account *Account) []orgRow {
	rows := []orgRow{}
	for _, workspace := range s.company.Workspaces {
		used := account.Used[workspace.ID]
		if state.seats[workspace.ID][account.ID] == 0 {
			continue
		}
		row := orgRow{"key": workspace.TypeKey, "id": workspace.ID}
		if !used.IsZero() {
			row["lastActiveTimestamp"] = used.UTC().Format(time.RFC3339)
		}
		rows = append(rows, row)
	}
	return rows
}

func (s *orgServer) countUsers(w http.ResponseWriter, _ *http.Request) {
	count := 0
	s.state.read(func(state *orgState) { count = len(state.accounts) })
	writeJSON(w, http.StatusOK, orgRow{"count": count})
}

func (s *orgServer) userRoles(w http.ResponseWriter, r *http.Request) {
	rows := []orgRow{}
	known := false
	s.state.read(func(state *orgState) {
		account := state.account[r.PathValue("account")]
		if known = account != nil; known {
			rows = s.userRoleRows(state, account)
		}
	})
	if !known {
		orgError(w, http.StatusNotFound, "ADMIN-404-4", "User not found", "There is no such user.")
		return
	}
	queryPage(w, r, rows, 20, 100)
}

func (s *orgServer) userRoleRows(state *orgState, account *Account) []orgRow {
	methods := map[RoleOn][]string{}
	for _, role := range account.Direct {
		methods[role] = []string{"direct"}
	}
	for group := range state.groupsOf[account.ID] {
		for _, role := range state.group[group].Roles {
			if !slices.Contains(methods[role.RoleOn], "group_direct") {
				methods[role.RoleOn] = append(methods[role.RoleOn], "group_direct")
			}
		}
	}
	rows := []orgRow{}
	for _, workspace := range s.company.Workspaces {
		var roles []string
		var assignments []orgRow
		for _, role := range []string{"atlassian/user", "atlassian/admin"} {
			if how := methods[RoleOn{workspace.ID, role}]; len(how) > 0 {
				roles = append(roles, role)
				assignments = append(assignments, orgRow{"role": role, "roleAssignmentMethods": how})
			}
		}
		if len(roles) > 0 {
			rows = append(rows, orgRow{
				"resourceId": workspace.ID, "resourceOwner": owner(workspace.ID), "roles": roles, "roleAssignments": assignments,
				"directoryId": s.company.Directory, "userDirectoryStatus": "active",
			})
		}
	}
	return rows
}
