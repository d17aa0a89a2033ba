package simulator

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The provisioning directory answers as Atlassian's User provisioning REST API
// does (SCIM 2.0).

// directoryBase is where it is; the segment is the directory's id.
const directoryBase = "/scim/directory/{directory}"

// accountExtension holds the id of the Atlassian account.
const accountExtension = "urn:scim:schemas:extension:atlassian-external:1.0"

// directoryGroup is a group of the directory; its members are the directory's
// ids of people.
type directoryGroup struct {
	id, name, external string
	members            []string
}

func (s *orgServer) addDirectory(mux *http.ServeMux) {
	for pattern, serve := range map[string]http.HandlerFunc{
		"GET " + directoryBase + "/ServiceProviderConfig": s.directoryConfig,
		"GET " + directoryBase + "/Schemas":               s.directorySchemas,
		"GET " + directoryBase + "/Schemas/{schema}":      s.directorySchema,
		"GET " + directoryBase + "/Users":                 s.listProvisioned,
		"POST " + directoryBase + "/Users":                s.createProvisioned,
		"GET " + directoryBase + "/Users/{user}":          s.getProvisioned,
		"PUT " + directoryBase + "/Users/{user}":          s.putProvisioned,
		"PATCH " + directoryBase + "/Users/{user}":        s.patchProvisioned,
		"DELETE " + directoryBase + "/Users/{user}":       s.deleteProvisioned,
		"GET " + directoryBase + "/Groups":                s.listDirectoryGroups,
		"POST " + directoryBase + "/Groups":               s.createDirectoryGroup,
		"GET " + directoryBase + "/Groups/{group}":        s.getDirectoryGroup,
		"PATCH " + directoryBase + "/Groups/{group}":      s.patchDirectoryGroup,
	} {
		mux.Handle(pattern, s.directoryGate(pattern, serve))
	}
}

func (s *orgServer) directoryGate(pattern string, next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Authorization") != "Bearer "+DirectoryKey:
			writeJSON(w, http.StatusUnauthorized, map[string]string{"error": "Unauthorized", "traceId": "sim"})
		case !s.pass(w, pattern, false):
		case r.PathValue("directory") != s.company.Provisioning:
			scimError(w, http.StatusNotFound, "Directory does not exist")
		default:
			next(w, r)
		}
	})
}

func (s *orgServer) directoryConfig(w http.ResponseWriter, _ *http.Request) {
	no := scimRow{"supported": false}
	writeSCIM(w, http.StatusOK, scimRow{
		"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"},
		"patch":   scimRow{"supported": true}, "bulk": scimRow{"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
		"filter": scimRow{"supported": true, "maxResults": 100}, "changePassword": no, "sort": no, "etag": no, "authenticationSchemes": []any{},
	})
}

var directorySchemas = map[string]string{
	"urn:ietf:params:scim:schemas:core:2.0:User":                 "User",
	"urn:ietf:params:scim:schemas:core:2.0:Group":                "Group",
	"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": "Enterprise User",
}

func (s *orgServer) directorySchemas(w http.ResponseWriter, _ *http.Request) {
	rows := []scimRow{}
	for _, id := range slices.Sorted(maps.Keys(directorySchemas)) {
		rows = append(rows, scimRow{"id": id, "name": directorySchemas[id]})
	}
	writeSCIM(w, http.StatusOK, scimList(rows, 1, len(rows)))
}

func (s *orgServer) directorySchema(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("schema")
	if directorySchemas[id] == "" {
		scimError(w, http.StatusNotFound, "Schema does not exist")
		return
	}
	writeSCIM(w, http.StatusOK, scimRow{"id": id, "name": directorySchemas[id]})
}

func scimList(rows []scimRow, start, total int) scimRow {
	return scimRow{
		"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:ListResponse"}, "startIndex": start, "itemsPerPage": len(rows),
		"totalResults": total, "Resources": rows,
	}
}

// directoryFilter is the one kind of filter that the directory takes.
var directoryFilter = regexp.MustCompile(`^(\w+) eq "((?:[^"\\]|\\.)*)"$`)

