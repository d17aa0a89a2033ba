package simulator

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Options shape a simulation.
type Options struct {
	// Company is what is served; nil for Sample with the defaults.
	Company *Company
	// IdP is the identity provider: one of Providers(); empty for okta.
	IdP string
	// Original gives the company original user management: each site is served
	// by itself, beside the organization.
	Original bool
	// Latency delays every answer.
	Latency time.Duration
	// Rate is how many requests a second each endpoint permits; 0 permits any
	// number and sends no rate headers.
	Rate int
	// Published has each server keep to the rates that its vendor publishes, in
	// place of Rate, or to the one that Rollcall assumes where none is published.
	Published bool
	// Metered, if set, is told of each request that counts against a rate.
	Metered func(Metered)
	// Consistency is how long a write takes until it is seen.
	Consistency time.Duration
	// SCIM are liberties that the identity provider takes where it is scim.
	SCIM SCIMTraits
	// Wrap, if set, stands before a server's handler: tests watch or disturb
	// the traffic with it. It is told which side it wraps: "idp", "atlassian",
	// "site".
	Wrap func(side string, next http.Handler) http.Handler
	// Listen stands for net.Listen, if set.
	Listen func(network, address string) (net.Listener, error)
}

// Secrets that the servers accept. The reader's key may read everything and
// write nothing, as that of somebody who isn't an organization admin.
const (
	OktaToken    = "00simulated-okta-token"
	ClientID     = "simulated-client"
	ClientSecret = "simulated-client-secret"
	BearerToken  = "simulated-scim-token"
	OrgKey       = "simulated-organization-key"
	OrgReaderKey = "simulated-reader-key"
	DirectoryKey = "simulated-directory-key"
)

// Simulation is a running company. Close ends it.
type Simulation struct {
	Company *Company
	// IdPURL and AtlassianURL are where the two sides listen.
	IdPURL, AtlassianURL string
	// Connection is what connects to the identity provider: provider, url,
	// secret and whatever else it needs.
	Connection map[string]string

	// SiteURLs are where the sites listen, by their hosts, under original user
	// management.
	SiteURLs map[string]string

	source  *source
	sites   []*jiraServer
	slapd   *Slapd
	org     *orgServer
	servers []*http.Server
	wait    sync.WaitGroup
}

// Start serves a company on two free ports of 127.0.0.1.
func Start(options Options) (*Simulation, error) {
	if options.Company == nil {
		options.Company = Sample(DefaultSeed, DefaultGroups, DefaultUsers)
	}
	if options.IdP == "" {
		options.IdP = "okta"
	}
	simulation := &Simulation{Company: options.Company, source: newSource(options), org: newOrgServer(options)}
	err := simulation.startIdP(options)
	if err == nil {
		simulation.AtlassianURL, err = simulation.serve("atlassian", simulation.org.handler(), options)
	}
	if err == nil && options.Original {
		err = simulation.startSites(options)
	}
	if err != nil {
		simulation.Close()
		return nil, err
	}
	simulation.Connection["provider"] = options.IdP
	return simulation, nil
}

func (s *Simulation) startSites(options Options) (err error) {
	s.sites, s.SiteURLs = newJiraServers(options), map[string]string{}
	s.org.sites = s.sites
	for _, site := range s.sites {
		site.org = s.org
	}
	for _, site := range s.sites {
		if s.SiteURLs[site.host], err = s.serve("site", site.handler(), options); err != nil {
			return err
		}
	}
	return nil
}

// Providers lists what identity providers are simulated; ldap is where OpenLDAP
// is installed.
func Providers() []string { return append(sortedKeys(protocols), ldapProvider) }

const ldapProvider = "ldap"

func (s *Simulation) startIdP(options Options) (err error) {
	if options.IdP == ldapProvider {
		return s.startLDAP()
	}
	protocol, known := protocols[options.IdP]
	if !known {
		return fmt.Errorf("no identity provider %q is simulated", options.IdP)
	}
	if s.IdPURL, err = s.serve("idp", protocol.handler(s.source), options); err != nil {
		return err
	}
	s.Connection, err = protocol.connection(s.source, s.IdPURL)
	return err
}

func (s *Simulation) startLDAP() (err error) {
	if s.slapd, err = StartSlapd(s.Company.LDIF(), "", "", ""); err != nil {
		return err
	}
	s.IdPURL = s.slapd.URL
	s.Connection = map[string]string{
		"url": s.IdPURL, "user": LDAPAdmin, "secret": LDAPPassword, "base": LDAPBase, "disabled-filter": LDAPDisabled,
		"alias-attribute": "uid", "placeholder": LDAPPlaceholder,
	}
	return nil
}

func (s *Simulation) serve(side string, handler http.Handler, options Options) (string, error) {
	listen := options.Listen
	if listen == nil {
		listen = net.Listen
	}
	listener, err := listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("listen for the simulated %s: %w", side, err)
	}
	handler = delayed(options.Latency, handler)
	if options.Wrap != nil {
		handler = options.Wrap(side, handler)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	s.servers = append(s.servers, server)
	s.wait.Go(func() { _ = server.Serve(listener) })
	return "http://" + listener.Addr().String(), nil
}

// Close ends both servers.
func (s *Simulation) Close() {
	for _, server := range s.servers {
		_ = server.Close() // whoever still asks is cut off, as by a fault of the network
	}
	s.wait.Wait()
	if s.slapd != nil {
		s.slapd.Close()
	}
}

