package screens

import (
	"bytes"
	"io"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/simulator"
)

func TestASnapshotIsKeptLookedAtComparedAndForgotten(t *testing.T) {
	company := simulator.Sample(1, 60, 400)
	company.PendingDomains = nil
	p := sitDown(t, company)
	p.fetch()
	open := p.w.review.Counts().CouldNotSync()
	p.menu("Snapshots …")
	_, buttons, _ := p.dialog()
	require.True(t, buttons["Review it"].Disabled(), "nothing is chosen")
	test.Tap(buttons["Keep the latest as …"])
	_, ask, entries := p.dialog()
	test.Type(entries[0], "monday")
	test.Tap(ask["Keep"])
	require.Equal(t, "The latest snapshot is kept as “monday”.", p.w.status.task.Text)
	test.Tap(buttons["Close"])

	p.syncAll("monthly")
	require.Less(t, p.w.review.Counts().CouldNotSync(), open)

	p.menu("Snapshots …")
	list := p.list()
	require.Equal(t, 2, list.Length(), "latest and monday")
	list.Select(0)
	_, buttons, _ = p.dialog()
	require.True(t, buttons["Forget it"].Disabled())
	require.True(t, buttons["What changed since"].Disabled())
	list.Select(1)
	test.Tap(buttons["What changed since"])
	texts, lines, _ := p.dialog()
	require.Contains(t, texts, "What changed since “monday”")
	require.Contains(t, texts, "In Atlassian: ")
	test.Tap(lines["Back"])
	test.Tap(buttons["Review it"])
	require.Equal(t, open, p.w.review.Counts().CouldNotSync(), "as it was on Monday")
	require.True(t, p.w.kept.Visible())
	require.Contains(t, p.w.keptText.Text, "“monday”")
	test.Tap(p.w.groups.syncAll)
	texts, ask, _ = p.dialog()
	require.Contains(t, texts, "nothing is decided or synced from it")
	test.Tap(ask["OK"])
	view := p.w.groups.model.lines[p.line(plain)].view
	p.w.groups.accept(view)
	p.w.groups.rejectOrWithdraw(view)
	for range 2 {
		texts, ask, _ = p.dialog()
		require.Contains(t, texts, "nothing is decided or synced from it")
		test.Tap(ask["OK"])
	}
	decisions, err := p.app.Store.Decisions()
	require.NoError(t, err)
	require.Empty(t, decisions)
	p.w.look(app.Latest)
	require.Less(t, p.w.review.Counts().CouldNotSync(), open)
	require.False(t, p.w.kept.Visible())

	p.w.look("monday")
	require.Equal(t, "monday", p.w.looking)
	p.menu("Snapshots …")
	p.list().Select(1)
	_, buttons, _ = p.dialog()
	test.Tap(buttons["Forget it"])
	_, ask, _ = p.dialog()
	test.Tap(ask["Yes"])
	require.Equal(t, 1, p.list().Length())
	require.Empty(t, p.w.looking, "what is gone isn't shown any more")
}

func TestASnapshotGoesToAColleague(t *testing.T) {
	p := sitDown(t, simulator.Sample(1, 60, 400))
	p.fetch()
	s := newSnapshotsDialog(p.w)
	out := &sink{}
	s.write(app.Latest, "secret", "acme.age", out)
	require.True(t, out.closed)
	require.Equal(t, "The snapshot was written to acme.age.", p.w.status.task.Text)

	p.menu("Snapshots …")
	for _, passphrase := range []string{"wrong", "secret"} {
		p.imported(out.Bytes(), "from ana", passphrase)
		if passphrase == "wrong" {
			texts, buttons, _ := p.dialog()
			require.Contains(t, texts, "passphrase doesn't open it")
			test.Tap(buttons["OK"])
		}
	}
	p.w.look("from ana")
	require.Contains(t, p.w.keptText.Text, "from ana")
	p.w.look("nobody's")
	texts, buttons, _ := p.dialog()
	require.Contains(t, texts, "No snapshot is kept as “nobody's”")
	test.Tap(buttons["OK"])
	require.Empty(t, p.w.looking, "back to the latest")
	require.NotNil(t, p.w.review)
}

// list gives the list in the topmost dialog.
func (p *person) list() (list *widget.List) {
	walk(p.w.win.Canvas().Overlays().Top(), func(object fyne.CanvasObject) {
		if l, ok := object.(*widget.List); ok {
			list = l
		}
	})
	require.NotNil(p.t, list)
	return list
}

// imported does what choosing a file does.
func (p *person) imported(text []byte, name, passphrase string) {
	s := newSnapshotsDialog(p.w)
	s.read(io.NopCloser(bytes.NewReader(text)))
	_, buttons, entries := p.dialog()
	test.Type(entries[0], name)
	test.Type(entries[1], passphrase)
	test.Tap(buttons["Import"])
}
