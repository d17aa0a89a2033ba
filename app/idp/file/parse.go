package file

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"github.com/rollcall-app/rollcall/app/lang"
)

// Row is one membership: somebody in a group. A row without an address says that
// the group exists.
type Row struct {
	Group, GroupID string
	Email, Name    string
	Disabled       bool
}

// BadLine is a line, or an entry of JSON, that can't be taken.
type BadLine struct {
	// Line counts from 1, the line of column names included; in JSON it counts
	// entries.
	Line int
	Why  string
}

// Content is what a file holds.
type Content struct {
	Rows []Row
	// Columns says which column of the file was taken for what: group, email,
	// name, status, group id.
	Columns map[string]string
	Bad     []BadLine
}

// The columns that are looked for, each by the names that exports give it.
var columnNames = map[string][]string{
	"group":    {"group", "group name", "groupname", "group displayname", "group display name", "team"},
	"group id": {"group id", "groupid", "group object id"},
	"email":    {"email", "e-mail", "mail", "email address", "e-mail address", "user email", "member email", "user principal name", "userprincipalname", "upn", "user name", "username", "login"},
	"name":     {"name", "full name", "fullname", "display name", "displayname", "user display name", "member name", "user full name"},
	"status":   {"status", "state", "account status", "active", "enabled", "account enabled", "accountenabled"},
}

// disabledWords are how exports write that somebody is disabled.
var disabledWords = []string{"suspended", "disabled", "inactive", "deactivated", "deprovisioned", "false", "no", "0"}

// Parse reads a CSV or JSON export: JSON where it begins with a bracket or a
// brace. UTF-8 and, with a byte order mark, UTF-16 are understood. The error says
// that it is neither.
func Parse(raw []byte) (Content, error) {
	text, _, err := transform.Bytes(unicode.BOMOverride(unicode.UTF8.NewDecoder()), raw)
	if err != nil {
		return Content{}, fmt.Errorf("%s: %w", lang.L("it isn't a text"), err)
	}
	trimmed := bytes.TrimSpace(text)
	switch {
	case len(trimmed) == 0:
		return Content{}, errors.New(lang.L("it is empty"))
	case trimmed[0] == '[' || trimmed[0] == '{':
		return parseJSON(trimmed)
	}
	return parseCSV(text)
}

func parseCSV(text []byte) (Content, error) {
	reader := csv.NewReader(bytes.NewReader(text))
	reader.Comma = delimiter(text)
	reader.FieldsPerRecord = -1 // a line with too few is named, not the end
	reader.TrimLeadingSpace = true
	header, err := reader.Read()
	if err != nil {
		return Content{}, fmt.Errorf("%s: %w", lang.L("its first line can't be read"), err)
	}
	content := Content{Columns: map[string]string{}}
	place := recognize(header, content.Columns)
	for _, needed := range []string{"group", "email"} {
		if _, ok := place[needed]; !ok {
			return Content{}, errors.New(lang.L("no column is named %s; its columns are %s", strings.Join(columnNames[needed][:3], ", "), strings.Join(header, ", ")))
		}
	}
	for {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return content, nil
		}
		if err != nil {
			return Content{}, fmt.Errorf("%s: %w", lang.L("it breaks off or is damaged"), err)
		}
		line, _ := reader.FieldPos(0)
		content.take(line, len(record) > max(place["group"], place["email"]), func(column string) string {
			if i, ok := place[column]; ok && i < len(record) {
				return strings.TrimSpace(record[i])
			}
			return ""
		})
	}
}

// delimiter is the one of comma, semicolon and tab that the first line has most of.
func delimiter(text []byte) rune {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	best, most := ',', 0
	for _, candidate := range []rune{',', ';', '\t'} {
		if n := strings.Count(string(line), string(candidate)); n > most {
			best, most = candidate, n
		}
	}
	return best
}

// recognize finds the columns by their names; of several the one whose name
// stands first in the list.
func recognize(header []string, columns map[string]string) map[string]int {
	place := map[string]int{}
	for column, names := range columnNames {
		for _, name := range names {
			i := slices.IndexFunc(header, func(field string) bool {
				return strings.EqualFold(strings.ReplaceAll(strings.TrimSpace(field), "_", " "), name)
			})
			if i >= 0 {
				place[column], columns[column] = i, strings.TrimSpace(header[i])
				break
			}
		}
	}
	return place
}

