package remote

import (
	"container/heap"
	"context"
	"errors"
	"io"
	"net/url"
	"regexp"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/problem"
)

// Pages reads page after page until there is no next cursor. A cursor that
// comes back a second time is an error: the pages would never end, or rows
// would be missing.
func Pages(ctx context.Context, what string, page func(ctx context.Context, cursor string) (next string, err error)) error {
	seen := map[string]bool{}
	for cursor := ""; ; {
		next, err := page(ctx, cursor)
		if err != nil {
			return err
		}
		if next == "" {
			return nil
		}
		if seen[next] {
			return Incomplete(what, lang.L("the same page was offered twice"))
		}
		seen[next] = true
		cursor = next
	}
}

// Incomplete is the problem of a read that doesn't add up.
func Incomplete(what, why string) error {
	return problem.New(problem.Incomplete, lang.L("Reading %s is incomplete: %s.", what, why),
		lang.L("Fetch again; the last snapshot was kept as it is."))
}

// Miscounted says, as the reason why something is Incomplete, that more or fewer were
// listed than a vendor counts.
func Miscounted(vendor string, counts, listed int) string {
	return lang.L("%s counts %d, but lists %d", vendor, counts, listed)
}

// link is one entry of a Link header: its target, and its parameters.
var link = regexp.MustCompile(`<([^>]*)>([^<]*)`)

// NextLink gives the URL of the rel="next" entry of Link headers (RFC 8288),
// or "".
func NextLink(headers []string) string {
	for _, header := range headers {
		for _, entry := range link.FindAllStringSubmatch(header, -1) {
			if strings.Contains(entry[2], `rel="next"`) {
				return entry[1]
			}
		}
	}
	return ""
}

func isCutOff(err error) bool {
	return errors.Is(err, io.ErrUnexpectedEOF) || strings.Contains(err.Error(), "cut off")
}

// sideBySide is how many requests Each has under way at once; pacing keeps them
// under the rate limit.
const sideBySide = 8

// Each calls f for 0 to n-1, several at once, until one fails; it gives the
// first failure.
func Each(ctx context.Context, n int, f func(ctx context.Context, i int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(sideBySide)
	for i := range n {
		if ctx.Err() != nil { // n may be what a server counts, and that anything
			group.Go(ctx.Err)
			break
		}
		group.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return f(ctx, i)
		})
	}
	return group.Wait()
}

// Indexed reads a list whose pages are asked for by the place of their first row,
// which is counted from 0: the first page, and then the others side by side, each in
// as many requests as the other side makes of it. read gives how many rows came, and
// how many there are, or a negative number where that isn't told: then page after
// page is read until one is empty. Whether the rows are as many as there are is for
// the caller to see.
func Indexed(ctx context.Context, size int, read func(ctx context.Context, from, count int) (n, total int, err error)) error {
	first, total, err := read(ctx, 0, size)
	switch {
	case err != nil || first == 0:
		return err
	case total < 0:
		return toTheEnd(ctx, first, size, read)
	}
	return Each(ctx, (total+first-1)/first-1, func(ctx context.Context, i int) error {
		from := (i + 1) * first
		for to := min(from+first, total); from < to; {
			n, _, err := read(ctx, from, to-from)
			if err != nil || n == 0 {
				return err
			}
			from += n
		}
		return nil
	})
}

func toTheEnd(ctx context.Context, from, size int, read func(ctx context.Context, from, count int) (n, total int, err error)) error {
	for {
		n, _, err := read(ctx, from, size)
		if err != nil || n == 0 {
			return err
		}
		from += n
	}
}

// Flow calls f for whatever give hands on, several at once, while give goes on; it
// ends with the first failure of either. What can't be taken up yet is kept in
// line, so that give never waits, and the heaviest of it is taken first: what takes
// many requests one after the other shall not be left for the end.
func Flow[T any](ctx context.Context, give func(ctx context.Context, hand func(item T, weight int)) error, f func(ctx context.Context, item T) error) error {
	group, ctx := errgroup.WithContext(ctx)
	line := newLine[T]()
	context.AfterFunc(ctx, line.end)
	group.Go(func() error {
		defer line.end()
		return give(ctx, line.add)
	})
	for range sideBySide {
		group.Go(func() error {
			for item, more := line.next(); more; item, more = line.next() {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				if err := f(ctx, item); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// line is what waits to be taken up.
type line[T any] struct {
	mu      sync.Mutex
	changed *sync.Cond
	waiting byWeight[T]
	ended   bool
}

// weighed is something with its weight.
type weighed[T any] struct {
	item   T
	weight int
}

// byWeight is a heap with the heaviest first.
type byWeight[T any] []weighed[T]

// Len, Less, Swap, Push and Pop are what container/heap asks for.
func (w byWeight[T]) Len() int           { return len(w) }
func (w byWeight[T]) Less(i, j int) bool { return w[i].weight > w[j].weight }
func (w byWeight[T]) Swap(i, j int)      { w[i], w[j] = w[j], w[i] }
func (w *byWeight[T]) Push(x any)        { *w = append(*w, x.(weighed[T])) }
func (w *byWeight[T]) Pop() any {
	last := (*w)[len(*w)-1]
	*w = (*w)[:len(*w)-1]
	return last
}

func newLine[T any]() *line[T] {
	l := &line[T]{}
	l.changed = sync.NewCond(&l.mu)
	return l
}

func (l *line[T]) add(item T, weight int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	heap.Push(&l.waiting, weighed[T]{item, weight})
	l.changed.Signal()
}

func (l *line[T]) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	l.changed.Broadcast()
}

// next waits for the next item; false where there won't be any.
func (l *line[T]) next() (item T, more bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.waiting) == 0 && !l.ended {
		l.changed.Wait()
	}
	if len(l.waiting) == 0 {
		return item, false
	}
	return heap.Pop(&l.waiting).(weighed[T]).item, true
}

// Relative gives path and query of a link, or of a path with a query, for Call.
// A link to another place than the base URL's is a problem of code Insecure: the
// credentials go where the person said, nowhere else.
func (c *Client) Relative(link string) (path string, query url.Values, err error) {
	parsed, err := c.base.Parse(link)
	if err != nil || parsed.Host != c.base.Host || parsed.Scheme != c.base.Scheme || !strings.HasPrefix(parsed.EscapedPath(), c.base.EscapedPath()) {
		return "", nil, problem.Wrap(err, problem.Insecure, lang.L("%s sends on to another host; the credentials were not sent there.", c.base.Host),
			lang.L("Check the address: a proxy may stand in front of the API."))
	}
	return strings.TrimPrefix(parsed.EscapedPath(), c.base.EscapedPath()), parsed.Query(), nil
}
