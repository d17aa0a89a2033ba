package cli_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/cli"
	"github.com/rollcall-app/rollcall/app/display"
	"github.com/rollcall-app/rollcall/app/logfile"
	"github.com/rollcall-app/rollcall/app/simulator"
	"github.com/rollcall-app/rollcall/storage"
)

// noKeyring keeps nothing: the environment must serve.
type noKeyring struct{}

func (noKeyring) Secret(context.Context, string) (string, error)  { return "", os.ErrNotExist }
func (noKeyring) SaveSecret(_ context.Context, _, _ string) error { return os.ErrPermission }
func (noKeyring) DeleteSecret(_ context.Context, _ string) error  { return nil }

// windows note that one was opened; they draw nothing.
type windows struct {
	display, opened bool
	told            []string // on the desktop
	spoken          string
	// trouble is what couldn't be opened.
	trouble []error
}

func (w *windows) Display() bool { return w.display }

// Open restores what can't be opened, once.
func (w *windows) Open(_ context.Context, open func() (*app.App, error), restore func(anew bool) error, _ bool) error {
	_, err := open()
	if err != nil {
		w.trouble = append(w.trouble, err)
		if err = restore(false); err == nil {
			_, err = open()
		}
	}
	w.opened = err == nil
	return err
}

func (w *windows) Speak(tag string) error {
	w.spoken = cmp.Or(tag, "the window's")
	return nil
}

func (w *windows) Notify(_, text string) { w.told = append(w.told, text) }

func (*windows) Render(_ context.Context, _ *app.App, folder string) ([]string, error) {
	return []string{filepath.Join(folder, "groups.png")}, nil
}

// terminal is a place where commands are typed.
type terminal struct {
	t      *testing.T
	folder string
	windows
}

type result struct {
	code     int
	out, err string
}

func (x *terminal) run(stdin string, args ...string) result {
	x.t.Helper()
	var out, errOut bytes.Buffer
	code := cli.Main(context.Background(), cli.Parts{
		Version: "1.2.3", Folder: x.folder,
		OpenStore: func(folder string) (cli.Store, error) { return storage.Open(folder) },
		Upkeep:    storage.Upkeep{},
		Secrets:   noKeyring{}, Windows: &x.windows, In: strings.NewReader(stdin), Out: &out, Err: &errOut,
	}, args)
	return result{code, out.String(), errOut.String()}
}

// document decodes the one document that standard output holds.
func (r result) document(t *testing.T, into any) {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(r.out))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(into), r.out)
	_, err := decoder.Token()
	require.ErrorIs(t, err, io.EOF, "one document and nothing else")
}

func (r result) problem(t *testing.T) app.ErrorDocument {
	t.Helper()
	require.Equal(t, 1, r.code, r.out)
	var document app.ErrorDocument
	r.document(t, &document)
	require.NotEmpty(t, document.Error.Message)
	require.NotEmpty(t, document.Error.Action)
	return document
}

// connected gives a terminal with both sides of a simulation connected.
func connected(t *testing.T, options simulator.Options) (*terminal, *simulator.Simulation) {
	t.Helper()
	options.Rate = 100_000
	simulation, err := simulator.Start(options)
	require.NoError(t, err)
	t.Cleanup(simulation.Close)
	t.Setenv(app.IdPSecretVariable, simulator.OktaToken)
	t.Setenv(app.AtlassianSecretVariable, simulator.OrgKey)
	x := &terminal{t: t, folder: t.TempDir()}
	r := x.run("", "connect", "idp", "--provider", "okta", "--url", simulation.IdPURL)
	require.Equal(t, 0, r.code, r.err)
	r = x.run("", "connect", "atlassian", "--org", simulation.Company.Org, "--owner", simulation.Company.Owner, "--url", simulation.AtlassianURL)
	require.Equal(t, 0, r.code, r.err)
	return x, simulation
}

