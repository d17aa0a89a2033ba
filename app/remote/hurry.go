package remote

import (
	"context"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// Hurry shortens what a client waits for. Tests that meet thousands of faults
// set it; everybody else does well with the defaults.
type Hurry struct {
	// FirstWait is how long after a failure a request is sent again at first,
	// Attempt how long one may take.
	FirstWait, Attempt time.Duration
}

type hurryKey struct{}

// WithHurry has all requests under a context hurry.
func WithHurry(ctx context.Context, hurry Hurry) context.Context {
	return context.WithValue(ctx, hurryKey{}, hurry)
}

// Within is how long one answer may take: usual, or what the hurry says.
func Within(ctx context.Context, usual time.Duration) time.Duration {
	if hurry := hurryOf(ctx); hurry.Attempt > 0 {
		return hurry.Attempt
	}
	return usual
}

// Waits are those between attempts.
func Waits(ctx context.Context) *backoff.ExponentialBackOff {
	waits := backoff.NewExponentialBackOff()
	if hurry := hurryOf(ctx); hurry.FirstWait > 0 {
		waits.InitialInterval = hurry.FirstWait
	}
	return waits
}

func hurryOf(ctx context.Context) Hurry {
	hurry, _ := ctx.Value(hurryKey{}).(Hurry)
	return hurry
}
