package screens

import (
	"fmt"
	"strings"

	"fyne.io/fyne/v2"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/review"
	"github.com/rollcall-app/rollcall/widgets"
)

// newGroupColumns are those of the table; a person may move their edges.
func newGroupColumns() *widgets.Columns {
	return &widgets.Columns{List: []widgets.Column{
		{Width: 30},
		{Width: 24},
		{Title: "Group", Weight: 3, Tip: "The group's name in the identity provider"},
		{Title: "Product access", Weight: 4.4, Tip: "What the Atlassian group of this name gives its members"},
		{Title: "Sites", Weight: 2, Tip: "Where it gives that"},
		{Title: "Added", Width: 78, Trailing: true, Tip: "People who would become members by a sync"},
		{Title: "Removed", Width: 92, Trailing: true, Tip: "People who would cease to be members by a sync"},
		{Title: "Lose access", Width: 112, Trailing: true, Tip: "Of the removed, those who lose a product role that nothing else gives them"},
		{Title: "Status", Width: 170, Tip: "Where the group stands"},
	}}
}

var (
	headingColumns = &widgets.Columns{List: []widgets.Column{
		{Width: 54}, {Weight: 1}, {Width: 150, Trailing: true}, {Width: 100, Trailing: true}, {Width: 80, Trailing: true}, {Width: 96, Trailing: true}, {Width: 118, Trailing: true},
	}}
	noteColumns   = &widgets.Columns{List: []widgets.Column{{Width: 54}, {Weight: 1}}}
	changeColumns = &widgets.Columns{List: []widgets.Column{
		{Width: 54}, {Width: 24}, {Weight: 2}, {Weight: 3}, {Weight: 6}, {Width: 118, Trailing: true},
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
		return widgets.Line{Columns: noteColumns, Fill: widgets.FillOpened, Cells: []widgets.Cell{{}, {{Text: "Working out …", Ink: widgets.InkMuted}}}}
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
		cell = append(widgets.Cell{{Text: "looks like another", Ink: widgets.InkWarn, Fill: widgets.FillWarn}}, cell...)
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
	switch n {
	case 0:
		return widgets.Part{Text: "–", Ink: widgets.InkMuted}
	case 1:
		return widgets.Part{Text: "1 person", Ink: widgets.InkLoss, Bold: true}
	}
	return widgets.Part{Text: grouped(n) + " people", Ink: widgets.InkLoss, Bold: true}
}

// stateLook is how a state is called and coloured.
var stateLook = map[review.State]struct {
	title     string
	ink, fill fyne.ThemeColorName
	tip       string
}{
	review.Ambiguous:     {"Ambiguous name", widgets.InkBlocked, widgets.FillBlocked, "Several groups have this name once case and spelling are set aside."},
	review.Rejected:      {"Rejected", widgets.InkMuted, widgets.FillChip, "Somebody decided to leave the group as it is in Atlassian."},
	review.Failed:        {"Failed", widgets.InkLoss, widgets.FillLoss, "The last run couldn't finish the group. Open it for the reason."},
	review.Changed:       {"Changed since review", widgets.InkWarn, widgets.FillWarn, "What was decided, or planned, no longer holds. Open it and decide again."},
	review.Waiting:       {"Waiting", widgets.InkInfo, widgets.FillInfo, "For Atlassian, or for people who were invited."},
	review.Synced:        {"Synced", widgets.InkGain, widgets.FillGain, "The members are the same on both sides, and that was accepted."},
	review.Blocked:       {"Default access", widgets.InkBlocked, widgets.FillBlocked, "A product hands out this group by default: it can't be synced until that is lifted."},
	review.New:           {"New", widgets.InkInfo, widgets.FillInfo, "Only the identity provider has the group: a sync creates it in Atlassian."},
	review.Conflict:      {"Conflict", widgets.InkWarn, widgets.FillWarn, "Both sides have a group of this name: a sync overwrites Atlassian's members."},
	review.AtlassianOnly: {"Only in Atlassian", widgets.InkMuted, widgets.FillChip, "The identity provider has no group of this name: Rollcall leaves it alone."},
}

// stateCell is the group's state, with whether its sync was accepted.
func stateCell(view *groupView) widgets.Cell {
	look := stateLook[view.row.State]
	cell := widgets.Cell{{Text: look.title, Ink: look.ink, Fill: look.fill, Bold: true, Tip: look.tip}}
	if view.accepted {
		cell = append(cell, widgets.Part{Text: "accepted", Ink: widgets.InkGain, Bold: true})
	}
	return cell
}

func (m *groupsModel) headingLine(view *groupView) widgets.Line {
	row := view.row
	summary := widgets.Cell{
		{Text: fmt.Sprintf("Removed %s", grouped(row.Removed)), Bold: true},
		{Text: fmt.Sprintf("Added %s", grouped(row.Added)), Bold: true},
	}
	if row.Provisioned > 0 {
		brought := "invited"
		if m.review.Provisions() {
			brought = "created or invited"
		}
		summary = append(summary, widgets.Part{Text: fmt.Sprintf("%s of them %s", grouped(row.Provisioned), brought), Ink: widgets.InkMuted})
	}
	if row.Added+row.Removed == 0 && row.State != review.Ambiguous {
		summary = widgets.Cell{{Text: "No member changes.", Ink: widgets.InkMuted}}
	}
	for _, guard := range view.guards {
		summary = append(summary, widgets.Part{Text: string(guard), Ink: widgets.InkBlocked, Fill: widgets.FillBlocked, Tip: "The guard " + string(guard) + " stops " + guard.Stops(m.limits) + "."})
	}
	cells := []widgets.Cell{{}, summary, m.unchangedCell(view), m.renameCell(row), {}, {}, {}}
	switch {
	case row.State == review.Rejected || m.decided(row):
		cells[rejectAction] = widgets.Cell{{Text: "Withdraw", Ink: widgets.InkInfo, Bold: true}}
	case app.Syncable(row):
		cells[rejectAction] = widgets.Cell{{Text: "Reject …", Ink: widgets.InkInfo, Bold: true}}
	}
	if view.waits() {
		cells[acceptAction] = widgets.Cell{{Text: "Accept", Ink: widgets.InkInfo, Bold: true}}
	}
	if app.Syncable(row) {
		cells[syncAction] = widgets.Cell{{Text: "Sync group", Ink: widgets.InkOnMark, Fill: "primary", Bold: true}}
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
		return widgets.Cell{{Text: "Hide unchanged", Ink: widgets.InkInfo, Bold: true}}
	}
	return widgets.Cell{{Text: "Show unchanged", Ink: widgets.InkInfo, Bold: true}}
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
		email = "address hidden"
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
	text, tip := "Keep out", "Don't let this person in: put on the list to remove them from the IdP group"
	if change.Kind == review.Removed {
		text, tip = "Keep", "Keep this person: put on the list to add them to the IdP group"
	}
	if _, answered := m.review.AnswerTo(row, change); answered {
		return widgets.Cell{{Text: "✓ " + text, Ink: widgets.InkInfo, Fill: widgets.FillInfo, Bold: true, Tip: "It is on the list; press again to take it off"}}
	}
	return widgets.Cell{{Text: text, Ink: widgets.InkInfo, Bold: true, Tip: tip}}
}

// renameCell offers to rename the IdP group, or says that it is to be.
func (m *groupsModel) renameCell(row *review.Row) widgets.Cell {
	switch _, renamed := m.renaming(row); {
	case !app.Syncable(row):
		return nil
	case renamed:
		return widgets.Cell{{Text: "✓ Rename", Ink: widgets.InkInfo, Fill: widgets.FillInfo, Bold: true}}
	}
	return widgets.Cell{{Text: "Rename …", Ink: widgets.InkInfo, Bold: true}}
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
		return "to be created"
	}
	if change.Kind == review.Provisioned {
		return "to be invited"
	}
	provider := " in " + app.ProviderTitle(m.review.Snapshot.IdP.Provider)
	if change.Kind == review.Removed && change.Person == directory.NoPerson {
		return "unknown" + provider
	}
	if change.Kind == review.Removed && m.review.Snapshot.IdP.People[change.Person].Disabled {
		return m.review.Snapshot.IdP.People[change.Person].Status + provider
	}
	if status := m.review.Snapshot.Atlassian.Accounts[change.Account].Status; status != directory.Active {
		return strings.ReplaceAll(string(status), "_", " ") + " in Atlassian"
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
		return ", never used"
	case days < 1:
		return ", used within a day"
	case days < 60:
		return fmt.Sprintf(", used %s ago", plural(days, "day", "days"))
	}
	return ", last used on " + day(at)
}

func (m *groupsModel) accessParts(change *review.Change) widgets.Cell {
	if change.Kind == review.Unchanged {
		return widgets.Cell{{Text: "stays a member", Ink: widgets.InkMuted}}
	}
	var parts widgets.Cell
	where := func(access directory.Access) string {
		text := accessText(m.review, access)
		if site := m.review.Snapshot.Atlassian.Products[access.Product].Site; site != "" {
			text += " on " + shortSite(site)
		}
		return text
	}
	for _, access := range change.Loses {
		parts = append(parts, widgets.Part{Text: "loses " + where(access) + m.used(change, access), Ink: widgets.InkLoss, Fill: widgets.FillLoss})
	}
	for _, access := range change.Gains {
		parts = append(parts, widgets.Part{Text: "gains " + where(access), Ink: widgets.InkGain, Fill: widgets.FillGain})
	}
	for _, kept := range change.Keeps {
		through := strings.Join(app.Through(m.review, kept), ", ")
		parts = append(parts, widgets.Part{Text: "keeps " + where(kept.Access) + " through " + through, Fill: widgets.FillChip})
	}
	if len(parts) == 0 {
		text := "no product access changes; permissions inside products aren't read"
		if m.review.Snapshot.Atlassian.UnknownAccess {
			text = "no access to Jira changes; access elsewhere isn't read"
		}
		parts = widgets.Cell{{Text: text, Ink: widgets.InkMuted}}
	}
	return parts
}
