package sign

import (
	"crypto/rsa"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"busbar/common/event"
)

// A Verdict is what a verifier found.
type Verdict struct {
	OK bool
	// Signer is the certificate's common name, once its issuer is known to be ours, or
	// the name of an OpenPGP key of ours, after "gpg:".
	Signer string
	Reason string // why not, for people
	Strong bool   // the strong signature (Ed25519, or RSA with SHA-256) was there and held
	// Ours says that our own files allow no judgement, such as a revocation list that
	// has ended: the same message may be believed later.
	Ours bool
	// Hash is the message's (event.Hash), where it was found on the way; else empty.
	Hash string
}

// VerifierOptions say what is believed.
type VerifierOptions struct {
	CAFile     string    // PEM; several certificates are several CAs; empty: no certificate is believed
	CRLFile    string    // PEM; empty: revocation is not checked
	CRLExpired CRLPolicy // the default is CRLWarn
	Keyring    string    // OpenPGP keys that are believed (see pgp.ReadRing); empty: none
	Policy     Policy    // who may say what
	// SHA1Only names the certificates whose messages may come without a strong
	// signature, as a publisher of fedmsg's own makes them; "*" is all that
	// have certificates. "gpg:NAME" and
	// "gpg:*" are OpenPGP keys, whose signature in fedmsg's form is of the body alone.
	SHA1Only []string
	// Both asks that fedmsg's signature holds beside an Ed25519 or OpenPGP one: for who
	// passes messages on to programs that know no other.
	Both     bool
	Backends []string         // what may sign: x509, gpg; the default is what files are named for
	Now      func() time.Time // for tests; the default is time.Now
	Alarm    func(string)     // told once per condition, e.g. that the list has ended; must not block
}

// A Verifier verifies messages. It is safe for concurrent use.
type Verifier struct {
	options VerifierOptions
	files   *files // nil: no certificate is believed
	ring    *ring  // nil: no OpenPGP key is believed
}

