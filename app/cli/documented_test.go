package cli_test

import (
	"encoding/xml"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/simulator"
)

const root = "../.."

// documented is a command that a document shows, and where.
type documented struct{ where, line string }

// shown are lines of documents that show commands: indented, or in a fence.
var shown = regexp.MustCompile(`(?m)^(?:    )?(?:\./build/)?(rollcall [^|\n]*|make [^\n]*|go (?:run|test) [^\n]*)$`)

// documents reads the commands of every document for people, in their order.
func documents(t *testing.T) (commands []documented) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	require.NoError(t, err)
	for _, name := range []string{"README.md", "CONTRIBUTING.md", "SECURITY.md"} {
		files = append(files, filepath.Join(root, name))
	}
	for _, file := range files {
		if filepath.Base(file) == "cli.md" {
			continue // it is made from the commands
		}
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, match := range shown.FindAllStringSubmatch(string(text), -1) {
			commands = append(commands, documented{filepath.Base(file), match[1]})
		}
	}
	return commands
}

// words cuts a line of a shell into the words of its commands; a comment ends it.
func words(t *testing.T, line string) (commands [][]string) {
	t.Helper()
	var command []string
	for _, word := range regexp.MustCompile(`"[^"]*"|\S+`).FindAllString(line, -1) {
		if strings.HasPrefix(word, "#") {
			break
		}
		if word == "&&" {
			commands, command = append(commands, command), nil
			continue
		}
		command = append(command, strings.Trim(word, `"`))
	}
	return append(commands, command)
}

// guided is a world in which the commands of the documents are run.
type guided struct {
	*terminal
	simulation *simulator.Simulation
	// top is the folder of the repository.
	top string
}

func guide(t *testing.T) *guided {
	t.Helper()
	company := simulator.Sample(4, 40, 300)
	company.PendingDomains = nil // nobody is waited for
	x, simulation := connected(t, simulator.Options{Company: company})
	t.Chdir(t.TempDir())
	return &guided{terminal: x, simulation: simulation}
}

// stands puts what there is in this world in the place of what a document names.
func (g *guided) stands(args []string) []string {
	for i, arg := range args {
		switch arg {
		case "https://acme.okta.com":
			args[i] = g.simulation.IdPURL
		case "ORG":
			args[i] = g.simulation.Company.Org
		case "you@example.com":
			args[i] = g.simulation.Company.Owner
		}
	}
	return args
}

// connect runs a command that connects something, against a simulation of its own.
func (g *guided) connect(t *testing.T, args []string) result {
	t.Helper()
	options := simulator.Options{Company: simulator.Sample(4, 20, 100), Rate: 100_000}
	set := func(name, value string) {
		if i := slices.Index(args, "--"+name); i >= 0 {
			args[i+1] = value
		} else {
			args = append(args, "--"+name, value)
		}
	}
	provider := "okta"
	if i := slices.Index(args, "--provider"); i >= 0 {
		provider = args[i+1]
	}
	if provider == "file" {
		require.NoError(t, os.WriteFile("export.csv", []byte("group,e-mail,name\nlegal,ana@acme.com,Ana\n"), 0o600))
		return (&terminal{t: t, folder: t.TempDir()}).run("", args...)
	}
	options.IdP, options.Original = provider, args[1] == "site"
	simulation, err := simulator.Start(options)
	require.NoError(t, err)
	t.Cleanup(simulation.Close)
	connection := maps.Clone(simulation.Connection)
	secret := connection["secret"]
	switch {
	case args[1] == "atlassian":
		connection, secret = map[string]string{"url": simulation.AtlassianURL, "org": simulation.Company.Org}, simulator.OrgKey
	case args[1] == "site":
		connection, secret = map[string]string{"url": simulation.SiteURLs[slices.Min(slices.Collect(maps.Keys(simulation.SiteURLs)))], "email": simulation.Company.Owner}, simulator.SiteToken
	case args[1] == "provisioning":
		connection, secret = map[string]string{"url": simulation.ProvisioningURL()}, simulator.DirectoryKey
	case slices.Contains(args, "app"): // Okta's service app
		secret, err = simulation.ServiceKey()
		require.NoError(t, err)
		connection = map[string]string{"url": simulation.IdPURL, "client": simulator.ClientID, "key-id": "1"}
	}
	secret = strings.TrimSpace(secret)
	delete(connection, "secret")
	delete(connection, "app")
	for name, value := range connection {
		set(name, value)
	}
	if i := slices.Index(args, "--secret-file"); i >= 0 {
		require.NoError(t, os.WriteFile(args[i+1], []byte(secret), 0o600))
	}
	for _, variable := range []string{app.IdPSecretVariable, app.AtlassianSecretVariable, app.SiteSecretVariable, app.ProvisioningSecretVariable} {
		before := os.Getenv(variable)
		t.Setenv(variable, secret)
		defer t.Setenv(variable, before)
	}
	return (&terminal{t: t, folder: t.TempDir()}).run(secret+"\n", args...)
}

