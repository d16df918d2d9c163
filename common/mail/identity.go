package mail

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
)

const (
	digestMark = "sha256:"
	maxID      = 250 // bytes of a Message-ID that becomes part of a key
)

// Identity names a mail among all, for facts that nothing else names: by the bytes
// of its Message-ID, which a mail transport adds. Of a mail without one it is a
// digest of Date, Subject and text, which is what its copies hold alike. An id
// that is too long, or looks like a digest, becomes one.
func (m *Message) Identity(text string) string {
	id := m.Header.MessageID("Message-ID")
	switch {
	case id == "":
		return digest("mail", m.Header.Raw("Date"), m.Header.Raw("Subject"), text)
	case len(id) > maxID || strings.HasPrefix(id, digestMark) || strings.ContainsRune(id, 0):
		return digest("id", id)
	}
	return id
}

func digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(strconv.Itoa(len(p)) + ":" + p))
	}
	return digestMark + hex.EncodeToString(h.Sum(nil))
}
