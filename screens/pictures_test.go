package screens

import (
	"context"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/progress"
	"github.com/rollcall-app/rollcall/app/review"
	"github.com/rollcall-app/rollcall/app/run"
	"github.com/rollcall-app/rollcall/app/simulator"
)

// make screenshots gives the folder; without it the pictures are drawn all the
// same, and forgotten.
var picturesFolder = flag.String("pictures", "", "folder for pictures of every screen and state")

// painter draws pictures of a person's window.
type painter struct {
	*person
	folder string
	drawn  map[string]bool
}

// draw draws the window as it is.
func (p *painter) draw(name string) { p.drawWindow(p.w.win, name) }

func (p *painter) drawWindow(win fyne.Window, name string) {
	p.t.Helper()
	require.False(p.t, p.drawn[name], name)
	p.drawn[name] = true
	if raced {
		return // painting takes it ten times as long; .ci/test paints without it
	}
	picture := win.Canvas().Capture()
	if p.folder == "" {
		return
	}
	out, err := os.Create(filepath.Join(p.folder, name+".png"))
	require.NoError(p.t, err)
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	require.NoError(p.t, encoder.Encode(out, paletted(picture)))
	require.NoError(p.t, out.Close())
}

// paletted gives a picture in its 256 most frequent colours: a quarter of the size,
// and next to nothing to be seen of it.
func paletted(picture image.Image) *image.Paletted {
	count := map[color.Color]int{}
	bounds := picture.Bounds()
	each := func(do func(x, y int, c color.Color)) {
		for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
			for x := bounds.Min.X; x < bounds.Max.X; x++ {
				do(x, y, color.NRGBAModel.Convert(picture.At(x, y)))
			}
		}
	}
	each(func(_, _ int, c color.Color) { count[c]++ })
	colours := slices.SortedFunc(maps.Keys(count), func(a, b color.Color) int { return count[b] - count[a] })
	made := image.NewPaletted(bounds, colours[:min(256, len(colours))])
	index := map[color.Color]uint8{}
	each(func(x, y int, c color.Color) {
		i, known := index[c]
		if !known {
			i = uint8(made.Palette.Index(c))
			index[c] = i
		}
		made.SetColorIndex(x, y, i)
	})
	return made
}

// press presses a button of the dialog that is open.
func (p *painter) press(label string) {
	p.t.Helper()
	_, buttons, _ := p.dialog()
	require.Contains(p.t, buttons, label)
	test.Tap(buttons[label])
}

// dialogAs draws the dialog that is open, and closes all.
func (p *painter) dialogAs(name string) {
	p.t.Helper()
	require.NotNil(p.t, p.w.win.Canvas().Overlays().Top(), name)
	p.draw(name)
	for _, overlay := range p.w.win.Canvas().Overlays().List() {
		overlay.Hide()
		p.w.win.Canvas().Overlays().Remove(overlay)
	}
}

// looks sets the theme.
func (p *painter) looks(look string, scale float64) {
	p.w.fyneApp.Settings().SetTheme(themeFor(look, scale))
	p.w.show()
}

// tabs draws every tab, with something behind its name.
func (p *painter) tabs(suffix string) {
	for _, tab := range []struct {
		name string
		item *container.TabItem
	}{{"identity-provider", p.w.idp.item}, {"groups", p.w.groups.item}, {"product-access", p.w.access.item}, {"history", p.w.history.item}} {
		p.w.tabs.Select(tab.item)
		p.w.show()
		p.draw(tab.name + suffix)
	}
	p.w.tabs.Select(p.w.groups.item)
}

// Every screen in every state can be drawn; make screenshots keeps the pictures in
// docs/screens, where somebody looks at them.
func TestEveryScreenAndStateIsDrawn(t *testing.T) {
	p := &painter{person: sitDown(t, simulator.Sample(simulator.DefaultSeed, simulator.DefaultGroups, simulator.DefaultUsers)), folder: *picturesFolder, drawn: map[string]bool{}}
	p.app.Profiles = besides{t, p.app, t.TempDir()} // of which the sample company is one
	p.looks("light", 1)
	p.tabs("-empty")
	p.fetch()
	p.drawReview()
	p.drawAnswers()
	p.drawSync()
	p.drawTrouble()
	p.drawSizes()
	drawDamage(p)
	if p.folder == "" {
		return
	}
	files, err := os.ReadDir(p.folder)
	require.NoError(t, err)
	for _, file := range files {
		require.True(t, p.drawn[file.Name()[:len(file.Name())-len(".png")]], "%s is of no state any more: delete it", file.Name())
	}
}

