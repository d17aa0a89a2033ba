package scim_test

import (
	"testing"

	"github.com/rollcall-app/rollcall/app/idp/idptest"
	"github.com/rollcall-app/rollcall/app/idp/scim"
)

func FuzzAnswers(f *testing.F) {
	idptest.Fuzz(f, func(server string) func() (*scim.SCIM, error) {
		return func() (*scim.SCIM, error) {
			return scim.New(scim.Config{URL: server, Token: "fuzzed", Rate: 1e6})
		}
	},
		`{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":1,"startIndex":1,"itemsPerPage":1,"Resources":[{"id":"1","userName":"a@x.io","active":true,"emails":[{"value":"a@x.io","primary":true}],"displayName":"legal","members":[{"value":"1","type":"User"}]}]}`,
		`{"totalResults":9,"Resources":[]}`,
		`{}`, `[]`)
}
