package sign

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"busbar/common/event"
	"busbar/common/pgp"
)

// verifyGPG judges a message that an OpenPGP key is said to have signed.
func (v *Verifier) verifyGPG(tree map[string]any, at time.Time) Verdict {
	keys := v.ring.current(v.options.Now())
	_, strong := tree[memberGPG]
	s, err := decidingGPG(tree, keys, strong)
	if err != nil {
		return Verdict{Reason: err.Error()}
	}
	verdict := Verdict{Signer: gpgPrefix + keys.Name(s.Key)}
	hash, err := v.judgeGPG(tree, keys, s, at)
	if err != nil {
		verdict.Reason = err.Error()
		return verdict
	}
	verdict.OK, verdict.Strong, verdict.Hash = true, strong, hash
	return verdict
}

// decidingGPG reads the signature that decides: the strong one, where the message has it.
func decidingGPG(tree map[string]any, keys *pgp.Ring, strong bool) (*pgp.Signature, error) {
	for _, other := range []string{memberCertificate, memberSHA256, memberEd25519} {
		if _, ok := tree[other]; ok {
			return nil, fmt.Errorf("it has %s, and is signed with OpenPGP", other)
		}
	}
	if _, ok := tree[memberSignature].(string); !ok {
		return nil, fmt.Errorf("it has no %s", memberSignature)
	}
	if !strong {
		return gpgSignature(tree, keys, memberSignature, unwrap)
	}
	if tree[memberCrypto] != backendGPG { // which is not covered
		return nil, fmt.Errorf("it does not say %q", memberCrypto)
	}
	return gpgSignature(tree, keys, memberGPG, oneLine)
}

// oneLine is base64 in its one form: a line, and no bit left over.
func oneLine(text string) ([]byte, error) {
	if strings.ContainsAny(text, "\r\n") { // the decoder passes over them
		return nil, errBase64
	}
	return base64.StdEncoding.Strict().DecodeString(text)
}

func gpgSignature(tree map[string]any, keys *pgp.Ring, member string, decode func(string) ([]byte, error)) (*pgp.Signature, error) {
	field, ok := tree[member].(string)
	if !ok {
		return nil, fmt.Errorf("its %s is not text", member)
	}
	if len(field) > maxSignature {
		return nil, fmt.Errorf("its %s is longer than %d bytes", member, maxSignature)
	}
	raw, err := decode(field)
	if err != nil {
		return nil, fmt.Errorf("reading its %s: %w", member, errBase64)
	}
	s, err := keys.Signature(raw)
	if err != nil {
		return nil, fmt.Errorf("reading its %s: %w", member, err)
	}
	return s, nil
}

// judgeGPG returns the message's hash if it was found on the way, or why the message
// is not to be believed.
func (v *Verifier) judgeGPG(tree map[string]any, keys *pgp.Ring, s *pgp.Signature, at time.Time) (hash string, err error) {
	as := []string{gpgPrefix + keys.Name(s.Key), gpgPrefix + s.Fingerprint}
	if err := s.At(at); err != nil {
		return "", err
	}
	topic, err := topicOf(tree)
	if err != nil {
		return "", err
	}
	if _, strong := tree[memberGPG]; strong {
		hash, err = v.checkStrongGPG(tree, keys, s, at)
	} else if slices.ContainsFunc(append(as, gpgPrefix+"*"), v.mayBeWeak) {
		err = checkBody(tree, s, at)
	} else {
		err = fmt.Errorf("it has no %s, and %s is not among those who may sign the body alone ([sign] sha1_only)", memberGPG, as[0])
	}
	if err != nil {
		return "", err
	}
	if why := v.options.Policy.allow(topic, as...); why != "" {
		return "", errors.New(why)
	}
	return hash, nil
}

// checkStrongGPG checks the signature of the message's hash, and, where both are asked
// for, that the same key made fedmsg's.
func (v *Verifier) checkStrongGPG(tree map[string]any, keys *pgp.Ring, s *pgp.Signature, at time.Time) (hash string, err error) {
	chained := event.Chained()
	if err := event.WriteSums(tree, chained); err != nil {
		return "", err
	}
	sum := chained.Sum()
	err = s.Check(at, func(w io.Writer) error {
		_, err := w.Write(strongText(sum))
		return err
	})
	if err == nil && v.options.Both {
		var weak *pgp.Signature
		if weak, err = gpgSignature(tree, keys, memberSignature, unwrap); err != nil {
			return "", err
		}
		if weak.Fingerprint != s.Fingerprint {
			return "", fmt.Errorf("its %s was made with another key", memberSignature)
		}
		if err := checkBody(tree, weak, at); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(sum), heldGPG(memberGPG, err)
}

// checkBody checks fedmsg's signature, of the body alone.
func checkBody(tree map[string]any, s *pgp.Signature, at time.Time) error {
	body, ok := tree["msg"]
	if !ok {
		return errNoBody
	}
	return heldGPG(memberSignature, s.Check(at, func(w io.Writer) error { return event.WriteCanonical(w, body) }))
}

func heldGPG(member string, err error) error {
	switch {
	case errors.Is(err, pgp.ErrHeld):
		return notHeld(member)
	case err != nil:
		return fmt.Errorf("checking its %s: %w", member, err)
	}
	return nil
}
