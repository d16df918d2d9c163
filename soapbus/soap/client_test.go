package soap

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"busbar/fixtures/leaks"
)

func TestMain(m *testing.M) { os.Exit(leaks.Run(m)) }

// TestRequest: what goes over the wire, byte for byte.
func TestRequest(t *testing.T) {
	const want = `<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>` +
		`<get_tea xmlns="Tea/SOAP" soap:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"` +
		` xmlns:soapenc="http://schemas.xmlsoap.org/soap/encoding/" xmlns:xsd="http://www.w3.org/2001/XMLSchema"` +
		` xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">` +
		`<a1 xsi:type="xsd:int">7</a1><a2 xsi:type="xsd:string">Å &amp; &lt;b&gt;</a2>` +
		`<a3 soapenc:arrayType="xsd:int[2]" xsi:type="soapenc:Array"><item xsi:type="xsd:int">1</item><item xsi:type="xsd:int">2</item></a3>` +
		`<a4 soapenc:arrayType="xsd:string[0]" xsi:type="soapenc:Array"></a4>` +
		`</get_tea></soap:Body></soap:Envelope>`
	var body string
	var header http.Header
	url := server(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		body, header = string(b), r.Header
		io.WriteString(w, response(`<s-gensym3 xsi:type="xsd:int">1</s-gensym3>`))
	})
	c := client(t, Options{URL: url, UserAgent: "tea (tea@example.org)"})
	n, err := c.Call(t.Context(), "Tea/SOAP", "get_tea", 7, "Å & <b>", []int{1, 2}, []string{})
	if err != nil || n.Name != "teaResponse" || n.Children[0].Text != "1" {
		t.Fatalf("%+v, %v", n, err)
	}
	if body != want {
		t.Errorf("sent\n%s\nwant\n%s", body, want)
	}
	for name, want := range map[string]string{
		"SOAPAction": `"Tea/SOAP#get_tea"`, "User-Agent": "tea (tea@example.org)",
		"Content-Type": `text/xml; charset="utf-8"`, "Accept-Encoding": "gzip",
	} {
		if got := header.Get(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	if requests, bytes := c.Traffic(); requests != 1 || bytes != int64(len(response(`<s-gensym3 xsi:type="xsd:int">1</s-gensym3>`))) {
		t.Errorf("counted %d requests, %d bytes", requests, bytes)
	}
	if _, err := c.Call(t.Context(), "Tea", "tea", 1.5); err == nil || !strings.Contains(err.Error(), "float64") {
		t.Errorf("an argument of another type: %v", err)
	}
}

// TestRefusals: HTTP statuses, with SOAP and without.
func TestRefusals(t *testing.T) {
	fault := envelope("<soap:Fault><faultcode>soap:Server</faultcode><faultstring>no tea\n at x.pm</faultstring></soap:Fault>")
	for _, c := range []struct {
		status           int
		body, retryAfter string
		want             string
	}{
		{500, fault, "", "the server answers with a fault: Server: no tea"},
		{200, fault, "", "the server answers with a fault: Server: no tea"},
		{500, "", "", "the server answers HTTP 500 Internal Server Error: wait, and try again"},
		{500, response("tea"), "", "the server answers HTTP 500 Internal Server Error (<?xml"},
		{503, "<html>busy", "7", "the server answers HTTP 503 Service Unavailable (<html>busy): it asks to wait for 7s"},
		{503, "busy\r\nnow", "soon", "the server answers HTTP 503 Service Unavailable (busy now): wait, and try again"},
		{429, "", "999999999", "the server answers HTTP 429 Too Many Requests: it asks to wait for 24h0m0s"},
		{429, "", "Sun, 06 Nov 1994 08:49:37 GMT", "the server answers HTTP 429 Too Many Requests: ask more slowly"},
		{403, "", "", "the server answers HTTP 403 Forbidden: it bars this client; ask its administrators"},
		{411, "", "", "the server answers HTTP 411 Length Required: is it the URL of a SOAP server?"},
		{304, "", "", "the server answers HTTP 304"},
	} {
		url := server(t, func(w http.ResponseWriter, _ *http.Request) {
			if c.retryAfter != "" {
				w.Header().Set("Retry-After", c.retryAfter)
			}
			w.WriteHeader(c.status)
			if c.body != "" {
				io.WriteString(w, c.body)
			}
		})
		_, err := client(t, Options{URL: url}).Call(t.Context(), "Tea", "tea")
		if err == nil || !strings.HasPrefix(err.Error(), "asking for tea: "+c.want) {
			t.Errorf("%d %.40s: %v\nwant %s", c.status, c.body, err, c.want)
		}
	}
}

func TestRedirects(t *testing.T) {
	elsewhere := server(t, func(http.ResponseWriter, *http.Request) { t.Error("it went elsewhere") })
	for _, c := range []struct {
		status int
		to     string
		err    string
	}{
		{http.StatusTemporaryRedirect, "/tea", ""},
		{http.StatusPermanentRedirect, "/tea", ""},
		{http.StatusFound, "/tea", "has moved to"},
		{http.StatusTemporaryRedirect, strings.Replace(elsewhere, "127.0.0.1", "localhost", 1), "elsewhere"},
		{http.StatusTemporaryRedirect, "/again", "again and again"},
	} {
		url := server(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/tea" {
				io.WriteString(w, response("tea"))
				return
			}
			http.Redirect(w, r, c.to, c.status)
		})
		_, err := client(t, Options{URL: url}).Call(t.Context(), "Tea", "tea")
		if c.err == "" && err != nil || c.err != "" && (!errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%d to %s: %v", c.status, c.to, err)
		}
	}
}

