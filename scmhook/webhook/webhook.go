// Package webhook takes pushes from forges over HTTP: GitLab, Forgejo, Gitea,
// GitHub.
//
// A request is answered with 2xx only when what became of it is on disk. Forges
// seldom try again, and hide commits and whole pushes; where the repository
// itself can be reached, the hook and `scmhook run` tell more.
package webhook

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"time"

	"busbar/common/secret"
	"busbar/common/translate"
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
	Secrets []secret.Text // any of them; to change one, accept both for a while
	// Limit is the longest body, in bytes. [8 MiB]
	Limit int64
	// Memory is how many bytes of bodies are held at a time, of senders who have
	// proved nothing yet, too. [4 bodies of the longest]
	Memory int64
	// Wait is how long a push may take to be durable; after it the sender is
	// told to try again. [8 s: GitLab waits for 10]
	Wait time.Duration
	// Busy is how many requests are served at a time. [32]
	Busy int
	// Submit returns nil when what became of a delivery is on disk.
	Submit func(context.Context, Delivery) error
	Log    *slog.Logger
}

// A Delivery is one request. Its item's value is the push that it tells
// (scm.Push), of which an update without any id deletes a ref, or why it cannot
// be read (an error). Reread reads the item's raw form.
type Delivery struct {
	Item translate.Item[any]
	// Names are what tells this request from others: one that is known already
	// is sent again. The forge's own name stands in a header that no signature
	// covers, so the body's digest is beside it where there is a signature.
	Names []string
}

type server struct {
	Options
	turn chan struct{}
	till *till // Memory
}

// Handler answers POST requests on any path.
func Handler(o Options) (http.Handler, error) {
	if len(o.Secrets) == 0 {
		return nil, errors.New("starting the webhooks' server: no secret is given, so anybody could forge pushes")
	}
	for _, s := range o.Secrets {
		if len(s.Reveal()) < 16 {
			return nil, errors.New("starting the webhooks' server: a secret is shorter than 16 characters")
		}
	}
	if o.Limit <= 0 {
		o.Limit = 8 << 20
	}
	if o.Memory <= 0 {
		o.Memory = 4 * o.Limit
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
	return &server{Options: o, turn: make(chan struct{}, o.Busy), till: &till{free: o.Memory, purse: map[*purse]bool{}}}, nil
}

// NewServer is an HTTP server that slow or greedy senders cannot hold up.
func NewServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 20 * time.Second, WriteTimeout: 40 * time.Second,
		IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10, ConnContext: admit, ConnState: follow, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
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
	if forge == GitLab && !s.proved(forge, r.Header, nil) { // its token stands before the body
		s.refuse(w, r, http.StatusForbidden, "wrong token")
		return
	}
	in := s.till.open(http.MaxBytesReader(w, r.Body, s.Limit), guestOf(r))
	defer in.release()
	body, err := io.ReadAll(in)
	tooLong := (*http.MaxBytesError)(nil)
	switch {
	case errors.As(err, &tooLong):
		s.refuse(w, r, http.StatusRequestEntityTooLarge, "the body is too long")
		return
	case errors.Is(err, errFull):
		s.busy(w, r)
		return
	case err != nil:
		s.refuse(w, r, http.StatusBadRequest, "the body was cut off")
		return
	}
	if !s.proved(forge, r.Header, body) {
		s.refuse(w, r, http.StatusForbidden, "wrong token or signature")
		return
	}
	if !in.keep() {
		s.busy(w, r)
		return
	}
	guestOf(r).does(proved)
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	default:
		s.busy(w, r)
		return
	}
	s.take(w, r, forge, kind, body)
}

// take hands over what a sender proved to have sent.
func (s *server) take(w http.ResponseWriter, r *http.Request, forge Forge, kind string, body []byte) {
	d, why := delivered{Forge: forge, Kind: kind, Name: delivery(r.Header), Received: time.Now().UTC()}.read(body)
	if why != "" {
		s.Log.Debug("webhook is no push", "forge", forge, "why", why)
		answer(w, http.StatusOK, "ignored: "+why)
		return
	}
	broken, _ := d.Item.Value.(error)
	if broken != nil {
		// It is kept aside as poison: to refuse it would end the sender's calls.
		s.Log.Warn("webhook cannot be read; kept as poison", "error", broken)
	}
	ctx, cancel := context.WithTimeout(r.Context(), s.Wait)
	defer cancel()
	if err := s.Submit(ctx, d); err != nil {
		w.Header().Set("Retry-After", "30")
		s.Log.Warn("webhook could not be stored; the sender is asked to try again", "forge", forge, "error", err)
		answer(w, http.StatusServiceUnavailable, "not stored, try again")
		return
	}
	if broken != nil {
		answer(w, http.StatusOK, "kept, but it cannot be read: "+broken.Error())
		return
	}
	answer(w, http.StatusOK, "stored")
}

func (s *server) busy(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Retry-After", "10")
	s.refuse(w, r, http.StatusServiceUnavailable, "too many at a time")
}

func (s *server) refuse(w http.ResponseWriter, r *http.Request, status int, why string) {
	s.Log.Warn("webhook refused", "status", status, "why", why, "from", r.RemoteAddr)
	answer(w, status, why)
}

func answer(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text+"\n") // the sender may be gone
}
