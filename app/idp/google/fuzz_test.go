package google_test

import (
	"context"
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

// Whatever the server answers, reading comes to an end, with a sentence or with
// something that is well formed.
func FuzzAnswers(f *testing.F) {
	for _, body := range []string{`{"groups":[{"id":"g1","name":"legal","email":"legal@x.io","directMembersCount":"1"}],"users":[{"id":"u1","primaryEmail":"a@x.io","name":{"fullName":"A"}}],"members":[{"id":"u1","email":"a@x.io","type":"USER","status":"ACTIVE"}]}`, `{"nextPageToken":"x"}`, `{}`, `[]`} {
		f.Add([]byte(body), "")
	}
	f.Add([]byte("[]"), `<https://elsewhere.example/next>; rel="next"`)
	server := idptest.NewAnswers(f)
	config := google.Config{URL: server.URL, Account: account(f, server.URL), Admin: "admin@x.io", Rate: 1e6}
	f.Fuzz(func(t *testing.T, body []byte, link string) {
		server.Set(body, link)
		idptest.Endures(t, func(ctx context.Context) error {
			provider, err := google.New(config)
			require.NoError(t, err)
			defer provider.Close()
			side, _, err := provider.Read(ctx, nil, nil)
			if err == nil {
				require.NoError(t, side.Valid())
			}
			return err
		})
		idptest.Endures(t, func(ctx context.Context) error {
			provider, err := google.New(config)
			require.NoError(t, err)
			defer provider.Close()
			if err := provider.Check(ctx); err != nil {
				return err
			}
			if _, err := provider.Person(ctx, "u1"); err != nil {
				return err
			}
			_, err = provider.Now(ctx, "g1")
			return err
		})
	})
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
