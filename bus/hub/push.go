package hub

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"busbar/common/archive"
	"busbar/common/sign"
	"busbar/common/webhook"
)

// Push takes what services behind firewalls post: messages, a line each, in a request
// that is signed as Standard Webhooks has it. An answer of 200 says that all of them
// are on disk, new or not.
type push struct {
	senders  *senders
	verifier *sign.Verifier // nil: nothing is verified
	store    *store
	log      *slog.Logger
	proxied  bool // all come from a proxy's address

	places *limit
	room   *room
	posts  *pace // of each sender
	faults *pace // of each address
	counts *pushCounts
}

// Limits on a post. Nothing is known of who sends it before its body has come.
const (
	postSize     = 17 << 20 // the largest message that a subscriber takes, and some more
	postLines    = 10_000
	postPatience = 30 * time.Second // for the body, and again for the answer
	postsAtOnce  = 64
	postsOfPeer  = 8
	postMemory   = 64 << 20 // of all bodies together
	postRate     = 500      // of a sender, in a second
	faultRate    = 5        // refused ones of an address, in a second; then it waits
	retryIn      = 2        // seconds
)

func newPush(s *senders, v *sign.Verifier, to *store, log *slog.Logger, proxied bool) *push {
	each := postsOfPeer
	if proxied {
		each = postsAtOnce
	}
	return &push{
		senders: s, verifier: v, store: to, log: log, proxied: proxied, places: newLimit(postsAtOnce, each), room: &room{total: postMemory},
		posts: newPace(postRate, 2*postRate), faults: newPace(faultRate, 20*faultRate), counts: newPushCounts(),
	}
}

// A refusal is an answer that takes nothing.
type refusal struct {
	code int
	kind string // for the counts
	err  error
	wait time.Duration
}

// ServeHTTP answers a post.
func (p *push) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		refuse(w, http.StatusMethodNotAllowed, "messages are posted here")
		return
	}
	sender, n, no := p.take(w, r)
	if no == nil {
		p.counts.took(sender, n)
		answer(w, http.StatusOK, map[string]int{"messages": n})
		return
	}
	p.counts.answered(no.kind)
	level := slog.LevelDebug
	if no.code == http.StatusUnauthorized || no.code == http.StatusUnprocessableEntity {
		level = slog.LevelInfo
	}
	p.log.Log(r.Context(), level, "a post was refused", "status", no.code, "sender", sender, "peer", r.RemoteAddr, "error", no.err)
	if no.wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int((no.wait+time.Second-1)/time.Second)))
	}
	if no.code == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	refuse(w, no.code, no.err.Error())
}

// take puts a post's messages on disk.
func (p *push) take(w http.ResponseWriter, r *http.Request) (sender string, n int, no *refusal) {
	peer := peerOf(r)
	release, ok := p.places.acquire(peer)
	if !ok {
		return "", 0, later("busy", errors.New("too many posts at once, from here or in all"))
	}
	defer release()
	control := http.NewResponseController(w)
	if err := errors.Join(control.SetReadDeadline(time.Now().Add(postPatience)), control.SetWriteDeadline(time.Now().Add(2*postPatience))); err != nil {
		return "", 0, &refusal{code: http.StatusInternalServerError, kind: "failed", err: err}
	}
	switch {
	case !p.proxied && p.faults.exhausted(peer, time.Now()):
		return "", 0, &refusal{http.StatusTooManyRequests, "rate", errors.New("too many posts from here were refused"), time.Second}
	case p.senders.unproved(r):
		p.faults.owes(peer, time.Now())
		return "", 0, &refusal{code: http.StatusUnauthorized, kind: "unsigned", err: webhook.ErrUnsigned}
	case r.Header.Get("Content-Encoding") != "":
		return "", 0, &refusal{code: http.StatusUnsupportedMediaType, kind: "form", err: errors.New("a post is not compressed")}
	}
	body, held, no := p.read(r)
	defer p.room.give(&held)
	if no != nil {
		return "", 0, no
	}
	sender, err := p.senders.check(r, body)
	if err != nil {
		p.faults.owes(peer, time.Now())
		return "", 0, &refusal{code: http.StatusUnauthorized, kind: kindOf(err), err: err}
	}
	if wait := p.posts.owes(sender, time.Now()); wait > 0 {
		return sender, 0, &refusal{http.StatusTooManyRequests, "rate", fmt.Errorf("more than %d posts a second", postRate), wait}
	}
	messages, no := p.messages(body)
	if no != nil {
		return sender, 0, no
	}
	// Whoever leaves now gets what was posted stored all the same.
	if err := p.store.put(r.Context(), messages, false); err != nil {
		p.log.Warn("pushed messages could not be stored", "sender", sender, "error", err)
		return sender, 0, later("failed", errors.New("the messages could not be stored"))
	}
	return sender, len(messages), nil
}