// take takes in a line, or notes why it can't be.
func (c *Content) take(line int, whole bool, field func(column string) string) {
	row := Row{Group: field("group"), GroupID: field("group id"), Email: field("email"), Name: field("name")}
	row.Disabled = slices.Contains(disabledWords, strings.ToLower(field("status")))
	bad := ""
	switch {
	case !whole:
		bad = lang.L("it has too few columns")
	case row.Group == "":
		bad = lang.L("it names no group")
	case row.Email == "" && row.Name != "":
		bad = lang.L("it names somebody without an address")
	case row.Email != "" && !strings.Contains(row.Email, "@"):
		bad = lang.L("%q is no e-mail address", row.Email)
	}
	if bad != "" {
		c.Bad = append(c.Bad, BadLine{line, bad})
		return
	}
	c.Rows = append(c.Rows, row)
}

// parseJSON reads a list of memberships, or of groups with their members.
func parseJSON(text []byte) (Content, error) {
	if text[0] == '{' {
		var document struct {
			Groups []json.RawMessage `json:"groups"`
		}
		if err := json.Unmarshal(text, &document); err != nil || document.Groups == nil {
			return Content{}, fmt.Errorf("%s: %w", lang.L("it holds no list of groups"), orNone(err))
		}
		text, _ = json.Marshal(document.Groups) // raw messages that were just read
	}
	var entries []map[string]json.RawMessage
	if err := json.Unmarshal(text, &entries); err != nil {
		return Content{}, fmt.Errorf("%s: %w", lang.L("it isn't a list of groups or memberships"), err)
	}
	content := Content{Columns: map[string]string{}}
	for i, entry := range entries {
		content.takeEntry(i+1, entry)
	}
	return content, nil
}

func orNone(err error) error {
	if err == nil {
		return errors.New(lang.L("there is no field named groups"))
	}
	return err
}

// takeEntry takes in a membership, or a group with its members.
func (c *Content) takeEntry(no int, entry map[string]json.RawMessage) {
	names := make([]string, 0, len(entry))
	for name := range entry {
		names = append(names, name)
	}
	slices.Sort(names)
	members, nested := entry["members"]
	if !nested {
		place := recognize(names, c.Columns)
		c.take(no, true, func(column string) string {
			if i, ok := place[column]; ok {
				return scalar(entry[names[i]])
			}
			return ""
		})
		return
	}
	group := map[string]string{"group": scalar(entry["name"]), "group id": scalar(entry["id"])}
	var list []json.RawMessage
	if group["group"] == "" || json.Unmarshal(members, &list) != nil {
		c.Bad = append(c.Bad, BadLine{no, lang.L("it is a group without a name, or its members aren't a list")})
		return
	}
	c.take(no, true, func(column string) string { return group[column] })
	for _, one := range list {
		var person map[string]json.RawMessage
		if json.Unmarshal(one, &person) != nil {
			person = map[string]json.RawMessage{"email": one}
		}
		fields := make([]string, 0, len(person))
		for name := range person {
			fields = append(fields, name)
		}
		slices.Sort(fields)
		place := recognize(fields, c.Columns)
		if _, named := place["email"]; !named || scalar(person[fields[place["email"]]]) == "" {
			c.Bad = append(c.Bad, BadLine{no, lang.L("a member of “%s” has no address", group["group"])})
			continue
		}
		c.take(no, true, func(column string) string {
			if value, of := group[column]; of {
				return value
			}
			if i, ok := place[column]; ok {
				return scalar(person[fields[i]])
			}
			return ""
		})
	}
}

// scalar gives a string, a number or a boolean as text.
func scalar(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return strings.TrimSpace(text)
	}
	var flag bool
	if json.Unmarshal(raw, &flag) == nil {
		return strconv.FormatBool(flag)
	}
	var number json.Number
	if json.Unmarshal(raw, &number) == nil {
		return number.String()
	}
	return ""
}
