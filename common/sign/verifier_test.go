package sign

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A watched verifier has a clock that the test moves, and collects alarms.
type watched struct {
	*Verifier
	ca     *CA
	now    time.Time
	alarms []string
}

func watch(t *testing.T, expired CRLPolicy) (*watched, map[string]any) {
	t.Helper()
	ca, s, _ := freshBus(t)
	w := &watched{ca: ca, now: time.Now()}
	v, err := NewVerifier(VerifierOptions{
		CAFile: ca.path("ca.crt"), CRLFile: ca.path("crl.pem"), CRLExpired: expired,
		Now: func() time.Time { return w.now }, Alarm: func(s string) { w.alarms = append(w.alarms, s) },
	})
	if err != nil {
		t.Fatal(err)
	}
	w.Verifier = v
	m := message()
	if err := s.Sign(m); err != nil {
		t.Fatal(err)
	}
	w.expect(t, m, true, 0)
	return w, m
}

func (w *watched) expect(t *testing.T, m map[string]any, ok bool, alarms int) {
	t.Helper()
	if got := w.Verify(m); got.OK != ok {
		t.Errorf("got %+v, want %v", got, ok)
	}
	if len(w.alarms) != alarms {
		t.Errorf("alarms are %q, want %d", w.alarms, alarms)
	}
}

