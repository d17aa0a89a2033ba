package cli

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app/plan"
)

var writeReference = flag.Bool("reference", false, "write docs/cli.md from the commands")

// docs/cli.md is what the commands say of themselves, in the frame of testdata/cli.md.
// make docs writes it.
func TestTheReferenceIsWhatTheCommandsSay(t *testing.T) {
	frame, err := os.ReadFile(filepath.Join("testdata", "cli.md"))
	require.NoError(t, err)
	root := (&command{}).root()
	text := strings.NewReplacer("{{commands}}", commandsReference(root), "{{guards}}", guardsReference()).Replace(string(frame))
	path := filepath.Join("..", "..", "docs", "cli.md")
	if *writeReference {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	written, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, text, string(written), "docs/cli.md is out of date: make docs")
}

func commandsReference(root *cobra.Command) string {
	var out bytes.Buffer
	fmt.Fprintf(&out, "| command | what it does |\n|---|---|\n")
	all := leaves(root)
	for _, cmd := range all {
		fmt.Fprintf(&out, "| [`%s`](#%s) | %s |\n", escaped(usageOf(cmd)), anchor(cmd), cmd.Short)
	}
	fmt.Fprintf(&out, "\nEverywhere:\n\n%s", flagsReference(root.PersistentFlags()))
	for _, cmd := range all {
		fmt.Fprintf(&out, "\n### %s\n\n%s\n\n    rollcall %s\n", anchorTitle(cmd), paragraphs(cmd), usageOf(cmd))
		if flags := flagsReference(cmd.LocalNonPersistentFlags()); flags != "" {
			fmt.Fprintf(&out, "\n%s", flags)
		}
	}
	return out.String()
}

// leaves are the commands that do something, in the order of the program's help.
func leaves(cmd *cobra.Command) (all []*cobra.Command) {
	for _, sub := range cmd.Commands() {
		if sub.Hidden || sub.Name() == "help" || sub.Name() == "completion" {
			continue
		}
		if sub.Runnable() {
			all = append(all, sub)
		}
		all = append(all, leaves(sub)...)
	}
	return all
}

// usageOf is how a command is called, without the program's name.
func usageOf(cmd *cobra.Command) string {
	text := strings.TrimPrefix(cmd.UseLine(), "rollcall ")
	return strings.TrimSuffix(text, " [flags]")
}

func anchorTitle(cmd *cobra.Command) string {
	return strings.TrimPrefix(cmd.CommandPath(), "rollcall ")
}

func anchor(cmd *cobra.Command) string { return strings.ReplaceAll(anchorTitle(cmd), " ", "-") }

func paragraphs(cmd *cobra.Command) string {
	text := cmd.Long
	if text == "" {
		text = cmd.Short + "."
	}
	text, list, listed := strings.Cut(text, "\n\n")
	if listed {
		text += "\n\n```text\n" + strings.TrimSpace(list) + "\n```"
	}
	return text
}

// escaped is a text for a cell of a table.
func escaped(text string) string { return strings.ReplaceAll(text, "|", "\\|") }

// kinds are what stands for a value of a type.
var kinds = map[string]string{"string": "TEXT", "int": "N", "uint64": "N", "duration": "D"}

func flagsReference(flags *pflag.FlagSet) string {
	var out bytes.Buffer
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		value, meaning := pflag.UnquoteUsage(f)
		name := "--" + f.Name
		if value != "" {
			name += " " + cmp.Or(kinds[value], strings.ToUpper(value))
		}
		if usual := f.DefValue; usual != "" && usual != "false" && usual != "0" && usual != "[]" && usual != "0s" && f.Name != "data" {
			meaning += fmt.Sprintf(" (usually %s)", usual)
		}
		fmt.Fprintf(&out, "| `%s` | %s |\n", name, escaped(meaning))
	})
	if out.Len() == 0 {
		return ""
	}
	return "| flag | meaning |\n|---|---|\n" + out.String()
}

func guardsReference() string {
	var out bytes.Buffer
	fmt.Fprintf(&out, "| guard | stops | may be lifted |\n|---|---|---|\n")
	for _, guard := range plan.Guards {
		lifted := "no"
		if guard.Overridable() {
			lifted = "yes"
		}
		fmt.Fprintf(&out, "| `%s` | %s | %s |\n", guard, guard.Stops(plan.DefaultThresholds()), lifted)
	}
	return strings.TrimSuffix(out.String(), "\n")
}
