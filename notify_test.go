//go:build linux

package main

import (
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
	"github.com/stretchr/testify/require"
)

// notifications is a desktop's notification service.
type notifications struct{ told chan [2]string }

// Notify follows https://specifications.freedesktop.org/notification-spec.
func (n notifications) Notify(_ string, _ uint32, _, title, text string, _ []string, _ map[string]dbus.Variant, _ int32) (uint32, *dbus.Error) {
	n.told <- [2]string{title, text}
	return 1, nil
}

func TestWhatIsToldArrivesOnTheDesktopWithoutAWindow(t *testing.T) {
	bus, err := dbus.ConnectSessionBus()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, bus.Close()) })
	service := notifications{make(chan [2]string, 1)}
	require.NoError(t, bus.Export(service, "/org/freedesktop/Notifications", "org.freedesktop.Notifications"))
	reply, err := bus.RequestName("org.freedesktop.Notifications", dbus.NameFlagDoNotQueue)
	require.NoError(t, err)
	require.Equal(t, dbus.RequestNameReplyPrimaryOwner, reply)

	newDesktop("io.github.rollcall-app.test").Notify("Rollcall", "1 new group conflict: legal")
	select {
	case told := <-service.told:
		require.Equal(t, [2]string{"Rollcall", "1 new group conflict: legal"}, told)
	case <-time.After(10 * time.Second):
		require.Fail(t, "nothing was told")
	}
}
