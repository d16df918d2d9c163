package notify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"log/slog"
	"net/http"
	"strings"
	"sync"

	"busbar/bus/notify/outbox"
	"busbar/common/show"
)

// stops are the rules that people ended by the link in a note. The link is signed with
// the outbox's key: nobody can end what is another's. One POST does it (RFC 8058); a GET,
// as of programs that look at links in mails, only asks.
type stops struct {
	out    *outbox.Outbox
	secret []byte
	public string // where others reach the daemon; empty: there are no links
	log    *slog.Logger

	mu    sync.Mutex
	ended map[outbox.Stop]bool
}

const stopPath = "/stop/"

// maxStopped bounds a link.
const maxStopped = 600

func openStops(ctx context.Context, out *outbox.Outbox, public string, log *slog.Logger) (*stops, error) {
	secret, err := out.Secret(ctx)
	if err != nil {
		return nil, err
	}
	s := &stops{out: out, secret: secret, public: strings.TrimSuffix(public, "/"), log: log}
	return s, s.read(ctx)
}

// read reads what is ended.
func (s *stops) read(ctx context.Context) error {
	list, err := s.out.Stops(ctx)
	if err != nil {
		return err
	}
	ended := map[outbox.Stop]bool{}
	for _, one := range list {
		ended[outbox.Stop{Person: one.Person, Rule: one.Rule, Way: one.Way, To: one.To}] = true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = ended
	return nil
}

// has says whether a rule is ended at an address.
func (s *stops) has(key outbox.Key, rule string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.ended) > 0 && s.ended[outbox.Stop{Person: key.Person, Rule: rule, Way: key.Way, To: key.To}]
}

// link is the address that ends a rule; empty: there is none.
func (s *stops) link(key outbox.Key, rule string) string {
	if s.public == "" {
		return ""
	}
	text, err := json.Marshal([4]string{key.Person, rule, key.Way, key.To})
	if err != nil {
		return ""
	}
	token := base64.RawURLEncoding.EncodeToString(text) + "." + base64.RawURLEncoding.EncodeToString(s.sign(text))
	if len(token) > maxStopped {
		return ""
	}
	return s.public + stopPath + token
}

func (s *stops) sign(text []byte) []byte {
	mac := hmac.New(sha256.New, s.secret)
	mac.Write(text)
	return mac.Sum(nil)[:16]
}

// parse reads a link's token; false: it is not ours.
func (s *stops) parse(token string) (stop outbox.Stop, ok bool) {
	body, signature, _ := strings.Cut(token, ".")
	text, err := base64.RawURLEncoding.DecodeString(body)
	if err != nil || len(token) > maxStopped {
		return stop, false
	}
	mac, err := base64.RawURLEncoding.DecodeString(signature)
	if err != nil || !hmac.Equal(mac, s.sign(text)) {
		return stop, false
	}
	var part [4]string
	if json.Unmarshal(text, &part) != nil {
		return stop, false
	}
	return outbox.Stop{Person: part[0], Rule: part[1], Way: part[2], To: part[3]}, true
}

// ServeHTTP ends a rule, or asks whether it is to be ended.
func (s *stops) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; form-action 'self'; frame-ancestors 'none'")
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("Cache-Control", "no-store")
	stop, ok := s.parse(strings.TrimPrefix(r.URL.Path, stopPath))
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		page(w, "This link is not one of ours, or it was cut.", "")
		return
	}
	what := fmt.Sprintf("the rule “%s” at %s:%s", html.EscapeString(show.Line(stop.Rule)), html.EscapeString(stop.Way), html.EscapeString(show.Line(stop.To)))
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		page(w, "End "+what+"?", `<form method="post"><button>End it</button></form>`)
	case http.MethodPost:
		if err := s.out.Stop(r.Context(), stop); err != nil {
			s.log.Error("a rule cannot be ended", "person", stop.Person, "rule", stop.Rule, "error", err)
			w.WriteHeader(http.StatusServiceUnavailable)
			page(w, "It could not be stored. Try again later.", "")
			return
		}
		s.mu.Lock()
		s.ended[stop] = true
		s.mu.Unlock()
		s.log.Info("a rule is ended by its link", "person", stop.Person, "rule", stop.Rule, "to", stop.Way+":"+stop.To)
		page(w, "Nothing more comes of "+what+".", "")
	default:
		w.Header().Set("Allow", "GET, POST")
		w.WriteHeader(http.StatusMethodNotAllowed)
	}
}

// page is a page of one line, which is HTML, and what a person can do.
func page(w http.ResponseWriter, line, form string) {
	show.Fprintf(w, "%s", show.Clean("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Busbar</title></head><body><p>"+line+"</p>"+form+"</body></html>\n"))
}
