package hub

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"busbar/common/archive"
	"busbar/common/event"
	"busbar/common/sign"
	"busbar/common/webhook"
)

const (
	pki   = "../../fixtures/wire/pki/"
	first = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
	other = "whsec_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXphYmNkZWY="
)

// A pushed hub is one to which "mail" and "scm" may post.
type pushed struct {
	*testHub
	t       testing.TB
	folder  string
	tokens  string
	secrets webhook.Secrets // mail's
}

func startPushed(t *testing.T, v *sign.Verifier) *pushed {
	t.Helper()
	p := &pushed{t: t, folder: t.TempDir(), tokens: filepath.Join(t.TempDir(), "tokens"), secrets: secretsOf(t, first)}
	write(t, filepath.Join(p.folder, "mail.secret"), first)
	write(t, filepath.Join(p.folder, "scm"), other)
	write(t, p.tokens, "# who\nshell 0123456789abcdef0123456789abcdef\n")
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	senders, err := newSenders([]string{p.folder}, p.tokens, log)
	if err != nil {
		t.Fatal(err)
	}
	a, err := archive.Open(context.Background(), archive.Options{Path: filepath.Join(t.TempDir(), "archive.db"), Time: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	s := newStore(a, func(publisher, _ string) bool { return publisher == "followed" })
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })
	p.testHub = startOn(t, a, func(o *serverOptions) { o.Push = newPush(senders, v, s, log, false) })
	return p
}

