package screens

import (
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/review"
	"github.com/rollcall-app/rollcall/app/simulator"
)

// contested finds a conflicting group with somebody to keep and to keep out, opens
// it, and gives its line and the places of the two member changes behind it.
func (p *person) contested() (line, keep, keepOut int) {
	p.t.Helper()
	model := p.w.groups.model
	for i := range model.views {
		row := model.views[i].row
		if row.State != review.Conflict {
			continue
		}
		changes := model.review.Changes(row)
		keep = slices.IndexFunc(changes, func(change review.Change) bool {
			answer := model.review.NewAnswer(row, &change)
			return answer.Kind == review.Keep && model.review.Obstacle(&answer) == ""
		})
		keepOut = slices.IndexFunc(changes, func(change review.Change) bool { return change.Kind == review.Added })
		if keep < 0 || keepOut < 0 {
			continue
		}
		line = model.lineOf(i)
		if _, isOpen := model.open[model.views[i].key]; !isOpen {
			p.tapLine(line, nameColumn)
		}
		inside := p.w.groups.model.open[model.views[i].key]
		first := line + 2 + len(inside.notes)
		return line, first + keep, first + keepOut
	}
	require.Fail(p.t, "the sample has no contested group")
	return 0, 0, 0
}

func (p *person) choose(line int, label string) {
	p.t.Helper()
	items := p.w.groups.menu(line)
	at := slices.IndexFunc(items, func(item *fyne.MenuItem) bool { return strings.HasPrefix(item.Label, label) })
	require.GreaterOrEqual(p.t, at, 0, label)
	items[at].Action()
}

func TestPeopleAreKeptAndKeptOutAndThatIsDoneInTheProvider(t *testing.T) {
	p := sitDown(t, simulator.Sample(1, 60, 400))
	p.fetch()
	line, keep, keepOut := p.contested()
	row := *p.w.groups.model.views[p.w.groups.model.lines[line].view].row
	require.True(t, p.w.groups.todo.Hidden)
	p.tapLine(keep, answerAction)
	require.Contains(t, p.w.groups.list.Line(line+1).Text(), "open answers", "it isn't synced meanwhile")
	require.Contains(t, p.w.groups.list.Line(keep).Text(), "✓ Keep", "where it stood, under the pointer")
	p.w.groups.list.SetCursor(keepOut)
	p.key(fyne.KeyK)
	require.Equal(t, "To do (2) …", p.w.groups.todo.Text)

	test.Tap(p.w.groups.todo)
	heading, buttons, _ := p.dialog()
	require.Contains(t, heading, "To do in Okta")
	test.Tap(buttons["Copy"])
	copied := p.w.fyneApp.Clipboard().Content()
	require.Contains(t, copied, "[ ] add ")
	require.Contains(t, copied, "Directory › Groups › “"+row.Name+"” › People")
	desk := p.lookElsewhere()
	test.Tap(buttons["Do it in Okta …"])

	require.Equal(t, []string{"Change 1 group in Okta?"}, desk.told, "who looks elsewhere is told that there is something to answer")
	texts, buttons, _ := p.dialog()
	require.Contains(t, texts, "assigned to", "what else hangs on the group is said before")
	test.Tap(buttons["Change 1 group"])
	after, err := app.Find(p.w.review, row.Name)
	require.NoError(t, err)
	require.Equal(t, []int{row.Added - 1, row.Removed - 1}, []int{after.Added, after.Removed})
	require.True(t, p.w.groups.todo.Hidden)
	require.Contains(t, p.w.history.list.Line(0).Text(), "1 of 1 group changed in the identity provider: 1 added, 1 removed, 0 renamed")

	p.w.tabs.Select(p.w.history.item)
	p.w.history.act(0)
	_, buttons, _ = p.dialog()
	test.Tap(buttons["Undo 1 group"])
	after, err = app.Find(p.w.review, row.Name)
	require.NoError(t, err)
	require.Equal(t, []int{row.Added, row.Removed}, []int{after.Added, after.Removed})
}

