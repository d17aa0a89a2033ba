package screens

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2/test"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app"
	"github.com/rollcall-app/rollcall/app/simulator"
	"github.com/rollcall-app/rollcall/storage"
)

// secretWorker gives the child of the test below its way: the folder to write to
// and the addresses of both sides.
const secretWorker = "ROLLCALL_TEST_SECRETS"

// A child process connects both sides in the window, fetches and disconnects. Its
// memory is then searched for the credentials, which no one else has.
func TestCredentialsAreGoneFromMemoryOnceAConnectionIsRemoved(t *testing.T) {
	if way := os.Getenv(secretWorker); way != "" {
		connectAndDisconnect(t, strings.Split(way, "|"))
		return
	}
	secrets := map[string]string{simulator.OktaToken: "T" + rand.Text(), simulator.OrgKey: "K" + rand.Text()}
	company := simulator.Sample(1, 10, 60)
	simulation, err := simulator.Start(simulator.Options{Company: company, Rate: 100_000, Wrap: func(_ string, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for real, given := range secrets {
				r.Header.Set("Authorization", strings.ReplaceAll(r.Header.Get("Authorization"), given, real))
			}
			next.ServeHTTP(w, r)
		})
	}})
	require.NoError(t, err)
	t.Cleanup(simulation.Close)
	folder := t.TempDir()
	child := exec.Command(os.Args[0], "-test.run=^TestCredentialsAreGoneFromMemoryOnceAConnectionIsRemoved$")
	child.Env = append(os.Environ(), secretWorker+"="+strings.Join([]string{folder, simulation.IdPURL, simulation.AtlassianURL, company.Org, company.Owner}, "|"))
	child.Stdin = strings.NewReader(secrets[simulator.OktaToken] + "\n" + secrets[simulator.OrgKey] + "\n")
	out, err := child.CombinedOutput()
	require.NoError(t, err, string(out))
	connected, err := os.ReadFile(filepath.Join(folder, "connected"))
	require.NoError(t, err)
	after, err := os.ReadFile(filepath.Join(folder, "disconnected"))
	require.NoError(t, err)
	for _, secret := range secrets {
		require.True(t, bytes.Contains(connected, []byte(secret)), "else the search finds nothing at all")
		require.Zero(t, bytes.Count(after, []byte(secret)), secret)
		require.NotContains(t, string(out), secret)
	}
}

func connectAndDisconnect(t *testing.T, way []string) {
	store, err := storage.Open(filepath.Join(way[0], "data"))
	require.NoError(t, err)
	p := &person{t: t, app: &app.App{Store: store, Secrets: &app.MemorySecrets{}, Patience: time.Second, Environment: func(string) string { return "" }}}
	p.open()
	func() {
		in := bufio.NewScanner(os.Stdin)
		require.True(t, in.Scan())
		test.Type(p.w.idp.form.fields["url"], way[1])
		test.Type(p.w.idp.form.secret, in.Text())
		test.Tap(p.w.idp.idpConnect)
		require.Contains(t, p.w.idp.idpAnswer.Text, "✓ Connected")
		require.True(t, in.Scan())
		p.w.settings.Atlassian.URL = way[2]
		test.Type(p.w.idp.org, way[3])
		test.Type(p.w.idp.key, in.Text())
		test.Type(p.w.idp.owner, way[4])
		test.Tap(p.w.idp.orgConnect)
		require.Contains(t, p.w.idp.orgAnswer.Text, "✓ Connected")
	}()
	test.Tap(p.w.idp.fetch)
	require.NotNil(t, p.w.review)
	dump(t, filepath.Join(way[0], "connected"))
	test.Tap(p.w.idp.idpLeave)
	test.Tap(p.w.idp.orgLeave)
	require.Empty(t, p.w.settings.Atlassian.Org)
	dump(t, filepath.Join(way[0], "disconnected"))
	runtime.KeepAlive(p)
}

// dump writes all that is alive in memory to a file.
func dump(t *testing.T, path string) {
	t.Helper()
	file, err := os.Create(path)
	require.NoError(t, err)
	for range 3 { // pools are emptied in two rounds
		runtime.GC()
	}
	debug.WriteHeapDump(file.Fd())
	require.NoError(t, file.Close())
}
