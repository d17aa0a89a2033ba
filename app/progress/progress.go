// Package progress carries word of how far something is from whatever does it
// to whatever shows it.
package progress

import "time"

// Report is one word of progress. Total is 0 where it isn't known yet.
type Report struct {
	// Stage says what is being done: "Reading members in Okta".
	Stage       string
	Done, Total int
	// Left is how long the rest takes, or 0 where whoever tells doesn't know
	// better than that all goes on as it went so far.
	Left time.Duration
}

// Part is how much of it is done, from 0 to 1, where it began some time ago: of the
// time that it takes, where that is known, else of what is to be done.
func (r Report) Part(spent time.Duration) float64 {
	switch {
	case r.Left > 0:
		return spent.Seconds() / (spent + r.Left).Seconds()
	case r.Total > 0:
		return float64(r.Done) / float64(r.Total)
	}
	return 0
}

// Func receives reports, from any goroutine. It must not block. A nil Func is
// never called: use Tell.
type Func func(Report)

// Tell reports, where anybody listens.
func (f Func) Tell(stage string, done, total int) {
	if f != nil {
		f(Report{Stage: stage, Done: done, Total: total})
	}
}
