package screens

import (
	"fmt"

	"fyne.io/fyne/v2"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/review"
	"github.com/rollcall-app/rollcall/widgets"
)

// newGroupColumns are those of the table; a person may move their edges.
func newGroupColumns() *widgets.Columns {
	columns := &widgets.Columns{List: []widgets.Column{
		{Width: 30},
		{Width: 24},
		{Title: lang.L("Group"), Weight: 3, Shows: func() string { return "atlassian-admins" }, Tip: lang.L("The group's name in the identity provider")},
		{Title: lang.L("Product access"), Weight: 4.4, Tip: lang.L("What the Atlassian group of this name gives its members")},
		{Title: lang.L("Sites"), Weight: 2, Tip: lang.L("Where it gives that")},
		{Title: lang.L("Added"), Width: 78, Trailing: true, Tip: lang.L("People who would become members by a sync")},
		{Title: lang.L("Removed"), Width: 92, Trailing: true, Tip: lang.L("People who would cease to be members by a sync")},
		{Title: lang.L("Lose access"), Width: 112, Trailing: true, Tip: lang.L("Of the removed, those who lose a product role that nothing else gives them")},
		{Title: lang.L("Status"), Width: 170, Tip: lang.L("Where the group stands")},
	}}
	for i := range columns.List {
		if column := &columns.List[i]; column.Title != "" {
			column.Holds = holds()
			if i == stateColumn {
				column.Holds = stateTitles
			}
		}
	}
	return columns
}

// holds gives texts that are there already.
func holds(texts ...string) func() []string { return func() []string { return texts } }

var (
	headingColumns = &widgets.Columns{List: []widgets.Column{
		{Width: 54},
		{Weight: 1, Shows: func() string { return lang.L("No member changes.") }},
		{Width: 150, Trailing: true, Holds: func() []string { return []string{lang.L("Hide unchanged"), lang.L("Show unchanged")} }},
		{Width: 100, Trailing: true, Holds: func() []string { return []string{lang.L("Rename …"), lang.L("✓ Rename")} }},
		{Width: 80, Trailing: true, Holds: func() []string { return []string{lang.L("Accept")} }},
		{Width: 96, Trailing: true, Holds: func() []string { return []string{lang.L("Reject …"), lang.L("Withdraw")} }},
		{Width: 118, Trailing: true, Holds: func() []string { return []string{lang.L("Sync group")} }},
	}}
	noteColumns   = &widgets.Columns{List: []widgets.Column{{Width: 54}, {Weight: 1}}}
	changeColumns = &widgets.Columns{List: []widgets.Column{
		{Width: 54}, {Width: 24}, {Weight: 2.6}, {Weight: 3}, {Weight: 6},
		{Width: 118, Trailing: true, Holds: func() []string { return []string{"✓ " + lang.L("Keep"), "✓ " + lang.L("Keep out")} }},
	}}
)

// The columns of a heading that act.
const (
	unchangedAction = 2
	renameAction    = 3
	acceptAction    = 4
	rejectAction    = 5
	syncAction      = 6
)

// answerAction is the column of a member change that answers it.
const answerAction = 5

// line gives what a line shows.
func (m *groupsModel) line(i int) widgets.Line {
	if i >= len(m.lines) {
		return widgets.Line{}
	}
	ref := m.lines[i]
	view := &m.views[ref.view]
	switch ref.kind {
	case headingLine:
		return m.headingLine(view)
	case noteLine:
		told := m.open[view.key].notes[ref.index]
		return widgets.Line{Columns: noteColumns, Fill: widgets.FillOpened, Cells: []widgets.Cell{{}, {{Text: told.text, Ink: told.ink}}}}
	case changeLine:
		return m.changeLine(view.row, m.open[view.key].change(ref.index))
	case pendingLine:
		return widgets.Line{Columns: noteColumns, Fill: widgets.FillOpened, Cells: []widgets.Cell{{}, {{Text: lang.L("Working out …"), Ink: widgets.InkMuted}}}}
	}
	return m.groupLine(view)
}

