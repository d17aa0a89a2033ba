package widgets_test

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/widgets"
)

func startApp(t *testing.T) {
	t.Helper()
	app := test.NewApp()
	app.Settings().SetTheme(widgets.Theme{})
	t.Cleanup(app.Quit)
}

func TestTextIsCutToWhatFits(t *testing.T) {
	startApp(t)
	long := "a group with a name that is much too long for its column"
	for _, width := range []float32{20, 80, 200} {
		cut := widgets.Fit(long, width, false)
		require.LessOrEqual(t, fyne.MeasureText(cut, theme.TextSize(), fyne.TextStyle{}).Width, width+0.5)
		require.Contains(t, cut, "…")
		require.Equal(t, cut, widgets.Fit(long, width, false))
	}
	require.Equal(t, "legal", widgets.Fit("legal", 200, true))
}

func TestNamesCannotDisturbTheirLine(t *testing.T) {
	startApp(t)
	require.Equal(t, "a�[31mb�c", widgets.Fit("a\x1b[31mb\u202ec", 500, false))
	require.Equal(t, "צוות 🚀", widgets.Fit("צוות 🚀", 500, false))
}

// list shows a list of n lines, 400 by 200, and notes what keys did.
func list(t *testing.T, n int) (*widgets.LineList, fyne.Window, *[]string) {
	t.Helper()
	startApp(t)
	columns := &widgets.Columns{List: []widgets.Column{{Width: 30}, {Weight: 1}, {Width: 90, Trailing: true}}}
	var done []string
	l := widgets.NewLineList(func() int { return n }, func(i int) widgets.Line {
		return widgets.Line{Columns: columns, Cells: []widgets.Cell{{{Mark: widgets.Unticked}}, {{Text: fmt.Sprint("line ", i)}}, {{Text: "7", Fill: widgets.FillChip}}}}
	})
	l.OnKey = func(i int, key fyne.KeyName) { done = append(done, fmt.Sprint(key, i)) }
	l.OnTapped = func(i, column int, _ bool) { done = append(done, fmt.Sprint("tap", i, ".", column)) }
	w := test.NewWindow(l.Framed())
	w.SetPadded(false)
	w.Resize(fyne.NewSize(400, 200))
	t.Cleanup(w.Close)
	w.Canvas().Focus(l)
	return l, w, &done
}

func TestKeysActOnTheLineUnderTheCursor(t *testing.T) {
	l, _, done := list(t, 100)
	for _, key := range []fyne.KeyName{fyne.KeyDown, fyne.KeyDown, fyne.KeySpace, fyne.KeyUp, fyne.KeyReturn} {
		l.TypedKey(&fyne.KeyEvent{Name: key})
	}
	require.Equal(t, []string{"Space2", "Return1"}, *done)
}

func TestNobodyChangesALineOutOfSight(t *testing.T) {
	l, _, done := list(t, 1000)
	l.TypedKey(&fyne.KeyEvent{Name: fyne.KeyDown})
	l.ScrollToOffset(5000) // with the wheel, say
	require.False(t, l.InSight(1))
	l.TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
	require.Empty(t, *done, "the first press only brings the line into sight")
	require.True(t, l.InSight(1))
	l.TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
	require.Equal(t, []string{"Space1"}, *done)
}

func TestTheCursorStaysWithinTheLines(t *testing.T) {
	l, _, _ := list(t, 30)
	for key, want := range map[fyne.KeyName]int{fyne.KeyEnd: 29, fyne.KeyHome: 0} {
		for range 2 {
			l.TypedKey(&fyne.KeyEvent{Name: key})
		}
		require.Equal(t, want, l.Cursor())
	}
	l.SetCursor(10)
	l.TypedKey(&fyne.KeyEvent{Name: fyne.KeyPageDown})
	require.Greater(t, l.Cursor(), 12)
	require.True(t, l.InSight(l.Cursor()))
}

func TestATapTellsLineAndColumn(t *testing.T) {
	_, w, done := list(t, 100)
	for _, at := range []fyne.Position{{X: 10, Y: 10}, {X: 200, Y: 50}, {X: 390, Y: 80}} {
		test.TapCanvas(w.Canvas(), at)
	}
	require.Equal(t, []string{"tap0.0", "tap1.1", "tap2.2"}, *done)
}