func later(kind string, err error) *refusal {
	return &refusal{http.StatusServiceUnavailable, kind, err, retryIn * time.Second}
}

func kindOf(err error) string {
	switch {
	case errors.Is(err, webhook.ErrUnsigned):
		return "unsigned"
	case errors.Is(err, webhook.ErrStale):
		return "stale"
	case errors.Is(err, errToken):
		return "token"
	case errors.Is(err, errSender), errors.Is(err, errUnnamed):
		return "sender"
	}
	return "forged"
}

// read reads a body as far as there is room. held is what it takes of the room.
func (p *push) read(r *http.Request) (body []byte, held int, no *refusal) {
	large := &refusal{code: http.StatusRequestEntityTooLarge, kind: "large", err: fmt.Errorf("a post has %d bytes at most", postSize)}
	if r.ContentLength > postSize {
		return nil, 0, large
	}
	for size := 64 << 10; ; size = min(2*size, postSize+1) {
		if r.ContentLength >= 0 {
			size = min(size, int(r.ContentLength)+1)
		}
		if !p.room.take(&held, size) {
			return nil, held, later("busy", errors.New("too many posts are being read"))
		}
		more := make([]byte, size)
		n := copy(more, body)
		m, err := io.ReadFull(r.Body, more[n:])
		body = more[:n+m]
		switch {
		case len(body) > postSize:
			return nil, held, large
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF) && (r.ContentLength < 0 || int64(len(body)) == r.ContentLength):
			return body, held, nil
		case err != nil:
			return nil, held, &refusal{code: http.StatusRequestTimeout, kind: "cut", err: fmt.Errorf("the body did not come whole, within %s: %w", postPatience, err)}
		}
	}
}

// messages are those of a body, all of them or none.
func (p *push) messages(body []byte) ([]archive.Incoming, *refusal) {
	var list []archive.Incoming
	n := 0
	for line := range bytes.Lines(body) {
		n++
		if line = bytes.TrimRight(line, "\r\n"); len(line) == 0 {
			continue
		}
		if len(list) >= postLines {
			return nil, &refusal{code: http.StatusRequestEntityTooLarge, kind: "large", err: fmt.Errorf("a post has %d messages at most", postLines)}
		}
		m, err := believe(p.verifier, line)
		switch {
		case errors.Is(err, errNotNow):
			p.log.Warn("pushed messages cannot be verified now", "error", err)
			return nil, later("failed", fmt.Errorf("line %d: %w", n, err))
		case err != nil:
			return nil, &refusal{code: http.StatusUnprocessableEntity, kind: "refused", err: fmt.Errorf("line %d: %w; none of the post was taken", n, err)}
		}
		list = append(list, m)
	}
	if len(list) == 0 {
		return nil, &refusal{code: http.StatusUnprocessableEntity, kind: "refused", err: errors.New("there is no message in it")}
	}
	return list, nil
}

// run stores what is posted, until ctx ends.
func (p *push) run(ctx context.Context) error { return p.store.run(ctx) }
