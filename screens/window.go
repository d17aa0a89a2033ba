// Package screens is Rollcall's window: one file a tab. Screens ask app in the
// background and show what it answers; nothing here calls a server, reads the
// disk or compares on the UI goroutine.
package screens

import (
	"cmp"
	"context"
	"fmt"
	"image/color"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/display"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/progress"
	"github.com/rollcall-app/rollcall/app/release"
	"github.com/rollcall-app/rollcall/app/review"
	"github.com/rollcall-app/rollcall/app/run"
	"github.com/rollcall-app/rollcall/widgets"
)

// Window is the one window with its tabs. Its fields belong to the UI
// goroutine.
type Window struct {
	app     *app.App
	win     fyne.Window
	fyneApp fyne.App
	// next is the window of another profile, which took this one's place.
	next *Window
	threads
	ctx context.Context

	settings app.Settings
	review   *review.Review // nil until something was fetched
	runs     []run.Report
	// fetched says that this session has read the other side; until then what
	// is shown is offline.
	fetched bool
	offline bool // the last attempt couldn't reach them
	// looking is the name of the kept snapshot that is shown; empty for the
	// latest.
	looking  string
	kept     *fyne.Container // says so above the tabs
	keptText *widget.Label

	loads   int // counts loads, so that one that was overtaken is dropped
	job     *job
	began   time.Time       // of the last job
	away    bool            // another program's window is in front
	gone    bool            // closed
	jobs    *sync.WaitGroup // of all profiles' windows
	closing bool            // as soon as the job has ended
	// releases is where newer versions are asked for.
	releases string

	standing standing
	content  *fyne.Container
	tips     *widgets.Tips
	tabs     *container.AppTabs
	looks    map[*container.TabItem]look // in which each was drawn
	idp      *identityTab
	groups   *groupsTab
	access   *accessTab
	history  *historyTab
	status   *statusBar
}

// threads say where things are done. Tests and pictures do them at once.
type threads struct {
	// background does work off the UI goroutine, and done on it afterwards.
	background func(work, done func())
	// onUI does something on the UI goroutine, soon.
	onUI func(func())
}

// real are the threads of a window that a person looks at.
var real = threads{
	background: func(work, done func()) {
		go func() {
			work()
			fyne.Do(done)
		}()
	},
	onUI: fyne.Do,
}

// job is what is running: a fetch or a sync.
type job struct {
	cancel context.CancelFunc
	began  time.Time
	// pending is the latest report not shown yet.
	pending atomic.Pointer[progress.Report]
}

// newWindow makes the window; Show it to begin. ctx ends what runs in the background.
func newWindow(ctx context.Context, fyneApp fyne.App, a *app.App, threads threads) *Window {
	w := &Window{app: a, ctx: ctx, fyneApp: fyneApp, threads: threads, jobs: &sync.WaitGroup{}, releases: release.GitHub}
	fyneApp.Settings().SetTheme(currentTheme(fyneApp))
	w.build(fyneApp)
	return w
}

func (w *Window) build(fyneApp fyne.App) {
	w.win, w.tips = fyneApp.NewWindow(w.title()), widgets.NewTips()
	w.idp, w.groups, w.access, w.history = newIdentityTab(w), newGroupsTab(w), newAccessTab(w), newHistoryTab(w)
	w.status = newStatusBar(w.cancel)
	w.tabs = container.NewAppTabs(w.idp.item, w.groups.item, w.access.item, w.history.item)
	w.looks = map[*container.TabItem]look{}
	for _, item := range w.tabs.Items {
		w.looks[item] = lookNow()
	}
	w.tabs.OnSelected = func(item *container.TabItem) {
		w.debug("tab selected", "tab", item.Text)
		w.recolour(item)
		if item == w.groups.item {
			w.groups.focus()
		}
	}
	w.content = between(w.newKeptNotice(), w.tabs, w.status.object)
	w.win.SetContent(container.NewStack(w.standing.finder(w.win), w.content, w.tips.Object()))
	w.win.SetMainMenu(w.menu())
	w.win.SetCloseIntercept(w.close)
	w.win.SetOnClosed(w.closed)
	w.win.Resize(w.lastSize())
	w.win.Canvas().AddShortcut(&desktop.CustomShortcut{KeyName: fyne.KeyF, Modifier: fyne.KeyModifierShortcutDefault}, func(fyne.Shortcut) {
		if w.win.Canvas().Overlays().Top() == nil { // shortcuts fire behind dialogs
			w.tabs.Select(w.groups.item)
			w.win.Canvas().Focus(w.groups.search)
		}
	})
}

// look is what a theme makes of everything.
type look struct {
	background color.Color
	text       float32
}

func lookNow() look { return look{theme.Color(theme.ColorNameBackground), theme.TextSize()} }

