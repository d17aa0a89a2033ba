package plan_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/review"
)

// company has an owner, who is an organization admin, and so many people with
// accounts; person and account i stand for the same one.
func company(people int) *directory.Snapshot {
	s := &directory.Snapshot{ID: "s1", TakenAt: time.Now()}
	s.Atlassian.Owner = "a0"
	s.Atlassian.Products = []directory.Product{
		{ID: "ari:jira", Key: "jira-software", Name: "Jira", Site: "acme.atlassian.net", Seats: 10, Used: 5},
		{ID: "ari:site", Name: "Site", Site: "acme.atlassian.net", Seats: directory.UnknownSeats, Used: directory.UnknownSeats},
	}
	for i := range people {
		email := fmt.Sprintf("p%d@x.io", i)
		s.IdP.People = append(s.IdP.People, directory.Person{ID: fmt.Sprintf("p%d", i), Name: email, Email: email})
		s.Atlassian.Accounts = append(s.Atlassian.Accounts, directory.Account{
			ID: fmt.Sprintf("a%d", i), Name: email, Email: email, Kind: directory.PersonKind, Status: directory.Active,
		})
	}
	s.Atlassian.Accounts[0].OrgRoles = []string{directory.OrgAdmin}
	return s
}

// group adds a group with the people of both sides, from and to a number each.
func group(s *directory.Snapshot, name string, wantFrom, wantTo, haveFrom, haveTo int) *directory.Group {
	var want []directory.PersonNo
	for i := wantFrom; i < wantTo; i++ {
		want = append(want, directory.PersonNo(i))
	}
	var have []directory.AccountNo
	for i := haveFrom; i < haveTo; i++ {
		have = append(have, directory.AccountNo(i))
	}
	no := len(s.IdP.Groups)
	s.IdP.Groups = append(s.IdP.Groups, directory.SourceGroup{ID: "idp-" + name, Name: name})
	s.IdP.Members = s.IdP.Members.With(map[directory.SourceNo][]directory.PersonNo{directory.SourceNo(no): want})
	s.Atlassian.Groups = append(s.Atlassian.Groups, directory.Group{ID: "atl-" + name, Name: name})
	s.Atlassian.Members = s.Atlassian.Members.With(map[directory.GroupNo][]directory.AccountNo{directory.GroupNo(no): have})
	return &s.Atlassian.Groups[no]
}

func makePlan(s *directory.Snapshot, overrides string, t *testing.T) *plan.Plan {
	t.Helper()
	return makePlanUnder(s, plan.DefaultThresholds(), overrides, t)
}

func makePlanUnder(s *directory.Snapshot, limits plan.Thresholds, overrides string, t *testing.T) *plan.Plan {
	t.Helper()
	lifted, err := plan.ParseOverrides(overrides)
	require.NoError(t, err)
	r := review.Compare(review.Input{Snapshot: s})
	var rows []*review.Row
	for i := range r.Rows {
		rows = append(rows, &r.Rows[i])
	}
	return plan.Make(r, plan.Selection{Rows: rows}, plan.Terms{Thresholds: limits, Overrides: lifted, Now: time.Now()})
}

// guards lists the guards that stand in a plan's way, with the group's name.
func guards(p *plan.Plan) []string {
	list := []string{}
	for _, finding := range p.Findings {
		list = append(list, string(finding.Guard))
	}
	for i := range p.Groups {
		for _, finding := range p.Groups[i].Findings {
			list = append(list, string(finding.Guard)+"="+p.Groups[i].Name)
		}
	}
	return list
}

