package wire

import (
	"errors"
	"testing"
	"time"

	"busbar/common/event"
)

// TestHeartbeatTellsTheLossOfTheLast: the newest message is lost, and nothing
// follows it but a heartbeat.
func TestHeartbeatTellsTheLossOfTheLast(t *testing.T) {
	j := testJournal(t)
	write(t, j, 1, 4, 0)
	pub := listen(t, PubOptions{})
	f := follow(t, pub, testVerifier(t, nil))
	batch, err := j.Reader().After(soon(t), 0, 3)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range batch { // the fourth is lost on the way
		send(t, pub, m.Topic, m.Wire)
	}
	expectNotes(t, f, 1, 3)
	p := &Publisher{Journal: j, Identity: testIdentity(), Seal: testSigner(t, goodSigner).Seal, Every: 1500 * time.Millisecond}
	if err := p.beat(pub, 4, false); err != nil {
		t.Fatal(err)
	}
	d := next(t, f)
	msg, _ := d.Envelope.Msg.(map[string]any)
	if d.Err != nil || !d.Heartbeat || d.Verdict.Signer != goodSigner || d.Gap == nil || *d.Gap != (Gap{"notes.host", j.Epoch(), 4, 4}) ||
		event.Integer(msg["newest"]) != 4 || event.Integer(msg["interval"]) != 2 {
		t.Errorf("the heartbeat: %+v", d)
	}
}

// TestHeartbeatsOfAPublisher come by themselves, signed, with the newest number.
func TestHeartbeatsOfAPublisher(t *testing.T) {
	j := testJournal(t)
	write(t, j, 1, 3, 0)
	r := start(t, j, &Publisher{Seal: testSigner(t, goodSigner).Seal, Every: 20 * time.Millisecond})
	f := follow(t, r.listening(), testVerifier(t, nil))
	r.goOn()
	expectNotes(t, f, 1, 3)
	for range 3 {
		d := next(t, f)
		msg, _ := d.Envelope.Msg.(map[string]any)
		if d.Err != nil || !d.Heartbeat || d.Gap != nil || d.Duplicate || event.Integer(msg["newest"]) != 3 ||
			d.Topic != "org.example.dev."+HeartbeatTopic || d.Envelope.Seq != 0 || d.Envelope.Epoch != j.Epoch() {
			t.Fatalf("a heartbeat: %+v", d)
		}
	}
	r.stop()
}

// TestHeartbeatNobodySigns: what a broken key must not do is send unsigned.
func TestHeartbeatNobodySigns(t *testing.T) {
	j := testJournal(t)
	r := start(t, j, &Publisher{Seal: func(*event.Encoded) error { return errors.New("no key") }, Every: 5 * time.Millisecond})
	r.listening()
	r.goOn()
	if err := r.trouble(); err == nil || err.Error() != "signing a heartbeat: no key" {
		t.Errorf("told: %v", err)
	}
	r.stop()
}

// TestComersAreTold: who subscribes hears the newest number at once, and not when the
// next heartbeat is due.
func TestComersAreTold(t *testing.T) {
	j := testJournal(t)
	write(t, j, 1, 3, 0)
	r := start(t, j, &Publisher{Seal: testSigner(t, goodSigner).Seal, Every: time.Hour})
	pub := r.listening()
	f := follow(t, pub, testVerifier(t, nil))
	r.goOn()
	expectNotes(t, f, 1, 3)
	for _, f := range []*Follower{f, follow(t, pub, testVerifier(t, nil)), follow(t, pub, testVerifier(t, nil))} {
		d := next(t, f)
		msg, _ := d.Envelope.Msg.(map[string]any)
		if d.Err != nil || !d.Heartbeat || event.Integer(msg["newest"]) != 3 || msg["extra"] != true || event.Integer(msg["interval"]) != 3600 {
			t.Fatalf("a heartbeat: %+v", d)
		}
	}
	r.stop()
}