// recolour draws a tab anew that comes to the front after the look has changed: Fyne
// passes over what isn't shown then, and of what it refreshes itself it leaves the
// icons as they are.
func (w *Window) recolour(item *container.TabItem) {
	if now := lookNow(); w.looks[item] != now {
		w.looks[item] = now
		w.fyneApp.Settings().SetTheme(w.fyneApp.Settings().Theme())
	}
}

// title names the profile, where it isn't the default one.
func (w *Window) title() string {
	if w.app.Profile == "" || w.app.Profile == app.DefaultProfile {
		return "Rollcall"
	}
	name := w.app.Profile
	if name == app.SampleProfile {
		name = lang.L("sample company")
	}
	return "Rollcall – " + name
}

// Show shows the window with the cached snapshot. fetch asks for a fetch at
// once, as the demo does.
func (w *Window) Show(fetch bool) {
	life := w.fyneApp.Lifecycle()
	life.SetOnStarted(func() { w.debug("drawing begins") })
	life.SetOnExitedForeground(w.leftForeground)
	life.SetOnEnteredForeground(w.enteredForeground)
	restorePlace(w.win, w.fyneApp.Preferences())
	w.win.Show()
	w.load(func() {
		if w.review != nil {
			w.tabs.SelectIndex(w.lastTab())
		}
		if fetch && w.review == nil {
			w.fetch()
		}
		w.askToResume()
	})
}

// loaded is what load reads.
type loaded struct {
	settings app.Settings
	review   *review.Review
	model    *groupsModel
	// wereOpen are the groups that were open in the model that was adopted.
	wereOpen []int
	givers   map[directory.ProductNo][]giver
	runs     []run.Report
	// err is a failure to read anything, reviewErr one to read the snapshot.
	err, reviewErr error
}

func (w *Window) read(name string) (l loaded) {
	if l.settings, l.err = w.app.Store.Settings(); l.err != nil {
		return l
	}
	if l.review, l.reviewErr = w.app.ReviewNamed(name, false); l.reviewErr == nil {
		l.model, l.givers = newGroupsModel(l.review, l.settings.Thresholds()), giversOf(l.review)
	}
	l.runs, l.err = w.app.Store.Runs()
	return l
}

// load reads settings, review and runs anew, and shows them; then follows where
// that succeeds.
func (w *Window) load(then func()) { w.loadNamed(cmp.Or(w.looking, app.Latest), then) }

// loadNamed loads with the snapshot kept under a name. A load that another
// overtook is dropped.
func (w *Window) loadNamed(name string, then func()) {
	w.loads++
	number, columns := w.loads, w.groups.columns
	var l loaded
	before, last := w.groups.model, w.lastWhereabouts()
	adopt := func() {
		if l.model == nil {
			return
		}
		l.model.columns, l.wereOpen = columns, nil
		switch {
		case before != nil:
			l.wereOpen = l.model.adopt(before)
		case last != nil:
			l.wereOpen = l.model.goTo(last)
		}
	}
	var show func()
	show = func() {
		if number != w.loads {
			return
		}
		if before != w.groups.model || w.groups.altering { // somebody does something to the table
			before = w.groups.model
			w.background(adopt, show)
			return
		}
		if l.err != nil {
			w.fail(l.err)
			return
		}
		if l.reviewErr != nil && name != app.Latest {
			w.fail(l.reviewErr)
			w.loadNamed(app.Latest, nil)
			return
		}
		if w.looking = name; name == app.Latest {
			w.looking = ""
		}
		// Without a snapshot that can be read, what remains is to fetch.
		w.settings, w.review, w.runs = l.settings, l.review, l.runs
		w.access.all = l.givers
		w.groups.setModel(l.model, l.wereOpen)
		w.show()
		if before == nil && last != nil && l.model != nil {
			w.groups.list.SetCursor(w.groups.model.lineAt(last))
		}
		w.debug("loaded", "groups", w.groups.length())
		if l.reviewErr != nil && !problem.Is(l.reviewErr, problem.NoSnapshot) {
			w.fail(l.reviewErr)
			return
		}
		if then != nil {
			then()
		}
	}
	w.background(func() {
		l = w.read(name)
		adopt()
	}, show)
}

// debug tells the log what the person sees; a test of the real window follows
// it there.
func (w *Window) debug(message string, args ...any) {
	if w.app.Log != nil {
		w.app.Log.Debug(message, args...)
	}
}

// show brings every tab up to date.
func (w *Window) show() {
	w.idp.show()
	w.groups.show()
	w.access.show()
	w.history.show()
	w.showKept()
	w.showStatus()
}

