package okta_test

import (
	"testing"

	"github.com/rollcall-app/rollcall/app/idp/idptest"
	"github.com/rollcall-app/rollcall/app/idp/okta"
)

func FuzzAnswers(f *testing.F) {
	idptest.Fuzz(f, func(server string) func() (*okta.Okta, error) {
		return func() (*okta.Okta, error) {
			return okta.New(okta.Config{URL: server, Token: "fuzzed"})
		}
	},
		`[{"id":"00g1","profile":{"name":"legal"},"type":"OKTA_GROUP","_embedded":{"stats":{"usersCount":1}},"status":"ACTIVE","firstName":"A","login":"a@x.io","email":"a@x.io"}]`,
		`{"errorCode":"E0000011"}`,
		`[]`, `null`)
}
