package plan_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/review"
)

// leaving has the last n people of a company deactivated in the IdP, all
// provisioned.
func leaving(people, n int) *directory.Snapshot {
	s := company(people)
	s.Provisioning = &directory.Provisioning{}
	for i := range people {
		s.Provisioning.People = append(s.Provisioning.People, directory.Provisioned{
			ID: fmt.Sprintf("s%d", i), External: s.IdP.People[i].ID, Name: s.IdP.People[i].Name, Active: true, Account: s.Atlassian.Accounts[i].ID,
		})
		s.IdP.People[i].Disabled = i >= people-n
	}
	return s
}

func TestDeactivationsAreGuarded(t *testing.T) {
	for name, test := range map[string]struct {
		arrange   func() *directory.Snapshot
		overrides string
		people    []string // the guards in the way of each
		whole     []string
	}{
		"each is held until it is confirmed": {func() *directory.Snapshot { return leaving(5, 2) }, "", []string{"deactivations", "deactivations"}, nil},
		"one is confirmed":                   {func() *directory.Snapshot { return leaving(5, 2) }, "deactivations=P4@x.io", []string{"deactivations", ""}, nil},
		"all are confirmed":                  {func() *directory.Snapshot { return leaving(5, 2) }, "deactivations", []string{"", ""}, nil},
		"the key's owner can't be": {func() *directory.Snapshot {
			s := leaving(3, 3)
			s.Atlassian.Accounts[1].OrgRoles = []string{directory.OrgAdmin}
			return s
		}, "all", []string{"lock-out", "", ""}, nil},
		"the last admin can't be": {func() *directory.Snapshot {
			s := leaving(3, 2)
			s.Atlassian.Accounts[0].OrgRoles, s.Atlassian.Accounts[1].OrgRoles, s.Atlassian.Accounts[2].OrgRoles = nil, []string{directory.OrgAdmin}, []string{directory.OrgAdmin}
			return s
		}, "all", []string{"", "lock-out"}, nil},
		"each membership of theirs counts as a removal": {func() *directory.Snapshot {
			s := leaving(260, 255)
			group(s, "one", 0, 2, 0, 260)
			group(s, "two", 0, 2, 0, 260)
			s.IdP.Groups = nil
			return s
		}, "deactivations", nil, []string{"run-removals"}},
		"not while they are held": {func() *directory.Snapshot {
			s := leaving(260, 255)
			group(s, "one", 0, 2, 0, 260)
			group(s, "two", 0, 2, 0, 260)
			s.IdP.Groups = nil
			return s
		}, "", nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			overrides, err := plan.ParseOverrides(test.overrides)
			require.NoError(t, err)
			r := review.Compare(review.Input{Snapshot: test.arrange()})
			p := plan.Make(r, plan.Selection{Everybody: true}, plan.Terms{Thresholds: plan.DefaultThresholds(), Overrides: overrides, Now: time.Now()})
			if test.people != nil {
				var found []string
				for _, person := range p.People {
					guard := ""
					if person.Blocked() {
						guard = string(person.Findings[0].Guard)
					}
					found = append(found, guard)
				}
				require.Equal(t, test.people, found)
			}
			var whole []string
			for _, finding := range p.Findings {
				whole = append(whole, string(finding.Guard))
			}
			require.Equal(t, test.whole, whole)
		})
	}
}
