package review

import (
	"fmt"
	"testing"

	"github.com/rollcall-app/rollcall/app/directory/directorytest"
)

// BenchmarkCompare measures a whole review: people matched, states, member
// changes and losses counted.
func BenchmarkCompare(b *testing.B) {
	for _, memberships := range []int{10_000, 100_000, 1_000_000, 8_000_000} {
		snapshot := directorytest.Large(memberships)
		b.Run(fmt.Sprint(memberships), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Compare(Input{Snapshot: snapshot})
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(memberships), "ns/membership")
		})
	}
}

// BenchmarkMemberChanges measures the member changes alone, against the floor of
// one goroutine that reads both sides' members once and does nothing with them.
func BenchmarkMemberChanges(b *testing.B) {
	for _, memberships := range []int{1_000_000, 8_000_000} {
		r := Compare(Input{Snapshot: directorytest.Large(memberships)})
		pairs := float64(r.Snapshot.IdP.Members.Pairs())
		floor := 0.0
		measure := func(name string, do func()) {
			b.Run(fmt.Sprintf("%s/%d", name, memberships), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					do()
				}
				each := float64(b.Elapsed().Nanoseconds()) / float64(b.N) / pairs
				if floor == 0 {
					floor = each
				}
				b.ReportMetric(each, "ns/membership")
				b.ReportMetric(each/floor, "floors")
			})
		}
		measure("floor", r.readOnce)
		measure("one goroutine", func() {
			var scratch members
			for i := range r.Rows {
				r.differ(&r.Rows[i], &scratch)
			}
		})
		measure("all processors", func() { r.eachRow(r.differ) })
		measure("all processors, with who loses access", func() { r.eachRow(r.count) })
	}
}

// readOnce reads the members of both sides.
func (r *Review) readOnce() {
	sum := uint32(0)
	for i := range r.Rows {
		for _, no := range r.Snapshot.IdP.Members.Of(r.Rows[i].Source) {
			sum += uint32(no)
		}
		for _, no := range r.Snapshot.Atlassian.Members.Of(r.Rows[i].Groups[0]) {
			sum += uint32(no)
		}
	}
	readSum = sum
}

// readSum keeps the sum from being worked out for nothing.
var readSum uint32
