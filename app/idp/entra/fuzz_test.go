package entra_test

import (
	"testing"

	"github.com/rollcall-app/rollcall/app/idp/entra"
	"github.com/rollcall-app/rollcall/app/idp/idptest"
)

func FuzzAnswers(f *testing.F) {
	idptest.Fuzz(f, func(server string) func() (*entra.Entra, error) {
		return func() (*entra.Entra, error) {
			return entra.New(entra.Config{URL: server, LoginURL: server, Tenant: "t", ClientID: "c", Secret: "s", Rate: 1e6})
		}
	},
		`{"value":[{"id":"u1","displayName":"A","mail":"a@x.io","userPrincipalName":"a@x.io","accountEnabled":true,"members@delta":[{"id":"u1","@odata.type":"#microsoft.graph.user"}]}],"@odata.count":1,"responses":[{"id":"0","status":200,"body":{"value":[]}}]}`,
		`{"value":[],"@odata.nextLink":"/v1.0/users?$skiptoken=x"}`,
		`{}`, `[]`)
}