func TestTheWholeJobFromATerminal(t *testing.T) {
	company := simulator.Sample(4, 40, 300)
	company.PendingDomains = nil
	x, simulation := connected(t, simulator.Options{Company: company})

	require.Equal(t, "no_snapshot", string(x.run("", "review", "--json").problem(t).Error.Code))

	fetched := x.run("", "fetch", "--json")
	require.Equal(t, 0, fetched.code, fetched.err)
	var fetch app.FetchDocument
	fetched.document(t, &fetch)
	require.Positive(t, fetch.Request.IdP)
	require.Contains(t, fetch.Ways["atlassian"], "requests")

	before := x.run("", "review", "--exit-code", "--json")
	require.Equal(t, 2, before.code, "something could not be synced")
	var review app.ReviewDocument
	before.document(t, &review)
	require.Equal(t, 40, review.Counts["idp_groups"])
	require.Len(t, review.Groups, 40)
	total := 0
	for state, count := range review.Counts {
		if state != "idp_groups" && state != "could_not_sync" {
			total += count
		}
	}
	require.Equal(t, 40, total, "counts add up to the rows")
	for _, group := range review.Groups {
		changes := map[string]int{}
		for _, member := range group.Members {
			changes[string(member.Change)]++
		}
		require.Equal(t, group.Added, changes["added"]+changes["provisioned"], group.Name)
		require.Equal(t, group.Removed, changes["removed"], group.Name)
	}
	require.NotContains(t, before.out, "null,\n      \"sites\"", "lists are never null")
	require.Equal(t, 0, x.run("", "review").code, "without --exit-code it is no failure")

	dry := x.run("", "sync", "--all", "--dry-run", "--json")
	require.Equal(t, 0, dry.code, dry.err)
	var foreseen app.SyncDocument
	dry.document(t, &foreseen)
	require.True(t, foreseen.DryRun)
	require.Nil(t, foreseen.Run)

	refused := x.run("", "sync", "--all", "--json")
	require.Equal(t, "refused", string(refused.problem(t).Error.Code), "nobody confirmed it")

	// Flags may stand anywhere after the command.
	synced := x.run("", "sync", "--json", "--all", "--override", "all", "--yes")
	require.Equal(t, 3, synced.code, "default access groups stay blocked: %s", synced.err)
	var sync app.SyncDocument
	synced.document(t, &sync)
	require.Equal(t, 2, sync.Batches)
	require.Equal(t, sync.Counts.IdPGroups, sync.Counts.Synced+sync.Counts.Remaining)
	require.Positive(t, sync.Request.Atlassian)
	require.Zero(t, sync.Request.Throttled)
	for i, group := range sync.Groups {
		require.Equal(t, foreseen.Groups[i].Name, group.Name)
		if group.Result == "synced" {
			require.Nil(t, group.Error)
			continue
		}
		require.NotEmpty(t, *group.Error, group.Name)
	}
	members, ok := simulation.Members(sync.Groups[0].Name)
	require.True(t, ok)
	require.NotEmpty(t, members)
}

func TestGroupsAreNamedByNameOrId(t *testing.T) {
	company := simulator.Sample(4, 40, 300)
	for i := range company.SourceGroups {
		if company.SourceGroups[i].Name == "legal" {
			company.SourceGroups[i].Name = "Finance"
		}
	}
	x, _ := connected(t, simulator.Options{Company: company})
	require.Equal(t, 0, x.run("", "fetch").code)
	var review app.ReviewDocument
	x.run("", "review", "--json").document(t, &review)
	var conflict, finance *app.GroupDocument
	for i := range review.Groups {
		group := &review.Groups[i]
		if group.State == "conflict" && len(group.BlockedBy) == 0 && group.Removed > 0 {
			conflict = group
		}
		if group.Name == "Finance" {
			finance = group
		}
	}
	require.NotNil(t, conflict)
	require.Equal(t, "ambiguous", string(finance.State))

	byName := x.run("", "sync", strings.ToUpper(conflict.Name), "--dry-run", "--json")
	byID := x.run("", "sync", "--dry-run", "--json", *conflict.IdPID)
	byTarget := x.run("", "sync", "--dry-run", "--json", conflict.AtlassianIDs[0])
	require.Equal(t, 0, byName.code, byName.out)
	require.Equal(t, byName.out, byID.out)
	require.Equal(t, byName.out, byTarget.out)

	require.Equal(t, "ambiguous", string(x.run("", "sync", "finance", "--yes", "--json").problem(t).Error.Code), "a name that fits two groups")
	require.Equal(t, "not_found", string(x.run("", "sync", "no such group", "--yes", "--json").problem(t).Error.Code))

	done := x.run("", "sync", conflict.Name, "--yes")
	require.Equal(t, 0, done.code, "%s%s", done.out, done.err)
	require.Contains(t, done.out, "Synced: 1 of 1 group")
}