func TestAGroupIsRenamedToAFreeName(t *testing.T) {
	p := sitDown(t, simulator.Sample(1, 60, 400))
	p.fetch()
	line, _, _ := p.contested()
	name := p.w.groups.model.views[p.w.groups.model.lines[line].view].row.Name
	p.tapLine(line+1, renameAction)
	_, buttons, entries := p.dialog()
	require.Equal(t, name+"-idp", entries[0].Text)
	test.Tap(buttons["Put on the list"])
	require.Equal(t, "To do (1) …", p.w.groups.todo.Text)
	require.Contains(t, p.w.groups.list.Line(line+1).Text(), "✓ Rename")
	p.w.groups.list.SetCursor(line)
	p.key(fyne.KeyN) // takes it back
	require.True(t, p.w.groups.todo.Hidden)

	p.key(fyne.KeyN)
	_, buttons, entries = p.dialog()
	entries[0].SetText("legal")
	test.Tap(buttons["Put on the list"])
	texts, _, _ := p.dialog()
	require.Contains(t, texts, "a group has it already")
	require.True(t, p.w.groups.todo.Hidden)
}

func TestEverybodyOfAGroupAndOfASelectionIsAnswered(t *testing.T) {
	p := sitDown(t, simulator.Sample(1, 60, 400))
	p.fetch()
	line, _, _ := p.contested()
	row := p.w.groups.model.views[p.w.groups.model.lines[line].view].row
	p.choose(line, "Keep all")
	require.Equal(t, row.Removed, p.w.groups.model.answers)
	p.choose(line, "Keep out all")
	require.Equal(t, row.Added+row.Removed, p.w.groups.model.answers)
	p.choose(line, "Withdraw")
	require.Zero(t, p.w.groups.model.answers)

	p.tapHeader(tickColumn)
	removed := 0
	for _, row := range p.w.groups.model.selection() {
		removed += row.Removed
	}
	p.choose(line, "Keep all who would be removed from the")
	require.Equal(t, removed, p.w.groups.model.answers)
}

func TestASelectionIsRejectedWithAReason(t *testing.T) {
	p := sitDown(t, simulator.Sample(1, 60, 400))
	p.fetch()
	p.tapHeader(tickColumn)
	n := p.w.groups.model.ticks
	line := p.line(plain)
	p.choose(line, "Reject the ")
	_, buttons, entries := p.dialog()
	entries[0].SetText("after the merger")
	test.Tap(buttons["Reject"])
	require.Equal(t, n, p.w.review.Counts().State[review.Rejected])
	view := &p.w.groups.model.views[p.w.groups.model.lines[line].view]
	decision, _ := p.w.review.Decision(view.row)
	require.Equal(t, "after the merger", decision.Reason)
}

func TestADecisionThatNoLongerHoldsSaysWhatChanged(t *testing.T) {
	p := sitDown(t, simulator.Sample(1, 60, 400))
	p.fetch()
	line, keep, _ := p.contested()
	model := p.w.groups.model
	view := &model.views[model.lines[line].view]
	answer := model.review.NewAnswer(view.row, model.open[view.key].change(model.lines[keep].index))
	p.tapLine(line+1, rejectAction)
	_, buttons, _ := p.dialog()
	test.Tap(buttons["Reject"])
	p.simulation.PutMember(answer.Group, answer.Person, true)
	p.w.fetch()
	told := ""
	for i := range p.w.groups.model.lines {
		told += p.w.groups.list.Line(i).Text() + "\n"
	}
	require.Contains(t, told, "has changed since: decide again")
	require.Contains(t, told, "Would no longer be removed: "+answer.Who)
}

// A file can't be written: the list is all there is.
func TestWhatCantBeWrittenStaysAList(t *testing.T) {
	p := sitDown(t, simulator.Sample(1, 60, 400))
	p.fetch()
	p.w.review.Snapshot.IdP.Provider = "file"
	line, _, _ := p.contested()
	p.choose(line, "Keep all")
	p.w.review.Snapshot.IdP.Provider = "file"
	p.w.showTodos()
	texts, buttons, _ := p.dialog()
	require.Contains(t, texts, "To do in A file")
	for label := range buttons {
		require.NotContains(t, label, "Do it")
	}
	require.IsType(t, &widget.Button{}, buttons["Save …"])
}