func TestTheHeaderTellsItsColumn(t *testing.T) {
	startApp(t)
	columns := &widgets.Columns{List: []widgets.Column{{Title: "Group", Weight: 1}, {Title: "Added", Width: 90}}}
	header := widgets.NewHeader(columns)
	var tapped []int
	header.OnTapped = func(column int) { tapped = append(tapped, column) }
	w := test.NewWindow(header)
	w.SetPadded(false)
	w.Resize(fyne.NewSize(300, 32))
	t.Cleanup(w.Close)
	test.TapCanvas(w.Canvas(), fyne.NewPos(20, 10))
	test.TapCanvas(w.Canvas(), fyne.NewPos(280, 10))
	require.Equal(t, []int{0, 1}, tapped)
}

// WCAG 2.1: text needs a contrast of 4.5 to 1.
func TestInksCanBeReadOnTheirFills(t *testing.T) {
	pairs := []struct{ ink, fill fyne.ThemeColorName }{
		{widgets.InkGain, widgets.FillGain}, {widgets.InkLoss, widgets.FillLoss}, {widgets.InkWarn, widgets.FillWarn},
		{widgets.InkInfo, widgets.FillInfo}, {widgets.InkBlocked, widgets.FillBlocked}, {widgets.InkOnMark, theme.ColorNamePrimary},
		{theme.ColorNameForeground, widgets.FillChip}, {theme.ColorNameForeground, widgets.FillWarn}, {theme.ColorNameForeground, widgets.FillBlocked},
		{theme.ColorNameForeground, theme.ColorNameButton}, {theme.ColorNameForeground, widgets.FillGain}, {widgets.InkMuted, widgets.FillChip},
	}
	for _, ink := range []fyne.ThemeColorName{widgets.InkMuted, widgets.InkGain, widgets.InkLoss, widgets.InkWarn, widgets.InkInfo, widgets.InkBlocked,
		theme.ColorNameForeground, theme.ColorNamePlaceHolder, theme.ColorNameError, theme.ColorNameSuccess, theme.ColorNameWarning, theme.ColorNameHyperlink} {
		for _, fill := range []fyne.ThemeColorName{theme.ColorNameBackground, widgets.FillCard, widgets.FillOpened, theme.ColorNameHover, theme.ColorNameInputBackground} {
			pairs = append(pairs, struct{ ink, fill fyne.ThemeColorName }{ink, fill})
		}
	}
	for name, variant := range map[string]fyne.ThemeVariant{"light": theme.VariantLight, "dark": theme.VariantDark} {
		for _, pair := range pairs {
			ground := widgets.Theme{}.Color(theme.ColorNameBackground, variant)
			ratio := contrast(widgets.Theme{}.Color(pair.ink, variant), over(ground, widgets.Theme{}.Color(pair.fill, variant)))
			require.GreaterOrEqual(t, ratio, 4.5, "%s: %s on %s", name, pair.ink, pair.fill)
		}
	}
}

// WCAG 2.1: what shows where a control is needs a contrast of 3 to 1.
func TestControlsCanBeSeen(t *testing.T) {
	for name, variant := range map[string]fyne.ThemeVariant{"light": theme.VariantLight, "dark": theme.VariantDark} {
		of := func(name fyne.ThemeColorName) color.Color { return widgets.Theme{}.Color(name, variant) }
		for edge, grounds := range map[fyne.ThemeColorName][]fyne.ThemeColorName{
			theme.ColorNameInputBorder: {theme.ColorNameBackground, theme.ColorNameInputBackground, widgets.FillCard},
			theme.ColorNamePrimary:     {theme.ColorNameBackground, widgets.FillCard},
			widgets.InkMuted:           {theme.ColorNameBackground, widgets.FillOpened}, // the box to tick
		} {
			for _, ground := range grounds {
				require.GreaterOrEqual(t, contrast(of(edge), of(ground)), 3.0, "%s: %s on %s", name, edge, ground)
			}
		}
	}
}

