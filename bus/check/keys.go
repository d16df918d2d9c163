package check

import (
	"fmt"
	"os"
	"time"

	"busbar/bus/survey"
	"busbar/common/config"
	"busbar/common/node"
	"busbar/common/pgp"
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
	case verifier != nil && sc.CA != "" && sc.CRL == "":
		list = append(list, program.Finding{What: "revocations", Level: "warn", Detail: "no revocation list is known, so that stolen keys are believed until they end (set [sign] crl)"})
	}
	for _, t := range node.Terms(sc) {
		if t.What != "key" && (t.What != "certificate" || sc.Key == "") { // of ours below
			list = append(list, ofTerm(t, now))
		}
	}
	list = append(list, checkKeyring(sc, now)...)
	if sc.Backend == "none" || sc.Certificate == "" && sc.Key == "" {
		return verifier, list
	}
	signer, err := sc.Signer()
	if err != nil {
		return verifier, append(list, program.Found("signing", err, ""))
	}
	for _, t := range node.Terms(config.Sign{Backend: sc.Backend, Certificate: sc.Certificate, Key: sc.Key}) {
		f := ofTerm(t, now)
		f.What, f.Detail = "signing", "as "+signer.Name()+": "+f.Detail
		list = append(list, f)
	}
	if signer.Certificate() != nil && sc.CA != "" && sc.CRL != "" && sign.Revoked(signer.Certificate(), sc.CA, sc.CRL) {
		list = append(list, program.Finding{What: "signing", Level: "fail", Detail: fmt.Sprintf("%s is revoked by %s: no subscriber believes what is signed with it (make a new one with `bus keys issue`)", sc.Certificate, sc.CRL)})
	}
	for _, c := range node.Exposed("the signing key", sc.Key) {
		list = append(list, survey.OfCondition("key", c))
	}
	return verifier, list
}

// maxShown bounds the keys that are told of one by one.
const maxShown = 20

// checkKeyring looks at the OpenPGP keys that are believed: of a folder at each, for
// somebody chose it; of a file, which may be a distribution's, at how many it has.
func checkKeyring(sc config.Sign, now time.Time) []program.Finding {
	if sc.Backend == "none" || sc.Keyring == "" {
		return nil
	}
	ring, err := pgp.ReadRing(sc.Keyring)
	if err != nil {
		return nil // the verifier says so
	}
	keys := ring.Keys()
	if info, err := os.Stat(sc.Keyring); err != nil || !info.IsDir() || len(keys) == 0 || len(keys) > maxShown {
		level := "ok"
		if len(keys) == 0 {
			level = "warn"
		}
		return []program.Finding{{What: "keyring", Level: level, Detail: fmt.Sprintf("%s: keys: %d", sc.Keyring, len(keys))}}
	}
	var list []program.Finding
	for _, k := range keys {
		f := program.Finding{What: "keyring", Level: "ok", Detail: fmt.Sprintf("gpg:%s: %s", ring.Name(k), k.Fingerprint)}
		if err := k.At(now); err != nil {
			f.Level, f.Detail = "warn", fmt.Sprintf("gpg:%s: %v (import its newer form with `bus keys gpg-import`)", ring.Name(k), err)
		} else if !k.To.IsZero() {
			f.Detail += " until " + k.To.UTC().Format(time.DateOnly)
		}
		list = append(list, f)
	}
	return list
}

// ofTerm says how old a certificate or a list is, and when it ends.
func ofTerm(t node.Term, now time.Time) program.Finding {
	what := map[string]string{"ca": "authority", "crl": "revocations", "certificate": "certificate", "key": "key"}[t.What]
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