// directoryPage answers with the rows that the filter lets through, from
// startIndex on.
func directoryPage(w http.ResponseWriter, r *http.Request, rows []scimRow, filters ...string) {
	query := r.URL.Query()
	if filter := query.Get("filter"); filter != "" {
		match := directoryFilter.FindStringSubmatch(filter)
		if match == nil || !slices.Contains(filters, match[1]) {
			scimError(w, http.StatusBadRequest, "Invalid filter")
			return
		}
		rows = slices.DeleteFunc(rows, func(row scimRow) bool { return row[match[1]] != match[2] })
	}
	count, start := 100, 1
	for name, into := range map[string]*int{"count": &count, "startIndex": &start} {
		if text := query.Get(name); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil {
				scimError(w, http.StatusBadRequest, name+" is not a number")
				return
			}
			*into = n
		}
	}
	from := min(max(start, 1)-1, len(rows))
	to := min(from+min(max(count, 0), 100), len(rows))
	writeSCIM(w, http.StatusOK, scimList(append([]scimRow{}, rows[from:to]...), from+1, len(rows)))
}

func provisionedRow(person *Provisioned) scimRow {
	return scimRow{
		"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:User", accountExtension},
		"id":      person.ID, "externalId": person.External, "userName": person.UserName, "displayName": person.Name,
		"name": scimRow{"formatted": person.Name}, "active": person.Active,
		"emails":         []scimRow{{"value": person.Email, "type": "work", "primary": true}},
		"meta":           scimRow{"resourceType": "USER", "created": "2025-03-01T08:00:00Z", "lastModified": "2026-11-20T09:00:00Z"},
		accountExtension: scimRow{"atlassianAccountId": person.Account},
	}
}

func (s *orgServer) listProvisioned(w http.ResponseWriter, r *http.Request) {
	rows := []scimRow{}
	s.state.read(func(state *orgState) {
		if match := directoryFilter.FindStringSubmatch(r.URL.Query().Get("filter")); match != nil && match[1] == "userName" {
			for _, person := range state.provisioned {
				if person.UserName == match[2] {
					rows = append(rows, provisionedRow(person))
				}
			}
			return
		}
		for _, id := range sortedKeys(state.provisioned) {
			rows = append(rows, provisionedRow(state.provisioned[id]))
		}
	})
	directoryPage(w, r, rows, "userName", "externalId")
}

func (s *orgServer) getProvisioned(w http.ResponseWriter, r *http.Request) {
	var row scimRow
	s.state.read(func(state *orgState) {
		if person := state.provisioned[r.PathValue("user")]; person != nil {
			row = provisionedRow(person)
		}
	})
	if row == nil {
		scimError(w, http.StatusNotFound, "Resource not found")
		return
	}
	writeSCIM(w, http.StatusOK, row)
}

// provisionedBody is a user as a client sends it.
type provisionedBody struct {
	UserName    string `json:"userName"`
	ExternalID  string `json:"externalId"`
	DisplayName string `json:"displayName"`
	Name        struct {
		Formatted  string `json:"formatted"`
		GivenName  string `json:"givenName"`
		FamilyName string `json:"familyName"`
	} `json:"name"`
	Emails []struct {
		Value   string `json:"value"`
		Primary bool   `json:"primary"`
	} `json:"emails"`
	Active *bool `json:"active"`
}

// fill puts what was sent into a person; it says what is missing.
func (b *provisionedBody) fill(person *Provisioned) (missing string) {
	person.UserName, person.External, person.Active = b.UserName, b.ExternalID, b.Active == nil || *b.Active
	for _, name := range []string{b.DisplayName, b.Name.Formatted, strings.TrimSpace(b.Name.GivenName + " " + b.Name.FamilyName)} {
		if person.Name = name; name != "" {
			break
		}
	}
	person.Email = ""
	for _, email := range b.Emails {
		if email.Primary {
			person.Email = email.Value
		}
	}
	switch {
	case person.UserName == "":
		return "userName is required"
	case person.Email == "":
		return "one of emails must be primary"
	}
	return ""
}

func readSCIM(w http.ResponseWriter, r *http.Request, into any) bool {
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if kind != "application/scim+json" && kind != "application/json" {
		scimError(w, http.StatusUnsupportedMediaType, "Unsupported media type")
		return false
	}
	if err := json.NewDecoder(r.Body).Decode(into); err != nil {
		scimError(w, http.StatusBadRequest, "The body can't be read")
		return false
	}
	return true
}

