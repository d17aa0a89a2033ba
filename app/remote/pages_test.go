package remote_test

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app/remote"
)

func TestWhatAServerCountsDoesntKeepAFailureFromEndingTheRead(t *testing.T) {
	failure := errors.New("a row was listed twice")
	err := remote.Each(context.Background(), math.MaxInt, func(_ context.Context, i int) error {
		if i == 20 {
			return failure
		}
		return nil
	})
	require.ErrorIs(t, err, failure)

	err = remote.Indexed(context.Background(), 50, func(_ context.Context, from, _ int) (n, total int, err error) {
		if from > 0 {
			return 0, 0, failure
		}
		return 1, math.MaxInt / 2, nil
	})
	require.ErrorIs(t, err, failure)

	ctx, cancel := context.WithCancel(context.Background())
	err = remote.Each(ctx, math.MaxInt, func(context.Context, int) error {
		cancel()
		return nil
	})
	require.ErrorIs(t, err, context.Canceled)
}
