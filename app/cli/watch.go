package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/display"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/review"
)

// leastInterval keeps watching from using up the rate limits that others share.
const leastInterval = time.Minute

func (c *command) watch() *cobra.Command {
	var every time.Duration
	cmd := &cobra.Command{
		Use: "watch", Short: "Fetch again and again, and tell on the desktop about new conflicts; never writes", Args: cobra.NoArgs,
		Long: "Fetch now and at every interval until interrupted, and tell on the desktop when groups appear that could not be\n" +
			"synced. Nothing is ever written to either side. While Rollcall's window is open on the same data, a round is left out.\n" +
			"What it tells is in the window's language; with --json, where each round is one document on a line of its own, in\n" +
			"English.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if every < leastInterval {
				return problem.New(problem.Usage, lang.L("Every %s is too often: both sides limit the requests of all their users.", every), lang.L("Give %s or more, as in --every 1h.", leastInterval))
			}
			if c.lang == "" && !c.json {
				if err := c.Windows.Speak(""); err != nil {
					return err
				}
			}
			rounds, stop := c.Rounds(every)
			defer stop()
			w := &watch{command: c}
			return w.run(cmd.Context(), rounds)
		},
	}
	cmd.Flags().DurationVar(&every, "every", time.Hour, "how long from one fetch to the next")
	return cmd
}

// ticks gives the moments of the rounds that follow the first one.
func ticks(every time.Duration) (<-chan time.Time, func()) {
	ticker := time.NewTicker(every)
	return ticker.C, ticker.Stop
}

// watch is one invocation of the command.
type watch struct {
	*command
	// failing is why the last round couldn't be done: the same is told once.
	failing problem.Code
}

// run does a round now, and one at each moment, until ctx ends.
func (w *watch) run(ctx context.Context, rounds <-chan time.Time) error {
	for {
		if err := w.round(ctx); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-rounds:
		}
	}
}

// round fetches and tells what is new. What may be otherwise next time doesn't end
// the watch; what a person has to set up first does.
func (w *watch) round(ctx context.Context) error {
	var r *review.Review
	var fresh []*review.Row
	err := w.with(func(a *app.App) (err error) {
		r, fresh, err = a.FetchNew(ctx, nil)
		return err
	})
	switch {
	case ctx.Err() != nil:
		return nil
	case problem.Is(err, problem.NotConnected) || problem.Is(err, problem.Usage):
		return err
	case err != nil:
		return w.failed(err)
	}
	w.failing = ""
	return w.tell(r, fresh)
}

// failed says that a round couldn't be done; on the desktop the first time only.
// A window on the same data fetches for itself.
func (w *watch) failed(err error) error {
	p := problem.Of(err)
	if p.Code != w.failing && p.Code != problem.Locked {
		w.Windows.Notify("Rollcall", lang.L("Rollcall couldn't fetch: %s", p.Message))
	}
	w.failing = p.Code
	if w.json {
		return w.printLine(app.NewErrorDocument(err))
	}
	w.fail(err)
	return nil
}

// namesTold is how many names a notification has room for.
const namesTold = 3

func (w *watch) tell(r *review.Review, fresh []*review.Row) error {
	names := make([]string, len(fresh))
	for i, row := range fresh {
		names[i] = row.Name
	}
	if len(names) > 0 {
		w.Windows.Notify("Rollcall", newConflicts(names))
	}
	if w.json {
		return w.printLine(app.NewWatchDocument(r, names))
	}
	line := lang.L("%s: %s New: %d", time.Now().Format("2006-01-02 15:04:05"), couldNotSync(r.Counts()), len(names))
	if len(names) > 0 {
		line += ": " + strings.Join(names, ", ")
	}
	_, err := fmt.Fprintf(w.Out, "%s.\n", safe(line))
	return err
}

// newConflicts names the first of the groups in a sentence.
func newConflicts(names []string) string {
	shown := slices.Clone(names[:min(len(names), namesTold)])
	for i, name := range shown {
		shown[i] = display.Short(name, 80)
	}
	text := lang.N(len(names), "%d new group conflict: %s", "%d new group conflicts: %s", len(names), strings.Join(shown, ", "))
	if len(names) > len(shown) {
		text += " …"
	}
	return text
}

// printLine writes a document on a line of its own.
func (c *command) printLine(document any) error {
	encoder := json.NewEncoder(c.Out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(document); err != nil {
		return fmt.Errorf("write a line: %w", err)
	}
	return nil
}