func (m *groupsModel) groupLine(view *groupView) widgets.Line {
	row := view.row
	tick, arrow := widgets.Cell{}, "▸"
	if app.Syncable(row) {
		tick = widgets.Cell{{Mark: widgets.Unticked}}
		if m.ticked[view.no] {
			tick[0].Mark = widgets.Ticked
		}
	}
	if _, isOpen := m.open[view.key]; isOpen {
		arrow = "▾"
	}
	return widgets.Line{Columns: m.columns, Cells: []widgets.Cell{
		tick,
		{{Text: arrow, Ink: widgets.InkMuted}},
		nameCell(view),
		view.products,
		{{Text: view.sites}},
		{number("+", row.Added, widgets.InkGain)},
		{number("−", row.Removed, widgets.InkLoss)},
		{losing(row.Losing)},
		stateCell(view),
	}}
}

// nameCell is the group's name, marked where it looks like another group's.
func nameCell(view *groupView) widgets.Cell {
	cell := widgets.Cell{{Text: view.row.Name, Bold: true}}
	if view.alike {
		cell = append(widgets.Cell{{Text: lang.L("looks like another"), Ink: widgets.InkWarn, Fill: widgets.FillWarn}}, cell...)
	}
	return cell
}

func number(sign string, n int, ink fyne.ThemeColorName) widgets.Part {
	if n == 0 {
		return widgets.Part{Text: "0", Ink: widgets.InkMuted}
	}
	return widgets.Part{Text: sign + grouped(n), Ink: ink, Bold: true}
}

func losing(n int) widgets.Part {
	if n == 0 {
		return widgets.Part{Text: "–", Ink: widgets.InkMuted}
	}
	return widgets.Part{Text: plural(n, "%s person", "%s people"), Ink: widgets.InkLoss, Bold: true}
}

// stateLook is how a state is called and coloured; its texts are looked up where they
// are shown.
var stateLook = map[review.State]struct {
	title     string
	ink, fill fyne.ThemeColorName
	tip       string
}{
	review.Ambiguous:     {lang.Mark("Ambiguous name"), widgets.InkBlocked, widgets.FillBlocked, lang.Mark("Several groups have this name once case and spelling are set aside.")},
	review.Rejected:      {lang.Mark("Rejected"), widgets.InkMuted, widgets.FillChip, lang.Mark("Somebody decided to leave the group as it is in Atlassian.")},
	review.Failed:        {lang.Mark("Failed"), widgets.InkLoss, widgets.FillLoss, lang.Mark("The last run couldn't finish the group. Open it for the reason.")},
	review.Changed:       {lang.Mark("Changed since review"), widgets.InkWarn, widgets.FillWarn, lang.Mark("What was decided, or planned, no longer holds. Open it and decide again.")},
	review.Waiting:       {lang.Mark("Waiting"), widgets.InkInfo, widgets.FillInfo, lang.Mark("For Atlassian, or for people who were invited.")},
	review.Synced:        {lang.Mark("Synced"), widgets.InkGain, widgets.FillGain, lang.Mark("The members are the same on both sides, and that was accepted.")},
	review.Blocked:       {lang.Mark("Default access"), widgets.InkBlocked, widgets.FillBlocked, lang.Mark("A product hands out this group by default: it can't be synced until that is lifted.")},
	review.New:           {lang.Mark("New"), widgets.InkInfo, widgets.FillInfo, lang.Mark("Only the identity provider has the group: a sync creates it in Atlassian.")},
	review.Conflict:      {lang.Mark("Conflict"), widgets.InkWarn, widgets.FillWarn, lang.Mark("Both sides have a group of this name: a sync overwrites Atlassian's members.")},
	review.AtlassianOnly: {lang.Mark("Only in Atlassian"), widgets.InkMuted, widgets.FillChip, lang.Mark("The identity provider has no group of this name: Rollcall leaves it alone.")},
}

func stateTitles() []string {
	var titles []string
	for _, look := range stateLook {
		titles = append(titles, lang.L(look.title))
	}
	return titles
}

// stateCell is the group's state, with whether its sync was accepted.
func stateCell(view *groupView) widgets.Cell {
	look := stateLook[view.row.State]
	cell := widgets.Cell{{Text: lang.L(look.title), Ink: look.ink, Fill: look.fill, Bold: true, Tip: lang.L(look.tip)}}
	if view.accepted {
		cell = append(cell, widgets.Part{Text: lang.L("accepted"), Ink: widgets.InkGain, Bold: true})
	}
	return cell
}

