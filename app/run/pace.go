package run

import (
	"sync"
	"time"
)

// pace tells how long a run still takes. Each kind of operation counts against a
// limit of its own, so they go on beside each other, and the run takes as long as
// the kind of which most requests remain.
type pace struct {
	mu    sync.Mutex
	began time.Time
	lanes map[Kind]*lane
}

// lane is one kind of operation: how many of how many are done.
type lane struct{ done, total int }

// wholeGroup is the lane of groups, each of which is read before and after.
const wholeGroup Kind = "group"

// requestsFor is how many requests of one limit something takes at least.
func requestsFor(kind Kind, n int) int {
	switch kind {
	case wholeGroup:
		return 2 * n
	case Invite:
		return n / 10
	}
	return n
}

func newPace() *pace { return &pace{lanes: map[Kind]*lane{}} }

func (p *pace) lane(kind Kind) *lane {
	if p.lanes[kind] == nil {
		p.lanes[kind] = &lane{}
	}
	return p.lanes[kind]
}

// begin starts the clock, unless it goes already.
func (p *pace) begin(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.began.IsZero() {
		p.began = now
	}
}

// expect adds operations that are to be done.
func (p *pace) expect(kind Kind, n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lane(kind).total += n
}

// did notes operations that are done.
func (p *pace) did(kind Kind, n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lane(kind).done += n
}

// left is how long what remains takes, or 0 where that isn't known yet.
func (p *pace) left(now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	longest := &lane{}
	most := 0
	for kind, lane := range p.lanes {
		if remain := requestsFor(kind, lane.total-lane.done); remain > most {
			longest, most = lane, remain
		}
	}
	if p.began.IsZero() || longest.done == 0 {
		return 0
	}
	return now.Sub(p.began) / time.Duration(longest.done) * time.Duration(longest.total-longest.done)
}