// Every command that a document shows is run: those that connect against a simulation
// of what they connect, the others one after the other in one world.
func TestEveryCommandInTheDocumentsRuns(t *testing.T) {
	all, top := documents(t), absolute(t, root)
	for _, file := range []string{"README.md", "CONTRIBUTING.md", "guide.md", "providers.md", "unattended.md"} {
		t.Run(file, func(t *testing.T) {
			g := guide(t)
			g.top = top
			require.Equal(t, 0, g.run("", "fetch").code)
			ran := 0
			for _, command := range all {
				if command.where != file {
					continue
				}
				for _, args := range words(t, command.line) {
					ran++
					g.runs(t, args)
				}
			}
			require.Positive(t, ran)
		})
	}
}

func (g *guided) runs(t *testing.T, args []string) {
	t.Helper()
	line := strings.Join(args, " ")
	switch {
	case args[0] == "make":
		require.NoError(t, exec.Command("make", "-n", "-C", g.top, args[1]).Run(), line) // CI makes it
	case args[0] == "go":
		require.Contains(t, []string{"run", "test"}, args[1], line)
	case args[1] == "connect":
		r := g.connect(t, args[1:])
		require.Equal(t, 0, r.code, "%s\n%s%s", line, r.out, r.err)
	case args[1] == "sync" && !slices.Contains(args, "--dry-run") && !slices.Contains(args, "--yes"):
		r := g.run("", g.stands(args[1:])...) // which asks, and nobody is there to answer
		require.Contains(t, r.err, "Nobody confirmed it.", line)
	default:
		r := g.run("", g.stands(args[1:])...)
		require.Contains(t, []int{0, 2, 3}, r.code, "%s\n%s%s", line, r.out, r.err)
	}
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	full, err := filepath.Abs(path)
	require.NoError(t, err)
	return full
}

// unattendedCommands reads the commands out of an example for a scheduler, in its own
// format.
func unattendedCommands(t *testing.T, path string) (commands []string) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	switch filepath.Ext(path) {
	case ".service":
		for _, match := range regexp.MustCompile(`(?m)^ExecStart=/usr/bin/(.*)$`).FindAllStringSubmatch(string(text), -1) {
			commands = append(commands, match[1])
		}
	case ".plist":
		var list struct {
			Arguments []string `xml:"dict>array>string"`
		}
		require.NoError(t, xml.Unmarshal(text, &list))
		require.Equal(t, "rollcall", filepath.Base(list.Arguments[0]))
		commands = append(commands, "rollcall "+strings.Join(list.Arguments[1:], " "))
	case ".xml":
		var task struct {
			Command   string `xml:"Actions>Exec>Command"`
			Arguments string `xml:"Actions>Exec>Arguments"`
		}
		require.NoError(t, xml.Unmarshal(text, &task))
		require.True(t, strings.HasSuffix(task.Command, `\rollcall.exe`))
		commands = append(commands, "rollcall "+task.Arguments)
	case ".yml":
		var workflow struct {
			Jobs map[string]struct {
				Steps []struct{ Run string }
			}
		}
		require.NoError(t, yaml.Unmarshal(text, &workflow))
		for _, step := range workflow.Jobs["review"].Steps {
			for line := range strings.Lines(step.Run) {
				if strings.HasPrefix(line, "rollcall ") {
					commands = append(commands, strings.TrimSpace(line))
				}
			}
		}
	}
	return commands
}

func TestTheExamplesForSchedulersRun(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, "docs", "unattended", "*"))
	require.NoError(t, err)
	require.Len(t, files, 6)
	for i := range files {
		files[i] = absolute(t, files[i])
	}
	for _, file := range files {
		if filepath.Ext(file) == ".timer" {
			continue // it starts the service of its name
		}
		t.Run(filepath.Base(file), func(t *testing.T) {
			g := guide(t)
			commands := unattendedCommands(t, file)
			require.NotEmpty(t, commands)
			for _, line := range commands {
				args := words(t, line)[0]
				if args[1] != "watch" {
					g.runs(t, args)
					continue
				}
				var round app.WatchDocument
				g.watch(args[2:]...).round(&round)
				require.Positive(t, round.CouldNotSync)
			}
		})
	}
}

// systemd itself reads the units.
func TestSystemdTakesTheUnits(t *testing.T) {
	folder := t.TempDir()
	files, err := filepath.Glob(filepath.Join(root, "docs", "unattended", "*.[st]*e*r*"))
	require.NoError(t, err)
	var units []string
	for _, file := range files {
		if extension := filepath.Ext(file); extension != ".service" && extension != ".timer" {
			continue
		}
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		// The program need not be installed here.
		unit := filepath.Join(folder, filepath.Base(file))
		require.NoError(t, os.WriteFile(unit, []byte(strings.ReplaceAll(string(text), "/usr/bin/rollcall", os.Args[0])), 0o600))
		units = append(units, unit)
	}
	require.Len(t, units, 3)
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	said, err := exec.Command("systemd-analyze", append([]string{"verify", "--man=no", "--user"}, units...)...).CombinedOutput()
	require.NoError(t, err, string(said))
}

var link = regexp.MustCompile(`\]\(([^)#\s]+)(?:#[^)]*)?\)`)

func TestLinksWithinTheDocumentsLeadSomewhere(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	require.NoError(t, err)
	for _, name := range []string{"README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"} {
		files = append(files, filepath.Join(root, name))
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, match := range link.FindAllStringSubmatch(string(text), -1) {
			if !strings.Contains(match[1], "://") {
				require.FileExists(t, filepath.Join(filepath.Dir(file), match[1]), "%s links to it", file)
			}
		}
	}
}
