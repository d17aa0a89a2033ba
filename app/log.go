package app

import (
	"log/slog"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/run"
)

// log is where the App tells what it does.
func (a *App) log() *slog.Logger {
	if a.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return a.Log
}

// logFetch tells how reading both sides ended.
func (a *App) logFetch(snapshot *directory.Snapshot, err error) {
	if err != nil {
		a.logProblem("fetch failed", err)
		return
	}
	a.log().Info("fetched", "provider", snapshot.IdP.Provider, "idp_groups", len(snapshot.IdP.Groups), "idp_people", len(snapshot.IdP.People),
		"atlassian_groups", len(snapshot.Atlassian.Groups), "accounts", len(snapshot.Atlassian.Accounts),
		"idp_requests", snapshot.How.IdP.Requests, "atlassian_requests", snapshot.How.Atlassian.Requests)
}

// logRun tells how a run ended.
func (a *App) logRun(report *run.Report, err error) {
	if err != nil {
		a.logProblem("run failed", err)
	}
	if report == nil {
		return
	}
	results := map[run.Result]int{}
	for i := range report.Groups {
		results[report.Groups[i].Result]++
	}
	a.log().Info("run ended", "run", report.ID, "undoes", report.Undoes, "results", results, "took", report.Ended.Sub(report.Began),
		"idp_requests", report.IdP.Requests, "atlassian_requests", report.Atlassian.Requests)
}

func (a *App) logProblem(what string, err error) {
	p := problem.Of(err)
	a.log().Info(what, "code", p.Code, "message", p.Message, "cause", p.Cause)
}
