package storage

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app/directory/directorytest"
)

// BenchmarkSnapshot measures keeping and opening a snapshot, up to the largest
// directory that Atlassian permits, and says how much of the disk it takes.
func BenchmarkSnapshot(b *testing.B) {
	for _, memberships := range []int{100_000, 1_000_000, 8_000_000} {
		snapshot := directorytest.Large(memberships)
		folder := b.TempDir()
		database, err := Open(folder)
		require.NoError(b, err)
		b.Run(fmt.Sprintf("store/%d", memberships), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				require.NoError(b, database.SaveSnapshot(snapshot))
			}
		})
		b.Run(fmt.Sprintf("open/%d", memberships), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, err := database.Snapshot()
				require.NoError(b, err)
			}
			info, err := os.Stat(filepath.Join(folder, fileName))
			require.NoError(b, err)
			b.ReportMetric(float64(info.Size())/1e6, "MB-on-disk")
		})
		require.NoError(b, database.Close())
	}
}
