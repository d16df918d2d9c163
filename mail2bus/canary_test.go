package main

import (
	"bufio"
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"busbar/common/mail"
	"busbar/common/translate"
)

// TestCanaryBySMTP hands a canary to a server as mail systems speak.
func TestCanaryBySMTP(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	got := make(chan string, 1)
	go serveSMTP(l, got)
	c := defaultCanary()
	c.Maildir, c.To, c.SMTP = []string{"/srv/mail"}, "canary@example.org", l.Addr().String()
	if err := c.check([]string{"/srv/mail"}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	route := c.route("/srv/mail", nil)
	if err := route.Send(ctx, "1-2-abc"); err != nil {
		t.Fatal(err)
	}
	dialogue, text, _ := strings.Cut(<-got, "DATA\n")
	for _, want := range []string{"MAIL FROM:<>", "RCPT TO:<canary@example.org>"} {
		if !strings.Contains(dialogue, want) {
			t.Errorf("the server was not told %q, but %q", want, dialogue)
		}
	}
	found := route.Find(translate.Item[any]{Value: mail.Parse([]byte(text), mail.Limits{})})
	if found == nil || found.Token != "1-2-abc" {
		t.Errorf("of the mail %q is found %+v", text, found)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := route.Send(ctx, "1-2-abc"); err == nil || !strings.Contains(err.Error(), c.SMTP) {
		t.Errorf("without a server it gives %v", err)
	}
}

// serveSMTP takes one mail, and gives all that the client said.
func serveSMTP(l net.Listener, got chan<- string) {
	c, err := l.Accept()
	if err != nil {
		return
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(3 * time.Minute))
	var said strings.Builder
	in := bufio.NewScanner(c)
	answer := func(text string) { _, _ = c.Write([]byte(text + "\r\n")) }
	answer("220 test")
	for data := false; in.Scan(); {
		line := in.Text()
		said.WriteString(line + "\n")
		switch {
		case data && line != ".":
		case line == "DATA":
			data = true
			answer("354 go on")
		case line == ".":
			data = false
			answer("250 taken")
			got <- said.String()
		case line == "QUIT":
			answer("221 bye")
			return
		default:
			answer("250 ok")
		}
	}
}

func TestCanaryConfig(t *testing.T) {
	for _, c := range []struct {
		change func(*CanaryConfig)
		want   string
	}{
		{func(c *CanaryConfig) {}, ""},
		{func(c *CanaryConfig) { c.Maildir = nil }, ""},
		{func(c *CanaryConfig) { c.Maildir, c.To = nil, "a@example.org" }, "in which one"},
		{func(c *CanaryConfig) { c.To = "-Cexample" }, "no address"},
		{func(c *CanaryConfig) { c.To = "a@example.org, b@example.org" }, "no address"},
		{func(c *CanaryConfig) { c.To = "a@example.org" }, ""},
		{func(c *CanaryConfig) { c.To, c.Sendmail = "a@example.org", []string{"sendmail"} }, "absolute path"},
		{func(c *CanaryConfig) { c.To, c.SMTP = "a@example.org", "localhost" }, "smtp"},
		{func(c *CanaryConfig) { c.To, c.SMTP, c.Sendmail = "a@example.org", "localhost:25", nil }, ""},
		{func(c *CanaryConfig) { c.Interval = 0 }, "interval"},
	} {
		config := defaultCanary()
		config.Maildir = []string{"/srv/mail"}
		c.change(&config)
		err := config.check([]string{"/srv/mail", "/srv/spool"})
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v gives %v, want %q", config, err, c.want)
		}
	}
}
