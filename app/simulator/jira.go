package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// SiteToken is the API token that each simulated site accepts of the company's
// owner.
const SiteToken = "simulated-site-token"

// siteState is the content of one site under original user management.
type siteState struct {
	users  []string // account ids in order
	user   map[string]*Account
	groups []string // ids in order
	group  map[string]*siteGroup
	member map[string]map[string]bool // group → accounts
}

// siteGroup is a group of one site.
type siteGroup struct {
	ID, Name string
	// Products are the keys of the Jira products that it gives, Defaults those
	// that hand it out.
	Products, Defaults []string
	Admin              bool
}

// jiraKeys are the products that Jira's API knows, by their typeKey.
var jiraKeys = map[string]string{"jira-software": "jira-software", "jira-service-management": "jira-servicedesk"}

// hidden says whether a person hides their address on sites: few do.
func hidden(no int) bool { return no%40 == 7 }

// newSiteState puts on a site the groups that give something there, on the first
// also those that give nothing. Elsewhere than on the first a group lacks some of
// its members, and who is in no group isn't known.
func newSiteState(company *Company, host string, first bool) *siteState {
	s := &siteState{user: map[string]*Account{}, group: map[string]*siteGroup{}, member: map[string]map[string]bool{}}
	accounts := map[string]*Account{}
	for i := range company.Accounts {
		account := company.Accounts[i]
		if account.Closed {
			continue
		}
		if hidden(i) && account.Email != company.Owner {
			account.Email = ""
		}
		accounts[account.ID] = &account
		if first || i < 2 {
			s.user[account.ID] = &account
		}
	}
	for i, group := range company.Groups {
		made, here := siteGroupOf(company, group, host)
		if !here && (!first || len(group.Roles) > 0) {
			continue
		}
		made.ID = fmt.Sprintf("%s-%s", host[:strings.Index(host, ".")], group.ID)
		s.group[made.ID], s.member[made.ID] = made, map[string]bool{}
		for n, member := range group.Members {
			if accounts[member] != nil && (first || (n+i)%7 != 0) {
				s.member[made.ID][member], s.user[member] = true, accounts[member]
			}
		}
	}
	admins := host[:strings.Index(host, ".")] + "-site-admins"
	s.group[admins], s.member[admins] = &siteGroup{ID: admins, Name: "administrators", Admin: true}, map[string]bool{}
	for i := range company.Accounts[:min(2, len(company.Accounts))] {
		s.member[admins][company.Accounts[i].ID] = true
	}
	s.groups, s.users = sortedKeys(s.group), sortedKeys(s.user)
	return s
}

func siteGroupOf(company *Company, group Group, host string) (made *siteGroup, here bool) {
	made = &siteGroup{Name: group.Name}
	for _, role := range group.Roles {
		for _, workspace := range company.Workspaces {
			if workspace.ID != role.Resource || workspace.Host != "https://"+host {
				continue
			}
			here = true
			if key := jiraKeys[workspace.TypeKey]; key != "" {
				made.Products = append(made.Products, key)
				if role.Default {
					made.Defaults = append(made.Defaults, key)
				}
			}
		}
	}
	return made, here
}

// onSites gives the company as the organization sees it under original user
// management: each site has its groups for itself.
func onSites(company *Company) *Company {
	seen := *company
	seen.Groups = nil
	hosts := hostsOf(company)
	for n, host := range hosts {
		prefix := host[:strings.Index(host, ".")] + "-"
		for _, group := range company.Groups {
			if _, here := siteGroupOf(company, group, host); !here && (n > 0 || len(group.Roles) > 0) {
				continue
			}
			group.ID, group.Members, group.Synced = prefix+group.ID, nil, nil
			group.Roles = slices.DeleteFunc(slices.Clone(group.Roles), func(role GroupRole) bool {
				return !slices.ContainsFunc(company.Workspaces, func(w Workspace) bool { return w.ID == role.Resource && w.Host == "https://"+host })
			})
			seen.Groups = append(seen.Groups, group)
		}
		seen.Groups = append(seen.Groups, Group{ID: prefix + "site-admins", Name: "administrators"})
	}
	return &seen
}

// hostsOf lists the hosts of a company's sites in order.
func hostsOf(company *Company) []string {
	var hosts []string
	for _, workspace := range company.Workspaces {
		if host := strings.TrimPrefix(workspace.Host, "https://"); !slices.Contains(hosts, host) {
			hosts = append(hosts, host)
		}
	}
	return hosts
}

