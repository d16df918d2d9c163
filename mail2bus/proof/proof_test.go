package proof

import (
	"strings"
	"testing"

	"busbar/common/event"
	"busbar/common/mail"
	"busbar/common/translate"
)

// TestVectors are the mails of RFC 8463 appendix A, signed by two keys.
func TestVectors(t *testing.T) {
	z := &zone{records: map[string][]string{
		"brisbane._domainkey.football.example.com": {"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="},
		"test._domainkey.football.example.com": {"v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/" +
			"byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB"},
	}}
	const ed = `DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==
`
	const rs = `DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=test; t=1528637909; h=from : to : subject :
 date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3
 DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz
 dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=
`
	const text = `From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game.  Are you hungry yet?

Joe.
`
	p := policy(t, Options{Keys: z.lookup}, "dkim:football.example.com")
	for name, raw := range map[string]string{"ed25519": ed + text, "rsa": rs + text, "both": ed + rs + text, "CR LF": strings.ReplaceAll(ed+text, "\n", "\r\n")} {
		if got, _ := judge(t, p, raw); got != "proved" {
			t.Errorf("%s: %s", name, got)
		}
		if got, _ := judge(t, p, strings.Replace(raw, "hungry", "angry", 1)); !strings.Contains(got, "unproved") {
			t.Errorf("%s, with another word: %s", name, got)
		}
	}
}

func TestRules(t *testing.T) {
	bugs, other := newDomain(t, "bugs.debian.org", "s", ""), newDomain(t, "evil.example.org", "s", "")
	z := newZone(bugs, other)
	o := Options{Keys: z.lookup, ResultsOf: "mx.example.org", ReceivedBy: "mx.example.org"}
	signed := bugs.sign(t, plain)
	results := "Authentication-Results: mx.example.org; dkim=pass header.d=bugs.debian.org header.s=s\n"
	for _, c := range []struct {
		name, rule, raw, want string
	}{
		{"signed", "dkim:bugs.debian.org", signed, "proved"},
		{"a pattern", "dkim:*.debian.org", signed, "proved"},
		{"and relayed", "dkim:bugs.debian.org and relay:*.debian.org", mx + signed, "proved"},
		{"not relayed", "dkim:bugs.debian.org and relay:*.debian.org", signed, "it has no trace"},
		{"by a network", "relay:209.87.16.0/24", mx + plain, "proved"},
		{"results", "results:bugs.debian.org", mx + results + plain, "proved"},
		{"results on top", "results:bugs.debian.org", results + mx + plain, "proved"},
		{"no results", "results:bugs.debian.org", mx + plain, "mx.example.org says nothing"},
		{"nothing", "dkim:bugs.debian.org", plain, "bugs.debian.org has not signed it"},
	} {
		if got, evidence := judge(t, policy(t, o, c.rule), c.raw); !strings.Contains(got, c.want) {
			t.Errorf("%s: %s (%v), want %s", c.name, got, evidence, c.want)
		}
	}
	p := policy(t, o, "lmtp:postfix", "pipe:mail and dkim:bugs.debian.org", "lmtp:10.0.0.0/8")
	for _, c := range []struct{ kind, seen, raw, want string }{
		{"lmtp", "postfix", plain, "proved"}, {"lmtp", "10.1.2.3", plain, "proved"}, {"lmtp", "192.0.2.1", plain, "unproved"},
		{"pipe", "mail", signed, "proved"}, {"pipe", "mail", plain, "unproved"}, {"pipe", "jane", signed, "unproved"},
	} {
		got, evidence := judge(t, p, c.raw, event.Evidence{Type: c.kind, Verdict: "none", Detail: c.seen})
		if !strings.HasPrefix(got, c.want) {
			t.Errorf("%s %s: %s (%v), want %s", c.kind, c.seen, got, evidence, c.want)
		}
	}
	// Who handed it over is told only where that is asked for.
	if _, evidence := judge(t, policy(t, o, "dkim:bugs.debian.org"), signed, event.Evidence{Type: "pipe", Verdict: "none", Detail: "jane"}); strings.Contains(evidence[0].Detail, "jane") {
		t.Errorf("published: %v", evidence)
	}
}

