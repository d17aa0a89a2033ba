package app

import (
	"context"
	"sync"

	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/problem"
)

// MemorySecrets keep credentials for as long as the process lasts: the sample
// company's, so that the demo and the tests leave the keyring alone. The zero
// value is ready.
type MemorySecrets struct{ kept sync.Map }

// Secret gives a credential; one that isn't there is a problem of code
// NotConnected.
func (m *MemorySecrets) Secret(_ context.Context, name string) (string, error) {
	if secret, ok := m.kept.Load(name); ok {
		return secret.(string), nil
	}
	return "", problem.New(problem.NotConnected, lang.L("There are no credentials for this connection."), lang.L("Connect again."))
}

// SaveSecret keeps a credential.
func (m *MemorySecrets) SaveSecret(_ context.Context, name, secret string) error {
	m.kept.Store(name, secret)
	return nil
}

// DeleteSecret forgets a credential.
func (m *MemorySecrets) DeleteSecret(_ context.Context, name string) error {
	m.kept.Delete(name)
	return nil
}