// jiraServer answers as one site's Jira Cloud platform REST API does.
type jiraServer struct {
	company *Company
	host    string
	state   eventually[*siteState]
	meter   *meter
	ids     sampler
	org     *orgServer // learns of the groups that are made
}

// newJiraServers makes one for each site of the company.
func newJiraServers(options Options) []*jiraServer {
	var servers []*jiraServer
	for _, host := range hostsOf(options.Company) {
		first := len(servers) == 0
		servers = append(servers, &jiraServer{
			company: options.Company, host: host, meter: newMeter("site", options), ids: idSampler(100 + uint64(len(servers))),
			state: eventually[*siteState]{
				delay: options.Consistency, truth: newSiteState(options.Company, host, first), seen: newSiteState(options.Company, host, first),
			},
		})
	}
	return servers
}

func (s *jiraServer) handler() http.Handler {
	mux := http.NewServeMux()
	const base = "/rest/api/3"
	for pattern, serve := range map[string]http.HandlerFunc{
		"GET " + base + "/myself":          s.myself,
		"GET " + base + "/mypermissions":   s.myPermissions,
		"GET " + base + "/users/search":    s.searchUsers,
		"GET " + base + "/user/groups":     s.groupsOf,
		"POST " + base + "/user":           s.createUser,
		"GET " + base + "/group/bulk":      s.listGroups,
		"GET " + base + "/group/member":    s.listMembers,
		"POST " + base + "/group":          s.createGroup,
		"POST " + base + "/group/user":     s.addMember,
		"DELETE " + base + "/group/user":   s.removeMember,
		"GET " + base + "/applicationrole": s.applicationRoles,
	} {
		mux.Handle(pattern, s.gate(pattern, serve))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		jiraError(w, http.StatusNotFound, "There is no such resource.")
	})
	return mux
}

func (s *jiraServer) gate(endpoint string, next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		email, token, _ := r.BasicAuth()
		if !strings.EqualFold(email, s.company.Owner) || token != SiteToken {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		told, ok := s.meter.take(endpoint)
		if told != nil {
			told.tell(w.Header())
		}
		if !ok {
			w.Header().Set("Retry-After", "1")
			w.Header().Set("RateLimit-Reason", "jira-burst-based")
			jiraError(w, http.StatusTooManyRequests, "Rate limit exceeded.")
			return
		}
		next(w, r)
	})
}

func jiraError(w http.ResponseWriter, status int, message string) {
	writeJSON(w, status, map[string]any{"errorMessages": []string{message}, "errors": map[string]string{}})
}

type jiraRow = map[string]any

// jiraPage answers with maxResults rows from startAt on.
func jiraPage(w http.ResponseWriter, r *http.Request, rows []jiraRow, largest int) {
	limit, from := 50, 0
	for name, into := range map[string]*int{"maxResults": &limit, "startAt": &from} {
		if text := r.URL.Query().Get(name); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil || n < 0 {
				jiraError(w, http.StatusBadRequest, name+" is not a number.")
				return
			}
			*into = n
		}
	}
	limit, from = min(limit, largest), min(from, len(rows))
	to := min(from+limit, len(rows))
	writeJSON(w, http.StatusOK, jiraRow{
		"self": "http://" + r.Host + r.URL.RequestURI(), "startAt": from, "maxResults": limit, "total": len(rows), "isLast": to == len(rows),
		"values": append([]jiraRow{}, rows[from:to]...),
	})
}

func jiraUser(account *Account) jiraRow {
	row := jiraRow{"accountId": account.ID, "accountType": "atlassian", "displayName": account.Name, "active": account.Status == "active"}
	if account.Email != "" {
		row["emailAddress"] = account.Email
	}
	return row
}

func (s *jiraServer) myself(w http.ResponseWriter, _ *http.Request) {
	for i := range s.company.Accounts {
		if strings.EqualFold(s.company.Accounts[i].Email, s.company.Owner) {
			writeJSON(w, http.StatusOK, jiraUser(&s.company.Accounts[i]))
			return
		}
	}
	jiraError(w, http.StatusNotFound, "You are nobody here.")
}

