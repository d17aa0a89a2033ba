package ldap_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app/directory"
	"github.com/rollcall-app/rollcall/app/idp"
	"github.com/rollcall-app/rollcall/app/idp/idptest"
	"github.com/rollcall-app/rollcall/app/idp/ldap"
	"github.com/rollcall-app/rollcall/app/problem"
	"github.com/rollcall-app/rollcall/app/simulator"
)

// slapd starts a real OpenLDAP.
func slapd(t *testing.T, ldif, config string) *simulator.Slapd {
	t.Helper()
	if !simulator.SlapdInstalled() {
		t.Skip("OpenLDAP isn't installed: install the package slapd")
	}
	server, err := simulator.StartSlapd(ldif, config, "", "")
	require.NoError(t, err)
	t.Cleanup(server.Close)
	return server
}

func settings(url string) ldap.Config {
	return ldap.Config{
		URL: url, BindDN: simulator.LDAPAdmin, Password: simulator.LDAPPassword, Base: simulator.LDAPBase,
		DisabledFilter: simulator.LDAPDisabled, AliasAttribute: "uid", Placeholder: simulator.LDAPPlaceholder,
	}
}

func connect(t *testing.T, config ldap.Config) *ldap.LDAP {
	t.Helper()
	connection, err := ldap.New(config)
	require.NoError(t, err)
	t.Cleanup(func() { _ = connection.Close() })
	return connection
}

const page = 100

// serve gives a world to a slapd of its own. Groups that can't be changed have
// no like in OpenLDAP.
func serve(t *testing.T, world idptest.World) ldap.Config {
	t.Helper()
	config := settings(slapd(t, idptest.Company(world).LDIF(), "").URL)
	config.PageSize = page
	return config
}

func TestOpenLDAPPassesTheSuite(t *testing.T) {
	idptest.Run(t, idptest.Server{
		Page: page, Nests: true,
		Serve: func(t *testing.T, world idptest.World, _ idptest.Wrap) idp.Provider {
			return connect(t, serve(t, world))
		},
		BreaksOff: func(t *testing.T, world idptest.World) idp.Provider {
			config := serve(t, world)
			config.URL = breakingOff(t, config.URL, 8<<10)
			return connect(t, config)
		},
	})
}

// breakingOff forwards to a server until so many bytes came back, and gives its
// address.
func breakingOff(t *testing.T, url string, after int64) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", strings.TrimPrefix(url, "ldap://"))
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(server, client) }()
			_, _ = io.CopyN(client, server, after)
			_, _ = client.Close(), server.Close()
		}
	}()
	return "ldap://" + listener.Addr().String()
}

const root = `dn: dc=acme,dc=example
objectClass: dcObject
objectClass: organization
dc: acme
o: Acme

dn: ou=people,dc=acme,dc=example
objectClass: organizationalUnit
ou: people

dn: ou=contractors,dc=acme,dc=example
objectClass: organizationalUnit
ou: contractors

dn: uid=ana,ou=people,dc=acme,dc=example
objectClass: inetOrgPerson
uid: ana
cn: Ana Petrova
sn: Petrova
mail: ana@acme.example

dn: uid=bo,ou=people,dc=acme,dc=example
objectClass: inetOrgPerson
uid: bo
cn: Bo Berg
sn: Berg
mail: bo@acme.example

dn: uid=cy,ou=contractors,dc=acme,dc=example
objectClass: inetOrgPerson
uid: cy
cn: Cy Chen
sn: Chen
mail: cy@partner.example

`

