package cli

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/progress"
)

// statusLine shows progress in one line of a terminal, a few times a second.
type statusLine struct {
	out   io.Writer
	mu    sync.Mutex
	last  time.Time
	stage string
}

func (l *statusLine) tell(report progress.Report) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if report.Stage == l.stage && now.Sub(l.last) < 100*time.Millisecond && report.Done != report.Total {
		return
	}
	l.last, l.stage = now, report.Stage
	text := report.Stage
	if report.Total > 0 {
		text = lang.L("%s: %d of %d", text, report.Done, report.Total)
	}
	fmt.Fprintf(l.out, "\r\x1b[K%s", text)
}

func (l *statusLine) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprint(l.out, "\r\x1b[K")
}
