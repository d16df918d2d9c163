package guard

import (
	"strings"
	"testing"
)

// FuzzEndpoint: an endpoint is written as it was read, and its host holds nothing that
// ends it elsewhere.
func FuzzEndpoint(f *testing.F) {
	for _, text := range []string{"tcp://*:9940", "tcp://[2001:db8::1%eth0]:0", "tcp://h:65536", "tcp://[*]:*", "tcp://:1", "tcp://a b:1", "ipc:///run/x", "tcp://h:+1", "tcp://\xff:1"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := ParseEndpoint(text)
		if err != nil {
			if e != (Endpoint{}) {
				t.Errorf("%q is %+v, and %v", text, e, err)
			}
			return
		}
		if strings.ContainsAny(e.Host, "/;, \t\r\n\x00") || len(e.Host) > len(text) {
			t.Errorf("%q has the host %q", text, e.Host)
		}
		if again, err := ParseEndpoint(e.String()); err != nil || again != e {
			t.Errorf("%q is %+v, written %q, which is %+v, %v", text, e, e.String(), again, err)
		}
	})
}
