package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"busbar/common/event"
	"busbar/common/translate"
)

// listed is the header fields that a table of docs/reference/privacy.md names.
func listed(t *testing.T, heading string) []string {
	t.Helper()
	page, err := os.ReadFile("../docs/reference/privacy.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(page), "\n## "+heading+"\n")
	if !ok {
		t.Fatalf("the page has no section %q", heading)
	}
	section, _, _ = strings.Cut(section, "\n## ")
	var names []string
	for line := range strings.Lines(section) {
		if !strings.HasPrefix(line, "| `") {
			continue
		}
		cell, _, _ := strings.Cut(line[2:], " |")
		for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cell, -1) {
			names = append(names, strings.ToLower(m[1]))
		}
	}
	if len(names) < 2 {
		t.Fatalf("the section %q lists %q", heading, names)
	}
	return names
}

// others are fields that mail systems, lists and people's programs add, none of which
// may leave.
var others = []string{
	"Received", "Return-Path", "Delivered-To", "X-Original-To", "Envelope-To", "Bcc", "Sender", "X-Sender", "X-Originating-IP",
	"X-Mailer", "User-Agent", "Organization", "Autocrypt", "Disposition-Notification-To", "Errors-To", "Resent-From", "Resent-To",
	"DKIM-Signature", "ARC-Seal", "Authentication-Results", "Received-SPF", "X-Spam-Report", "X-Amavis-Alert", "X-Google-DKIM-Signature",
	"X-Face", "Comments", "Keywords", "X-Secret", "Authorization", "X-Debbugs-Cc", "Mail-Followup-To", "Thread-Index",
}

var fieldName = regexp.MustCompile(`(?m)^([A-Za-z][A-Za-z0-9-]*):`)

// said is all that leaves the machine of a mail, and what becomes of it.
func said(t *testing.T, raw []byte) (text string, o translate.Outcome) {
	t.Helper()
	cfg := DefaultConfig()
	cfg.Mail.Private = true
	it := newItem("test", raw, time.Unix(1_800_000_000, 0), 1<<24)
	o, err := translate.Run(cfg.Translators(), it)
	if err != nil {
		t.Fatal(err)
	}
	if len(o.Events) == 0 {
		return "", o
	}
	var out strings.Builder
	for _, e := range o.Events {
		b, err := json.Marshal(e.Body)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&out, e.Kind.Topic, e.Title(), e.Link(), string(b))
	}
	fmt.Fprintln(&out, it.Evidence)
	return out.String(), o
}

// TestHeadersThatLeave: of a mail's header, nothing leaves the machine but what
// docs/reference/privacy.md lists; and what it lists does leave, or is read, for one
// mail at least.
func TestHeadersThatLeave(t *testing.T) {
	const mark = "leaked-9f3b"
	published, read := listed(t, "Fields that are published"), listed(t, "Fields that are read, and not published")
	files, err := filepath.Glob("../fixtures/*/*.mail")
	if err != nil || len(files) < 100 {
		t.Fatalf("there are %d fixtures (%v)", len(files), err)
	}
	matters, planted := map[string]bool{}, 0
	for _, file := range files {
		if strings.Contains(file, "/hostile/") {
			continue
		}
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		before, was := said(t, raw)
		if len(was.Events) == 0 && was.Translator == "" {
			continue
		}
		head, body, _ := strings.Cut(strings.ReplaceAll(string(raw), "\r\n", "\n"), "\n\n")
		fields := regexp.MustCompile(`(?m)^(?:[^ \t\n].*)(?:\n[ \t].*)*`).FindAllString(head, -1)
		var changed []string
		for _, f := range fields {
			name := strings.ToLower(strings.TrimSuffix(fieldName.FindString(f), ":"))
			if name == "" || slices.Contains(published, name) || slices.Contains(read, name) {
				changed = append(changed, f)
				continue
			}
			planted++
			changed = append(changed, f[:len(name)]+": "+mark)
		}
		for _, name := range others {
			if !slices.Contains(published, strings.ToLower(name)) && !slices.Contains(read, strings.ToLower(name)) {
				planted++
				changed = append(changed, name+": "+mark+" <"+mark+"@example.org>")
			}
		}
		after, now := said(t, []byte(strings.Join(changed, "\n")+"\n\n"+body))
		if strings.Contains(after, mark) {
			t.Errorf("%s: a field that is not listed leaves:\n%s", file, after)
		}
		if len(now.Events) != len(was.Events) || now.Skip != was.Skip {
			t.Errorf("%s: a field that is not listed is read: %d events, skip %q, poison %q; not %d, %q", file, len(now.Events), now.Skip, now.Poison, len(was.Events), was.Skip)
		}
		for _, name := range slices.Concat(published, read) {
			is := func(f string) bool { return strings.EqualFold(strings.TrimSuffix(fieldName.FindString(f), ":"), name) }
			if !slices.ContainsFunc(fields, is) {
				continue
			}
			var marked []string
			for _, f := range fields {
				if is(f) {
					f = f[:len(name)] + ": " + mark
				}
				marked = append(marked, f)
			}
			for _, other := range [][]string{marked, slices.DeleteFunc(slices.Clone(fields), is)} {
				text, o := said(t, []byte(strings.Join(other, "\n")+"\n\n"+body))
				matters[name] = matters[name] || plain(text) != plain(before) || o.Skip != was.Skip || o.Poison != was.Poison
				if slices.Contains(read, name) && strings.Contains(text, mark) {
					t.Errorf("%s: %s leaves, though the page says that it is only read:\n%s", file, name, text)
				}
			}
		}
	}
	for _, name := range published {
		if !matters[name] {
			t.Errorf("the page lists %s, but nothing depends on it", name)
		}
	}
	t.Logf("%d marks were planted in %d mails", planted, len(files))
}

// plain is what is said, without the evidence's digest of all bytes.
func plain(text string) string {
	return regexp.MustCompile(`sha256:[0-9a-f]{64}`).ReplaceAllString(text, "")
}

var anAddress = regexp.MustCompile(`[A-Za-z0-9._+-]+@[A-Za-z0-9-]+\.[A-Za-z0-9.-]+`)

// TestNamesWithoutAddresses: without addresses, no event of any fixture holds one, but
// in the members that docs/reference/privacy.md names, whose values only look alike.
func TestNamesWithoutAddresses(t *testing.T) {
	kept := listed(t, "Names without addresses")
	files, err := filepath.Glob("../fixtures/*/*.mail")
	if err != nil {
		t.Fatal(err)
	}
	with, events := 0, 0
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, o := said(t, raw)
		for _, e := range o.Events {
			events++
			if hasAddress(t, e.Body, kept) {
				with++
			}
			e = event.WithoutAddresses(e)
			if hasAddress(t, e.Body, kept) || anAddress.MatchString(e.Title()) {
				t.Errorf("%s: an address stays: %s %+v", file, e.Title(), e.Body)
			}
		}
	}
	if with < events/3 {
		t.Errorf("only %d of %d events have an address before; the test looks for the wrong thing", with, events)
	}
}

// hasAddress looks into all members but those.
func hasAddress(t *testing.T, body any, but []string) bool {
	t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	var look func(v any) bool
	look = func(v any) bool {
		switch v := v.(type) {
		case string:
			return anAddress.MatchString(v)
		case []any:
			return slices.ContainsFunc(v, look)
		case map[string]any:
			for name, inner := range v {
				if !slices.Contains(but, name) && look(inner) {
					return true
				}
			}
		}
		return false
	}
	return look(v)
}