func TestGuardsStopWhatMayTakeAwayAccess(t *testing.T) {
	for name, test := range map[string]struct {
		arrange   func(*directory.Snapshot)
		overrides string
		want      []string
	}{
		"an ordinary change": {func(s *directory.Snapshot) { group(s, "legal", 1, 4, 2, 5) }, "", []string{}},
		"a default access group": {func(s *directory.Snapshot) {
			group(s, "legal", 1, 4, 2, 5).Grants = []directory.Grant{{Access: directory.Access{Role: "atlassian/user"}, Default: true}}
		}, "all", []string{"default-access=legal"}},
		"a group that Atlassian keeps": {func(s *directory.Snapshot) { group(s, "legal", 1, 4, 2, 5).Locked = true }, "all", []string{"not-modifiable=legal"}},
		"an empty IdP group":           {func(s *directory.Snapshot) { group(s, "legal", 0, 0, 2, 5) }, "", []string{"empty-group=legal"}},
		"an empty IdP group, overridden": {func(s *directory.Snapshot) {
			group(s, "legal", 0, 0, 2, 5)
		}, "empty-group=Legal", []string{}},
		"an empty IdP group, another overridden": {func(s *directory.Snapshot) {
			group(s, "legal", 0, 0, 2, 5)
		}, "empty-group=finance", []string{"empty-group=legal"}},
		"exactly a quarter removed": {func(s *directory.Snapshot) { group(s, "legal", 1, 19, 1, 25) }, "", []string{}},
		"over a quarter removed":    {func(s *directory.Snapshot) { group(s, "legal", 1, 18, 1, 25) }, "", []string{"group-removals=legal"}},
		"over a quarter of few":     {func(s *directory.Snapshot) { group(s, "legal", 1, 2, 1, 7) }, "", []string{}},
		"more seats than there are": {func(s *directory.Snapshot) {
			group(s, "legal", 1, 8, 0, 0).Grants = []directory.Grant{{Access: directory.Access{Role: "atlassian/user"}}}
			group(s, "finance", 1, 3, 1, 4)
		}, "all", []string{"seats=legal"}},
		"roles that take no seat": {func(s *directory.Snapshot) {
			group(s, "legal", 1, 8, 0, 0).Grants = []directory.Grant{{Access: directory.Access{Role: "atlassian/customer"}}}
		}, "", []string{}},
		"the owner of another site's token": {func(s *directory.Snapshot) {
			s.Atlassian.OtherOwners = []string{"a3"}
			group(s, "admins", 0, 2, 0, 4).Grants = []directory.Grant{{Access: directory.Access{Product: 1, Role: directory.SiteAdmin}}}
		}, "all", []string{"lock-out"}},
		"no known owner of the key": {func(s *directory.Snapshot) {
			s.Atlassian.Owner = ""
			group(s, "legal", 1, 4, 2, 5)
		}, "all", []string{"lock-out"}},
		"the last admin of a site": {func(s *directory.Snapshot) {
			group(s, "admins", 3, 4, 2, 3).Grants = []directory.Grant{{Access: directory.Access{Product: 1, Role: directory.SiteAdmin}}}
			s.Atlassian.Accounts[3].Status = directory.Deactivated
		}, "all", []string{"lock-out"}},
		"the owner of the key": {func(s *directory.Snapshot) {
			group(s, "admins", 3, 4, 0, 4).Grants = []directory.Grant{{Access: directory.Access{Product: 1, Role: directory.SiteAdmin}}}
		}, "all", []string{"lock-out"}},
		"an old snapshot": {func(s *directory.Snapshot) {
			s.TakenAt = time.Now().Add(-25 * time.Hour)
			group(s, "legal", 1, 4, 2, 5)
		}, "", []string{"stale"}},
		"an old snapshot, overridden": {func(s *directory.Snapshot) {
			s.TakenAt = time.Now().Add(-25 * time.Hour)
			group(s, "legal", 1, 4, 2, 5)
		}, "stale", []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			s := company(30)
			test.arrange(s)
			require.Equal(t, test.want, guards(makePlan(s, test.overrides, t)))
		})
	}
}

func TestARunIsStoppedOverFiveHundredRemovals(t *testing.T) {
	s := company(700)
	for i := range 3 {
		group(s, fmt.Sprint("big", i), 1, 500, 1, 667) // 167 of 666 each: a quarter
	}
	p := makePlan(s, "group-removals", t)
	require.Equal(t, 501, p.Effect.Removed)
	require.Equal(t, []string{"run-removals"}, guards(p))
	require.Empty(t, guards(makePlan(s, "all", t)))
}

func TestAGroupWithSomebodyWhoMayBeSomebodyElseIsBlocked(t *testing.T) {
	s := company(5)
	group(s, "legal", 1, 3, 1, 4)
	s.Atlassian.Accounts[3].Email = ""
	require.Equal(t, []string{"unmatched=legal"}, guards(makePlan(s, "all", t)))
}

func TestAGroupWhoseMembersAreNotAllKnownIsBlocked(t *testing.T) {
	s := company(5)
	group(s, "legal", 1, 3, 1, 4)
	s.IdP.Groups[0].Unreadable = "it holds everybody"
	p := makePlan(s, "all", t)
	require.Equal(t, []string{"unreadable=legal"}, guards(p))
	require.Contains(t, p.Groups[0].Findings[0].Message, "it holds everybody")
	require.Empty(t, p.Batches())
}