func TestWhatTheCommandLineRefuses(t *testing.T) {
	x := &terminal{t: t, folder: t.TempDir()}
	t.Setenv(app.IdPSecretVariable, "")
	t.Setenv(app.AtlassianSecretVariable, "")
	for name, args := range map[string][]string{
		"an unknown flag":         {"fetch", "--nonsense", "--json"},
		"an unknown command":      {"nonsense", "--json"},
		"sync of nothing":         {"sync", "--json"},
		"sync of all and one":     {"sync", "legal", "--all", "--json"},
		"no provider":             {"connect", "idp", "--url", "https://x", "--json"},
		"an unknown provider":     {"connect", "idp", "--provider", "none", "--url", "https://x", "--json"},
		"no organization":         {"connect", "atlassian", "--json"},
		"a demo of another IdP":   {"demo", "--idp", "none", "--json"},
		"a demo of nothing":       {"demo", "--groups", "0", "--json"},
		"review with an argument": {"review", "legal", "--json"},
		"credentials over http":   {"connect", "idp", "--provider", "okta", "--url", "http://acme.okta.com", "--json"},
		"an address that is none": {"connect", "idp", "--provider", "okta", "--url", "acme", "--json"},
	} {
		t.Run(name, func(t *testing.T) {
			document := x.run("secret\n", args...).problem(t)
			require.Contains(t, []string{"usage", "insecure"}, string(document.Error.Code), document.Error.Message)
		})
	}
	require.Equal(t, "not_connected", string(x.run("", "fetch", "--json").problem(t).Error.Code))
	require.Equal(t, "usage", string(x.run("", "connect", "idp", "--provider", "okta", "--url", "https://x.okta.com", "--json").problem(t).Error.Code), "no secret was given")
}

func TestBadInputGivesASentenceAndLeavesTheSnapshot(t *testing.T) {
	x, simulation := connected(t, simulator.Options{Company: simulator.Sample(4, 20, 100)})
	require.Equal(t, 0, x.run("", "fetch").code)
	kept := x.run("", "review", "--json").out

	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<html>Please sign in</html>"))
	}))
	t.Cleanup(page.Close)
	for name, test := range map[string]struct {
		env  map[string]string
		args []string
		code string
	}{
		"a wrong token":           {map[string]string{app.IdPSecretVariable: "wrong-token"}, []string{"fetch"}, "bad_credentials"},
		"a wrong key":             {map[string]string{app.AtlassianSecretVariable: "wrong-key"}, []string{"fetch"}, "bad_credentials"},
		"a wrong organization":    {nil, []string{"connect", "atlassian", "--org", "other", "--url", simulation.AtlassianURL}, "not_found"},
		"a host that isn't there": {nil, []string{"connect", "idp", "--provider", "okta", "--url", "https://nowhere.invalid"}, "unreachable"},
		"a proxy's page":          {nil, []string{"connect", "idp", "--provider", "okta", "--url", page.URL}, "bad_answer"},
		"an unknown app":          {nil, []string{"connect", "idp", "--provider", "okta", "--url", simulation.IdPURL, "--app", "0oanone"}, "not_found"},
	} {
		t.Run(name, func(t *testing.T) {
			for variable, value := range test.env {
				t.Setenv(variable, value)
			}
			r := x.run("", append(test.args, "--json")...)
			require.Equal(t, test.code, string(r.problem(t).Error.Code))
			require.NotContains(t, r.out+r.err, "wrong-")
		})
		require.Equal(t, kept, x.run("", "review", "--json").out, name)
	}
}

