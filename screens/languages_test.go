package screens

import (
	"fmt"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/simulator"
	"github.com/rollcall-app/rollcall/widgets"
)

// speak has a test in a language, and the next ones in English.
func speak(t *testing.T, tag string) {
	t.Helper()
	t.Setenv("LANGUAGE", tag)
	require.NoError(t, Speak(tag))
	t.Cleanup(func() { require.NoError(t, Speak("en")) })
}

func TestEveryLanguageIsSpokenWithItsPlurals(t *testing.T) {
	for tag, want := range map[string][]string{
		"en": {"Fetch now", "1 group", "2 groups", "0 groups"},
		"de": {"Jetzt abrufen", "1 Gruppe", "2 Gruppen", "0 Gruppen"},
		"fr": {"Récupérer", "1 groupe", "2 groupes", "0 groupe"},
		"es": {"Leer ahora", "1 grupo", "2 grupos", "0 grupos"},
		"ja": {"今すぐ取得", "1 グループ", "2 グループ", "0 グループ"},
	} {
		t.Run(tag, func(t *testing.T) {
			speak(t, tag)
			require.Equal(t, tag, lang.Tag())
			got := []string{lang.L("Fetch now")}
			for _, n := range []int{1, 2, 0} {
				got = append(got, lang.N(n, "%d group", "%d groups", n))
			}
			require.Equal(t, want, got)
		})
	}
}

func TestALanguageIsTakenByItsTagAndAnUnknownOneRefused(t *testing.T) {
	for tag, spoken := range map[string]string{"de-AT": "de", "fr-CA": "fr", "es-MX": "es", "en-GB": "en"} {
		speak(t, tag)
		require.Equal(t, spoken, lang.Tag(), tag)
	}
	speak(t, "en")
	require.ErrorContains(t, Speak("tlh"), "doesn't speak “tlh”")
	require.ErrorContains(t, Speak("not a tag"), "doesn't speak")
}

// Where Rollcall doesn't speak the system's language it speaks English, with its
// plurals, whatever those of the system's are.
func TestASystemOfAnotherLanguageGetsEnglish(t *testing.T) {
	for _, system := range []string{"it_IT", "zh_CN", "pl_PL"} {
		t.Setenv("LANGUAGE", system)
		require.NoError(t, Speak(""))
		t.Cleanup(func() { require.NoError(t, Speak("en")) })
		require.Equal(t, "en", lang.Tag(), system)
		require.Equal(t, "Fetch now", lang.L("Fetch now"), system)
		require.Equal(t, "1 group", lang.N(1, "%d group", "%d groups", 1), system)
		require.Equal(t, "2 groups", lang.N(2, "%d group", "%d groups", 2), system)
	}
}

func BenchmarkSpeak(b *testing.B) {
	for b.Loop() {
		require.NoError(b, Speak("de"))
	}
	require.NoError(b, Speak("en"))
}

// fits fails on what is drawn smaller than its text, or beyond the window's edge.
func (p *person) fits(where string) {
	p.t.Helper()
	canvas := p.w.win.Canvas()
	roots := []fyne.CanvasObject{p.w.content}
	if top := canvas.Overlays().Top(); top != nil {
		roots = []fyne.CanvasObject{top}
	}
	for _, root := range roots {
		p.fitsWithin(root, where, canvas.Size())
	}
}

// selectWidth is how wide a choice has to be for what is chosen: Fyne asks for no more
// than its place holder needs, and cuts the rest.
func selectWidth(box fyne.Widget, s *widget.Select) float32 {
	holder := s.PlaceHolder
	defer func() { s.PlaceHolder = holder }()
	s.PlaceHolder = s.Selected
	return test.WidgetRenderer(box).MinSize().Width
}

// hintWidth is how wide a field has to be for its hint, where that is shown.
func hintWidth(e *widget.Entry) float32 {
	if e.Text != "" || e.MultiLine {
		return 0
	}
	width := fyne.MeasureText(e.PlaceHolder, theme.TextSize(), e.TextStyle).Width + 2*theme.InnerPadding()
	if e.ActionItem != nil {
		width += theme.IconInlineSize() + theme.LineSpacing()
	}
	return width
}

// everyFormFits goes through the forms of all providers.
func (p *person) everyFormFits(where string) {
	p.t.Helper()
	form := p.w.idp.form
	form.more.SetChecked(true)
	for _, provider := range app.Providers() {
		for _, way := range provider.SignIns {
			form.set(app.IdPSettings{Provider: provider.Name, SignIn: way.Name})
			p.fits(where + ", " + provider.Name + " " + way.Name)
		}
	}
}

