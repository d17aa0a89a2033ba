package screens

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/widget"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/progress"
	"github.com/rollcall-app/rollcall/app/review"
	"github.com/rollcall-app/rollcall/app/run"
	"github.com/rollcall-app/rollcall/widgets"
)

// confirmation asks once, with the totals, before groups are synced. Guards that
// may be overridden are, one by one, by typing what they ask for.
type confirmation struct {
	w         *Window
	rows      []*review.Row
	review    *review.Review
	plan      *plan.Plan
	overrides plan.Overrides

	totals   *widget.Label
	findings *fyne.Container
	ask      *dialog.CustomDialog
	sync     *widget.Button
}

// confirmSync plans the sync of rows in the background and asks for it.
func (w *Window) confirmSync(rows []*review.Row) {
	if len(rows) == 0 || w.job != nil {
		return
	}
	c := &confirmation{w: w, rows: rows, review: w.review, overrides: plan.Overrides{}, totals: wrapped(""), findings: container.NewVBox()}
	c.sync = widget.NewButton("Sync", c.perform)
	c.sync.Importance = widget.HighImportance
	c.make(func() {
		c.ask = dialog.NewCustomWithoutButtons(c.title(), container.NewBorder(c.totals, nil, nil, nil, container.NewVScroll(c.findings)), w.win)
		c.ask.SetButtons([]fyne.CanvasObject{widget.NewButton("Cancel", func() { c.ask.Hide() }), c.sync})
		c.ask.Resize(fyne.NewSize(760, 480))
		c.ask.Show()
		w.debug("asked to sync", "groups", c.performed())
	})
}

// make plans in the background with the present overrides, and shows the plan.
func (c *confirmation) make(then func()) {
	var made *plan.Plan
	overrides := plan.Overrides{}
	for guard, groups := range c.overrides {
		overrides[guard] = slices.Clone(groups)
	}
	c.w.background(func() { made = plan.Make(c.review, c.rows, overrides, time.Now()) }, func() {
		c.plan = made
		c.show()
		if then != nil {
			then()
		}
	})
}

func (c *confirmation) title() string {
	if len(c.rows) == 1 {
		return fmt.Sprintf("Sync “%s”?", widgets.Harmless(widgets.Fit(c.rows[0].Name, 420, true)))
	}
	return fmt.Sprintf("Sync %s groups?", grouped(len(c.rows)))
}

// performed is how many groups the plan would write; one on several sites counts
// once.
func (c *confirmation) performed() int {
	if len(c.plan.Findings) > 0 {
		return 0
	}
	groups := map[string]bool{}
	for _, batch := range c.plan.Batches() {
		for _, group := range batch {
			groups[group.Source] = true
		}
	}
	return len(groups)
}

func (c *confirmation) show() {
	effect, n := c.plan.Effect, c.performed()
	lines := []string{
		fmt.Sprintf("%s in %s. %s added, %s of them invited without an e-mail; %s removed.",
			plural(n, "group", "groups"), plural(len(c.plan.Batches()), "batch", "batches"),
			plural(effect.Added, "member is", "members are"), grouped(effect.Provisioned), plural(effect.Removed, "member is", "members are")),
		fmt.Sprintf("%s a product they didn't have; %s a product altogether.",
			plural(effect.Gaining, "person gains", "people gain"), plural(effect.Losing, "person loses", "people lose")),
	}
	for no := range effect.Products {
		if change := &effect.Products[no]; len(change.Lose) > 0 {
			product := &c.review.Snapshot.Atlassian.Products[no]
			lines = append(lines, fmt.Sprintf("   %s on %s: %s lose it, %s gain it.", product.Name, product.Site,
				grouped(len(change.Lose)), grouped(len(change.Gain)+len(change.Invited))))
		}
	}
	lines = append(lines, "Invitations can't be taken back. "+app.NotRead(c.review)+" They may change, too.")
	if n == 0 {
		lines = []string{"Nothing would be written:"}
	}
	c.totals.SetText(strings.Join(lines, "\n"))
	c.showFindings()
	able(c.sync, n > 0)
	c.sync.SetText("Sync " + plural(n, "group", "groups"))
}

