package okta_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app/idp/idptest"
	"github.com/rollcall-app/rollcall/app/idp/okta"
)

// Whatever the server answers, reading comes to an end, with a sentence or with
// something that is well formed.
func FuzzAnswers(f *testing.F) {
	for _, body := range []string{`[{"id":"00g1","profile":{"name":"legal"},"type":"OKTA_GROUP","_embedded":{"stats":{"usersCount":1}},"status":"ACTIVE","firstName":"A","login":"a@x.io","email":"a@x.io"}]`, `{"errorCode":"E0000011"}`, `[]`, `null`} {
		f.Add([]byte(body), "")
	}
	f.Add([]byte("[]"), `<https://elsewhere.example/next>; rel="next"`)
	server := idptest.NewAnswers(f)
	config := okta.Config{URL: server.URL, Token: "fuzzed"}
	f.Fuzz(func(t *testing.T, body []byte, link string) {
		server.Set(body, link)
		idptest.Endures(t, func(ctx context.Context) error {
			provider, err := okta.New(config)
			require.NoError(t, err)
			defer provider.Close()
			side, _, err := provider.Read(ctx, nil, nil)
			if err == nil {
				require.NoError(t, side.Valid())
			}
			return err
		})
		idptest.Endures(t, func(ctx context.Context) error {
			provider, err := okta.New(config)
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
