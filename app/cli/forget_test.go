package cli_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/simulator"
)

func TestEverythingIsForgottenWhereItIsMeant(t *testing.T) {
	x, _ := connected(t, simulator.Options{Company: simulator.Sample(4, 10, 60)})
	unprotected := x.run("", "fetch")
	require.Equal(t, 0, unprotected.code)
	require.Contains(t, unprotected.err, "kept unencrypted", "there is no keyring")
	t.Setenv(app.CacheKeyVariable, "a passphrase")
	protected := x.run("", "fetch")
	require.Equal(t, 0, protected.code)
	require.NotContains(t, protected.err, "unencrypted")
	require.Equal(t, 0, x.run("", "review").code)
	t.Setenv(app.CacheKeyVariable, "another")
	require.Contains(t, x.run("", "review", "--json").problem(t).Error.Action, "ROLLCALL_CACHE_KEY")

	require.Equal(t, "refused", string(x.run("", "forget", "--json").problem(t).Error.Code))
	require.Equal(t, 0, x.run("", "forget", "--yes").code)
	require.Equal(t, "no_snapshot", string(x.run("", "review", "--json").problem(t).Error.Code))
}
