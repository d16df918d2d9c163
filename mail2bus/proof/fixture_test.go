package proof

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"

	"busbar/common/event"
	"busbar/common/mail"
	"busbar/common/translate"
)

// A domain signs, and has a key in the DNS of the tests.
type domain struct {
	name, selector, record string
	key                    crypto.Signer
}

func newDomain(t testing.TB, name, selector, tags string) domain {
	t.Helper()
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return domain{name, selector, "v=DKIM1; k=ed25519; " + tags + "p=" + base64.StdEncoding.EncodeToString(public), key}
}

// asDebian are the fields that Debian's hosts sign.
const asDebian = "Date:Message-Id:Content-Type:Subject:MIME-Version:To:Reply-To:From:Cc:Content-Transfer-Encoding:Content-ID:Content-Description:In-Reply-To:References"

// sign is a mail signed as Debian's hosts do, or over the fields that are named.
func (d domain) sign(t testing.TB, text string, fields ...string) string {
	t.Helper()
	if fields == nil {
		fields = strings.Split(asDebian, ":")
	}
	var out bytes.Buffer
	err := dkim.Sign(&out, strings.NewReader(strings.ReplaceAll(text, "\n", "\r\n")), &dkim.SignOptions{
		Domain: d.name, Selector: d.selector, Signer: d.key, HeaderKeys: fields,
		HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed,
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(out.String(), "\r\n", "\n")
}

// zone is the DNS of the tests; it counts what is asked.
type zone struct {
	records map[string][]string
	away    bool
	asked   []string
}

func newZone(domains ...domain) *zone {
	z := &zone{records: map[string][]string{}}
	for _, d := range domains {
		z.records[d.selector+"._domainkey."+d.name] = []string{d.record}
	}
	return z
}

func (z *zone) lookup(name string) ([]string, error) {
	z.asked = append(z.asked, name)
	if z.away {
		return nil, &Temporary{errors.New("no answer")}
	}
	if r, ok := z.records[name]; ok {
		return r, nil
	}
	return nil, errors.New("there is no such key")
}

type fact struct{}

var (
	bugKind  = event.Define("debbugs.bug.create", "a bug", func(fact) string { return "a bug" }, nil)
	listKind = event.Define("lists.mail.receive", "a mail", func(fact) string { return "a mail" }, nil)
)

// judge is what becomes of a mail that tells of a bug.
func judge(t testing.TB, p *Policy, raw string, seen ...event.Evidence) (verdict string, evidence []event.Evidence) {
	t.Helper()
	it := translate.Item[any]{Raw: []byte(raw), Value: mail.Parse([]byte(raw), mail.Limits{}), Received: time.Now()}
	it.Evidence = append(seen, event.Evidence{Type: "mail", Verdict: "none", Detail: "as newItem notes it"})
	it, out, err := p.Judge(it, translate.Outcome{Translator: "debbugs", Events: []event.Event{{Kind: bugKind}}})
	switch {
	case err != nil:
		verdict = "transient: " + err.Error()
	case out.Poison != "":
		verdict = out.Poison
	case event.Strength(it.Evidence) == event.StrengthProven:
		verdict = "proved"
	default:
		verdict = "published"
	}
	return verdict, it.Evidence
}

func policy(t testing.TB, o Options, rules ...string) *Policy {
	t.Helper()
	o.Require = map[string][]string{"debbugs": rules}
	p, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

const plain = "From: Jane Doe <jane@example.org>\nTo: submit@bugs.debian.org\nSubject: Bug#1: soup: too cold\nDate: Fri, 2 Jan 2026 03:04:05 +0000\n" +
	"Message-ID: <1@example.org>\nX-Debian-PR-Message: report 1\n\nThe soup is cold.\n"