// mx is the trace of our own host.
const mx = "Received: from buxtehude.debian.org (buxtehude.debian.org [209.87.16.39])\n\tby mx.example.org (Postfix) with ESMTPS id 1; Fri, 2 Jan 2026 03:04:06 +0000\n"

func TestTraces(t *testing.T) {
	p := policy(t, Options{ReceivedBy: "mx.example.org"}, "relay:*.debian.org", "relay:209.87.16.0/24", "relay:2001:db8::/32")
	for line, want := range map[string]bool{
		"from buxtehude.debian.org (buxtehude.debian.org [209.87.16.39]) by mx.example.org (Postfix) with ESMTP id 1; x":          true,
		"from x (unknown [209.87.16.39]) by mx.example.org (Postfix) with ESMTP id 1; x":                                          true,
		"from x (unknown [IPv6:2001:db8::1]) by mx.example.org (Postfix) with ESMTP id 1; x":                                      true,
		"from buxtehude.debian.org ([192.0.2.1]:56110 helo=x) by mx.example.org with esmtps (Exim 4.96) id 1; x":                  true,
		"from buxtehude.debian.org ([192.0.2.1]:56110) from C=NA,O=x (verified) by mx.example.org with esmtps id 1; x":            true,
		"from [209.87.16.39] (port=56178 helo=fasolo.debian.org) by mx.example.org with esmtps id 1; x":                           true,
		"from buxtehude.debian.org (unknown [192.0.2.1]) by mx.example.org (Postfix) with ESMTP id 1; x":                          false,
		"from buxtehude.debian.org (evil.example.org [192.0.2.1]) by mx.example.org (Postfix) with ESMTP id 1; x":                 false,
		"from [192.0.2.1] (port=5 helo=fasolo.debian.org) by mx.example.org with esmtps id 1; x":                                  false,
		"from [209.87.16.39] (evil.example.org [192.0.2.1]) by mx.example.org (Postfix) with ESMTP id 1; x":                       false,
		"from debian.org (debian.org.evil.example.org [192.0.2.1]) by mx.example.org (Postfix) id 1; x":                           false,
		"from x (xdebian.org [192.0.2.1]) by mx.example.org (Postfix) id 1; x":                                                    false,
		"from buxtehude.debian.org (buxtehude.debian.org [209.87.16.39]) by other.example.org (Postfix) id 1; x":                  false,
		"from buxtehude.debian.org (buxtehude.debian.org [209.87.16.39]) by evil.example.org by mx.example.org (Postfix) id 1; x": false,
		"from evil.example.org ([192.0.2.1] helo=x by mx.example.org) by other.example.org with esmtps id 1; x":                   false,
		"by mx.example.org (Postfix, from userid 1000) id 1; x":                                                                   false,
		"from a (b (buxtehude.debian.org [209.87.16.39])) by mx.example.org (Postfix) id 1; x":                                    false,
	} {
		got, evidence := judge(t, p, "Received: "+line+"\n"+mx+plain)
		if (got == "proved") != want {
			t.Errorf("%s:\n%s (%v), want it proved: %v", line, got, evidence, want)
		}
	}
}

// TestNobodyIsAskedForStrangers: only keys of domains that the policy names are
// looked up, and only for mails that need them.
func TestNobodyIsAskedForStrangers(t *testing.T) {
	evil, bugs := newDomain(t, "evil.example.org", "s", ""), newDomain(t, "bugs.debian.org", "s", "")
	z := newZone(evil, bugs)
	p := policy(t, Options{Keys: z.lookup}, "dkim:bugs.debian.org")
	raw := plain
	for range 9 {
		raw = evil.sign(t, raw)
	}
	if got, _ := judge(t, p, raw); !strings.Contains(got, "unproved") {
		t.Errorf("signed by others: %s", got)
	}
	it := translate.Item[any]{Raw: []byte(bugs.sign(t, plain)), Value: mail.Parse([]byte(plain), mail.Limits{})}
	if _, out, err := p.Judge(it, translate.Outcome{Events: []event.Event{{Kind: listKind}}}); err != nil || out.Poison != "" {
		t.Errorf("a topic that needs nothing: %+v, %v", out, err)
	}
	if len(z.asked) != 0 {
		t.Errorf("it asked for %v", z.asked)
	}
}

