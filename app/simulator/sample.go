package simulator

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// The sizes of the sample company where nothing else is asked for.
const (
	DefaultGroups = 120
	DefaultUsers  = 2000
	DefaultSeed   = 1
)

// Sample makes a company of so many IdP groups and people; the same seed gives
// the same company. It has whatever a real one has that makes a sync hard:
// default access groups, groups synced already or on one side only, suspended
// and deactivated people, people without an account, addresses that differ in
// case or by an alias, a group of everybody, an emptied group.
func Sample(seed uint64, groups, users int) *Company {
	s := &sampler{
		rng:     rand.New(rand.NewPCG(seed, 0x726f6c6c63616c6c)),
		company: &Company{OrgName: "Acme"},
		account: map[string]string{}, suspended: map[string]bool{},
	}
	s.organization()
	s.people(max(users, 20))
	s.groups(max(groups, 1))
	s.provisioned(seed)
	return s.company
}

// provisioned puts the accounts of most people into the provisioning directory;
// some stand there under a former name. It draws from a source of its own, so
// that the rest of the company is the same with and without.
func (s *sampler) provisioned(seed uint64) {
	draw := &sampler{rng: rand.New(rand.NewPCG(seed, 0x70726f766973696f))}
	s.company.Provisioning = draw.uuid()
	stranger := slices.IndexFunc(s.company.Accounts, func(a Account) bool { return strings.HasSuffix(a.Email, "@former.example") && !a.Closed })
	if stranger >= 0 { // a partner who was invited
		account := &s.company.Accounts[stranger]
		account.Email = strings.Replace(account.Email, "@former.example", "@"+partnerDomain, 1)
	}
	accounts := map[string]*Account{}
	for i := range s.company.Accounts {
		accounts[s.company.Accounts[i].ID] = &s.company.Accounts[i]
	}
	for _, user := range s.company.Users {
		account := accounts[s.account[user.ID]]
		if account == nil || draw.chance(5) {
			continue
		}
		one := Provisioned{
			ID: draw.uuid(), External: user.ID, UserName: account.Email, Email: account.Email, Name: account.Name,
			Active: account.Status != "deactivated", Account: account.ID,
		}
		if user.Status == deprovisioned && draw.chance(50) { // left, and nobody has deactivated the account yet
			one.Active, account.Status = true, "active"
		}
		if draw.chance(1) {
			one.Name = user.First + " " + pick(draw.rng, lastNames)
		}
		s.company.Provisioned = append(s.company.Provisioned, one)
	}
}

type sampler struct {
	rng     *rand.Rand
	company *Company
	// account is the Atlassian account id of an Okta user id.
	account map[string]string
	// plain are Okta users whose account needs no thought; odd the others.
	plain, odd []string
	// suspended are the Okta users that Okta has suspended.
	suspended map[string]bool
	// strangers are accounts that Okta doesn't know.
	strangers []string
}

const (
	domain        = "acme.example"
	partnerDomain = "partner.example"
)

func (s *sampler) chance(percent float64) bool { return s.rng.Float64()*100 < percent }

func pick[T any](rng *rand.Rand, from []T) T { return from[rng.IntN(len(from))] }

const alphanumeric = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

func (s *sampler) text(n int, alphabet string) string {
	out := make([]byte, n)
	for i := range out {
		out[i] = alphabet[s.rng.IntN(len(alphabet))]
	}
	return string(out)
}

func (s *sampler) oktaID(prefix string) string { return prefix + s.text(17, alphanumeric) }

func (s *sampler) uuid() string {
	hex := s.text(32, "0123456789abcdef")
	return fmt.Sprintf("%s-%s-4%s-a%s-%s", hex[:8], hex[8:12], hex[13:16], hex[17:20], hex[20:])
}

func (s *sampler) accountID() string {
	if s.chance(40) {
		return s.text(24, "0123456789abcdef") // accounts of old
	}
	return "712020:" + s.uuid()
}

// organization makes the sites with their products.
func (s *sampler) organization() {
	c := s.company
	c.Org, c.Directory, c.App = s.uuid(), s.uuid(), s.oktaID("0oa")
	c.PendingDomains = []string{partnerDomain}
	for _, site := range []struct {
		host     string
		products []string
	}{
		{"acme.atlassian.net", []string{"jira-software", "confluence", "jira-service-management"}},
		{"acme-labs.atlassian.net", []string{"jira-software", "confluence"}},
		{"acme-sandbox.atlassian.net", []string{"jira-software"}},
	} {
		cloud := s.uuid()
		for _, key := range site.products {
			c.Workspaces = append(c.Workspaces, Workspace{
				ID:      fmt.Sprintf("ari:cloud:%s::site/%s", key, cloud),
				TypeKey: key, Name: productNames[key], Host: "https://" + site.host,
			})
		}
	}
}

var productNames = map[string]string{
	"jira-software": "Jira", "confluence": "Confluence", "jira-service-management": "Jira Service Management",
}

