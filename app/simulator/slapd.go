package simulator

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// Slapd is a running OpenLDAP server of the test's or the demo's own, which
// listens on 127.0.0.1 alone. Close ends it.
type Slapd struct {
	// URL is ldap://127.0.0.1:port; SecureURL is the same over TLS, where a
	// certificate was given.
	URL, SecureURL string

	command *exec.Cmd
	folder  string
	ended   chan error
	once    sync.Once
}

// Slapd's directory: its base, who may do everything there, and the member that
// stands in groups without people.
const (
	LDAPBase        = "dc=acme,dc=example"
	LDAPAdmin       = "cn=admin," + LDAPBase
	LDAPPassword    = "simulated-ldap-password"
	LDAPPlaceholder = "cn=nobody," + LDAPBase
	// LDAPDisabled is the filter that tells disabled people.
	LDAPDisabled = "(employeeType=disabled)"
)

// SlapdInstalled says whether this machine has OpenLDAP.
func SlapdInstalled() bool {
	_, err := slapdProgram("slapd")
	return err == nil
}

// slapdProgram finds a program that distributions put where only root looks.
func slapdProgram(name string) (string, error) {
	for _, candidate := range []string{name, "/usr/sbin/" + name, "/usr/libexec/" + name, "/usr/local/libexec/" + name} {
		if path, err := exec.LookPath(candidate); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("OpenLDAP isn't installed: there is no %s (on Debian, install the package slapd)", name)
}

// StartSlapd serves what an LDIF text holds. config is added to slapd.conf;
// with certificate and key (PEM files) it listens for TLS, too.
func StartSlapd(ldif, config, certificate, key string) (*Slapd, error) {
	program, err := slapdProgram("slapd")
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "rollcall-slapd-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for slapd: %w", err)
	}
	s := &Slapd{folder: folder, ended: make(chan error, 1)}
	if err := s.start(program, ldif, config, certificate, key); err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	return s, nil
}

func (s *Slapd) start(program, ldif, config, certificate, key string) error {
	if certificate != "" {
		config = fmt.Sprintf("TLSCertificateFile %s\nTLSCertificateKeyFile %s\n%s", certificate, key, config)
	}
	path, err := s.configure(config)
	if err != nil {
		return err
	}
	// Debian's package is one program under several names.
	load := exec.Command(program, "-T", "add", "-q", "-f", path, "-l", filepath.Join(s.folder, "content.ldif"))
	if err := os.WriteFile(filepath.Join(s.folder, "content.ldif"), []byte(ldif), 0o600); err != nil {
		return fmt.Errorf("write the LDIF: %w", err)
	}
	if out, err := load.CombinedOutput(); err != nil {
		return fmt.Errorf("load the LDIF: %w: %s", err, bytes.TrimSpace(out))
	}
	plain, err := freePort()
	if err != nil {
		return err
	}
	s.URL = "ldap://" + plain
	listen := s.URL
	if certificate != "" {
		secure, err := freePort()
		if err != nil {
			return err
		}
		s.SecureURL = "ldaps://" + secure
		listen += " " + s.SecureURL
	}
	return s.run(program, path, listen)
}

// run starts the server and waits until it says that it has.
func (s *Slapd) run(program, config, listen string) error {
	const statistics = "256" // the level at which it tells of starting
	s.command = exec.Command(program, "-f", config, "-h", listen, "-d", statistics)
	stderr, err := s.command.StderrPipe()
	if err != nil {
		return fmt.Errorf("read what slapd says: %w", err)
	}
	if err := s.command.Start(); err != nil {
		return fmt.Errorf("start slapd: %w", err)
	}
	ready := make(chan bool, 1)
	go func() {
		said := ""
		lines := bufio.NewScanner(stderr)
		for lines.Scan() { // to the end: a full pipe would stop the server
			said = lines.Text()
			if strings.Contains(said, "slapd starting") {
				ready <- true
			}
		}
		close(ready)
		s.ended <- fmt.Errorf("slapd ended (%w): %s", s.command.Wait(), said)
	}()
	if started := <-ready; !started {
		return <-s.ended
	}
	return s.listening()
}

// listening waits until connections are taken, which begins a moment after it
// says that it starts.
func (s *Slapd) listening() error {
	_, err := backoff.Retry(context.Background(), func() (bool, error) {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "ldap://"))
		if err != nil {
			return false, err
		}
		return true, conn.Close()
	}, backoff.WithBackOff(backoff.NewConstantBackOff(5*time.Millisecond)), backoff.WithMaxElapsedTime(10*time.Second))
	if err != nil {
		return fmt.Errorf("reach slapd: %w", err)
	}
	return nil
}

func freePort() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String(), nil
}

