package screens

import (
	"fmt"
	"slices"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/review"
	"github.com/rollcall-app/rollcall/app/simulator"
)

func TestARejectionCanBeWithdrawn(t *testing.T) {
	p := sitDown(t, simulator.Sample(1, 60, 400))
	p.fetch()
	line := p.line(plain)
	p.tapLine(line, nameColumn)
	p.tapLine(line+1, rejectAction)
	_, buttons, _ := p.dialog()
	test.Tap(buttons["Reject"])
	require.Equal(t, 1, p.w.review.Counts().State[review.Rejected])
	require.Contains(t, p.w.status.synced.Text, "1 rejected")
	p.tapLine(line+1, rejectAction) // now Withdraw; the group stayed open
	require.Zero(t, p.w.review.Counts().State[review.Rejected])
}

func TestGroupsAreAcceptedOneByOneAndTogether(t *testing.T) {
	p := sitDown(t, simulator.Sample(1, 60, 400))
	p.fetch()
	tab := p.w.groups
	all := tab.model.facts.waits
	line := p.line(plain)
	p.tapLine(line, nameColumn)
	p.tapLine(line+1, acceptAction)
	accepted := func() int { return tab.model.facts.accepted }
	require.Equal(t, 1, accepted())
	require.Contains(t, p.w.groups.list.Line(line).Text(), "accepted")
	require.Contains(t, p.w.groups.list.Line(line+2).Text(), "Accepted by ")
	require.Equal(t, fmt.Sprint("Not decided ", all-1), tab.waits.Text)

	test.Tap(tab.waits)
	require.Len(t, tab.model.shown, all-1)
	p.tapHeader(tickColumn)
	items := tab.menu(0)
	at := slices.IndexFunc(items, func(item *fyne.MenuItem) bool {
		return item.Label == fmt.Sprintf("Accept the %d selected groups", all-1)
	})
	require.GreaterOrEqual(t, at, 0)
	items[at].Action()
	require.Equal(t, all, accepted())
	require.Empty(t, tab.model.shown, "nobody has anything left to decide")
	test.Tap(tab.accepted)
	require.Len(t, tab.model.shown, all, "the two filters exclude each other")

	line = p.line(plain)
	tab.list.SetCursor(line)
	p.key(fyne.KeyDelete) // withdraws
	require.Equal(t, all-1, accepted())
	test.Tap(tab.accepted)
	tab.list.SetCursor(p.line(func(row *review.Row) bool { return app.Syncable(row) && !tab.model.review.Accepted(row) }))
	p.key(fyne.KeyA)
	require.Equal(t, all, accepted())

	require.Equal(t, fmt.Sprintf("Sync accepted (%d)", all), tab.syncAccepted.Text)
	test.Tap(tab.syncAccepted)
	texts, _, _ := p.dialog()
	require.Contains(t, texts, fmt.Sprintf("Sync %d groups?", all))
}
