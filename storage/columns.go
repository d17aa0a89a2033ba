package storage

import (
	"encoding/gob"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/rollcall-app/rollcall/app/directory"
)

// tablePart is how many rows are written at once: nothing larger than their
// columns is ever made beside the snapshot itself.
const tablePart = 4096

// column is one field of many rows: numbers, or texts one after the other with
// their lengths.
type column struct {
	Numbers []uint64
	Text    []byte
}

// block is some rows of a table, column by column. Whoever describes a row names
// its fields once, in one order, and the block takes them in or gives them out.
// The fields are exported for gob alone.
type block struct {
	Rows    int
	Columns []column
	Lists   []*block // the rows within rows

	reading      bool
	column, list int // the next of the present row
	number, from []int
	texts        []string
	words        map[string]string
	err          error
}

var errColumns = errors.New("a column ends before its rows do")

// row begins the next row.
func (b *block) row() {
	b.column, b.list = 0, 0
	if !b.reading {
		b.Rows++
	}
}

// at gives the column of the next field.
func (b *block) at() *column {
	if b.column == len(b.Columns) && !b.reading {
		b.Columns = append(b.Columns, column{})
	}
	if b.column >= len(b.Columns) {
		b.err = errColumns
		return &column{}
	}
	b.column++
	return &b.Columns[b.column-1]
}

// take gives the next number of the next column when reading.
func (b *block) take() uint64 {
	c := b.at()
	if b.err != nil {
		return 0
	}
	next := &b.number[b.column-1]
	if *next >= len(c.Numbers) {
		b.err = errColumns
		return 0
	}
	*next++
	return c.Numbers[*next-1]
}

// takeText gives the next text of the next column when reading. It shares its
// memory with the others of the column.
func (b *block) takeText() string {
	n := b.take()
	if b.err != nil {
		return ""
	}
	i := b.column - 1
	from := b.from[i]
	if n > uint64(len(b.texts[i])-from) {
		b.err = errColumns
		return ""
	}
	b.from[i] = from + int(n)
	return b.texts[i][from:b.from[i]]
}

// read has the block give out what was decoded.
func (b *block) read(words map[string]string) {
	b.reading, b.words = true, words
	b.number, b.from, b.texts = make([]int, len(b.Columns)), make([]int, len(b.Columns)), make([]string, len(b.Columns))
	for i := range b.Columns {
		b.texts[i] = string(b.Columns[i].Text)
	}
	for _, list := range b.Lists {
		if list != nil {
			list.read(words)
		}
	}
}

// empty makes the block ready for other rows, in the same memory.
func (b *block) empty() {
	b.Rows = 0
	for i := range b.Columns {
		b.Columns[i].Numbers, b.Columns[i].Text = b.Columns[i].Numbers[:0], b.Columns[i].Text[:0]
	}
	for _, list := range b.Lists {
		if list != nil {
			list.empty()
		}
	}
}

// text is a field of which most rows have a value of their own.
func text[S ~string](b *block, s *S) {
	if b.reading {
		*s = S(b.takeText())
		return
	}
	c := b.at()
	c.Numbers = append(c.Numbers, uint64(len(*s)))
	c.Text = append(c.Text, *s...)
}

// word is a field of few values, each of which is kept in memory once.
func word[S ~string](b *block, s *S) {
	text(b, s)
	if !b.reading || *s == "" {
		return
	}
	known, there := b.words[string(*s)]
	if !there {
		known = string([]byte(*s)) // free of its column
		b.words[known] = known
	}
	*s = S(known)
}

// number is a field that holds a whole number.
func number[N ~int | ~int8 | ~int64 | ~uint32](b *block, n *N) {
	if b.reading {
		zigzag := b.take()
		*n = N(int64(zigzag>>1) ^ -int64(zigzag&1))
		return
	}
	c := b.at()
	c.Numbers = append(c.Numbers, uint64(int64(*n)<<1^int64(*n)>>63))
}

func flag(b *block, f *bool) {
	n := 0
	if *f {
		n = 1
	}
	number(b, &n)
	*f = n != 0
}

// moment is a time to the microsecond.
func moment(b *block, t *time.Time) {
	n := t.UnixMicro()
	number(b, &n)
	*t = time.UnixMicro(n).UTC()
}

// list is a field of several values, each a row of its own.
func list[T any](b *block, values *[]T, describe func(*block, *T)) {
	n := len(*values)
	number(b, &n)
	if b.list == len(b.Lists) && !b.reading {
		b.Lists = append(b.Lists, &block{})
	}
	if b.list >= len(b.Lists) || b.Lists[b.list] == nil {
		if n != 0 {
			b.err = errColumns
		}
		return
	}
	within := b.Lists[b.list]
	b.list++
	if b.reading {
		*values = nil
	}
	for i := 0; i < n && b.err == nil; i++ {
		within.row()
		if b.reading {
			*values = append(*values, *new(T))
		}
		describe(within, &(*values)[i])
		b.err = within.err
	}
}

// writeTable writes rows, part by part.
func writeTable[Row any](to *gob.Encoder, rows []Row, describe func(*block, *Row)) error {
	if err := to.Encode(len(rows)); err != nil {
		return err
	}
	b := &block{}
	for part := range slices.Chunk(rows, tablePart) {
		b.empty()
		for i := range part {
			b.row()
			describe(b, &part[i])
		}
		if err := to.Encode(b); err != nil {
			return err
		}
	}
	return nil
}

// largestTable is more rows than any table has; whoever claims more gets no
// memory for it in advance.
const largestTable = 2_000_000

