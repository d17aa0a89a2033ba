package screens

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app/simulator"
	"github.com/rollcall-app/rollcall/widgets"
)

// TestMain has the tests read what is written for an American, wherever they run.
func TestMain(m *testing.M) {
	for _, name := range []string{"LC_ALL", "LANG"} {
		if err := os.Setenv(name, "en_US.UTF-8"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

func TestNumbersAndDatesAreWrittenAsThePersonDoes(t *testing.T) {
	at := time.Date(2026, 11, 5, 15, 4, 9, 0, time.Local)
	for tag, want := range map[string][]string{
		"en-US": {"1,234,567", "Nov 5, 2026", "Nov 5, 2026 3:04 pm", "Thu 3:04 pm"},
		"en-GB": {"1,234,567", "5 Nov 2026", "5 Nov 2026 15:04", "Thu 15:04"},
		"de-DE": {"1.234.567", "05.11.2026", "05.11.2026 15:04", "Do. 15:04"},
		"de-CH": {"1’234’567", "05.11.2026", "05.11.2026 15:04", "Do. 15:04"},
		"fr":    {"1\u00a0234\u00a0567", "5 nov. 2026", "5 nov. 2026 15:04", "jeu. 15:04"},
		"es-AR": {"1.234.567", "5 nov. 2026", "5 nov. 2026 15:04", "jue. 15:04"},
		"ja":    {"1,234,567", "2026/11/05", "2026/11/05 15:04", "木 15:04"},
		"xx":    {"1,234,567", "Nov 5, 2026", "Nov 5, 2026 3:04 pm", "Thu 3:04 pm"},
		"?":     {"1,234,567", "Nov 5, 2026", "Nov 5, 2026 3:04 pm", "Thu 3:04 pm"},
	} {
		l := localeOf(tag)
		require.Equal(t, want, []string{l.numbers.Sprintf("%d", 1234567), l.day(at), l.moment(at), l.clock(at)}, tag)
	}
}

func TestTextIsAsLargeAsChosen(t *testing.T) {
	p := sitDown(t, simulator.Sample(1, 30, 200))
	before := p.w.groups.list.MinSize().Height
	p.w.setTextScale(1.5)
	require.InDelta(t, 1.5, widgets.TextScale(), 0.01)
	require.Greater(t, p.w.groups.list.MinSize().Height, before)
	require.Equal(t, 1.5, p.w.fyneApp.Preferences().Float(textPreference), "it is remembered")
}
