package faults

import (
	"io"
	"net"
	"sync"
	"time"
)

// Ended is an orderly end of a connection in the middle of an answer.
const Ended Fault = "an end in the middle"

// RelayFaults are those that a Relay injects.
var RelayFaults = []Fault{Refused, Reset, Ended, Silence, Drip, Lost}

// Relay forwards connections to a server, and disturbs those for which pick gives
// a fault, whatever protocol they speak.
type Relay struct {
	Address  string
	target   string
	pick     func() (fault Fault, after int64)
	doors    Doors
	listener net.Listener
	wait     sync.WaitGroup
}

// NewRelay begins to forward. pick is called once a connection; the fault comes
// after so many bytes of the server's.
func NewRelay(target string, pick func() (fault Fault, after int64)) (*Relay, error) {
	r := &Relay{target: target, pick: pick}
	listener, err := r.doors.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r.listener, r.Address = listener, listener.Addr().String()
	r.wait.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			r.wait.Go(func() { r.forward(client) })
		}
	})
	return r, nil
}

// Close ends the relay; its connections end with those that use them.
func (r *Relay) Close() error { return r.listener.Close() }

func (r *Relay) forward(client net.Conn) {
	defer func() { _ = client.Close() }() // whoever is cut off notices
	fault, after := r.pick()
	if fault == Refused {
		r.doors.shutAddress(r.Address)
		return
	}
	server, err := net.Dial("tcp", r.target)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	asked := make(chan struct{})
	go func() {
		defer close(asked)
		if fault == Silence && after == 0 {
			_, _ = io.Copy(io.Discard, client)
			return
		}
		_, _ = io.Copy(server, client)
		if tcp, ok := server.(*net.TCPConn); ok {
			_ = tcp.CloseWrite()
		}
	}()
	if fault == None {
		_, _ = io.Copy(client, server)
		return
	}
	_, _ = io.CopyN(client, server, after)
	switch fault {
	case Reset:
		if tcp, ok := client.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
	case Silence:
		<-asked // until the client has had enough
	case Drip:
		drip(client, server)
	case Lost:
		// What was asked takes effect; nobody hears of it.
		_ = server.SetReadDeadline(time.Now().Add(closedFor))
		_, _ = io.Copy(io.Discard, server)
	}
}

// drip forwards byte by byte for a while.
func drip(client io.Writer, server io.Reader) {
	for range 100 {
		if _, err := io.CopyN(client, server, 1); err != nil {
			return
		}
		time.Sleep(time.Millisecond)
	}
	_, _ = io.Copy(client, server)
}