// Fyne lays a colour over a button that has the focus or the pointer.
func TestButtonsCanBeReadWhateverHappensToThem(t *testing.T) {
	for name, variant := range map[string]fyne.ThemeVariant{"light": theme.VariantLight, "dark": theme.VariantDark} {
		of := func(name fyne.ThemeColorName) color.Color { return widgets.Theme{}.Color(name, variant) }
		for ink, fill := range map[fyne.ThemeColorName]fyne.ThemeColorName{theme.ColorNameForeground: theme.ColorNameButton, theme.ColorNameForegroundOnPrimary: theme.ColorNamePrimary} {
			for _, veil := range []fyne.ThemeColorName{theme.ColorNameHover, theme.ColorNameFocus} {
				laid := over(of(fill), of(veil))
				require.GreaterOrEqual(t, contrast(of(ink), laid), 4.5, "%s: %s on %s under %s", name, ink, fill, veil)
				require.NotEqual(t, over(of(fill), color.Transparent), laid, "it is seen")
			}
		}
	}
}

// over lays one colour over an opaque one.
func over(under, veil color.Color) color.Color {
	picture := image.NewRGBA(image.Rect(0, 0, 1, 1))
	draw.Draw(picture, picture.Bounds(), image.NewUniform(under), image.Point{}, draw.Src)
	draw.Draw(picture, picture.Bounds(), image.NewUniform(veil), image.Point{}, draw.Over)
	return picture.At(0, 0)
}

func contrast(a, b color.Color) float64 {
	light, dark := luminance(a), luminance(b)
	if light < dark {
		light, dark = dark, light
	}
	return (light + 0.05) / (dark + 0.05)
}