// showFindings lists what stands in the way, with what lifts it.
func (c *confirmation) showFindings() {
	c.findings.RemoveAll()
	for _, finding := range c.plan.Findings {
		c.findings.Add(c.finding(finding))
	}
	for i := range c.plan.Groups {
		group := &c.plan.Groups[i]
		for _, finding := range group.Findings {
			c.findings.Add(c.finding(finding))
		}
		if group.Skip != "" && group.State != review.Synced {
			c.findings.Add(muted(group.Name + ": " + group.Skip))
		}
	}
	c.findings.Refresh()
}

// finding shows one guard. Overriding takes typing what it is about: the group's
// name, the number of removals, or the guard's own name.
func (c *confirmation) finding(finding plan.Finding) fyne.CanvasObject {
	text := wrapped(finding.Message + " " + finding.Action)
	if !finding.Guard.Overridable() {
		return widgets.NewBanner(widgets.FillBlocked, widgets.InkBlocked, text)
	}
	word := string(finding.Guard)
	switch {
	case finding.Group != "":
		word = finding.Group
	case finding.Guard == plan.RunRemovals:
		word = fmt.Sprint(c.plan.Effect.Removed)
	}
	typed := widget.NewEntry()
	typed.SetPlaceHolder("Type " + widgets.Harmless(word) + " to do it all the same")
	typed.OnChanged = func(entered string) {
		if directory.FoldName(entered) != directory.FoldName(word) {
			return
		}
		c.overrides[finding.Guard] = append(c.overrides[finding.Guard], directory.FoldName(finding.Group))
		c.make(nil)
	}
	return widgets.NewBanner(widgets.FillWarn, widgets.InkWarn, container.NewVBox(text, typed))
}

// perform syncs what was confirmed.
func (c *confirmation) perform() {
	c.ask.Hide()
	var report *run.Report
	c.w.start(func(ctx context.Context, tell progress.Func) (err error) {
		report, err = c.w.app.Sync(ctx, c.plan, tell)
		return err
	}, func(err error) {
		if err != nil {
			c.w.load(func() { c.w.fail(err) })
			return
		}
		c.w.load(func() { c.w.showReport(report) })
	})
}

// showReport says what became of a run, and why some groups aren't synced.
func (w *Window) showReport(report *run.Report) {
	counts := map[run.Result]int{}
	var why []fyne.CanvasObject
	for _, group := range report.Groups {
		counts[group.Result]++
		if group.Error != "" {
			why = append(why, wrapped(fmt.Sprintf("%s: %s. %s", widgets.Harmless(group.Title()), group.Result, group.Error)))
		}
	}
	summary := summarizeRun(report)
	w.status.say(summary)
	w.debug("sync ended", "summary", summary)
	if counts[run.Synced] == len(report.Groups) {
		return
	}
	result := dialog.NewCustom("What became of it", "OK", container.NewBorder(wrapped(summary), nil, nil, nil, container.NewVScroll(container.NewVBox(why...))), w.win)
	result.Resize(fyne.NewSize(760, 480))
	result.Show()
}

// summarizeRun counts a run's results in a sentence.
func summarizeRun(report *run.Report) string {
	counts := map[run.Result]int{}
	added, removed := 0, 0
	for _, group := range report.Groups {
		counts[group.Result]++
		added, removed = added+group.Added, removed+group.Removed
	}
	text := fmt.Sprintf("%s of %s synced: %s added, %s removed", grouped(counts[run.Synced]), plural(len(report.Groups), "group", "groups"), grouped(added), grouped(removed))
	for _, result := range []run.Result{run.Waiting, run.Blocked, run.Changed, run.Failed, run.Skipped} {
		if counts[result] > 0 {
			text += fmt.Sprintf("; %s %s", grouped(counts[result]), result)
		}
	}
	return text + "."
}
