package mail

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"busbar/bus/notify/dest"
	"busbar/bus/notify/dest/desttest"
)

var now = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

// TestHeaders: what filters and mail programs look at.
func TestHeaders(t *testing.T) {
	d := openTest(t, testConfig("127.0.0.1:25"))
	n := desttest.Note("abc123", "jane@example.org", "ümlaut")
	n.Stop = "https://hub.example.org/notify/stop/xyz"
	raw := d.compose(n, now)
	m, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"From": `"Busbar" <busbar@example.org>`, "To": "<jane@example.org>", "Date": "Sun, 29 Nov 2026 12:00:00 +0000", "Subject": "=?utf-8?q?[hello]_=C3=BCmlaut?=",
		"Message-ID": "<abc123@example.org>", "List-Id": "<mine.jane.notify.example.org>", "Auto-Submitted": "auto-generated", "Precedence": "bulk", "X-Loop": "busbar@example.org",
		"List-Unsubscribe": "<https://hub.example.org/notify/stop/xyz>, <mailto:control@example.org?subject=unsubscribe%20mine>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
		"X-Distro-Tracker-Package": "hello", "X-Distro-Tracker-Keyword": "upload-source", "X-PTS-Package": "hello", "X-PTS-Keyword": "upload-source",
		"X-Busbar-Topic": "org.debian.dev.dak.source.accept", "X-Busbar-Event-Date": "Sat, 28 Nov 2026 12:00:00 +0000", "X-Busbar-Rule": "mine",
	} {
		if got := m.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if m.Header.Get("References") == "" || m.Header.Get("References") != m.Header.Get("In-Reply-To") {
		t.Errorf("References %q, In-Reply-To %q", m.Header.Get("References"), m.Header.Get("In-Reply-To"))
	}
	other := desttest.Note("def456", "jane@example.org", "later")
	if o, _ := netmail.ReadMessage(bytes.NewReader(d.compose(other, now))); o.Header.Get("References") != m.Header.Get("References") {
		t.Error("two mails about one package are two threads")
	}
	if text := parts(t, m); !strings.Contains(text[0], "ümlaut") || !strings.Contains(text[0], "\n-- \nYou get this because of your rule mine.") || !strings.Contains(text[1], "<p>") {
		t.Errorf("the parts are %q", text)
	}
}

// TestFooter: who can change their rules on a page is led there.
func TestFooter(t *testing.T) {
	n := desttest.Note("abc123", "jane@example.org", "x")
	n.Rules = "https://notify.example.org/me/"
	if text := footer(n); !strings.Contains(text, "Your rules: https://notify.example.org/me/\n") || strings.Contains(text, "explain") {
		t.Error(text)
	}
}

// TestAnswer: an answer to a mail names it, has no list of its own, and cannot be made to
// bear other headers; its bounces go to an address of its own.
func TestAnswer(t *testing.T) {
	config := testConfig("127.0.0.1:25")
	config.Control, config.Bounces = "control@example.org", "bounces@example.org"
	d := openTest(t, config)
	for re, want := range map[string]string{"1.a@home.example.org": "<1.a@home.example.org>", "": "", "x@y>\r\nBcc: all@example.org": "", "no id": ""} {
		n := dest.Note{ID: "abc", To: "jane@example.org", Person: "jane@example.org", Kind: dest.Answer, Rule: "answers", Subject: "Re: x\r\nBcc: all@example.org", Text: "yes\n", Re: re, Bounce: "abc-123"}
		m, err := netmail.ReadMessage(bytes.NewReader(d.compose(n, now)))
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]string{"In-Reply-To": want, "References": want, "Reply-To": "<control@example.org>", "Auto-Submitted": "auto-replied", "List-Id": "", "List-Unsubscribe": "", "Bcc": "", "X-Loop": "busbar@example.org"} {
			if got := m.Header.Get(name); got != want {
				t.Errorf("%s of an answer to %q: %q, want %q", name, re, got, want)
			}
		}
		if got := d.sender(n); got != "bounces+abc-123@example.org" {
			t.Errorf("bounces go to %s", got)
		}
	}
	if got := d.sender(dest.Note{Bounce: strings.Repeat("a", 60)}); got != "bounces@example.org" {
		t.Errorf("a return path that is too long: %s", got)
	}
	if got := unsubscribed("package libstdc++"); got != "libstdc++" {
		t.Errorf("the command that unsubscribes names %s", got)
	}
}

// parts are the texts of a mail's two parts.
func parts(t *testing.T, m *netmail.Message) (list []string) {
	t.Helper()
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("%s: %v", kind, err)
	}
	for r := multipart.NewReader(m.Body, params["boundary"]); ; {
		p, err := r.NextRawPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(quotedprintable.NewReader(p))
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, strings.ReplaceAll(string(text), "\r\n", "\n"))
	}
	if len(list) != 2 {
		t.Fatalf("%d parts", len(list))
	}
	return list
}