func (p *person) fitsWithin(root fyne.CanvasObject, where string, edge fyne.Size) {
	p.t.Helper()
	walk(root, func(object fyne.CanvasObject) {
		text, least := "", object.MinSize()
		switch o := object.(type) {
		case *widget.Button:
			text = o.Text
		case *widget.Check:
			text = o.Text
		case *widgets.Button:
			text = o.Text
		case *widgets.Check:
			text = o.Text
		case *widget.Select:
			text, least.Width = o.Selected, selectWidth(o, o)
		case *widgets.Select:
			text, least.Width = o.Selected, selectWidth(o, &o.Select)
		case *widget.Entry:
			text, least.Width = o.PlaceHolder, hintWidth(o)
		case *widgets.Entry:
			text, least.Width = o.PlaceHolder, hintWidth(&o.Entry)
		case *widget.Label:
			if o.Wrapping != fyne.TextWrapOff || o.Truncation != fyne.TextTruncateOff {
				return
			}
			text = o.Text
		default:
			return
		}
		if text == "" {
			return
		}
		at, width := fyne.CurrentApp().Driver().AbsolutePositionForObject(object), object.Size().Width
		if width < 1 { // Fyne gives the titles of dialogs no size, and draws them as they are
			width = least.Width
		}
		require.GreaterOrEqual(p.t, width+0.5, least.Width, "%s: no room for %q", where, text)
		if !scrolls(root, object, container.ScrollVerticalOnly) {
			require.LessOrEqual(p.t, at.X+width, edge.Width+0.5, "%s: %q is beyond the edge", where, text)
		}
		if !scrolls(root, object, container.ScrollHorizontalOnly) {
			require.LessOrEqual(p.t, at.Y+object.Size().Height, edge.Height+0.5, "%s: %q is below the edge", where, text)
		}
	})
}

// scrolls says whether something can be scrolled into sight, by a scroll of another
// direction than one.
func scrolls(root, object fyne.CanvasObject, other container.ScrollDirection) bool {
	inside := false
	walk(root, func(around fyne.CanvasObject) {
		if scroll, ok := around.(*container.Scroll); ok && scroll.Direction != other {
			walk(scroll.Content, func(within fyne.CanvasObject) { inside = inside || within == object })
		}
	})
	return inside
}

// columnsFit fails on a text of Rollcall's own that its column cuts.
func (p *person) columnsFit(where string) {
	p.t.Helper()
	width := p.w.groups.list.Size().Width
	require.Positive(p.t, width)
	check := func(columns *widgets.Columns, column int, text string, bold bool) {
		from, to := columns.Span(column, width)
		require.Equal(p.t, text, widgets.Fit(text, to-from-12, bold), "%s: column %d is too narrow", where, column)
	}
	for i, column := range p.w.groups.columns.List {
		check(p.w.groups.columns, i, column.Title, true)
	}
	for i := range p.w.groups.model.lines {
		if p.w.groups.model.lines[i].kind != headingLine {
			continue
		}
		line := p.w.groups.model.line(i)
		for _, column := range []int{unchangedAction, renameAction, acceptAction, rejectAction, syncAction} {
			for _, part := range line.Cells[column] {
				check(line.Columns, column, part.Text, part.Bold)
			}
		}
	}
	for _, look := range stateLook {
		check(p.w.groups.columns, stateColumn, lang.L(look.title), true)
	}
}

// filtersFit fails where the filters have to be scrolled in a window of usual size.
func (p *person) filtersFit(where string) {
	p.t.Helper()
	if p.w.win.Canvas().Size().Width < 1280*float32(textScale(p.w.fyneApp)) {
		return
	}
	driver, last, filters := fyne.CurrentApp().Driver(), p.w.groups.syncAll, p.w.groups.chipRow
	edge := driver.AbsolutePositionForObject(last).X + last.Size().Width
	require.LessOrEqual(p.t, driver.AbsolutePositionForObject(filters).X+filters.MinSize().Width, edge+0.5, "%s: the filters have to be scrolled", where)
}

