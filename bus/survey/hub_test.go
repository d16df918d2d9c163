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
