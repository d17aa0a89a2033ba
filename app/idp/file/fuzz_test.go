package file_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app/idp/file"
	"github.com/rollcall-app/rollcall/app/problem"
)

func FuzzExport(f *testing.F) {
	for _, text := range []string{
		"group,email,name\nlegal,a@x.io,A\n", "group;email\n\"le;gal\";a@x.io\n", "\ufeffgroup\temail\nlegal\ta@x.io", "group,email\n\"legal,a@x.io",
		`[{"group":"legal","email":"a@x.io"}]`, `{"groups":[{"name":"legal","members":["a@x.io",{"email":"b@x.io"}]}]}`, `[{"group":`, "",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		content, err := file.Parse(text)
		if err != nil {
			require.NotEmpty(t, problem.Of(err).Message)
			return
		}
		for _, row := range content.Rows {
			require.NotEmpty(t, row.Group+row.GroupID, "a membership is of some group")
		}
		for _, bad := range content.Bad {
			require.NotEmpty(t, bad.Why)
		}
	})
}
