package storage

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"filippo.io/age"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/directory/directorytest"
)

// BenchmarkSnapshot measures keeping and opening a snapshot, encrypted, up to the
// largest directory that Atlassian permits: the time, what is allocated beside
// the snapshot's own size in memory, and how much of the disk the latest and the
// one before take together.
func BenchmarkSnapshot(b *testing.B) {
	identity, err := age.GenerateX25519Identity()
	require.NoError(b, err)
	for _, memberships := range []int{100_000, 1_000_000, 8_000_000} {
		snapshot := directorytest.Large(memberships)
		folder := b.TempDir()
		database, err := Open(folder)
		require.NoError(b, err)
		database.Protect(func(bool) (string, error) { return identity.String(), nil })
		b.Run(fmt.Sprintf("store/%d", memberships), func(b *testing.B) {
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				n++
				snapshot.ID = fmt.Sprint(n)
				require.NoError(b, database.SaveSnapshot(snapshot))
			}
			info, err := os.Stat(filepath.Join(folder, fileName))
			require.NoError(b, err)
			b.ReportMetric(float64(info.Size())/1e6, "MB-on-disk")
		})
		b.Run(fmt.Sprintf("open/%d", memberships), func(b *testing.B) {
			b.ReportAllocs()
			var opened *directory.Snapshot
			before := heap()
			for b.Loop() {
				opened, err = database.Snapshot()
				require.NoError(b, err)
			}
			b.ReportMetric(float64(heap()-before)/1e6, "MB-snapshot")
			runtime.KeepAlive(opened)
		})
		require.NoError(b, database.Close())
	}
}

// heap is how many bytes are in use.
func heap() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}
