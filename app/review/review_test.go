package review_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/review"
)

// world builds snapshots by hand.
type world struct{ *directory.Snapshot }

func newWorld() world {
	w := world{&directory.Snapshot{ID: "s1"}}
	w.Atlassian.Products = []directory.Product{
		{ID: "ari:jira", Key: "jira-software", Name: "Jira", Site: "acme.atlassian.net", Seats: 100, Used: 10},
		{ID: "ari:conf", Key: "confluence", Name: "Confluence", Site: "acme.atlassian.net", Seats: 100, Used: 10},
	}
	return w
}

func (w world) person(email string, aliases ...string) directory.PersonNo {
	no := directory.PersonNo(len(w.IdP.People))
	w.IdP.People = append(w.IdP.People, directory.Person{ID: "p-" + email, Name: "Name of " + email, Email: email, Aliases: aliases})
	return no
}

func (w world) account(email string) directory.AccountNo {
	no := directory.AccountNo(len(w.Atlassian.Accounts))
	w.Atlassian.Accounts = append(w.Atlassian.Accounts, directory.Account{
		ID: "a-" + email, Name: "Name of " + email, Email: email, Kind: directory.PersonKind, Status: directory.Active,
	})
	return no
}

// both makes a person with an account.
func (w world) both(email string) (directory.PersonNo, directory.AccountNo) {
	return w.person(email), w.account(email)
}

func (w world) source(name string, members ...directory.PersonNo) {
	no := directory.SourceNo(len(w.IdP.Groups))
	w.IdP.Groups = append(w.IdP.Groups, directory.SourceGroup{ID: "idp-" + name, Name: name})
	w.IdP.Members = w.IdP.Members.With(map[directory.SourceNo][]directory.PersonNo{no: members})
}

func (w world) target(name string, members ...directory.AccountNo) *directory.Group {
	no := directory.GroupNo(len(w.Atlassian.Groups))
	w.Atlassian.Groups = append(w.Atlassian.Groups, directory.Group{ID: "atl-" + name, Name: name})
	w.Atlassian.Members = w.Atlassian.Members.With(map[directory.GroupNo][]directory.AccountNo{no: members})
	return &w.Atlassian.Groups[no]
}

func user(product directory.ProductNo) directory.Grant {
	return directory.Grant{Access: directory.Access{Product: product, Role: "atlassian/user"}}
}

func (w world) review() *review.Review { return review.Compare(review.Input{Snapshot: w.Snapshot}) }

func only(t *testing.T, r *review.Review) *review.Row {
	t.Helper()
	require.Len(t, r.Rows, 1)
	return &r.Rows[0]
}

func TestPeopleAreMatchedByAddressesThatAreVouchedFor(t *testing.T) {
	const nobody = directory.NoAccount
	for name, test := range map[string]struct {
		arrange   func(w world) directory.PersonNo
		account   string // id, or "" for nobody
		provision bool
		protected []string
	}{
		"the same address": {
			arrange: func(w world) directory.PersonNo { p, _ := w.both("ana@x.io"); return p }, account: "a-ana@x.io"},
		"an address in another case": {
			arrange: func(w world) directory.PersonNo { w.account("ana@x.io"); return w.person("Ana@X.IO") }, account: "a-ana@x.io"},
		"an alias": {
			arrange: func(w world) directory.PersonNo {
				w.account("ana.old@x.io")
				return w.person("ana@x.io", "Ana.Old@x.io")
			}, account: "a-ana.old@x.io"},
		"the address before an alias": {
			arrange: func(w world) directory.PersonNo {
				w.account("ana@x.io")
				w.account("ana.old@x.io")
				return w.person("ana@x.io", "ana.old@x.io")
			}, account: "a-ana@x.io"},
		"nobody: to be provisioned": {
			arrange: func(w world) directory.PersonNo { w.account("bob@x.io"); return w.person("ana@x.io") }, provision: true},
		"two accounts by two aliases": {
			arrange: func(w world) directory.PersonNo {
				w.account("one@x.io")
				w.account("two@x.io")
				return w.person("ana@x.io", "one@x.io", "two@x.io")
			}, protected: []string{"a-one@x.io", "a-two@x.io"}},
		"an account that two people claim": {
			arrange: func(w world) directory.PersonNo {
				w.account("desk@x.io")
				w.person("desk@x.io")
				return w.person("Desk@x.io")
			}, protected: []string{"a-desk@x.io"}},
		"no usable address": {
			arrange: func(w world) directory.PersonNo { return w.person("svc-build") }},
		"an account whose address is hidden and whose name is the same": {
			arrange: func(w world) directory.PersonNo {
				w.account("")
				w.Atlassian.Accounts[0].Name = "Name of ana@x.io"
				return w.person("ana@x.io")
			}, protected: []string{"a-"}},
		"a closed account": {
			arrange: func(w world) directory.PersonNo {
				p, a := w.both("ana@x.io")
				w.Atlassian.Accounts[a].Status = directory.Closed
				return p
			}, protected: []string{"a-ana@x.io"}},
		"a disabled person of the same address claims nothing": {
			arrange: func(w world) directory.PersonNo {
				p, _ := w.both("ana@x.io")
				former := w.person("ana@x.io")
				w.IdP.People[former].Disabled = true
				return p
			}, account: "a-ana@x.io"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			p := test.arrange(w)
			m := review.Match(w.Snapshot)
			if test.account != "" {
				require.NotEqual(t, nobody, m.AccountOf[p])
				require.Equal(t, test.account, w.Atlassian.Accounts[m.AccountOf[p]].ID)
				require.Equal(t, p, m.PersonOf[m.AccountOf[p]])
				return
			}
			require.Equal(t, nobody, m.AccountOf[p])
			_, unmatched := m.Unmatched[p]
			require.Equal(t, !test.provision, unmatched)
			var protected []string
			for no := range m.Protected {
				protected = append(protected, w.Atlassian.Accounts[no].ID)
			}
			require.ElementsMatch(t, test.protected, protected)
		})
	}
}