func (w *watched) write(t *testing.T, file, text string) {
	t.Helper()
	if err := (disk{}).replace(w.ca.path(file), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestShown: the certificate that a message bears can be read, by whomever it was
// issued.
func TestShown(t *testing.T) {
	_, m := watch(t, CRLWarn)
	name, until, err := Shown(m)
	if err != nil || name != bridge || !until.After(time.Now()) {
		t.Errorf("%q until %v, %v", name, until, err)
	}
	for _, field := range []any{nil, 1, "", "not base64!", strings.Repeat("A", maxCertificate+1)} {
		m[memberCertificate] = field
		if _, _, err := Shown(m); err == nil {
			t.Errorf("%.20v is taken for a certificate", field)
		}
	}
}

func TestRevocationIsNoticed(t *testing.T) {
	w, m := watch(t, CRLRefuse)
	if err := w.ca.Revoke(bridge); err != nil {
		t.Fatal(err)
	}
	w.expect(t, m, true, 0) // not yet in the list
	if _, err := w.ca.CRL(1); err != nil {
		t.Fatal(err)
	}
	w.expect(t, m, false, 0)
}

func TestExpiredListIsAnAlarm(t *testing.T) {
	for policy, ok := range map[CRLPolicy]bool{CRLWarn: true, CRLRefuse: false} {
		w, m := watch(t, policy)
		w.ca.now = func() time.Time { return time.Now().AddDate(0, 0, -10) }
		if _, err := w.ca.CRL(5); err != nil {
			t.Fatal(err)
		}
		w.expect(t, m, ok, 1)
		w.expect(t, m, ok, 1) // once, not for each message
		if !strings.Contains(w.alarms[0], "ended on") || !strings.Contains(w.alarms[0], "crl.pem") {
			t.Errorf("the alarm is %q", w.alarms[0])
		}
		w.ca.now = time.Now
		if _, err := w.ca.CRL(30); err != nil {
			t.Fatal(err)
		}
		w.expect(t, m, true, 1)
		w.ca.now = func() time.Time { return time.Now().AddDate(0, 0, 10) }
		if _, err := w.ca.CRL(30); err != nil {
			t.Fatal(err)
		}
		w.expect(t, m, ok, 2) // a list of tomorrow is no better
	}
}

func TestOldListIsToldAtStart(t *testing.T) {
	var alarms []string
	_, err := NewVerifier(VerifierOptions{
		CAFile:  filepath.Join(wireFixtures, "pki/ca.crt"),
		CRLFile: filepath.Join(wireFixtures, "pki/crl-expired.pem"),
		Alarm:   func(s string) { alarms = append(alarms, s) },
	})
	if err != nil || len(alarms) != 1 {
		t.Errorf("alarms are %q (%v)", alarms, err)
	}
}

func TestBrokenFilesKeepTheLastGoodState(t *testing.T) {
	for _, file := range []string{"ca.crt", "crl.pem"} {
		w, m := watch(t, CRLRefuse)
		good, err := os.ReadFile(w.ca.path(file))
		if err != nil {
			t.Fatal(err)
		}
		w.write(t, file, "half a fi")
		w.expect(t, m, true, 1)
		w.expect(t, m, true, 1)
		if err := os.Remove(w.ca.path(file)); err != nil {
			t.Fatal(err)
		}
		w.expect(t, m, true, 2)
		w.write(t, file, string(good))
		w.expect(t, m, true, 2)
		w.write(t, file, "half a fi")
		w.expect(t, m, true, 3) // it had passed, so it is told again
	}
}

// TestBrokenFileIsReadAgain: a list that could not be read is read once more
// though its file looks as it did, or a revocation would never be noticed.
func TestBrokenFileIsReadAgain(t *testing.T) {
	w, m := watch(t, CRLRefuse)
	if err := w.ca.Revoke(bridge); err != nil {
		t.Fatal(err)
	}
	file, err := w.ca.CRL(1)
	if err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	inPlace := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(file, w.now, w.now); err != nil {
			t.Fatal(err)
		}
	}
	when := w.now
	inPlace(strings.Repeat("x", len(good)))
	w.expect(t, m, true, 1)
	inPlace(string(good))
	w.now = when.Add(readAgain - time.Second)
	w.expect(t, m, true, 1)
	w.now = when.Add(readAgain)
	w.expect(t, m, false, 1)
}

func TestForeignListIsRefused(t *testing.T) {
	pki := filepath.Join(wireFixtures, "pki")
	o := VerifierOptions{CAFile: filepath.Join(pki, "ca.crt")}
	for _, c := range []struct{ file, want string }{
		{"othercrl.pem", "not signed by the configured CA"}, {"ca.crt", "no PEM revocation list"}, {"nowhere.pem", "hint"},
	} {
		o.CRLFile = filepath.Join(pki, c.file)
		if _, err := NewVerifier(o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q in it", c.file, err, c.want)
		}
	}
	for _, o := range []VerifierOptions{
		{}, {CAFile: "nowhere.crt"}, {CAFile: filepath.Join(pki, "crl.pem")},
		{CAFile: filepath.Join(pki, "ca.crt"), Policy: Policy{Topics: map[string][]string{"a.*.b": nil}}},
	} {
		if _, err := NewVerifier(o); err == nil {
			t.Errorf("a verifier was made of %+v", o)
		}
	}
}

func TestTwoCAs(t *testing.T) {
	dir := t.TempDir()
	join := func(to string, names ...string) string {
		var all []byte
		for _, n := range names {
			text, err := os.ReadFile(filepath.Join(wireFixtures, "pki", n))
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, text...)
		}
		file := filepath.Join(dir, to)
		if err := os.WriteFile(file, all, 0o644); err != nil {
			t.Fatal(err)
		}
		return file
	}
	cas := join("cas.pem", "ca.crt", "otherca.crt")
	for _, c := range []struct {
		crls []string
		want map[string]bool
	}{
		{nil, map[string]bool{bridge: true, untrusted: true, revoked: true}},
		{[]string{"crl.pem", "othercrl.pem"}, map[string]bool{bridge: true, untrusted: true, revoked: false}},
		{[]string{"crl.pem"}, map[string]bool{bridge: true, untrusted: false, revoked: false}},
	} {
		o := VerifierOptions{CAFile: cas}
		if c.crls != nil {
			o.CRLFile = join("crls.pem", c.crls...)
		}
		v, err := NewVerifier(o)
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range c.want {
			m := message()
			if err := fixtureSigner(t, name).Sign(m); err != nil {
				t.Fatal(err)
			}
			if got := v.Verify(m); got.OK != want || got.Signer != name {
				t.Errorf("lists %v: %+v, want %v", c.crls, got, want)
			}
		}
	}
}

// TestCacheIsBounded sends one certificate in many spellings.
func TestCacheIsBounded(t *testing.T) {
	v := verdictConfig{CA: "pki/ca.crt"}.verifier(t, wireFixtures)
	s := fixtureSigner(t, bridge)
	known := v.files.trust
	for i := range 2 * maxCached {
		if _, err := known.identify(certOf(s).field + fmt.Sprintf("%*s", i, "")); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(known.known); n != maxCached {
		t.Errorf("%d certificates are kept, want %d", n, maxCached)
	}
	if _, err := known.identify(strings.Repeat(" ", maxCertificate) + certOf(s).field); err == nil {
		t.Error("a certificate without end was read")
	}
	if _, err := known.identify(certOf(fixtureSigner(t, untrusted)).field); err == nil || len(known.known) != maxCached {
		t.Error("a stranger's certificate was kept")
	}
}