// createProvisioned makes a person and their account, or links the account of
// the address. An address outside the organization's domains is refused.
func (s *orgServer) createProvisioned(w http.ResponseWriter, r *http.Request) {
	var body provisionedBody
	if !readSCIM(w, r, &body) {
		return
	}
	person := Provisioned{ID: s.newID()}
	if missing := body.fill(&person); missing != "" {
		scimError(w, http.StatusBadRequest, missing)
		return
	}
	s.state.write(func(truth *orgState) func(*orgState) {
		for _, other := range truth.provisioned {
			if strings.EqualFold(other.UserName, person.UserName) {
				scimError(w, http.StatusConflict, "User already exists")
				return nil
			}
		}
		if s.foreign(person.Email) {
			scimError(w, http.StatusBadRequest, "The email domain is not verified")
			return nil
		}
		isNew := truth.byEmail[strings.ToLower(person.Email)] == ""
		if person.Account = truth.byEmail[strings.ToLower(person.Email)]; isNew {
			person.Account = s.ids.accountID()
		}
		writeSCIM(w, http.StatusCreated, provisionedRow(&person))
		s.tellSites(person)
		return func(state *orgState) {
			if isNew {
				state.addAccount(Account{ID: person.Account, Email: person.Email, Status: "active"})
			}
			state.putProvisioned(person)
		}
	})
}

// tellSites brings an account to the sites as the directory has it.
func (s *orgServer) tellSites(person Provisioned) {
	account := Account{ID: person.Account, Name: person.Name, Email: person.Email, Status: "active"}
	if !person.Active {
		account.Status = "deactivated"
	}
	for _, site := range s.sites {
		site.state.write(func(*siteState) func(*siteState) {
			return func(state *siteState) {
				state.user[account.ID] = &account
				state.users = sortedKeys(state.user)
			}
		})
	}
}

func (s *orgServer) newID() string {
	var id string
	s.state.write(func(*orgState) func(*orgState) { id = s.ids.uuid(); return nil })
	return id
}

// claimed is what Atlassian calls an account that the organization manages.
var claimed = map[bool]string{true: "managed", false: "unmanaged"}

// foreign says whether an address is of a domain that the organization doesn't
// own.
func (s *orgServer) foreign(email string) bool {
	return slices.Contains(s.company.PendingDomains, strings.ToLower(email[strings.LastIndex(email, "@")+1:]))
}

// putProvisioned keeps a person, and brings the account up to date.
func (s *orgState) putProvisioned(person Provisioned) {
	s.provisioned[person.ID] = &person
	account := *s.account[person.Account]
	account.Name = person.Name
	s.account[person.Account] = &account
	switch {
	case !person.Active:
		s.setStatus(person.Account, "deactivated")
	case account.Status == "deactivated":
		s.setStatus(person.Account, "active")
	}
}

// changeProvisioned changes a person as they truly are and answers with them;
// edit gives a sentence where it refuses.
func (s *orgServer) changeProvisioned(w http.ResponseWriter, r *http.Request, edit func(*Provisioned) (refusal string)) {
	s.state.write(func(truth *orgState) func(*orgState) {
		known := truth.provisioned[r.PathValue("user")]
		if known == nil {
			scimError(w, http.StatusNotFound, "Resource not found")
			return nil
		}
		person := *known
		if refusal := edit(&person); refusal != "" {
			scimError(w, http.StatusBadRequest, refusal)
			return nil
		}
		if r.Method == http.MethodDelete {
			w.WriteHeader(http.StatusNoContent)
		} else {
			writeSCIM(w, http.StatusOK, provisionedRow(&person))
		}
		s.tellSites(person)
		return func(state *orgState) { state.putProvisioned(person) }
	})
}

func (s *orgServer) putProvisioned(w http.ResponseWriter, r *http.Request) {
	var body provisionedBody
	if readSCIM(w, r, &body) {
		s.changeProvisioned(w, r, body.fill)
	}
}

// deleteProvisioned deactivates: the account stays.
func (s *orgServer) deleteProvisioned(w http.ResponseWriter, r *http.Request) {
	s.changeProvisioned(w, r, func(person *Provisioned) string {
		person.Active = false
		return ""
	})
}

type directoryOperation struct {
	Op    string          `json:"op"`
	Path  string          `json:"path"`
	Value json.RawMessage `json:"value"`
}

// patchProvisioned takes Operations, as RFC 7644 and the documentation write it;
// encoding/json takes operations, too, as the OpenAPI file writes it.
func (s *orgServer) patchProvisioned(w http.ResponseWriter, r *http.Request) {
	var body struct{ Operations []directoryOperation }
	if !readSCIM(w, r, &body) {
		return
	}
	s.changeProvisioned(w, r, func(person *Provisioned) string {
		if len(body.Operations) == 0 {
			return "Operations are missing"
		}
		for _, operation := range body.Operations {
			if refusal := operation.apply(person); refusal != "" {
				return refusal
			}
		}
		return ""
	})
}

