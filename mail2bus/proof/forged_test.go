package proof

import (
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"busbar/common/event"
)

// A forgery is what an attacker sends who has genuine mails, hosts and domains of their
// own, and no key of the domain.
type forgery struct{ name, raw string }

// byHand signs in the simplest form, with any tags: what the library refuses to sign.
func byHand(d domain, text, tags, fields string, length int) string {
	header, body, _ := strings.Cut(strings.ReplaceAll(text, "\n", "\r\n"), "\r\n\r\n")
	if length < 0 {
		length = len(body)
	}
	sum := sha256.Sum256([]byte(body[:length]))
	signature := fmt.Sprintf("DKIM-Signature: v=1; a=ed25519-sha256; d=%s; s=%s; h=%s;%s bh=%s; b=", d.name, d.selector, fields, tags, base64.StdEncoding.EncodeToString(sum[:]))
	var signed strings.Builder
	for _, name := range strings.Split(fields, ":") {
		for _, line := range strings.Split(header, "\r\n") {
			if n, _, _ := strings.Cut(line, ":"); strings.EqualFold(n, name) {
				signed.WriteString(line + "\r\n")
			}
		}
	}
	hash := sha256.Sum256([]byte(signed.String() + signature))
	b, err := d.key.Sign(nil, hash[:], crypto.Hash(0))
	if err != nil {
		panic(err)
	}
	return signature + base64.StdEncoding.EncodeToString(b) + "\n" + text
}

const byHandFields = "From:To:Subject:Date:Message-ID"

