package check

import (
	"fmt"
	"time"

	"busbar/bus/survey"
	"busbar/common/config"
	"busbar/common/node"
	"busbar/common/program"
	"busbar/common/sign"
)

// checkKeys looks at whom is believed, and at what is signed with here.
func checkKeys(sc config.Sign, now time.Time) (*sign.Verifier, []program.Finding) {
	var list []program.Finding
	verifier, err := sc.Verifier(nil)
	switch {
	case err != nil:
		list = append(list, program.Found("authority", err, ""))
	case verifier != nil && sc.CRL == "":
		list = append(list, program.Finding{What: "revocations", Level: "warn", Detail: "no revocation list is known, so that stolen keys are believed until they end (set [sign] crl)"})
	}
	for _, t := range node.Terms(sc) {
		if t.What != "certificate" || sc.Key == "" { // of ours below
			list = append(list, ofTerm(t, now))
		}
	}
	if sc.Backend == "none" || sc.Certificate == "" && sc.Key == "" {
		return verifier, list
	}
	signer, err := sc.Signer()
	if err != nil {
		return verifier, append(list, program.Found("signing", err, ""))
	}
	for _, t := range node.Terms(config.Sign{Certificate: sc.Certificate}) {
		f := ofTerm(t, now)
		f.What, f.Detail = "signing", "as "+signer.Name()+": "+f.Detail
		list = append(list, f)
	}
	if sc.CA != "" && sc.CRL != "" && sign.Revoked(signer.Certificate(), sc.CA, sc.CRL) {
		list = append(list, program.Finding{What: "signing", Level: "fail", Detail: fmt.Sprintf("%s is revoked by %s: no subscriber believes what is signed with it (make a new one with `bus keys issue`)", sc.Certificate, sc.CRL)})
	}
	for _, c := range node.Exposed("the signing key", sc.Key) {
		list = append(list, survey.OfCondition("key", c))
	}
	return verifier, list
}

// ofTerm says how old a certificate or a list is, and when it ends.
func ofTerm(t node.Term, now time.Time) program.Finding {
	what := map[string]string{"ca": "authority", "crl": "revocations", "certificate": "certificate"}[t.What]
	if c, ok := t.Condition(now); ok {
		level := string(c.Level)
		return program.Finding{What: what, Level: level, Detail: c.Text + " (" + c.Hint + ")"}
	}
	text := t.File
	if t.What == "crl" {
		text += fmt.Sprintf(", made %d days ago,", int(now.Sub(t.From).Hours()/24))
	}
	if t.To.IsZero() {
		return program.Finding{What: what, Level: "ok", Detail: text + " without an end"}
	}
	return program.Finding{What: what, Level: "ok", Detail: text + " until " + t.To.UTC().Format(time.DateOnly)}
}
