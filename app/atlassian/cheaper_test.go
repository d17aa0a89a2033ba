package atlassian_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rollcall-app/rollcall/app/atlassian"
	"github.com/rollcall-app/rollcall/app/simulator"
)

// counted is what reading people and memberships takes by each way at the least,
// counted out on the company itself.
type counted struct {
	everybody int
	// byGroup is exact, atMost what can be known of it before reading.
	byGroup, atMost int
}

func count(c *simulator.Company, scope atlassian.Scope) counted {
	pages := func(rows, size int) int { return (rows + size - 1) / size }
	memberships, groups := 0, 0
	known := map[string]bool{}
	for _, group := range c.Groups {
		if !slices.Contains(scope.Names, group.Name) || len(group.Members) == 0 {
			continue
		}
		groups++
		memberships += len(group.Members)
		for _, member := range group.Members {
			known[member] = true
		}
	}
	unknown := 0
	for _, address := range scope.Addresses {
		at := slices.IndexFunc(c.Accounts, func(a simulator.Account) bool { return a.Email == address })
		if at < 0 || !known[c.Accounts[at].ID] {
			unknown++
		}
	}
	// The administrators take a request, too.
	members := 1 + max(pages(memberships, 100), pages(groups, 10))
	return counted{
		everybody: max(1, pages(len(c.Accounts), 100)),
		byGroup:   members + pages(unknown, 100),
		atMost:    members + pages(len(scope.Addresses), 100),
	}
}

// Whatever the company and the scope: the way taken is the one that counting both
// out says is cheaper, unless only reading could tell, and it takes hardly a
// request more than the least.
func TestTheWayTakenIsTheCheaperOneByCountingBothOut(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		people := rapid.IntRange(1, 1200).Draw(rt, "people")
		c := company(0, people)
		scope := atlassian.Scope{}
		for g := range rapid.IntRange(0, 30).Draw(rt, "groups") {
			group := simulator.Group{ID: fmt.Sprintf("g%04d", g), Name: fmt.Sprint("group ", g)}
			from := rapid.IntRange(0, people-1).Draw(rt, "from")
			for i := range min(rapid.IntRange(0, 150).Draw(rt, "members"), people) {
				group.Members = append(group.Members, c.Accounts[(from+i)%people].ID)
			}
			c.Groups = append(c.Groups, group)
			if rapid.Bool().Draw(rt, "in scope") {
				scope.Names = append(scope.Names, group.Name)
			}
		}
		for i := range rapid.IntRange(0, people).Draw(rt, "addresses") {
			scope.Addresses = append(scope.Addresses, c.Accounts[(i*7)%people].Email)
		}
		slices.Sort(scope.Addresses)
		scope.Addresses = slices.Compact(scope.Addresses)

		client, _ := connect(t, simulator.Options{Company: c})
		_, reading, err := client.Read(context.Background(), scope.Known, nil)
		require.NoError(rt, err)
		spent := reading.Requests - 4 // organization, products, groups, how many people there are
		least := count(c, scope)
		slack := func(requests int) int { return max(requests*105/100, requests+1) }
		if least.byGroup < least.everybody && least.everybody <= least.atMost {
			// Reading group by group would have turned out cheaper, which nobody could know.
			require.LessOrEqual(rt, spent, least.everybody)
			return
		}
		require.LessOrEqual(rt, spent, slack(min(least.everybody, least.byGroup)), "%+v, %s", least, reading.Way)
	})
}
