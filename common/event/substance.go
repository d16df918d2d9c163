package event

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strings"
	"unicode"
)

// A Substantial body is one that an item which anybody can send (a mail) makes.
// Substance is what each honest copy of the item says alike, whichever way it
// came: who did it, and the words themselves, not the subject's tags, a list's
// footer or which program passed it on. Two events of one id whose substances
// differ contradict each other. Bodies without it are not compared.
type Substantial interface{ Substance() []string }

// SubstanceOf is a digest of what e says, or nil where its body is not compared.
func SubstanceOf(k *Kind, body any) []byte {
	b, ok := body.(Substantial)
	if !ok {
		return nil
	}
	h := sha256.New()
	for _, text := range slices.Concat([]string{k.Topic}, b.Substance()) {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(text)))
		h.Write(n[:])
		h.Write([]byte(text))
	}
	return h.Sum(nil)
}

// Gist is the words of a text without what its ways change: blanks and line
// breaks, and a footer below a signature's dashes (RFC 3676 §4.3) or the long
// rule that list programs draw.
func Gist(text string) string {
	var words strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimRightFunc(line, unicode.IsSpace)
		if line == "--" || len(line) >= 20 && strings.Trim(line, "_") == "" {
			break
		}
		for word := range strings.FieldsSeq(line) {
			words.WriteString(word)
		}
	}
	return words.String()
}

// Strength is how good the reasons are to believe an item: 0 where there are
// none to weigh, for it was read at its source; then failed, merely claimed,
// and proven.
func Strength(evidence []Evidence) int {
	if len(evidence) == 0 {
		return StrengthSource
	}
	passed := false
	for _, e := range evidence {
		switch e.Verdict {
		case "fail":
			return StrengthFailed
		case "pass":
			passed = true
		}
	}
	if passed {
		return StrengthProven
	}
	return StrengthClaimed
}

// What Strength says. They are stored in journals and never change.
const (
	StrengthSource  = 0
	StrengthFailed  = 1
	StrengthClaimed = 2
	StrengthProven  = 3
)