func TestAGroupHasTheFirstStateThatApplies(t *testing.T) {
	synced := func(w world) { w.Atlassian.Groups[0].Synced = directory.ManagedYes }
	byDefault := func(w world) {
		grant := user(0)
		grant.Default = true
		w.Atlassian.Groups[0].Grants = []directory.Grant{grant}
	}
	equal := func(w world) {
		p, a := w.both("ana@x.io")
		w.source("legal", p)
		w.target("legal", a)
	}
	different := func(w world) {
		p, a := w.both("ana@x.io")
		_, b := w.both("bob@x.io")
		w.source("legal", p)
		w.target("legal", a, b)
	}
	invited := func(w world) { w.source("legal", w.person("new@x.io")); w.target("legal") }
	outcome := func(state review.State, snapshot string, invited ...string) func(*review.Input) {
		return func(in *review.Input) {
			in.Outcomes = map[string]review.Outcome{"idp-legal": {Group: "idp-legal", Snapshot: snapshot, State: state, Invited: invited}}
		}
	}
	decide := func(facts string) func(*review.Input) {
		return func(in *review.Input) {
			if facts == "" {
				facts = review.Compare(*in).Facts(&review.Compare(*in).Rows[0])
			}
			in.Decisions = map[string]review.Decision{"idp-legal": {Group: "idp-legal", Reject: true, Facts: facts}}
		}
	}
	type steps = []func(world)
	for name, test := range map[string]struct {
		arrange steps
		input   func(*review.Input)
		want    review.State
	}{
		"different members":                      {steps{different}, nil, review.Conflict},
		"equal members that nobody accepted":     {steps{equal}, nil, review.Conflict},
		"equal members, by Atlassian's word":     {steps{equal, synced}, nil, review.Synced},
		"equal members, accepted here":           {steps{equal}, outcome(review.Synced, "earlier"), review.Synced},
		"accepted here, and drifted since":       {steps{different}, outcome(review.Synced, "earlier"), review.Conflict},
		"managed by the IdP and still different": {steps{different, synced}, nil, review.Waiting},
		"an invitation that is pending":          {steps{invited}, outcome(review.Waiting, "earlier", "new@x.io"), review.Waiting},
		"an invitation, but of somebody else":    {steps{invited}, outcome(review.Waiting, "earlier", "old@x.io"), review.Conflict},
		"a default access group":                 {steps{different, byDefault}, nil, review.Blocked},
		"a default access group synced already":  {steps{equal, synced, byDefault}, nil, review.Synced},
		"only in the IdP":                        {steps{func(w world) { w.source("legal", w.person("ana@x.io")) }}, nil, review.New},
		"failed in a run on this snapshot":       {steps{different}, outcome(review.Failed, "s1"), review.Failed},
		"failed in a run before the last fetch":  {steps{different}, outcome(review.Failed, "s0"), review.Conflict},
		"changed when a run looked":              {steps{different}, outcome(review.Changed, "s1"), review.Changed},
		"rejected":                               {steps{different}, decide(""), review.Rejected},
		"rejected on other facts":                {steps{different}, decide("other"), review.Changed},
		"two Atlassian groups of the name":       {steps{different, func(w world) { w.target("Legal") }}, nil, review.Ambiguous},
		"rejected, though Atlassian manages it":  {steps{different, synced}, decide(""), review.Rejected},
		"members outside membership don't matter": {steps{equal, synced, func(w world) {
			bot := w.account("bot@x.io")
			w.Atlassian.Accounts[bot].Kind = "app"
			w.Atlassian.Members = w.Atlassian.Members.With(map[directory.GroupNo][]directory.AccountNo{0: {0, bot}})
		}}, nil, review.Synced},
		"a disabled member is none": {steps{equal, synced, func(w world) {
			former := w.person("former@x.io")
			w.IdP.People[former].Disabled = true
			w.IdP.Members = w.IdP.Members.With(map[directory.SourceNo][]directory.PersonNo{0: {0, former}})
		}}, nil, review.Synced},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			for _, step := range test.arrange {
				step(w)
			}
			input := review.Input{Snapshot: w.Snapshot}
			if test.input != nil {
				test.input(&input)
			}
			r := review.Compare(input)
			require.Equal(t, test.want, only(t, r).State)
			require.Equal(t, 1, r.Counts().State[test.want])
		})
	}
}

