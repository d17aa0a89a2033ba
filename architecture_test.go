package main

import (
	"flag"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var writeDiagram = flag.Bool("diagram", false, "write the diagram in docs/architecture.md")

const module = "github.com/rollcall-app/rollcall"

// rooms are the packages that the diagram shows; what lies below one belongs to it.
// Packages that all others use for their words (problem, lang, display, progress), and
// those that only tests use, are left out.
var rooms = []string{
	"main", "screens", "widgets", "storage", "app/cli", "app/simulator", "app/report", "app/release", "app/logfile", "app/drift", "app/run", "app/plan", "app/review",
	"app/history", "app/idp", "app/atlassian", "app/remote", "app/directory", "app",
}

var everywhere = []string{"app/problem", "app/lang", "app/display", "app/progress"}

// room is the room of a package's folder, or "".
func room(folder string) string {
	if folder == "." {
		return "main"
	}
	for _, left := range everywhere {
		if folder == left {
			return ""
		}
	}
	for _, room := range rooms {
		if folder == room || room != "app" && strings.HasPrefix(folder, room+"/") {
			return room
		}
	}
	return ""
}

// imports are which rooms each room's packages import, tests left out.
func imports(t *testing.T) map[string]map[string]bool {
	t.Helper()
	arrows := map[string]map[string]bool{}
	require.NoError(t, filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (path == "build" || strings.HasPrefix(entry.Name(), ".") && path != ".") {
			return filepath.SkipDir
		}
		from := room(filepath.ToSlash(filepath.Dir(path)))
		if entry.IsDir() || from == "" || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "idptest") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, imported := range file.Imports {
			folder, ours := strings.CutPrefix(strings.Trim(imported.Path.Value, `"`), module+"/")
			if to := room(folder); ours && to != "" && to != from {
				if arrows[from] == nil {
					arrows[from] = map[string]bool{}
				}
				arrows[from][to] = true
			}
		}
		return nil
	}))
	return arrows
}

// reaches says whether there is a way from one room to another that isn't the arrow
// between them itself.
func reaches(arrows map[string]map[string]bool, from, to string) bool {
	for next := range arrows[from] {
		if next != to && (arrows[next][to] || reaches(arrows, next, to)) {
			return true
		}
	}
	return false
}

// diagram draws the arrows that no longer way stands for.
func diagram(arrows map[string]map[string]bool) string {
	var lines []string
	for _, from := range slices.Sorted(maps.Keys(arrows)) {
		for _, to := range slices.Sorted(maps.Keys(arrows[from])) {
			if !reaches(arrows, from, to) {
				lines = append(lines, fmt.Sprintf("    %s --> %s", node(from), node(to)))
			}
		}
	}
	return "```mermaid\nflowchart TD\n" + strings.Join(lines, "\n") + "\n```\n"
}

func node(room string) string {
	return fmt.Sprintf("%s[%s]", strings.ReplaceAll(room, "/", "_"), room)
}

// The diagram in docs/architecture.md is drawn from the imports, which point one way.
func TestTheDiagramIsWhatTheCodeImports(t *testing.T) {
	arrows := imports(t)
	for from := range arrows {
		require.False(t, reaches(arrows, from, from), "%s imports itself by a detour", from)
	}
	path := filepath.Join("docs", "architecture.md")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	const begin, end = "<!-- the diagram: make docs -->\n", "<!-- end of the diagram -->\n"
	before, rest, found := strings.Cut(string(text), begin)
	require.True(t, found, begin)
	drawn, after, found := strings.Cut(rest, end)
	require.True(t, found, end)
	if *writeDiagram {
		drawn = diagram(arrows)
		require.NoError(t, os.WriteFile(path, []byte(before+begin+drawn+end+after), 0o644))
	}
	require.Equal(t, diagram(arrows), drawn, "docs/architecture.md is out of date: make docs")
}

// What docs/architecture.md lists is what there is.
func TestTheRoomsAreAllListed(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("docs", "architecture.md"))
	require.NoError(t, err)
	entries, err := os.ReadDir("app")
	require.NoError(t, err)
	for _, entry := range entries {
		if entry.IsDir() {
			require.Contains(t, string(text), "\n  "+entry.Name()+"/", "a package of app isn't listed")
		}
	}
}
