package mail

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"busbar/fixtures/cases"
	"busbar/fixtures/corpus"
)

func TestText(t *testing.T) {
	multi := func(kind string, parts ...string) string {
		return "Content-Type: multipart/" + kind + "; boundary=b\n\n--b\n" + strings.Join(parts, "\n--b\n") + "\n--b--\nfooter\n"
	}
	plain, html := "Content-Type: text/plain\n\nplain", "Content-Type: text/html\n\n<p>Hi &amp; <b>bye</b><br>next</p><p>last"
	diff := "Content-Type: text/x-diff\nContent-Disposition: attachment; filename=a.diff\n\n+1"
	sig := "Content-Type: application/pgp-signature\n\n-----BEGIN"
	for _, c := range []struct{ name, mail, text, attachments string }{
		{"plain", plain, "plain", ""},
		{"html", html, "Hi & bye\nnext\n\nlast\n", ""},
		{"alternative", multi("alternative", html, plain), "plain", ""},
		{"blank plain", multi("alternative", "\n", html), "Hi & bye\nnext\n\nlast\n", ""},
		{"mixed", multi("mixed", diff, plain, diff), "plain", "a.diff a.diff"},
		{"signed", multi("signed", plain, sig), "plain", ""},
		{"only attached", multi("mixed", diff), "+1", ""},
		{"no text", "Content-Type: image/png; name=a.png\nContent-Transfer-Encoding: base64\n\nAAAA", "", "a.png"},
	} {
		m := parse(t, c.mail)
		var names []string
		for _, a := range m.Attachments() {
			names = append(names, a.Name)
		}
		if m.Text() != c.text || strings.Join(names, " ") != c.attachments || len(m.Defects) > 0 {
			t.Errorf("%s: %q, attachments %q, defects %q", c.name, m.Text(), names, m.Defects)
		}
	}
}