func TestEachClassOfGroupsNamesItsMembersInItsOwnWay(t *testing.T) {
	config := settings(slapd(t, root+`dn: cn=names,dc=acme,dc=example
objectClass: groupOfNames
cn: names
member: UID=Ana, OU=People, DC=acme, DC=example
member: uid=bo,ou=people,dc=acme,dc=example

dn: cn=unique,dc=acme,dc=example
objectClass: groupOfUniqueNames
cn: unique
uniqueMember: uid=ana,ou=people,dc=acme,dc=example
uniqueMember: cn=names,dc=acme,dc=example

dn: cn=posix,dc=acme,dc=example
objectClass: posixGroup
cn: posix
gidNumber: 1000
memberUid: ana
`, "").URL)
	connection := connect(t, config)
	ctx := context.Background()
	side, _, err := connection.Read(ctx, nil, nil)
	require.NoError(t, err)
	ana, bo := "ana@acme.example", "bo@acme.example"
	require.Equal(t, map[string][]string{"names": {ana, bo}, "unique": {ana, bo}, "posix": {ana}}, byName(side))

	for _, name := range []string{"names", "unique", "posix"} {
		require.NoError(t, connection.AddMember(ctx, groupNamed(side, name), personAt(side, "cy@partner.example")))
	}
	require.NoError(t, connection.RemoveMember(ctx, groupNamed(side, "names"), personAt(side, bo)))
	require.NoError(t, connection.RemoveMember(ctx, groupNamed(side, "posix"), personAt(side, ana)))
	side, _, err = connection.Read(ctx, nil, nil)
	require.NoError(t, err)
	cy := "cy@partner.example"
	require.Equal(t, map[string][]string{"names": {ana, cy}, "unique": {ana, cy}, "posix": {cy}}, byName(side))

	err = connection.RemoveMember(ctx, groupNamed(side, "unique"), personAt(side, ana))
	require.True(t, problem.Is(err, problem.Refused), "%v", err)
	require.Contains(t, err.Error(), "a group within it")
}

func TestTheLastMemberOfAGroupThatMayNotBeEmptyIsReplacedByThePlaceholder(t *testing.T) {
	config := settings(slapd(t, root+`dn: cn=one,dc=acme,dc=example
objectClass: groupOfNames
cn: one
member: uid=ana,ou=people,dc=acme,dc=example
`, "").URL)
	ctx := context.Background()
	bare := config
	bare.Placeholder = ""
	side, _, err := connect(t, bare).Read(ctx, nil, nil)
	require.NoError(t, err)
	err = connect(t, bare).RemoveMember(ctx, side.Groups[0], personAt(side, "ana@acme.example"))
	require.True(t, problem.Is(err, problem.Refused), "%v", err)
	require.NoError(t, connect(t, config).RemoveMember(ctx, side.Groups[0], personAt(side, "ana@acme.example")))
	side, _, err = connect(t, config).Read(ctx, nil, nil)
	require.NoError(t, err)
	require.Equal(t, map[string][]string{"one": nil}, byName(side))
}

// Somebody outside of the people's base is a member all the same; a member that
// can't be read leaves the group unreadable, never without them.
func TestMembersThatNoListHasAreReadByThemselves(t *testing.T) {
	config := settings(slapd(t, root+`dn: cn=mixed,dc=acme,dc=example
objectClass: groupOfNames
cn: mixed
member: uid=ana,ou=people,dc=acme,dc=example
member: uid=cy,ou=contractors,dc=acme,dc=example
member: ou=people,dc=acme,dc=example

dn: cn=dangling,dc=acme,dc=example
objectClass: groupOfNames
cn: dangling
member: uid=ana,ou=people,dc=acme,dc=example
member: uid=gone,ou=people,dc=acme,dc=example
`, "").URL)
	config.PeopleBase = "ou=people," + simulator.LDAPBase
	connection := connect(t, config)
	side, _, err := connection.Read(context.Background(), nil, nil)
	require.NoError(t, err)
	require.Equal(t, []string{"ana@acme.example", "cy@partner.example"}, byName(side)["mixed"])
	require.Empty(t, groupNamed(side, "mixed").Unreadable, "an organizational unit is nobody")
	require.Contains(t, groupNamed(side, "dangling").Unreadable, "uid=gone")
	now, err := connection.Now(context.Background(), groupNamed(side, "dangling").ID)
	require.NoError(t, err)
	require.Contains(t, now.Group.Unreadable, "uid=gone")
}

func TestALimitOfTheServerMakesTheReadIncomplete(t *testing.T) {
	var world idptest.World
	for i := range 30 {
		world.People = append(world.People, idptest.Person{Name: fmt.Sprint(i), Email: fmt.Sprintf("p%d@x.io", i)})
	}
	server := slapd(t, idptest.Company(world).LDIF()+"dn: cn=reader,"+simulator.LDAPBase+"\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: reader\nuserPassword: secret\n", "sizelimit 10")
	config := settings(server.URL)
	config.BindDN, config.Password = "cn=reader,"+simulator.LDAPBase, "secret"
	_, _, err := connect(t, config).Read(context.Background(), nil, nil)
	require.True(t, problem.Is(err, problem.Incomplete), "%v", err)
}

