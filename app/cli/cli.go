// Package cli is Rollcall's command line. Commands are thin: they read flags,
// ask app, and print.
package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/lang"
	"github.com/rollcall-app/rollcall/app/logfile"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/progress"
)

// The exit codes.
const (
	exitDone       = 0
	exitNotDone    = 1 // it couldn't proceed
	exitUnsynced   = 2 // review --exit-code: something could not be synced
	exitIncomplete = 3 // sync: some groups weren't
)

// Windows is what the command line asks of the desktop part.
type Windows interface {
	// Display says whether a window can be shown here.
	Display() bool
	// Open shows the window until it is closed. open gives what it shows; where
	// that fails the window says so, and offers restore, which puts the last
	// good copy in place of damaged data, or with anew an empty database. demo
	// says that the sample company is connected.
	Open(ctx context.Context, open func() (*app.App, error), restore func(anew bool) error, demo bool) error
	// Speak has everything but the help of the commands said in the language
	// of a tag; where that is empty, in the one that the window speaks.
	Speak(tag string) error
	// Notify tells something on the desktop, where there is one.
	Notify(title, text string)
	// Render draws every tab to PNG files in a folder, without a display, and
	// gives their paths.
	Render(ctx context.Context, a *app.App, folder string) ([]string, error)
}

// Store is an opened app.Store.
type Store interface {
	app.Store
	io.Closer
	// Protect has snapshots encrypted by the key that find gives.
	Protect(find func(make bool) (string, error))
	// LogTo has a log told what a person needn't act on at once.
	LogTo(log *slog.Logger)
}

// Parts are what the command line is put together with.
type Parts struct {
	Version string
	// Folder is where data is kept unless --data says otherwise.
	Folder    string
	OpenStore func(folder string) (Store, error)
	Upkeep    app.Upkeep
	Secrets   app.Secrets
	Windows   Windows
	// Rounds gives the moments at which a watch goes on, and ends them; nil for
	// the clock's.
	Rounds   func(every time.Duration) (<-chan time.Time, func())
	In       io.Reader
	Out, Err io.Writer
}

// command is one invocation.
type command struct {
	Parts
	folder   string
	profile  string
	json     bool
	lang     string
	logLevel string
	code     int
	args     []string
}

// misuses begin the errors that cobra gives for a command line that is off.
var misuses = []string{"unknown command", "accepts ", "requires ", "required flag", "if any flags in the group"}

// Main runs the command line and gives the exit code.
func Main(ctx context.Context, parts Parts, args []string) int {
	c := &command{Parts: parts, args: args}
	if c.Rounds == nil {
		c.Rounds = ticks
	}
	root := c.root()
	root.SetArgs(args)
	root.SetIn(parts.In)
	root.SetOut(parts.Out)
	root.SetErr(parts.Err)
	if err := root.ExecuteContext(ctx); err != nil {
		if slices.ContainsFunc(misuses, func(misuse string) bool { return strings.HasPrefix(err.Error(), misuse) }) {
			err = usage(err)
		}
		c.fail(err)
		return exitNotDone
	}
	return c.code
}

// fail says what went wrong: to a person on standard error, to a program as one
// document on standard output.
func (c *command) fail(err error) {
	p := problem.Of(err)
	if p.Cause != nil {
		c.logger(nil).Debug("failed", "code", p.Code, "cause", p.Cause)
	}
	if c.json {
		_ = c.print(app.NewErrorDocument(err)) // there is nowhere left to complain
		return
	}
	fmt.Fprintf(c.Err, "rollcall: %s\n", safe(p.Message))
	if p.Action != "" {
		fmt.Fprintf(c.Err, "  %s\n", safe(p.Action))
	}
}