func (m *groupsModel) headingLine(view *groupView) widgets.Line {
	row := view.row
	summary := widgets.Cell{
		{Text: lang.L("Removed %s", grouped(row.Removed)), Bold: true},
		{Text: lang.L("Added %s", grouped(row.Added)), Bold: true},
	}
	if row.Provisioned > 0 {
		brought := lang.L("invited")
		if m.review.Provisions() {
			brought = lang.L("created or invited")
		}
		summary = append(summary, widgets.Part{Text: lang.L("%s of them %s", grouped(row.Provisioned), brought), Ink: widgets.InkMuted})
	}
	if row.Added+row.Removed == 0 && row.State != review.Ambiguous {
		summary = widgets.Cell{{Text: lang.L("No member changes."), Ink: widgets.InkMuted}}
	}
	for _, guard := range view.guards {
		summary = append(summary, widgets.Part{Text: app.Word(guard), Ink: widgets.InkBlocked, Fill: widgets.FillBlocked, Tip: lang.L("The guard %s stops %s.", app.Word(guard), guard.Stops(m.limits))})
	}
	cells := []widgets.Cell{{}, summary, m.unchangedCell(view), m.renameCell(row), {}, {}, {}}
	switch {
	case row.State == review.Rejected || m.decided(row):
		cells[rejectAction] = widgets.Cell{{Text: lang.L("Withdraw"), Ink: widgets.InkInfo, Bold: true}}
	case app.Syncable(row):
		cells[rejectAction] = widgets.Cell{{Text: lang.L("Reject …"), Ink: widgets.InkInfo, Bold: true}}
	}
	if view.waits() {
		cells[acceptAction] = widgets.Cell{{Text: lang.L("Accept"), Ink: widgets.InkInfo, Bold: true}}
	}
	if app.Syncable(row) {
		cells[syncAction] = widgets.Cell{{Text: lang.L("Sync group"), Ink: widgets.InkOnMark, Fill: "primary", Bold: true}}
	}
	return widgets.Line{Columns: headingColumns, Fill: widgets.FillOpened, Cells: cells}
}

// unchangedCell offers to show who stays as they are.
func (m *groupsModel) unchangedCell(view *groupView) widgets.Cell {
	inside := m.open[view.key]
	stay := view.row.Present - view.row.Removed - view.row.Protected
	switch {
	case inside == nil || stay <= 0 || view.row.Source == review.NoSource:
		return nil
	case inside.unchanged != nil:
		return widgets.Cell{{Text: lang.L("Hide unchanged"), Ink: widgets.InkInfo, Bold: true}}
	}
	return widgets.Cell{{Text: lang.L("Show unchanged"), Ink: widgets.InkInfo, Bold: true}}
}

// decided says whether a decision about the group stands, or did until its facts
// changed.
func (m *groupsModel) decided(row *review.Row) bool {
	_, ok := m.review.Decision(row)
	return ok && row.State != review.Synced
}

// changeLine shows one person: added or removed, and what that does to them.
func (m *groupsModel) changeLine(row *review.Row, change *review.Change) widgets.Line {
	r := m.review
	sign := widgets.Part{Text: "+", Ink: widgets.InkGain, Bold: true}
	switch change.Kind {
	case review.Unchanged:
		sign = widgets.Part{Text: "=", Ink: widgets.InkMuted}
	case review.Removed:
		sign = widgets.Part{Text: "−", Ink: widgets.InkLoss, Bold: true}
	}
	email := r.Email(change.Person, change.Account)
	if email == "" {
		email = lang.L("address hidden")
	}
	name := widgets.Cell{{Text: r.Name(change.Person, change.Account)}}
	if m.finder.Is(change, m.text) { // who was searched for
		name[0].Ink, name[0].Bold = widgets.InkInfo, true
	}
	if status := m.statusOf(change); status != "" {
		name = append(name, widgets.Part{Text: status, Ink: widgets.InkMuted, Fill: widgets.FillChip})
	}
	return widgets.Line{Columns: changeColumns, Fill: widgets.FillOpened, Cells: []widgets.Cell{
		{}, {sign}, name, {{Text: email, Ink: widgets.InkMuted}}, m.accessParts(change), m.answerCell(row, change),
	}}
}

// answerCell offers to answer a member change, or says what was answered.
func (m *groupsModel) answerCell(row *review.Row, change *review.Change) widgets.Cell {
	if change.Kind == review.Unchanged || !app.Syncable(row) {
		return nil
	}
	text, tip := lang.L("Keep out"), lang.L("Don't let this person in: put on the list to remove them from the IdP group")
	if change.Kind == review.Removed {
		text, tip = lang.L("Keep"), lang.L("Keep this person: put on the list to add them to the IdP group")
	}
	if _, answered := m.review.AnswerTo(row, change); answered {
		return widgets.Cell{{Text: fmt.Sprintf("✓ %s", text), Ink: widgets.InkInfo, Fill: widgets.FillInfo, Bold: true, Tip: lang.L("It is on the list; press again to take it off")}}
	}
	return widgets.Cell{{Text: text, Ink: widgets.InkInfo, Bold: true, Tip: tip}}
}

