package review

import (
	"slices"
	"strings"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/lang"
)

// Matches says who of the identity provider is who in Atlassian.
type Matches struct {
	// AccountOf is the account of each person, or directory.NoAccount.
	AccountOf []directory.AccountNo
	// PersonOf is the person of each account, or directory.NoPerson.
	PersonOf []directory.PersonNo
	// Unmatched are the people about whom nothing certain can be said, with
	// the reason. They are never provisioned.
	Unmatched map[directory.PersonNo]string
	// Protected are the accounts that may be somebody's, with the reason. They
	// are never removed.
	Protected map[directory.AccountNo]string

	// byID finds accounts by their ids, where there is a provisioning directory.
	byID map[string]directory.AccountNo
}

// Identity matches each person with the account of the same number.
func Identity(n int) *Matches {
	m := &Matches{Unmatched: map[directory.PersonNo]string{}, Protected: map[directory.AccountNo]string{}}
	for i := range n {
		m.AccountOf, m.PersonOf = append(m.AccountOf, directory.AccountNo(i)), append(m.PersonOf, directory.PersonNo(i))
	}
	return m
}

// Match finds each person's account: by e-mail address, then by the addresses
// that the provider vouches for, then by the account id that the provisioning
// directory gives, where there is one. It never guesses: several candidates, or
// one that another person claims too, match nobody.
func Match(snapshot *directory.Snapshot) *Matches {
	m := newMatcher(snapshot)
	for _, disabled := range []bool{false, true} {
		for no := range snapshot.IdP.People {
			if snapshot.IdP.People[no].Disabled == disabled {
				m.consider(directory.PersonNo(no))
			}
		}
		if !disabled {
			m.settleClaims()
		}
	}
	return &m.Matches
}

type matcher struct {
	Matches
	people   []directory.Person
	accounts []directory.Account
	outside  []bool // beside accounts
	// byAddress is an account of each address, same the next one of the same
	// address, or directory.NoAccount.
	byAddress map[string]directory.AccountNo
	same      []directory.AccountNo
	// found is used again for each person's candidates.
	found []directory.AccountNo
	// hidden are the accounts without an address, by folded name.
	hidden map[string][]directory.AccountNo
	// linked are the accounts that the provisioning directory has for a person,
	// by the person's id.
	linked map[string][]link
	// claim is the first person who claims each account, rivals are the others.
	claim  []directory.PersonNo
	rivals map[directory.AccountNo][]directory.PersonNo
}

// link is an account that the provisioning directory has under an id that is a
// person's; certain where that can't be chance.
type link struct {
	account directory.AccountNo
	certain bool
}

func newMatcher(snapshot *directory.Snapshot) *matcher {
	m := &matcher{
		people: snapshot.IdP.People, accounts: snapshot.Atlassian.Accounts,
		byAddress: make(map[string]directory.AccountNo, len(snapshot.Atlassian.Accounts)),
		hidden:    map[string][]directory.AccountNo{}, rivals: map[directory.AccountNo][]directory.PersonNo{},
	}
	m.AccountOf = slices.Repeat([]directory.AccountNo{directory.NoAccount}, len(m.people))
	m.PersonOf = slices.Repeat([]directory.PersonNo{directory.NoPerson}, len(m.accounts))
	m.same = slices.Repeat([]directory.AccountNo{directory.NoAccount}, len(m.accounts))
	m.claim = slices.Repeat([]directory.PersonNo{directory.NoPerson}, len(m.accounts))
	m.outside = make([]bool, len(m.accounts))
	m.Unmatched = map[directory.PersonNo]string{}
	m.Protected = map[directory.AccountNo]string{}
	told := m.readLinks(snapshot)
	for i := range m.accounts {
		no, account := directory.AccountNo(i), &m.accounts[i]
		m.outside[no] = account.Outside()
		switch {
		case account.Email == "" && told[no] != "":
			m.address(told[no], no)
		case account.Email != "":
			m.address(directory.FoldAddress(account.Email), no)
		case !m.outside[no]:
			name := directory.FoldName(account.Name)
			m.hidden[name] = append(m.hidden[name], no)
			m.Protected[no] = lang.L("the account's e-mail address is hidden, so it can't be told whose it is")
		}
	}
	return m
}

// address notes an account's folded address.
func (m *matcher) address(address string, no directory.AccountNo) {
	if other, taken := m.byAddress[address]; taken {
		m.same[no] = other
	}
	m.byAddress[address] = no
}