func TestAnEmptyOrganizationIsFinishedOrAllNew(t *testing.T) {
	x, _ := connected(t, simulator.Options{Company: &simulator.Company{Org: "org", OrgName: "Empty", Directory: "dir", App: "0oa"}})
	require.Equal(t, 0, x.run("", "fetch").code)
	r := x.run("", "review", "--exit-code")
	require.Equal(t, 0, r.code)
	require.Contains(t, r.out, "0 synced of 0. Finished.")
	require.Equal(t, 0, x.run("", "sync", "--all", "--yes").code, "there is nothing to do")
}

func TestOddNamesComeThroughHarmlessly(t *testing.T) {
	names := []string{"🚀 launch", "צוות", strings.Repeat("x", 255), `"quo'ted"`, "a\x1b[31mred", "bi\u202edi", "le\u200bgal", "two\nlines", "admins", "\u0430dmins", strings.Repeat("ж", 10_000)}
	company := simulator.Sample(4, 5, 60)
	for i, name := range names {
		company.SourceGroups = append(company.SourceGroups, simulator.SourceGroup{ID: "00gx" + string(rune('a'+i)), Name: name, Type: "OKTA_GROUP", Members: []string{company.Users[0].ID}})
	}
	x, simulation := connected(t, simulator.Options{Company: company})
	require.Equal(t, 0, x.run("", "fetch").code)
	text := x.run("", "review").out
	require.NotContains(t, text, "\x1b")
	require.NotContains(t, text, "\u202e")
	require.Contains(t, text, "🚀 launch")
	require.Contains(t, text, "\u0430dmins looks like admins, and is another group.")
	for _, line := range strings.Split(text, "\n") {
		require.Less(t, utf8.RuneCountInString(line), 300)
		require.Equal(t, display.Line(line), line)
	}
	for _, name := range names {
		r := x.run("", "sync", name, "--yes")
		require.Equal(t, 0, r.code, "%s%s", r.out, r.err)
		members, ok := simulation.Members(name)
		require.True(t, ok, name)
		require.Len(t, members, 1)
	}
}

func TestTheSecretComesFromStandardInputWhereTheEnvironmentHasNone(t *testing.T) {
	simulation, err := simulator.Start(simulator.Options{Company: simulator.Sample(4, 5, 60), Rate: 100_000})
	require.NoError(t, err)
	t.Cleanup(simulation.Close)
	t.Setenv(app.IdPSecretVariable, "")
	x := &terminal{t: t, folder: t.TempDir()}
	r := x.run("wrong\n", "connect", "idp", "--provider", "okta", "--url", simulation.IdPURL, "--json")
	require.Equal(t, "bad_credentials", string(r.problem(t).Error.Code), "it was read, and tried")
	r = x.run(simulator.OktaToken+"\n", "connect", "idp", "--provider", "okta", "--url", simulation.IdPURL, "--json")
	require.Equal(t, 1, r.code, "there is nowhere to keep it")
	require.NotContains(t, r.out, simulator.OktaToken)
}