// TestDNSAway: a DNS that does not answer says nothing of a mail, and one that is
// imported is not held up by it.
func TestDNSAway(t *testing.T) {
	d := newDomain(t, "bugs.debian.org", "s", "")
	z := newZone(d)
	z.away = true
	p := policy(t, Options{Keys: z.lookup}, "dkim:bugs.debian.org")
	raw := d.sign(t, plain)
	if got, _ := judge(t, p, raw); !strings.HasPrefix(got, "transient") {
		t.Errorf("while the DNS is away: %s", got)
	}
	for _, required := range []bool{false, true} {
		p := policy(t, Options{Keys: z.lookup, Imported: required}, "dkim:bugs.debian.org")
		it := translate.Item[any]{Raw: []byte(raw), Value: mail.Parse([]byte(raw), mail.Limits{}), Recovered: true}
		got, out, err := p.Judge(it, translate.Outcome{Events: []event.Event{{Kind: bugKind}}})
		if required != (err != nil) || out.Poison != "" || event.Strength(got.Evidence) == event.StrengthProven {
			t.Errorf("imported, required %v: %+v, %v, %v", required, out, got.Evidence, err)
		}
	}
	z.away = false
	if got, _ := judge(t, p, raw); got != "proved" {
		t.Errorf("when the DNS is back: %s", got)
	}
}

func TestMark(t *testing.T) {
	p := policy(t, Options{Keys: newZone().lookup, Mark: true}, "dkim:bugs.debian.org")
	got, evidence := judge(t, p, plain)
	if got != "published" || event.Strength(evidence) != event.StrengthFailed {
		t.Errorf("%s with %v, want it published as one that failed", got, evidence)
	}
}

func TestWrongPolicies(t *testing.T) {
	for rule, want := range map[string]string{
		"dkim": "none of dkim", "arc:x": "none of dkim", "dkim:": "none of dkim", "results:x": "results_of", "relay:x": "received_by", "pgp:x": "keyrings",
		"lmtp:x and spf:y": "none of dkim",
	} {
		if _, err := New(Options{Require: map[string][]string{"debbugs": {rule}}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", rule, err, want)
		}
	}
	if _, err := New(Options{Require: map[string][]string{"debbugs": nil}}); err == nil {
		t.Error("an empty list is taken")
	}
	p, err := New(Options{Require: map[string][]string{"debbugs.bug": {"lmtp:a"}, "*": {"lmtp:b"}, "debbugs": {"lmtp:c"}}})
	if err != nil {
		t.Fatal(err)
	}
	for topic, want := range map[string]string{"debbugs.bug.create": "lmtp:a", "debbugs.bugs": "lmtp:c", "debbugs": "lmtp:c", "dak.package.upload": "lmtp:b"} {
		if rules, _ := p.of(topic); join(rules) != want {
			t.Errorf("%s needs %s, want %s", topic, join(rules), want)
		}
	}
}

// FuzzJudge: whatever a mail holds, it proves nothing without the keys.
func FuzzJudge(f *testing.F) {
	d := newDomain(f, "bugs.debian.org", "s", "")
	p := policy(f, Options{Keys: newZone(d).lookup, ResultsOf: "mx", ReceivedBy: "mx"}, "dkim:bugs.debian.org", "results:bugs.debian.org and relay:10.0.0.0/8 and dkim:debian.org")
	f.Add(newDomain(f, d.name, d.selector, "").sign(f, plain)) // by a key that the domain does not have
	f.Add("Received: from a (b [10.0.2.1]) by mx; x\nAuthentication-Results: mx; dkim=pass header.d=bugs.debian.org\n" + plain)
	f.Fuzz(func(t *testing.T, raw string) {
		if got, _ := judge(t, p, raw); got == "proved" {
			t.Errorf("proved:\n%q", raw)
		}
	})
}