// NewVerifier reads the files, which must be good at first; a list that is out
// of date is an alarm only. They are read again when they change, and a state
// that cannot be read is an alarm: the last good one stays in use.
func NewVerifier(o VerifierOptions) (*Verifier, error) {
	if o.CAFile == "" && o.Keyring == "" {
		return nil, errors.New("making a verifier: neither a CA file nor a keyring is configured")
	}
	if err := o.Policy.Check(); err != nil {
		return nil, fmt.Errorf("making a verifier: %w", err)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	v := &Verifier{}
	var known []string
	if o.CAFile != "" {
		known = append(known, backendX509)
		v.files = &files{caFile: o.CAFile, crlFile: o.CRLFile, alarms: alarms{tell: o.Alarm}}
		if err := v.files.open(); err != nil {
			return nil, fmt.Errorf("making a verifier: %w", err)
		}
		v.files.current(o.Now()) // an old list is told at once, not with the first message
	}
	if o.Keyring != "" {
		known = append(known, backendGPG)
		v.ring = &ring{path: o.Keyring, alarms: alarms{tell: o.Alarm}}
		if err := v.ring.open(o.Now()); err != nil {
			return nil, fmt.Errorf("making a verifier: %w", err)
		}
	}
	if o.Backends == nil {
		o.Backends = known
	}
	v.options = o
	return v, nil
}

// Verify judges a message as event.Parse returned it, by fedmsg's rules. It is
// total: whatever is in the tree, the answer is a verdict.
func (v *Verifier) Verify(tree map[string]any) Verdict { return v.VerifyAt(tree, v.options.Now()) }

// VerifySaid is VerifyAt as of when a message says that it was published, in Unix
// seconds: its certificate may have ended since. A time to come does not count.
func (v *Verifier) VerifySaid(tree map[string]any, published int64) Verdict {
	at := v.options.Now()
	if said := time.Unix(published, 0); said.Before(at) {
		at = said
	}
	return v.VerifyAt(tree, at)
}

// VerifyAt is Verify for a message of the past: its certificate must have been
// in date at that time. Revocation is judged by today's list all the same.
func (v *Verifier) VerifyAt(tree map[string]any, at time.Time) Verdict {
	if tree == nil {
		return Verdict{Reason: "it is not a JSON object"}
	}
	backend, err := v.backend(tree)
	if err != nil {
		return Verdict{Reason: err.Error()}
	}
	if backend == backendGPG {
		return v.verifyGPG(tree, at)
	}
	field, ok := tree[memberCertificate].(string)
	if !ok {
		return Verdict{Reason: "it has no certificate"}
	}
	now := v.options.Now()
	t := v.files.current(now)
	id, err := t.identify(field)
	if err != nil {
		return Verdict{Reason: err.Error()}
	}
	verdict := Verdict{Signer: id.name}
	hash, err := v.judge(tree, t, id, at, now)
	if err != nil {
		verdict.Reason, verdict.Ours = err.Error(), errors.Is(err, errOurs)
		return verdict
	}
	verdict.OK, verdict.Hash = true, hash
	_, ed := tree[memberEd25519]
	_, sha256 := tree[memberSHA256]
	verdict.Strong = ed || sha256
	return verdict
}

func (v *Verifier) judge(tree map[string]any, t *trust, id *identity, at, now time.Time) (hash string, err error) {
	if err := id.dates(at); err != nil {
		return "", err
	}
	if err := t.revoked(id, now, v.options.CRLExpired); err != nil {
		return "", err
	}
	topic, err := topicOf(tree)
	if err != nil {
		return "", err
	}
	if hash, err = v.signatures(tree, id); err != nil {
		return "", err
	}
	if why := v.options.Policy.allow(topic, id.name); why != "" {
		return "", errors.New(why)
	}
	return hash, nil
}

func topicOf(tree map[string]any) (string, error) {
	topic, ok := tree["topic"].(string)
	if !ok && tree["topic"] != nil {
		return "", errors.New("its topic is not text")
	}
	if len(topic) > event.MaxTopic {
		return "", fmt.Errorf("its topic is longer than %d bytes", event.MaxTopic)
	}
	return topic, nil
}

// signatures checks those that decide; the message is encoded once for all. An Ed25519
// signature is of the message's hash.
func (v *Verifier) signatures(tree map[string]any, id *identity) (hash string, err error) {
	members, err := v.deciding(tree, id)
	if err != nil {
		return "", err
	}
	sums := make([]*event.Sum, len(members))
	for i, member := range members {
		sums[i] = sumOf(member)
	}
	if err := event.WriteSums(tree, sums...); err != nil {
		return "", err
	}
	for i, member := range members {
		check, sum := checkRSA, sums[i].Sum()
		if member == memberEd25519 {
			check, hash = checkStrong, hex.EncodeToString(sum)
		}
		if err := check(tree, id, member, sum); err != nil {
			return "", err
		}
	}
	return hash, nil
}

// deciding names the signatures that must hold. Which they are is not for the
// message to say: a certificate with an Ed25519 key asks for a signature by it,
// and no other stands in for that, unless SHA-1 alone would do.
func (v *Verifier) deciding(tree map[string]any, id *identity) ([]string, error) {
	_, ed := tree[memberEd25519]
	_, sha256 := tree[memberSHA256]
	if _, ok := tree[memberGPG]; ok {
		return nil, fmt.Errorf("it has %s, and a certificate", memberGPG)
	}
	if _, ok := tree[memberSignature].(string); !ok {
		return nil, fmt.Errorf("it has no %s", memberSignature)
	}
	switch {
	case ed && sha256:
		return nil, fmt.Errorf("it has both %s and %s", memberEd25519, memberSHA256)
	case ed && id.strong == nil:
		return nil, fmt.Errorf("it has %s, and the certificate of %s no Ed25519 key", memberEd25519, id.name)
	case ed && tree[memberCrypto] != backendX509: // which is not covered
		return nil, fmt.Errorf("it does not say %q", memberCrypto)
	case ed && v.options.Both:
		return []string{memberSignature, memberEd25519}, nil
	case ed:
		return []string{memberEd25519}, nil
	case sha256 && (id.strong == nil || v.mayBeWeak(id.name)):
		return []string{memberSignature, memberSHA256}, nil
	case v.mayBeWeak(id.name):
		return []string{memberSignature}, nil
	}
	missing := memberSHA256
	if id.strong != nil {
		missing = memberEd25519
	}
	return nil, fmt.Errorf("it has no %s, and %s is not among those who may sign with SHA-1 alone ([sign] sha1_only)", missing, id.name)
}

// mayBeWeak says whether a publisher is known to have nothing but fedmsg's own
// signature. "*" is all certificates.
func (v *Verifier) mayBeWeak(name string) bool {
	return slices.Contains(v.options.SHA1Only, name) ||
		!strings.HasPrefix(name, gpgPrefix) && slices.Contains(v.options.SHA1Only, "*")
}

func checkRSA(tree map[string]any, id *identity, member string, sum []byte) error {
	field, ok := tree[member].(string)
	if !ok {
		return fmt.Errorf("it has no %s", member)
	}
	if len(field) > maxSignature {
		return fmt.Errorf("its %s is longer than %d bytes", member, maxSignature)
	}
	raw, err := unwrap(field)
	if err != nil {
		return fmt.Errorf("reading its %s: %w", member, err)
	}
	if rsa.VerifyPKCS1v15(id.key, hashOf(member), sum, raw) != nil {
		return notHeld(member)
	}
	return nil
}

func notHeld(member string) error {
	return fmt.Errorf("its %s does not hold: it was changed, or signed with another key", member)
}

// backend is how the message is signed, if that is a way that we allow. What
// does not say is guessed, as fedmsg guesses for messages of before 0.8.
func (v *Verifier) backend(tree map[string]any) (string, error) {
	name, ok := tree[memberCrypto].(string)
	if !ok {
		if _, present := tree[memberCrypto]; present {
			return "", errors.New(`its member "crypto" is not text`)
		}
		if _, ok := tree[memberCertificate]; ok {
			name = backendX509
		} else if _, ok := tree[memberSignature]; ok {
			name = backendGPG
		} else {
			return "", errors.New("it is not signed")
		}
	}
	switch {
	case !slices.Contains(v.options.Backends, name):
		return "", fmt.Errorf("signatures of backend %.40q are not allowed", name)
	case name == backendX509 && v.files != nil, name == backendGPG && v.ring != nil:
		return name, nil
	}
	return "", fmt.Errorf("signatures of backend %.40q are not understood", name)
}