func (o *directoryOperation) apply(person *Provisioned) (refusal string) {
	if !slices.Contains([]string{"add", "replace"}, strings.ToLower(o.Op)) {
		return fmt.Sprintf("op %q is not supported", o.Op)
	}
	var err error
	switch o.Path {
	case "active":
		err = json.Unmarshal(o.Value, &person.Active)
	case "displayName":
		err = json.Unmarshal(o.Value, &person.Name)
	case "name.formatted":
		var formatted string
		err = json.Unmarshal(o.Value, &formatted)
	default:
		return fmt.Sprintf("path %q is not supported", o.Path)
	}
	if err != nil {
		return "The value can't be read"
	}
	return ""
}

func (g *directoryGroup) row() scimRow {
	members := []scimRow{}
	for _, id := range g.members {
		members = append(members, scimRow{"value": id, "type": "User"})
	}
	return scimRow{
		"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:Group"}, "id": g.id, "externalId": g.external, "displayName": g.name,
		"members": members, "meta": scimRow{"resourceType": "GROUP"},
	}
}

func (s *orgServer) listDirectoryGroups(w http.ResponseWriter, r *http.Request) {
	rows := []scimRow{}
	s.state.read(func(state *orgState) {
		for _, id := range sortedKeys(state.inDirectory) {
			rows = append(rows, state.inDirectory[id].row())
		}
	})
	directoryPage(w, r, rows, "displayName")
}

func (s *orgServer) getDirectoryGroup(w http.ResponseWriter, r *http.Request) {
	var row scimRow
	s.state.read(func(state *orgState) {
		if group := state.inDirectory[r.PathValue("group")]; group != nil {
			row = group.row()
		}
	})
	if row == nil {
		scimError(w, http.StatusNotFound, "Resource not found")
		return
	}
	writeSCIM(w, http.StatusOK, row)
}

// createDirectoryGroup refuses the name of any group that Atlassian has: that is
// a group conflict.
func (s *orgServer) createDirectoryGroup(w http.ResponseWriter, r *http.Request) {
	var body struct{ DisplayName, ExternalID string }
	if !readSCIM(w, r, &body) {
		return
	}
	id := s.newID()
	s.state.write(func(truth *orgState) func(*orgState) {
		if body.DisplayName == "" || truth.byName[strings.ToLower(body.DisplayName)] != "" {
			scimError(w, http.StatusConflict, "Group already exists")
			return nil
		}
		group := directoryGroup{id: id, name: body.DisplayName, external: body.ExternalID}
		writeSCIM(w, http.StatusCreated, group.row())
		atlassian := Group{ID: s.ids.uuid(), Name: body.DisplayName, Synced: ptr(true)}
		return func(state *orgState) {
			state.addGroup(atlassian)
			copied := group
			state.inDirectory[id] = &copied
		}
	})
}

// patchDirectoryGroup adds and removes members.
func (s *orgServer) patchDirectoryGroup(w http.ResponseWriter, r *http.Request) {
	var body struct{ Operations []directoryOperation }
	if !readSCIM(w, r, &body) {
		return
	}
	s.state.write(func(truth *orgState) func(*orgState) {
		known := truth.inDirectory[r.PathValue("group")]
		if known == nil {
			scimError(w, http.StatusNotFound, "Resource not found")
			return nil
		}
		group := *known
		group.members = slices.Clone(group.members)
		for _, operation := range body.Operations {
			if refusal := operation.applyTo(&group); refusal != "" {
				scimError(w, http.StatusBadRequest, refusal)
				return nil
			}
		}
		writeSCIM(w, http.StatusOK, group.row())
		return func(state *orgState) { state.putDirectoryGroup(group) }
	})
}

func (o *directoryOperation) applyTo(group *directoryGroup) (refusal string) {
	var values []struct{ Value string }
	if o.Path != "members" || json.Unmarshal(o.Value, &values) != nil {
		return "Only members can be changed"
	}
	for _, value := range values {
		group.members = slices.DeleteFunc(group.members, func(id string) bool { return id == value.Value })
		if !strings.EqualFold(o.Op, "remove") {
			group.members = append(group.members, value.Value)
		}
	}
	return ""
}

// putDirectoryGroup keeps a group, and gives the Atlassian group its members.
func (s *orgState) putDirectoryGroup(group directoryGroup) {
	s.inDirectory[group.id] = &group
	target := s.byName[strings.ToLower(group.name)]
	for account := range maps.Clone(s.member[target]) {
		s.removeMember(target, account)
	}
	for _, id := range group.members {
		if person := s.provisioned[id]; person != nil {
			s.addMember(target, person.Account)
		}
	}
}
