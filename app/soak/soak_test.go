// Package soak_test tries the whole program at length: it ends the real process
// at random moments of runs, and disturbs the traffic to the other sides.
// Everyday runs are short; make soak makes them long.
package soak_test

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app/simulator"
)

// times is how often something is tried: as the variable says, else usual.
func times(t *testing.T, variable string, usual int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	require.NoError(t, err)
	return n
}

// build builds the real program, and gives its path.
func build(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "rollcall")
	out, err := exec.Command("go", "build", "-tags", "ci", "-o", binary, "github.com/rollcall-app/rollcall").CombinedOutput()
	require.NoError(t, err, string(out))
	return binary
}

// leaks looks for secrets in every file of a folder.
func leaks(t *testing.T, folder string, secrets ...string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		for _, secret := range secrets {
			require.False(t, bytes.Contains(content, []byte(secret)), "%s holds %s", path, secret)
		}
		return err
	}))
}

// company is small, so that many runs take little time, and has whatever a sync
// does: groups to create, people to invite, to add and to remove.
func company() *simulator.Company {
	c := simulator.Sample(11, 14, 60)
	c.PendingDomains = nil
	return c
}

func sorted(list []string) []string {
	slices.Sort(list)
	return list
}