// readTable reads what writeTable wrote; nil where there are no rows.
func readTable[Row any](from *gob.Decoder, words map[string]string, describe func(*block, *Row)) ([]Row, error) {
	total := 0
	if err := from.Decode(&total); err != nil || total == 0 {
		return nil, err
	}
	rows, b := make([]Row, 0, max(min(total, largestTable), 0)), &block{}
	for len(rows) < total {
		b.empty()
		if err := from.Decode(b); err != nil {
			return nil, err
		}
		if b.Rows <= 0 || b.Rows > tablePart {
			return nil, fmt.Errorf("%w: a part of %d rows", errColumns, b.Rows)
		}
		b.read(words)
		for range b.Rows {
			rows = slices.Grow(rows, 1)[:len(rows)+1]
			b.row()
			describe(b, &rows[len(rows)-1])
			if b.err != nil {
				return nil, b.err
			}
		}
	}
	return rows, nil
}

// runsHead begins a relation.
type runsHead struct{ Starts, Items int }

// writeRuns writes a relation: how long each run is, and how far each number is
// from the one before.
func writeRuns[L, R ~uint32](to *gob.Encoder, runs directory.Runs[L, R]) error {
	if err := to.Encode(runsHead{len(runs.Starts), len(runs.Items)}); err != nil {
		return err
	}
	var lengths, steps []uint64
	for from := 0; from < runs.Lefts(); from += tablePart {
		lengths, steps = lengths[:0], steps[:0]
		for l := from; l < min(from+tablePart, runs.Lefts()); l++ {
			run, before := runs.Of(L(l)), R(0)
			lengths = append(lengths, uint64(len(run)))
			for _, x := range run {
				steps, before = append(steps, uint64(x-before)), x
			}
		}
		if err := to.Encode([]column{{Numbers: lengths}, {Numbers: steps}}); err != nil {
			return err
		}
	}
	return nil
}

// most is more pairs than any relation has.
const most = 16_000_000

// readRuns reads what writeRuns wrote. The caller asks whether it is valid.
func readRuns[L, R ~uint32](from *gob.Decoder) (runs directory.Runs[L, R], err error) {
	var head runsHead
	if err := from.Decode(&head); err != nil || head.Starts <= 0 {
		return runs, err
	}
	runs.Starts, runs.Items = make([]uint32, 1, min(head.Starts, largestTable)), make([]R, 0, max(min(head.Items, most), 0))
	columns := make([]column, 2)
	for len(runs.Starts) < head.Starts {
		for i := range columns {
			columns[i].Numbers = columns[i].Numbers[:0]
		}
		if err := from.Decode(&columns); err != nil {
			return runs, err
		}
		if len(columns) != 2 || len(columns[0].Numbers) == 0 || !takeRuns(&runs, columns[0].Numbers, columns[1].Numbers) {
			return runs, errColumns
		}
	}
	return runs, nil
}

// takeRuns adds the runs of a part; false where the numbers aren't as many as
// their lengths say.
func takeRuns[L, R ~uint32](runs *directory.Runs[L, R], lengths, steps []uint64) bool {
	for _, n := range lengths {
		if n > uint64(len(steps)) {
			return false
		}
		before := R(0)
		for _, step := range steps[:n] {
			before += R(step)
			runs.Items = append(runs.Items, before)
		}
		steps = steps[n:]
		runs.Starts = append(runs.Starts, uint32(len(runs.Items)))
	}
	return len(steps) == 0
}

// The fields of each table, in the order in which they are kept. A field that a
// later version adds goes to the end of its table, and to a new format.

func person(b *block, p *directory.Person) {
	text(b, &p.ID)
	text(b, &p.Name)
	text(b, &p.Email)
	list(b, &p.Aliases, text[string])
	word(b, &p.Status)
	flag(b, &p.Disabled)
	flag(b, &p.Paused)
}

func sourceGroup(b *block, g *directory.SourceGroup) {
	text(b, &g.ID)
	text(b, &g.Name)
	word(b, &g.ReadOnly)
	word(b, &g.Unreadable)
	text(b, &g.Mark)
}

// usage is when an account last used a product.
type usage struct {
	product directory.ProductNo
	at      time.Time
}

func account(b *block, a *directory.Account) {
	text(b, &a.ID)
	text(b, &a.Name)
	text(b, &a.Email)
	word(b, &a.Kind)
	word(b, &a.Status)
	list(b, &a.OrgRoles, word[string])
	number(b, &a.Claimed)
	list(b, &a.Sites, word[string])
	var uses []usage
	if !b.reading && len(a.LastActive) > 0 {
		for _, product := range slices.Sorted(maps.Keys(a.LastActive)) {
			uses = append(uses, usage{product, a.LastActive[product]})
		}
	}
	list(b, &uses, func(b *block, u *usage) {
		number(b, &u.product)
		moment(b, &u.at)
	})
	if b.reading && len(uses) > 0 {
		a.LastActive = make(map[directory.ProductNo]time.Time, len(uses))
		for _, use := range uses {
			a.LastActive[use.product] = use.at
		}
	}
}

func group(b *block, g *directory.Group) {
	text(b, &g.ID)
	text(b, &g.Name)
	word(b, &g.Directory)
	word(b, &g.Site)
	number(b, &g.Synced)
	flag(b, &g.Locked)
	list(b, &g.Grants, func(b *block, grant *directory.Grant) {
		number(b, &grant.Product)
		word(b, &grant.Role)
		flag(b, &grant.Default)
	})
}

func provisioned(b *block, p *directory.Provisioned) {
	text(b, &p.ID)
	text(b, &p.External)
	text(b, &p.Name)
	list(b, &p.Addresses, text[string])
	flag(b, &p.Active)
	text(b, &p.Account)
}
