package screens

import (
	"fmt"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/review"
	"github.com/rollcall-app/rollcall/app/simulator"
)

func TestGroupsAreFoundByThePeopleInThem(t *testing.T) {
	p := sitDown(t, simulator.Sample(1, 60, 400))
	p.fetch()
	groups := p.w.groups
	// Somebody who would be removed from a group.
	line := p.line(func(row *review.Row) bool { return row.Removed > 0 && row.State == review.Conflict })
	row := groups.model.views[groups.model.lines[line].view].row
	change := p.w.review.Changes(row)[0]
	email := p.w.review.Email(change.Person, change.Account)
	require.NotEmpty(t, email)
	test.Type(groups.search, email)
	shown := map[string]bool{}
	for _, view := range groups.model.shown {
		shown[groups.model.views[view].row.Name] = true
	}
	require.True(t, shown[row.Name])
	for i := range p.w.review.Rows {
		other := &p.w.review.Rows[i]
		in := false
		for _, no := range other.Groups {
			in = in || change.Account != directory.NoAccount && p.w.review.Snapshot.Atlassian.Members.Has(no, change.Account)
		}
		if change.Person != directory.NoPerson && other.Source != review.NoSource {
			in = in || p.w.review.Snapshot.IdP.Members.Has(other.Source, change.Person)
		}
		require.Equal(t, in, shown[other.Name], other.Name)
	}
	// Opened, the person stands out.
	p.tapLine(p.line(func(r *review.Row) bool { return r.Name == row.Name }), nameColumn)
	out := 0
	for i, ref := range groups.model.lines {
		if ref.kind == changeLine && groups.model.line(i).Cells[2][0].Bold {
			out++
			require.Equal(t, email, groups.model.line(i).Cells[3][0].Text)
		}
	}
	require.Equal(t, 1, out)
	groups.search.SetText("")
	require.Len(t, groups.model.shown, len(groups.model.views))
}

func TestFiltersCombineAndASecondColumnIsSortedBy(t *testing.T) {
	p := sitDown(t, simulator.Sample(1, 60, 400))
	p.fetch()
	groups := p.w.groups
	views := func() (rows []*review.Row) {
		for _, view := range groups.model.shown {
			rows = append(rows, groups.model.views[view].row)
		}
		return rows
	}
	test.Tap(groups.losing)
	require.NotEmpty(t, views())
	for _, row := range views() {
		require.Positive(t, row.Losing)
	}
	losing := len(views())
	site := groups.site.Options[1]
	groups.site.SetSelected(site)
	require.Less(t, len(views()), losing)
	for _, view := range groups.model.shown {
		require.Contains(t, groups.model.views[view].hosts, site)
	}
	groups.product.SetSelected(groups.product.Options[1])
	for _, view := range groups.model.shown {
		require.Contains(t, groups.model.views[view].productNames, groups.product.Options[1])
	}
	groups.site.SetSelected(everywhere())
	groups.product.SetSelected(everything())
	test.Tap(groups.losing)
	require.Len(t, views(), len(groups.model.views))
	if groups.quiet.Visible() {
		test.Tap(groups.quiet)
		for _, row := range views() {
			require.False(t, row.Differs())
		}
		test.Tap(groups.quiet)
	}

	// By what is removed, and where that is equal by the state.
	p.tapHeader(stateColumn)
	p.tapHeader(removedColumn)
	rows := views()
	ties := 0
	for i := 1; i < len(rows); i++ {
		require.GreaterOrEqual(t, rows[i-1].Removed, rows[i].Removed)
		if rows[i-1].Removed == rows[i].Removed {
			ties++
			require.LessOrEqual(t, stateNo(rows[i-1]), stateNo(rows[i]))
		}
	}
	require.Positive(t, ties)
}

func stateNo(row *review.Row) int {
	for i, state := range review.States {
		if state == row.State {
			return i
		}
	}
	return -1
}