// readLinks takes in what the provisioning directory tells of accounts, and
// gives the address by which each was provisioned.
func (m *matcher) readLinks(snapshot *directory.Snapshot) (told map[directory.AccountNo]string) {
	if snapshot.Provisioning == nil {
		return nil
	}
	m.byID, m.linked, told = make(map[string]directory.AccountNo, len(m.accounts)), map[string][]link{}, map[directory.AccountNo]string{}
	for i := range m.accounts {
		m.byID[m.accounts[i].ID] = directory.AccountNo(i)
	}
	for i := range snapshot.Provisioning.People {
		record := &snapshot.Provisioning.People[i]
		account, known := m.byID[record.Account]
		if !known || record.Account == "" {
			continue
		}
		if len(record.Addresses) > 0 {
			told[account] = directory.FoldAddress(record.Addresses[0])
		}
		if record.External != "" {
			m.linked[record.External] = append(m.linked[record.External], link{account, record.CertainlyIs(record.External)})
		}
	}
	return told
}

// consider finds a person's candidates. A disabled person is matched for
// showing only: it claims nothing that an enabled one has.
func (m *matcher) consider(no directory.PersonNo) {
	person := &m.people[no]
	candidates, reason := m.candidates(person), ""
	if linked := m.linked[person.ID]; len(linked) > 0 {
		candidates, reason = m.withLinks(candidates, linked)
	}
	if person.Disabled {
		if reason == "" && len(candidates) == 1 && m.PersonOf[candidates[0]] == directory.NoPerson {
			m.AccountOf[no], m.PersonOf[candidates[0]] = candidates[0], no
		}
		return
	}
	switch {
	case reason != "":
		m.unmatched(no, reason, candidates...)
	case len(candidates) > 1:
		m.unmatched(no, lang.L("several Atlassian accounts have one of this person's addresses"), candidates...)
	case len(candidates) == 1 && m.outside[candidates[0]]:
		m.unmatched(no, lang.L("the Atlassian account with this address is closed, or isn't a person's"), candidates...)
	case len(candidates) == 1:
		m.AccountOf[no] = candidates[0]
		if m.claim[candidates[0]] == directory.NoPerson {
			m.claim[candidates[0]] = no
		} else {
			m.rivals[candidates[0]] = append(m.rivals[candidates[0]], no)
		}
	case !usable(person.Email):
		m.unmatched(no, lang.L("the identity provider has no usable e-mail address for this person"))
	default:
		if hidden := append(m.hidden[directory.FoldName(person.Name)], m.hidden[""]...); len(hidden) > 0 {
			m.unmatched(no, lang.L("an Atlassian account whose e-mail address is hidden may be this person's"), hidden...)
		}
	}
}

// withLinks adds the accounts that the provisioning directory has for a person.
// It says why nobody can be told for certain where the two contradict each
// other, or where an id is so short that it may be another's.
func (m *matcher) withLinks(candidates []directory.AccountNo, linked []link) (all []directory.AccountNo, reason string) {
	all = candidates
	for _, link := range linked {
		switch {
		case contains(candidates, link.account):
			continue
		case len(candidates) > 0:
			reason = lang.L("the e-mail address and the provisioning directory tell different Atlassian accounts")
		case !link.certain:
			reason = lang.L("the provisioning directory has an account under this person's id, which is too short to tell people apart")
		}
		if !contains(all, link.account) {
			all = append(slices.Clone(all), link.account)
		}
	}
	return all, reason
}

// candidates gives the accounts with the person's address; where there is none,
// those with any of the further addresses. They hold until the next call.
func (m *matcher) candidates(person *directory.Person) []directory.AccountNo {
	m.found = m.found[:0]
	if usable(person.Email) {
		m.find(person.Email)
	}
	if len(m.found) == 0 {
		for _, alias := range person.Aliases {
			m.find(alias)
		}
	}
	return m.found
}

// find adds the accounts with an address to those found.
func (m *matcher) find(address string) {
	no, known := m.byAddress[directory.FoldAddress(address)]
	for ; known && no != directory.NoAccount; no = m.same[no] {
		if !contains(m.found, no) {
			m.found = append(m.found, no)
		}
	}
}

func (m *matcher) unmatched(no directory.PersonNo, reason string, candidates ...directory.AccountNo) {
	m.Unmatched[no] = reason
	m.AccountOf[no] = directory.NoAccount
	for _, candidate := range candidates {
		m.Protected[candidate] = lang.L("it may belong to somebody in the identity provider who can't be told for certain")
	}
}

// settleClaims gives each account to the one person that claims it, or to
// nobody where several do.
func (m *matcher) settleClaims() {
	for i, no := range m.claim {
		if no != directory.NoPerson {
			m.PersonOf[i] = no
		}
	}
	for account, rivals := range m.rivals {
		for _, no := range append(rivals, m.claim[account]) {
			m.unmatched(no, lang.L("several people in the identity provider have the same address"), account)
		}
		m.PersonOf[account] = directory.NoPerson
	}
}

// usable says whether an invitation could be sent to an address.
func usable(address string) bool {
	at := strings.LastIndex(address, "@")
	return at > 0 && at < len(address)-1 && !strings.ContainsAny(address, " \t\n")
}

func contains[T comparable](list []T, x T) bool {
	for _, y := range list {
		if x == y {
			return true
		}
	}
	return false
}