// The window in every language and in several sizes: nothing of Rollcall's own is
// cut, or out of the window.
func TestEveryTextFitsItsPlace(t *testing.T) {
	for _, language := range Languages {
		t.Run(language.Tag, func(t *testing.T) {
			speak(t, language.Tag)
			p := sitDown(t, simulator.Sample(simulator.DefaultSeed, 60, 400))
			p.app.Profiles, p.app.Version = besides{t, p.app, t.TempDir()}, "1.2.3"
			p.open()
			p.fits("before anything is connected")
			p.connect()
			p.w.fetch()
			p.w.openFirst()
			for _, size := range []struct {
				width, height float32
				scale         float64
			}{{1280, 800, 1}, {1024, 700, 1}, {1280, 800, 1.5}, {1600, 1000, 2}, {1280, 800, 2}} {
				p.w.win.Resize(fyne.NewSize(size.width, size.height))
				p.w.setTextScale(size.scale)
				p.everyScreenFits(fmt.Sprintf("%.0f × %.0f at %.0f %%", size.width, size.height, size.scale*100))
			}
		})
	}
}

func (p *person) everyScreenFits(where string) {
	p.t.Helper()
	for i, item := range p.w.tabs.Items {
		p.w.tabs.SelectIndex(i)
		p.w.show()
		p.fits(where + ", tab " + item.Text)
	}
	p.w.tabs.Select(p.w.idp.item)
	p.everyFormFits(where)
	p.w.tabs.Select(p.w.groups.item)
	if p.w.win.Canvas().Size().Width >= 800*float32(textScale(p.w.fyneApp)) { // there is room for all columns
		p.columnsFit(where)
	}
	p.filtersFit(where)
	from, to := p.w.groups.columns.Span(nameColumn, p.w.groups.list.Size().Width)
	require.Equal(p.t, "architects", widgets.Fit("architects", to-from-12, true), "%s: groups can't be told apart", where)
	for _, columns := range []*widgets.Columns{p.w.groups.columns, headingColumns, changeColumns} {
		_, end := columns.Span(len(columns.List)-1, p.w.groups.list.Size().Width)
		require.LessOrEqual(p.t, end, p.w.groups.list.Size().Width+0.5, "%s: the last column is beyond the edge", where)
	}
	for name, show := range map[string]func(){
		"preferences": p.w.showPreferences, "guards": p.w.showGuards, "snapshots": p.w.showSnapshots, "report": p.w.askReport,
		"keyboard": p.w.showShortcuts, "about": p.w.showAbout, "profiles": p.w.chooseProfile, "forget": p.w.forget, "diagnostics": p.w.copyDiagnostics,
		"confirmation": func() { p.w.groups.confirm(func(m *groupsModel) plan.Selection { return app.All(m.review) }) },
		"rejection":    func() { p.w.groups.askReject(3, "", p.w.groups.model.selection) },
	} {
		show()
		require.NotNil(p.t, p.w.win.Canvas().Overlays().Top(), name)
		p.fits(where + ", " + name)
		for _, overlay := range p.w.win.Canvas().Overlays().List() {
			p.w.win.Canvas().Overlays().Remove(overlay)
		}
	}
}

// Whoever reads and decides in one language, and goes on in another, finds nothing
// changed by that.
func TestALanguageChangesNothingOfWhatIsKept(t *testing.T) {
	p := sitDown(t, simulator.Sample(simulator.DefaultSeed, 60, 400))
	p.connect()
	speak(t, "de")
	_, err := p.app.Fetch(p.w.ctx, nil)
	require.NoError(t, err)
	german, err := p.app.Review(false)
	require.NoError(t, err)
	require.NoError(t, p.app.Accept(german, app.All(german).Rows, ""))
	planned := plan.Make(german, app.All(german), app.Settings{}.Terms(nil))
	require.NotEmpty(t, planned.Standing(), "guards say something")

	speak(t, "ja")
	_, err = p.app.Fetch(p.w.ctx, nil)
	require.NoError(t, err)
	changes, err := p.app.Drift(app.Previous, app.Latest)
	require.NoError(t, err)
	require.Empty(t, changes)
	japanese, err := p.app.Review(false)
	require.NoError(t, err)
	accepted := 0
	for i := range japanese.Rows {
		row := &japanese.Rows[i]
		require.Equal(t, german.Rows[i].State, row.State, row.Name)
		if japanese.Accepted(row) {
			accepted++
		}
	}
	require.Equal(t, len(app.All(german).Rows), accepted, "what was accepted still is")
	again := plan.Make(japanese, app.All(japanese), app.Settings{}.Terms(nil))
	require.Empty(t, plan.Compare(planned, again), "the plan still fits")
}
