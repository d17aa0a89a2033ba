package screens

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	fynestorage "fyne.io/fyne/v2/storage"
	"fyne.io/fyne/v2/test"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/history"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/simulator"
)

// menu chooses an item of the window's menu.
func (p *person) menu(label string) {
	for _, menu := range p.w.win.MainMenu().Items {
		for _, item := range menu.Items {
			if item.Label == label {
				item.Action()
				return
			}
		}
	}
	require.Fail(p.t, "there is no such item", label)
}

func TestThePlanIsShownOperationByOperationAndSaved(t *testing.T) {
	p := sitDown(t, simulator.Sample(1, 20, 120))
	p.fetch()
	test.Tap(p.w.groups.syncAll)
	_, buttons, _ := p.dialog()
	test.Tap(buttons["People …"])
	texts, buttons, _ := p.dialog()
	require.Contains(t, texts, "before, ")
	require.Contains(t, texts, "seats: ")
	test.Tap(buttons["Back"])
	_, buttons, _ = p.dialog()
	test.Tap(buttons["Operations …"])
	texts, buttons, _ = p.dialog()
	require.Contains(t, texts, "rests on: IdP group")
	require.Contains(t, texts, "1.  ")
	require.NotNil(t, buttons["Save the plan …"])

	planned := plan.Make(p.w.review, app.All(p.w.review), p.w.settings.Terms(nil))
	path := filepath.Join(t.TempDir(), "plan.json")
	out, err := fynestorage.Writer(fynestorage.NewFileURI(path))
	require.NoError(t, err)
	c := &confirmation{w: p.w, everybody: true}
	c.writePlan(planned, out)
	saved, err := os.Open(path)
	require.NoError(t, err)
	defer saved.Close()
	file, err := plan.ReadFile(saved)
	require.NoError(t, err)
	_, err = p.app.Replan(p.w.review, file)
	require.NoError(t, err, "it is the same plan, made again")
}

func TestTheGuardsAreSetInTheWindow(t *testing.T) {
	p := sitDown(t, simulator.Sample(1, 20, 120))
	p.fetch()
	p.menu("Guards …")
	texts, buttons, entries := p.dialog()
	require.Contains(t, texts, "lock out: taking away the last admin")
	require.Len(t, entries, 4)
	fill := func(i int, text string) {
		entries[i].SetText("")
		test.Type(entries[i], text)
	}
	fill(0, "ten")
	test.Tap(buttons["Save"])
	texts, answer, _ := p.dialog()
	require.Contains(t, texts, "isn't a whole number")
	test.Tap(answer["OK"])
	fill(0, "10")
	fill(3, "0")
	test.Tap(buttons["Save"])
	texts, answer, _ = p.dialog()
	require.Contains(t, texts, "from 1 to 8760")
	test.Tap(answer["OK"])
	fill(3, "4")
	test.Tap(buttons["Save"])
	require.Equal(t, plan.Thresholds{GroupRemovalsPercent: 10, GroupRemovalsPeople: 5, RunRemovals: 500, StaleHours: 4}, p.w.settings.Thresholds())
	require.Equal(t, 10, p.w.groups.model.limits.GroupRemovalsPercent, "the groups are judged anew")
	var kinds []history.Kind
	require.NoError(t, p.app.Store.History(func(r *history.Record) error { kinds = append(kinds, r.Kind); return nil }))
	require.Equal(t, []history.Kind{history.Guards}, kinds)
}

// The lines of the simulation name each person that the effect counts, once a
// product.
func TestTheSimulationNamesEverybodyWhoGainsOrLosesAProduct(t *testing.T) {
	p := sitDown(t, simulator.Sample(1, 60, 400))
	p.fetch()
	all, err := plan.ParseOverrides("all")
	require.NoError(t, err)
	planned := plan.Make(p.w.review, app.All(p.w.review), p.w.settings.Terms(all))
	lines := simulationLines(p.w.review, planned)
	count := func(part string) (n int) {
		for _, line := range lines {
			n += strings.Count(line, part)
		}
		return n
	}
	lose, gain, made := 0, 0, 0
	for i := range planned.Effect.Products {
		lose += len(planned.Effect.Products[i].Lose)
		gain += len(planned.Effect.Products[i].Gain) + len(planned.Effect.Products[i].Invited)
	}
	for i := range planned.Groups {
		if group := &planned.Groups[i]; group.Target == nil && group.Skip == "" && !group.Blocked() {
			made++
		}
	}
	require.Positive(t, lose)
	require.Equal(t, []int{lose, gain, made}, []int{count("loses it: "), count("gains it: "), count("is created.")})
}
