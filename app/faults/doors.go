package faults

import (
	"net"
	"net/http"
	"sync"
	"time"
)

// Doors are listeners that can refuse connections for a while. The zero value is
// ready.
type Doors struct{ byAddress sync.Map }

// Listen listens as net.Listen does.
func (d *Doors) Listen(network, address string) (net.Listener, error) {
	listener, err := net.Listen(network, address)
	if err != nil {
		return nil, err
	}
	door := &door{network: network, address: listener.Addr(), conns: map[net.Conn]bool{}}
	door.open.L = &door.mu
	door.listener = listener
	d.byAddress.Store(listener.Addr().String(), door)
	return door, nil
}

// closedFor is how long a door stays shut: longer than a client in a hurry asks
// again.
const closedFor = 40 * time.Millisecond

// shut refuses connections to where a request came in, for a while.
func (d *Doors) shut(r *http.Request) {
	address, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if ok && d != nil {
		d.shutAddress(address.String())
	}
}

func (d *Doors) shutAddress(address string) {
	if found, ok := d.byAddress.Load(address); ok {
		found.(*door).shut()
	}
}

// door is a listener that can be closed and opened again.
type door struct {
	network string
	address net.Addr

	mu       sync.Mutex
	open     sync.Cond
	listener net.Listener // nil while it is shut
	closed   bool         // for good
	conns    map[net.Conn]bool
}

func (d *door) shut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.listener == nil {
		return
	}
	_ = d.listener.Close() // from here on the system refuses
	d.listener = nil
	for conn := range d.conns { // or else a client goes on with one that it has
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		_ = conn.Close()
	}
	clear(d.conns)
	time.AfterFunc(closedFor, d.reopen)
}

func (d *door) reopen() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return
	}
	listener, err := net.Listen(d.network, d.address.String())
	if err != nil {
		time.AfterFunc(closedFor, d.reopen) // a connection that ends still holds it
		return
	}
	d.listener = listener
	d.open.Broadcast()
}

// Accept waits for a connection, and while the door is shut for it to open.
func (d *door) Accept() (net.Conn, error) {
	for {
		d.mu.Lock()
		for d.listener == nil && !d.closed {
			d.open.Wait()
		}
		listener := d.listener
		d.mu.Unlock()
		if listener == nil {
			return nil, net.ErrClosed
		}
		conn, err := listener.Accept()
		d.mu.Lock()
		shut := d.listener != listener
		if err == nil {
			d.conns[conn] = true
		}
		d.mu.Unlock()
		if err == nil || !shut {
			return conn, err
		}
	}
}

// Close closes it for good.
func (d *door) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	d.open.Broadcast()
	if d.listener == nil {
		return nil
	}
	return d.listener.Close()
}

// Addr is where it listens.
func (d *door) Addr() net.Addr { return d.address }