var firstNames = strings.Fields(`Ana Tomás Li Priya Jonas Fatima Kenji Olu Marta Søren Chloé Diego Ingrid Yusuf Hana Pavel
	Aisha Mateo Greta Ravi Lucía Emeka Noor Viktor Zofia Daniel Mei Karim Elena Björn Amara Felix Sakura Omar Nadia Hugo
	Leila Marek Sofia Arjun Freya Tariq Clara Minh Rosa Stefan Ines Kofi Julia Andrés`)

var lastNames = strings.Fields(`Petrova Rey Wei Nair Berg Haddad Sato Adeyemi Kowalska Nielsen Martin Fuentes Dahl Demir Kim
	Novák Okafor Silva Schmidt Patel García Eze Rahman Ivanov Nowak Cohen Chen Aziz Rossi Lindqvist Diallo Weber Tanaka
	Farouk Popescu Moreau Karimi Horák Costa Mehta Olsen Khan Fischer Nguyen Oliveira Braun Santos Mensah Keller Vargas`)

var asciiOnly = strings.NewReplacer("á", "a", "ã", "a", "é", "e", "í", "i", "ó", "o", "ö", "o", "ø", "o", "ü", "u")

// people makes the Okta users and the accounts they have.
func (s *sampler) people(n int) {
	taken := map[string]int{}
	for i := range n {
		first, last := pick(s.rng, firstNames), pick(s.rng, lastNames)
		local := strings.ToLower(asciiOnly.Replace(first + "." + last))
		taken[local]++
		if taken[local] > 1 {
			local += fmt.Sprint(taken[local])
		}
		user := User{ID: s.oktaID("00u"), First: first, Last: last, Login: local + "@" + domain, Email: local + "@" + domain, Status: "ACTIVE"}
		if i < 2 {
			s.admin(user, i == 0)
		} else {
			s.person(user, local)
		}
	}
	for range max(n/25, 2) {
		first, last := pick(s.rng, firstNames), pick(s.rng, lastNames)
		account := s.newAccount(first+" "+last, fmt.Sprintf("%s.%s@former.example", strings.ToLower(asciiOnly.Replace(first)), s.text(5, "abcdefghij")))
		account.Closed = s.chance(10)
		s.strangers = append(s.strangers, account.ID)
		s.company.Accounts = append(s.company.Accounts, account)
	}
}

// admin makes an organization admin; the first owns the key.
func (s *sampler) admin(user User, owner bool) {
	account := s.newAccount(user.First+" "+user.Last, user.Email)
	account.PlatformRoles = []string{"atlassian/org-admin"}
	if owner {
		s.company.Owner = user.Email
	}
	s.keep(user, account, true)
}

// person makes an ordinary user and, mostly, their account.
func (s *sampler) person(user User, local string) {
	account := s.newAccount(user.First+" "+user.Last, user.Email)
	plain := false
	switch roll := s.rng.Float64() * 100; {
	case roll < 2:
		user.Status = "SUSPENDED"
		s.suspended[user.ID] = true
	case roll < 3:
		user.Status = "DEPROVISIONED"
		account.Status = "deactivated"
	case roll < 4.5: // joined since
		s.company.Users = append(s.company.Users, user)
		s.odd = append(s.odd, user.ID)
		return
	case roll < 5: // a partner who has yet to be invited
		user.Email = local + "@" + partnerDomain
		user.Login = user.Email
		s.company.Users = append(s.company.Users, user)
		s.odd = append(s.odd, user.ID)
		return
	case roll < 8: // written differently
		user.Email = strings.ToUpper(local[:1]) + local[1:] + "@" + strings.ToUpper(domain[:1]) + domain[1:]
	case roll < 10: // changed the name; the login is still the old address
		user.Email = local + ".new@" + domain
	case roll < 11.5:
		account.Status = "suspended"
	case roll < 12.5:
		account.Status = "deactivated"
	default:
		plain = true
	}
	s.keep(user, account, plain)
}

func (s *sampler) keep(user User, account Account, plain bool) {
	s.company.Users = append(s.company.Users, user)
	s.company.Accounts = append(s.company.Accounts, account)
	s.account[user.ID] = account.ID
	if plain {
		s.plain = append(s.plain, user.ID)
	} else if user.Status != "DEPROVISIONED" {
		s.odd = append(s.odd, user.ID)
	}
}

func (s *sampler) newAccount(name, email string) Account {
	account := Account{ID: s.accountID(), Name: name, Email: email, Status: "active", Used: map[string]time.Time{}}
	for _, workspace := range s.company.Workspaces {
		if s.chance(30) {
			account.Used[workspace.ID] = sampleDay.Add(-time.Duration(s.rng.IntN(200*24)) * time.Hour)
		}
		if s.chance(0.7) {
			account.Direct = append(account.Direct, RoleOn{workspace.ID, "atlassian/user"})
		}
	}
	return account
}

// sampleDay is fixed, so that a company depends on its seed alone.
var sampleDay = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)

// some draws n different ids.
func (s *sampler) some(from []string, n int) []string {
	n = min(n, len(from))
	drawn := make(map[string]bool, n)
	out := make([]string, 0, n)
	for len(out) < n {
		if id := pick(s.rng, from); !drawn[id] {
			drawn[id] = true
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}