func (s *jiraServer) myPermissions(w http.ResponseWriter, r *http.Request) {
	answer := jiraRow{}
	for i, key := range strings.Split(r.URL.Query().Get("permissions"), ",") {
		answer[key] = jiraRow{"id": strconv.Itoa(i), "key": key, "name": key, "type": "GLOBAL", "description": "", "havePermission": true}
	}
	writeJSON(w, http.StatusOK, jiraRow{"permissions": answer})
}

func (s *jiraServer) searchUsers(w http.ResponseWriter, r *http.Request) {
	rows := []jiraRow{}
	s.state.read(func(state *siteState) {
		for _, id := range state.users {
			rows = append(rows, jiraUser(state.user[id]))
		}
	})
	from, _ := strconv.Atoi(r.URL.Query().Get("startAt"))
	limit, err := strconv.Atoi(r.URL.Query().Get("maxResults"))
	if err != nil {
		limit = 50
	}
	from = min(max(from, 0), len(rows))
	writeJSON(w, http.StatusOK, rows[from:min(from+min(limit, 1000), len(rows))])
}

func (s *jiraServer) groupsOf(w http.ResponseWriter, r *http.Request) {
	account, rows := r.URL.Query().Get("accountId"), []jiraRow{}
	known := false
	s.state.read(func(state *siteState) {
		known = state.user[account] != nil
		for _, id := range state.groups {
			if state.member[id][account] {
				rows = append(rows, jiraRow{"groupId": id, "name": state.group[id].Name})
			}
		}
	})
	if !known {
		jiraError(w, http.StatusNotFound, "The user does not exist.")
		return
	}
	writeJSON(w, http.StatusOK, rows)
}

func (s *jiraServer) listGroups(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	var rows []jiraRow
	s.state.read(func(state *siteState) {
		for _, id := range state.groups {
			group := state.group[id]
			if query.Has("groupId") && !slices.Contains(query["groupId"], id) ||
				query.Has("groupName") && !slices.Contains(query["groupName"], group.Name) || query.Get("accessType") == "site-admin" && !group.Admin {
				continue
			}
			rows = append(rows, jiraRow{"groupId": id, "name": group.Name})
		}
	})
	jiraPage(w, r, rows, 1000)
}

func (s *jiraServer) listMembers(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("groupId")
	inactive := r.URL.Query().Get("includeInactiveUsers") == "true"
	var rows []jiraRow
	known := false
	s.state.read(func(state *siteState) {
		known = state.group[id] != nil
		for _, member := range sortedKeys(state.member[id]) {
			if inactive || state.user[member].Status == "active" {
				rows = append(rows, jiraUser(state.user[member]))
			}
		}
	})
	if !known {
		jiraError(w, http.StatusNotFound, "The group does not exist.")
		return
	}
	jiraPage(w, r, rows, 50)
}

func (s *jiraServer) applicationRoles(w http.ResponseWriter, _ *http.Request) {
	rows := []jiraRow{}
	s.state.read(func(state *siteState) {
		for _, workspace := range s.company.Workspaces {
			if key := jiraKeys[workspace.TypeKey]; key != "" && workspace.Host == "https://"+s.host {
				rows = append(rows, state.applicationRole(key, workspace))
			}
		}
	})
	writeJSON(w, http.StatusOK, rows)
}

func (s *siteState) applicationRole(key string, workspace Workspace) jiraRow {
	given, defaults := []jiraRow{}, []jiraRow{}
	names, defaultNames := []string{}, []string{}
	using := map[string]bool{}
	for _, id := range s.groups {
		group, row := s.group[id], jiraRow{"groupId": id, "name": s.group[id].Name, "self": "https://" + id}
		if slices.Contains(group.Products, key) {
			given, names = append(given, row), append(names, group.Name)
			for member := range s.member[id] {
				using[member] = true
			}
		}
		if slices.Contains(group.Defaults, key) {
			defaults, defaultNames = append(defaults, row), append(defaultNames, group.Name)
		}
	}
	seats := workspace.Capacity
	if seats < 0 {
		seats = 0
	}
	return jiraRow{
		"key": key, "name": workspace.Name, "groups": names, "groupDetails": given, "defaultGroups": defaultNames, "defaultGroupsDetails": defaults,
		"numberOfSeats": seats, "userCount": len(using), "remainingSeats": max(seats-len(using), 0), "hasUnlimitedSeats": workspace.Capacity < 0,
		"defined": true, "platform": false, "selectedByDefault": false, "userCountDescription": "users",
	}
}

