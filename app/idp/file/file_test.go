package file_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/unicode"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/idp"
	"github.com/rollcall-app/rollcall/app/idp/file"
	"github.com/rollcall-app/rollcall/app/idp/idptest"
	"github.com/rollcall-app/rollcall/app/problem"
)

func save(t *testing.T, text []byte) *file.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "export")
	require.NoError(t, os.WriteFile(path, text, 0o600))
	f, err := file.New(path)
	require.NoError(t, err)
	return f
}

// export writes a world as a directory would: a line for each membership.
func export(world idptest.World) []byte {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	_ = w.Write([]string{"Group ID", "Group", "E-mail", "Full name", "Status"})
	line := func(id, group string, person idptest.Person) {
		status := "active"
		if person.Disabled {
			status = "suspended"
		}
		_ = w.Write([]string{id, group, person.Email, person.Name, status})
	}
	for g, group := range world.Groups {
		_ = w.Write([]string{fmt.Sprint(g), group.Name, "", "", ""})
		for _, member := range group.Members {
			line(fmt.Sprint(g), group.Name, world.People[member])
		}
	}
	w.Flush()
	return out.Bytes()
}

func TestAFilePassesTheSuite(t *testing.T) {
	idptest.Run(t, idptest.Server{
		Page: 100, OnlyMembers: true,
		Serve: func(t *testing.T, world idptest.World, _ idptest.Wrap) idp.Provider { return save(t, export(world)) },
		BreaksOff: func(t *testing.T, world idptest.World) idp.Provider {
			text := export(world)
			return save(t, append(text[:len(text)/2], `,"`...))
		},
	})
}

func members(t *testing.T, f *file.File) map[string][]string {
	t.Helper()
	side, _, err := f.Read(context.Background(), nil, nil)
	require.NoError(t, err)
	all := map[string][]string{}
	for i := range side.Groups {
		all[side.Groups[i].Name] = []string{}
		for _, no := range side.Members.Of(directory.SourceNo(i)) {
			all[side.Groups[i].Name] = append(all[side.Groups[i].Name], side.People[no].Email)
		}
	}
	return all
}

func TestExportsOfManyKindsAreUnderstood(t *testing.T) {
	want := map[string][]string{"legal": {"ana@x.io", "bo@x.io"}, "empty": {}}
	wide, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().Bytes([]byte("group\tmail\nlegal\tana@x.io\nlegal\tbo@x.io\nempty\t\n"))
	require.NoError(t, err)
	for name, text := range map[string]string{
		"commas":                     "group,email,name\nlegal,ana@x.io,Ana\nlegal,bo@x.io,Bo\nempty,,\n",
		"semicolons and other names": "Name;Group_Name;User Principal Name\nAna;legal;ana@x.io\nBo;legal;bo@x.io\n;empty;\n",
		"tabs in UTF-16":             string(wide),
		"a byte order mark":          "\ufeffgroup,email\nlegal,ana@x.io\nlegal,bo@x.io\nempty,\n",
		"a line twice":               "group,email\nlegal,ana@x.io\nlegal,ana@x.io\nlegal,bo@x.io\nempty,\n",
		"a list of memberships":      `[{"group":"legal","email":"ana@x.io"},{"group":"legal","mail":"bo@x.io"},{"group":"empty"}]`,
		"a list of groups":           `[{"name":"legal","members":["ana@x.io",{"email":"bo@x.io","name":"Bo"}]},{"name":"empty","members":[]}]`,
		"groups in a document":       `{"groups":[{"id":"1","name":"legal","members":["ana@x.io","bo@x.io"]},{"id":"2","name":"empty","members":[]}]}`,
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, want, members(t, save(t, []byte(text)))) })
	}
}

func TestABadLineIsNamedAndStopsTheRead(t *testing.T) {
	f := save(t, []byte("group,email,name\nlegal,ana@x.io,Ana\nlegal,bo,Bo\n,cy@x.io,Cy\nlegal,,Dee\nlegal\n"))
	content, err := f.Preview()
	require.NoError(t, err)
	require.Len(t, content.Rows, 1)
	var lines []int
	for _, bad := range content.Bad {
		lines = append(lines, bad.Line)
		require.NotEmpty(t, bad.Why)
	}
	require.Equal(t, []int{3, 4, 5, 6}, lines)
	require.Equal(t, map[string]string{"group": "group", "email": "email", "name": "name"}, content.Columns)

	_, _, err = f.Read(context.Background(), nil, nil)
	require.True(t, problem.Is(err, problem.Incomplete), "%v", err)
	for _, line := range []string{"line 3", "line 4", "line 5", "line 6"} {
		require.Contains(t, err.Error(), line)
	}
}

func TestWhatIsNoExportIsSaidToBeSo(t *testing.T) {
	for name, text := range map[string]string{
		"nothing": "", "other columns": "a,b\n1,2\n", "no address": "group,name\nlegal,Ana\n", "a document without groups": `{"users":[]}`,
		"broken JSON": `[{"group":`, "a quote that never ends": "group,email\n\"legal,ana@x.io\n",
	} {
		_, err := save(t, []byte(text)).Preview()
		require.True(t, problem.Is(err, problem.BadAnswer), "%s: %v", name, err)
	}
	f, err := file.New(filepath.Join(t.TempDir(), "none"))
	require.NoError(t, err)
	require.True(t, problem.Is(f.Check(context.Background()), problem.NotFound))
}