func write(t testing.TB, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

func secretsOf(t testing.TB, text string) webhook.Secrets {
	t.Helper()
	s, err := webhook.ParseSecrets(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// post sends a body, with headers that change makes wrong.
func (p *pushed) post(path string, body []byte, change func(http.Header)) (int, string) {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.url+path, bytes.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	p.secrets.Sign(req.Header, "one", time.Now(), body)
	if change != nil {
		change(req.Header)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

func lines(t testing.TB, publisher string, seqs ...int64) []byte {
	t.Helper()
	var b bytes.Buffer
	for _, seq := range seqs {
		b.Write(message(t, publisher, seq).Wire)
		b.WriteByte('\n')
	}
	return b.Bytes()
}

func upTo(n int64) (list []int64) {
	for i := range n {
		list = append(list, i+1)
	}
	return list
}

// kept is the numbers of a publisher in the archive.
func (p *pushed) kept(publisher string) (list []int64) {
	p.t.Helper()
	all, err := p.archive.Numbers(context.Background(), publisher, "e1", 0, 1000)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, m := range all {
		if !bytes.Equal(m.Wire, message(p.t, publisher, m.Seq).Wire) {
			p.t.Errorf("message %d of %s was changed", m.Seq, publisher)
		}
		list = append(list, m.Seq)
	}
	return list
}

// TestPush: what is answered with 200 is in the archive, byte by byte and once; the
// same again changes nothing.
func TestPush(t *testing.T) {
	p := startPushed(t, nil)
	live := p.listen(t, "", "")
	for range 2 {
		if code, text := p.post("/push", lines(t, "mail", upTo(200)...), nil); code != http.StatusOK || !strings.Contains(text, `"messages":200`) {
			t.Fatal(code, text)
		}
	}
	if code, text := p.post("/push/mail", lines(t, "mail", 199, 200, 201), nil); code != http.StatusOK {
		t.Fatal(code, text)
	}
	if got := p.kept("mail"); !slices.Equal(got, upTo(201)) {
		t.Errorf("the archive has %d messages: %v", len(got), got)
	}
	for i := range 201 {
		if said := live.said(); said != fmt.Sprint("mail", i+1) {
			t.Fatalf("listeners hear %s as the %dth", said, i+1)
		}
	}
	if !strings.Contains(live.id, "mail:e1:201") {
		t.Errorf("their position is %s", live.id)
	}
	var r report
	_, _, text := get(t, p.url+"/status.json")
	if err := json.Unmarshal([]byte(text), &r); err != nil || r.Push == nil || len(r.Push.Senders) != 1 || r.Push.Senders[0].Messages != 403 || r.Push.Answers["taken"] != 3 {
		t.Errorf("the status says %+v, %v", r.Push, err)
	}
}

// TestPushOfNobody: who cannot prove who he is leaves nothing behind, and is counted.
func TestPushOfNobody(t *testing.T) {
	p := startPushed(t, nil)
	body := lines(t, "mail", 1, 2)
	stamp := func(off time.Duration) func(http.Header) {
		return func(h http.Header) { p.secrets.Sign(h, "one", time.Now().Add(off), body) }
	}
	for _, c := range []struct {
		what, path, kind string
		change           func(http.Header)
	}{
		{"unsigned", "/push", "unsigned", func(h http.Header) { h.Del(webhook.HeaderSignature) }},
		{"without a time", "/push", "unsigned", func(h http.Header) { h.Del(webhook.HeaderTimestamp) }},
		{"another id", "/push", "forged", func(h http.Header) { h.Set(webhook.HeaderID, "two") }},
		{"another secret", "/push", "forged", func(h http.Header) {
			secretsOf(t, "whsec_eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg=").Sign(h, "one", time.Now(), body)
		}},
		{"another body", "/push", "forged", func(h http.Header) { p.secrets.Sign(h, "one", time.Now(), lines(t, "mail", 1)) }},
		{"another sender's name", "/push/scm", "forged", nil},
		{"an unknown sender's name", "/push/nobody", "sender", nil},
		{"long ago", "/push", "stale", stamp(-6 * time.Minute)},
		{"too early", "/push/mail", "stale", stamp(6 * time.Minute)},
		{"a wrong token", "/push", "token", func(h http.Header) {
			h.Del(webhook.HeaderSignature)
			h.Set("Authorization", "Bearer 0123456789abcdef0123456789abcdeX")
		}},
		{"a right token, wrongly signed", "/push", "forged", func(h http.Header) {
			h.Set(webhook.HeaderID, "two")
			h.Set("Authorization", "Bearer 0123456789abcdef0123456789abcdef")
		}},
	} {
		before := p.o.Push.counts.report().Answers[c.kind]
		code, text := p.post(c.path, body, c.change)
		if code != http.StatusUnauthorized {
			t.Errorf("%s: answered %d %s", c.what, code, text)
		}
		if now := p.o.Push.counts.report().Answers[c.kind]; now != before+1 {
			t.Errorf("%s: counted as %v", c.what, p.o.Push.counts.report().Answers)
		}
	}
	if got := p.kept("mail"); len(got) > 0 {
		t.Errorf("the archive has %v", got)
	}
	if code, _, _ := get(t, p.url+"/push"); code != http.StatusMethodNotAllowed {
		t.Errorf("GET is answered with %d", code)
	}
	if h := start(t, nil); true {
		resp, err := http.Post(h.url+"/push", "", nil)
		if err != nil || resp.StatusCode != http.StatusNotFound {
			t.Errorf("where nobody may push: %v %v", resp, err)
		}
	}
}

// TestPushByToken: a token stands in for a signature; secrets and tokens are read again
// when they change, and stay when they are spoilt.
func TestPushByToken(t *testing.T) {
	p := startPushed(t, nil)
	bare := func(token string) func(http.Header) {
		return func(h http.Header) {
			clear(h)
			h.Set("Authorization", "Bearer "+token)
		}
	}
	if code, text := p.post("/push", lines(t, "mail", 1), bare("0123456789abcdef0123456789abcdef")); code != http.StatusOK {
		t.Fatal(code, text)
	}
	const fresh = "ffffffffffffffffffffffffffffffff"
	write(t, p.tokens, "shell "+fresh)
	write(t, filepath.Join(p.folder, "mail.secret"), other)
	s := p.o.Push.senders
	s.mu.Lock()
	s.now = func() time.Time { return time.Now().Add(lookEvery) }
	s.mu.Unlock()
	if code, text := p.post("/push", lines(t, "mail", 2), bare(fresh)); code != http.StatusOK {
		t.Fatal(code, text)
	}
	if code, _ := p.post("/push/mail", lines(t, "mail", 3), nil); code != http.StatusUnauthorized {
		t.Errorf("the old secret is answered with %d", code)
	}
	write(t, p.tokens, "shell short")
	s.mu.Lock()
	s.now = func() time.Time { return time.Now().Add(4 * lookEvery) }
	s.mu.Unlock()
	if code, text := p.post("/push", lines(t, "mail", 4), bare(fresh)); code != http.StatusOK {
		t.Fatal(code, text)
	}
	if s.failed == nil || strings.Contains(s.failed.Error(), "short") {
		t.Errorf("the error is %v", s.failed)
	}
}

// TestPushRefused: a message that is not to be believed refuses its post, with the
// line; nothing of it is taken.
func TestPushRefused(t *testing.T) {
	signer, err := sign.LoadSigner(pki+"strong-feeder.example.org.crt", pki+"strong-feeder.example.org.key")
	if err != nil {
		t.Fatal(err)
	}
	signed := func(publisher string, seq int64) []byte {
		tree, _, err := event.ParseMessage(message(t, publisher, seq).Wire)
		if err != nil {
			t.Fatal(err)
		}
		tree["timestamp"] = event.Int(fmt.Sprint(time.Now().Unix()))
		m, err := event.Encode(tree)
		if err == nil {
			err = signer.Seal(m)
		}
		if err != nil {
			t.Fatal(err)
		}
		return append(slices.Clone(m.Bytes()), '\n')
	}
	v, err := sign.NewVerifier(sign.VerifierOptions{CAFile: pki + "ca.crt", CRLFile: pki + "crl.pem", Policy: sign.Policy{
		Topics: map[string][]string{"org.debian.dev.debbugs.bug.create": {signer.Name()}}, Nitpicky: true,
	}})
	if err != nil {
		t.Fatal(err)
	}
	p := startPushed(t, v)
	good := signed("mail", 2) // even numbers are bugs
	for _, c := range []struct {
		what string
		line []byte
		want string
	}{
		{"unsigned", lines(t, "mail", 4), "line 2"},
		{"changed", bytes.Replace(signed("mail", 4), []byte("says 4"), []byte("says 5"), 1), "line 2"},
		{"a topic that it may not use", signed("mail", 3), "line 2"},
		{"no JSON", []byte("{\n"), "line 2"},
		{"no topic", []byte("{}\n"), "line 2"},
		{"a heartbeat", []byte(`{"topic":"org.debian.dev.busbar._heartbeat"}` + "\n"), "heartbeat"},
	} {
		body := append(slices.Clone(good), c.line...)
		if code, text := p.post("/push", body, nil); code != http.StatusUnprocessableEntity || !strings.Contains(text, c.want) {
			t.Errorf("%s: answered %d %s", c.what, code, text)
		}
	}
	if _, newest, err := p.archive.Range(t.Context()); newest != 0 || err != nil {
		t.Errorf("the archive has %d messages, %v", newest, err)
	}
	if code, text := p.post("/push", good, nil); code != http.StatusOK {
		t.Error(code, text)
	}
	if code, text := p.post("/push", []byte("\n\n"), nil); code != http.StatusUnprocessableEntity {
		t.Error(code, text)
	}
}

// TestPushLimits: what is too large, too slow, too often or too much at once is
// answered so.
func TestPushLimits(t *testing.T) {
	p := startPushed(t, nil)
	if code, text := p.post("/push", make([]byte, postSize+1), nil); code != http.StatusRequestEntityTooLarge {
		t.Error(code, text)
	}
	if code, text := p.post("/push", bytes.Repeat(lines(t, "mail", 1), postLines+1), nil); code != http.StatusRequestEntityTooLarge {
		t.Error(code, text)
	}
	if code, text := p.post("/push", lines(t, "mail", 1), func(h http.Header) { h.Set("Content-Encoding", "gzip") }); code != http.StatusUnsupportedMediaType {
		t.Error(code, text)
	}
	held := 0
	p.o.Push.room.take(&held, postMemory-10)
	if code, text := p.post("/push", lines(t, "mail", 1, 2), nil); code != http.StatusServiceUnavailable {
		t.Error(code, text)
	}
	p.o.Push.room.give(&held)
	for range 2 * postRate {
		p.o.Push.posts.owes("mail", time.Now().Add(time.Minute))
	}
	if code, text := p.post("/push", lines(t, "mail", 1), nil); code != http.StatusTooManyRequests {
		t.Error(code, text)
	}
	var releases []func()
	for range postsOfPeer {
		release, ok := p.o.Push.places.acquire("127.0.0.1")
		if !ok {
			t.Fatal("there is no place")
		}
		releases = append(releases, release)
	}
	if code, text := p.post("/push", lines(t, "mail", 1), nil); code != http.StatusServiceUnavailable {
		t.Error(code, text)
	}
	for _, release := range releases {
		release()
	}
	for range 20 * faultRate {
		p.o.Push.faults.owes("127.0.0.1", time.Now().Add(time.Minute))
	}
	if code, text := p.post("/push", lines(t, "mail", 1), nil); code != http.StatusTooManyRequests {
		t.Error(code, text)
	}
	if got := p.kept("mail"); len(got) > 0 {
		t.Errorf("the archive has %v", got)
	}
	if p.o.Push.room.used != 0 {
		t.Errorf("%d bytes are still held", p.o.Push.room.used)
	}
}

// TestPushedGaps: what a sender passes over is a gap, what comes late is there; what a
// journal said that was put back is no longer what its numbers mean. Of a publisher
// that is followed, the intake asks.
func TestPushedGaps(t *testing.T) {
	p := startPushed(t, nil)
	post := func(body []byte) {
		t.Helper()
		if code, text := p.post("/push", body, nil); code != http.StatusOK {
			t.Fatal(code, text)
		}
	}
	gaps := func(publisher string) (list []string) {
		all, err := p.archive.GapsOf(t.Context(), archive.Position{Publisher: publisher, Epoch: "e1"})
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range all {
			list = append(list, fmt.Sprintf("%d-%d %.8s", g.First, g.Last, g.Reason))
		}
		return list
	}
	post(lines(t, "mail", 5, 6)) // where it begins is no gap
	post(lines(t, "mail", 9, 10))
	post(lines(t, "followed", 1, 5))
	if got := append(gaps("mail"), gaps("followed")...); !slices.Equal(got, []string{"7-8 not push"}) {
		t.Errorf("gaps: %v", got)
	}
	post(lines(t, "mail", 7))
	live := p.listen(t, "", "mail:e1:5")
	for _, want := range []string{"mail6", `gap {"publisher":"mail","epoch":"e1","first":7,"last":8`, "mail9", "mail10"} {
		if said := live.said(); !strings.HasPrefix(said, want) {
			t.Errorf("a listener hears %s, want %s", said, want)
		}
	}
	said := func() (list []string) {
		all, err := p.archive.Said(t.Context(), "mail", "e1", 1, 100, 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range all {
			_, e, err := event.ParseMessage(m.Wire)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, e.Title)
		}
		return list
	}
	underOld := func(seq int64, title string) []byte {
		e := message(t, "mail", seq).Envelope
		e.MsgID, e.Title = event.FormatID(time.Unix(now, 0), event.UUID("other", title)), title
		wire, err := event.Canonical(e.Tree())
		if err != nil {
			t.Fatal(err)
		}
		return append(wire, '\n')
	}
	post(append(underOld(9, "another nine"), underOld(10, "another ten")...))
	post(underOld(9, "another nine"))
	again := message(t, "mail", 10).Envelope // the fact, under a new number
	again.Seq = 11
	wire, err := event.Canonical(again.Tree())
	if err != nil {
		t.Fatal(err)
	}
	post(append(wire, '\n'))
	if got, want := said(), []string{"mail says 5", "mail says 6", "mail says 7", "another nine", "another ten", "mail says 10"}; !slices.Equal(got, want) {
		t.Errorf("its numbers mean %v, want %v", got, want)
	}
	if got := gaps("mail"); !slices.Equal(got, []string{"7-8 not push", "9-10 put back"}) {
		t.Errorf("gaps: %v", got)
	}
	oldest, newest, known, err := p.archive.Span(t.Context(), "mail", "e1")
	if oldest != 5 || newest != 11 || !known || err != nil {
		t.Errorf("numbers %d to %d, %v, %v", oldest, newest, known, err)
	}
}
