package webpush

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

const (
	recordSize = 4096 // bytes of the one record, which is all that push services must take (RFC 8030 §7.2)
	saltSize   = 16
	authSize   = 16
	pointSize  = 65 // of P-256, uncompressed
	headerSize = saltSize + 4 + 1 + pointSize
	tagSize    = 16
	// mostPlain is the longest payload, in bytes: a record has a header, the end of the
	// padding, and a tag (RFC 8291 §4).
	mostPlain = recordSize - headerSize - 1 - tagSize
	// padTo is what payloads are padded to a multiple of: their length says less.
	padTo = 512
)

// encrypt is a payload as only the browser of the subscription can read it: one record
// of aes128gcm (RFC 8188), with keys by RFC 8291.
func encrypt(plain []byte, browser *ecdh.PublicKey, auth []byte) ([]byte, error) {
	own, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	salt := make([]byte, saltSize)
	if _, err := rand.Read(salt); err != nil {
		return nil, fmt.Errorf("drawing a salt: %w", err)
	}
	pad := min((padTo-len(plain)%padTo)%padTo, max(0, mostPlain-len(plain)))
	return seal(plain, pad, browser, auth, own, salt)
}

// seal is encrypt with all that is drawn at random.
func seal(plain []byte, pad int, browser *ecdh.PublicKey, auth []byte, own *ecdh.PrivateKey, salt []byte) ([]byte, error) {
	if len(plain)+pad > mostPlain {
		return nil, fmt.Errorf("encrypting: the payload has %d bytes, and %d are most", len(plain)+pad, mostPlain)
	}
	shared, err := own.ECDH(browser)
	if err != nil {
		return nil, fmt.Errorf("encrypting: %w", err)
	}
	aead, nonce, err := keys(shared, auth, salt, browser.Bytes(), own.PublicKey().Bytes())
	if err != nil {
		return nil, err
	}
	record := make([]byte, headerSize, headerSize+len(plain)+1+pad+tagSize)
	copy(record, salt)
	binary.BigEndian.PutUint32(record[saltSize:], recordSize)
	record[saltSize+4] = pointSize
	copy(record[saltSize+5:], own.PublicKey().Bytes())
	padded := make([]byte, len(plain)+1+pad)
	copy(padded, plain)
	padded[len(plain)] = 2 // the last record
	return aead.Seal(record, nonce, padded, nil), nil
}

// keys are those of a record, for who sends and who receives (RFC 8291 §3.4).
func keys(shared, auth, salt, browser, sender []byte) (cipher.AEAD, []byte, error) {
	info := "WebPush: info\x00" + string(browser) + string(sender)
	secret, err := hkdf.Key(sha256.New, shared, auth, info, sha256.Size)
	if err != nil {
		return nil, nil, fmt.Errorf("deriving keys: %w", err)
	}
	key, err := hkdf.Key(sha256.New, secret, salt, "Content-Encoding: aes128gcm\x00", 16)
	if err != nil {
		return nil, nil, fmt.Errorf("deriving keys: %w", err)
	}
	nonce, err := hkdf.Key(sha256.New, secret, salt, "Content-Encoding: nonce\x00", 12)
	if err != nil {
		return nil, nil, fmt.Errorf("deriving keys: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, nil, fmt.Errorf("deriving keys: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, nil, fmt.Errorf("deriving keys: %w", err)
	}
	return aead, nonce, nil
}
