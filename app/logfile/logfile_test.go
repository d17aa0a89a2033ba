package logfile_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app/logfile"
)

func TestALogIsPutAsideWhenItHasGrownAndRemovedAsAWhole(t *testing.T) {
	folder := t.TempDir()
	log := logfile.In(folder)
	require.NoFileExists(t, log.Path(), "nothing was logged yet")
	out := slog.New(log.Handler(slog.LevelInfo))
	long := strings.Repeat("x", 1<<20)
	for range 12 {
		out.Info("something happened", "what", long)
		out.Debug("not asked for", "what", long)
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.log"))
	require.NoError(t, err)
	require.Len(t, files, 3, "two full ones and the one in use")
	for _, file := range files {
		info, err := os.Stat(file)
		require.NoError(t, err)
		require.LessOrEqual(t, info.Size(), int64(5<<20))
		if runtime.GOOS != "windows" {
			require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "it is its owner's")
		}
	}

	require.NoError(t, log.Remove())
	files, err = filepath.Glob(filepath.Join(folder, "*"))
	require.NoError(t, err)
	require.Empty(t, files)
	require.NoError(t, log.Remove(), "there is nothing left to remove")

	out.Info("and so it goes on")
	require.FileExists(t, log.Path())
	require.NoError(t, log.Close())
}
