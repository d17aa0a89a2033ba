package soak_test

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/idp/entra"
	"github.com/rollcall-app/rollcall/app/idp/google"
	"github.com/rollcall-app/rollcall/app/idp/okta"
	"github.com/rollcall-app/rollcall/app/idp/scim"
	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/progress"
	runs "github.com/rollcall-app/rollcall/app/run"
	"github.com/rollcall-app/rollcall/app/simulator"
	"github.com/rollcall-app/rollcall/storage"
)

// measured is what the servers counted.
type measured struct {
	mu       sync.Mutex
	requests []simulator.Metered
}

func (m *measured) hear(request simulator.Metered) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.requests = append(m.requests, request)
}

// take gives what was counted since the last time, by side and bucket.
func (m *measured) take() map[string][]simulator.Metered {
	m.mu.Lock()
	defer m.mu.Unlock()
	buckets := map[string][]simulator.Metered{}
	for _, request := range m.requests {
		name := request.Side + " " + request.Bucket
		buckets[name] = append(buckets[name], request)
	}
	m.requests = nil
	return buckets
}

// fewest is how many requests a slice of time permits at least by which the use of a
// rate is judged: fewer, and whole requests would blur it.
const fewest = 100

// atOnce is how many units go by one request where a provider takes batches.
var atOnce = map[string]float64{"entra": 80}

// permitted gives how much of what was permitted a bucket used, in percent, in its
// leanest slice of time and on the whole; ok is false where it wasn't used for long
// enough to tell. Where the answers tell the limit, slices are the vendor's windows:
// what is left of one may be used in its last second.
func permitted(requests []simulator.Metered) (leanest, whole float64, ok bool) {
	first, slice := requests[0].At, requests[0].Window
	perSecond := float64(requests[0].Units) / requests[0].Window.Seconds()
	if requests[0].Told {
		first = first.Truncate(slice)
	} else {
		each := max(atOnce[requests[0].Side], 1)
		slice = max(time.Second, time.Duration(math.Ceil(fewest*each/perSecond))*time.Second)
	}
	used := map[int]int{}
	last := 0
	for _, request := range requests {
		i := int(request.At.Sub(first) / slice)
		used[i] += request.Cost
		last = max(last, i)
	}
	if last < 1 { // the last slice is cut off by the end
		return 0, 0, false
	}
	sum := 0
	leanest = math.Inf(1)
	for i := range last {
		sum += used[i]
		leanest = min(leanest, 100*float64(used[i])/(perSecond*slice.Seconds()))
	}
	return leanest, 100 * float64(sum) / (perSecond * slice.Seconds() * float64(last)), true
}

// connected is the program with nothing kept yet, connected to a simulation.
func connected(b *testing.B, simulation *simulator.Simulation) *app.App {
	b.Helper()
	database, err := storage.Open(b.TempDir())
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, database.Close()) })
	a := &app.App{Store: database, Secrets: &app.MemorySecrets{}, Log: slog.New(slog.DiscardHandler), Environment: func(string) string { return "" }}
	ctx := context.Background()
	settings := app.NewIdPSettings(simulation.Connection)
	settings.App = ""
	_, err = a.ConnectIdP(ctx, settings, simulation.Connection["secret"])
	require.NoError(b, err)
	_, err = a.ConnectAtlassian(ctx, app.AtlassianSettings{URL: simulation.AtlassianURL, Org: simulation.Company.Org, Owner: simulation.Company.Owner}, simulator.OrgKey)
	require.NoError(b, err)
	return a
}

// latency is how long each answer takes on its way.
const latency = 50 * time.Millisecond

// reader is an identity provider being read.
type reader interface {
	Read(ctx context.Context, last *directory.IdentityProvider, tell progress.Func) (directory.IdentityProvider, directory.Reading, error)
}

// readers connect to a simulated provider at the rate that its vendor publishes.
var readers = map[string]func(c map[string]string) (reader, error){
	"okta": func(c map[string]string) (reader, error) {
		return okta.New(okta.Config{URL: c["url"], Token: c["secret"]})
	},
	"entra": func(c map[string]string) (reader, error) {
		return entra.New(entra.Config{URL: c["url"], LoginURL: c["login-url"], Tenant: c["tenant"], ClientID: c["client"], Secret: c["secret"]})
	},
	"google": func(c map[string]string) (reader, error) {
		return google.New(google.Config{URL: c["url"], Account: c["secret"], Admin: c["admin"]})
	},
	"scim": func(c map[string]string) (reader, error) {
		return scim.New(scim.Config{URL: c["url"], Token: c["secret"]})
	},
}

