package screens

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/widget"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/display"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/review"
)

// showSteps lists the exact operations of the plan, and offers to save it.
func (c *confirmation) showSteps() {
	shown := c.plan
	var save []fyne.CanvasObject
	if shown.Undoes == "" && !shown.ChangesIdP() {
		save = append(save, widget.NewButton(lang.L("Save the plan …"), func() { c.savePlan(shown) }))
	}
	c.w.showLines(lang.L("The exact operations"), func() []string { return stepLines(shown) }, save...)
}

// showSimulation tells what performing the plan does to people, over all of it.
func (c *confirmation) showSimulation() {
	shown, r := c.plan, c.review
	c.w.showLines(lang.L("What it does to people"), func() []string { return simulationLines(r, shown) })
}

// showLines shows lines, worked out in the background, with further buttons.
func (w *Window) showLines(title string, make func() []string, further ...fyne.CanvasObject) {
	var lines []string
	w.background(func() { lines = make() }, func() {
		list := widget.NewList(func() int { return len(lines) },
			func() fyne.CanvasObject { return widget.NewLabel("") },
			func(i int, object fyne.CanvasObject) { object.(*widget.Label).SetText(lines[i]) })
		shown := dialog.NewCustomWithoutButtons(title, list, w.win)
		shown.SetButtons(append([]fyne.CanvasObject{widget.NewButton(lang.L("Back"), shown.Hide)}, further...))
		shown.Resize(room(w.win, 900, 560))
		shown.Show()
	})
}

// simulationLines tell of each product who loses and who gains it altogether and
// what becomes of its seats, then who is created or invited, and which groups are
// made.
func simulationLines(r *review.Review, p *plan.Plan) []string {
	var lines []string
	tell := func(indent, text string) { lines = append(lines, indent+display.Line(text)) }
	for no := range p.Effect.Products {
		if change := &p.Effect.Products[no]; len(change.Lose)+len(change.Gain)+len(change.Invited)+change.Takes+len(change.Frees) > 0 {
			lines = append(lines, productLines(r, directory.ProductNo(no), change)...)
		}
	}
	if len(lines) == 0 {
		tell("", lang.L("Nobody gains or loses a product altogether."))
	}
	brought := map[string]bool{}
	for i := range p.Groups {
		group := &p.Groups[i]
		if group.Skip != "" || group.Blocked() {
			continue
		}
		if group.Target == nil {
			tell("", lang.L("The group “%s” is created.", group.Title()))
		}
		for _, member := range slices.Concat(group.Invite, group.Create) {
			if line := lang.L("%s (%s) is brought in.", member.Name, member.Email); !brought[line] {
				brought[line] = true
				tell("", line)
			}
		}
	}
	return lines
}

// productLines tell who loses and who gains a product altogether, and what becomes
// of its seats.
func productLines(r *review.Review, no directory.ProductNo, change *review.ProductEffect) []string {
	var lines []string
	tell := func(indent, text string) { lines = append(lines, indent+display.Line(text)) }
	who := func(person directory.PersonNo, account directory.AccountNo) string {
		return fmt.Sprintf("%s (%s)", r.Name(person, account), cmp.Or(r.Email(person, account), lang.L("address hidden")))
	}
	product := &r.Snapshot.Atlassian.Products[no]
	tell("", lang.L("%s on %s: %s before, %s after; %s", product.Name, product.Site, plural(change.Before, "%s person", "%s people"), grouped(change.After()), seatsLine(product, change)))
	for _, account := range change.Lose {
		tell("   −  ", lang.L("loses it: %s", who(r.Matches.PersonOf[account], account)))
	}
	for _, account := range change.Gain {
		tell("   +  ", lang.L("gains it: %s", who(r.Matches.PersonOf[account], account)))
	}
	for _, person := range change.Invited {
		tell("   +  ", lang.L("gains it: %s", who(person, directory.NoAccount)))
	}
	return lines
}

func seatsLine(product *directory.Product, change *review.ProductEffect) string {
	if product.Seats == directory.UnknownSeats || product.Used == directory.UnknownSeats {
		return lang.L("how many seats there are isn't known")
	}
	return lang.L("seats: %s of %s taken, then %s", grouped(product.Used), grouped(product.Seats), grouped(product.Used+change.SeatChange()))
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
			tell("      ", lang.L("rests on: %s", fact))
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
	c.w.askFile("rollcall-plan.json", lang.L("The plan"), func(out fyne.URIWriteCloser) { c.writePlan(p, out) })
}

func (c *confirmation) writePlan(p *plan.Plan, out fyne.URIWriteCloser) {
	overrides, everybody := c.copied(), c.everybody
	c.w.writeFile(lang.L("The plan"), out.URI().Name(), out, func() error {
		return plan.NewFile(p, everybody, overrides, app.By(), time.Now()).Write(out)
	})
}