func TestTheDemoDoesTheJobInTheTerminal(t *testing.T) {
	x := &terminal{t: t, folder: t.TempDir()}
	r := x.run("", "demo", "--headless", "--groups", "30", "--users", "200", "--rate", "100000", "--pictures", t.TempDir())
	require.Equal(t, 0, r.code, r.err)
	for _, step := range []string{"1. Connected", "2. Fetch", "3. Review", "4. Pictures", "groups.png", "5. Plan", "6. Sync", "synced of 30"} {
		require.Contains(t, r.out, step)
	}
	r = x.run("", "demo", "--json", "--headless", "--groups", "30", "--users", "200", "--seed", "9")
	require.Equal(t, 0, r.code, r.err)
	var document struct {
		Review app.ReviewDocument `json:"review"`
		Sync   app.SyncDocument   `json:"sync"`
	}
	r.document(t, &document)
	require.Equal(t, 30, document.Sync.Counts.IdPGroups)
	require.Len(t, document.Review.Groups, 30)
}

func TestWithoutACommandTheWindowOpensWhereThereIsADisplay(t *testing.T) {
	x := &terminal{t: t, folder: t.TempDir(), windows: windows{display: true}}
	require.Equal(t, 0, x.run("").code)
	require.True(t, x.opened)

	x = &terminal{t: t, folder: t.TempDir()}
	require.Equal(t, "unreachable", string(x.run("", "--json").problem(t).Error.Code))
	require.False(t, x.opened)
}

func TestTheSimulatorSaysWhenItIsReadyAndEndsWhenAsked(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	out, in := io.Pipe()
	code := make(chan int, 1)
	go func() {
		code <- cli.Main(ctx, cli.Parts{In: strings.NewReader(""), Out: in, Err: io.Discard}, []string{"simulate", "--groups", "5", "--users", "50"})
		_ = in.Close()
	}()
	var ready map[string]map[string]string
	require.NoError(t, json.NewDecoder(out).Decode(&ready))
	require.Equal(t, "okta", ready["idp"]["provider"])
	require.Equal(t, "centralized", ready["atlassian"]["experience"])
	for _, key := range []string{"url", "org", "owner", "secret"} {
		require.NotEmpty(t, ready["atlassian"][key], key)
	}
	resp, err := http.Get(ready["idp"]["url"] + "/api/v1/users")
	require.NoError(t, err)
	_ = resp.Body.Close()
	require.Equal(t, http.StatusUnauthorized, resp.StatusCode)
	cancel()
	require.Equal(t, 0, <-code)
}

func TestVersion(t *testing.T) {
	x := &terminal{t: t, folder: t.TempDir()}
	require.Equal(t, "rollcall 1.2.3\n", x.run("", "version").out)
}

func TestProfilesKeepConnectionsSideBySide(t *testing.T) {
	x := &terminal{t: t, folder: t.TempDir()}
	simulation, err := simulator.Start(simulator.Options{Company: simulator.Sample(1, 5, 30), Rate: 100_000})
	require.NoError(t, err)
	t.Cleanup(simulation.Close)
	connect := func(profile string) {
		t.Setenv(app.IdPSecretVariable, simulator.OktaToken)
		r := x.run("", "connect", "idp", "--profile", profile, "--provider", "okta", "--url", simulation.IdPURL)
		require.Zero(t, r.code, r.err)
	}
	connect("acme labs")
	r := x.run("", "profiles", "--json")
	require.Zero(t, r.code)
	require.JSONEq(t, `{"profiles":["default","acme labs"]}`, r.out)

	// What one profile is connected to, the other isn't.
	r = x.run("", "fetch", "--json")
	require.Equal(t, "not_connected", string(r.problem(t).Error.Code))
	require.Contains(t, r.out, "No identity provider")
	r = x.run("", "fetch", "--profile", "acme labs", "--json")
	require.Contains(t, r.out, "No Atlassian organization")

	for _, name := range []string{"../elsewhere", "", "a/b", ".hidden"} {
		r := x.run("", "fetch", "--profile", name, "--json")
		require.Equal(t, "usage", string(r.problem(t).Error.Code), name)
	}
}

// log is what the log on disk holds.
func (x *terminal) log() string {
	text, err := os.ReadFile(filepath.Join(x.folder, logfile.Name))
	if !errors.Is(err, fs.ErrNotExist) {
		require.NoError(x.t, err)
	}
	return string(text)
}