// drawReview draws what is looked at before anything is decided.
func (p *painter) drawReview() {
	p.w.openFirst()
	for _, look := range []string{"dark", "light"} {
		p.looks(look, 1)
		p.tabs("-" + look)
	}
	p.w.groups.search.SetText("okafor")
	p.draw("groups-searched")
	p.w.groups.search.SetText("nobody of this name")
	p.draw("groups-nothing-found")
	p.w.groups.search.SetText("")
	test.Tap(p.w.groups.chips[review.Blocked])
	p.w.groups.openGroup(p.w.groups.model.shown[0])
	p.draw("groups-blocked")
	test.Tap(p.w.groups.chips[review.Blocked])
	p.w.showShortcuts()
	p.dialogAs("keyboard")
	p.w.showGuards()
	p.dialogAs("guards")
	p.w.showPreferences()
	p.dialogAs("preferences")
	p.w.askReport()
	p.dialogAs("report")
	require.NoError(p.t, p.app.KeepSnapshot("Before the merger"))
	p.w.showSnapshots()
	p.dialogAs("snapshots")
	p.w.loadNamed("Before the merger", nil)
	p.draw("groups-kept-snapshot")
	p.w.loadNamed(app.Latest, nil)
}

// drawAnswers draws answering, and carrying that out.
func (p *painter) drawAnswers() {
	line, keep, keepOut := p.contested()
	p.tapLine(keep, answerAction)
	p.tapLine(keepOut, answerAction)
	p.draw("groups-answered")
	p.tapLine(line+1, renameAction)
	p.dialogAs("rename")
	p.w.showTodos()
	p.draw("to-do")
	p.press("Do it in Okta …")
	p.dialogAs("to-do-confirmation")
	view := p.w.groups.model.lines[line].view
	require.NoError(p.t, p.app.Unanswer(p.w.review.Answers(p.w.groups.model.views[view].row)...))
	p.w.load(nil)
	p.tapLine(line+1, rejectAction)
	p.dialogAs("reject")
}

// drawSync draws a sync from its confirmation to what became of it.
func (p *painter) drawSync() {
	test.Tap(p.w.groups.syncAll)
	p.draw("confirmation")
	p.press("People …")
	p.draw("confirmation-people")
	p.press("Back")
	p.press("Operations …")
	p.draw("confirmation-operations")
	p.press("Back")
	p.press("Cancel")

	p.w.job = &job{cancel: func() {}, began: time.Now().Add(-20 * time.Second)}
	p.w.show()
	p.w.status.progress(progress.Report{Stage: "Syncing batch 3 of 6", Total: 588}, 0)
	p.w.status.progress(progress.Report{Stage: "Syncing batch 3 of 6", Done: 212, Total: 588}, 20*time.Second)
	p.draw("groups-syncing")
	p.w.job = nil
	p.w.show()

	p.w.perform(p.syncAll)
	p.dialogAs("what-became-of-it")
	p.w.history.toggle(0)
	p.w.tabs.Select(p.w.history.item)
	p.draw("history-opened")
	p.w.history.act(0)
	p.dialogAs("undo")
	p.w.tabs.Select(p.w.groups.item)
}

// drawTrouble draws what is shown when the other side can't be reached.
func (p *painter) drawTrouble() {
	p.simulation.Close()
	p.w.fetch()
	p.dialogAs("failing")
	p.draw("groups-offline")
}

// drawSizes draws the tabs in a small and a large window, and with larger text.
func (p *painter) drawSizes() {
	for _, c := range []struct {
		width, height float32
		scale         float64
	}{{1024, 700, 1}, {1280, 800, 1.5}, {1280, 800, 2}, {2560, 1440, 1}} {
		p.w.win.Resize(fyne.NewSize(c.width, c.height))
		p.looks("light", c.scale)
		suffix := fmt.Sprintf("-%.0fx%.0f", c.width, c.height)
		if c.scale != 1 {
			suffix = fmt.Sprintf("-text-%.0f", c.scale*100)
		}
		if c.width < 2000 && c.scale < 2 {
			p.tabs(suffix)
		} else {
			p.draw("groups" + suffix)
		}
		p.w.confirmSync(plan.Selection{Rows: app.All(p.w.review).Rows, Everybody: true})
		p.dialogAs("confirmation" + suffix)
	}
	p.w.win.Resize(fyne.NewSize(1280, 800))
	p.looks("light", 1)
}

func drawDamage(p *painter) {
	o := newOpening(context.Background(), p.w.fyneApp, nil, nil, atOnce)
	o.opened(nil, problem.New(problem.Damaged, "The data in the folder rollcall is damaged.", "Restore the last good copy."))
	p.drawWindow(o.trouble, "damaged")
	o.trouble.Close()
}

// syncAll syncs what no guard stops.
func (p *painter) syncAll(ctx context.Context, tell progress.Func) (*run.Report, error) {
	r := p.w.review
	return p.app.Sync(ctx, plan.Make(r, app.All(r), p.w.settings.Terms(nil)), "", tell)
}
