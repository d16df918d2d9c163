//go:build browser

package listen

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"time"

	"busbar/common/programtest"
)

// notes are what `bus notify` needs: it mails into a file, and has a key for Web Push.
// It gives the address of people's pages.
func (s *site) notes(more string) (pages string) {
	s.t.Helper()
	if out, err := exec.Command("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", s.path("vapid.pem")).CombinedOutput(); err != nil {
		s.t.Fatalf("%v: %s", err, out)
	}
	if err := os.MkdirAll(s.path("notify.d"), 0o700); err != nil {
		s.t.Fatal(err)
	}
	s.write("sendmail", "#!/bin/sh\ncat >>"+s.path("mailed")+"\n")
	if err := os.Chmod(s.path("sendmail"), 0o700); err != nil {
		s.t.Fatal(err)
	}
	address := free(s.t)
	text, err := os.ReadFile(s.path("bus.toml"))
	if err != nil {
		s.t.Fatal(err)
	}
	s.write("bus.toml", string(text)+fmt.Sprintf("[notify]\nrules = %q\noutbox = %q\nlisten = %q\npublic = \"http://%s\"\nfrom = \"now\"\n[notify.self]\nweb = true\n[notify.mail]\nsendmail = [%q]\nfrom = \"Busbar <busbar@example.org>\"\n[notify.webpush]\nkey = %q\ncontact = \"mailto:admin@example.org\"\n[notify.outside]\nallow = [\"127.0.0.1\"]\n%s",
		s.path("notify.d"), s.path("outbox.db"), address, address, s.path("sendmail"), s.path("vapid.pem"), more))
	p := s.start(s.program("bus"), "notify", "--config", s.path("bus.toml"), "run")
	for end := time.Now().Add(programtest.Patience); ; time.Sleep(20 * time.Millisecond) {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			return "http://" + address + "/me/"
		}
		if p.over() || time.Now().After(end) {
			s.t.Fatalf("bus notify does not listen: %q", p.printed())
		}
	}
}

// set changes the hub's configuration, before it runs.
func (s *site) set(from, format string, args ...any) {
	s.t.Helper()
	text, err := os.ReadFile(s.path("bus.toml"))
	if err != nil || !strings.Contains(string(text), from) {
		s.t.Fatalf("%s, %v", text, err)
	}
	s.write("bus.toml", strings.Replace(string(text), from, fmt.Sprintf(format, args...), 1))
}

var signInLink = regexp.MustCompile(`http://[0-9.:]+/me/enter/[a-z2-7]+`)

// link waits for the newest link that was mailed.
func (s *site) link(before int) string {
	s.t.Helper()
	for end := time.Now().Add(programtest.Patience); ; time.Sleep(20 * time.Millisecond) {
		text, err := os.ReadFile(s.path("mailed"))
		if links := signInLink.FindAllString(strings.ReplaceAll(string(text), "=\n", ""), -1); err == nil && len(links) > before {
			return links[len(links)-1]
		}
		if time.Now().After(end) {
			s.t.Fatalf("no link is mailed: %s", text)
		}
	}
}

// signIn signs somebody in, as a person does: by keyboard alone.
func (s *site) signIn(tab *tab, pages, address string) {
	s.t.Helper()
	text, _ := os.ReadFile(s.path("mailed")) // there may be none yet
	before := len(signInLink.FindAllString(strings.ReplaceAll(string(text), "=\n", ""), -1))
	tab.goes(pages)
	tab.tabTo(`document.activeElement.name == "address"`)
	tab.types(address)
	tab.presses("Enter")
	tab.becomes(`document.querySelector("main").textContent.includes("is on its way")`, true)
	tab.goes(s.link(before))
	tab.tabTo(`document.activeElement.textContent == "Sign in"`)
	tab.presses("Enter")
	tab.becomes(`document.querySelector("h1").textContent`, "What you are told")
}

// goes opens an address, and waits until the page is there.
func (t *tab) goes(address string) {
	t.t.Helper()
	t.value(`window.left = true`)
	t.call(t.session, "Page.navigate", map[string]any{"url": address}, nil)
	t.becomes(`document.readyState + " " + (document.querySelector("footer") != null) + window.left`, "complete trueundefined")
}

// tabTo presses Tab until something is true of what has the focus.
func (t *tab) tabTo(expression string) {
	t.t.Helper()
	for range 60 {
		if t.value(expression) == true {
			return
		}
		t.presses("Tab")
	}
	t.t.Fatalf("the keyboard never comes to %s", expression)
}

func (t *tab) types(text string) {
	t.t.Helper()
	t.call(t.session, "Input.insertText", map[string]any{"text": text}, nil)
}

// presses is one key: Tab or Enter, or space.
func (t *tab) presses(key string) {
	t.t.Helper()
	code := map[string]int{"Tab": 9, "Enter": 13, " ": 32}[key]
	name := strings.Replace(key, " ", "Space", 1)
	text := map[string]string{"Enter": "\r", " ": " "}[key]
	t.call(t.session, "Input.dispatchKeyEvent", map[string]any{"type": "keyDown", "key": key, "code": name, "windowsVirtualKeyCode": code, "text": text}, nil)
	_ = t.ask(t.session, "Input.dispatchKeyEvent", map[string]any{"type": "keyUp", "key": key, "code": name, "windowsVirtualKeyCode": code}, nil) // the page may be left by then
}
