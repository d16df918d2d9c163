package webpush

import (
	"bytes"
	"crypto/ecdh"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func bin(t testing.TB, text string) []byte {
	t.Helper()
	b, err := encoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func private(t testing.TB, text string) *ecdh.PrivateKey {
	t.Helper()
	key, err := ecdh.P256().NewPrivateKey(bin(t, text))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// TestVector is the example of RFC 8291 §5, with the intermediate values of its
// appendix A.
func TestVector(t *testing.T) {
	own := private(t, "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")
	browser := private(t, "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94")
	if got := encoding.EncodeToString(browser.PublicKey().Bytes()); got != "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4" {
		t.Fatalf("the browser's key is %s", got)
	}
	got, err := seal([]byte("When I grow up, I want to be a watermelon"), 0, browser.PublicKey(), bin(t, "BTBZMqHH6r4Tts7J_aSIgg"), own, bin(t, "DGv6ra1nlYgDCS1FRnbzlw"))
	if err != nil {
		t.Fatal(err)
	}
	want := "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27ml" +
		"mlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPT" +
		"pK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
	if text := encoding.EncodeToString(got); text != want {
		t.Errorf("the record is\n%s, want\n%s", text, want)
	}
}

// open is what a browser does: the other half of RFC 8291 and RFC 8188.
func open(record []byte, browser *ecdh.PrivateKey, auth []byte) ([]byte, error) {
	if len(record) < headerSize+tagSize+1 || len(record) > recordSize || record[saltSize+4] != pointSize {
		return nil, fmt.Errorf("a record of %d bytes", len(record))
	}
	if size := binary.BigEndian.Uint32(record[saltSize:]); size < uint32(len(record)-headerSize) {
		return nil, fmt.Errorf("the record says %d, and has %d", size, len(record)-headerSize)
	}
	sender, err := ecdh.P256().NewPublicKey(record[saltSize+5 : headerSize])
	if err != nil {
		return nil, err
	}
	shared, err := browser.ECDH(sender)
	if err != nil {
		return nil, err
	}
	aead, nonce, err := keys(shared, auth, record[:saltSize], browser.PublicKey().Bytes(), sender.Bytes())
	if err != nil {
		return nil, err
	}
	padded, err := aead.Open(nil, nonce, record[headerSize:], nil)
	if err != nil {
		return nil, err
	}
	plain := bytes.TrimRight(padded, "\x00")
	if len(plain) == 0 || plain[len(plain)-1] != 2 {
		return nil, errors.New("the padding does not end as that of a last record")
	}
	return plain[:len(plain)-1], nil
}

func TestSizes(t *testing.T) {
	browser, auth := private(t, "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"), bin(t, "BTBZMqHH6r4Tts7J_aSIgg")
	var before []byte
	for _, n := range []int{0, 1, 41, padTo - 1, padTo, padTo + 1, 3584, 3585, mostPlain - 1, mostPlain} {
		plain := []byte(strings.Repeat("x", n))
		record, err := encrypt(plain, browser.PublicKey(), auth)
		if err != nil {
			t.Fatalf("%d bytes: %v", n, err)
		}
		if got, err := open(record, browser, auth); err != nil || !bytes.Equal(got, plain) {
			t.Errorf("%d bytes: %d come out, %v", n, len(got), err)
		}
		if pad := len(record) - headerSize - tagSize - 1; pad%padTo != 0 && pad != mostPlain {
			t.Errorf("%d bytes: the length of the record, %d, tells how many", n, len(record))
		}
		if before != nil && bytes.Equal(before[:headerSize], record[:headerSize]) {
			t.Error("salt and key are used again")
		}
		before = record
		record[len(record)-1] ^= 1
		if _, err := open(record, browser, auth); err == nil {
			t.Error("a changed record is read")
		}
	}
	if _, err := encrypt(make([]byte, mostPlain+1), browser.PublicKey(), auth); err == nil {
		t.Error("more than fits is encrypted")
	}
}
