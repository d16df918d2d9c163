package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"

	"busbar/common/event"
	"busbar/common/program"
	"busbar/common/programtest"
	"busbar/common/translate"
)

const trace = "Received: from fasolo.debian.org (fasolo.debian.org [192.91.235.231])\n\tby mx.example.org (Postfix) with ESMTPS id 1; Fri, 2 Jan 2026 03:04:06 +0000\n"

// debian is mail2bus with the defaults for Debian, and keys that the test has.
func debian(t *testing.T) (cfg *Config, sign func(domain, text string) string) {
	t.Helper()
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	keys := filepath.Join(t.TempDir(), "keys")
	text := "# keys of the test\n"
	for _, domain := range []string{"bugs.debian.org", "ftp-master.debian.org"} {
		text += fmt.Sprintf("test._domainkey.%s v=DKIM1; k=ed25519; p=%s\n", domain, base64.StdEncoding.EncodeToString(public))
	}
	if err := os.WriteFile(keys, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p := program.Process("mail2bus")
	p.Config, p.Getenv, p.Environ = func() program.Config { return DefaultConfig() }, programtest.NothingSet, nil
	cfg, err = program.Load[*Config](p, &program.Globals{Config: "../contrib/config/debian-evidence.toml", Set: []string{"mail.dkim_keys=" + keys, "mail.dns=false", "sign.backend=none"}})
	if err != nil {
		t.Fatal(err)
	}
	return cfg, func(domain, text string) string {
		var out bytes.Buffer
		err := dkim.Sign(&out, strings.NewReader(strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\n", "\r\n")), &dkim.SignOptions{
			Domain: domain, Selector: "test", Signer: key, HeaderKeys: signedFields(text),
			HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed,
		})
		if err != nil {
			t.Fatalf("%s: %v", domain, err)
		}
		return out.String()
	}
}

// signedFields are the fields that Exim signs as Debian's hosts have it: each that is
// there, as often as it is there, from below, and the names of those that are not.
func signedFields(text string) (names []string) {
	all := strings.Split("from:reply-to:to:cc:subject:date:message-id:mime-version:content-type:content-transfer-encoding:content-id:content-description:in-reply-to:references", ":")
	header, _, _ := strings.Cut(strings.ReplaceAll(text, "\r\n", "\n"), "\n\n")
	for _, line := range strings.Split(header, "\n") {
		name, _, ok := strings.Cut(line, ":")
		if name = strings.ToLower(name); ok && slices.Contains(all, name) {
			names = append([]string{name}, names...)
		}
	}
	for _, name := range all {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// become is what the daemon would make of a mail.
func become(t *testing.T, cfg *Config, raw string) (translate.Item[any], translate.Outcome) {
	t.Helper()
	it := newItem("test", []byte(raw), time.Now(), 1<<20)
	out, err := translate.Run(translate.Guarded(cfg.Translators()), it)
	if err == nil {
		it, out, err = cfg.Judge(it, out)
	}
	if err != nil {
		t.Fatal(err)
	}
	return it, out
}

// TestDebianDefaults: of 200 genuine mails at most one in a hundred is refused; not one of the
// same mails without what proves them is published.
func TestDebianDefaults(t *testing.T) {
	cfg, sign := debian(t)
	domains := map[string]string{"debbugs": "bugs.debian.org", "dak": "ftp-master.debian.org", "buildd": "", "britney": "", "security": "", "release": "", "lists": ""}
	genuine, refused, forged, published := 0, 0, 0, 0
	for service, domain := range domains {
		files, err := filepath.Glob("../fixtures/" + service + "/*.mail")
		if err != nil || len(files) == 0 {
			t.Fatalf("there is no mail of %s: %v", service, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if _, out := become(t, DefaultConfig(), string(text)); len(out.Events) == 0 || !slices.ContainsFunc(out.Events, func(e event.Event) bool { return strings.HasPrefix(e.Kind.Topic, service+".") }) {
				continue // it tells nothing, or is another's
			}
			for n := range 4 { // by other hosts, as other mails
				raw := fmt.Sprintf("X-Number: %d\n%s", n, text)
				signed := raw
				if domain != "" {
					signed = sign(domain, raw)
				}
				genuine++
				it, out := become(t, cfg, strings.ReplaceAll(trace, "fasolo", []string{"fasolo", "buxtehude", "bendel", "usper"}[n])+signed)
				if out.Poison != "" || event.Strength(it.Evidence) != event.StrengthProven {
					refused++
					t.Logf("refused: %s: %s", file, out.Poison)
				}
				for _, forgery := range []string{raw, strings.Replace(trace, "(fasolo.debian.org", "(evil.example.org", 1) + signed, trace + "From: evil@example.org\n" + signed} {
					if domain == "" && strings.HasPrefix(forgery, "Received: from fasolo.debian.org (fasolo") {
						continue // what is asked for is the relay alone
					}
					forged++
					if it, out := become(t, cfg, forgery); len(out.Events) > 0 || event.Strength(it.Evidence) == event.StrengthProven {
						published++
						t.Errorf("published: %s, forged:\n%s", file, forgery)
					}
				}
			}
		}
	}
	t.Logf("genuine %d, refused %d; forged %d, published %d", genuine, refused, forged, published)
	if genuine < 200 || refused*100 > genuine {
		t.Errorf("of %d genuine mails %d were refused", genuine, refused)
	}
}
