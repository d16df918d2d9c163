//go:build browser

package listen

import (
	"bufio"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// A pushService is one of our own, in the place of the vendor's: Chromium checks in,
// registers and keeps a connection as with Google's (its switches --gcm-… say where), and
// what is posted to a subscription's endpoint (RFC 8030) goes to it as it came. So the
// browser's own subscription, keys and decryption are tried. What the vendor's own
// does beside that, such as asking for a VAPID token, this does not.
type pushService struct {
	t    *testing.T
	web  *httptest.Server // check-in, registration, and endpoints
	line net.Listener     // connections of browsers

	mu     sync.Mutex
	tokens map[string]url.Values // registrations, by token
	gone   map[string]bool       // these have ended
	conn   net.Conn              // of the browser; nil: it is not there
	posted []http.Header         // what came with messages
	next   int
}

func newPushService(t *testing.T) *pushService {
	t.Helper()
	p := &pushService{t: t, tokens: map[string]url.Values{}, gone: map[string]bool{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /checkin", p.checkIn)
	mux.HandleFunc("POST /register", p.register)
	mux.HandleFunc("POST /to/{token}", p.take)
	p.web = httptest.NewServer(mux)
	t.Cleanup(p.web.Close)
	secure := httptest.NewTLSServer(nil) // for its certificate, which the browser is to take
	t.Cleanup(secure.Close)
	line, err := tls.Listen("tcp", "127.0.0.1:0", secure.TLS)
	if err != nil {
		t.Fatal(err)
	}
	p.line = line
	t.Cleanup(func() { line.Close() })
	go func() {
		for {
			c, err := line.Accept()
			if err != nil {
				return
			}
			go p.serve(c)
		}
	}()
	return p
}

// flags have Chromium use this service.
func (p *pushService) flags() []string {
	return []string{"--gcm-checkin-url=" + p.web.URL + "/checkin", "--gcm-registration-url=" + p.web.URL + "/register", "--gcm-mcs-endpoint=https://" + p.line.Addr().String(), "--ignore-certificate-errors"}
}

// Messages of protocol buffers are written by hand: there are three of them.
func number64(b []byte, field int, n uint64) []byte {
	return binary.LittleEndian.AppendUint64(binary.AppendUvarint(b, uint64(field)<<3|1), n)
}

func varint(b []byte, field int, n uint64) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(b, uint64(field)<<3), n)
}

func text[T string | []byte](b []byte, field int, s T) []byte {
	return append(binary.AppendUvarint(binary.AppendUvarint(b, uint64(field)<<3|2), uint64(len(s))), s...)
}

func (p *pushService) checkIn(w http.ResponseWriter, _ *http.Request) {
	_, _ = w.Write(number64(number64(varint(nil, 1, 1), 7, 4711), 8, 4712)) // all is well, and who it is
}

func (p *pushService) register(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		p.t.Errorf("a registration: %v", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.Form.Get("delete") != "" {
		for token, one := range p.tokens {
			if one.Get("X-subtype") == r.Form.Get("X-subtype") {
				p.gone[token] = true
			}
		}
		fmt.Fprint(w, "token="+r.Form.Get("X-subtype"))
		return
	}
	p.next++
	token := fmt.Sprintf("t%d:own", p.next)
	p.tokens[token] = r.Form
	fmt.Fprint(w, "token="+token)
}

// take hands a message to the browser.
func (p *pushService) take(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	p.mu.Lock()
	defer p.mu.Unlock()
	one := p.tokens[r.PathValue("token")]
	switch {
	case err != nil:
		return
	case one == nil || p.gone[r.PathValue("token")]:
		w.WriteHeader(http.StatusGone)
		return
	case p.conn == nil:
		w.WriteHeader(http.StatusServiceUnavailable) // it is asked again
		return
	}
	p.posted = append(p.posted, r.Header)
	of := func(key, value string) []byte { return text(text(nil, 1, key), 2, value) }
	p.next++
	m := text(text(nil, 3, one.Get("sender")), 5, one.Get("app"))
	m = text(text(m, 7, of("subtype", one.Get("X-subtype"))), 7, of("content-encoding", r.Header.Get("Content-Encoding")))
	m = text(text(m, 9, fmt.Sprint("m", p.next)), 21, body)
	if _, err := p.conn.Write(framed(nil, 8, m)); err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusCreated)
}

func framed(b []byte, tag byte, m []byte) []byte {
	return append(binary.AppendUvarint(append(b, tag), uint64(len(m))), m...)
}

// serve is one connection of a browser: it says who it is, and is answered.
func (p *pushService) serve(c net.Conn) {
	defer c.Close()
	in := bufio.NewReader(c)
	version, err := in.ReadByte()
	for err == nil {
		var tag byte
		var size uint64
		if tag, err = in.ReadByte(); err == nil {
			size, err = binary.ReadUvarint(in)
		}
		if err == nil {
			_, err = in.Discard(int(size))
		}
		if err != nil {
			return
		}
		switch tag {
		case 0:
			p.say(c, framed(nil, 1, nil))
		case 2:
			p.say(c, framed([]byte{version}, 3, text(nil, 1, "own")))
			p.mu.Lock()
			p.conn = c
			p.mu.Unlock()
		}
	}
}

func (p *pushService) say(c net.Conn, m []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, _ = c.Write(m) // it comes again
}

// script has a page take the endpoint of a subscription to be here: Chromium has the
// vendor's built in.
func (p *pushService) script() string {
	return `(() => {
		const own = Object.getOwnPropertyDescriptor(PushSubscription.prototype, "endpoint").get;
		const here = (s) => ` + fmt.Sprintf("%q", p.web.URL+"/to/") + ` + own.call(s).split("/").pop();
		const json = PushSubscription.prototype.toJSON;
		Object.defineProperty(PushSubscription.prototype, "endpoint", { get() { return here(this); } });
		PushSubscription.prototype.toJSON = function () { return { ...json.call(this), endpoint: here(this) }; };
	})();`
}

// headers are what came with messages.
func (p *pushService) headers() []http.Header {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]http.Header(nil), p.posted...)
}

// subscribed says how many subscriptions there are by a key. Chromium has some of its own.
func (p *pushService) subscribed(key string) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for token, one := range p.tokens {
		if !p.gone[token] && strings.TrimRight(one.Get("sender"), "=") == key {
			n++
		}
	}
	return n
}
