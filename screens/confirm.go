package screens

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/widget"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/display"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/progress"
	"github.com/rollcall-app/rollcall/app/review"
	"github.com/rollcall-app/rollcall/app/run"
	"github.com/rollcall-app/rollcall/widgets"
)

// confirmation asks once, with the totals, before groups are synced or a run is
// undone. Guards that may be overridden are, one by one, by typing what they ask
// for.
type confirmation struct {
	w      *Window
	review *review.Review
	// heading is the question, notes what can't be taken back, verb what the
	// button does to groups.
	heading string
	verb    func(groups int) string
	notes   []string
	// everybody is the selection's.
	everybody bool
	// make plans, off the UI goroutine.
	make func(plan.Overrides) *plan.Plan

	plan      *plan.Plan
	overrides plan.Overrides
	totals    *widget.Label
	reason    *widget.Entry
	reach     widgets.Reach
	findings  *fyne.Container
	dialog    *dialog.CustomDialog
	sync      *widget.Button
}

// confirmSync asks for the sync of a selection.
func (w *Window) confirmSync(selection plan.Selection) {
	if len(selection.Rows) == 0 && !selection.Everybody || w.job != nil || !w.latestOnly() {
		return
	}
	r, settings := w.review, w.settings
	w.ask(&confirmation{
		w: w, review: r, heading: syncHeading(selection), verb: syncGroups, everybody: selection.Everybody,
		make: func(overrides plan.Overrides) *plan.Plan { return plan.Make(r, selection, settings.Terms(overrides)) },
	})
}

func syncHeading(selection plan.Selection) string {
	switch rows := selection.Rows; len(rows) {
	case 0:
		return lang.L("Bring people up to date?")
	case 1:
		return lang.L("Sync “%s”?", display.Line(widgets.Fit(rows[0].Name, 420, true)))
	default:
		return lang.L("Sync %s groups?", grouped(len(rows)))
	}
}

// ask plans in the background and asks.
func (w *Window) ask(c *confirmation) {
	c.overrides, c.totals, c.findings = plan.Overrides{}, wrapped(""), container.NewVBox()
	c.reach.Scroll = container.NewVScroll(c.findings)
	c.reason = entry(lang.L("Why (kept in the history; may stay empty)"))
	c.sync = widget.NewButton("", c.perform)
	c.sync.Importance = widget.HighImportance
	c.again(func() {
		c.dialog = dialog.NewCustomWithoutButtons(c.heading, between(c.totals, c.reach.Scroll, c.reason), w.win)
		buttons := []fyne.CanvasObject{widget.NewButton(lang.L("Cancel"), func() { c.dialog.Hide() })}
		if !c.plan.ChangesIdP() {
			buttons = append(buttons, widget.NewButton(lang.L("People …"), c.showSimulation))
		}
		c.dialog.SetButtons(append(buttons, widget.NewButton(lang.L("Operations …"), c.showSteps), c.sync))
		c.dialog.Resize(room(w.win, 760, 480))
		c.dialog.Show()
		w.debug("asked to sync", "groups", c.performed())
	})
}

// again plans in the background with the present overrides, and shows the plan.
func (c *confirmation) again(then func()) {
	var made *plan.Plan
	overrides := c.copied()
	c.w.background(func() { made = c.make(overrides) }, func() {
		c.plan = made
		c.show()
		if then != nil {
			then()
		}
	})
}

