// Package faults disturbs the traffic to a server as networks, proxies and
// vendors do, for tests: it stands before the server's handler.
package faults

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"
)

// Fault is one kind of disturbance.
type Fault string

// The faults. None lets a request pass.
const (
	None         Fault = ""
	Refused      Fault = "connection refused"
	Reset        Fault = "reset in the middle"
	Silence      Fault = "time-out"
	Drip         Fault = "slow drip"
	TooMany      Fault = "429"
	TooManyAfter Fault = "429 with Retry-After"
	Broken       Fault = "500"
	BadGateway   Fault = "502 with HTML"
	Unauthorized Fault = "401"
	Truncated    Fault = "truncated JSON"
	WrongType    Fault = "a body of the wrong type"
	Empty        Fault = "an empty list"
	Twice        Fault = "duplicate rows"
	Moved        Fault = "rows that move between pages"
	Loop         Fault = "a cursor that loops"
	Elsewhere    Fault = "a redirect to another host"
	Huge         Fault = "a body of 2 GB"
	Lost         Fault = "an answer lost after it took effect"
)

// All lists every fault.
var All = []Fault{Refused, Reset, Silence, Drip, TooMany, TooManyAfter, Broken, BadGateway, Unauthorized, Truncated, WrongType, Empty, Twice, Moved, Loop, Elsewhere, Huge, Lost}

// Wrap disturbs the requests for which pick gives a fault. pick is called once a
// request, from several goroutines. doors are those through which the server is
// reached.
func Wrap(next http.Handler, doors *Doors, pick func(*http.Request) Fault) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fault := pick(r)
		if answer, simple := refusals[fault]; simple {
			for name, value := range answer.header {
				w.Header().Set(name, value)
			}
			w.WriteHeader(answer.status)
			_, _ = w.Write([]byte(answer.body))
			return
		}
		switch fault {
		case None:
			next.ServeHTTP(w, r)
		case Refused:
			doors.shut(r)
			cut(w, nil)
		case Silence:
			<-r.Context().Done()
		case Huge:
			huge(w, r)
		case Reset:
			cut(w, []byte("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{\"da"))
		case Lost:
			next.ServeHTTP(httptest.NewRecorder(), r)
			cut(w, nil)
		default:
			answer := httptest.NewRecorder()
			next.ServeHTTP(answer, r)
			disturb(w, r, answer, fault)
		}
	})
}

type refusal struct {
	status int
	header map[string]string
	body   string
}

var refusals = map[Fault]refusal{
	TooMany:      {429, map[string]string{"Content-Type": "application/json"}, `{"message":"slow down"}`},
	TooManyAfter: {429, map[string]string{"Content-Type": "application/json", "Retry-After": "0"}, `{"message":"slow down"}`},
	Broken:       {500, map[string]string{"Content-Type": "application/json"}, `{"message":"oops"}`},
	BadGateway:   {502, map[string]string{"Content-Type": "text/html"}, "<html><body>Bad gateway</body></html>"},
	Unauthorized: {401, map[string]string{"Content-Type": "application/json"}, `{"code":401,"message":"Unauthorized"}`},
	Elsewhere:    {302, map[string]string{"Location": "http://127.0.0.2:1/stolen"}, ""},
	WrongType:    {200, map[string]string{"Content-Type": "text/html"}, "<html><body>Please sign in</body></html>"},
}

// cut writes a piece and resets the connection.
func cut(w http.ResponseWriter, piece []byte) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	_, _ = conn.Write(piece)
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// huge sends until the client has had enough, 2 GB at most.
func huge(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	block := bytes.Repeat([]byte(" "), 1<<20)
	for range 2 << 10 {
		if _, err := w.Write(block); err != nil || r.Context().Err() != nil {
			return
		}
	}
}

// disturb sends an answer that was given otherwise.
func disturb(w http.ResponseWriter, r *http.Request, answer *httptest.ResponseRecorder, fault Fault) {
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	body := answer.Body.Bytes()
	switch fault {
	case Drip:
		w.WriteHeader(answer.Code)
		for _, b := range body[:min(len(body), 50)] {
			_, _ = w.Write([]byte{b})
			_ = http.NewResponseController(w).Flush()
			time.Sleep(2 * time.Millisecond) // that it is slow is the fault
		}
		_, _ = w.Write(body[min(len(body), 50):])
		return
	case Truncated:
		body = body[:len(body)/2]
	case Loop:
		body = loop(w, r, body)
	default:
		body = rearrange(body, fault)
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(body)
}

// loop offers the page again that was just read.
func loop(w http.ResponseWriter, r *http.Request, body []byte) []byte {
	if w.Header().Get("Link") != "" {
		w.Header().Set("Link", fmt.Sprintf(`<http://%s%s>; rel="next"`, r.Host, r.URL.RequestURI()))
		return body
	}
	var page map[string]any
	if json.Unmarshal(body, &page) != nil || page["links"] == nil {
		return body
	}
	page["links"] = map[string]string{"next": "eyJmIjowLCJsIjoxMDB9"} // the first page of a hundred, again and again
	return encode(page)
}

// rows are the keys under which answers hold their lists.
var rows = []string{"data", "value", "Resources", "users", "groups", "members"}

// rearrange changes the list in an answer; one that has none stays.
func rearrange(body []byte, fault Fault) []byte {
	var list []any
	if json.Unmarshal(body, &list) == nil {
		return encode(change(list, fault))
	}
	var page map[string]any
	if json.Unmarshal(body, &page) != nil {
		return body
	}
	for _, name := range rows {
		if list, is := page[name].([]any); is {
			page[name] = change(list, fault)
		}
	}
	return encode(page)
}

func change(list []any, fault Fault) []any {
	switch {
	case fault == Empty:
		return []any{}
	case fault == Twice:
		return append(list, list...)
	case fault == Moved && len(list) > 1:
		list[len(list)-1] = list[0] // one came again, and another was passed over
	}
	return list
}

func encode(value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // it was JSON a moment ago
	}
	return text
}

// Writes says whether a request changes something.
func Writes(r *http.Request) bool {
	if r.Method == http.MethodGet {
		return false
	}
	return !strings.HasSuffix(r.URL.Path, "/search") && !strings.HasSuffix(r.URL.Path, "/workspaces")
}