// BenchmarkReadAtPublishedRates reads 1,000 groups (Entra: 5,000) and 20,000 people from each
// provider at the rate that its vendor publishes (SCIM: 10 requests a second for each
// endpoint are assumed), twice, and prints how much of each limit was used in its
// leanest slice of time, what was refused, and what the second read cost.
func BenchmarkReadAtPublishedRates(b *testing.B) {
	for _, provider := range slices.Sorted(maps.Keys(readers)) {
		b.Run(provider, func(b *testing.B) {
			groups := 1000
			if provider == "entra" { // which would be done in seven seconds
				groups = 5000
			}
			for b.Loop() {
				var counts measured
				simulation, err := simulator.Start(simulator.Options{
					Company: simulator.Sample(simulator.DefaultSeed, groups, 20000), IdP: provider, Latency: latency, Published: true, Metered: counts.hear,
				})
				require.NoError(b, err)
				defer simulation.Close()
				from, err := readers[provider](simulation.Connection)
				require.NoError(b, err)
				began := time.Now()
				first, reading, err := from.Read(context.Background(), nil, nil)
				require.NoError(b, err)
				b.ReportMetric(time.Since(began).Seconds(), "s")
				b.Logf("%d requests. %s", reading.Requests, reading.Way)
				cost := report(b, &counts)[provider]
				_, reading, err = from.Read(context.Background(), &first, nil)
				require.NoError(b, err)
				b.Logf("again: %d requests. %s", reading.Requests, reading.Way)
				again := 0
				for _, requests := range counts.take() {
					for _, request := range requests {
						again += request.Cost
					}
				}
				b.ReportMetric(100*float64(again)/float64(cost), "%-of-first-again")
			}
		})
	}
}

// BenchmarkFetchAtPublishedRates fetches both sides at once; for Atlassian 5 requests
// a second for each endpoint are assumed.
func BenchmarkFetchAtPublishedRates(b *testing.B) {
	for b.Loop() {
		var counts measured
		simulation, err := simulator.Start(simulator.Options{
			Company: simulator.Sample(simulator.DefaultSeed, 500, 5000), IdP: "google", Latency: latency, Published: true, Metered: counts.hear,
		})
		require.NoError(b, err)
		defer simulation.Close()
		a := connected(b, simulation)
		counts.take()
		began := time.Now()
		snapshot, err := a.Fetch(context.Background(), nil)
		require.NoError(b, err)
		b.ReportMetric(time.Since(began).Seconds(), "s")
		b.Logf("IdP: %d requests. %s", snapshot.How.IdP.Requests, snapshot.How.IdP.Way)
		b.Logf("Atlassian: %d requests. %s", snapshot.How.Atlassian.Requests, snapshot.How.Atlassian.Way)
		report(b, &counts)
	}
}

// report prints how each limit was used, the busiest first, and gives the units taken
// of each side.
func report(b *testing.B, counts *measured) map[string]int {
	units := map[string]int{}
	buckets := counts.take()
	refused := 0
	names := slices.SortedFunc(maps.Keys(buckets), func(a, b string) int { return cmp.Compare(len(buckets[b]), len(buckets[a])) })
	for i, name := range names {
		requests := buckets[name]
		for _, request := range requests {
			units[request.Side] += request.Cost
			if request.Refused {
				refused++
			}
		}
		line := fmt.Sprintf("%s: %d requests in %.1f s", name, len(requests), requests[len(requests)-1].At.Sub(requests[0].At).Seconds())
		if leanest, whole, ok := permitted(requests); ok && len(requests) >= fewest {
			line += fmt.Sprintf(", %.1f %% of what is permitted, %.1f %% in the leanest slice", whole, leanest)
			if i == 0 {
				b.ReportMetric(leanest, "%-of-rate-at-least")
			}
		}
		b.Log(line)
	}
	b.ReportMetric(float64(refused), "refused")
	return units
}

// told is one word of progress, and when it came.
type told struct {
	progress.Report
	at time.Time
}

// BenchmarkSyncAtPublishedRates syncs everything that the sample company permits at
// the rate assumed for Atlassian, 5 requests a second for each endpoint, and prints
// how much of it the busiest write used, and how far progress and time left were
// from what then was, in percent of the whole, between a tenth and nine tenths.
func BenchmarkSyncAtPublishedRates(b *testing.B) {
	for b.Loop() {
		var counts measured
		simulation, err := simulator.Start(simulator.Options{Latency: latency, Published: true, Metered: counts.hear, Consistency: 2 * time.Second})
		require.NoError(b, err)
		defer simulation.Close()
		a := connected(b, simulation)
		_, err = a.Fetch(context.Background(), nil)
		require.NoError(b, err)
		r, err := a.Review(false)
		require.NoError(b, err)
		overrides, err := plan.ParseOverrides("all")
		require.NoError(b, err)
		p := plan.Make(r, app.All(r), app.Settings{}.Terms(overrides))
		counts.take()
		var mu sync.Mutex
		var words []told
		began := time.Now()
		done, err := a.Sync(context.Background(), p, "", func(report progress.Report) {
			mu.Lock()
			defer mu.Unlock()
			words = append(words, told{report, time.Now()})
		})
		require.NoError(b, err)
		b.ReportMetric(time.Since(began).Seconds(), "s")
		for i := range done.Groups {
			if group := &done.Groups[i]; group.Result == runs.Failed {
				b.Logf("%s: %s", group.Name, group.Error)
			}
		}
		report(b, &counts)
		foretold(b, words)
	}
}

// foretold prints how right progress and the time left were.
func foretold(b *testing.B, words []told) {
	first, last := words[0].at, words[len(words)-1].at
	whole := last.Sub(first)
	var worstLeft, worstDone float64
	for _, word := range words {
		spent := word.at.Sub(first)
		part := spent.Seconds() / whole.Seconds()
		if part < 0.1 || part > 0.9 || word.Total == 0 {
			continue
		}
		worstDone = max(worstDone, 100*math.Abs(word.Part(spent)-part))
		worstLeft = max(worstLeft, 100*math.Abs((spent+word.Left-whole).Seconds())/whole.Seconds())
	}
	b.ReportMetric(worstDone, "%-off-progress")
	b.ReportMetric(worstLeft, "%-off-time-left")
}
