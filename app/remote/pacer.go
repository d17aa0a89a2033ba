package remote

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"golang.org/x/time/rate"
)

// nearly is how close to a rate it is paced that no header tells: near enough to
// lose nothing, and far enough that no jitter of the network exceeds it.
const nearly = 0.97

// pacer keeps one endpoint just under its rate limit. Until an answer carries
// rate headers it spaces requests evenly; from then on it spends what the
// headers say is left of the window, and then waits for the next one.
type pacer struct {
	start *rate.Limiter
	first rate.Limit // of start, before it was slowed down

	mu       sync.Mutex
	known    bool
	limit    int
	left     int       // of the present window, what is under way counted off
	reset    time.Time // when the window ends, by our clock
	hold     time.Time // told by Retry-After
	slowed   time.Time // when start was slowed down last
	underWay int
	news     chan struct{} // closed when an answer tells the limit
}

func newPacer(start rate.Limit, mostCost int) *pacer {
	return &pacer{start: rate.NewLimiter(start*nearly, mostCost), first: start * nearly, news: make(chan struct{})}
}

func (p *pacer) setRate(start rate.Limit) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.first = start * nearly
	p.start.SetLimit(p.first)
}

// turn is what a request waits for: a delay, after which it may be sent where it
// has a place in the spacing, and must ask again where it has none.
type turn struct {
	delay time.Duration
	place *rate.Reservation
	news  <-chan struct{} // closed when the delay may have changed
}

// wait blocks until one more request of some units may be sent, and counts it as
// under way; each return without an error owes a done.
func (p *pacer) wait(ctx context.Context, cost int) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		turn := p.reserve(time.Now(), cost)
		if turn.delay <= 0 {
			return nil
		}
		if turn.delay > patience {
			p.give(turn)
			return errPatience
		}
		timer := time.NewTimer(turn.delay)
		select {
		case <-ctx.Done():
			timer.Stop()
			p.give(turn)
			return ctx.Err()
		case <-turn.news: // an answer told more than was known
			timer.Stop()
			p.give(turn)
		case <-timer.C:
			if p.take(turn) {
				return nil
			}
		}
	}
}

// reserve takes one request, or says what to wait for.
func (p *pacer) reserve(now time.Time, cost int) turn {
	p.mu.Lock()
	defer p.mu.Unlock()
	turn := turn{delay: p.hold.Sub(now), news: p.news}
	switch {
	case turn.delay > 0:
	case p.known:
		turn.delay = p.reserveKnown(now)
	default:
		turn.place = p.start.ReserveN(now, cost)
		turn.delay = turn.place.DelayFrom(now)
	}
	if turn.delay <= 0 {
		p.underWay++
	}
	return turn
}

// take counts a request whose turn has come; false where it has to ask again.
func (p *pacer) take(turn turn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if turn.place == nil {
		return false
	}
	if p.known || p.hold.After(time.Now()) {
		turn.place.Cancel()
		return false
	}
	p.underWay++
	return true
}

// give leaves a place to others.
func (p *pacer) give(turn turn) {
	if turn.place != nil {
		turn.place.Cancel()
	}
}

// reserveKnown takes from what is left of the window, and begins the next one
// when it is over.
func (p *pacer) reserveKnown(now time.Time) time.Duration {
	if p.left <= 0 {
		if delay := p.reset.Sub(now); delay > 0 {
			return delay
		}
		// A new window, of which no answer has told yet.
		p.left, p.reset = p.limit-p.underWay, now.Add(time.Second)
		if p.left <= 0 {
			return 10 * time.Millisecond
		}
	}
	p.left--
	return 0
}

func (p *pacer) done() {
	p.mu.Lock()
	p.underWay--
	p.mu.Unlock()
}

// observe learns from an answer's headers: Okta's X-Rate-Limit-* (epoch
// seconds), Atlassian's X-RateLimit-* (ISO 8601, sometimes without seconds),
// and Retry-After (seconds or a date).
func (p *pacer) observe(slowDown bool, header http.Header, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	limit, hasLimit := headerInt(header, "X-Rate-Limit-Limit", "X-RateLimit-Limit")
	left, hasLeft := headerInt(header, "X-Rate-Limit-Remaining", "X-RateLimit-Remaining")
	reset, hasReset := resetTime(header, now)
	if hasLimit && hasLeft && hasReset && limit > 0 {
		p.learn(limit, left, reset)
		close(p.news)
		p.news = make(chan struct{})
	}
	if !p.known {
		p.adapt(slowDown, now)
	}
	if !slowDown {
		return
	}
	p.left = 0
	close(p.news) // whoever has a place waits, too
	p.news = make(chan struct{})
	switch after, ok := retryAfter(header, now); {
	case ok:
		p.hold = now.Add(after)
	case hasReset:
		p.hold = reset
	}
}

// oneReason is how long everything that is told to slow down is told so for one
// reason: what was under way at once, or stood in one batch.
const oneReason = time.Second

// adapt finds the rate of an endpoint that tells none: half as fast after being
// told to slow down, once for one reason, a little faster after each other answer.
func (p *pacer) adapt(slowDown bool, now time.Time) {
	const slowest = 1. / 20
	switch {
	case !slowDown:
		p.start.SetLimit(min(p.start.Limit()*1.02, p.first))
	case now.Sub(p.slowed) > oneReason:
		p.slowed = now
		p.start.SetLimit(max(p.start.Limit()/2, p.first*slowest))
	}
}

// tooMany gives the error by which a call answered with 429 is sent again: at
// once where the pacer knows how long to hold it, else after a backoff.
func (p *pacer) tooMany(err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.hold.After(time.Now()) {
		return fmt.Errorf("%w: %w", err, backoff.RetryAfter(0))
	}
	return err
}

func (p *pacer) learn(limit, left int, reset time.Time) {
	// What else is under way may not be counted in this answer yet.
	left -= p.underWay - 1
	const sameWindow = 500 * time.Millisecond
	if p.known && reset.Sub(p.reset).Abs() < sameWindow {
		left = min(left, p.left)
	}
	p.known, p.limit, p.left, p.reset = true, limit, left, reset
}

func headerInt(header http.Header, names ...string) (int, bool) {
	for _, name := range names {
		if n, err := strconv.Atoi(header.Get(name)); err == nil {
			return n, true
		}
	}
	return 0, false
}

// sameClock is how far the Date header, which counts whole seconds, may be from
// our clock for the two to be taken as equal.
const sameClock = 2 * time.Second

// resetTime gives the end of the window by our clock. Where the other side's
// clock, told by its Date header, is another, the difference is set off.
func resetTime(header http.Header, now time.Time) (time.Time, bool) {
	theirs, err := time.Parse(http.TimeFormat, header.Get("Date"))
	if err != nil || now.Sub(theirs).Abs() < sameClock {
		theirs = now
	}
	if epoch, err := strconv.ParseInt(header.Get("X-Rate-Limit-Reset"), 10, 64); err == nil {
		return now.Add(time.Unix(epoch, 0).Sub(theirs)), true
	}
	text := header.Get("X-RateLimit-Reset")
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04Z07:00"} {
		if at, err := time.Parse(layout, text); err == nil {
			return now.Add(max(at.Sub(theirs), 0)), true
		}
	}
	return time.Time{}, false
}

func retryAfter(header http.Header, now time.Time) (time.Duration, bool) {
	text := header.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil && seconds >= 0 {
		return time.Duration(seconds) * time.Second, true
	}
	if at, err := time.Parse(http.TimeFormat, text); err == nil {
		return max(at.Sub(now), 0), true
	}
	return 0, false
}
