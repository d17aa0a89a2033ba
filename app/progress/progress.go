// Package progress carries word of how far something is from whatever does it
// to whatever shows it.
package progress

// Report is one word of progress. Total is 0 where it isn't known yet.
type Report struct {
	// Stage says what is being done: "Reading members in Okta".
	Stage       string
	Done, Total int
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
