package entra_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app/idp/entra"
	"github.com/rollcall-app/rollcall/app/idp/idptest"
)

// Whatever the server answers, reading comes to an end, with a sentence or with
// something that is well formed.
func FuzzAnswers(f *testing.F) {
	for _, body := range []string{`{"value":[{"id":"u1","displayName":"A","mail":"a@x.io","userPrincipalName":"a@x.io","accountEnabled":true,"members@delta":[{"id":"u1","@odata.type":"#microsoft.graph.user"}]}],"@odata.count":1,"responses":[{"id":"0","status":200,"body":{"value":[]}}]}`, `{"value":[],"@odata.nextLink":"/v1.0/users?$skiptoken=x"}`, `{}`, `[]`} {
		f.Add([]byte(body), "")
	}
	f.Add([]byte("[]"), `<https://elsewhere.example/next>; rel="next"`)
	server := idptest.NewAnswers(f)
	config := entra.Config{URL: server.URL, LoginURL: server.URL, Tenant: "t", ClientID: "c", Secret: "s", Rate: 1e6}
	f.Fuzz(func(t *testing.T, body []byte, link string) {
		server.Set(body, link)
		idptest.Endures(t, func(ctx context.Context) error {
			provider, err := entra.New(config)
			require.NoError(t, err)
			defer provider.Close()
			side, _, err := provider.Read(ctx, nil, nil)
			if err == nil {
				require.NoError(t, side.Valid())
			}
			return err
		})
		idptest.Endures(t, func(ctx context.Context) error {
			provider, err := entra.New(config)
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