func TestALineIsCopiedAndAllAreSelectedByTheSystemsShortcuts(t *testing.T) {
	p := sitDown(t, simulator.Sample(1, 20, 120))
	p.fetch()
	groups := p.w.groups
	groups.list.SetCursor(0)
	groups.list.TypedShortcut(&fyne.ShortcutCopy{})
	require.Contains(t, fyne.CurrentApp().Clipboard().Content(), groups.model.views[groups.model.lines[0].view].row.Name+"\t")
	groups.list.TypedShortcut(&fyne.ShortcutSelectAll{})
	require.True(t, groups.model.allTicked())
	p.menu("Keyboard …")
	texts, buttons, _ := p.dialog()
	require.Contains(t, texts, "Ctrl+F")
	test.Tap(buttons["OK"])
}

func TestWhoWouldLoseAProductIsShownWithWhenTheyLastUsedIt(t *testing.T) {
	p := sitDown(t, simulator.Sample(1, 60, 400))
	p.fetch()
	model, told := p.w.groups.model, map[bool]int{}
	for i := range p.w.review.Rows {
		for _, change := range p.w.review.Changes(&p.w.review.Rows[i]) {
			for _, access := range change.Loses {
				_, known := p.w.review.Snapshot.Atlassian.Accounts[change.Account].LastActive[access.Product]
				text := model.used(&change, access)
				require.Equal(t, known, text != "")
				told[known]++
			}
		}
	}
	require.Positive(t, told[true])
}

func TestWhoStaysAsTheyAreIsShownOnRequest(t *testing.T) {
	p := sitDown(t, simulator.Sample(1, 60, 400))
	p.fetch()
	groups := p.w.groups
	line := p.line(func(row *review.Row) bool {
		return row.State == review.Conflict && row.Removed > 0 && row.Protected == 0 && row.Present > row.Removed
	})
	row := groups.model.views[groups.model.lines[line].view].row
	p.tapLine(line, nameColumn)
	before := len(groups.model.lines)
	p.tapLine(line+1, unchangedAction)
	require.Len(t, groups.model.lines, before+row.Present-row.Removed)
	last := groups.model.line(line + len(groups.model.lines) - before + row.Added + row.Removed + 1)
	require.Equal(t, "=", last.Cells[1][0].Text)
	require.Equal(t, "stays a member", last.Cells[4][0].Text)
	groups.list.SetCursor(line)
	p.key(fyne.KeyU)
	require.Len(t, groups.model.lines, before, "and hidden again")
}

// BenchmarkOpen measures opening a group with 50,000 member changes: working them
// out, in the background, and laying out the lines.
func BenchmarkOpen(b *testing.B) {
	const people = 50_000
	s := &directory.Snapshot{ID: "bench", TakenAt: time.Now()}
	s.Atlassian.Products = []directory.Product{{ID: "ari", Key: "jira-software", Name: "Jira", Site: "acme.atlassian.net", Seats: -1, Used: -1}}
	var wanted []directory.PersonNo
	var had []directory.AccountNo
	for i := range people {
		email := fmt.Sprintf("p%d@x.io", i)
		s.IdP.People = append(s.IdP.People, directory.Person{ID: email, Name: fmt.Sprint("Person ", i), Email: email})
		s.Atlassian.Accounts = append(s.Atlassian.Accounts, directory.Account{ID: email, Name: fmt.Sprint("Person ", i), Email: email, Kind: directory.PersonKind, Status: directory.Active})
		if i%2 == 0 {
			wanted = append(wanted, directory.PersonNo(i))
		} else {
			had = append(had, directory.AccountNo(i))
		}
	}
	s.IdP.Groups = []directory.SourceGroup{{ID: "g", Name: "all"}}
	s.IdP.Members = directory.NewRuns[directory.SourceNo]([][]directory.PersonNo{wanted})
	s.Atlassian.Groups = []directory.Group{{ID: "g", Name: "all", Grants: []directory.Grant{{Access: directory.Access{Role: "atlassian/user"}}}}}
	s.Atlassian.Members = directory.NewRuns[directory.GroupNo]([][]directory.AccountNo{had})
	model := newGroupsModel(review.Compare(review.Input{Snapshot: s}), plan.DefaultThresholds())
	b.Run("work out", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			open(model.review, &model.views[0], model.limits, nil)
		}
	})
	inside := open(model.review, &model.views[0], model.limits, nil)
	require.Len(b, inside.changes, people)
	b.Run("show", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			model.altered([]alteration{{change: func(m *groupsModel) { m.openWith(0, inside) }}})
		}
	})
}

