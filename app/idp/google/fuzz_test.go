package google_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app/idp/google"
	"github.com/rollcall-app/rollcall/app/idp/idptest"
)

func FuzzAnswers(f *testing.F) {
	idptest.Fuzz(f, func(server string) func() (*google.Google, error) {
		config := google.Config{URL: server, Account: account(f, server), Admin: "admin@x.io", Rate: 1e6}
		return func() (*google.Google, error) { return google.New(config) }
	},
		`{"groups":[{"id":"g1","name":"legal","email":"legal@x.io","directMembersCount":"1"}],"users":[{"id":"u1","primaryEmail":"a@x.io","name":{"fullName":"A"}}],"members":[{"id":"u1","email":"a@x.io","type":"USER","status":"ACTIVE"}]}`,
		`{"nextPageToken":"x"}`,
		`{}`, `[]`)
}

// account is the key file of a service account that gets its tokens from a
// server.
func account(tb testing.TB, server string) string {
	tb.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(tb, err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(tb, err)
	file, err := json.Marshal(map[string]string{
		"type": "service_account", "private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), "client_email": "a@b", "token_uri": server + "/token",
	})
	require.NoError(tb, err)
	return string(file)
}
