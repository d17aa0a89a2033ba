package screens

import (
	"strings"
	"testing"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app/review"
	"github.com/rollcall-app/rollcall/app/simulator"
)

// hostile are names that try to disturb what shows them.
var hostile = []string{
	"two\nlines\x00", "a\x1b[31mred\x07", "bi\u202edi\u2066rectional", "le\u200bgal", "\u0430dmins", "admins", strings.Repeat("long name ", 1000),
	"=1+1", "<b>bold</b>",
}

// shownTexts gives every text that a canvas shows, those of dialogs, too.
func shownTexts(c fyne.Canvas) (texts []string) {
	look := func(object fyne.CanvasObject) {
		if text, ok := object.(*canvas.Text); ok {
			texts = append(texts, text.Text)
		}
	}
	walk(c.Content(), look)
	for _, overlay := range c.Overlays().List() {
		walk(overlay, look)
	}
	return texts
}

func TestHostileNamesAreShownHarmlesslyInTheWindow(t *testing.T) {
	company := simulator.Sample(4, 5, 60)
	for i, name := range hostile {
		company.SourceGroups = append(company.SourceGroups, simulator.SourceGroup{ID: "00gx" + string(rune('a'+i)), Name: name, Type: "OKTA_GROUP", Members: []string{company.Users[i].ID}})
		company.Users[i].First = name
	}
	p := sitDown(t, company)
	p.fetch()
	harmless := func(where string) {
		t.Helper()
		texts := shownTexts(p.w.win.Canvas())
		require.NotEmpty(t, texts)
		for _, text := range texts {
			require.True(t, utf8.ValidString(text), "%s: %q", where, text)
			require.NotRegexp(t, "[\x00-\x09\x0b-\x1f\x7f\u0080-\u009f\u202a-\u202e\u2066-\u2069\u200b\u200e\u200f]", text, where)
		}
	}
	harmless("groups")
	for _, name := range hostile {
		at := p.line(func(row *review.Row) bool { return row.Name == strings.TrimSpace(name) || row.Name == name })
		cell := p.w.groups.model.line(at).Cells[nameColumn]
		require.Equal(t, strings.HasSuffix(name, "dmins"), cell[0].Text == "looks like another", name)
		p.tapLine(at, nameColumn)
		harmless("opened " + name)
		p.tapLine(at, nameColumn)
	}
	test.Tap(p.w.groups.syncAll)
	harmless("asked to sync")
	_, buttons, _ := p.dialog()
	test.Tap(buttons["Operations …"])
	harmless("operations")
	_, buttons, _ = p.dialog()
	test.Tap(buttons["Back"])
	_, buttons, _ = p.dialog()
	for text, button := range buttons {
		if strings.HasPrefix(text, "Sync ") {
			test.Tap(button)
		}
	}
	harmless("what became of it")
	p.w.tabs.Select(p.w.history.item)
	p.w.history.toggle(0)
	harmless("history")
}
