package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"strings"

	"golang.org/x/sync/errgroup"

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
			return Incomplete(what, "the same page was offered twice")
		}
		seen[next] = true
		cursor = next
	}
}

// Incomplete is the problem of a read that doesn't add up.
func Incomplete(what, why string) error {
	return problem.New(problem.Incomplete, fmt.Sprintf("Reading %s is incomplete: %s.", what, why),
		"Fetch again; the last snapshot was kept as it is.")
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
		group.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return f(ctx, i)
		})
	}
	return group.Wait()
}

// Relative gives path and query of a link, or of a path with a query, for Call.
// A link to another place than the base URL's is a problem of code Insecure: the
// credentials go where the person said, nowhere else.
func (c *Client) Relative(link string) (path string, query url.Values, err error) {
	parsed, err := c.base.Parse(link)
	if err != nil || parsed.Host != c.base.Host || parsed.Scheme != c.base.Scheme || !strings.HasPrefix(parsed.EscapedPath(), c.base.EscapedPath()) {
		return "", nil, problem.Wrap(err, problem.Insecure, fmt.Sprintf("%s sends on to another host; the credentials were not sent there.", c.base.Host),
			"Check the address: a proxy may stand in front of the API.")
	}
	return strings.TrimPrefix(parsed.EscapedPath(), c.base.EscapedPath()), parsed.Query(), nil
}
