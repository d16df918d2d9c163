package dak

import (
	"bytes"
	"crypto"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// armored wraps packets as a signature.
func armored(t *testing.T, packets []byte) string {
	t.Helper()
	var b bytes.Buffer
	w, err := armor.Encode(&b, openpgp.SignatureType, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(packets); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestSignerKey(t *testing.T) {
	entity, err := openpgp.NewEntity("Nora", "", "nora@example.org", &packet.Config{
		Algorithm: packet.PubKeyAlgoEdDSA, DefaultHash: crypto.SHA512,
		Time: func() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) },
	})
	if err != nil {
		t.Fatal(err)
	}
	var made bytes.Buffer
	if err := openpgp.ArmoredDetachSign(&made, entity, strings.NewReader("tea"), nil); err != nil {
		t.Fatal(err)
	}
	// A signature of version 3: tag 2 with a length of one byte, then version,
	// 5, type, time, key id, algorithms, and two bytes of digest.
	old := append([]byte{0x88, 19, 3, 5, 0}, 0x3c, 0x8f, 0xee, 0x85, 0x5a, 0xcf, 0xc4, 0x84, 0x0d, 0x62, 0x00, 0x1b, 17, 2, 0xab, 0xcd)
	for name, c := range map[string]struct{ signature, want string }{
		"fingerprint":  {made.String(), strings.ToUpper(hex.EncodeToString(entity.PrimaryKey.Fingerprint))},
		"version 3":    {armored(t, old), "5ACFC4840D62001B"},
		"no armor":     {"nothing", ""},
		"no packet":    {armored(t, nil), ""},
		"other packet": {armored(t, []byte{0xcb, 3, 'b', 0, 0}), ""},
		"cut":          {armored(t, old[:8]), ""},
	} {
		if got := signerKey(c.signature); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func FuzzSignerKey(f *testing.F) {
	f.Add([]byte{0x88, 19, 3, 5, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 17, 2, 0xab, 0xcd})
	f.Add([]byte{0xc2, 4, 4, 0, 1, 10})
	f.Fuzz(func(t *testing.T, packets []byte) {
		key := signerKey(armored(t, packets))
		if strings.Trim(key, "0123456789ABCDEF") != "" || len(key) > 512 {
			t.Errorf("key %q", key)
		}
	})
}
