package run

import (
	"sync"
	"time"
)

// pace tells how long a run still takes. People come before the groups, and after
// them. Within the groups each kind of operation counts against a limit of its own,
// so they go on beside each other, and the groups take as long as the kind of which
// most requests remain.
type pace struct {
	mu    sync.Mutex
	phase Kind
	began time.Time // the phase
	lanes map[Kind]*lane
}

// lane is one kind of operation: how many of how many are done.
type lane struct{ done, total int }

// The lanes that are no operations of their own, and the phase of the groups.
const (
	wholeGroup   Kind = "group" // each is read before and after
	peopleBefore Kind = "people-before"
	peopleAfter  Kind = "people-after"
)

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

// begin says that a phase begins.
func (p *pace) begin(phase Kind, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.phase, p.began = phase, now
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

// left is how long what remains takes, or 0 where that isn't known yet. What is to
// come is taken to go as fast as what goes on.
func (p *pace) left(now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	slowest, requests := p.slowest()
	present := p.lane(p.phase)
	if p.phase == wholeGroup {
		present = p.lane(slowest)
	}
	done := requestsFor(slowest, present.done)
	if p.phase != wholeGroup {
		done = present.done
	}
	if p.began.IsZero() || done == 0 {
		return 0
	}
	for _, kind := range []Kind{peopleBefore, peopleAfter} {
		requests += p.lane(kind).total - p.lane(kind).done
	}
	return now.Sub(p.began) * time.Duration(requests) / time.Duration(done)
}

// slowest is the kind of operation on groups of which most requests remain, and how
// many they are; where none remains, the kind of which most were done.
func (p *pace) slowest() (slowest Kind, remaining int) {
	slowest = wholeGroup
	done := 0
	for kind, lane := range p.lanes {
		if kind == peopleBefore || kind == peopleAfter {
			continue
		}
		remain, did := requestsFor(kind, lane.total-lane.done), requestsFor(kind, lane.done)
		if remain > remaining || remain == remaining && did > done {
			slowest, remaining, done = kind, remain, did
		}
	}
	return slowest, remaining
}
