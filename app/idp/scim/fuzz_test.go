package scim_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app/idp/idptest"
	"github.com/rollcall-app/rollcall/app/idp/scim"
)

// Whatever the server answers, reading comes to an end, with a sentence or with
// something that is well formed.
func FuzzAnswers(f *testing.F) {
	for _, body := range []string{`{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":1,"startIndex":1,"itemsPerPage":1,"Resources":[{"id":"1","userName":"a@x.io","active":true,"emails":[{"value":"a@x.io","primary":true}],"displayName":"legal","members":[{"value":"1","type":"User"}]}]}`, `{"totalResults":9,"Resources":[]}`, `{}`, `[]`} {
		f.Add([]byte(body), "")
	}
	f.Add([]byte("[]"), `<https://elsewhere.example/next>; rel="next"`)
	server := idptest.NewAnswers(f)
	config := scim.Config{URL: server.URL, Token: "fuzzed", Rate: 1e6}
	f.Fuzz(func(t *testing.T, body []byte, link string) {
		server.Set(body, link)
		idptest.Endures(t, func(ctx context.Context) error {
			provider, err := scim.New(config)
			require.NoError(t, err)
			defer provider.Close()
			side, _, err := provider.Read(ctx, nil, nil)
			if err == nil {
				require.NoError(t, side.Valid())
			}
			return err
		})
		idptest.Endures(t, func(ctx context.Context) error {
			provider, err := scim.New(config)
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