func (c *command) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "rollcall",
		Short: "See who gains and who loses access before the identity provider's groups overwrite Atlassian's, then sync safely",
		Long: "Rollcall shows an Atlassian administrator exactly who gains and who loses what before the identity\n" +
			"provider's groups overwrite the Atlassian groups of the same name, and then performs that sync safely.\n" +
			"Without a command it opens the window.",
		Args:          cobra.NoArgs,
		SilenceErrors: true, SilenceUsage: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !c.Windows.Display() {
				return problem.New(problem.Unreachable, lang.L("There is no display to show the window on."), lang.L("Do the same job with commands: look at rollcall --help."))
			}
			return c.window(cmd.Context())
		},
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	flags := root.PersistentFlags()
	flags.StringVar(&c.folder, "data", c.Folder, "`folder` that holds Rollcall's data")
	flags.StringVar(&c.profile, "profile", app.DefaultProfile, "`name` of the profile: connections kept side by side")
	flags.BoolVar(&c.json, "json", false, "print one JSON document to standard output and nothing else there")
	flags.StringVar(&c.logLevel, "log", "warn", "what is logged to standard error: debug, info, warn or error")
	flags.StringVar(&c.lang, "lang", "", "the `language`: en, de, fr, es or ja. The window speaks the system's, commands English, where it isn't given")
	root.PersistentPreRunE = func(*cobra.Command, []string) error {
		if c.lang == "" {
			return nil
		}
		return c.Windows.Speak(c.lang)
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		c.json = c.json || asksForJSON(c.args)
		return usage(err)
	})
	root.AddCommand(c.connect(), c.fetch(), c.review(), c.report(), c.snapshot(), c.answer(), c.plan(), c.sync(), c.guards(), c.resume(), c.undo(), c.history(), c.data(), c.forget(), c.demo(), c.simulate(), c.profiles(), c.watch(), c.diagnostics(), c.version())
	for _, sub := range root.Commands() {
		sub.SilenceErrors, sub.SilenceUsage = true, true
	}
	return root
}

// window opens the window on the profile's data.
func (c *command) window(ctx context.Context) error {
	var opened *app.App
	err := c.Windows.Open(ctx, func() (_ *app.App, err error) {
		opened, err = profiles{c}.Open(c.profile)
		return opened, err
	}, func(anew bool) error {
		_, err := c.Upkeep.Restore(profiles{c}.folderOf(c.profile), anew)
		return err
	}, false)
	if opened != nil {
		err = errors.Join(err, opened.Close())
	}
	return err
}

// asksForJSON looks for --json where flags couldn't be parsed.
func asksForJSON(args []string) bool {
	for _, arg := range args {
		if arg == "--json" || arg == "--json=true" {
			return true
		}
	}
	return false
}

func usage(err error) error {
	text := err.Error()
	return problem.Wrap(err, problem.Usage, strings.ToUpper(text[:1])+text[1:]+".", lang.L("Look at rollcall --help."))
}

func (c *command) version() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if c.json {
				return c.print(map[string]string{"version": c.Version})
			}
			_, err := fmt.Fprintln(c.Out, "rollcall", c.Version)
			return err
		},
	}
}

// with opens the profile's data, calls f, and closes it.
func (c *command) with(f func(*app.App) error) error {
	a, err := profiles{c}.Open(c.profile)
	if err != nil {
		return err
	}
	err = f(a)
	return errors.Join(err, a.Close())
}

// logger logs what was asked for to standard error; where there is a file, that
// and whatever a person may look for later into the file.
func (c *command) logger(file *logfile.File) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.logLevel)); err != nil {
		level = slog.LevelWarn
	}
	printed := slog.NewTextHandler(c.Err, &slog.HandlerOptions{Level: level})
	if file == nil {
		return slog.New(printed)
	}
	return slog.New(slog.NewMultiHandler(printed, file.Handler(min(level, slog.LevelInfo))))
}

// print writes one JSON document.
func (c *command) print(document any) error {
	encoder := json.NewEncoder(c.Out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(document); err != nil {
		return fmt.Errorf("write the answer: %w", err)
	}
	return nil
}

// progress shows how far something is, where a person looks on: the function
// ends it.
func (c *command) progress() (tell progress.Func, end func()) {
	file, isFile := c.Err.(*os.File)
	if c.json || !isFile || !term.IsTerminal(int(file.Fd())) {
		return nil, func() {}
	}
	line := &statusLine{out: c.Err}
	return line.tell, line.end
}

// terminal gives the terminal to ask in, or false.
func (c *command) terminal() bool {
	file, isFile := c.In.(*os.File)
	return isFile && term.IsTerminal(int(file.Fd()))
}
