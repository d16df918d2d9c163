// Package webhook takes pushes from forges over HTTP: GitLab, Forgejo, Gitea,
// GitHub.
//
// A request is answered with 2xx only when what became of it is on disk. Forges
// seldom try again, and hide commits and whole pushes; where the repository
// itself can be reached, the hook and `scmhook run` tell more.
package webhook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strings"
	"time"

	"busbar/adapters"
	"busbar/adapters/scm"
	"busbar/common/event"
)

// A Forge is a kind of sender.
type Forge string

// The forges; each proves in its own way that it knows the secret.
const (
	GitLab  Forge = "GitLab"  // X-Gitlab-Token is the secret
	Forgejo Forge = "Forgejo" // X-Forgejo-Signature or X-Gitea-Signature: HMAC-SHA256 of the body, hexadecimal
	GitHub  Forge = "GitHub"  // X-Hub-Signature-256: the same behind "sha256="
)

// Options say what is accepted.
type Options struct {
	Secrets []string // any of them; to change one, accept both for a while
	// Limit is the longest body, in bytes. [8 MiB]
	Limit int64
	// Wait is how long a push may take to be durable; after it the sender is
	// told to try again. [8 s: GitLab waits for 10]
	Wait time.Duration
	// Busy is how many requests are served at a time. [32]
	Busy int
	// Submit returns nil when what became of a delivery is on disk.
	Submit func(context.Context, Delivery) error
	Log    *slog.Logger
}

// A Delivery is one request, and the push that it tells. An update without any
// id deletes a ref.
type Delivery struct {
	Item adapters.Item[scm.Push]
	Body []byte
	// Names are what tells this request from others: one that is known already
	// is sent again. The forge's own name stands in a header that no signature
	// covers, so the body's digest is beside it where there is a signature.
	Names []string
}

type server struct {
	Options
	turn chan struct{}
}

// Handler answers POST requests on any path.
func Handler(o Options) (http.Handler, error) {
	if len(o.Secrets) == 0 {
		return nil, errors.New("starting the webhooks' server: no secret is given, so anybody could forge pushes")
	}
	for _, s := range o.Secrets {
		if len(s) < 16 {
			return nil, errors.New("starting the webhooks' server: a secret is shorter than 16 characters")
		}
	}
	if o.Limit <= 0 {
		o.Limit = 8 << 20
	}
	if o.Wait <= 0 {
		o.Wait = 8 * time.Second
	}
	if o.Busy <= 0 {
		o.Busy = 32
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &server{o, make(chan struct{}, o.Busy)}, nil
}

// NewServer is an HTTP server that slow or greedy senders cannot hold up.
func NewServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 20 * time.Second, WriteTimeout: 40 * time.Second,
		IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// ServeHTTP answers one request.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", "POST")
		s.refuse(w, r, http.StatusMethodNotAllowed, "only POST is answered")
		return
	}
	forge, kind := sender(r.Header)
	if forge == "" {
		s.refuse(w, r, http.StatusBadRequest, "no forge's headers")
		return
	}
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/json" {
		s.refuse(w, r, http.StatusUnsupportedMediaType, "the content type must be application/json")
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, s.Limit))
	if tooLong := (*http.MaxBytesError)(nil); errors.As(err, &tooLong) {
		s.refuse(w, r, http.StatusRequestEntityTooLarge, "the body is too long")
		return
	}
	if err != nil {
		s.refuse(w, r, http.StatusBadRequest, "the body was cut off")
		return
	}
	if !s.proved(forge, r.Header, body) {
		s.refuse(w, r, http.StatusForbidden, "wrong token or signature")
		return
	}
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	default:
		w.Header().Set("Retry-After", "10")
		s.refuse(w, r, http.StatusServiceUnavailable, "too many at a time")
		return
	}
	s.take(w, r, forge, kind, body)
}

// take hands over what a sender proved to have sent.
func (s *server) take(w http.ResponseWriter, r *http.Request, forge Forge, kind string, body []byte) {
	push, why, err := Parse(forge, kind, body)
	if why != "" {
		s.Log.Debug("a webhook tells no push", "forge", forge, "why", why)
		answer(w, http.StatusOK, "ignored: "+why)
		return
	}
	if err != nil {
		// It is kept aside as poison: to refuse it would end the sender's calls.
		s.Log.Warn("a webhook cannot be read; it is kept", "error", err)
		push = scm.Push{}
	}
	push.Time = time.Now().UTC()
	ctx, cancel := context.WithTimeout(r.Context(), s.Wait)
	defer cancel()
	item := adapters.Item[scm.Push]{
		Origin: "webhook " + string(forge) + " " + delivery(r.Header), Received: push.Time, Value: push,
		Evidence: []event.Evidence{{Type: "webhook", Verdict: "pass", Detail: string(forge)}},
	}
	if err := s.Submit(ctx, Delivery{Item: item, Body: body, Names: names(forge, r.Header, body)}); err != nil {
		w.Header().Set("Retry-After", "30")
		s.Log.Error("a webhook could not be stored; the sender is told to try again", "forge", forge, "error", err)
		answer(w, http.StatusServiceUnavailable, "not stored, try again")
		return
	}
	answer(w, http.StatusOK, "stored")
}

func (s *server) refuse(w http.ResponseWriter, r *http.Request, status int, why string) {
	s.Log.Warn("a webhook is refused", "status", status, "why", why, "from", r.RemoteAddr)
	answer(w, status, why)
}

func answer(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text+"\n") // the sender may be gone
}

// sender is who sends, and what kind of event. Forgejo and Gitea send GitHub's
// headers, too.
func sender(h http.Header) (Forge, string) {
	if kind := h.Get("X-Gitlab-Event"); kind != "" {
		return GitLab, kind
	}
	if kind := first(h.Get("X-Forgejo-Event"), h.Get("X-Gitea-Event")); kind != "" {
		return Forgejo, kind
	}
	if kind := h.Get("X-Github-Event"); kind != "" {
		return GitHub, kind
	}
	return "", ""
}

// delivery is the sender's name of the request; empty: it gives none.
func delivery(h http.Header) string {
	id := first(h.Get("Idempotency-Key"), h.Get("X-Gitlab-Event-Uuid"), h.Get("X-Forgejo-Delivery"), h.Get("X-Gitea-Delivery"), h.Get("X-Github-Delivery"))
	return id[:min(len(id), 64)]
}

func names(forge Forge, h http.Header, body []byte) []string {
	var all []string
	if id := delivery(h); id != "" {
		all = append(all, string(forge)+" "+id)
	}
	if forge != GitLab { // which may push twice with the same body, and signs nothing
		sum := sha256.Sum256(body)
		all = append(all, "sha256:"+hex.EncodeToString(sum[:]))
	}
	return all
}

// proved tells whether the sender knows one of the secrets. How long it takes
// says nothing of them.
func (s *server) proved(forge Forge, h http.Header, body []byte) bool {
	ok := 0
	for _, secret := range s.Secrets {
		if forge == GitLab {
			want, got := sha256.Sum256([]byte(secret)), sha256.Sum256([]byte(h.Get("X-Gitlab-Token")))
			ok |= subtle.ConstantTimeCompare(want[:], got[:])
			continue
		}
		text := first(h.Get("X-Forgejo-Signature"), h.Get("X-Gitea-Signature"))
		if forge == GitHub {
			text, _ = strings.CutPrefix(h.Get("X-Hub-Signature-256"), "sha256=")
		}
		got, err := hex.DecodeString(text)
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write(body)
		if err == nil && hmac.Equal(mac.Sum(nil), got) {
			ok = 1
		}
	}
	return ok == 1
}
