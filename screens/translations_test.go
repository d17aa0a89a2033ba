package screens

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var writeEnglish = flag.Bool("english", false, "write translations/en.json from the texts in the code")

// sourceText is a text in the code: its forms in English, the one for many last.
type sourceText struct {
	one, many string
	at        token.Position
	values    int // that are filled in; -1 where that isn't known
}

// sources reads all texts that a person may read, by their keys.
func sources(t *testing.T) map[string]sourceText {
	t.Helper()
	found := map[string]sourceText{}
	files := token.NewFileSet()
	for _, root := range []string{"../app", "../screens", "../widgets", "../storage"} {
		require.NoError(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(node ast.Node) bool {
				for _, m := range messagesOf(node) {
					m.at = files.Position(node.Pos())
					if before, known := found[m.many]; known && m.one == "" {
						m.one = before.one
					}
					found[m.many] = m
				}
				return true
			})
			return nil
		}))
	}
	return found
}

// messagesOf gives the texts that a node of the code asks for: lang.L, lang.N,
// plural, what lang.Mark marks, and the names of endpoints.
func messagesOf(node ast.Node) []sourceText {
	switch node := node.(type) {
	case *ast.CallExpr:
		return messagesOfCall(node)
	case *ast.KeyValueExpr:
		key, named := node.Key.(*ast.Ident)
		if text, ok := literal(node.Value); ok && named && key.Name == "Endpoint" {
			return []sourceText{{many: text, values: -1}}
		}
	case *ast.ValueSpec:
		if !strings.HasSuffix(strings.ToLower(node.Names[0].Name), "permissions") || len(node.Values) == 0 {
			return nil
		}
		var endpoints []sourceText
		if table, ok := node.Values[0].(*ast.CompositeLit); ok {
			for _, element := range table.Elts {
				if text, ok := literal(element.(*ast.KeyValueExpr).Key); ok {
					endpoints = append(endpoints, sourceText{many: text, values: -1})
				}
			}
		}
		return endpoints
	}
	return nil
}

// calledName is the name of what is called, with the package or receiver.
func calledName(call *ast.CallExpr) string {
	switch function := call.Fun.(type) {
	case *ast.Ident:
		return function.Name
	case *ast.SelectorExpr:
		switch of := function.X.(type) {
		case *ast.Ident:
			return of.Name + "." + function.Sel.Name
		case *ast.SelectorExpr:
			if outer, ok := of.X.(*ast.Ident); ok {
				return outer.Name + "." + of.Sel.Name + "." + function.Sel.Name
			}
		}
	}
	return ""
}

func messagesOfCall(call *ast.CallExpr) []sourceText {
	name, values := calledName(call), len(call.Args)
	if call.Ellipsis.IsValid() {
		values = -1
	}
	text := func(i int) string {
		if i >= len(call.Args) {
			return ""
		}
		text, _ := literal(call.Args[i])
		return text
	}
	switch name {
	case "lang.L":
		if text(0) != "" {
			return []sourceText{{many: text(0), values: values - 1}}
		}
	case "lang.Mark":
		return []sourceText{{many: text(0), values: -1}}
	case "lang.N", "N", "plural":
		if text(2) != "" {
			filled := values - 3
			if name == "plural" {
				filled++
			}
			return []sourceText{{one: text(1), many: text(2), values: filled}}
		}
	}
	return nil
}

func literal(node ast.Expr) (string, bool) {
	basic, ok := node.(*ast.BasicLit)
	if !ok || basic.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(basic.Value)
	return text, err == nil
}

// translation is a text in one language: plain, or with its plural forms.
type translation struct {
	plain string
	forms map[string]string
}

func (t *translation) UnmarshalJSON(text []byte) error {
	if text[0] == '{' {
		return json.Unmarshal(text, &t.forms)
	}
	return json.Unmarshal(text, &t.plain)
}

// all are the forms there are.
func (t *translation) all() []string {
	if t.forms == nil {
		return []string{t.plain}
	}
	return slices.Collect(maps.Values(t.forms))
}

func translationsOf(t *testing.T, tag string) map[string]translation {
	t.Helper()
	text, err := translations.ReadFile("translations/" + tag + ".json")
	require.NoError(t, err)
	var all map[string]translation
	require.NoError(t, json.Unmarshal(text, &all))
	return all
}

