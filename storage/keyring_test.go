package storage_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/zalando/go-keyring"
	"pgregory.net/rapid"

	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/storage"
)

// entries are a keyring with the limits of one system.
type entries struct {
	kept map[string]string
	fits func(service, name, secret string) bool
	// left is how many more entries may be written; negative for any number.
	left int
}

func (e *entries) Get(service, name string) (string, error) {
	secret, ok := e.kept[service+"/"+name]
	if !ok {
		return "", keyring.ErrNotFound
	}
	return secret, nil
}

func (e *entries) Set(service, name, secret string) error {
	if !e.fits(service, name, secret) {
		return keyring.ErrSetDataTooBig
	}
	if e.left == 0 {
		return fmt.Errorf("the keyring was locked in between")
	}
	e.left--
	e.kept[service+"/"+name] = secret
	return nil
}

func (e *entries) Delete(service, name string) error {
	if _, err := e.Get(service, name); err != nil {
		return err
	}
	delete(e.kept, service+"/"+name)
	return nil
}

// systems are the limits of each system's keyring, as go-keyring has them.
var systems = map[string]func(service, name, secret string) bool{
	"Windows": func(_, _, secret string) bool { return len(secret) <= 2560 },
	"macOS": func(service, name, secret string) bool {
		command := fmt.Sprintf("add-generic-password -U -s '%s' -a '%s' -w 'go-keyring-base64:%s'\n", service, name, base64.StdEncoding.EncodeToString([]byte(secret)))
		return len(command) <= 4096
	},
	"Linux": func(_, _, _ string) bool { return true },
}

const longName = "ldap ldaps://directory.subsidiary.example.org:636 CN=Rollcall Reader,OU=Service Accounts,OU=Identity,DC=ad,DC=subsidiary,DC=example,DC=org"

func TestCredentialsOfAnyLengthFitOnEverySystem(t *testing.T) {
	for name, fits := range systems {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(r *rapid.T) {
				e := &entries{kept: map[string]string{}, fits: fits, left: -1}
				k := storage.Keyring{Entries: e}
				ctx := context.Background()
				for range rapid.IntRange(1, 4).Draw(r, "times") {
					size := rapid.SampledFrom([]int{0, 1, 1999, 2000, 2001, 2560, 4000, 4001, 20_000}).Draw(r, "size")
					secret := strings.Repeat(rapid.SampledFrom([]string{"a", "\n", "é", "'"}).Draw(r, "of"), size)
					require.NoError(r, k.SaveSecret(ctx, longName, secret))
					got, err := k.Secret(ctx, longName)
					require.NoError(r, err)
					require.Equal(r, secret, got)
				}
				require.NoError(r, k.DeleteSecret(ctx, longName))
				require.Empty(r, e.kept, "nothing is left over")
				_, err := k.Secret(ctx, longName)
				require.True(r, problem.Is(err, problem.NotConnected), "%v", err)
			})
		})
	}
}

func TestACredentialThatLooksLikeAListOfPartsIsOne(t *testing.T) {
	k := storage.Keyring{Entries: &entries{kept: map[string]string{}, fits: systems["Windows"], left: -1}}
	require.NoError(t, k.SaveSecret(context.Background(), "name", "rollcall-parts:a:1:b"))
	secret, err := k.Secret(context.Background(), "name")
	require.NoError(t, err)
	require.Equal(t, "rollcall-parts:a:1:b", secret)
}

// Whatever entry the writing breaks off at, the credential is the old or the new
// one, whole.
func TestAnInterruptedSaveLeavesTheCredentialThatWas(t *testing.T) {
	before, after := strings.Repeat("old", 3000), strings.Repeat("new", 3000)
	for writes := range 7 {
		e := &entries{kept: map[string]string{}, fits: systems["Windows"], left: -1}
		k := storage.Keyring{Entries: e}
		require.NoError(t, k.SaveSecret(context.Background(), "name", before))
		e.left = writes
		err := k.SaveSecret(context.Background(), "name", after)
		want := after
		if err != nil {
			want = before
		}
		got, err := k.Secret(context.Background(), "name")
		require.NoError(t, err)
		require.Equal(t, want, got, "after %d writes", writes)
	}
}
