package self

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"strings"
	"time"
)

// A Kind is what a token is for: one kind is never good for another.
type Kind string

// The kinds of tokens, and how long each is good.
const (
	SignIn  Kind = "sign in" // in a link that was mailed
	Confirm Kind = "confirm" // in a mail that asks whether its commands are meant
	Session Kind = "session" // in a browser's cookie; it may be shown again and again
)

var goodFor = map[Kind]time.Duration{SignIn: 15 * time.Minute, Confirm: 24 * time.Hour, Session: 7 * 24 * time.Hour}

// GoodFor is how long a token of a kind is.
func (k Kind) GoodFor() time.Duration { return goodFor[k] }

const (
	nonceBytes = 20
	macBytes   = 10
)

var letters = base32.StdEncoding.WithPadding(base32.NoPadding)

// NewToken makes a token for a person, which bears a text. It is signed, so that a
// guessed one is known as such without a look into the file, and only its hash is stored,
// so that who reads the file cannot use it.
func (t *Tx) NewToken(kind Kind, person, text string) (string, error) {
	nonce := make([]byte, nonceBytes)
	if _, err := rand.Read(nonce); err != nil {
		return "", err
	}
	token := strings.ToLower(letters.EncodeToString(append(nonce, t.s.sign(kind, nonce)...)))
	hash := sha256.Sum256([]byte(token))
	now := t.s.now()
	if _, err := t.exec("DELETE FROM self_tokens WHERE until < ?", now.UnixMilli()); err != nil {
		return "", err
	}
	_, err := t.exec("INSERT INTO self_tokens VALUES (?, ?, ?, ?, ?)", hash[:], string(kind), person, text, now.Add(goodFor[kind]).UnixMilli())
	return token, err
}

func (s *Store) sign(kind Kind, nonce []byte) []byte {
	mac := hmac.New(sha256.New, s.secret)
	mac.Write([]byte("busbar notify token\x00" + string(kind) + "\x00"))
	mac.Write(nonce)
	return mac.Sum(nil)[:macBytes]
}

// Sealed is a text for a form of a page, that only who has the cookie gets.
func (s *Store) Sealed(cookie string) string {
	mac := hmac.New(sha256.New, s.secret)
	mac.Write([]byte("busbar notify form\x00" + cookie))
	return strings.ToLower(letters.EncodeToString(mac.Sum(nil)[:20]))
}

// Ours says whether a token of a kind was signed here; it may have been used, or ended.
func (s *Store) Ours(kind Kind, token string) bool {
	raw, err := letters.DecodeString(strings.ToUpper(token))
	return err == nil && len(raw) == nonceBytes+macBytes && hmac.Equal(raw[nonceBytes:], s.sign(kind, raw[:nonceBytes]))
}

// Look gives what a token is for; false: it is none, has ended, or was used. It stays good.
func (t *Tx) Look(kind Kind, token string) (person, text string, ok bool, err error) {
	if !t.s.Ours(kind, token) {
		return "", "", false, nil
	}
	hash := sha256.Sum256([]byte(strings.ToLower(token)))
	err = t.tx.QueryRowContext(t.ctx, "SELECT person, text FROM self_tokens WHERE hash = ? AND kind = ? AND until >= ?", hash[:], string(kind), t.s.now().UnixMilli()).Scan(&person, &text)
	if none(err) {
		return "", "", false, nil
	}
	return person, text, err == nil, err
}

// Use is Look, and the token is used up.
func (t *Tx) Use(kind Kind, token string) (person, text string, ok bool, err error) {
	if person, text, ok, err = t.Look(kind, token); !ok {
		return "", "", false, err
	}
	hash := sha256.Sum256([]byte(strings.ToLower(token)))
	_, err = t.exec("DELETE FROM self_tokens WHERE hash = ?", hash[:])
	return person, text, err == nil, err
}

// EndSessions signs a person out everywhere.
func (t *Tx) EndSessions(person string) error {
	_, err := t.exec("DELETE FROM self_tokens WHERE person = ? AND kind = ?", person, string(Session))
	return err
}

// asked is how long requests are remembered.
const asked = 24 * time.Hour

// Allow counts that somebody asks for something, and says whether they may: at most so
// often within a time. What is refused does not count.
func (t *Tx) Allow(kind, who string, most int, within time.Duration) (bool, error) {
	now := t.s.now()
	if _, err := t.exec("DELETE FROM self_asked WHERE at < ?", now.Add(-asked).UnixMilli()); err != nil {
		return false, err
	}
	n, err := t.count("SELECT count(*) FROM self_asked WHERE kind = ? AND who = ? AND at > ?", kind, who, now.Add(-within).UnixMilli())
	if err != nil || n >= most {
		return false, err
	}
	_, err = t.exec("INSERT INTO self_asked (kind, who, at) VALUES (?, ?, ?)", kind, who, now.UnixMilli())
	return err == nil, err
}
