package app

import (
	"context"
	"log/slog"

	"filippo.io/age"

	"github.com/rollcall-app/rollcall/app/problem"
)

// CacheKeyVariable gives the key of snapshots to one process: one made by
// age-keygen, or a passphrase.
const CacheKeyVariable = "ROLLCALL_CACHE_KEY"

// CacheKey finds the key that snapshots are encrypted with: they hold names and
// e-mail addresses.
type CacheKey struct {
	Secrets Secrets
	// Folder is where the snapshots are kept; each has a key of its own.
	Folder string
	// Environment looks up variables.
	Environment func(string) string
	Log         *slog.Logger
}

func (k *CacheKey) secretName() string { return "cache key " + k.Folder }

// Key gives the key: from the environment where it is set, else from the
// keyring, where one is filed if make says so. Where there is no keyring it is
// empty, and a warning is written each time.
func (k *CacheKey) Key(ctx context.Context, make bool) (string, error) {
	if key := k.Environment(CacheKeyVariable); key != "" {
		return key, nil
	}
	key, err := k.Secrets.Secret(ctx, k.secretName())
	if err == nil {
		return key, nil
	}
	if problem.Is(err, problem.NotConnected) && make {
		identity, failed := age.GenerateX25519Identity()
		if failed != nil {
			return "", failed
		}
		if err = k.Secrets.SaveSecret(ctx, k.secretName(), identity.String()); err == nil {
			return identity.String(), nil
		}
	}
	if make {
		k.Log.Warn("The snapshot, which holds names and e-mail addresses, is kept unencrypted: there is no keyring for its key. Set "+CacheKeyVariable+".", "folder", k.Folder)
	}
	return "", nil
}

// Forget deletes the key: what was encrypted with it can't be read any more.
func (k *CacheKey) Forget(ctx context.Context) error {
	return k.Secrets.DeleteSecret(ctx, k.secretName())
}