func TestHTMLText(t *testing.T) {
	for in, want := range map[string]string{
		"a <b\nclass=x>b</b>  c":               "a b c\n",
		"1 < 2 &lt;b&gt;":                      "1 < 2 <b>\n",
		"<style>p{}</style>x<!-- <p> -->y":     "xy\n",
		"<script>if (a</b) x()</SCRIPT >after": "after\n",
		"<pre>a\n  b</pre>c":                   "a\n  b\nc\n",
		"<ul><li>one<li>two</ul><p>end":        "one\ntwo\n\nend\n",
		"open <a href=":                        "open <a href=\n",
		"&#0;&#13;x":                           "\ufffd x\n",
		"<div>a</div><div>b</div>":             "a\nb\n",
	} {
		if got := htmlText(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestListID(t *testing.T) {
	for head, want := range map[string]string{
		"List-Id: Bugs <Debian-Bugs-Dist.lists.example.org>": "debian-bugs-dist.lists.example.org",
		"List-Id: bare.example.org":                          "bare.example.org",
		"X-Mailing-List: <news@lists.example.org> archive/1": "news.lists.example.org",
		"List-Id: no id here\nX-Mailing-List: <a@b>":         "a.b",
		"List-Id: \"tea.example.org\"":                       "tea.example.org",
		"List-Id: The tea (tea.example.org)":                 "tea.example.org",
		"List-Id: tea.example.org, about tea":                "",
		"List-Id: tea.example.org about tea":                 "tea.example.org",
		"List-Id: tea.example.org or cake.example.org.":      "tea.example.org",
		"List-Id: see http://example.org/tea for details":    "",
		"List-Id: tea.example.org>":                          "tea.example.org",
		"List-Id: The tea tea.example.org>":                  "tea.example.org",
		"List-Id: <>":                                        "",
		"Subject: none":                                      "",
	} {
		if got := parse(t, head+"\n\n").ListID(); got != want {
			t.Errorf("%s: %q, want %q", head, got, want)
		}
	}
}

func TestUnreadable(t *testing.T) {
	for in, want := range map[string]string{
		"":                                    "empty",
		"\r\n \n":                             "empty",
		"\x7fELF\x02\x01\x01\x00\x00\x00\x00": "binary data without a header",
		"Subject: a\n\n\x00\x01\x02":          "",
		"hello":                               "",
	} {
		if got := parse(t, in).Unreadable(); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	m := Parse([]byte("Subject: a\n\n"), Limits{Bytes: 5})
	if m.Unreadable() != "longer than 5 bytes" || m.Body == nil || m.Size != 12 || len(m.Digest) != 64 {
		t.Errorf("too long: %+v", m)
	}
}

func TestTextLimit(t *testing.T) {
	m := Parse([]byte("Content-Type: text/plain; charset=utf-8\n\n"+strings.Repeat("\u2603", 100)), Limits{Text: 100})
	if want := strings.Repeat("\u2603", 33); m.Text() != want || !m.Body.Truncated || m.Body.Size != 300 {
		t.Errorf("%d bytes of %d, truncated %v", len(m.Text()), m.Body.Size, m.Body.Truncated)
	}
	m = Parse([]byte("Content-Type: text/plain; charset=latin1\n\n"+strings.Repeat("\xe9", 100)), Limits{Text: 101})
	if want := strings.Repeat("\u00e9", 50); m.Text() != want || !m.Body.Truncated {
		t.Errorf("latin-1: %d bytes", len(m.Text()))
	}
}

// TestMemory gives Parse large mails (of all cases, 32 MiB) built to make it grow.
func TestMemory(t *testing.T) {
	size := cases.Of(4<<20, 32<<20)
	body := strings.Repeat("x\n", size/2)
	deep := ""
	for range 20 {
		deep += "Content-Type: message/rfc822\nContent-Transfer-Encoding: quoted-printable\n\n"
	}
	for name, mail := range map[string]string{
		"plain":              "Subject: a\n\n" + body,
		"bare CR":            strings.ReplaceAll("Subject: a\n\n"+body, "\n", "\r"),
		"fields":             strings.Repeat("a:\n", size/3),
		"nested and encoded": deep + "\n" + body,
		"nested":             nested(31) + body,
		"boundaries":         "Content-Type: multipart/mixed; boundary=-\n\n" + strings.Repeat("-", size),
	} {
		raw := []byte(mail)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		m := Parse(raw, Limits{})
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > 8*uint64(size) {
			t.Errorf("%s: %d MiB allocated for %d MiB", name, got>>20, size>>20)
		} else {
			t.Logf("%s: %d MiB allocated in %v, %q", name, got>>20, time.Since(start), m.Defects)
		}
	}
}

// mojibake are the marks of UTF-8 read as Latin-1, and of undecoded words.
var mojibake = []string{"\u00c3\u00a9", "\u00c3\u00bc", "\u00c3\u0178", "\u00e2\u20ac", "\u00c2\u00a0", "\ufffd", "=?"}

// TestReadable reads the mails of services, fixtures and captures: nothing in
// them is left undecoded.
func TestReadable(t *testing.T) {
	files := corpus.Files(t, []string{"dak/*.mail", "debbugs/*.mail", "lists/*.mail", "commitmail/*.mail"}, "debbugs-mail/*/*.eml", "dak-mail/*/*.eml").All()
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		m := Parse(raw, Limits{})
		checkMessage(t, m, DefaultLimits())
		if m.Unreadable() != "" {
			t.Errorf("%s: %s", name, m.Unreadable())
		}
		who := m.Header.Get("Subject")
		for _, a := range append(m.Header.Addresses("From"), m.Header.Addresses("To")...) {
			who += " " + a.Name + " " + a.Email
		}
		for _, mark := range mojibake {
			if strings.Contains(who, mark) {
				t.Errorf("%s: mojibake %q in %q", name, mark, who)
			}
		}
		if when, text := m.Header.Time("Date"); text != "" && when.IsZero() {
			t.Errorf("%s: date %q", name, text)
		}
		if strings.HasSuffix(name, "-cut.mail") || !strings.Contains(name, "dak-mail") && filepath.Base(filepath.Dir(name)) != "dak" {
			continue
		}
		text, _ := UndoubleQP(m.Text())
		if strings.Contains(text, "urgency=3D") || strings.Contains(text, "=C3") || text == "" {
			t.Errorf("%s: still encoded", name)
		}
		if _, sig, ok := Clearsigned(text); strings.Contains(text, beginSigned) && (!ok || !strings.HasSuffix(sig, EndSignature+"\n")) {
			t.Errorf("%s: clearsigned text not found", name)
		}
	}
	t.Logf("%d mails", len(files))
}

// benchMail is a bug report of some 5 KB as a list delivers it.
func benchMail() []byte {
	var b strings.Builder
	for range 6 {
		b.WriteString("Received: from mx.example.org (mx.example.org [192.0.2.1])\n\tby bugs.example.net with esmtps;\n\tTue, 3 Mar 2020 12:00:00 +0000\n")
	}
	b.WriteString("From: =?utf-8?q?J=C3=B6rg?= Vogt <joerg@example.org>\nTo: submit@bugs.example.net\n" +
		"Subject: =?UTF-8?Q?Bug#123456=3A_hello=3A_f=C3=A4ngt?=\n =?UTF-8?Q?_nicht_an?=\nDate: Tue, 3 Mar 2020 12:00:00 +0100\n" +
		"Message-ID: <bench@example.org>\nList-Id: <bugs.lists.example.net>\nMIME-Version: 1.0\n" +
		"Content-Type: multipart/signed; micalg=pgp-sha256;\n protocol=\"application/pgp-signature\"; boundary=\"=-bench-=\"\n\n" +
		"--=-bench-=\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\nPackage: hello\nVersion: 2.10-3\n\n")
	for range 50 {
		b.WriteString("It says =C2=BBhallo=C2=AB, waits for ten seconds and then it=20\nends without any message.\n")
	}
	b.WriteString("\n--=-bench-=\nContent-Type: application/pgp-signature; name=signature.asc\n\n-----BEGIN PGP SIGNATURE-----\n\niQ==\n-----END PGP SIGNATURE-----\n--=-bench-=--\n")
	return []byte(b.String())
}

func BenchmarkParse(b *testing.B) {
	raw := benchMail()
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if m := Parse(raw, Limits{}); len(m.Text()) < 3000 {
			b.Fatal(m.Text())
		}
	}
}
