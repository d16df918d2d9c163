package sign

import (
	"path/filepath"
	"testing"

	"busbar/common/event"
)

// FuzzVerify looks for a message that stops the verifier, and for one that is
// believed though nobody signed it.
func FuzzVerify(f *testing.F) {
	var file struct{ Cases []verdictCase }
	readJSON(f, filepath.Join(wireFixtures, "signed.json"), &file)
	genuine := map[string]bool{}
	for _, c := range file.Cases {
		f.Add(c.Body)
		if m := tree(f, c.Body); m != nil {
			genuine[content(f, m)] = true
		}
	}
	crl := "pki/crl.pem"
	v := verdictConfig{CA: "pki/ca.crt", CRL: &crl}.verifier(f, wireFixtures)
	f.Fuzz(func(t *testing.T, body []byte) {
		parsed, err := event.Parse(body)
		if err != nil {
			return
		}
		m, _ := parsed.(map[string]any)
		got := v.Verify(m)
		if got.OK != (got.Reason == "") || got.OK && got.Signer == "" {
			t.Errorf("a verdict that contradicts itself: %+v", got)
		}
		if got.OK && !genuine[content(t, m)] {
			t.Errorf("believed: %q", body)
		}
	})
}

func content(t testing.TB, m map[string]any) string {
	t.Helper()
	b, err := bytesSHA1(m)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func BenchmarkSign(b *testing.B) {
	eachKind(b, func(b *testing.B, s *Signer) {
		m := message()
		for b.Loop() {
			if err := s.Sign(m); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkSignParallel(b *testing.B) {
	eachKind(b, func(b *testing.B, s *Signer) {
		b.RunParallel(func(pb *testing.PB) {
			m := message()
			for pb.Next() {
				if err := s.Sign(m); err != nil {
					b.Error(err)
				}
			}
		})
	})
}

func BenchmarkVerify(b *testing.B) {
	eachKind(b, func(b *testing.B, s *Signer) {
		m := signedBy(b, s)
		v := verdictConfig{CA: "pki/ca.crt"}.verifier(b, wireFixtures)
		for b.Loop() {
			if got := v.Verify(m); !got.OK {
				b.Fatal(got.Reason)
			}
		}
	})
}

// eachKind measures with a certificate of an RSA key alone, and with one that has
// an Ed25519 key, too.
func eachKind(b *testing.B, measure func(*testing.B, *Signer)) {
	for _, name := range []string{bridge, strong} {
		b.Run(name[:len(name)-len("-feeder.example.org")], func(b *testing.B) { measure(b, fixtureSigner(b, name)) })
	}
}
