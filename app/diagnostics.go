package app

import (
	"fmt"
	"maps"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/review"
)

// Diagnostics describes this Rollcall for whoever helps with a problem: versions,
// what kinds of things are connected, and numbers. No credential is in it, and no
// name, address, host or id of anybody or anything.
func (a *App) Diagnostics(now time.Time) string {
	var text strings.Builder
	line := func(what, format string, args ...any) {
		fmt.Fprintf(&text, "%-22s%s\n", what+":", fmt.Sprintf(format, args...))
	}
	line("Rollcall", "%s", a.Version)
	line("System", "%s %s, %d processors", runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	line("Built with", "%s, Fyne %s", runtime.Version(), moduleVersion("fyne.io/fyne/v2"))
	line("Another profile", "%t", a.Profile != "" && a.Profile != DefaultProfile)
	a.diagnoseConnections(line)
	a.diagnoseSnapshot(line, now)
	a.diagnoseRuns(line)
	return text.String()
}

func moduleVersion(path string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, module := range info.Deps {
		if module.Path == path {
			return module.Version
		}
	}
	return "unknown"
}

func (a *App) diagnoseConnections(line func(what, format string, args ...any)) {
	settings, err := a.Store.Settings()
	if err != nil {
		line("Settings", "%s", problem.Of(err).Code)
		return
	}
	provider, signIn := "none", ""
	if settings.IdP.Provider != "" {
		provider = settings.IdP.Provider
		if way, err := settings.IdP.way(); err == nil {
			signIn = ", " + way.Name
		}
	}
	line("Identity provider", "%s%s", provider, signIn)
	experience := settings.Experience
	if experience == "" {
		experience = directory.Centralized
	}
	line("User management", "%s", experience)
	line("Organization", "%s", yesNo(settings.Atlassian.Org != "", "connected", "not connected"))
	line("Key's owner", "%s", yesNo(settings.Atlassian.Owner != "", "given", "not given"))
	line("Sites", "%d", len(settings.Sites))
	line("Provisioning", "%s", yesNo(settings.Provisioning.URL != "", "connected", "not connected"))
	limits := settings.Thresholds()
	line("Guards", "%+v", limits)
}

func yesNo(which bool, yes, no string) string {
	if which {
		return yes
	}
	return no
}

func (a *App) diagnoseSnapshot(line func(what, format string, args ...any), now time.Time) {
	r, err := a.Review(false)
	if err != nil {
		line("Snapshot", "%s", problem.Of(err).Code)
		return
	}
	idp, org := &r.Snapshot.IdP, &r.Snapshot.Atlassian
	line("Snapshot", "%s old", now.Sub(r.Snapshot.TakenAt).Round(time.Minute))
	line("Read", "%d IdP groups, %d people, %d Atlassian groups, %d accounts, %d products", len(idp.Groups), len(idp.People), len(org.Groups), len(org.Accounts), len(org.Products))
	line("Requests", "%d to the identity provider, %d to Atlassian; %d throttled", r.Snapshot.How.IdP.Requests, r.Snapshot.How.Atlassian.Requests,
		r.Snapshot.How.IdP.Throttled+r.Snapshot.How.Atlassian.Throttled)
	counts := r.Counts()
	for _, state := range review.States {
		if n := counts.State[state]; n > 0 {
			line("Groups "+string(state), "%d", n)
		}
	}
}

func (a *App) diagnoseRuns(line func(what, format string, args ...any)) {
	runs, err := a.Store.Runs()
	if err != nil {
		line("Runs", "%s", problem.Of(err).Code)
		return
	}
	line("Runs", "%d", len(runs))
	if len(runs) == 0 {
		return
	}
	last, results := &runs[0], map[string]int{}
	for i := range last.Groups {
		results[string(last.Groups[i].Result)]++
	}
	line("Last run", "%s", yesNo(last.Ended.IsZero(), "interrupted", "ended"))
	for _, result := range slices.Sorted(maps.Keys(results)) {
		line("Last run "+result, "%d", results[result])
	}
}