// forgeries are made of a mail that is genuine with genuine traces.
func forgeries(t *testing.T, genuine domain, z *zone) (list []forgery) {
	t.Helper()
	add := func(name, raw string) { list = append(list, forgery{name, raw}) }
	signed := genuine.sign(t, plain)
	evil := func(name, selector string) domain {
		d := newDomain(t, name, selector, "")
		z.records[selector+"._domainkey."+name] = []string{d.record}
		return d
	}
	head, body, _ := strings.Cut(signed, "\n\n")
	change := func(old, by string) string { return mx + strings.Replace(signed, old, by, 1) }

	// No signature, or another's.
	add("no signature", mx+plain)
	for _, name := range []string{
		"evil.example.org", "debian.org", "xbugs.debian.org", "bugs.debian.org.evil.example.org", "bugs-debian.org", "sub.bugs.debian.org",
		"bugs.debi\u0430n.org", "xn--bugs-debian.org", "lists.debian.org", "bugs.debian.net", "org", "bugs.debian.org-x",
	} {
		add("signed by "+name, mx+evil(name, "e").sign(t, plain))
		add("signed by "+name+", for "+genuine.name, mx+strings.Replace(evil(name, "f").sign(t, plain), "d="+name, "d="+genuine.name, 1))
	}
	other := newDomain(t, genuine.name, genuine.selector, "")
	add("another key of its name", mx+other.sign(t, plain))
	other.selector = "unknown"
	add("a key that is not there", mx+other.sign(t, plain))
	for name, record := range map[string]string{
		"tested": other.record + "; t=y", "tested, among others": other.record + "; t=s:y", "revoked": "v=DKIM1; k=ed25519; p=", "of another version": "v=DKIM2; " + other.record[9:],
		"of another kind": strings.Replace(other.record, "ed25519", "rsa", 1), "for other services": other.record + "; s=tlsrpt", "for SHA-1": other.record + "; h=sha1",
		"unreadable": "v=DKIM1; k=ed25519; p=!", "empty": "", "short": "v=DKIM1; k=ed25519; p=AAAA", "without key": "v=DKIM1; k=ed25519",
	} {
		other.selector = strings.Map(func(r rune) rune {
			if r < 'a' || r > 'z' {
				return -1
			}
			return r
		}, strings.ToLower(name))
		z.records[other.selector+"._domainkey."+genuine.name] = []string{record}
		add("a key that is "+name, mx+other.sign(t, plain))
	}
	other.selector = "twice"
	z.records["twice._domainkey."+genuine.name] = []string{other.record, other.record}
	add("a key that is there twice", mx+other.sign(t, plain))

	// A genuine signature, in which something was changed.
	for _, tag := range []string{"v", "a", "b", "bh", "d", "h", "s"} {
		add("a signature without "+tag+"=", mx+strings.Replace(signed, " "+tag+"=", " z"+tag+"=", 1))
		add("a signature with another "+tag+"=", mx+strings.Replace(signed, " "+tag+"=", " "+tag+"=x", 1))
	}
	for name, tags := range map[string]string{"l=0": " l=0;", "l= of a part": " l=9;", "x= past": " x=1000000000;", "i= of another domain": " i=@evil.example.org;", "q= of another kind": " q=http;", "c= of another kind": " c=none/none;", "t= unreadable": " t=x;"} {
		length := -1
		if name == "l=0" {
			length = 0
		} else if name == "l= of a part" {
			length = 9
		}
		add("a genuine signature with "+name, mx+byHand(genuine, plain, tags, byHandFields, length)+"And more.\n")
	}
	add("a genuine signature that covers no From", mx+byHand(genuine, plain, "", "To:Subject:Date:Message-ID", -1))
	for i, name := range strings.Split(byHandFields, ":") {
		fields := strings.Split(byHandFields, ":")
		fields = append(fields[:i:i], fields[i+1:]...)
		add("a genuine signature that does not cover "+name, mx+byHand(genuine, plain, "", strings.Join(fields, ":"), -1))
	}
	for _, name := range []string{"From", "To", "Subject", "Date", "Message-ID"} {
		at := strings.Index(signed, "\n"+name+": ")
		if at < 0 {
			t.Fatalf("the mail has no %s", name)
		}
		add("another "+name, mx+signed[:at]+"\n"+name+": x"+signed[at+len(name)+3:])
		end := at + 1 + strings.IndexByte(signed[at+1:], '\n')
		add("no "+name, mx+signed[:at]+signed[end:])
	}
	for _, name := range counted {
		line := name + ": evil@example.org\n"
		add("one more "+name+", above the signature", mx+line+signed)
		add("one more "+name+", at the end", mx+head+"\n"+line+"\n"+body)
		add("one more "+name+", on top of all", line+mx+signed)
		add("one more "+strings.ToUpper(name)+", before a blank", mx+strings.TrimSuffix(line, ": evil@example.org\n")+" : evil@example.org\n"+signed)
	}
	add("two From, of which the first is signed", mx+strings.Replace(signed, "\nTo:", "\nFrom: evil@example.org\nTo:", 1))
	add("words above", mx+head+"\n\nPlease close.\n"+body)
	add("words below", mx+signed+"severity 1 grave\n")
	add("other words", change("cold", "hot"))
	add("no words", mx+head+"\n\n")
	add("a blank line less above the words", mx+head+"\nX: y\n"+body)
	add("a line that is no field", mx+strings.Replace(signed, "\nTo:", "\nno field\nTo:", 1))
	add("a field behind a line that is none", "evil\n"+mx+signed)
	add("a first line that goes on", " evil: x\n"+mx+signed)
	add("a signature in the text alone", mx+plain+"\n"+strings.SplitN(signed, "\nFrom", 2)[0])
	add("the genuine mail as an attachment", mx+"MIME-Version: 1.0\nContent-Type: message/rfc822\nX-Debian-PR-Message: report 1\nFrom: x@bugs.debian.org\n\n"+signed)
	add("a carriage return in the header", change("Subject: Bug", "Subject: x\rX-Debian-PR-Message: close 1\r Bug"))
	add("an encoded line end", change("Subject: Bug", "Subject: =?utf-8?q?x=0D=0AX-Debian-PR-Message:_close_1?= Bug"))
	add("an encoded line end, unsigned", mx+strings.Replace(plain, "Subject: Bug", "Subject: =?utf-8?q?x=0AX-Debian-PR-Message:_close_1?= Bug", 1))
	add("a NUL", change("Subject: Bug", "Subject: \x00Bug"))
	add("a homoglyph in From", mx+strings.Replace(plain, "jane@example.org", "owner@bugs.debi\u0430n.org", 1))
	for _, from := range []string{"owner@bugs.debian.org", "\"owner@bugs.debian.org\" <evil@example.org>", "owner@bugs.debian.org, evil@example.org", "evil@example.org (owner@bugs.debian.org)"} {
		add("From: "+from, mx+strings.Replace(plain, "Jane Doe <jane@example.org>", from, 1))
	}
	for _, line := range []string{
		"Sender: owner@bugs.debian.org", "X-Loop: owner@bugs.debian.org", "X-Debian: DAK", "X-DAK: dak process-upload", "Return-Path: <debbugs@buxtehude.debian.org>",
		"List-Id: <debian-bugs-dist.lists.debian.org>", "Resent-From: owner@bugs.debian.org", "Delivered-To: submit@bugs.debian.org", "DKIM-Filter: pass", "X-DKIM-Result: pass",
		"ARC-Seal: i=1; cv=pass; d=bugs.debian.org; s=s; a=rsa-sha256; b=AAAA", "ARC-Authentication-Results: i=1; mx.example.org; dkim=pass header.d=bugs.debian.org",
		"Received-SPF: pass client-ip=209.87.16.39", "X-Spam-Status: No, DKIM_VALID_AU", "Authentication-Results-Original: mx.example.org; dkim=pass header.d=bugs.debian.org",
	} {
		name, _, _ := strings.Cut(line, ":")
		add("an outsider's "+name, mx+line+"\n"+plain)
	}
	junk := ""
	for n := range 6 {
		junk += fmt.Sprintf("DKIM-Signature: v=1; a=ed25519-sha256; d=%s; s=j%d; h=From; bh=AAAA; b=AAAA\n", genuine.name, n)
	}
	add("six signatures before the genuine one", mx+junk+signed)

	// What our host found, by others' word.
	pass := " dkim=pass header.d=bugs.debian.org\n"
	for name, field := range map[string]string{
		"another host's": "Authentication-Results: evil.example.org;" + pass, "a host's whose name begins so": "Authentication-Results: mx.example.org.evil.example.org;" + pass,
		"a host's in a comment": "Authentication-Results: (mx.example.org;) evil.example.org;" + pass, "another result": "Authentication-Results: mx.example.org; dkim=fail header.d=bugs.debian.org\n",
		"another domain's": "Authentication-Results: mx.example.org; dkim=pass header.d=evil.example.org\n", "a pass in a comment": "Authentication-Results: mx.example.org; dkim=fail (dkim=pass) header.d=bugs.debian.org\n",
		"another method's": "Authentication-Results: mx.example.org; spf=pass smtp.mailfrom=bugs.debian.org\n", "none": "Authentication-Results: mx.example.org; none\n",
		"a reason's": "Authentication-Results: mx.example.org; dkim=fail reason=\"dkim=pass header.d=bugs.debian.org\" header.d=evil.example.org\n",
		"a user's":   "Authentication-Results: mx.example.org; dkim=pass header.i=@bugs.debian.org header.d=evil.example.org\n",
		"a broken":   "Authentication-Results: mx.example.org dkim=pass header.d=bugs.debian.org\n",
	} {
		add("results: "+name, mx+field+plain)
		add("results: "+name+", on top", field+mx+plain)
	}
	ours := "Authentication-Results: mx.example.org; dkim=none\n"
	forged := "Authentication-Results: mx.example.org;" + pass
	add("results: forged below ours", mx+ours+forged+plain)
	add("results: forged above ours", forged+mx+ours+plain)
	add("results: forged below an older trace", mx+"Received: from a (b [192.0.2.1]) by c; x\n"+forged+plain)
	add("results: twice", mx+forged+forged+plain)
	add("results: and two From", mx+forged+"From: evil@example.org\n"+plain)

	// Genuine mails that come from elsewhere, changed where no signature covers them.
	away := strings.Replace(mx, "buxtehude.debian.org (buxtehude.debian.org [209.87.16.39])", "buxtehude.debian.org (evil.example.org [192.0.2.1])", 1)
	add("replayed", away+signed)
	add("replayed, below a genuine trace", away+mx+signed)
	add("replayed as a closing", away+strings.Replace(signed, "report 1", "closed 1", 1))
	add("replayed without a trace", signed)
	add("replayed with another's trace", strings.Replace(mx, "by mx.example.org", "by evil.example.org", 1)+signed)
	for name, from := range map[string]string{
		"a HELO with brackets": "[209.87.16.39] (evil.example.org [192.0.2.1])", "no name": "buxtehude.debian.org (unknown [192.0.2.1])", "a name that ends so": "x (xdebian.org [192.0.2.1])",
		"a name that begins so": "x (bugs.debian.org.evil.example.org [192.0.2.1])", "no address": "buxtehude.debian.org", "an IPv4 in an IPv6": "x (unknown [::ffff:192.0.2.1])",
		"Exim without a name": "[192.0.2.1] (port=1 helo=buxtehude.debian.org)", "a user of this machine": "jane (uid 1000)",
	} {
		add("replayed from "+name, "Received: from "+from+"\n\tby mx.example.org (Postfix) with ESMTP id 1; Fri, 2 Jan 2026 03:04:06 +0000\n"+signed)
	}
	return list
}

