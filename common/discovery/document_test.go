package discovery

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRead(t *testing.T) {
	lists := Endpoint{Address: "tcp://lists.example.org:9940", Name: "mail2bus.lists", Replay: "tcp://lists.example.org:9941"}
	bugs := Endpoint{Address: "tcp://[2001:db8::1]:9940", Name: "soapbus.bugs"}
	for _, c := range []struct {
		what, text string
		want       []Endpoint
	}{
		{"nothing", "", nil},
		{"TOML", `
[endpoints]
"mail2bus.lists" = ["tcp://lists.example.org:9940"]
"soapbus.bugs" = "tcp://[2001:db8::1]:9940"
[replay_endpoints]
"mail2bus.lists" = "tcp://lists.example.org:9941"
`, []Endpoint{bugs, lists}},
		{"all that fedmsg-config prints", `{"active": false, "endpoints": {"mail2bus.lists": ["tcp://lists.example.org:9940"], "relay_inbound": ["tcp://127.0.0.1:2003"]},
 "replay_endpoints": {"mail2bus.lists": "tcp://lists.example.org:9941"}, "zmq_linger": 1000}`, []Endpoint{lists}},
		{"its endpoints alone", `{"soapbus.bugs": ["tcp://[2001:db8::1]:9940"], "relay_inbound": ["tcp://127.0.0.1:2003"]}`, []Endpoint{bugs}},
		{"a service of this very name", `{"endpoints": ["tcp://[2001:db8::1]:9940"]}`, []Endpoint{{Address: bugs.Address, Name: "endpoints"}}},
		{"one address twice", `{"soapbus.bugs": ["tcp://[2001:db8::1]:9940", "tcp://[2001:db8::1]:9940"]}`, []Endpoint{bugs}},
		{"an empty list", `{"a": []}`, nil},
		{"an empty object", `{}`, nil},
	} {
		got, err := Read([]byte(c.text))
		if d := cmp.Diff(c.want, got); err != nil || d != "" {
			t.Errorf("%s: %v %s", c.what, err, d)
		}
	}
}

func TestUnreadable(t *testing.T) {
	for text, want := range map[string]string{
		"[endpoints":                            "reading TOML",
		"{":                                     "reading JSON",
		"[endpoint]\na = \"tcp://h:1\"":         `"endpoint" is not known`,
		"[endpoints]\na = 1":                    "neither an address nor a list",
		"[endpoints]\na = [1]":                  "is not an address",
		`{"a": 1}`:                              "neither an address nor a list",
		`{"a": ["ipc:///run/x"]}`:               `service "a": endpoint "ipc:///run/x"`,
		`{"a": ["tcp://*:9940"]}`:               "a host and a port are needed",
		`{"a": [""]}`:                           `service "a"`,
		"[replay_endpoints]\na = \"tcp://h:1\"": "not in endpoints",
		"[endpoints]\na=\"tcp://h:1\"\n[replay_endpoints]\na = [\"tcp://h:1\", \"tcp://h:2\"]": "2 addresses, not one",
		strings.Repeat(" ", maxFile+1):           "larger than",
		`{"a": ["tcp://h:1"` + many(1001) + `]}`: "more than 1000",
	} {
		if got, err := Read([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.80s: %v %v, want %q", text, got, err, want)
		}
	}
}

func many(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"tcp://h:%d"`, 2000+i)
	}
	return b.String()
}

// FuzzRead: whatever a file holds, each endpoint that is read can be dialled, each
// once, within the limits.
func FuzzRead(f *testing.F) {
	f.Add([]byte("[endpoints]\na = [\"tcp://h:1\"]\n[replay_endpoints]\na = \"tcp://h:2\""))
	f.Add([]byte(`{"endpoints": {"a": "tcp://h:1"}, "replay_endpoints": {}}`))
	f.Add([]byte(`{"a": ["tcp://h:1", "tcp://[::1]:2"]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		list, err := Read(text)
		if err != nil && list != nil {
			t.Fatalf("both an error and %v", list)
		}
		seen := map[string]bool{}
		for _, e := range list {
			if err := e.check(); err != nil || seen[e.Address] {
				t.Fatalf("%v: %v (twice: %v)", e, err, seen[e.Address])
			}
			seen[e.Address] = true
		}
	})
}
