package main

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCommandsSpeakTheLanguageThatIsGiven(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "rollcall")
	out, err := exec.Command("go", "build", "-tags", "ci", "-o", binary, ".").CombinedOutput()
	require.NoError(t, err, string(out))
	for name, test := range map[string]struct {
		language         []string
		heading, refused string
	}{
		"English of themselves": {nil, "GUARD", "Nothing has been fetched yet."},
		"German":                {[]string{"--lang", "de"}, "SCHUTZREGEL", "Es wurde noch nichts abgerufen."},
		"French":                {[]string{"--lang", "fr"}, "GARDE-FOU", "Rien n'a encore été récupéré."},
		"Spanish":               {[]string{"--lang", "es"}, "SALVAGUARDA", "Aún no se ha leído nada."},
		"Japanese":              {[]string{"--lang", "ja"}, "ガード", "まだ何も取得していません。"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			command := func(args ...string) (string, error) {
				out, err := exec.Command(binary, append(append(test.language, "--data", folder), args...)...).CombinedOutput()
				return string(out), err
			}
			guards, err := command("guards")
			require.NoError(t, err, guards)
			require.Contains(t, guards, test.heading)

			refused, err := command("review")
			require.Error(t, err)
			require.Contains(t, refused, test.refused)
		})
	}
}