func luminance(c color.Color) float64 {
	r, g, b, _ := c.RGBA()
	linear := func(v uint32) float64 {
		s := float64(v) / 0xffff
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(r) + 0.7152*linear(g) + 0.0722*linear(b)
}

func TestTheChartDrawsWithoutBarsAndWithAnAlarm(t *testing.T) {
	startApp(t)
	chart := widgets.NewBarChart()
	w := test.NewWindow(chart)
	t.Cleanup(w.Close)
	w.Resize(fyne.NewSize(800, 200))
	before := chart.MinSize().Height
	chart.SetBars([]widgets.Bar{{Label: "Jira", Keep: 10, Gain: 2, Lose: 1, Limit: 12, Note: "too many", Alarm: true}, {Label: "None", Limit: -1}})
	require.Greater(t, chart.MinSize().Height, before)
	require.NotEmpty(t, test.WidgetRenderer(chart).Objects())
}

func TestAWidgetThatFyneForgotIsDrawnAgainAsItWas(t *testing.T) {
	startApp(t)
	chart := widgets.NewBarChart()
	chart.SetBars([]widgets.Bar{{Label: "Jira", Keep: 40, Gain: 5, Lose: 3, Limit: 60}})
	columns := &widgets.Columns{List: []widgets.Column{{Title: "Group", Weight: 1}}}
	lines := widgets.NewLineList(func() int { return 3 }, func(int) widgets.Line {
		return widgets.Line{Columns: columns, Cells: []widgets.Cell{{{Text: "legal"}}}}
	})
	for name, object := range map[string]fyne.Widget{
		"panel":  widgets.NewPanel("", widgets.Outline, widget.NewButton("Sync", nil)),
		"banner": widgets.NewBanner(widgets.FillGain, widgets.InkGain, widget.NewLabel("Synced")),
		"card":   widgets.NewCard("Sites", widget.NewLabel("acme")),
		"figure": widgets.NewFigure("people", widgets.InkGain),
		"chart":  chart,
		"header": widgets.NewHeader(columns),
		"lines":  lines,
	} {
		t.Run(name, func(t *testing.T) {
			window := test.NewWindow(object)
			defer window.Close()
			window.Resize(fyne.NewSize(500, 200))
			// Fyne forgets the renderer of what wasn't shown for a minute, and makes
			// another when it is shown again.
			require.Equal(t, drawn(test.WidgetRenderer(object).Objects()), drawn(object.CreateRenderer().Objects()))
		})
	}
}

func TestAListThatFyneForgotStandsWhereItStood(t *testing.T) {
	l, _, _ := list(t, 100)
	l.ScrollToOffset(700)
	require.EqualValues(t, 700, l.CreateRenderer().Objects()[0].(*container.Scroll).Offset.Y)
}

// drawn tells what stands where.
func drawn(objects []fyne.CanvasObject) []string {
	var list []string
	for _, object := range objects {
		list = append(list, fmt.Sprintf("%T %v %v %v", object, object.Visible(), object.Position(), object.Size()))
		if box, ok := object.(*fyne.Container); ok {
			list = append(list, drawn(box.Objects)...)
		}
	}
	return list
}

func TestTheEdgeOfAColumnIsMoved(t *testing.T) {
	startApp(t)
	columns := &widgets.Columns{List: []widgets.Column{{Width: 30}, {Title: "Group", Weight: 3}, {Title: "Sites", Weight: 1}, {Title: "Added", Width: 80}}}
	header := widgets.NewHeader(columns)
	var told []bool
	header.OnResized = func(ended bool) { told = append(told, ended) }
	w := test.NewWindow(header)
	w.SetPadded(false)
	w.Resize(fyne.NewSize(510, 32))
	t.Cleanup(w.Close)
	spans := func() (ends []float32) {
		for i := range columns.List {
			_, to := columns.Span(i, 510)
			ends = append(ends, to)
		}
		return ends
	}
	require.Equal(t, []float32{30, 330, 430, 510}, spans())
	for name, c := range map[string]struct {
		from, by float32
		want     []float32
	}{
		"between two that share":       {330, -50, []float32{30, 280, 430, 510}},
		"no narrower than can be read": {330, -500, []float32{30, 74, 430, 510}},
		"and so of the next":           {330, 500, []float32{30, 386, 430, 510}},
		"of a fixed one":               {430, 20, []float32{30, 330, 450, 510}},
		"what has no title stays":      {30, 20, []float32{30, 330, 430, 510}},
		"not where there is no edge":   {200, 20, []float32{30, 330, 430, 510}},
		"the last edge is the table's": {509, -20, []float32{30, 330, 430, 510}},
	} {
		told = nil
		columns.SetSizes([]float64{30, 3, 1, 80})
		test.MoveMouse(w.Canvas(), fyne.NewPos(c.from, 10))
		test.Drag(w.Canvas(), fyne.NewPos(c.from, 10), c.by, 0)
		require.InDeltaSlice(t, c.want, spans(), 0.1, name)
		if c.want[1] != 330 || c.want[2] != 430 {
			require.Equal(t, []bool{false, true}, told, name)
		} else {
			require.Empty(t, told, name)
		}
	}
	kept := columns.Sizes()
	for _, wrong := range [][]float64{nil, {1}, {1, 2, 3, -4}, {1, 2, 3, math.NaN()}, {1, 2, 3, math.Inf(1)}} {
		columns.SetSizes(wrong)
		require.Equal(t, kept, columns.Sizes(), "%v", wrong)
	}
}

func TestWhatACellHasNoRoomForIsSaidToWhoPointsAtIt(t *testing.T) {
	startApp(t)
	tips := widgets.NewTips()
	columns := &widgets.Columns{List: []widgets.Column{{Title: "Group", Tip: "Its name", Width: 200}, {Title: "Access", Width: 120}, {Width: 80}}}
	l := widgets.NewLineList(func() int { return 2 }, func(i int) widgets.Line {
		return widgets.Line{Columns: columns, Cells: []widgets.Cell{
			{{Text: "legal"}}, {{Text: "Confluence user"}, {Text: "Jira user"}, {Text: "Jira admin"}}, {{Text: "Conflict", Tip: "A sync overwrites it."}},
		}}
	})
	l.Tips = tips
	header := widgets.NewHeader(columns)
	header.Tips = tips
	w := test.NewWindow(container.NewStack(container.NewBorder(header, nil, nil, nil, l.Framed()), tips.Object()))
	w.SetPadded(false)
	w.Resize(fyne.NewSize(400, 200))
	t.Cleanup(w.Close)
	point := func(x, y float32) string {
		test.MoveMouse(w.Canvas(), fyne.NewPos(x, y))
		return tips.Text()
	}
	require.Equal(t, "Its name", point(20, 10))
	require.Empty(t, point(20, 50), "it shows everything")
	require.Equal(t, "Confluence user\nJira user\nJira admin", point(250, 50))
	require.Equal(t, "A sync overwrites it.", point(350, 80))
	require.Empty(t, point(20, 190), "the pointer has left")
	point(250, 50)
	l.Refresh()
	require.Empty(t, tips.Text(), "another line may stand there")
	tips.Show(strings.Repeat("word ", 400), fyne.NewPos(390, 190))
	require.LessOrEqual(t, strings.Count(tips.Text(), "\n"), 20)
	tips.Show("again", fyne.NewPos(30, 40))
	shown := tips.Object().(*fyne.Container).Objects
	require.Equal(t, shown[0].Position().AddXY(8, 8), shown[1].Position(), "the text stands on its ground")
}

func TestTheNoteThatThereIsMoreHasItsRoom(t *testing.T) {
	startApp(t)
	for _, width := range []float32{80, 100, 130, 200, 260, 400} {
		columns := &widgets.Columns{List: []widgets.Column{{Width: width}, {Weight: 1}}}
		l := widgets.NewLineList(func() int { return 1 }, func(int) widgets.Line {
			return widgets.Line{Columns: columns, Cells: []widgets.Cell{{{Text: "Confluence user", Fill: widgets.FillChip}, {Text: "Jira user"}, {Text: "Jira admin"}}}}
		})
		w := test.NewWindow(l)
		w.Resize(fyne.NewSize(500, 100))
		var shown []string
		end := float32(0)
		for _, text := range texts(l) {
			if !text.Visible() {
				continue
			}
			require.GreaterOrEqual(t, text.Position().X, end, "%q at %v", text.Text, width)
			end = text.Position().X + text.MinSize().Width
			require.LessOrEqual(t, end, width, "%q at %v", text.Text, width)
			shown = append(shown, text.Text)
		}
		require.NotEmpty(t, shown)
		if len(shown) < 3 {
			require.Equal(t, fmt.Sprintf("+%d", 4-len(shown)), shown[len(shown)-1], "%q at %v", shown, width)
		}
		w.Close()
	}
}

// texts are those drawn within an object, in their order.
func texts(object fyne.CanvasObject) (found []*canvas.Text) {
	var within []fyne.CanvasObject
	switch o := object.(type) {
	case *canvas.Text:
		return []*canvas.Text{o}
	case *fyne.Container:
		within = o.Objects
	case fyne.Widget:
		within = test.WidgetRenderer(o).Objects()
	}
	for _, one := range within {
		found = append(found, texts(one)...)
	}
	return found
}

// rare are letters that hardly any font has, each another.
func rare(n int) string {
	var text strings.Builder
	for i := range n {
		text.WriteRune(rune(0x30000 + i))
	}
	return text.String()
}

func TestLettersThatNoFontHasAreShownAsSuch(t *testing.T) {
	startApp(t)
	for text, want := range map[string]string{
		"legal":               "legal",
		"Ελλάδα, Київ, naïve": "Ελλάδα, Київ, naïve",
		"👩‍🚀 ✈️ ✓ ▸ …":        "👩‍🚀 ✈️ ✓ ▸ …",
		"a" + rare(2) + "b":   "a��b",
		"\u0378":              "�", // which isn't a letter
	} {
		require.Equal(t, want, widgets.Drawable(text))
		require.Equal(t, want, widgets.Fit(text, 500, true))
	}
}

// BenchmarkLettersThatNoFontHas cuts names of 20 letters that no font has, each time
// other ones, to their column.
func BenchmarkLettersThatNoFontHas(b *testing.B) {
	test.NewApp()
	letters := []rune(rare(1000))
	for i := 0; b.Loop(); i++ {
		at := i % (len(letters) - 20)
		widgets.Fit(fmt.Sprint(i, string(letters[at:at+20])), 100, false)
	}
}

func TestAChoiceHasRoomForItsWidestOption(t *testing.T) {
	test.NewTempApp(t)
	reach := &widgets.Reach{}
	short := reach.Select([]string{"All", "Jira"}, nil)
	long := reach.Select([]string{"All", "Jira Service Management"}, nil)
	more := fyne.MeasureText("Jira Service Management", theme.TextSize(), fyne.TextStyle{}).Width - fyne.MeasureText("Jira", theme.TextSize(), fyne.TextStyle{}).Width
	require.InDelta(t, more, long.MinSize().Width-short.MinSize().Width, 1)

	short.SetOptions([]string{"All", "Jira Service Management"})
	require.Equal(t, long.MinSize(), short.MinSize())

	short.SetOptions([]string{strings.Repeat("whatever somebody calls a site ", 100)})
	require.Less(t, short.MinSize().Width, float32(600), "a name may be as long as somebody likes")
}