// start runs a long job with progress and cancel; done gets its error.
func (w *Window) start(work func(ctx context.Context, tell progress.Func) error, done func(error)) {
	if w.job != nil {
		return
	}
	ctx, cancel := context.WithCancel(w.ctx)
	current := &job{cancel: cancel, began: time.Now()}
	w.job, w.began = current, current.began
	w.show()
	var err error
	w.jobs.Add(1)
	w.background(func() {
		defer w.jobs.Done()
		err = work(ctx, func(report progress.Report) { w.report(current, report) })
		cancel()
	}, func() {
		w.job = nil
		if w.closing {
			w.win.Close()
			return
		}
		w.show()
		if err != nil && !problem.Is(err, problem.Cancelled) {
			w.notify(problem.Of(err).Message)
		}
		done(err)
	})
}

// close closes the window; a job that is running is asked about, and ended
// between two of its operations.
func (w *Window) close() {
	if w.job == nil {
		w.win.Close()
		return
	}
	dialog.ShowConfirm(lang.L("Stop and close?"), lang.L("Something is running. It can be stopped between two operations; what was done stays, and stands in the history."), func(yes bool) {
		switch {
		case yes && w.job == nil:
			w.win.Close()
		case yes:
			w.closing = true
			w.cancel()
		}
	}, w.win)
}

// closed is told while the window still stands.
func (w *Window) closed() {
	w.remember()
	w.gone = true
}

// Wait blocks until what was running in the background has ended; its context
// must have been cancelled.
func (w *Window) Wait() { w.jobs.Wait() }

// report shows progress; reports that come faster than they are shown are
// dropped for the latest.
func (w *Window) report(current *job, report progress.Report) {
	if current.pending.Swap(&report) != nil {
		return // one is on its way to the UI goroutine already
	}
	w.onUI(func() {
		latest := current.pending.Swap(nil)
		if w.job == current && latest != nil {
			w.status.progress(*latest, time.Since(current.began))
		}
	})
}

func (w *Window) cancel() {
	if w.job != nil {
		w.job.cancel()
	}
}

// fetch reads both sides.
func (w *Window) fetch() {
	w.start(func(ctx context.Context, tell progress.Func) error {
		_, err := w.app.Fetch(ctx, tell)
		return err
	}, func(err error) {
		w.offline = problem.Is(err, problem.Unreachable)
		if err != nil {
			w.showStatus()
			w.fail(err)
			return
		}
		w.fetched = true
		w.loadNamed(app.Latest, func() {
			w.tabs.Select(w.groups.item)
			w.notify(w.groups.headline.Text + ".")
		})
	})
}

// openAdminPage opens the organization's administration in the browser.
func (w *Window) openAdminPage() {
	if w.review == nil {
		return
	}
	w.openPage(app.AdminPage(&w.review.Snapshot.Atlassian))
}

// openPage opens a page in the browser.
func (w *Window) openPage(page string) {
	address, err := url.Parse(page)
	if err == nil {
		err = w.fyneApp.OpenURL(address)
	}
	if err != nil {
		w.fail(problem.Wrap(err, problem.Unknown, lang.L("The browser can't be opened."), lang.L("Open %s yourself.", page)))
	}
}

// fail shows what went wrong, and what to do; what was on the screen stays.
func (w *Window) fail(err error) {
	p := problem.Of(err)
	if p.Code == problem.Cancelled {
		w.status.say(p.Message)
		return
	}
	w.debug("problem shown", "code", p.Code, "cause", p.Cause)
	message := dialog.NewCustom(lang.L("That didn't work"), lang.L("OK"), wrapped(p.Message+"\n\n"+p.Action), w.win)
	message.Resize(room(w.win, 560, 240))
	message.Show()
}

func (w *Window) showStatus() {
	if w.job == nil {
		w.status.idle()
	}
	if w.review == nil {
		w.status.tell("", lang.L("Nothing fetched yet"))
		return
	}
	counts := w.groups.model.facts.counts
	synced := lang.L("Synced %s of %s", grouped(counts.State[review.Synced]), grouped(counts.IdPGroups))
	if rejected := counts.State[review.Rejected]; rejected > 0 {
		synced += lang.L(", %s rejected", grouped(rejected))
	}
	if counts.Finished() {
		synced += lang.L(" · finished")
	}
	taken := w.review.Snapshot.TakenAt
	age := lang.L("Snapshot %s", ago(taken, time.Now()))
	if w.offline || !w.fetched {
		age = lang.L("Offline · snapshot of %s, %s", clock(taken), ago(taken, time.Now()))
	}
	if w.looking != "" {
		age = lang.L("Kept snapshot “%s” of %s", display.Line(w.looking), moment(taken))
	}
	w.status.tell(synced, fmt.Sprintf("%s · %s · %s (%s)", age, app.ProviderTitle(w.review.Snapshot.IdP.Provider),
		w.review.Snapshot.Atlassian.Name, app.Word(w.review.Snapshot.Atlassian.Experience)))
}
