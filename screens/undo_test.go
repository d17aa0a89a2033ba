package screens

import (
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2/test"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/run"
	"github.com/rollcall-app/rollcall/app/simulator"
)

// syncAll syncs all groups without overriding a guard, and closes what is said
// about it.
func (p *person) syncAll(reason string) {
	test.Tap(p.w.groups.syncAll)
	_, buttons, entries := p.dialog()
	for _, entry := range entries {
		if strings.HasPrefix(entry.PlaceHolder, "Why ") {
			test.Type(entry, reason)
		}
	}
	for text, button := range buttons {
		if strings.HasPrefix(text, "Sync ") {
			test.Tap(button)
		}
	}
	if _, buttons, _ := p.dialog(); buttons["OK"] != nil {
		test.Tap(buttons["OK"])
	}
}

func TestARunAndAGroupOfItAreUndoneFromTheHistory(t *testing.T) {
	company := simulator.Sample(1, 60, 400)
	company.PendingDomains = nil
	p := sitDown(t, company)
	p.fetch()
	before := map[string][]string{}
	for _, group := range company.Groups {
		before[group.Name], _ = p.simulation.Members(group.Name)
	}
	p.syncAll("quarterly review")
	history := p.w.history
	p.w.tabs.Select(history.item)
	require.Len(t, history.lines, 1)
	line := history.line(0)
	require.Equal(t, "Undo …", line.Cells[undoColumn][0].Text)
	require.Contains(t, line.Cells[3][0].Text, "quarterly review")

	// One group of it.
	history.toggle(0)
	chosen := -1
	for i := range history.lines {
		if group := history.lines[i].group; group != nil && group.Result == run.Synced && group.Removed > 0 && group.Added > 0 && group.Removed < 5 {
			chosen = i
		}
	}
	name := history.lines[chosen].group.Name
	history.list.OnTapped(chosen, undoColumn, false)
	texts, buttons, _ := p.dialog()
	require.Contains(t, texts, "Undo the sync of “"+name+"”?")
	test.Tap(buttons["Undo 1 group"])
	members, _ := p.simulation.Members(name)
	require.Equal(t, before[name], members)

	// The rest of the run: what has no inverse is said.
	require.Len(t, p.w.runs, 2)
	last := len(history.lines) - 1
	for history.lines[last].run.Undoes != "" || history.lines[last].group != nil {
		last--
	}
	history.act(last)
	texts, buttons, _ = p.dialog()
	require.Contains(t, texts, "was created and stays")
	for text, button := range buttons {
		if strings.HasPrefix(text, "Undo ") {
			test.Tap(button)
		}
	}
	require.Len(t, p.w.runs, 3)
	require.Equal(t, p.w.runs[2].ID, p.w.runs[0].Undoes)
}

func TestAnInterruptedRunIsGoneOnWithFromTheWindow(t *testing.T) {
	company := simulator.Sample(1, 20, 200)
	company.PendingDomains = nil
	p := sitDown(t, company)
	p.fetch()
	planned := plan.Make(p.w.review, app.All(p.w.review), app.Settings{}.Terms(nil))
	begin := func(id string) {
		report := &run.Report{ID: id, Snapshot: planned.Snapshot, Began: time.Now()}
		require.NoError(t, p.app.Store.Begin(report, planned))
		p.open()
	}
	begin("20990101-000000.000000")
	texts, buttons, _ := p.dialog()
	require.Contains(t, texts, "nothing is done twice")
	test.Tap(buttons["Later"])
	require.Equal(t, "Resume …", p.w.history.line(0).Cells[undoColumn][0].Text)

	// Until then nothing else is synced.
	test.Tap(p.w.groups.syncAll)
	_, buttons, _ = p.dialog()
	for text, button := range buttons {
		if strings.HasPrefix(text, "Sync ") {
			test.Tap(button)
		}
	}
	texts, buttons, _ = p.dialog()
	require.Contains(t, texts, "was interrupted and isn't finished")
	test.Tap(buttons["OK"])

	p.w.history.act(0)
	_, buttons, _ = p.dialog()
	test.Tap(buttons["Resume"])
	require.Nil(t, p.w.unfinished())
	require.Positive(t, p.w.runs[0].Counts().Results[run.Synced])
	if top := p.w.win.Canvas().Overlays().Top(); top != nil {
		_, buttons, _ = p.dialog()
		test.Tap(buttons["OK"])
	}

	begin("20990101-000001.000000")
	_, buttons, _ = p.dialog()
	test.Tap(buttons["Give up"])
	require.Nil(t, p.w.unfinished())
}