// pluralForms are the forms that CLDR gives whole numbers of a size that is met.
var pluralForms = map[string][]string{"en": {"one", "other"}, "de": {"one", "other"}, "fr": {"one", "many", "other"}, "es": {"one", "many", "other"}, "ja": {"other"}}

func TestEveryTextIsInEveryLanguageAndUsed(t *testing.T) {
	texts := sources(t)
	if *writeEnglish {
		writeEnglishTexts(t, texts)
	}
	for _, language := range Languages {
		t.Run(language.Tag, func(t *testing.T) {
			known := translationsOf(t, language.Tag)
			for key, m := range texts {
				translated, ok := known[key]
				if !ok {
					t.Errorf("missing, of %s: %q", m.at, key)
					continue
				}
				require.Equal(t, m.one != "", translated.forms != nil, "plural forms belong to what depends on a number: %q", key)
				if translated.forms != nil {
					require.ElementsMatch(t, pluralForms[language.Tag], slices.Collect(maps.Keys(translated.forms)), key)
				}
			}
			for key := range known {
				if _, used := texts[key]; !used {
					t.Errorf("used nowhere: %q", key)
				}
			}
		})
	}
}

// verbs are what fmt fills in.
var verbs = regexp.MustCompile(`%(?:\[(\d+)\])?[-+#0]*(\d+)?(?:\.\d+)?([a-zA-Z%])`)