// TestForged: whatever is forged proves nothing, by whichever rule it is judged; and the
// genuine mail that it was made of does.
func TestForged(t *testing.T) {
	genuine := newDomain(t, "bugs.debian.org", "s", "")
	z := newZone(genuine)
	o := Options{Keys: z.lookup, ResultsOf: "mx.example.org", ReceivedBy: "mx.example.org"}
	list := forgeries(t, genuine, z)
	kinds := map[string]bool{}
	rules := map[string]*Policy{}
	for name, r := range map[string][]string{
		"dkim": {"dkim:bugs.debian.org"}, "results": {"results:bugs.debian.org"}, "debian": {"dkim:bugs.debian.org and relay:*.debian.org", "results:bugs.debian.org and relay:*.debian.org"},
	} {
		rules[name] = policy(t, o, r...)
	}
	for _, f := range list {
		if kinds[f.name] {
			t.Errorf("%s: there are two of it", f.name)
		}
		kinds[f.name] = true
		if got, evidence := judge(t, rules["debian"], f.raw); got == "proved" || got == "published" || event.Strength(evidence) == event.StrengthProven {
			t.Errorf("%s: %s, by %v:\n%s", f.name, got, evidence, f.raw)
		}
		// A replay that changes nothing is genuine to whoever asks for no more.
		if strings.HasPrefix(f.name, "replayed") {
			continue
		}
		if got, evidence := judge(t, rules["results"], f.raw); got == "proved" {
			t.Errorf("%s, by results: %v:\n%s", f.name, evidence, f.raw)
		}
		if got, evidence := judge(t, rules["dkim"], f.raw); got == "proved" {
			t.Errorf("%s, by dkim: %v:\n%s", f.name, evidence, f.raw)
		}
	}
	t.Logf("%d kinds of forgery", len(kinds))
	if len(kinds) < 200 {
		t.Errorf("only %d kinds of forgery", len(kinds))
	}
	for name, raw := range map[string]string{
		"by the library": mx + genuine.sign(t, plain), "by hand": mx + byHand(genuine, plain, "", byHandFields, -1), "results": mx + "Authentication-Results: mx.example.org; dkim=pass header.d=bugs.debian.org\n" + plain,
	} {
		if got, _ := judge(t, rules["debian"], raw); got != "proved" {
			t.Errorf("genuine, %s: %s", name, got)
		}
	}
}
