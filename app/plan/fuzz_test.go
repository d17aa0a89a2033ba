package plan_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app/plan"
	"github.com/rollcall-app/rollcall/app/problem"
)

func FuzzPlanFile(f *testing.F) {
	whole := &bytes.Buffer{}
	p := &plan.Plan{Snapshot: "s", Groups: []plan.Group{{Name: "legal", Source: "g", Add: []plan.Member{{Account: "a", Email: "a@x.io"}}, Accounts: []string{"b"}}}}
	require.NoError(f, plan.NewFile(p, true, plan.Overrides{plan.Stale: {""}}, "me", time.Now()).Write(whole))
	for _, text := range [][]byte{whole.Bytes(), []byte(`{"rollcall_plan":1,"plan":{"Groups":[{"Target":null}]}}`), []byte(`{"rollcall_plan":1,"plan":{"Groups":[{"Source":"g"},{"Source":"g","Accounts":["a"]}]}}`), []byte(`{"rollcall_plan":99}`), []byte(`[]`), nil} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := plan.ReadFile(bytes.NewReader(text))
		if err != nil {
			require.True(t, problem.Is(err, problem.Usage), "%v", err)
			return
		}
		for _, step := range file.Plan.Steps() {
			require.NotEmpty(t, step.String())
		}
		for i := range file.Plan.Groups {
			_ = file.Plan.Groups[i].RestsOn()
		}
		require.Empty(t, plan.Compare(file.Plan, file.Plan), "a plan is the same as itself")
		again := &bytes.Buffer{}
		require.NoError(t, file.Write(again))
		_, err = plan.ReadFile(again)
		require.NoError(t, err)
	})
}
