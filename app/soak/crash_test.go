//go:build unix

package soak_test

import (
	"bytes"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app/simulator"
)

// The process is made to crash in the middle of a run with everything that it
// knows of each goroutine, as a bug would: the output and the files hold no
// secret.
func TestACrashTellsNoSecret(t *testing.T) {
	p := newPlace(t, build(t))
	data := p.fresh()
	cmd := p.command(data, append(syncAll, "--log", "debug")...)
	cmd.Env = append(cmd.Env, "GOTRACEBACK=system")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	require.NoError(t, cmd.Start())
	require.Eventually(t, func() bool {
		p.writes.mu.Lock()
		defer p.writes.mu.Unlock()
		return len(p.writes.count) > 3
	}, 30*time.Second, time.Millisecond)
	require.NoError(t, cmd.Process.Signal(syscall.SIGQUIT))
	require.Error(t, cmd.Wait())
	require.Contains(t, out.String(), "goroutine ", "it did crash")
	require.Contains(t, out.String(), "level=DEBUG", "and had logged")
	for _, secret := range []string{simulator.OktaToken, simulator.OrgKey} {
		require.NotContains(t, out.String(), secret)
	}
	leaks(t, data, simulator.OktaToken, simulator.OrgKey)
	p.must(data, "resume", "--json")
}