func TestTheOtherMouseButtonOffersWhatCanBeDoneWithAGroup(t *testing.T) {
	p := sitDown(t, simulator.Sample(1, 20, 120))
	p.fetch()
	groups := p.w.groups
	line := p.line(func(row *review.Row) bool { return row.State == review.Conflict && row.Added > 0 })
	view := groups.model.lines[line].view
	choose := func(label string) {
		for _, item := range groups.list.Menu(line) {
			if item.Label == label {
				item.Action()
				return
			}
		}
		require.Fail(t, "isn't offered", label)
	}
	choose("Open")
	require.Equal(t, headingLine, groups.model.lines[line+1].kind)
	choose("Show or hide unchanged")
	choose("Close")
	choose("Select, or no longer")
	require.True(t, groups.model.ticked[view])
	choose("Reject …")
	_, buttons, _ := p.dialog()
	test.Tap(buttons["Keep open"])
	choose("Sync group …")
	_, buttons, _ = p.dialog()
	test.Tap(buttons["Cancel"])

	// A menu that was open when another snapshot came does nothing.
	stale := groups.list.Menu(line)
	p.w.load(nil)
	before := groups.model.ticks
	for _, item := range stale {
		item.Action()
	}
	require.Equal(t, before, groups.model.ticks)

	// Pressed on a line, it shows beside the pointer, with copying the line.
	var pressed fyne.SecondaryTappable
	walk(groups.list, func(object fyne.CanvasObject) {
		if found, ok := object.(fyne.SecondaryTappable); ok && pressed == nil {
			pressed = found
		}
	})
	require.NotNil(t, pressed)
	test.TapSecondary(pressed)
	require.NotNil(t, p.w.win.Canvas().Overlays().Top())
}

func TestColumnWidthsAreRemembered(t *testing.T) {
	p := sitDown(t, simulator.Sample(1, 60, 400))
	p.fetch()
	tab := p.w.groups
	width := tab.header.Size().Width
	_, edge := tab.columns.Span(nameColumn, width)
	at := fyne.CurrentApp().Driver().AbsolutePositionForObject(tab.header)
	test.MoveMouse(p.w.win.Canvas(), at.Add(fyne.NewPos(edge, 10)))
	test.Drag(p.w.win.Canvas(), at.Add(fyne.NewPos(edge, 10)), 60, 0)
	_, moved := tab.columns.Span(nameColumn, width)
	require.InDelta(t, edge+60, moved, 0.1)
	again := newGroupsTab(p.w)
	require.Equal(t, tab.columns.Sizes(), again.columns.Sizes(), "as the next window has them")
}

func TestTheMenuAndTheOrderAreWithinReachOfTheKeyboard(t *testing.T) {
	p := sitDown(t, simulator.Sample(1, 60, 400))
	p.fetch()
	tab := p.w.groups
	p.key(fyne.Key4)
	require.Equal(t, order{addedColumn, true}, tab.model.order[0])
	p.key(fyne.Key4)
	require.Equal(t, order{addedColumn, false}, tab.model.order[0])
	tab.list.SetCursor(p.line(plain))
	p.key(fyne.KeyM)
	require.NotNil(t, p.w.win.Canvas().Overlays().Top())
	p.w.win.Canvas().Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeyDown})
	p.w.win.Canvas().Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn}) // Open
	require.Nil(t, p.w.win.Canvas().Overlays().Top())
	require.Len(t, tab.model.open, 1)
}