// copied are the present overrides, for use off the UI goroutine.
func (c *confirmation) copied() plan.Overrides {
	overrides := plan.Overrides{}
	for guard, groups := range c.overrides {
		overrides[guard] = slices.Clone(groups)
	}
	return overrides
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

// performedPeople is how many people the plan would change.
func (c *confirmation) performedPeople() (n int) {
	if len(c.plan.Findings) > 0 {
		return 0
	}
	for i := range c.plan.People {
		if !c.plan.People[i].Blocked() {
			n++
		}
	}
	return n
}

// What the button says that begins a run on so many groups.
func syncGroups(n int) string   { return plural(n, "Sync %s group", "Sync %s groups") }
func changeGroups(n int) string { return plural(n, "Change %s group", "Change %s groups") }
func undoGroups(n int) string   { return plural(n, "Undo %s group", "Undo %s groups") }

// peopleLine says what happens in the provisioning directory, or "".
func (c *confirmation) peopleLine() string {
	if len(c.plan.People) == 0 {
		return ""
	}
	created, _ := c.plan.CountPeople(review.CreatePerson)
	renamed, _ := c.plan.CountPeople(review.UpdatePerson)
	deactivated, held := c.plan.CountPeople(review.DeactivatePerson)
	line := plural(created, "In the provisioning directory %s person is created, %s renamed, %s deactivated",
		"In the provisioning directory %s people are created, %s renamed, %s deactivated", grouped(renamed), grouped(deactivated))
	if held > 0 {
		line += plural(held, "; %s deactivation below only when you confirm it", "; %s deactivations below only when you confirm it")
	}
	return line + "."
}

func (c *confirmation) show() {
	if c.plan.ChangesIdP() {
		c.showAnswers()
		return
	}
	effect, n := c.plan.Effect, c.performed()
	brought := lang.L("invited without an e-mail")
	if c.review.Provisions() {
		brought = lang.L("created or invited without an e-mail")
	}
	lines := []string{
		lang.L("%s in %s. %s added, %s of them %s; %s removed.",
			plural(n, "%s group", "%s groups"), plural(len(c.plan.Batches()), "%s batch", "%s batches"),
			plural(effect.Added, "%s member is", "%s members are"), grouped(effect.Provisioned), brought, plural(effect.Removed, "%s member is", "%s members are")),
		plural(effect.Gaining, "%s person gains a product they didn't have", "%s people gain a product they didn't have") + "; " +
			plural(effect.Losing, "%s person loses a product altogether", "%s people lose a product altogether") + ".",
	}
	for no := range effect.Products {
		if change := &effect.Products[no]; len(change.Lose) > 0 {
			product := &c.review.Snapshot.Atlassian.Products[no]
			lines = append(lines, "   "+lang.L("%s on %s: lost by %s, gained by %s.", product.Name, product.Site,
				grouped(len(change.Lose)), grouped(len(change.Gain)+len(change.Invited))))
		}
	}
	if line := c.peopleLine(); line != "" {
		lines = append(lines, line)
	}
	if c.notes == nil {
		lines = append(lines, lang.L("Invitations can't be taken back."))
	}
	lines = append(lines, lang.L("%s They may change, too.", app.NotRead(c.review)))
	people := c.performedPeople()
	if n+people == 0 {
		lines = []string{lang.L("Nothing would be written:")}
	}
	c.totals.SetText(display.Text(strings.Join(lines, "\n")))
	c.showFindings()
	able(c.sync, n+people > 0)
	c.sync.SetText(c.verb(n))
	if n == 0 && people > 0 {
		c.sync.SetText(plural(people, "Change %s person", "Change %s people"))
	}
}

// showAnswers shows a plan that changes the identity provider alone.
func (c *confirmation) showAnswers() {
	c.findings.RemoveAll()
	n := c.showSources()
	c.findings.Refresh()
	c.totals.SetText(lang.L("This is written to %s, group by group, each read again just before. It can be undone.", app.ProviderTitle(c.review.Snapshot.IdP.Provider)))
	if c.plan.Undoes != "" {
		c.totals.SetText(lang.L("This is taken back in the identity provider, group by group, each read again just before."))
	}
	able(c.sync, n > 0)
	c.sync.SetText(c.verb(n))
}

// showFindings lists what stands in the way, with what lifts it.
func (c *confirmation) showFindings() {
	c.findings.RemoveAll()
	for _, note := range c.notes {
		c.findings.Add(widgets.NewBanner(widgets.FillInfo, widgets.InkInfo, wrapped(display.Line(note))))
	}
	for _, finding := range c.plan.Findings {
		c.findings.Add(c.finding(finding))
	}
	for i := range c.plan.Groups {
		group := &c.plan.Groups[i]
		for _, finding := range group.Findings {
			c.findings.Add(c.finding(finding))
		}
		if group.Skip != "" && group.State != review.Synced {
			c.findings.Add(muted(group.Name + ": " + lang.L(group.Skip)))
		}
	}
	c.showPeople()
	c.findings.Refresh()
}

// shownPeople bounds how many people are listed by name beside those that ask for
// an answer; the terminal's --dry-run lists all.
const shownPeople = 200

// showPeople lists what happens to each person in the provisioning directory.
func (c *confirmation) showPeople() {
	var lines []string
	more := 0
	for i := range c.plan.People {
		person := &c.plan.People[i]
		for _, finding := range person.Findings {
			c.findings.Add(c.finding(finding))
		}
		switch {
		case person.Blocked():
		case len(lines) == shownPeople:
			more++
		default:
			lines = append(lines, personLine(person))
		}
	}
	if more > 0 {
		lines = append(lines, lang.L("… and %s more.", grouped(more)))
	}
	if len(lines) > 0 {
		c.findings.Add(muted(strings.Join(lines, "\n")))
	}
}

func personLine(person *plan.Person) string {
	line := fmt.Sprintf("%s (%s): ", person.Name, person.Title())
	switch person.Kind {
	case review.UpdatePerson:
		line += lang.L("renamed from “%s”", person.Was)
	case review.DeactivatePerson:
		line += plural(len(person.Groups), "deactivated, in %s group", "deactivated, in %s groups")
	default:
		line += lang.L("created")
	}
	return display.Line(line)
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
	case finding.About() != "":
		word = finding.About()
	case finding.Guard == plan.RunRemovals:
		word = fmt.Sprint(c.plan.Removals())
	}
	typed := c.reach.Entry(lang.L("Type %s to do it all the same", display.Line(word)))
	typed.OnChanged = func(entered string) {
		if directory.FoldName(entered) != directory.FoldName(word) {
			return
		}
		c.overrides[finding.Guard] = append(c.overrides[finding.Guard], directory.FoldName(finding.About()))
		c.again(nil)
	}
	return widgets.NewBanner(widgets.FillWarn, widgets.InkWarn, container.NewVBox(text, typed))
}

