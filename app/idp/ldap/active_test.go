//go:build unix

package ldap_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cenkalti/backoff/v5"
	goldap "github.com/go-ldap/ldap/v3"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app/idp"
	"github.com/rollcall-app/rollcall/app/idp/ldap"
	"github.com/rollcall-app/rollcall/app/problem"
)

const (
	domainBase     = "DC=ad,DC=example,DC=org"
	domainPassword = "Passw0rd!x"
)

// activeDirectory starts a real Active Directory domain controller (Samba) on
// loopback, and gives its ldaps address and the file of its authority.
func activeDirectory(t *testing.T) (address, ca string) {
	t.Helper()
	for _, program := range []string{"samba-tool", "samba"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("Samba isn't installed: there is no %s (install the packages samba samba-ad-dc samba-ad-provision)", program)
		}
	}
	folder := t.TempDir()
	out, err := exec.Command("samba-tool", "domain", "provision", "--targetdir="+folder, "--realm=AD.EXAMPLE.ORG", "--domain=AD", "--server-role=dc",
		"--dns-backend=NONE", "--adminpass="+domainPassword, "--host-ip=127.0.0.1", "--option=interfaces=lo", "--option=bind interfaces only=yes").CombinedOutput()
	require.NoError(t, err, "%s", out)
	ca, certificate, key := authority(t)
	log, err := os.Create(filepath.Join(folder, "samba.log"))
	require.NoError(t, err)
	command := exec.Command("samba", "-i", "-M", "single", "-s", filepath.Join(folder, "etc", "smb.conf"), "--option=server services=ldap",
		"--option=pid directory="+folder, "--option=tls keyfile="+key, "--option=tls certfile="+certificate, "--option=tls cafile="+ca)
	command.Stdout, command.Stderr = log, log
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		_ = syscall.Kill(-command.Process.Pid, syscall.SIGTERM)
		_ = command.Wait()
		_ = log.Close()
		if t.Failed() {
			showEnd(t, log.Name())
		}
	})
	// It listens on the ports of LDAP alone, and doesn't say when.
	_, err = backoff.Retry(context.Background(), func() (bool, error) {
		conn, err := net.Dial("tcp", "127.0.0.1:636")
		if err != nil {
			return false, err
		}
		return true, conn.Close()
	}, backoff.WithBackOff(backoff.NewConstantBackOff(50*time.Millisecond)), backoff.WithMaxElapsedTime(time.Minute))
	require.NoError(t, err)
	return "ldaps://127.0.0.1", ca
}

func showEnd(t *testing.T, path string) {
	file, err := os.Open(path)
	if err != nil {
		return
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		t.Log(lines.Text())
	}
}

// populate makes people and groups as an administrator would.
func populate(t *testing.T, address string) {
	t.Helper()
	conn, err := goldap.DialURL(address, goldap.DialWithTLSConfig(&tls.Config{InsecureSkipVerify: true})) // the tests' own server
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.Bind("CN=Administrator,CN=Users,"+domainBase, domainPassword))
	add := func(dn string, attributes map[string][]string) {
		request := goldap.NewAddRequest(dn, nil)
		for name, values := range attributes {
			request.Attribute(name, values)
		}
		require.NoError(t, conn.Add(request), dn)
	}
	person := func(name, control string) string {
		dn := fmt.Sprintf("CN=%s,CN=Users,%s", name, domainBase)
		login := strings.ToLower(strings.ReplaceAll(name, " ", "."))
		add(dn, map[string][]string{
			"objectClass": {"user"}, "sAMAccountName": {login}, "displayName": {name}, "mail": {login + "@acme.example"}, "userAccountControl": {control},
			"userPrincipalName": {login + "@ad.example.org"}, "proxyAddresses": {"SMTP:" + login + "@acme.example", "smtp:" + login + ".old@acme.example", "X500:/o=acme"},
		})
		return dn
	}
	const normal, disabled = "544", "546" // with no password needed
	var many []string
	for i := range 23 {
		many = append(many, person(fmt.Sprintf("Person %02d", i), normal))
	}
	off := person("Off Duty", disabled)
	group := func(name string, members ...string) string {
		dn := fmt.Sprintf("CN=%s,CN=Users,%s", name, domainBase)
		attributes := map[string][]string{"objectClass": {"group"}, "sAMAccountName": {name}}
		if len(members) > 0 {
			attributes["member"] = members
		}
		add(dn, attributes)
		return dn
	}
	inner := group("inner", append(many, off)...)
	group("outer", inner, many[0])
	primary := group("primary", many[5])
	group("empty")
	found, err := conn.Search(goldap.NewSearchRequest(primary, goldap.ScopeBaseObject, goldap.NeverDerefAliases, 0, 0, false, "(objectClass=*)", []string{"primaryGroupToken"}, nil))
	require.NoError(t, err)
	token := found.Entries[0].GetAttributeValue("primaryGroupToken")
	_, err = strconv.Atoi(token)
	require.NoError(t, err)
	change := goldap.NewModifyRequest(many[5], nil)
	change.Replace("primaryGroupID", []string{token})
	require.NoError(t, conn.Modify(change))
	// The domain now names that person by primaryGroupID alone.
	found, err = conn.Search(goldap.NewSearchRequest(primary, goldap.ScopeBaseObject, goldap.NeverDerefAliases, 0, 0, false, "(objectClass=*)", []string{"member"}, nil))
	require.NoError(t, err)
	require.Empty(t, found.Entries[0].GetAttributeValues("member"))
}

