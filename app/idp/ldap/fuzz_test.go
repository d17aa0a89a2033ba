package ldap

import (
	"context"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"
	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app/problem"
)

// Whatever an entry holds: it becomes a person and a group that are well formed.
func FuzzEntries(f *testing.F) {
	f.Add("cn=a,dc=x", "member;range=0-1499", "cn=b,dc=x", true)
	f.Add("uid=a\\,b,dc=x", "memberUid", "a", false)
	f.Add("cn=a", "objectGUID", "\x01\x02", true)
	f.Add("", "primaryGroupID", "513", true)
	f.Add("cn=a", "userAccountControl", "514", true)
	f.Add("cn=a", "objectSid", "\x01\x05\x00\x00\x00\x00\x00\x05", true)
	l, err := New(Config{URL: "ldap://127.0.0.1", BindDN: "cn=x", Password: "x", Base: "dc=x"})
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, dn, attribute, value string, active bool) {
		kind := l.kindOf(active)
		entry := ldap.NewEntry(dn, map[string][]string{attribute: {value}, "cn": {value}, "mail": {value}})
		person := kind.somebody(entry)
		tree := &tree{ldap: l, kind: kind, crowd: &crowd{people: map[string]*somebody{}, byUID: map[string]*somebody{}, holds: map[string][]*somebody{}}, groups: map[string]*group{}, strangers: map[string]*somebody{}, odd: map[string]string{}}
		if person != nil {
			tree.crowd.people[key(dn)] = person
		}
		require.NotNil(t, tree.addGroup(entry))
		if from, more := nextRange(attribute); more {
			require.Positive(t, from)
			require.NotEmpty(t, tree.part(from))
		}
		_, err := ldap.CompileFilter("(x=" + kind.filterValue(value) + ")")
		require.NoError(t, err, "an id can't break out of its filter")
		_ = accountDisabled(value)
	})
}

// Whatever bytes a server sends: there is an end, and a sentence.
func FuzzWire(f *testing.F) {
	f.Add([]byte("0\x0c\x02\x01\x01a\x07\x0a\x01\x00\x04\x00\x04\x00"))
	f.Add([]byte("0\x84\x00\x00\x00\x10\x02\x01\x01\x61\x84\x00\x00\x00\x07\x0a\x01\x31\x04\x00\x04\x00"))
	f.Add([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
	f.Add([]byte{0x30, 0x84, 0xff, 0xff, 0xff, 0xff})
	var answer atomic.Pointer[[]byte]
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(f, err)
	f.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_, _ = conn.Read(make([]byte, 4096))
				_, _ = conn.Write(*answer.Load())
			}()
		}
	}()
	f.Fuzz(func(t *testing.T, text []byte) {
		answer.Store(&text)
		l, err := New(Config{URL: "ldap://" + listener.Addr().String(), BindDN: "cn=x", Password: "hush", Base: "dc=x"})
		require.NoError(t, err)
		defer l.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		err = l.Check(ctx)
		require.Error(t, err)
		require.NoError(t, ctx.Err(), "it didn't come to an end")
		require.NotEmpty(t, problem.Of(err).Action)
		require.NotContains(t, err.Error(), "hush")
	})
}