// perform performs what was confirmed.
func (c *confirmation) perform() {
	c.dialog.Hide()
	c.w.perform(func(ctx context.Context, tell progress.Func) (*run.Report, error) {
		return c.w.app.Sync(ctx, c.plan, c.reason.Text, tell)
	})
}

// showReport says what became of a run, and why some groups aren't synced.
func (w *Window) showReport(report *run.Report) {
	counts := map[run.Result]int{}
	var why []fyne.CanvasObject
	for _, group := range report.Groups {
		counts[group.Result]++
		if group.Error != "" {
			why = append(why, wrapped(fmt.Sprintf("%s: %s. %s", display.Line(group.Title()), app.Word(group.Result), group.Error)))
		}
	}
	for _, person := range report.People {
		if person.Error != "" {
			why = append(why, wrapped(display.Line(fmt.Sprintf("%s (%s), %s: %s. %s", person.Name, person.Email, app.Word(person.Kind), app.Word(person.Result), person.Error))))
		}
	}
	summary := summarizeRun(report)
	w.status.say(summary)
	w.notify(summary)
	w.debug("sync ended", "summary", summary)
	if len(why) == 0 {
		return
	}
	result := dialog.NewCustom(lang.L("What became of it"), lang.L("OK"), container.NewBorder(wrapped(summary), nil, nil, nil, container.NewVScroll(container.NewVBox(why...))), w.win)
	result.Resize(room(w.win, 760, 480))
	result.Show()
}

// summarizeRun counts a run's results in a sentence.
func summarizeRun(report *run.Report) string {
	counts := map[run.Result]int{}
	added, removed, renamed := 0, 0, 0
	for _, group := range report.Groups {
		counts[group.Result]++
		added, removed = added+group.Added, removed+group.Removed
		if group.Renamed != "" {
			renamed++
		}
	}
	text := plural(len(report.Groups), "%[2]s of %[1]s group synced: %[3]s added, %[4]s removed", "%[2]s of %[1]s groups synced: %[3]s added, %[4]s removed",
		grouped(counts[run.Synced]), grouped(added), grouped(removed))
	if counts[run.Answered] > 0 {
		text = plural(len(report.Groups), "%[2]s of %[1]s group changed in the identity provider: %[3]s added, %[4]s removed, %[5]s renamed",
			"%[2]s of %[1]s groups changed in the identity provider: %[3]s added, %[4]s removed, %[5]s renamed",
			grouped(counts[run.Answered]), grouped(added), grouped(removed), grouped(renamed))
	}
	for _, result := range []run.Result{run.Waiting, run.Blocked, run.Changed, run.Failed, run.Skipped} {
		if counts[result] > 0 {
			text += fmt.Sprintf("; %s %s", grouped(counts[result]), app.Word(result))
		}
	}
	people := 0
	for _, person := range report.People {
		if person.Result == run.Synced {
			people++
		}
	}
	if people > 0 {
		text += plural(people, "; %s person created, renamed or deactivated", "; %s people created, renamed or deactivated")
	}
	return text + "."
}
