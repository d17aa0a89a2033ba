package main

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app"
)

// process is the real program, running.
type process struct {
	cmd *exec.Cmd
	mu  sync.Mutex
	log []string
	// lines receives each line of standard error.
	lines chan string
	out   *bufio.Reader
}

func startProcess(t testing.TB, binary string, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(binary, args...), lines: make(chan string, 10_000)}
	out, err := p.cmd.StdoutPipe()
	require.NoError(t, err)
	p.out = bufio.NewReader(out)
	errOut, err := p.cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, p.cmd.Start())
	read := make(chan struct{})
	go func() {
		defer close(read)
		defer close(p.lines)
		scanner := bufio.NewScanner(errOut)
		for scanner.Scan() {
			p.mu.Lock()
			p.log = append(p.log, scanner.Text())
			p.mu.Unlock()
			p.lines <- scanner.Text()
		}
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Signal(os.Interrupt)
		_, _ = io.Copy(io.Discard, p.out)
		<-read
		_ = p.cmd.Wait()
	})
	return p
}

// await waits for a line of the log that holds all the words.
func (p *process) await(t testing.TB, words ...string) {
	t.Helper()
	patience := time.After(60 * time.Second)
	for {
		select {
		case line, running := <-p.lines:
			if !running {
				require.Fail(t, "the program ended", "before it said %q:\n%s", words, strings.Join(p.log, "\n"))
			}
			if holdsAll(line, words) {
				return
			}
		case <-patience:
			p.mu.Lock()
			defer p.mu.Unlock()
			require.Fail(t, "no such line", "%q in\n%s", words, strings.Join(p.log, "\n"))
		}
	}
}

func holdsAll(line string, words []string) bool {
	for _, word := range words {
		if !strings.Contains(line, word) {
			return false
		}
	}
	return true
}

// hand moves the pointer and presses keys.
type hand struct{ t *testing.T }

func (h hand) do(args ...string) {
	h.t.Helper()
	out, err := exec.Command("xdotool", args...).CombinedOutput()
	require.NoError(h.t, err, string(out))
}

// click presses long enough for GLFW to see it.
func (h hand) click(x, y int) {
	h.t.Helper()
	h.do("mousemove", "--sync", strconv.Itoa(x), strconv.Itoa(y), "sleep", "0.2", "mousedown", "1", "sleep", "0.15", "mouseup", "1", "sleep", "0.2")
}

// run runs one command to its end and gives what it printed.
func run(t *testing.T, binary string, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(binary, args...)
	out, err := cmd.Output()
	require.NoError(t, err, "%v: %s", args, out)
	return out
}

// buildForWindow builds the program, with the race detector, for a window of which
// nothing is remembered.
func buildForWindow(t *testing.T) (binary string) {
	t.Helper()
	if os.Getenv("ROLLCALL_TEST_WINDOW") == "" {
		t.Skip("no display was started for the tests: use make test")
	}
	binary = filepath.Join(t.TempDir(), "rollcall")
	out, err := exec.Command("go", "build", "-race", "-o", binary, ".").CombinedOutput()
	require.NoError(t, err, string(out))
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	return binary
}

