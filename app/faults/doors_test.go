package faults_test

import (
	"errors"
	"net/http"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rollcall-app/rollcall/app/faults"
)

func TestAShutDoorRefusesConnectionsAndOpensAgain(t *testing.T) {
	var doors faults.Doors
	listener, err := doors.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var shut atomic.Bool
	server := &http.Server{ReadHeaderTimeout: time.Second, Handler: faults.Wrap(http.NotFoundHandler(), &doors, func(*http.Request) faults.Fault {
		if shut.CompareAndSwap(true, false) {
			return faults.Refused
		}
		return faults.None
	})}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	get := func() error {
		resp, err := http.Get("http://" + listener.Addr().String())
		if err == nil {
			err = resp.Body.Close()
		}
		return err
	}
	require.NoError(t, get())
	shut.Store(true)
	require.Error(t, get())
	require.True(t, errors.Is(get(), syscall.ECONNREFUSED))
	require.Eventually(t, func() bool { return get() == nil }, 5*time.Second, 5*time.Millisecond)
}
