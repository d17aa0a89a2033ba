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
// reading both sides' members once: a snapshot of 1,000,000 memberships a side.
func BenchmarkMemberChanges(b *testing.B) {
	r := Compare(Input{Snapshot: directorytest.Large(1_000_000)})
	memberships := float64(r.Snapshot.IdP.Members.Pairs())
	each := func(b *testing.B, do func()) {
		for b.Loop() {
			do()
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/memberships, "ns/membership")
	}
	b.Run("floor", func(b *testing.B) {
		each(b, func() {
			sum := uint32(0)
			for i := range r.Rows {
				for _, no := range r.Snapshot.IdP.Members.Of(r.Rows[i].Source) {
					sum += uint32(no)
				}
				for _, no := range r.Snapshot.Atlassian.Members.Of(r.Rows[i].Groups[0]) {
					sum += uint32(no)
				}
			}
			floor = sum
		})
	})
	b.Run("member changes", func(b *testing.B) {
		var m members
		each(b, func() {
			for i := range r.Rows {
				r.compare(&r.Rows[i], &m)
			}
		})
	})
	b.Run("and who loses access", func(b *testing.B) { each(b, r.countAll) })
}

// floor keeps the sum from being worked out for nothing.
var floor uint32
