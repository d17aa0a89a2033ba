package simulator

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
)

// idSampler makes ids for what is created while the simulation runs.
func idSampler(server uint64) sampler { return sampler{rng: rand.New(rand.NewPCG(7, server))} }

func (s *orgServer) createGroup(w http.ResponseWriter, r *http.Request) {
	var ask struct{ Name, Description string }
	if refused := readJSON(r, &ask); refused != 0 || strings.TrimSpace(ask.Name) == "" {
		w.WriteHeader(max(refused, http.StatusBadRequest))
		return
	}
	s.state.write(func(truth *orgState) func(*orgState) {
		if truth.byName[strings.ToLower(ask.Name)] != "" {
			w.WriteHeader(http.StatusConflict)
			return nil
		}
		group := Group{ID: s.ids.uuid(), Name: ask.Name, Description: ask.Description, Synced: ptr(false)}
		w.WriteHeader(http.StatusCreated)
		return func(state *orgState) { state.addGroup(group) }
	})
}

// synced says whether an identity provider owns the group: its members can't
// be written.
func (s *orgState) synced(group string) bool {
	return s.group[group].Synced != nil && *s.group[group].Synced
}

func (s *orgServer) addMember(w http.ResponseWriter, r *http.Request) {
	var ask struct {
		AccountID string `json:"accountId"`
	}
	if refused := readJSON(r, &ask); refused != 0 {
		w.WriteHeader(refused)
		return
	}
	group := r.PathValue("group")
	s.state.write(func(truth *orgState) func(*orgState) {
		switch {
		case truth.group[group] == nil || truth.account[ask.AccountID] == nil:
			w.WriteHeader(http.StatusNotFound)
		case truth.synced(group):
			w.WriteHeader(http.StatusBadRequest)
		case truth.member[group][ask.AccountID], !truth.fits(s.company.Workspaces, group, ask.AccountID):
			w.WriteHeader(http.StatusConflict)
		default:
			w.WriteHeader(http.StatusNoContent)
			return func(state *orgState) { state.addMember(group, ask.AccountID) }
		}
		return nil
	})
}

func (s *orgServer) removeMember(w http.ResponseWriter, r *http.Request) {
	group, account := r.PathValue("group"), r.PathValue("account")
	s.state.write(func(truth *orgState) func(*orgState) {
		switch {
		case truth.group[group] == nil || !truth.member[group][account]:
			w.WriteHeader(http.StatusNotFound)
		case truth.synced(group):
			w.WriteHeader(http.StatusBadRequest)
		default:
			w.WriteHeader(http.StatusNoContent)
			return func(state *orgState) { state.removeMember(group, account) }
		}
		return nil
	})
}

type invitation struct {
	Emails           []string `json:"emails"`
	AdditionalGroups []string `json:"additionalGroups"`
}

// invite brings people in: at once where the organization owns their domain,
// else once they accept, which the simulation never sees.
func (s *orgServer) invite(w http.ResponseWriter, r *http.Request) {
	var ask invitation
	if refused := readJSON(r, &ask); refused != 0 {
		orgError(w, refused, fmt.Sprintf("ADMIN-%d", refused), http.StatusText(refused), "A JSON object is expected.")
		return
	}
	if len(ask.Emails) == 0 || len(ask.Emails) > 25 {
		badRequest(w, "Between 1 and 25 e-mail addresses are expected")
		return
	}
	s.state.write(func(truth *orgState) func(*orgState) {
		status := http.StatusOK
		data := []orgRow{}
		var changes []func(*orgState)
		for _, email := range ask.Emails {
			row, ok, change := s.inviteOne(truth, email, ask.AdditionalGroups)
			data = append(data, row)
			if !ok {
				status = http.StatusPartialContent
			}
			if change != nil {
				changes = append(changes, change)
			}
		}
		writeJSON(w, status, orgRow{"data": data})
		return func(state *orgState) {
			for _, change := range changes {
				change(state)
			}
		}
	})
}

func (s *orgServer) inviteOne(truth *orgState, email string, groups []string) (row orgRow, ok bool, change func(*orgState)) {
	id := truth.byEmail[strings.ToLower(email)]
	isNew := id == ""
	if isNew {
		id = s.ids.accountID()
	}
	ok = true
	results := []orgRow{}
	var granted []string
	for _, group := range groups {
		result := orgRow{"group": group, "status": "INVITED", "statusReason": nil}
		if truth.group[group] == nil || truth.synced(group) || !truth.fits(s.company.Workspaces, group, id) {
			result["status"], result["statusReason"] = "ERROR", "The group can't be given."
			ok = false
		} else {
			granted = append(granted, group)
		}
		results = append(results, result)
	}
	row = orgRow{"email": email, "id": id, "results": []orgRow{{"groupAssignmentResult": results, "roleAssignmentResult": []orgRow{}}}}
	at := strings.LastIndex(email, "@")
	if at < 0 || slices.Contains(s.company.PendingDomains, strings.ToLower(email[at+1:])) {
		return row, ok, nil
	}
	name, _, _ := strings.Cut(email, "@")
	return row, ok, func(state *orgState) {
		if isNew {
			state.addAccount(Account{ID: id, Name: name, Email: email, Status: "active"})
		}
		for _, group := range granted {
			state.addMember(group, id)
		}
	}
}
