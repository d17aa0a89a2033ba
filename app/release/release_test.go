package release_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/release"
)

// github answers like the endpoint of the latest release.
func github(t *testing.T, status int, body string) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /repos/rollcall-app/rollcall/releases/latest", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

func TestOnlyANewerReleaseIsTold(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		newer  string
	}{
		"a newer one":                   {200, `{"tag_name":"v1.10.0","html_url":"https://elsewhere.example"}`, "1.10.0"},
		"the same":                      {200, `{"tag_name":"v1.9.0"}`, ""},
		"an older one":                  {200, `{"tag_name":"v1.8.4"}`, ""},
		"a candidate of the one in use": {200, `{"tag_name":"v1.9.0-rc.1"}`, ""},
		"none at all":                   {404, `{"message":"Not Found"}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			newer, err := release.Newer(context.Background(), github(t, c.status, c.body), "1.9.0", nil)
			require.NoError(t, err)
			if c.newer == "" {
				require.Nil(t, newer)
				return
			}
			require.Equal(t, &release.Release{Version: c.newer, Page: release.Home + "/releases/tag/v" + c.newer}, newer, "the page isn't what an answer says")
		})
	}
}

func TestAnAnswerThatNamesNoVersionIsNoRelease(t *testing.T) {
	_, err := release.Newer(context.Background(), github(t, 200, `{"tag_name":"nightly"}`), "1.9.0", nil)
	require.True(t, problem.Is(err, problem.BadAnswer), err)
	require.Contains(t, problem.Of(err).Action, release.Home)
}

func TestTheDocumentsAreThoseOfTheVersion(t *testing.T) {
	require.Equal(t, release.Home+"/blob/v1.9.0/docs/guide.md", release.Document("1.9.0", "guide"))
}