func (s *jiraServer) createGroup(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Name string `json:"name"`
	}
	if status := readJSON(r, &body); status != 0 || strings.TrimSpace(body.Name) == "" {
		jiraError(w, http.StatusBadRequest, "The group name is not specified.")
		return
	}
	s.state.write(func(state *siteState) func(*siteState) {
		for _, group := range state.group {
			if strings.EqualFold(group.Name, body.Name) {
				jiraError(w, http.StatusBadRequest, fmt.Sprintf("A group named %q exists already.", body.Name))
				return nil
			}
		}
		made := siteGroup{ID: s.ids.uuid(), Name: body.Name}
		s.org.state.write(func(*orgState) func(*orgState) {
			return func(state *orgState) { state.addGroup(Group{ID: made.ID, Name: made.Name}) }
		})
		writeJSON(w, http.StatusCreated, jiraRow{"groupId": made.ID, "name": made.Name, "self": "http://" + r.Host + "/" + made.ID})
		return func(state *siteState) {
			state.group[made.ID], state.member[made.ID] = &made, map[string]bool{}
			state.groups = sortedKeys(state.group)
		}
	})
}

// createUser brings somebody onto the site: an account of that address, or a new
// one.
func (s *jiraServer) createUser(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Email    string    `json:"emailAddress"`
		Products *[]string `json:"products"`
	}
	if status := readJSON(r, &body); status != 0 || !strings.Contains(body.Email, "@") || body.Products == nil {
		jiraError(w, http.StatusBadRequest, "emailAddress and products are required.")
		return
	}
	s.state.write(func(state *siteState) func(*siteState) {
		made := Account{ID: "712020:" + s.ids.uuid(), Name: body.Email, Email: body.Email, Status: "active"}
		for i := range s.company.Accounts {
			if strings.EqualFold(s.company.Accounts[i].Email, body.Email) {
				made = s.company.Accounts[i]
			}
		}
		writeJSON(w, http.StatusCreated, jiraUser(&made))
		return func(state *siteState) {
			state.user[made.ID] = &made
			state.users = sortedKeys(state.user)
		}
	})
}

func (s *jiraServer) addMember(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Account string `json:"accountId"`
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil || body.Account == "" {
		jiraError(w, http.StatusBadRequest, "accountId is missing.")
		return
	}
	id := r.URL.Query().Get("groupId")
	s.state.write(func(state *siteState) func(*siteState) {
		switch {
		case state.group[id] == nil, state.user[body.Account] == nil:
			jiraError(w, http.StatusNotFound, "The group or the user does not exist.")
		case state.member[id][body.Account]:
			jiraError(w, http.StatusBadRequest, "Cannot add user: the user is already a member of the group.")
		default:
			writeJSON(w, http.StatusCreated, jiraRow{"groupId": id, "name": state.group[id].Name, "self": "http://" + r.Host + "/" + id})
			return func(state *siteState) { state.member[id][body.Account] = true }
		}
		return nil
	})
}

func (s *jiraServer) removeMember(w http.ResponseWriter, r *http.Request) {
	id, account := r.URL.Query().Get("groupId"), r.URL.Query().Get("accountId")
	s.state.write(func(state *siteState) func(*siteState) {
		switch {
		case state.group[id] == nil, state.user[account] == nil:
			jiraError(w, http.StatusNotFound, "The group or the user does not exist.")
		case !state.member[id][account]:
			jiraError(w, http.StatusBadRequest, "Cannot remove user: the user is not a member of the group.")
		default:
			w.WriteHeader(http.StatusOK)
			return func(state *siteState) { delete(state.member[id], account) }
		}
		return nil
	})
}

// SiteMembers gives the account ids of a group of a site as they truly are, by
// the group's name in any case.
func (s *Simulation) SiteMembers(host, name string) (accounts []string, ok bool) {
	for _, site := range s.sites {
		if site.host != host {
			continue
		}
		site.state.mu.Lock()
		defer site.state.mu.Unlock()
		for id, group := range site.state.truth.group {
			if strings.EqualFold(group.Name, name) {
				return sortedKeys(site.state.truth.member[id]), true
			}
		}
	}
	return nil, false
}
