package screens

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/progress"
	"github.com/rollcall-app/rollcall/app/review"
	"github.com/rollcall-app/rollcall/app/simulator"
	"github.com/rollcall-app/rollcall/storage"
	"github.com/rollcall-app/rollcall/widgets"
)

// person sits before a window of 1280 by 800.
type person struct {
	t          *testing.T
	w          *Window
	app        *app.App
	simulation *simulator.Simulation
}

// sitDown opens a window on an empty data folder and a simulation. Background
// work is done at once.
func sitDown(t *testing.T, company *simulator.Company) *person {
	t.Helper()
	return sitDownWith(t, simulator.Options{Company: company})
}

func sitDownWith(t *testing.T, options simulator.Options) *person {
	t.Helper()
	options.Rate = 100_000
	simulation, err := simulator.Start(options)
	require.NoError(t, err)
	t.Cleanup(simulation.Close)
	store, err := storage.Open(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	p := &person{t: t, simulation: simulation, app: &app.App{
		Store: store, Secrets: &app.MemorySecrets{}, Patience: time.Second, Environment: func(string) string { return "" },
	}}
	p.open()
	return p
}

func (p *person) open() {
	fyneApp := test.NewApp()
	p.t.Cleanup(fyneApp.Quit)
	// Progress comes from many goroutines while the test waits for the work.
	var ui sync.Mutex
	p.w = newWindow(context.Background(), fyneApp, p.app, threads{
		background: atOnce.background,
		onUI: func(f func()) {
			ui.Lock()
			defer ui.Unlock()
			f()
		},
	})
	w := p.w
	p.t.Cleanup(func() {
		if !w.gone {
			w.win.Close()
		}
	})
	p.w.Show(false)
}

// write types into a field, as a person who goes there and leaves it again.
func (p *person) write(field fyne.Focusable, text string) {
	test.Type(field, text)
	field.FocusLost()
}

// connect fills in both cards and presses Connect.
func (p *person) connect() {
	c := p.simulation.Company
	p.write(p.w.idp.form.fields["url"], p.simulation.IdPURL)
	p.write(p.w.idp.form.secret, simulator.OktaToken)
	test.Tap(p.w.idp.idpConnect)
	require.Contains(p.t, p.w.idp.idpAnswer.Text, "✓ ")
	// What stands for Atlassian's address has no field: the command line sets it.
	p.w.settings.Atlassian.URL = p.simulation.AtlassianURL
	p.write(p.w.idp.org, c.Org)
	p.write(p.w.idp.key, simulator.OrgKey)
	p.write(p.w.idp.owner, c.Owner)
	test.Tap(p.w.idp.orgConnect)
	require.Contains(p.t, p.w.idp.orgAnswer.Text, "✓ ")
}

func (p *person) fetch() {
	p.connect()
	test.Tap(p.w.idp.fetch)
	require.NotNil(p.t, p.w.review)
	require.Equal(p.t, p.w.groups.item, p.w.tabs.Selected(), "on to the groups")
}

// tapLine taps a column of a line of the groups table, after scrolling to it.
func (p *person) tapLine(line, column int) {
	list, columns := p.w.groups.list, p.w.groups.columns
	switch p.w.groups.model.lines[line].kind {
	case headingLine:
		columns = headingColumns
	case changeLine:
		columns = changeColumns
	}
	list.ScrollTo(line)
	from, to := columns.Span(column, list.Size().Width)
	at := fyne.CurrentApp().Driver().AbsolutePositionForObject(list)
	height := list.MinSize().Height + 1 // a line and the space to the next
	y := float32(line)*height - list.GetScrollOffset() + height/2
	require.Positive(p.t, y)
	require.Less(p.t, y, list.Size().Height)
	test.TapCanvas(p.w.win.Canvas(), at.Add(fyne.NewPos((from+to)/2, y)))
}

// line gives the line of a group by a test on its row.
func (p *person) line(fits func(*review.Row) bool) int {
	model := p.w.groups.model
	for i, line := range model.lines {
		if line.kind == groupLine && fits(model.views[line.view].row) {
			return i
		}
	}
	require.Fail(p.t, "no such group is shown")
	return -1
}

func (p *person) key(name fyne.KeyName) { p.w.groups.list.TypedKey(&fyne.KeyEvent{Name: name}) }

// dialog gives what stands in the topmost dialog: its texts, and its buttons.
func (p *person) dialog() (texts string, buttons map[string]*widget.Button, entries []*widget.Entry) {
	p.t.Helper()
	top := p.w.win.Canvas().Overlays().Top()
	require.NotNil(p.t, top, "no dialog is open")
	buttons = map[string]*widget.Button{}
	walk(top, func(object fyne.CanvasObject) {
		switch o := object.(type) {
		case *widget.Label:
			texts += o.Text + "\n"
		case *widget.Button:
			buttons[o.Text] = o
		case *widget.Entry:
			entries = append(entries, o)
		case *widgets.Entry:
			entries = append(entries, &o.Entry)
		case *widget.SelectEntry:
			entries = append(entries, &o.Entry)
		}
	})
	return texts, buttons, entries
}

// walk visits an object and all within it that is shown.
func walk(object fyne.CanvasObject, visit func(fyne.CanvasObject)) {
	if !object.Visible() {
		return
	}
	visit(object)
	switch o := object.(type) {
	case *fyne.Container:
		for _, child := range o.Objects {
			walk(child, visit)
		}
	case fyne.Widget:
		for _, child := range test.WidgetRenderer(o).Objects() {
			walk(child, visit)
		}
	}
}

func plain(row *review.Row) bool {
	return row.State == review.Conflict && row.Added > 0 && row.Removed > 0 && row.Removed < 5 && row.Unmatched+row.Protected == 0 && row.Provisioned == 0
}

func TestTheFirstWindowSaysWhatToDo(t *testing.T) {
	p := sitDown(t, simulator.Sample(1, 30, 200))
	require.Equal(t, p.w.idp.item, p.w.tabs.Selected())
	require.Contains(t, p.w.idp.taken.Text, "Connect both sides")
	require.True(t, p.w.idp.fetch.Disabled())
	require.True(t, p.w.groups.empty.Visible())
	require.True(t, p.w.access.empty.Visible())
	require.True(t, p.w.history.empty.Visible())
}

func TestAConnectionIsTestedAndSaysWhatIsWrong(t *testing.T) {
	p := sitDown(t, simulator.Sample(1, 30, 200))
	test.Type(p.w.idp.form.fields["url"], p.simulation.IdPURL)
	test.Type(p.w.idp.form.secret, "wrong")
	test.Tap(p.w.idp.idpTest)
	require.Contains(t, p.w.idp.idpAnswer.Text, "✗ Okta doesn't accept the key")
	require.Contains(t, p.w.idp.idpAnswer.Text, "Security › API › Tokens")
	p.w.idp.form.secret.SetText("")
	test.Type(p.w.idp.form.secret, simulator.OktaToken)
	test.Tap(p.w.idp.idpTest)
	require.Contains(t, p.w.idp.idpAnswer.Text, "✓ Reached")
	settings, err := p.app.Store.Settings()
	require.NoError(t, err)
	require.Empty(t, settings.IdP.Provider, "testing keeps nothing")
}

func TestFromConnectingToASyncedGroup(t *testing.T) {
	p := sitDown(t, simulator.Sample(1, 40, 300))
	p.fetch()
	require.Contains(t, p.w.groups.headline.Text, "could not be synced")
	require.Contains(t, p.w.groups.item.Text, "Groups (")

	line := p.line(plain)
	row := p.w.groups.model.views[p.w.groups.model.lines[line].view].row
	p.tapLine(line, nameColumn)
	require.Equal(t, headingLine, p.w.groups.model.lines[line+1].kind, "it opens in place")
	require.Equal(t, changeLine, p.w.groups.model.lines[line+2].kind)

	p.tapLine(line+1, syncAction)
	texts, buttons, _ := p.dialog()
	require.Contains(t, texts, "1 group in 1 batch")
	require.Contains(t, texts, "not read", "no product never reads as harmless")
	test.Tap(buttons["Sync 1 group"])
	require.Nil(t, p.w.win.Canvas().Overlays().Top(), "nothing more to say")

	synced, err := app.Find(p.w.review, row.Name)
	require.NoError(t, err)
	require.Equal(t, review.Synced, synced.State)
	members, _ := p.simulation.Members(row.Name)
	require.Len(t, members, row.Wanted)
	require.Len(t, p.w.history.lines, 1)
	require.True(t, p.w.history.content.Visible())
}

func TestTheCachedSnapshotIsShownWithoutANetwork(t *testing.T) {
	p := sitDown(t, simulator.Sample(1, 40, 300))
	p.fetch()
	shown := len(p.w.groups.model.lines)
	p.simulation.Close()
	p.open()
	require.Equal(t, p.w.groups.item, p.w.tabs.Selected())
	require.Len(t, p.w.groups.model.lines, shown)
	require.Contains(t, p.w.status.age.Text, "Offline")

	test.Tap(p.w.idp.fetch)
	texts, buttons, _ := p.dialog()
	require.Contains(t, texts, "can't be reached")
	test.Tap(buttons["OK"])
	require.Contains(t, p.w.status.age.Text, "Offline")
	p.tapLine(p.line(plain), nameColumn)
	require.Greater(t, len(p.w.groups.model.lines), shown, "the window keeps working")
}

func TestSearchFilterAndSort(t *testing.T) {
	p := sitDown(t, simulator.Sample(1, 60, 400))
	p.fetch()
	groups := p.w.groups
	all := len(groups.model.shown)
	test.Type(groups.search, "LEGAL")
	require.NotEmpty(t, groups.model.shown)
	for _, view := range groups.model.shown {
		require.Contains(t, groups.model.views[view].row.Name, "legal")
	}
	groups.search.SetText("no group is called so")
	require.Empty(t, groups.model.lines)
	require.True(t, groups.nothing.Visible())
	groups.search.SetText("")

	test.Tap(groups.chips[review.New])
	test.Tap(groups.chips[review.Blocked])
	for _, view := range groups.model.shown {
		require.Contains(t, []review.State{review.New, review.Blocked}, groups.model.views[view].row.State)
	}
	test.Tap(groups.chips[review.New])
	test.Tap(groups.chips[review.Blocked])
	require.Len(t, groups.model.shown, all)

	p.tapHeader(addedColumn)
	most := groups.model.views[groups.model.shown[0]].row.Added
	p.tapHeader(addedColumn)
	least := groups.model.views[groups.model.shown[0]].row.Added
	require.Greater(t, most, least)
}

func (p *person) tapHeader(column int) {
	header := p.w.groups.header
	from, to := p.w.groups.columns.Span(column, header.Size().Width)
	at := fyne.CurrentApp().Driver().AbsolutePositionForObject(header)
	test.TapCanvas(p.w.win.Canvas(), at.Add(fyne.NewPos((from+to)/2, 10)))
}

func TestReviewGroupsShowsWhatCouldNotBeSynced(t *testing.T) {
	p := sitDown(t, simulator.Sample(1, 60, 400))
	p.fetch()
	test.Tap(p.w.groups.reviewButton)
	require.Equal(t, p.w.review.Counts().CouldNotSync(), len(p.w.groups.model.shown))
	require.Equal(t, headingLine, p.w.groups.model.lines[1].kind, "the first is opened")
}

func TestTicksSelectGroupsAndOnlyTheyAreSynced(t *testing.T) {
	p := sitDown(t, simulator.Sample(1, 60, 400))
	p.fetch()
	groups := p.w.groups
	require.True(t, groups.syncSelected.Disabled())
	first := p.line(plain)
	p.tapLine(first, tickColumn)
	second := p.line(func(row *review.Row) bool {
		return plain(row) && row != groups.model.views[groups.model.lines[first].view].row
	})
	p.tapLine(second, tickColumn)
	require.Equal(t, "Sync selected (2)", groups.syncSelected.Text)

	// What the filter hides stays selected, and is said.
	groups.search.SetText(groups.model.views[groups.model.lines[first].view].row.Name)
	require.Contains(t, groups.syncSelected.Text, "not shown")
	groups.search.SetText("")

	test.Tap(groups.syncSelected)
	texts, buttons, _ := p.dialog()
	require.Contains(t, texts, "2 groups in 1 batch")
	test.Tap(buttons["Cancel"])
	require.Empty(t, p.w.runs, "nothing was written")

	// A group that is synced can't be selected.
	p.tapLine(p.line(func(row *review.Row) bool { return row.State == review.Synced }), tickColumn)
	require.Equal(t, 2, groups.model.ticks)
	p.tapHeader(tickColumn)
	require.Equal(t, len(app.All(p.w.review).Rows), groups.model.ticks)
	p.tapHeader(tickColumn)
	require.Zero(t, groups.model.ticks)
}

func TestEverythingByKeyboard(t *testing.T) {
	p := sitDown(t, simulator.Sample(1, 60, 400))
	p.fetch()
	groups := p.w.groups
	require.Equal(t, groups.list, p.w.win.Canvas().Focused(), "the table has the keyboard")
	line := p.line(plain)
	for range line {
		p.key(fyne.KeyDown)
	}
	p.key(fyne.KeySpace)
	require.Equal(t, 1, groups.model.ticks)
	p.key(fyne.KeyRight)
	require.Equal(t, headingLine, groups.model.lines[line+1].kind)
	p.key(fyne.KeyLeft)
	require.Equal(t, groupLine, groups.model.lines[line+1].kind)
	p.key(fyne.KeyReturn)
	_, buttons, _ := p.dialog()
	test.Tap(buttons["Cancel"])
	p.key(fyne.KeyDelete)
	_, buttons, entries := p.dialog()
	test.Type(entries[0], "finance owns it")
	test.Tap(buttons["Reject"])
	require.Equal(t, 1, p.w.review.Counts().State[review.Rejected])
}

func TestSyncAllAsksOnceWithTheTotals(t *testing.T) {
	p := sitDown(t, simulator.Sample(1, 60, 400))
	p.fetch()
	test.Tap(p.w.groups.syncAll)
	texts, buttons, _ := p.dialog()
	require.Contains(t, texts, "members are added")
	require.Contains(t, texts, "default access group")
	for text, button := range buttons {
		if strings.HasPrefix(text, "Sync ") {
			test.Tap(button)
		}
	}
	texts, _, _ = p.dialog()
	require.Contains(t, texts, "groups synced:")
	require.Contains(t, texts, "blocked", "why some aren't")
	require.Len(t, p.w.runs, 1)
	require.Greater(t, p.w.review.Counts().State[review.Synced], 40)
}

func TestAGuardIsLiftedByTypingWhatItAsksFor(t *testing.T) {
	p := sitDown(t, simulator.Sample(1, 60, 400))
	p.fetch()
	line := p.line(func(row *review.Row) bool { return row.Wanted == 0 && row.Removed > 0 })
	row := p.w.groups.model.views[p.w.groups.model.lines[line].view].row
	p.tapLine(line, nameColumn)
	p.tapLine(line+1, syncAction)
	_, buttons, entries := p.dialog()
	require.True(t, buttons["Sync 0 groups"].Disabled())
	for range plan.GroupFindings(p.w.review, row, plan.DefaultThresholds()) {
		test.Type(entries[0], row.Name)
		_, buttons, entries = p.dialog()
	}
	require.False(t, buttons["Sync 1 group"].Disabled())
	test.Tap(buttons["Sync 1 group"])
	members, _ := p.simulation.Members(row.Name)
	require.Len(t, members, 0)
}

func TestProductAccessIsShownBySiteAndProduct(t *testing.T) {
	p := sitDown(t, simulator.Sample(1, 60, 400))
	p.fetch()
	p.w.tabs.Select(p.w.access.item)
	tab := p.w.access
	sites := 0
	for _, place := range tab.places {
		if place.isSite {
			sites++
		}
	}
	require.Equal(t, 3, sites)
	require.NotEmpty(t, tab.givers)
	require.True(t, tab.defaults.Visible())
	require.Contains(t, tab.defaultText.Text, "Update default group setting")
	tab.products.OnTapped(3, 0, false)
	require.Equal(t, tab.places[3].product, tab.chosen)
	change := tab.effect(tab.chosen)
	require.NotEmpty(t, change.Lose)
	test.Tap(tab.people)
	texts, buttons, _ := p.dialog()
	require.Contains(t, texts, "Who gains and loses ")
	require.Contains(t, texts, "loses it: "+p.w.review.Name(p.w.review.Matches.PersonOf[change.Lose[0]], change.Lose[0]))
	test.Tap(buttons["Back"])
	for i, giver := range tab.givers {
		if giver.row != nil {
			tab.groups.OnTapped(i, showColumn, false)
			break
		}
	}
	require.Equal(t, p.w.groups.item, p.w.tabs.Selected(), "through to the people")
}

// The focus rides on rows that are used again: were there anything to focus in
// a row, a key could change another group than the one in sight.
func TestNoRowHoldsAnythingFocusable(t *testing.T) {
	p := sitDown(t, simulator.Sample(1, 60, 400))
	p.fetch()
	p.tapLine(p.line(plain), nameColumn)
	for _, list := range []*widgets.LineList{p.w.groups.list, p.w.access.products, p.w.access.groups, p.w.history.list} {
		walk(list, func(object fyne.CanvasObject) {
			if object == fyne.CanvasObject(list) {
				return
			}
			_, focusable := object.(fyne.Focusable)
			require.False(t, focusable, "%T", object)
		})
	}
}

func TestAllTabsFitASmallWindow(t *testing.T) {
	p := sitDown(t, simulator.Sample(1, 60, 400))
	p.fetch()
	size := p.w.win.Content().MinSize()
	require.LessOrEqual(t, size.Width, float32(1024))
	require.LessOrEqual(t, size.Height, float32(700))
}

func TestClosingTheWindowWhileSomethingRunsAsksFirst(t *testing.T) {
	p := sitDown(t, simulator.Sample(1, 30, 200))
	p.fetch()
	stopped := false
	var running func() // what the background work waits in
	p.w.background = func(work, done func()) { running = func() { work(); done() } }
	p.w.start(func(ctx context.Context, _ progress.Func) error {
		stopped = ctx.Err() != nil
		return ctx.Err()
	}, func(error) { require.Fail(t, "the window is gone: nobody is there to be told") })
	p.w.close()
	require.False(t, p.w.gone)
	texts, buttons, _ := p.dialog()
	require.Contains(t, texts, "stopped between two operations")
	test.Tap(buttons["Yes"])
	require.False(t, p.w.gone, "what is under way ends first")
	running()
	require.True(t, stopped)
	require.True(t, p.w.gone)
}

func TestADamagedSnapshotLeavesTheWindowUsable(t *testing.T) {
	p := sitDown(t, simulator.Sample(1, 30, 200))
	p.fetch()
	p.app.Store = damaged{p.app.Store}
	p.open()
	texts, buttons, _ := p.dialog()
	require.Contains(t, texts, "damaged")
	test.Tap(buttons["OK"])
	require.False(t, p.w.idp.fetch.Disabled(), "it can be fetched anew")
}

// damaged is a store whose snapshot can't be read.
type damaged struct{ app.Store }

func (damaged) SnapshotNamed(string) (*directory.Snapshot, error) {
	return nil, problem.New(problem.Storage, "The stored snapshot is damaged.", "Fetch again; nothing else is lost.")
}

func TestTicksAndOpenGroupsOutliveAReview(t *testing.T) {
	p := sitDown(t, simulator.Sample(1, 40, 300))
	p.fetch()
	line := p.line(plain)
	p.tapLine(line, tickColumn)
	p.tapLine(line, nameColumn)
	p.w.groups.model.sortBy(stateColumn)
	before := len(p.w.groups.model.lines)
	p.w.load(nil)
	require.Equal(t, 1, p.w.groups.model.ticks)
	require.Len(t, p.w.groups.model.lines, before)
	require.Equal(t, stateColumn, p.w.groups.model.order[0].column)
}

func TestPicturesOfEveryTabAreDrawn(t *testing.T) {
	p := sitDown(t, simulator.Sample(1, 30, 200))
	p.fetch()
	files, err := Render(context.Background(), p.app, t.TempDir())
	require.NoError(t, err)
	require.Len(t, files, 8)
}

// BenchmarkScroll measures the work of one scroll step before painting, over the same
// stretch in the middle of few and of many groups: Fyne remembers how wide texts are.
func BenchmarkScroll(b *testing.B) {
	for _, groups := range []int{10_000, 200_000} {
		b.Run(fmt.Sprint(groups), func(b *testing.B) {
			list, _ := benchList(b, groups)
			offset := float32(0)
			b.ReportAllocs()
			for b.Loop() {
				offset = float32(int(offset+35) % (1000 * 32))
				list.ScrollToOffset(float32(groups/2*32) + offset)
			}
		})
	}
}

// BenchmarkTable measures opening the table on 10,000 conflicts: the snapshot
// compared and laid out off the UI goroutine, then the first lines shown on it.
func BenchmarkTable(b *testing.B) {
	snapshot := conflicts(10_000)
	b.Run("work out", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			newGroupsModel(review.Compare(review.Input{Snapshot: snapshot}), plan.DefaultThresholds())
		}
	})
	b.Run("show", func(b *testing.B) {
		list, _ := benchList(b, 10_000)
		b.ReportAllocs()
		for b.Loop() {
			list.Refresh()
		}
	})
}

func benchList(b *testing.B, groups int) (*widgets.LineList, *groupsModel) {
	fyneApp := test.NewApp()
	b.Cleanup(fyneApp.Quit)
	model := newGroupsModel(review.Compare(review.Input{Snapshot: conflicts(groups)}), plan.DefaultThresholds())
	list := widgets.NewLineList(func() int { return len(model.lines) }, model.line)
	w := test.NewWindow(container.NewStack(list.Framed()))
	b.Cleanup(w.Close)
	w.Resize(fyne.NewSize(1280, 800))
	return list, model
}