func TestTwoIdPGroupsOfOneNameAreBothAmbiguous(t *testing.T) {
	w := newWorld()
	w.source("Legal")
	w.source(" legal")
	w.target("LEGAL")
	r := w.review()
	require.Equal(t, 2, r.Counts().State[review.Ambiguous])
	require.Equal(t, 2, r.Counts().CouldNotSync())
	require.False(t, r.Counts().Finished())
}

func TestAPersonKeepsWhatAnotherGroupGives(t *testing.T) {
	w := newWorld()
	_, ana := w.both("ana@x.io")
	_, bob := w.both("bob@x.io")
	_, eve := w.both("eve@x.io")
	new, _ := w.both("new@x.io")
	w.source("devs", new)
	w.target("devs", ana, bob, eve).Grants = []directory.Grant{user(0), user(1)}
	w.target("staff", bob).Grants = []directory.Grant{user(0)}
	w.Atlassian.Direct = []directory.DirectAccess{{Account: eve, Access: user(0).Access}, {Account: eve, Access: user(1).Access}}
	r := w.review()
	row := only(t, r)
	require.Equal(t, 3, row.Removed)
	require.Equal(t, 2, row.Losing, "Eve has both directly")

	byName := map[string]review.Change{}
	for _, change := range r.Changes(row) {
		byName[r.Email(change.Person, change.Account)] = change
	}
	require.Len(t, byName["ana@x.io"].Loses, 2)
	require.Equal(t, []directory.Access{user(1).Access}, byName["bob@x.io"].Loses)
	require.Equal(t, []review.Kept{{Access: user(0).Access, Through: []directory.GroupNo{1}}}, byName["bob@x.io"].Keeps)
	require.Empty(t, byName["eve@x.io"].Loses)
	require.True(t, byName["eve@x.io"].Keeps[0].Direct)
	require.Len(t, byName["new@x.io"].Gains, 2)
	require.Equal(t, review.Added, byName["new@x.io"].Kind)
}

func TestNobodyIsRemovedFromAGroupWhoseMembersAreNotAllKnown(t *testing.T) {
	w := newWorld()
	p, a := w.both("ana@x.io")
	_, b := w.both("bo@x.io")
	w.source("legal", p)
	w.target("legal", a, b)
	require.Equal(t, 1, only(t, w.review()).Removed)
	w.IdP.Groups[0].Unreadable = "it holds everybody"
	r := w.review()
	row := only(t, r)
	require.Zero(t, row.Removed)
	require.Equal(t, 1, row.Protected)
	require.Empty(t, r.Changes(row))
	require.Equal(t, review.Conflict, row.State)

	// Equal members say nothing where not all are known.
	w.Atlassian.Groups[0].Synced = directory.ManagedYes
	w.Atlassian.Members = w.Atlassian.Members.With(map[directory.GroupNo][]directory.AccountNo{0: {a}})
	require.Equal(t, review.Waiting, only(t, w.review()).State)
}