// TestOneAtATime: however many ask.
func TestOneAtATime(t *testing.T) {
	busy := make(chan struct{}, 1)
	url := server(t, func(w http.ResponseWriter, _ *http.Request) {
		select {
		case busy <- struct{}{}:
			defer func() { <-busy }()
		default:
			t.Error("two at a time")
		}
		time.Sleep(time.Millisecond) // so that a second request would come in between
		io.WriteString(w, response("tea"))
	})
	c := client(t, Options{URL: url})
	done := make(chan error)
	for range 20 {
		go func() {
			_, err := c.Call(t.Context(), "Tea", "tea")
			done <- err
		}()
	}
	for range 20 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for _, o := range []Options{{}, {URL: "ftp://x"}, {URL: "http://"}, {URL: "http://a b"}, {URL: "http://x", UserAgent: "a\nb"}} {
		if _, err := NewClient(o); err == nil {
			t.Errorf("%+v was taken", o)
		}
	}
	_, err := client(t, Options{URL: "http://127.0.0.1:1/"}).Call(t.Context(), "Tea", "tea")
	if err == nil || errors.Is(err, ErrSlow) {
		t.Errorf("nobody listens: %v", err)
	}
}

// TestPacer: the distance is kept, also by the first, and by programs that are
// started again and again.
func TestPacer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const spacing = 10 * time.Second
		last := time.Now()
		for run := range 200 {
			p := NewPacer(6)
			for range run % 3 {
				if err := p.Wait(t.Context()); err != nil {
					t.Fatal(err)
				}
				if d := time.Since(last); d < spacing {
					t.Fatalf("run %d: only %s after the last", run, d)
				}
				last = time.Now()
				time.Sleep(time.Duration(run) * time.Second / 10) // the request
			}
		}
		p := NewPacer(6)
		time.Sleep(time.Hour) // nothing is saved up
		began := time.Now()
		for range 3 {
			p.Wait(t.Context())
		}
		if d := time.Since(began); d != 2*spacing {
			t.Errorf("three after a long pause take %s", d)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := p.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a context that ends: %v", err)
		}
		p.Wait(t.Context())
		if d := time.Since(began); d != 3*spacing {
			t.Errorf("the fourth starts after %s", d)
		}
		free := NewPacer(0)
		began = time.Now()
		free.Wait(t.Context())
		if time.Since(began) != 0 {
			t.Error("no rate, and it waits")
		}
	})
}
