package survey

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestAskHub: what a hub says comes; what is no hub, says too much, or sends us
// elsewhere is an error, and only where nobody listens may nobody be.
func TestAskHub(t *testing.T) {
	said := fmt.Sprintf(`{"healthy": true, "time": %q, "archive": {"newest": 7}, "publishers": [{"publisher": "a", "epoch": "1", "head": 5, "lag": 2}, {"publisher": "b", "lag": 1}]}`,
		time.Now().Add(-time.Minute).Format(time.RFC3339Nano))
	for answer, want := range map[string]string{
		said: "", "{}": "", "nonsense": "reading its answer", strings.Repeat(" ", maxStatus+1): "more than", "302": "302", "500": "500",
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch answer {
			case "302":
				http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusFound)
			case "500":
				w.WriteHeader(http.StatusInternalServerError)
			default:
				w.Write([]byte(answer))
			}
		}))
		h := HubsOf([]string{server.URL + "/"}, "")[0].Ask(context.Background())
		server.Close()
		if (h.Error == "") != (want == "") || !strings.Contains(h.Error, want) || h.Absent {
			t.Errorf("%.20q: %q, want %q", answer, h.Error, want)
		}
		if answer != said {
			continue
		}
		head, ok := h.Head("a", "1")
		if _, other := h.Head("a", "2"); head != 5 || !ok || other || h.Lag() != 3 || h.Skew > -59 || h.Skew < -200 {
			t.Errorf("%+v", h)
		}
		if list := h.Findings(h.Asked); len(list) != 1 || !strings.Contains(list[0].Detail, "the hub's clock is ") {
			t.Errorf("%+v", list)
		}
	}
	gone := httptest.NewServer(nil)
	gone.Close()
	for _, flags := range [][]string{nil, {gone.URL}} {
		if h := HubsOf(flags, strings.TrimPrefix(gone.URL, "http://"))[0].Ask(context.Background()); h.Absent != (flags == nil) || h.Error == "" {
			t.Errorf("who is not there: %+v", h)
		}
	}
	for _, place := range []string{"", "a:b:c", "127.0.0.1:0"} {
		if list := HubsOf(nil, place); len(list) > 0 {
			t.Errorf("[hub] listen = %q is asked at %v", place, list)
		}
	}
	for _, flag := range []string{"nowhere", "ftp://a", "http://", "http://a b"} {
		if h := HubsOf([]string{flag}, "")[0].Ask(context.Background()); !strings.Contains(h.Error, "is not the address of a hub") {
			t.Errorf("%q: %q", flag, h.Error)
		}
	}
	if list := HubsOf(nil, ":9480"); !slices.Equal(list, []Place{{"http://127.0.0.1:9480", true}}) {
		t.Errorf("%v", list)
	}
}

// TestAskForward: what a bus forward says comes; what is none, or is not there, is an
// error; one that is set up and listens nowhere is spoken of, and nobody asks otherwise.
func TestAskForward(t *testing.T) {
	for answer, want := range map[string]string{
		`{"healthy": true, "forwarded": 7, "waiting": 2, "missed": 1, "stream": {"server": "nats://a:1", "stream": "S"}}`: "",
		`{"healthy": false}`: "says that it is not well",
		`{"healthy": false, "conditions": [{"name": "stream", "level": "fail", "text": "nothing is taken", "hint": "look"}]}`: "nothing is taken",
		"nonsense": "reading its answer", strings.Repeat(" ", maxStatus+1): "more than",
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(answer)) }))
		f := AskForward(context.Background(), ForwardsOf([]string{server.URL + "/"}, nil, "")[0])
		server.Close()
		list := f.Findings()
		if want == "" {
			if len(list) > 0 || f.Forwarded != 7 || f.Waiting != 2 || f.Missed != 1 || f.Stream.Stream != "S" || f.Name() != server.URL {
				t.Errorf("%+v: %+v", f, list)
			}
		} else if len(list) != 1 || list[0].Level != "fail" || !strings.Contains(list[0].Detail, want) {
			t.Errorf("%.20q: %+v, want %q", answer, list, want)
		}
	}
	servers := []string{"nats://127.0.0.1:4222"}
	for _, c := range []struct {
		flags, to []string
		listen    string
		want      []string
	}{
		{nil, nil, "127.0.0.1:9482", nil}, {nil, servers, "127.0.0.1:9482", []string{"http://127.0.0.1:9482"}}, {nil, servers, ":9482", []string{"http://127.0.0.1:9482"}},
		{nil, servers, "", []string{""}}, {[]string{"http://far:1/"}, servers, "", []string{"http://far:1"}},
	} {
		if list := ForwardsOf(c.flags, c.to, c.listen); !slices.Equal(list, c.want) {
			t.Errorf("%+v: %q", c, list)
		}
	}
	if list := AskForward(context.Background(), "").Findings(); len(list) != 1 || list[0].Level != "warn" {
		t.Errorf("%+v", list)
	}
}

// TestAskNotify: what a bus notify says comes, with its destinations together; what is wrong
// with it is a finding.
func TestAskNotify(t *testing.T) {
	for answer, want := range map[string]string{
		`{"healthy": true, "people": 3, "rules": 7, "destinations": {"mail": {"waiting": 2, "dead": 1, "counts": {"sent": 5}}, "irc": {"waiting": 1, "counts": {"sent": 4}}, "": {"counts": {"gaps": 1}}}}`: "",
		`{"healthy": true, "conditions": [{"name": "dead letters", "level": "fail", "text": "1 could not be sent"}]}`:                                                                                       "1 could not be sent",
		"nonsense": "bus notify cannot be asked: reading its answer",
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(answer)) }))
		n := AskNotify(context.Background(), NotifiesOf([]string{server.URL + "/"}, false, "")[0])
		server.Close()
		list := n.Findings()
		if want == "" {
			if waiting, sent, dead := n.Totals(); len(list) > 0 || n.People != 3 || n.Rules != 7 || waiting != 3 || sent != 9 || dead != 1 {
				t.Errorf("%+v: %+v", n, list)
			}
		} else if len(list) != 1 || list[0].Level != "fail" || !strings.Contains(list[0].Detail, want) {
			t.Errorf("%.20q: %+v, want %q", answer, list, want)
		}
	}
	if list := NotifiesOf(nil, true, ""); len(list) != 1 || !strings.Contains(AskNotify(context.Background(), list[0]).Findings()[0].Detail, "set [notify] listen") {
		t.Errorf("one that nobody can ask: %v", list)
	}
}