func TestWhoeverMayBeSomebodyIsKeptFromRemoval(t *testing.T) {
	w := newWorld()
	hidden := w.account("")
	w.source("legal", w.person("ana@x.io"))
	w.target("legal", hidden)
	r := w.review()
	row := only(t, r)
	require.Zero(t, row.Removed)
	require.Equal(t, 1, row.Protected)
	unmatched := r.Unmatched()
	require.Len(t, unmatched, 1)
	require.Equal(t, review.AtlassianSide, unmatched[0].Side)
	require.Equal(t, []string{"legal"}, unmatched[0].Groups)
}

// naive is a model of the world in sets, recomputed from nothing.
type naive struct {
	want, have map[string]map[string]bool // group → account ids
	gives      map[string]map[directory.Access]bool
}

func drawWorld(t *rapid.T) (world, naive) {
	w := newWorld()
	n := naive{map[string]map[string]bool{}, map[string]map[string]bool{}, map[string]map[directory.Access]bool{}}
	people := rapid.IntRange(1, 8).Draw(t, "people")
	for i := range people {
		w.both(string(rune('a'+i)) + "@x.io")
	}
	for g := range rapid.IntRange(1, 5).Draw(t, "groups") {
		name := "g" + string(rune('0'+g))
		n.want[name], n.have[name], n.gives[name] = map[string]bool{}, map[string]bool{}, map[directory.Access]bool{}
		var want []directory.PersonNo
		var have []directory.AccountNo
		for i := range people {
			if rapid.Bool().Draw(t, "wanted") {
				want = append(want, directory.PersonNo(i))
				n.want[name][w.Atlassian.Accounts[i].ID] = true
			}
			if rapid.Bool().Draw(t, "had") {
				have = append(have, directory.AccountNo(i))
				n.have[name][w.Atlassian.Accounts[i].ID] = true
			}
		}
		w.source(name, want...)
		group := w.target(name, have...)
		for product := range directory.ProductNo(2) {
			if rapid.Bool().Draw(t, "gives") {
				group.Grants = append(group.Grants, user(product))
				n.gives[name][user(product).Access] = true
			}
		}
	}
	return w, n
}

// holds says whether an account has an access in a membership of all groups.
func (n naive) holds(members map[string]map[string]bool, account string, access directory.Access) bool {
	for group, in := range members {
		if in[account] && n.gives[group][access] {
			return true
		}
	}
	return false
}

func TestChangesAreWhatSetsSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, n := drawWorld(t)
		r := w.review()
		for i := range r.Rows {
			row := &r.Rows[i]
			after := map[string]map[string]bool{}
			for group, in := range n.have {
				after[group] = in
			}
			after[row.Name] = n.want[row.Name]
			changes := r.Changes(row)
			require.Len(t, changes, row.Added+row.Removed)
			for _, change := range changes {
				account := w.Atlassian.Accounts[change.Account].ID
				require.NotEqual(t, n.want[row.Name][account], n.have[row.Name][account])
				require.Equal(t, n.want[row.Name][account], change.Kind == review.Added)
				for product := range directory.ProductNo(2) {
					access := user(product).Access
					before, later := n.holds(n.have, account, access), n.holds(after, account, access)
					require.Equal(t, later && !before, slices.Contains(change.Gains, access), "gains")
					require.Equal(t, before && !later, slices.Contains(change.Loses, access), "loses")
				}
			}
		}
	})
}

func TestTheEffectOfAllGroupsIsWhatSetsSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, n := drawWorld(t)
		r := w.review()
		var rows []*review.Row
		for i := range r.Rows {
			rows = append(rows, &r.Rows[i])
		}
		effect := r.Effect(rows)
		for product := range directory.ProductNo(2) {
			access, before, gain, lose := user(product).Access, 0, 0, 0
			for _, account := range w.Atlassian.Accounts {
				had, has := n.holds(n.have, account.ID, access), n.holds(n.want, account.ID, access)
				if had {
					before++
				}
				if has && !had {
					gain++
				}
				if had && !has {
					lose++
				}
			}
			on := effect.Products[product]
			require.Equal(t, []int{before, gain, lose, gain - lose, before + gain - lose},
				[]int{on.Before, len(on.Gain), len(on.Lose), on.SeatChange(), on.After()})
		}
	})
}

