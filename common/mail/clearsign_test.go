package mail

import (
	"strings"
	"testing"
	"time"

	"busbar/fixtures/cases"
)

const signedText = "before\n-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n" +
	"Format: 1.8\n- -----\n\nlast\n-----BEGIN PGP SIGNATURE-----\n\niQ==\n=abcd\n-----END PGP SIGNATURE-----\nafter\n"

func TestClearsigned(t *testing.T) {
	const text, sig = "Format: 1.8\n-----\n\nlast\n", "-----BEGIN PGP SIGNATURE-----\n\niQ==\n=abcd\n-----END PGP SIGNATURE-----\n"
	for name, in := range map[string]string{
		"plain":         signedText,
		"CRLF":          strings.ReplaceAll(signedText, "\n", "\r\n"),
		"blanks at end": strings.ReplaceAll(strings.ReplaceAll(signedText, "-----\n-", "-----\n-"), "MESSAGE-----\n", "MESSAGE-----  \t\n"),
		"no blank line": strings.Replace(signedText, "SHA256\n\n", "SHA256\n", 1),
		"no hash":       strings.Replace(signedText, "Hash: SHA256\n", "", 1),
		"mentioned":     "see -----BEGIN PGP SIGNED MESSAGE-----\n" + signedText,
	} {
		gotText, gotSig, ok := Clearsigned(in)
		if !ok || gotText != text || gotSig != sig {
			t.Errorf("%s: %v %q %q", name, ok, gotText, gotSig)
		}
	}
	if _, got, ok := Clearsigned(signedText[:strings.Index(signedText, "=abcd")]); !ok || !strings.HasSuffix(got, "iQ==\n") {
		t.Errorf("cut signature: %v %q", ok, got)
	}
	for _, in := range []string{"", "hello", signedText[:strings.Index(signedText, "-----BEGIN PGP SIGNATURE")], beginSigned,
		"see " + beginSigned + signedText[len("before\n"):]} {
		if text, sig, ok := Clearsigned(in); ok || text+sig != "" {
			t.Errorf("%q: taken as signed", in)
		}
	}
}

func TestUndoubleQP(t *testing.T) {
	for _, c := range []struct {
		in, want string
		did      bool
	}{
		{" hello (2.10-3) unstable; urgency=3Dhigh\n=WM21 D=C3=A9v\n", " hello (2.10-3) unstable; urgency=high\n=WM21 D\u00e9v\n", true},
		{"Done: D=C3=A9veloppeur <dev@example.org>\n", "Done: D\u00e9veloppeur <dev@example.org>\n", true},
		{"a long line=\n goes on, 1+1=3D2=20\n", "a long line goes on, 1+1=2 \n", true},
		{" hello (2.10-3) unstable; urgency=high\n", "", false},
		{"size=2048\n", "", false},
		{"CFLAGS=-O2 a=3D\n", "", false},
		{"100=80%\n", "", false},
		{"a=c3=a9\n", "", false},
		{"\u00e9 =3D\n", "", false},
		{"x ( ; urgency=3Dlow ; urgency=3Dlow =WM\n", "", false},
		{"nothing here\n", "", false},
		{"", "", false},
	} {
		got, did := UndoubleQP(c.in)
		if !c.did {
			c.want = c.in
		}
		if got != c.want || did != c.did {
			t.Errorf("%q: %q, %v", c.in, got, did)
		}
	}
}

// TestRepeatedMarks gives half a megabyte (of all cases, four) of the marks that are searched for. With a
// search that costs the square of the length it would last minutes.
func TestRepeatedMarks(t *testing.T) {
	size := cases.Of(512<<10, 4<<20)
	deadline := time.Now().Add(time.Minute)
	for _, mark := range []string{beginSigned, beginSigned + "\n", "; urgency=3D", "(", "<", "\"", "<!--", "<script></", "&#", "=?a?q?x "} {
		s := strings.Repeat(mark, size/len(mark))
		if _, _, ok := Clearsigned(s); ok {
			t.Errorf("%q: taken as signed", mark)
		}
		UndoubleQP(s)
		htmlText(s)
		parseAddresses(s[:size/4])
		if time.Now().After(deadline) {
			t.Fatalf("%q: too slow", mark)
		}
	}
}