func TestBatchesHoldTwentyGroups(t *testing.T) {
	s := company(5)
	for i := range 45 {
		group(s, fmt.Sprintf("g%02d", i), 1, 3, 2, 4)
	}
	group(s, "empty", 0, 0, 1, 2)
	var sizes []int
	for _, batch := range makePlan(s, "", t).Batches() {
		sizes = append(sizes, len(batch))
	}
	require.Equal(t, []int{20, 20, 5}, sizes)
}

func TestOverridesNameGuardsThatExistAndMayBeLifted(t *testing.T) {
	for text, fine := range map[string]bool{
		"": true, "all": true, "empty-group": true, "empty-group=legal,stale": true, " group-removals = legal ": false,
		"default-access": false, "lock-out": false, "seats": false, "unmatched": false, "nothing": false,
	} {
		_, err := plan.ParseOverrides(text)
		require.Equal(t, fine, err == nil, "%q: %v", text, err)
		if err != nil {
			require.True(t, problem.Is(err, problem.Usage))
		}
	}
	all, err := plan.ParseOverrides("all")
	require.NoError(t, err)
	for _, guard := range plan.Guards {
		require.Equal(t, guard.Overridable(), all.Lift(plan.Finding{Guard: guard, Group: "x"}), guard)
	}
}

func TestUnderOriginalEachSiteIsPlannedAndBlockedByItself(t *testing.T) {
	s := company(12)
	s.Atlassian.Experience = directory.Original
	s.Atlassian.Products = append(s.Atlassian.Products, directory.Product{ID: "ari:labs", Key: "jira-software", Name: "Jira", Site: "labs.atlassian.net", Seats: -1, Used: -1})
	group(s, "legal", 1, 3, 1, 2).Site = "acme.atlassian.net"
	group(s, "other", 5, 6, 1, 11)
	s.IdP.Groups = s.IdP.Groups[:1]
	s.Atlassian.Groups[1].Name, s.Atlassian.Groups[1].Site = "Legal", "labs.atlassian.net"
	for i := range s.Atlassian.Accounts {
		s.Atlassian.Accounts[i].Sites = []string{"acme.atlassian.net", "labs.atlassian.net"}
	}
	s.Atlassian.Accounts[2].Sites = s.Atlassian.Accounts[2].Sites[1:]
	p := makePlan(s, "", t)
	require.Len(t, p.Groups, 2)
	require.Equal(t, []string{"acme.atlassian.net", "labs.atlassian.net"}, []string{p.Groups[0].Site, p.Groups[1].Site})
	require.Empty(t, p.Groups[0].Add)
	require.Len(t, p.Groups[0].Invite, 1, "who has an account that the site doesn't know is invited there")
	require.Equal(t, plan.Member{Person: "p2", Account: "a2", Email: "p2@x.io", Name: "p2@x.io"}, p.Groups[0].Invite[0])
	require.Empty(t, p.Groups[0].Findings)
	require.Equal(t, plan.GroupRemovals, p.Groups[1].Findings[0].Guard, "8 of 10 would go there")
	require.Len(t, p.Batches()[0], 1)
	require.Equal(t, 1, p.Effect.Added)
}

func TestOnlyAnAccountsOwnAddressIsInvitedToASite(t *testing.T) {
	for name, test := range map[string]struct {
		own    string
		invite []string
	}{
		"the same address":   {"p2@x.io", []string{"p2@x.io"}},
		"an earlier address": {"maiden@x.io", []string{"maiden@x.io"}},
		"a hidden address":   {"", nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := company(6)
			s.Atlassian.Experience = directory.Original
			group(s, "legal", 1, 3, 1, 2).Site = "acme.atlassian.net"
			for i := range s.Atlassian.Accounts {
				s.Atlassian.Accounts[i].Sites = []string{"acme.atlassian.net"}
			}
			s.Atlassian.Accounts[2].Sites, s.Atlassian.Accounts[2].Email = nil, test.own
			s.IdP.People[2].Aliases = []string{"maiden@x.io"}
			matches := review.Identity(len(s.Atlassian.Accounts))
			r := review.Compare(review.Input{Snapshot: s, Matches: matches})
			p := plan.Make(r, plan.Selection{Rows: []*review.Row{&r.Rows[0]}}, plan.Terms{Thresholds: plan.DefaultThresholds(), Now: time.Now()})
			var invited []string
			for _, member := range p.Groups[0].Invite {
				require.Equal(t, "a2", member.Account)
				invited = append(invited, member.Email)
			}
			require.Equal(t, test.invite, invited)
		})
	}
}