func TestFactsChangeWithWhatADecisionRestsOnAndWithNothingElse(t *testing.T) {
	make := func(edit func(world)) string {
		w := newWorld()
		p, a := w.both("ana@x.io")
		_, b := w.both("bob@x.io")
		w.source("legal", p)
		w.target("legal", a, b).Grants = []directory.Grant{user(0)}
		if edit != nil {
			edit(w)
		}
		r := w.review()
		return r.Facts(&r.Rows[0])
	}
	same := make(nil)
	for name, test := range map[string]struct {
		edit func(world)
		same bool
	}{
		"another snapshot":     {func(w world) { w.ID = "s2" }, true},
		"a name corrected":     {func(w world) { w.Atlassian.Accounts[1].Name = "Robert" }, true},
		"somebody elsewhere":   {func(w world) { w.both("new@x.io") }, true},
		"somebody else added":  {func(w world) { w.IdP.Members = directory.NewRuns[directory.SourceNo]([][]directory.PersonNo{{1}}) }, false},
		"another grant":        {func(w world) { w.Atlassian.Groups[0].Grants[0].Product = 1 }, false},
		"default access given": {func(w world) { w.Atlassian.Groups[0].Grants[0].Default = true }, false},
	} {
		require.Equal(t, test.same, make(test.edit) == same, name)
	}
}

// original makes the world one of original user management with two sites.
func original() world {
	w := newWorld()
	w.Atlassian.Experience = directory.Original
	w.Atlassian.Products[1].Site = "labs.atlassian.net"
	return w
}

func (w world) on(site, name string, product directory.ProductNo, members ...directory.AccountNo) *directory.Group {
	group := w.target(name, members...)
	group.ID, group.Site = site+"-"+name, site
	group.Grants = []directory.Grant{user(product)}
	return group
}

func TestUnderOriginalEachSiteHasItsOwnNumbersAndAGroupCountsPeopleOnce(t *testing.T) {
	w := original()
	p, a := w.both("ana@x.io")
	q, b := w.both("bo@x.io")
	_, c := w.both("cy@x.io")
	w.source("legal", p, q)
	w.on("acme.atlassian.net", "legal", 0, a, c)
	w.on("labs.atlassian.net", "Legal", 1, b, c)
	r := w.review()
	row := only(t, r)
	require.Equal(t, review.Conflict, row.State, "the same name on another site isn't ambiguous")
	require.Equal(t, []int{2, 1, 1}, []int{row.Added, row.Removed, row.Losing})
	require.Len(t, row.Parts, 2)
	for i, site := range []string{"acme.atlassian.net", "labs.atlassian.net"} {
		part := row.Parts[i]
		require.Equal(t, site, part.Site)
		require.Equal(t, []int{1, 1}, []int{part.Added, part.Removed})
	}

	changes := r.Changes(row)
	require.Len(t, changes, 3, "a person once")
	require.Equal(t, c, changes[0].Account)
	require.Len(t, changes[0].Loses, 2, "on both sites")
	gains := map[directory.AccountNo][]directory.Access{}
	for _, change := range changes[1:] {
		gains[change.Account] = change.Gains
	}
	require.Equal(t, []directory.Access{user(1).Access}, gains[a], "on the site where they weren't")
	require.Equal(t, []directory.Access{user(0).Access}, gains[b])

	effect := r.Effect([]*review.Row{row})
	require.Equal(t, 3, effect.People)
	require.Equal(t, []directory.AccountNo{c}, effect.Products[0].Lose)
	require.Equal(t, []directory.AccountNo{c}, effect.Products[1].Lose)

	w.Atlassian.Groups[1].Grants[0].Default = true
	require.Equal(t, review.Blocked, only(t, w.review()).State, "on one site is enough")
}

func TestUnderOriginalANewGroupIsForEverySiteAndTwoOfANameOnOneSiteAreAmbiguous(t *testing.T) {
	w := original()
	p, _ := w.both("ana@x.io")
	w.source("legal", p)
	row := only(t, w.review())
	require.Equal(t, review.New, row.State)
	require.Len(t, row.Parts, 2)
	require.Equal(t, 1, row.Added)

	w.on("acme.atlassian.net", "legal", 0)
	require.Len(t, only(t, w.review()).Parts, 1, "only the sites that have it")
	w.on("acme.atlassian.net", "LEGAL", 0)
	require.Equal(t, review.Ambiguous, only(t, w.review()).State)
}
