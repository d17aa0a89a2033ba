package run

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// At the same rate for each kind of request, the time left is right at every moment.
func TestTheTimeLeftGoesByWhatTakesLongest(t *testing.T) {
	p := newPace()
	p.expect(peopleBefore, 50)
	p.expect(Add, 300)
	p.expect(Remove, 100)
	p.expect(wholeGroup, 20)
	p.expect(peopleAfter, 10)
	now := time.Unix(0, 0)
	require.Zero(t, p.left(now), "nothing is known yet")
	const second = time.Second
	whole := (50 + 300 + 10) * second
	spent := time.Duration(0)
	step := func(kinds ...Kind) {
		spent, now = spent+second, now.Add(second)
		for _, kind := range kinds {
			p.did(kind, 1)
		}
		require.Equal(t, whole-spent, p.left(now))
	}
	p.begin(peopleBefore, now)
	for range 50 {
		step(peopleBefore)
	}
	p.begin(wholeGroup, now)
	require.Zero(t, p.left(now))
	for i := range 300 {
		switch {
		case i%3 == 0:
			step(Add, Remove)
		case i%15 == 1:
			step(Add, wholeGroup)
		default:
			step(Add)
		}
	}
	p.begin(peopleAfter, now)
	for range 10 {
		step(peopleAfter)
	}
	require.Zero(t, p.left(now))
}
