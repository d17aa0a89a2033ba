package app_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/simulator"
	"github.com/rollcall-app/rollcall/storage"
)

// noKeyring is a machine without one.
type noKeyring struct{ app.MemorySecrets }

var errNoKeyring = problem.New(problem.Keyring, "There is no keyring.", "Set the variable.")

func (*noKeyring) Secret(context.Context, string) (string, error) { return "", errNoKeyring }

func TestTheKeyOfSnapshotsIsMadeOnceAndComesFromTheVariableWhereItIsSet(t *testing.T) {
	var log bytes.Buffer
	variable := ""
	key := &app.CacheKey{Secrets: &app.MemorySecrets{}, Folder: "/data", Environment: func(string) string { return variable }, Log: slog.New(slog.NewTextHandler(&log, nil))}
	ctx := context.Background()
	none, err := key.Key(ctx, false)
	require.NoError(t, err)
	require.Empty(t, none, "reading makes no key")
	made, err := key.Key(ctx, true)
	require.NoError(t, err)
	require.Contains(t, made, "AGE-SECRET-KEY-1")
	again, err := key.Key(ctx, true)
	require.NoError(t, err)
	require.Equal(t, made, again)
	variable = "given"
	given, err := key.Key(ctx, true)
	require.NoError(t, err)
	require.Equal(t, "given", given)
	require.Empty(t, log.String())
	require.NotContains(t, log.String(), made)
}

func TestWithoutAKeyringEachSnapshotInTheClearIsWarnedOf(t *testing.T) {
	var log bytes.Buffer
	key := &app.CacheKey{Secrets: &noKeyring{}, Folder: "/data", Environment: func(string) string { return "" }, Log: slog.New(slog.NewTextHandler(&log, nil))}
	for range 2 {
		none, err := key.Key(context.Background(), true)
		require.NoError(t, err)
		require.Empty(t, none)
	}
	require.Equal(t, 2, bytes.Count(log.Bytes(), []byte("is kept unencrypted")))
}

func TestForgettingLeavesNothingOnThisMachine(t *testing.T) {
	simulation, err := simulator.Start(simulator.Options{Company: simulator.Sample(1, 10, 60), Rate: 100_000})
	require.NoError(t, err)
	t.Cleanup(simulation.Close)
	folder := t.TempDir()
	store, err := storage.Open(folder)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	secrets := &counted{}
	none := func(string) string { return "" }
	key := &app.CacheKey{Secrets: secrets, Folder: folder, Environment: none, Log: slog.New(slog.DiscardHandler)}
	store.Protect(func(make bool) (string, error) { return key.Key(context.Background(), make) })
	s := &session{simulation: simulation, store: store, app: &app.App{Store: store, Secrets: secrets, CacheKey: key, Environment: none}}
	s.connect(t, app.IdPSettings{})
	s.connectProvisioning(t)
	s.fetch(t)
	require.Equal(t, 4, secrets.n, "three connections and the key of the snapshot")
	text, err := os.ReadFile(filepath.Join(folder, "rollcall.db"))
	require.NoError(t, err)
	require.NotContains(t, string(text), simulator.OktaToken)
	require.NotContains(t, string(text), simulator.OrgKey)

	require.NoError(t, s.app.Forget(context.Background()))
	require.Zero(t, secrets.n)
	settings, err := store.Settings()
	require.NoError(t, err)
	require.Equal(t, app.Settings{}, settings)
	_, err = s.app.Review(false)
	require.True(t, problem.Is(err, problem.NoSnapshot), "%v", err)
}

// counted counts the credentials that it keeps.
type counted struct {
	app.MemorySecrets
	n int
}

func (c *counted) SaveSecret(ctx context.Context, name, secret string) error {
	c.n++
	return c.MemorySecrets.SaveSecret(ctx, name, secret)
}

func (c *counted) DeleteSecret(ctx context.Context, name string) error {
	if _, err := c.Secret(ctx, name); err == nil {
		c.n--
	}
	return c.MemorySecrets.DeleteSecret(ctx, name)
}