func TestActiveDirectory(t *testing.T) {
	address, ca := activeDirectory(t)
	populate(t, address)
	authority, err := os.ReadFile(ca)
	require.NoError(t, err)
	config := ldap.Config{
		URL: address, CA: string(authority), BindDN: "CN=Administrator,CN=Users," + domainBase, Password: domainPassword, Base: domainBase,
		PageSize: 10, RangeSize: 5,
	}
	ctx := context.Background()
	connection := connect(t, config)
	require.NoError(t, connection.Check(ctx))
	side, _, err := connection.Read(ctx, nil, nil)
	require.NoError(t, err)

	t.Run("members come in ranges, nested, and by primary group", func(t *testing.T) {
		members := byName(side)
		require.Len(t, members["inner"], 24)
		require.Equal(t, members["inner"], members["outer"])
		require.Equal(t, []string{"person.05@acme.example"}, members["primary"])
		require.Contains(t, members, "empty")
		require.NotContains(t, members, "Domain Users", "the system's own groups are out of scope")
		for name := range members {
			require.Empty(t, groupNamed(side, name).Unreadable, name)
		}
	})
	t.Run("addresses that the domain vouches for are aliases", func(t *testing.T) {
		person := personAt(side, "person.07@acme.example")
		require.Equal(t, []string{"person.07@ad.example.org", "person.07.old@acme.example"}, person.Aliases)
		require.Equal(t, "Person 07", person.Name)
	})
	t.Run("a disabled account is marked", func(t *testing.T) {
		require.True(t, personAt(side, "off.duty@acme.example").Disabled)
		require.False(t, personAt(side, "person.07@acme.example").Disabled)
	})
	t.Run("a group reads the same by itself", func(t *testing.T) {
		now, err := connection.Now(ctx, groupNamed(side, "outer").ID)
		require.NoError(t, err)
		require.Len(t, now.Members, 24)
	})
	t.Run("StartTLS works as well", func(t *testing.T) {
		other := config
		other.URL, other.StartTLS = "ldap://127.0.0.1", true
		require.NoError(t, connect(t, other).Check(ctx))
	})
	t.Run("members are added and removed, and a group renamed", func(t *testing.T) {
		var writer idp.Writer = connection
		require.NoError(t, writer.AddMember(ctx, groupNamed(side, "empty"), personAt(side, "person.01@acme.example")))
		require.NoError(t, writer.AddMember(ctx, groupNamed(side, "empty"), personAt(side, "person.01@acme.example")), "is so already")
		require.NoError(t, writer.RemoveMember(ctx, groupNamed(side, "inner"), personAt(side, "person.02@acme.example")))
		require.NoError(t, writer.RenameGroup(ctx, groupNamed(side, "empty"), "not, empty"))
		after, _, err := connection.Read(ctx, nil, nil)
		require.NoError(t, err)
		members := byName(after)
		require.Equal(t, []string{"person.01@acme.example"}, members["not, empty"])
		require.Len(t, members["inner"], 23)
		require.Equal(t, groupNamed(side, "empty").ID, groupNamed(after, "not, empty").ID, "the id stays")
		err = writer.RemoveMember(ctx, groupNamed(side, "outer"), personAt(side, "person.01@acme.example"))
		require.True(t, problem.Is(err, problem.Refused), "%v", err)
	})
}
