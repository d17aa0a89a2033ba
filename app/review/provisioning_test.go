package review_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/review"
)

// record puts an account into the provisioning directory under an external id.
func (w world) record(external, email string, account directory.AccountNo) *directory.Provisioned {
	if w.Provisioning == nil {
		w.Provisioning = &directory.Provisioning{URL: "https://x/scim/directory/1"}
	}
	w.Provisioning.People = append(w.Provisioning.People, directory.Provisioned{
		ID: "s-" + external, External: external, Name: "Name of " + email, Addresses: []string{email}, Active: true, Account: w.Atlassian.Accounts[account].ID,
	})
	return &w.Provisioning.People[len(w.Provisioning.People)-1]
}

func TestPeopleAreMatchedByWhatTheProvisioningDirectoryTells(t *testing.T) {
	const long = "00uana00000000000001"
	for name, test := range map[string]struct {
		arrange   func(w world) directory.PersonNo
		account   string
		unmatched string
		protected []string
	}{
		"by the account under the person's id, where the address is another by now": {
			arrange: func(w world) directory.PersonNo {
				ana := w.person("ana.new@x.io")
				w.IdP.People[ana].ID = long
				w.record(long, "ana.old@x.io", w.account("ana.old@x.io"))
				return ana
			}, account: "a-ana.old@x.io"},
		"not by an id that may be another's by chance": {
			arrange: func(w world) directory.PersonNo {
				ana := w.person("ana.new@x.io")
				w.IdP.People[ana].ID = "17"
				w.record("17", "ana.old@x.io", w.account("ana.old@x.io"))
				return ana
			}, unmatched: "too short to tell people apart", protected: []string{"a-ana.old@x.io"}},
		"nobody, where the address and the directory contradict each other": {
			arrange: func(w world) directory.PersonNo {
				ana, _ := w.both("ana@x.io")
				w.IdP.People[ana].ID = long
				w.record(long, "bob@x.io", w.account("bob@x.io"))
				return ana
			}, unmatched: "tell different Atlassian accounts", protected: []string{"a-ana@x.io", "a-bob@x.io"}},
		"by the address where both tell the same": {
			arrange: func(w world) directory.PersonNo {
				ana, account := w.both("ana@x.io")
				w.IdP.People[ana].ID = long
				w.record(long, "ana@x.io", account)
				return ana
			}, account: "a-ana@x.io"},
		"by the address that the directory tells of an account that hides it": {
			arrange: func(w world) directory.PersonNo {
				ana := w.person("ana@x.io")
				account := w.account("ana@x.io")
				w.Atlassian.Accounts[account].Email = ""
				w.record("other", "Ana@x.io", account)
				return ana
			}, account: "a-ana@x.io"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			person := test.arrange(w)
			w.source("legal", person)
			w.target("legal")
			matches := w.review().Matches
			if test.account == "" {
				require.Equal(t, directory.NoAccount, matches.AccountOf[person])
			} else {
				require.Equal(t, test.account, w.Atlassian.Accounts[matches.AccountOf[person]].ID)
			}
			require.Contains(t, matches.Unmatched[person], test.unmatched)
			require.Equal(t, test.unmatched == "", matches.Unmatched[person] == "")
			var protected []string
			for i := range w.Atlassian.Accounts {
				if matches.Protected[directory.AccountNo(i)] != "" {
					protected = append(protected, w.Atlassian.Accounts[i].ID)
				}
			}
			require.Equal(t, test.protected, protected)
		})
	}
}

func TestNobodyIsDeactivatedOnWhatWasntRead(t *testing.T) {
	const id = "00uana00000000000001"
	ana := func(w world) (directory.PersonNo, directory.AccountNo, *directory.Provisioned) {
		person, account := w.both("ana@x.io")
		w.IdP.People[person].ID, w.IdP.People[person].Disabled = id, true
		w.target("legal", account)
		return person, account, w.record(id, "ana@x.io", account)
	}
	for name, test := range map[string]struct {
		arrange func(w world)
		want    bool
	}{
		"who is read as disabled is deactivated": {func(w world) { ana(w) }, true},
		"who is only paused isn't": {func(w world) {
			person, _, _ := ana(w)
			w.IdP.People[person].Paused = true
		}, false},
		"who is absent isn't": {func(w world) {
			person, _, _ := ana(w)
			w.IdP.People[person] = directory.Person{ID: "another", Name: "Another"}
		}, false},
		"who is left out of the list, but asked for, is": {func(w world) {
			person, _, _ := ana(w)
			left := w.IdP.People[person]
			w.IdP.People[person] = directory.Person{ID: "another", Name: "Another"}
			w.Provisioning.Left = []directory.Person{left}
		}, true},
		"whose account this directory didn't provision isn't": {func(w world) {
			_, _, record := ana(w)
			record.Account = "elsewhere"
		}, false},
		"whose account the directory doesn't tell isn't": {func(w world) {
			_, _, record := ana(w)
			record.Account = ""
		}, false},
		"who is deactivated already isn't": {func(w world) {
			_, _, record := ana(w)
			record.Active = false
		}, false},
		"whose account somebody enabled has isn't": {func(w world) {
			ana(w)
			again := w.person("ana@x.io")
			w.IdP.People[again].ID, w.IdP.People[again].Name = "00uana00000000000002", ""
		}, false},
		"whose account may be somebody enabled's isn't": {func(w world) {
			ana(w)
			w.person("one@x.io", "ana@x.io")
			w.person("two@x.io", "ana@x.io")
			w.source("legal", 1, 2)
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			test.arrange(w)
			changes := w.review().PersonChanges(nil, true)
			if !test.want {
				require.Empty(t, changes)
				return
			}
			require.Len(t, changes, 1)
			require.Equal(t, review.DeactivatePerson, changes[0].Kind)
			require.Equal(t, id, changes[0].Person.ID)
		})
	}
}

func TestWhoeverIsDeactivatedLosesEveryProductAndFreesTheirSeats(t *testing.T) {
	w := newWorld()
	_, ana := w.both("ana@x.io")
	w.target("legal", ana).Grants = []directory.Grant{user(0), user(1)}
	effect := w.review().Effect(nil, ana)
	require.Equal(t, 1, effect.Losing)
	for _, product := range effect.Products {
		require.Equal(t, []directory.AccountNo{ana}, product.Lose)
		require.Equal(t, -1, product.SeatChange())
	}
}