// filled lists which values a text takes, each with how it is written.
func filled(text string) []string {
	var list []string
	next := 1
	for _, verb := range verbs.FindAllStringSubmatch(text, -1) {
		if verb[3] == "%" {
			continue
		}
		if verb[1] != "" {
			next, _ = strconv.Atoi(verb[1])
		}
		list = append(list, fmt.Sprintf("%d%s", next, verb[3]))
		next++
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func TestTranslationsFillInWhatTheEnglishTextDoes(t *testing.T) {
	translated := map[string]map[string]translation{}
	for _, language := range Languages {
		translated[language.Tag] = translationsOf(t, language.Tag)
	}
	for key, m := range sources(t) {
		if m.values >= 0 {
			require.Len(t, filled(key), m.values, "%s: %q", m.at, key)
		}
		if m.values != 0 && m.one != "" {
			require.Equal(t, filled(key), filled(m.one), "%s: %q", m.at, key)
		}
		for _, language := range Languages {
			text := translated[language.Tag][key]
			for _, form := range text.all() {
				require.Equal(t, filled(key), filled(form), "%s: %q", language.Tag, form)
				require.NotContains(t, form, "{{", "it would be taken for a template: %q", key)
				require.Equal(t, begins(key), begins(form), "%s: space at the beginning of %q", language.Tag, form)
			}
		}
	}
}

// begins is the space that a text begins with; Japanese puts none between words.
func begins(text string) bool { return strings.HasPrefix(text, "\n") }

// severals are texts that are said of two or more only.
var severals = map[string]bool{
	"%d days old":                                                true, // hours until then
	"%d groups are named “%s”.":                                  true,
	"Sync %s groups?":                                            true,
	"Reject the sync of %s groups":                               true,
	"Reject the %s selected groups …":                            true,
	"Accept the %s selected groups":                              true,
	"Atlassian has %d groups of this name now.":                  true,
	"Choose 1 to %d printable characters, other than %s and %s.": true,
	"Keep all who would be removed from the %s selected groups":  true,
	"Keep out all who would be added to the %s selected groups":  true,
	"The %s selected groups stay as they are in Atlassian until this is withdrawn, or what it rests on changes.": true,
	"The organization has %d user directories; it isn't known in which “%s” belongs.":                            true,
}

// counts finds a number that is followed by what it counts, or by what agrees with it.
var counts = map[string]*regexp.Regexp{
	"en": regexp.MustCompile(`%(?:\[\d\])?(?:d (?:new |user |printable )?(?:\w+s|people|are|were|have)|s (?:selected )?(?:people|groups|members|requests|removals|seats|sites|products|batches|changes|lines|hours|days|answers|operations|are|were|have|gain|lose))\b`),
	"fr": regexp.MustCompile(`%(?:\[\d\])?(?:s \pL*(?:és|ées|prises)|d (?:\pL+ )?(?:\pL*(?:és|ées|prises)|ont|sont))\b`),
	"es": regexp.MustCompile(`%(?:\[\d\])?(?:s \pL*(?:ados|adas|idos|idas)|d (?:\pL+ )?(?:\pL*(?:ados|adas|idos|idas)|han|son|están))\b`),
}

func TestWhateverAgreesWithANumberHasPluralForms(t *testing.T) {
	for tag, count := range counts {
		texts := translationsOf(t, tag)
		for key, text := range texts {
			if text.forms == nil && !severals[key] {
				require.False(t, count.MatchString(text.plain), "%s: %q", tag, text.plain)
			}
			// The forms go by one number; whatever agrees with another one is wrong, which
			// in English nothing does.
			for _, form := range text.forms {
				require.False(t, tag != "en" && len(count.FindAllString(form, -1)) > 1, "%s: %q", tag, form)
			}
		}
		for key := range severals {
			require.Contains(t, texts, key)
		}
	}
}

func writeEnglishTexts(t *testing.T, texts map[string]sourceText) {
	t.Helper()
	all := map[string]any{}
	for key, m := range texts {
		all[key] = key
		if m.one != "" {
			all[key] = map[string]string{"one": m.one, "other": key}
		}
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	require.NoError(t, encoder.Encode(all))
	require.NoError(t, os.WriteFile("translations/en.json", out.Bytes(), 0o644))
}

// untranslated lists texts for a person that are not looked up: in problems, and in
// the window whatever has words in it.
func untranslated(file *ast.File, path string) (found []ast.Expr) {
	window := strings.HasPrefix(path, "../screens") || strings.HasPrefix(path, "../widgets")
	ast.Inspect(file, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.CallExpr:
			name := calledName(node)
			switch name {
			case "lang.L", "lang.N", "N", "lang.Mark", "plural", "fmt.Errorf", "w.debug", "t.w.debug":
				return false
			case "fmt.Fprint", "fmt.Fprintln", "fmt.Fprintf", "c.say":
				// Help goes to where it is put together, in English.
				if _, help := node.Args[0].(*ast.UnaryExpr); !help && strings.HasPrefix(path, "../app/cli") {
					found = append(found, wordyOf(node.Args)...)
				}
			case "problem.New", "problem.Wrap":
				for _, argument := range node.Args {
					if text, ok := literal(argument); ok && text != "" {
						found = append(found, argument)
					}
				}
			}
		case *ast.ImportSpec, *ast.Field:
			return false
		case *ast.BasicLit:
			if text, ok := literal(node); ok && window && wordy.MatchString(verbs.ReplaceAllString(text, "")) && !names[text] {
				found = append(found, node)
			}
		}
		return true
	})
	return found
}

// wordyOf lists the literals among arguments that have words in them.
func wordyOf(arguments []ast.Expr) (found []ast.Expr) {
	for _, argument := range arguments {
		if text, ok := literal(argument); ok && wordy.MatchString(verbs.ReplaceAllString(text, "")) {
			found = append(found, argument)
		}
	}
	return found
}

var (
	wordy = regexp.MustCompile(`\p{L}{2,} |[ ]\p{L}{2,}`)
	// names are the same in every language.
	names = map[string]bool{"Rollcall – ": true, "Ctrl+1 … Ctrl+4": true, "Ctrl++ Ctrl+-": true}
)

func TestWhatAPersonReadsIsLookedUp(t *testing.T) {
	files := token.NewFileSet()
	for _, root := range []string{"../app", "../screens", "../widgets", "../storage"} {
		require.NoError(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			// What serves the tests is English.
			for _, apart := range []string{"../app/simulator", "../app/beside", "../app/soak", "../app/faults", "../app/foreign"} {
				if path == apart {
					return filepath.SkipDir
				}
			}
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			for _, text := range untranslated(file, path) {
				t.Errorf("%s: %s isn't looked up", files.Position(text.Pos()), text.(*ast.BasicLit).Value)
			}
			return nil
		}))
	}
}