func TestWhatIsWrongWithAConnectionIsSaid(t *testing.T) {
	server := slapd(t, root, "")
	base := settings(server.URL)
	edit := func(f func(*ldap.Config)) ldap.Config {
		config := base
		f(&config)
		return config
	}
	for name, test := range map[string]struct {
		config ldap.Config
		code   problem.Code
	}{
		"a wrong password":        {edit(func(c *ldap.Config) { c.Password = "wrong" }), problem.BadCredentials},
		"no password":             {edit(func(c *ldap.Config) { c.Password = "" }), problem.Usage},
		"a base that isn't there": {edit(func(c *ldap.Config) { c.Base = "dc=other" }), problem.NotFound},
		"no groups there":         {edit(func(c *ldap.Config) { c.GroupsFilter = "(cn=none)" }), problem.NotFound},
		"a broken filter":         {edit(func(c *ldap.Config) { c.PeopleFilter = "(cn=" }), problem.Usage},
		"another protocol":        {edit(func(c *ldap.Config) { c.URL = "https://x" }), problem.Usage},
		"nobody listens":          {edit(func(c *ldap.Config) { c.URL = "ldap://127.0.0.1:1" }), problem.Unreachable},
		"no TLS there":            {edit(func(c *ldap.Config) { c.StartTLS = true }), problem.Insecure},
	} {
		t.Run(name, func(t *testing.T) {
			connection, err := ldap.New(test.config)
			if err == nil {
				err = connection.Check(context.Background())
			}
			require.True(t, problem.Is(err, test.code), "%v", err)
			require.NotContains(t, err.Error(), simulator.LDAPPassword)
		})
	}
}

// authority makes a certificate authority and a certificate of it for loopback,
// and gives their files.
func authority(t *testing.T) (ca, certificate, key string) {
	t.Helper()
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	issuer := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test authority"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "localhost"}, NotBefore: issuer.NotBefore, NotAfter: issuer.NotAfter,
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	folder := t.TempDir()
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(folder, name)
		require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
		return path
	}
	der, err := x509.CreateCertificate(rand.Reader, issuer, issuer, caKey.Public(), caKey)
	require.NoError(t, err)
	ca = write("ca.pem", "CERTIFICATE", der)
	der, err = x509.CreateCertificate(rand.Reader, leaf, issuer, own.Public(), caKey)
	require.NoError(t, err)
	certificate = write("cert.pem", "CERTIFICATE", der)
	der, err = x509.MarshalPKCS8PrivateKey(own)
	require.NoError(t, err)
	return ca, certificate, write("key.pem", "PRIVATE KEY", der)
}

func TestTLSIsCheckedAgainstTheAuthorityThatIsGiven(t *testing.T) {
	if !simulator.SlapdInstalled() {
		t.Skip("OpenLDAP isn't installed: install the package slapd")
	}
	ca, certificate, key := authority(t)
	server, err := simulator.StartSlapd(root+"dn: cn=g,dc=acme,dc=example\nobjectClass: groupOfNames\ncn: g\nmember: uid=ana,ou=people,dc=acme,dc=example\n", "", certificate, key)
	require.NoError(t, err)
	t.Cleanup(server.Close)
	text, err := os.ReadFile(ca)
	require.NoError(t, err)
	otherCA, _, _ := authority(t)
	other, err := os.ReadFile(otherCA)
	require.NoError(t, err)
	for _, address := range []string{server.SecureURL, server.URL} {
		config := settings(address)
		config.StartTLS = strings.HasPrefix(address, "ldap://")
		config.CA = string(text)
		require.NoError(t, connect(t, config).Check(context.Background()), address)
		for _, wrong := range []string{"", string(other)} {
			config.CA = wrong
			require.Error(t, connect(t, config).Check(context.Background()), address)
		}
	}
	config := settings(server.SecureURL)
	require.True(t, problem.Is(connect(t, config).Check(context.Background()), problem.Certificate))
}

func byName(side directory.IdentityProvider) map[string][]string {
	members := map[string][]string{}
	for i := range side.Groups {
		var list []string
		for _, no := range side.Members.Of(directory.SourceNo(i)) {
			list = append(list, side.People[no].Email)
		}
		members[side.Groups[i].Name] = sorted(list)
	}
	return members
}

func sorted(list []string) []string {
	slices.Sort(list)
	return list
}

func groupNamed(side directory.IdentityProvider, name string) directory.SourceGroup {
	i := slices.IndexFunc(side.Groups, func(g directory.SourceGroup) bool { return g.Name == name })
	return side.Groups[i]
}

func personAt(side directory.IdentityProvider, email string) directory.Person {
	i := slices.IndexFunc(side.People, func(p directory.Person) bool { return p.Email == email })
	return side.People[i]
}
