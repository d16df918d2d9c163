package sign

import (
	"path/filepath"
	"testing"
	"time"
)

// A journal outlives the certificates that signed its messages.
func TestVerifyAtTheTimeOfTheMessage(t *testing.T) {
	ca, s, _ := freshBus(t)
	tree := map[string]any{"topic": "org.debian.dev.a.b.create", "msg": map[string]any{}}
	if err := s.Sign(tree); err != nil {
		t.Fatal(err)
	}
	signed := time.Now()
	later := func() time.Time { return signed.AddDate(1, 0, 0) } // issued for 30 days
	v, err := NewVerifier(VerifierOptions{CAFile: filepath.Join(ca.dir, "ca.crt"), Now: later})
	if err != nil {
		t.Fatal(err)
	}
	if got := v.Verify(tree); got.OK {
		t.Error("a message is accepted today although its certificate has expired")
	}
	if got := v.VerifyAt(tree, signed); !got.OK {
		t.Errorf("a message of the past is refused: %s", got.Reason)
	}
	if got := v.VerifyAt(tree, signed.AddDate(-1, 0, 0)); got.OK {
		t.Error("a message from before its certificate began is accepted")
	}
}
