package storage

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/rollcall-app/rollcall/app/problem"
)

// asNobody does something with the rights of somebody else than root, where the
// tests run as root.
func asNobody(t *testing.T, folder string, do func()) {
	t.Helper()
	if os.Getuid() != 0 {
		do()
		return
	}
	const nobody = 65534
	for path := folder; path != os.TempDir(); path = filepath.Dir(path) {
		require.NoError(t, os.Chmod(path, 0o755))
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	require.NoError(t, unix.Setfsuid(nobody))
	defer func() { require.NoError(t, unix.Setfsuid(0)) }()
	do()
}

func TestDataThatMayOnlyBeReadIsSaidAndCanBeWrittenOut(t *testing.T) {
	folder := filled(t)
	require.NoError(t, os.Chmod(filepath.Join(folder, fileName), 0o444))
	asNobody(t, folder, func() {
		_, err := Open(folder)
		require.True(t, problem.Is(err, problem.Storage), "%v", err)
		require.ErrorContains(t, err, "Give yourself the right to write there")
		require.ErrorContains(t, err, "rollcall data export")
		var out bytes.Buffer
		records, unread, err := Upkeep{}.Export(folder, &out)
		require.NoError(t, err)
		require.Zero(t, unread)
		require.Equal(t, records, bytes.Count(out.Bytes(), []byte("\n")))
		require.Contains(t, out.String(), `"bucket":"decisions"`)
	})
}
