package sign

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestSHA1Alone: a message without the strong signature is believed only of
// those who are known to make none, however the weak one was come by.
func TestSHA1Alone(t *testing.T) {
	weak := func() map[string]any { return signWeak(t, fixtureSigner(t, bridge), message(), true) }
	old := func() map[string]any { return signWeak(t, fixtureSigner(t, bridge), message(), false) }
	strong := func() map[string]any {
		m := message()
		if err := fixtureSigner(t, bridge).Sign(m); err != nil {
			t.Fatal(err)
		}
		return m
	}
	// What somebody who can make SHA-1 hold for another text would send.
	stripped := func() map[string]any {
		m := strong()
		delete(m, "signature_sha256")
		m["signature"] = weakly(t, fixtureSigner(t, bridge), m)
		return m
	}
	emptied := func(v any) func() map[string]any {
		return func() map[string]any {
			m := strong()
			m["signature_sha256"] = v
			return signWeak(t, fixtureSigner(t, bridge), m, true)
		}
	}
	for name, make := range map[string]func() map[string]any{
		"fedmsg's": weak, "fedmsg's of before 0.8": old, "stripped": stripped, "null": emptied(nil), "empty": emptied(""), "false": emptied(false),
	} {
		for _, c := range []struct {
			allowed []string
			ok      bool
		}{
			{nil, false}, {[]string{shell}, false}, {[]string{""}, false}, {[]string{shell, bridge}, true}, {[]string{"*"}, true},
		} {
			v, err := NewVerifier(VerifierOptions{CAFile: filepath.Join(wireFixtures, "pki", "ca.crt"), SHA1Only: c.allowed})
			if err != nil {
				t.Fatal(err)
			}
			m := make()
			_, present := m["signature_sha256"]
			if got := v.Verify(m); got.OK != (c.ok && !present) || got.Strong {
				t.Errorf("%s, allowed %q: %+v", name, c.allowed, got)
			} else if !c.ok && !present && !strings.Contains(got.Reason, "sha1_only") {
				t.Errorf("%s: the reason does not say what to do: %s", name, got.Reason)
			}
			if got := v.Verify(strong()); !got.OK || !got.Strong {
				t.Errorf("both signatures, allowed %q: %+v", c.allowed, got)
			}
		}
	}
}
