package screens

import (
	"errors"
	"fmt"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/widget"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/display"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/problem"
)

// showSteps lists the exact operations of the plan, and offers to save it.
func (c *confirmation) showSteps() {
	shown := c.plan
	var lines []string
	c.w.background(func() { lines = stepLines(shown) }, func() {
		list := widget.NewList(func() int { return len(lines) },
			func() fyne.CanvasObject { return widget.NewLabel("") },
			func(i int, object fyne.CanvasObject) { object.(*widget.Label).SetText(lines[i]) })
		steps := dialog.NewCustomWithoutButtons(plural(len(shown.Steps()), "operation", "operations"), list, c.w.win)
		buttons := []fyne.CanvasObject{widget.NewButton("Back", steps.Hide)}
		if shown.Undoes == "" {
			buttons = append(buttons, widget.NewButton("Save the plan …", func() { c.savePlan(shown) }))
		}
		steps.SetButtons(buttons)
		steps.Resize(fyne.NewSize(900, 560))
		steps.Show()
	})
}

// stepLines tells a plan's operations, below each group what they rest on.
func stepLines(p *plan.Plan) []string {
	var lines []string
	tell := func(indent, text string) { lines = append(lines, indent+display.Line(text)) }
	people := *p
	people.Groups = nil
	for _, step := range people.Steps() {
		tell("", step.String())
	}
	for i := range p.Groups {
		group := &p.Groups[i]
		steps := group.Steps()
		if len(steps) == 0 {
			continue
		}
		tell("", group.Title())
		for _, fact := range group.RestsOn() {
			tell("      rests on: ", fact)
		}
		for n, step := range steps {
			step.Group = ""
			tell(fmt.Sprintf("   %d.  ", n+1), step.String())
		}
	}
	return lines
}

// savePlan asks for a file and writes the plan there; rollcall plan and rollcall
// sync --plan take it.
func (c *confirmation) savePlan(p *plan.Plan) {
	save := dialog.NewFileSave(func(out fyne.URIWriteCloser, err error) {
		if err != nil {
			c.w.fail(problem.Wrap(err, problem.Storage, fmt.Sprintf("The plan can't be saved there: %v.", err), "Choose another place."))
			return
		}
		if out != nil {
			c.writePlan(p, out)
		}
	}, c.w.win)
	save.SetFileName("rollcall-plan.json")
	save.Show()
}

func (c *confirmation) writePlan(p *plan.Plan, out fyne.URIWriteCloser) {
	overrides, everybody := c.copied(), c.everybody
	var err error
	c.w.background(func() {
		err = errors.Join(plan.NewFile(p, everybody, overrides, app.By(), time.Now()).Write(out), out.Close())
	}, func() {
		if err != nil {
			c.w.fail(problem.Wrap(err, problem.Storage, fmt.Sprintf("The plan can't be saved: %v.", err), "Choose another place."))
			return
		}
		c.w.status.say("The plan was saved as " + out.URI().Name() + ".")
	})
}
