package sign

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"busbar/common/event"
)

const fixtureTopic = "net.example.dev.dak.package.accept"

// message is an unsigned envelope with every member that we know.
func message() map[string]any {
	return event.Envelope{
		Topic: fixtureTopic, MsgID: "2026-5f0f52a1-7c1e-5b0e-8a8e-0d5a3f6f1b11", I: 7, Timestamp: 1790000000,
		Username: "busbar", Seq: 7, Publisher: "archive-mail", Epoch: "e1f3", Prev: strings.Repeat("0f", 32),
		Origin: "maildir new/1790000000.feeder", EventTime: "2026-09-21T13:33:20Z",
		Evidence: []event.Evidence{{Type: "list", Verdict: "pass", Detail: "changes.example.net"}},
		Msg: map[string]any{
			"package": "kettle", "version": "1.4-2", "bug": event.Int("4711"), "size": 1.5,
			"person": map[string]any{"name": "Žofie Nováková", "email": "zofie@example.org"}, "note": "a/b <&> \x7f 😀 \xed\xa0\x80",
		},
	}.Tree()
}

// weakly is fedmsg's own signature of m.
func weakly(t testing.TB, s *Signer, m map[string]any) string {
	t.Helper()
	encoded, err := event.Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	text, err := certOf(s).rsa(memberSignature, encoded)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// signWeak signs as fedmsg itself does. crypto is false for its form of before 0.8.
func signWeak(t testing.TB, s *Signer, m map[string]any, withCrypto bool) map[string]any {
	t.Helper()
	if withCrypto {
		m["crypto"] = "x509"
	}
	m["signature"] = weakly(t, s, m)
	m["certificate"] = certOf(s).field
	return m
}

func verdictCases(t testing.TB) []verdictCase {
	t.Helper()
	crl, old := "pki/crl.pem", "pki/crl-expired.pem"
	full := verdictConfig{CA: "pki/ca.crt", CRL: &crl}
	bare := verdictConfig{CA: "pki/ca.crt"}
	with := func(names ...string) func(topic string, nitpicky bool) verdictConfig {
		return func(topic string, nitpicky bool) verdictConfig {
			c := full
			c.Policy, c.Nitpicky = map[string][]string{topic: names}, nitpicky
			return c
		}
	}
	byName := func(name string) map[string]any {
		m := message()
		if err := fixtureSigner(t, name).Sign(m); err != nil {
			t.Fatal(err)
		}
		return m
	}
	canonical := func(v any) []byte {
		b, err := event.Canonical(v)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	changed := func(change func(m map[string]any)) []byte {
		m := byName(bridge)
		change(m)
		return canonical(m)
	}
	set := func(k string, v any) []byte { return changed(func(m map[string]any) { m[k] = v }) }
	resigned := func(strong any) []byte {
		m := message()
		m["signature_sha256"] = strong
		return canonical(signWeak(t, fixtureSigner(t, bridge), m, true))
	}
	good := canonical(byName(bridge))
	twoKeys := func(change func(m map[string]any)) []byte {
		m := byName(strong)
		change(m)
		return canonical(m)
	}
	// What somebody who can make SHA-1 hold for another text would send.
	forged := func(name string, change func(m map[string]any)) []byte {
		m := byName(strong)
		change(m)
		return canonical(signWeak(t, fixtureSigner(t, name), m, true))
	}
	sha256By := func(name string) any {
		m := message()
		m["crypto"] = "x509"
		encoded, err := event.Encode(m)
		if err != nil {
			t.Fatal(err)
		}
		text, err := certOf(fixtureSigner(t, name)).rsa(memberSHA256, encoded)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	yes := func(name string, body []byte, c verdictConfig) verdictCase {
		return verdictCase{Name: name, Body: body, Config: c, Result: true, SHA256: true}
	}
	no := func(name string, body []byte, c verdictConfig) verdictCase {
		return verdictCase{Name: name, Body: body, Config: c}
	}
	ours := func(c verdictCase, rule string) verdictCase { c.Ours = rule; return c }
	weak := func(c verdictCase) verdictCase { c.SHA256 = false; return c }
	warn, refuse, gpgOnly := full, full, full
	warn.CRL, warn.Expired, refuse.CRL, gpgOnly.Backends = &old, "warn", &old, []string{"gpg"}
	oldForm := canonical(signWeak(t, fixtureSigner(t, bridge), message(), false))

	return []verdictCase{
		yes("valid", good, full),
		yes("valid, no list configured", good, bare),
		weak(yes("valid, signed by SHA-1 alone", canonical(signWeak(t, fixtureSigner(t, bridge), message(), true)), full)),
		weak(yes("valid, without crypto", oldForm, full)),
		yes("valid, spaces and line breaks", indented(t, good), full),
		yes("valid, members in another order", reversed(t, good), full),
		yes("valid, spelt otherwise", respelt(good), full),
		yes("valid, base64 in one line", changed(func(m map[string]any) {
			for _, k := range []string{"signature", "certificate"} { // not signature_sha256: its text is signed
				m[k] = strings.ReplaceAll(m[k].(string), "\n", "")
			}
		}), full),
		no("SHA-256 taken away", changed(func(m map[string]any) { delete(m, "signature_sha256") }), full),
		no("SHA-256 of other bytes", set("signature_sha256", byName(bridge)["signature"]), full),
		ours(no("SHA-256 does not hold, SHA-1 does", resigned(byName(bridge)["signature"]), full), "SHA-256"),
		ours(no("SHA-256 is null, SHA-1 holds", resigned(nil), full), "SHA-256"),
		yes("valid, Ed25519", twoKeys(func(map[string]any) {}), full),
		yes("valid, Ed25519, spaces and line breaks", indented(t, twoKeys(func(map[string]any) {})), full),
		no("Ed25519, topic changed", twoKeys(func(m map[string]any) { m["topic"] = fixtureTopic + "ed" }), full),
		no("Ed25519, member added", twoKeys(func(m map[string]any) { m["headers"] = map[string]any{} }), full),
		no("Ed25519 taken away", twoKeys(func(m map[string]any) { delete(m, "signature_ed25519") }), full),
		no("Ed25519, crypto taken away", twoKeys(func(m map[string]any) { delete(m, "crypto") }), full),
		no("Ed25519, signature is missing", twoKeys(func(m map[string]any) { delete(m, "signature") }), full),
		no("Ed25519, another's certificate", twoKeys(func(m map[string]any) { m["certificate"] = certOf(fixtureSigner(t, shell)).field }), full),
		ours(yes("Ed25519 holds, SHA-1 does not", twoKeys(func(m map[string]any) { m["signature"] = byName(strong)["certificate"] }), full), "Ed25519 alone"),
		weak(yes("Ed25519 taken away, SHA-1 holds", forged(strong, func(m map[string]any) { delete(m, "signature_ed25519") }), full)),
		ours(no("Ed25519 is null, SHA-1 holds", forged(strong, func(m map[string]any) { m["signature_ed25519"] = nil }), full), "Ed25519"),
		ours(no("Ed25519 of other bytes, SHA-1 holds", forged(strong, func(m map[string]any) { m["seq_id"] = event.Int("8") }), full), "Ed25519"),
		ours(no("Ed25519 with a line feed", forged(strong, func(m map[string]any) { m["signature_ed25519"] = m["signature_ed25519"].(string) + "\n" }), full), "Ed25519"),
		yes("SHA-256 in place of Ed25519", forged(strong, func(m map[string]any) {
			delete(m, "signature_ed25519")
			m["signature_sha256"] = sha256By(strong)
		}), full),
		ours(no("SHA-256 beside Ed25519", forged(strong, func(m map[string]any) { m["signature_sha256"] = sha256By(strong) }), full), "one strong signature"),
		ours(no("Ed25519 beside SHA-256, by an RSA key alone", forged(bridge, func(m map[string]any) { m["signature_sha256"] = sha256By(bridge) }), full), "one strong signature"),
		ours(no("Ed25519 under a certificate without that key", forged(bridge, func(map[string]any) {}), full), "Ed25519"),
		no("topic changed", set("topic", fixtureTopic+"ed"), full),
		no("integer became a float", set("i", 7.0), full),
		no("member added", set("headers", map[string]any{}), full),
		no("member removed", changed(func(m map[string]any) { delete(m, "prev") }), full),
		no("another's certificate", set("certificate", certOf(fixtureSigner(t, shell)).field), full),
		no("certificate is a number", set("certificate", event.Int("3")), full),
		no("certificate is not PEM", set("certificate", wrap([]byte("trust me"))), full),
		no("certificate is missing", changed(func(m map[string]any) { delete(m, "certificate") }), full),
		no("signature is null", set("signature", nil), full),
		no("signature is missing", changed(func(m map[string]any) { delete(m, "signature") }), full),
		no("signature is not base64", set("signature", "A"), full),
		no("unknown backend", set("crypto", "rot13"), full),
		ours(no("backend is not allowed", good, gpgOnly), "backends"),
		no("not signed", canonical(message()), full),
		no("a number", []byte("3"), full),
		no("null", []byte("null"), full),
		no("a list", []byte("[]"), full),
		no("revoked", canonical(byName(revoked)), full),
		yes("revoked, no list configured", canonical(byName(revoked)), bare),
		no("expired", canonical(byName(expired)), full),
		no("expired, no list configured", canonical(byName(expired)), bare),
		no("another CA's", canonical(byName(untrusted)), bare),
		no("another CA trusted", good, verdictConfig{CA: "pki/otherca.crt"}),
		no("list out of date, refuse", good, refuse),
		ours(yes("list out of date, warn", good, warn), "warn"),
		no("revoked by a list out of date, warn", canonical(byName(revoked)), warn),
		yes("policy names the signer", good, with(bridge)(fixtureTopic, false)),
		yes("policy names the signer, nitpicky", good, with(shell, bridge)(fixtureTopic, true)),
		no("policy names somebody else", good, with(shell)(fixtureTopic, false)),
		yes("policy for another topic", good, with(shell)("net.example.dev.dak", false)),
		ours(no("policy for another topic, nitpicky", good, with(bridge)("net.example.dev.dak", true)), "nitpicky"),
		ours(no("policy for a prefix names somebody else", good, with(shell)("net.example.dev.*", false)), "prefix"),
		yes("policy for a prefix names the signer", good, with(bridge)("net.example.dev.*", true)),
	}
}

func indented(t testing.TB, body []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := json.Indent(&b, body, "\t", "  "); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// reversed writes the members backwards, as a relay in another language may.
func reversed(t testing.TB, body []byte) []byte {
	t.Helper()
	m := tree(t, body)
	out := []byte("}")
	for _, k := range slices.Sorted(maps.Keys(m)) {
		v, err := event.Canonical(map[string]any{k: m[k]})
		if err != nil {
			t.Fatal(err)
		}
		out = append(append([]byte(", "), v[1:len(v)-1]...), out...)
	}
	out[0] = '{'
	return out
}

// respelt has other escapes and numbers of the same values.
func respelt(body []byte) []byte {
	for _, pair := range [][2]string{
		{`\u017d`, "Ž"}, {`\ud83d\ude00`, "😀"}, {`a/b <`, `a\/b \u003C`}, {`\u007f`, "\x7f"}, {"1.5", "0.015E+2"}, {`"package"`, `"\u0070ackage"`},
	} {
		body = bytes.Replace(body, []byte(pair[0]), []byte(pair[1]), 1)
	}
	return body
}