// Ready is the line that `rollcall simulate` prints when the servers listen.
func (s *Simulation) Ready() ([]byte, error) {
	atlassian := map[string]any{"experience": "centralized", "url": s.AtlassianURL, "org": s.Company.Org, "owner": s.Company.Owner, "secret": OrgKey}
	if s.sites != nil {
		sites := []map[string]string{}
		for _, site := range s.sites {
			sites = append(sites, map[string]string{"host": site.host, "url": s.SiteURLs[site.host], "email": s.Company.Owner, "secret": SiteToken})
		}
		atlassian["experience"], atlassian["sites"] = "original", sites
	}
	provisioning := map[string]string{"url": s.ProvisioningURL(), "secret": DirectoryKey}
	line, err := json.Marshal(map[string]any{"idp": s.Connection, "atlassian": atlassian, "provisioning": provisioning})
	if err != nil {
		return nil, fmt.Errorf("encode the ready line: %w", err)
	}
	return line, nil
}

// ProvisioningURL is the SCIM base URL of the provisioning directory.
func (s *Simulation) ProvisioningURL() string {
	return s.AtlassianURL + "/scim/directory/" + s.Company.Provisioning
}

// Provisioned gives the people of the provisioning directory as they truly are,
// by their user names in lower case.
func (s *Simulation) Provisioned() map[string]Provisioned {
	s.org.state.mu.Lock()
	defer s.org.state.mu.Unlock()
	people := map[string]Provisioned{}
	for _, person := range s.org.state.truth.provisioned {
		people[strings.ToLower(person.UserName)] = *person
	}
	return people
}

// PutProvisioned changes somebody in the provisioning directory, or adds them, as
// another client of the directory would.
func (s *Simulation) PutProvisioned(person Provisioned) {
	s.org.state.write(func(*orgState) func(*orgState) {
		return func(state *orgState) { state.putProvisioned(person) }
	})
}

// AccountStatus gives the status of an account as it truly is: active, suspended,
// deactivated.
func (s *Simulation) AccountStatus(id string) string {
	s.org.state.mu.Lock()
	defer s.org.state.mu.Unlock()
	if account := s.org.state.truth.account[id]; account != nil {
		return account.Status
	}
	return ""
}

// AccountEmail gives the address of an account.
func (s *Simulation) AccountEmail(id string) string {
	s.org.state.mu.Lock()
	defer s.org.state.mu.Unlock()
	if account := s.org.state.truth.account[id]; account != nil {
		return account.Email
	}
	return ""
}

// Members gives the account ids of an Atlassian group as they truly are, by the
// group's name in any case; ok is false where there is no such group.
func (s *Simulation) Members(name string) (accounts []string, ok bool) {
	s.org.state.mu.Lock()
	defer s.org.state.mu.Unlock()
	id, ok := s.org.state.truth.byName[strings.ToLower(name)]
	return sortedKeys(s.org.state.truth.member[id]), ok
}

// Disturb changes an Atlassian group behind everybody's back, as another
// administrator would: it removes and adds accounts.
func (s *Simulation) Disturb(name string, add, remove []string) {
	s.org.state.write(func(truth *orgState) func(*orgState) {
		id := truth.byName[strings.ToLower(name)]
		return func(state *orgState) {
			for _, account := range add {
				state.addMember(id, account)
			}
			for _, account := range remove {
				state.removeMember(id, account)
			}
		}
	})
}

// Rename renames a group of the identity provider, as another administrator
// would.
func (s *Simulation) Rename(id, name string) {
	s.source.change(func(state *sourceState) { state.rename(id, name) })
}

// DeleteSource deletes a group of the identity provider.
func (s *Simulation) DeleteSource(id string) {
	s.source.change(func(state *sourceState) { state.deleteGroup(id) })
}

// PutUser changes a person of the identity provider, or adds one.
func (s *Simulation) PutUser(user User) {
	s.source.change(func(state *sourceState) { state.putUser(user) })
}

// Knows says whether the identity provider has a group and, unless it is empty, a
// user.
func (s *Simulation) Knows(group, user string) (known bool) {
	s.source.state.read(func(state *sourceState) {
		known = state.group[group] != nil && (user == "" || state.user[user] != nil)
	})
	return known
}

// PutMember makes a user a member of a group of the identity provider, or ends
// that.
func (s *Simulation) PutMember(group, user string, present bool) {
	s.source.change(func(state *sourceState) { state.setMember(group, user, present) })
}

// Reset gives the organization and its sites back what the company had at first.
func (s *Simulation) Reset() {
	for i, site := range s.sites {
		site.state.reset(newSiteState(site.company, site.host, i == 0), newSiteState(site.company, site.host, i == 0))
	}
	s.org.state.reset(newOrgState(s.org.company), newOrgState(s.org.company))
}

// ExpireTokens makes the identity provider forget all access tokens that it has
// issued, as at their end; RevokeSignIns also what a person's sign-in left.
func (s *Simulation) ExpireTokens() { s.source.tokens.expire(false) }

// RevokeSignIns makes the identity provider forget all sign-ins.
func (s *Simulation) RevokeSignIns() { s.source.tokens.expire(true) }

func delayed(latency time.Duration, next http.Handler) http.Handler {
	if latency <= 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		timer := time.NewTimer(latency)
		defer timer.Stop()
		select {
		case <-timer.C:
			next.ServeHTTP(w, r)
		case <-r.Context().Done():
		}
	})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a client that has gone needs no answer
}

// readJSON decodes a request's body. It tells the status to refuse it with, or 0.
func readJSON(r *http.Request, into any) int {
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		return http.StatusUnsupportedMediaType
	}
	if err := json.NewDecoder(r.Body).Decode(into); err != nil {
		return http.StatusBadRequest
	}
	return 0
}
