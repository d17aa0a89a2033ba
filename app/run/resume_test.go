package run_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/run"
	"github.com/rollcall-app/rollcall/app/simulator"
)

// diary is a journal that is cut off after so many notes, as by a kill: what
// comes then is lost. It remembers as a database does.
type diary struct {
	mu   sync.Mutex
	left int // notes until it is cut off; negative for never
	// last says that the note at which it is cut off is kept, but nothing
	// after it is done.
	last bool
	past run.Past
}

var errCut = errors.New("killed")

func (d *diary) note(keep func()) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.left == 0 {
		if d.last {
			keep()
			d.last = false
		}
		return errCut
	}
	d.left--
	keep()
	return nil
}

func (d *diary) Begin(report *run.Report, p *plan.Plan) error {
	text, err := json.Marshal(p) // as it is kept
	if err != nil {
		return err
	}
	d.past.Report, d.past.Plan = *report, &plan.Plan{}
	return json.Unmarshal(text, d.past.Plan)
}

func (d *diary) Record(_ string, operation run.Operation) error {
	return d.note(func() {
		i := slices.IndexFunc(d.past.Operations, func(o run.Operation) bool { return o.No == operation.No })
		if i >= 0 {
			d.past.Operations[i] = operation
		} else {
			d.past.Operations = append(d.past.Operations, operation)
		}
	})
}

func (d *diary) GroupDone(_ string, result run.GroupResult) error {
	return d.note(func() { d.past.Groups = append(d.past.Groups, result) })
}

func (d *diary) PersonDone(_ string, result run.PersonResult) error {
	return d.note(func() { d.past.People = append(d.past.People, result) })
}

func (d *diary) End(report *run.Report) error {
	d.past.Report = *report
	return nil
}

func (w world) runner(journal run.Journal) *run.Runner {
	return &run.Runner{IdP: w.okta, Atlassian: w.atlassian, Journal: journal, Patience: time.Second, By: "test"}
}

// Wherever a run is cut off, going on with it gives what the plan holds, and the
// journal tells every operation once.
func TestARunThatWasCutOffGoesOnWhereItStopped(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const people = 5
		c := company(people)
		without := rapid.IntRange(0, 1).Draw(t, "without accounts")
		c.Accounts = c.Accounts[:len(c.Accounts)-without]
		want := map[string]int{}
		for g := range rapid.IntRange(1, 3).Draw(t, "groups") {
			var users, accounts []string
			for i := range people {
				if rapid.Bool().Draw(t, "wanted") {
					users = append(users, fmt.Sprintf("u%02d", i))
				}
				if i < people-without && rapid.Bool().Draw(t, "had") {
					accounts = append(accounts, fmt.Sprintf("a%02d", i))
				}
			}
			name := fmt.Sprint("g", g)
			group(c, name, users, accounts)
			want[name] = len(users)
			if rapid.Bool().Draw(t, "new") {
				c.Groups = c.Groups[:len(c.Groups)-1]
			}
		}
		w, stop := serve(t, simulator.Options{Company: c})
		defer stop()
		p := w.plan(t)
		d := &diary{left: -1}
		if cut := rapid.IntRange(0, 25).Draw(t, "cut off after"); cut < 25 {
			d.left, d.last = cut, rapid.Bool().Draw(t, "noted, but not sent")
		}
		_, err := w.runner(d).Perform(context.Background(), p, nil)
		if err != nil {
			require.ErrorIs(t, err, errCut)
			d.left = -1
			report, err := w.runner(d).Resume(context.Background(), &d.past, nil)
			require.NoError(t, err)
			require.Len(t, report.Groups, len(p.Groups))
		}

		for i, result := range d.past.Report.Groups {
			require.Equal(t, run.Synced, result.Result, "%s: %s", result.Name, result.Error)
			require.Equal(t, len(p.Groups[i].Add)+len(p.Groups[i].Invite), result.Added, "what is told is what the plan holds")
			require.Equal(t, len(p.Groups[i].Remove), result.Removed)
			accounts, ok := w.simulation.Members(result.Name)
			require.True(t, ok)
			require.Len(t, accounts, want[result.Name])
		}
		for _, group := range w.plan(t).Groups {
			require.Zero(t, group.Operations(), group.Name)
		}
		// No operation that took effect was sent again.
		took := map[string]int{}
		for _, operation := range d.past.Operations {
			if operation.TookEffect() {
				took[string(operation.Kind)+operation.Key+operation.Account]++
			}
		}
		for operation, times := range took {
			require.Equal(t, 1, times, operation)
		}
	})
}

func TestWhatOthersDidWhileARunWasInterruptedIsRespected(t *testing.T) {
	for name, test := range map[string]struct {
		meanwhile func(w world)
		result    run.Result
	}{
		"nothing":                         {func(world) {}, run.Synced},
		"somebody else was added":         {func(w world) { w.simulation.Disturb("legal", []string{"a04"}, nil) }, run.Changed},
		"what the run added was removed":  {func(w world) { w.simulation.Disturb("legal", nil, []string{"a00"}) }, run.Changed},
		"what it would remove is gone":    {func(w world) { w.simulation.Disturb("legal", nil, []string{"a03"}) }, run.Changed},
		"the IdP group has other members": {func(w world) { w.simulation.PutMember("00glegal", "u04", true) }, run.Changed},
	} {
		t.Run(name, func(t *testing.T) {
			c := company(5)
			group(c, "legal", []string{"u00", "u01"}, []string{"a02", "a03"})
			w, stop := serve(t, simulator.Options{Company: c})
			t.Cleanup(stop)
			d := &diary{left: 2, last: true} // one was added, the next noted
			_, err := w.runner(d).Perform(context.Background(), w.plan(t), nil)
			require.ErrorIs(t, err, errCut)
			accounts, _ := w.simulation.Members("legal")
			require.Equal(t, []string{"a00", "a02", "a03"}, accounts)
			test.meanwhile(w)
			d.left = -1
			report, err := w.runner(d).Resume(context.Background(), &d.past, nil)
			require.NoError(t, err)
			require.Equal(t, test.result, report.Groups[0].Result, report.Groups[0].Error)
		})
	}
}

func TestARunGivenUpTellsWhatWasLeft(t *testing.T) {
	c := company(5)
	group(c, "legal", []string{"u00"}, []string{"a02"})
	w, stop := serve(t, simulator.Options{Company: c})
	t.Cleanup(stop)
	d := &diary{left: 1}
	_, err := w.runner(d).Perform(context.Background(), w.plan(t), nil)
	require.ErrorIs(t, err, errCut)
	report := d.past.GiveUp(time.Now())
	require.False(t, report.Ended.IsZero())
	require.Equal(t, run.Failed, report.Groups[0].Result)
	require.Contains(t, report.Groups[0].Error, "given up")
}
