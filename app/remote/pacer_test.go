package remote

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A batch whose parts are all told to slow down, and what was under way beside it, is
// one reason to; what is told so later is another.
func TestBeingToldToSlowDownManyTimesForOneReasonSlowsDownOnce(t *testing.T) {
	p, now := newPacer(100, 1), time.Now()
	full := p.start.Limit()
	for range 20 {
		p.observe(true, http.Header{}, now)
	}
	require.Equal(t, full/2, p.start.Limit())
	p.observe(true, http.Header{}, now.Add(2*oneReason))
	require.Equal(t, full/4, p.start.Limit())
	for range 100 {
		p.observe(false, http.Header{}, now.Add(3*oneReason))
	}
	require.Equal(t, full, p.start.Limit(), "and then goes as fast as before")
}