// ours are the only fields that a mail has.
var ours = []string{
	"Date", "From", "To", "Subject", "Message-Id", "In-Reply-To", "References", "List-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "Auto-Submitted", "Precedence", "X-Loop",
	"X-Busbar-Rule", "X-Busbar-Kind", "X-Busbar-Bug", "X-Busbar-Topic", "X-Busbar-Event", "X-Busbar-Event-Date", "X-Distro-Tracker-Package", "X-Distro-Tracker-Keyword",
	"X-Pts-Package", "X-Pts-Keyword", "Mime-Version", "Content-Type",
}

// check finds what strangers could have written into a mail's head or parts.
func check(t *testing.T, raw []byte) {
	t.Helper()
	m, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatalf("%v\n%s", err, raw)
	}
	for name, values := range m.Header {
		if !slices.Contains(ours, name) || len(values) != 1 {
			t.Errorf("a field %s: %q", name, values)
		}
	}
	for line := range bytes.SplitSeq(raw, []byte("\r\n")) {
		if len(line) > 900 || bytes.ContainsAny(line, "\r\n\x00") {
			t.Errorf("a line of %d bytes: %.200q", len(line), line)
		}
		for _, b := range line {
			if b >= 0x80 {
				t.Fatalf("a byte that is not ASCII: %.200q", line)
			}
		}
	}
	if got, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject")); err != nil || strings.ContainsAny(got, "\r\n") {
		t.Errorf("subject %q: %v", got, err)
	}
	if page := parts(t, m)[1]; strings.Contains(page, "<script") || strings.Contains(page, "<img") {
		t.Errorf("the page has %.500q", page)
	}
}

// FuzzCompose: whatever strangers write, the mail has our fields alone, in ASCII.
func FuzzCompose(f *testing.F) {
	for _, text := range desttest.Hostile {
		f.Add(text, text, text)
	}
	f.Add("a subject", "--=_0a\nContent-Type: text/html\n\n<script>", "x")
	d, err := Open(testConfig("127.0.0.1:25"))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, subject, text, name string) {
		n := desttest.Note("f-1", "jane@example.org", "x")
		n.Subject, n.Text, n.Rule, n.Thread, n.Stop, n.Person = subject, text, name, text, "https://example.org/"+name, name
		n.Messages[0].Package, n.Messages[0].Topic, n.Messages[0].Keyword, n.Messages[0].ID = name, name, name, name
		check(t, d.compose(n, now))
		n.Kind, n.Messages = dest.Summary, nil
		check(t, d.compose(n, now))
	})
}

// TestSendmail: what the program's exit says.
func TestSendmail(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "sendmail")
	script := "#!/bin/sh\necho \"$@\" >> " + dir + "/args\ncat > " + dir + "/mail\nexit $(cat " + dir + "/code)\n"
	if err := os.WriteFile(program, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	c := testConfig("")
	c.Sendmail = []string{program, "-i", "--"}
	d := openTest(t, c)
	defer d.Close()
	for code, want := range map[string]dest.Fate{"75": dest.Retry, "67": dest.Dead, "1": dest.Retry} {
		if err := os.WriteFile(dir+"/code", []byte(code), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := d.Send(t.Context(), desttest.Note("s", "jane@example.org", "x")); err == nil || dest.FateOf(err).Fate != want {
			t.Errorf("exit %s: %v", code, err)
		}
	}
	if err := os.WriteFile(dir+"/code", []byte("0"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := d.Send(t.Context(), desttest.Note("s", "jane@example.org", "x")); err != nil {
		t.Error(err)
	}
	args, err := os.ReadFile(dir + "/args")
	if err != nil || !strings.HasSuffix(string(args), "-i -- jane@example.org\n") {
		t.Errorf("arguments %q (%v)", args, err)
	}
	if _, err := exec.LookPath(program); err != nil {
		t.Error(err)
	}
}

// TestWrongConfig: what cannot work is said before anything is sent.
func TestWrongConfig(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"from": func(c *Config) { c.From = "nobody" }, "exclude": func(c *Config) { c.Sendmail = []string{"/bin/true"} }, "tls": func(c *Config) { c.TLS = "maybe" },
		"belong": func(c *Config) { c.User = "u" }, "parallel": func(c *Config) { c.Parallel = 0 }, "address": func(c *Config) { c.Server = "localhost" },
		"read on the way": func(c *Config) { c.User, c.PasswordFile = "u", "/p" }, "sender": func(c *Config) { c.Sender = "a b" }, "absolute": func(c *Config) { c.Server, c.Sendmail = "", []string{"sendmail"} },
	} {
		c := testConfig("127.0.0.1:25")
		change(&c)
		if _, err := Open(c); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