// renameCell offers to rename the IdP group, or says that it is to be.
func (m *groupsModel) renameCell(row *review.Row) widgets.Cell {
	switch _, renamed := m.renaming(row); {
	case !app.Syncable(row):
		return nil
	case renamed:
		return widgets.Cell{{Text: lang.L("✓ Rename"), Ink: widgets.InkInfo, Fill: widgets.FillInfo, Bold: true}}
	}
	return widgets.Cell{{Text: lang.L("Rename …"), Ink: widgets.InkInfo, Bold: true}}
}

// renaming gives the answer that the row's IdP group shall be renamed.
func (m *groupsModel) renaming(row *review.Row) (review.Answer, bool) {
	for _, answer := range m.review.Answers(row) {
		if answer.Kind == review.Rename {
			return answer, true
		}
	}
	return review.Answer{}, false
}

// statusOf tells of an account that isn't simply active, and of the reason why
// somebody is no member in the provider.
func (m *groupsModel) statusOf(change *review.Change) string {
	if change.Kind == review.Provisioned && m.review.Creates(change.Person) {
		return lang.L("to be created")
	}
	if change.Kind == review.Provisioned {
		return lang.L("to be invited")
	}
	provider := app.ProviderTitle(m.review.Snapshot.IdP.Provider)
	if change.Kind == review.Removed && change.Person == directory.NoPerson {
		return lang.L("unknown in %s", provider)
	}
	if change.Kind == review.Removed && m.review.Snapshot.IdP.People[change.Person].Disabled {
		return lang.L("%s in %s", m.review.Snapshot.IdP.People[change.Person].Status, provider)
	}
	if status := m.review.Snapshot.Atlassian.Accounts[change.Account].Status; status != directory.Active {
		return lang.L("%s in Atlassian", app.Word(status))
	}
	return ""
}

// used says when somebody last used a product that they would lose; it is known up
// to a day late.
func (m *groupsModel) used(change *review.Change, access directory.Access) string {
	at, known := m.review.Snapshot.Atlassian.Accounts[change.Account].LastActive[access.Product]
	days := int(m.review.Snapshot.TakenAt.Sub(at).Hours() / 24)
	switch {
	case !known:
		return ""
	case at.IsZero():
		return lang.L(", never used")
	case days < 1:
		return lang.L(", used within a day")
	case days < 60:
		return plural(days, ", used %s day ago", ", used %s days ago")
	}
	return lang.L(", last used on %s", day(at))
}

func (m *groupsModel) accessParts(change *review.Change) widgets.Cell {
	if change.Kind == review.Unchanged {
		return widgets.Cell{{Text: lang.L("stays a member"), Ink: widgets.InkMuted}}
	}
	var parts widgets.Cell
	where := func(access directory.Access) string {
		text := accessText(m.review, access)
		if site := m.review.Snapshot.Atlassian.Products[access.Product].Site; site != "" {
			text += lang.L(" on %s", shortSite(site))
		}
		return text
	}
	for _, access := range change.Loses {
		parts = append(parts, widgets.Part{Text: lang.L("loses %s%s", where(access), m.used(change, access)), Ink: widgets.InkLoss, Fill: widgets.FillLoss})
	}
	for _, access := range change.Gains {
		parts = append(parts, widgets.Part{Text: lang.L("gains %s", where(access)), Ink: widgets.InkGain, Fill: widgets.FillGain})
	}
	for _, kept := range change.Keeps {
		through := app.ThroughText(m.review, kept)
		parts = append(parts, widgets.Part{Text: lang.L("keeps %s through %s", where(kept.Access), through), Fill: widgets.FillChip})
	}
	if len(parts) == 0 {
		text := lang.L("no product access changes; permissions inside products aren't read")
		if m.review.Snapshot.Atlassian.UnknownAccess {
			text = lang.L("no access to Jira changes; access elsewhere isn't read")
		}
		parts = widgets.Cell{{Text: text, Ink: widgets.InkMuted}}
	}
	return parts
}