func (s *Slapd) configure(more string) (string, error) {
	schemas := "/etc/ldap/schema"
	if _, err := os.Stat(schemas); err != nil {
		schemas = "/etc/openldap/schema"
	}
	database := filepath.Join(s.folder, "db")
	if err := os.Mkdir(database, 0o700); err != nil {
		return "", fmt.Errorf("make a folder for slapd: %w", err)
	}
	var text strings.Builder
	for _, schema := range []string{"core", "cosine", "inetorgperson", "nis"} {
		fmt.Fprintf(&text, "include %s/%s.schema\n", schemas, schema)
	}
	for _, path := range []string{"/usr/lib/ldap", "/usr/lib64/openldap", "/usr/lib/openldap"} {
		if _, err := os.Stat(path); err == nil {
			fmt.Fprintf(&text, "modulepath %s\nmoduleload back_mdb\n", path)
			break
		}
	}
	fmt.Fprintf(&text, "pidfile %s/pid\n%s\ndatabase mdb\nmaxsize 1073741824\nsuffix %q\nrootdn %q\nrootpw %s\ndirectory %s\nindex objectClass,entryUUID eq\n",
		s.folder, more, LDAPBase, LDAPAdmin, LDAPPassword, database)
	path := filepath.Join(s.folder, "slapd.conf")
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		return "", fmt.Errorf("write slapd.conf: %w", err)
	}
	return path, nil
}

// Close ends the server and removes what it kept.
func (s *Slapd) Close() {
	s.once.Do(func() {
		_ = s.command.Process.Signal(syscall.SIGTERM)
		<-s.ended //nolint:errcheck // how it ended is nothing to anybody
		_ = os.RemoveAll(s.folder)
	})
}

// LDIF writes the identity provider's side of a company as LDIF.
func (c *Company) LDIF() string {
	var out strings.Builder
	line := func(name, value string) {
		fmt.Fprintf(&out, "%s:: %s\n", name, base64.StdEncoding.EncodeToString([]byte(value)))
	}
	fmt.Fprintf(&out, "dn: %s\nobjectClass: dcObject\nobjectClass: organization\ndc: acme\no: Acme\n\n", LDAPBase)
	for _, unit := range []string{"people", "groups"} {
		fmt.Fprintf(&out, "dn: ou=%s,%s\nobjectClass: organizationalUnit\nou: %s\n\n", unit, LDAPBase, unit)
	}
	for i := range c.Users {
		if c.Users[i].Status == deprovisioned {
			continue
		}
		c.Users[i].ldif(line)
		out.WriteString("\n")
	}
	shared := map[string]int{}
	for _, group := range c.SourceGroups {
		shared[strings.ToLower(group.Name)]++
	}
	dn := map[string]string{}
	for _, group := range c.SourceGroups {
		dn[group.ID] = fmt.Sprintf("cn=%s,ou=groups,%s", escapeDN(group.Name), LDAPBase)
		const longest = 100 // mdb's keys are short
		if shared[strings.ToLower(group.Name)] > 1 || len(group.Name) > longest {
			dn[group.ID] = fmt.Sprintf("ou=%s,ou=groups,%s", group.ID, LDAPBase)
		}
	}
	for _, group := range c.SourceGroups {
		if group.Type == "BUILT_IN" {
			continue
		}
		line("dn", dn[group.ID])
		line("objectClass", "groupOfNames")
		line("cn", group.Name)
		if strings.HasPrefix(dn[group.ID], "ou=") {
			line("ou", group.ID)
		}
		line("member", LDAPPlaceholder)
		for _, member := range group.Members {
			line("member", userDN(member))
		}
		for _, within := range group.Inside {
			line("member", dn[within])
		}
		out.WriteString("\n")
	}
	return out.String()
}

func userDN(id string) string { return fmt.Sprintf("employeeNumber=%s,ou=people,%s", id, LDAPBase) }

func (u *User) ldif(line func(name, value string)) {
	full := strings.TrimSpace(u.First + " " + u.Last)
	if full == "" {
		full = u.ID
	}
	line("dn", userDN(u.ID))
	line("objectClass", "inetOrgPerson")
	line("employeeNumber", u.ID)
	line("cn", full)
	line("displayName", full)
	line("sn", full)
	line("uid", u.Login)
	if u.Email != "" {
		line("mail", u.Email)
	}
	if u.disabled() {
		line("employeeType", "disabled")
	}
}

// escapeDN escapes a value of a DN (RFC 4514).
func escapeDN(value string) string {
	var out strings.Builder
	for i, r := range value {
		if strings.ContainsRune(`,+"\<>;=`, r) || r == '#' && i == 0 || r == ' ' && (i == 0 || i == len(value)-1) {
			out.WriteRune('\\')
		}
		out.WriteRune(r)
	}
	return out.String()
}