// The real program in a real window, under Xvfb: through the tabs by mouse, and
// a group synced in the end. Built with the race detector and with Fyne's check
// of the calling goroutine.
func TestARealWindow(t *testing.T) {
	binary, data := buildForWindow(t), t.TempDir()

	simulation := startProcess(t, binary, "simulate", "--groups", "40", "--users", "300")
	var ready map[string]map[string]string
	line, err := simulation.out.ReadBytes('\n')
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(line, &ready))
	t.Setenv(app.IdPSecretVariable, ready["idp"]["secret"])
	t.Setenv(app.AtlassianSecretVariable, ready["atlassian"]["secret"])
	run(t, binary, "connect", "idp", "--data", data, "--provider", "okta", "--url", ready["idp"]["url"])
	run(t, binary, "connect", "atlassian", "--data", data, "--org", ready["atlassian"]["org"], "--owner", ready["atlassian"]["owner"], "--url", ready["atlassian"]["url"])
	run(t, binary, "fetch", "--data", data)
	group := easyConflict(t, run(t, binary, "review", "--data", data, "--json"))

	window := startProcess(t, binary, "--data", data, "--log", "debug")
	window.await(t, "loaded")
	window.await(t, "tab selected", "Groups")
	h := hand{t}
	h.click(70, 48)
	window.await(t, "tab selected", "Identity provider")
	h.click(295, 48)
	window.await(t, "tab selected", "Product access")
	h.click(384, 48)
	window.await(t, "tab selected", "History")
	h.click(182, 48)
	window.await(t, "tab selected", "Groups")

	h.click(500, 161) // the search field
	h.do("type", "--delay", "30", group)
	h.click(200, 284) // the only group left
	window.await(t, "group opened", group)
	h.click(1205, 317) // Sync group
	window.await(t, "asked to sync", "groups=1")
	for range 5 { // past the reason, Cancel, People and Operations
		h.do("key", "Tab", "sleep", "0.2")
	}
	h.do("key", "space")
	window.await(t, "sync ended", "1 of 1 group synced")

	require.NoError(t, window.cmd.Process.Signal(os.Interrupt))
	for range window.lines { // until it has ended
	}
	window.mu.Lock()
	defer window.mu.Unlock()
	for _, line := range window.log {
		require.NotContains(t, line, "Error in Fyne call thread")
		require.NotContains(t, line, "DATA RACE")
	}
	var after app.ReviewDocument
	require.NoError(t, json.Unmarshal(run(t, binary, "review", "--data", data, "--json"), &after))
	for _, row := range after.Groups {
		if row.Name == group {
			require.Equal(t, "synced", string(row.State))
		}
	}
}

func TestTheWindowOpensWhereItStood(t *testing.T) {
	binary, data := buildForWindow(t), t.TempDir()
	open := func() (window *process, id string) {
		window = startProcess(t, binary, "--data", data, "--log", "debug")
		window.await(t, "loaded")
		id = strings.TrimSpace(string(run(t, "xdotool", "search", "--onlyvisible", "--name", "^Rollcall$")))
		hand{t}.do("windowfocus", id)
		window.await(t, "in front")
		return window, id
	}
	geometry := func(id string) []string {
		return strings.Fields(string(run(t, "xdotool", "getwindowgeometry", "--shell", id)))[1:3]
	}
	leave := func(window *process) {
		require.NoError(t, window.cmd.Process.Signal(os.Interrupt))
		for range window.lines { // until it has ended
		}
	}

	window, id := open()
	hand{t}.do("windowmove", "--sync", id, "150", "90")
	stood := geometry(id)
	require.Equal(t, []string{"X=150", "Y=90"}, stood)
	leave(window)

	window, id = open()
	require.Equal(t, stood, geometry(id))
	hand{t}.do("windowmove", "--sync", id, "3000", "90") // as on a second screen
	leave(window)

	_, id = open()
	require.NotContains(t, geometry(id), "X=3000", "there is no second screen any more")
}

// easyConflict names a group that a sync would change and no guard stops, and
// whose name no other group's holds.
func easyConflict(t *testing.T, output []byte) string {
	t.Helper()
	var document app.ReviewDocument
	require.NoError(t, json.Unmarshal(output, &document))
	for _, group := range document.Groups {
		alike := 0
		for _, other := range document.Groups {
			if strings.Contains(other.Name, group.Name) {
				alike++
			}
		}
		if group.State == "conflict" && group.Added > 0 && group.Removed > 0 && len(group.BlockedBy) == 0 && alike == 1 {
			return group.Name
		}
	}
	require.Fail(t, "the sample has no such conflict")
	return ""
}
