package canary

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"busbar/common/durable"
)

// A Key is what tokens are made with.
type Key []byte

const keyBytes = 32

// OpenKey reads the key of an adapter, or makes one where no file is. Whoever can read
// the file can make canaries.
func OpenKey(path string) (Key, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		key := make(Key, keyBytes)
		if _, err := rand.Read(key); err != nil {
			return nil, fmt.Errorf("making the canaries' key: %w", err)
		}
		if err := durable.Create(path, []byte(hex.EncodeToString(key)+"\n"), 0o600, nil); err != nil {
			return nil, fmt.Errorf("making the canaries' key: %w", err)
		}
		return key, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the canaries' key: %w", err)
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != keyBytes {
		return nil, fmt.Errorf("reading the canaries' key: %s does not hold %d bytes in hex (remove it, and the next start makes another)", path, keyBytes)
	}
	return key, nil
}

const macBytes = 16

// token is what the canary of that number bears: NUMBER-SENT-MAC, SENT in Unix
// milliseconds.
func (k Key) token(publisher, channel string, number int64, sent time.Time) string {
	text := strconv.FormatInt(number, 10) + "-" + strconv.FormatInt(sent.UnixMilli(), 10)
	return text + "-" + hex.EncodeToString(k.mac(publisher, channel, text))
}

func (k Key) mac(publisher, channel, text string) []byte {
	h := hmac.New(sha256.New, k)
	for _, part := range []string{"busbar canary", publisher, channel, text} {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	return h.Sum(nil)[:macBytes]
}

var errForeign = errors.New("the token is none of ours")

// read is what a token says, if it was made with the key for this channel.
func (k Key) read(publisher, channel, token string) (number int64, sent time.Time, err error) {
	if len(token) > 2*20+2*macBytes {
		return 0, time.Time{}, errForeign
	}
	cut := strings.LastIndexByte(token, '-')
	if cut < 0 {
		return 0, time.Time{}, errForeign
	}
	mac, err := hex.DecodeString(token[cut+1:])
	if err != nil || !hmac.Equal(mac, k.mac(publisher, channel, token[:cut])) {
		return 0, time.Time{}, errForeign
	}
	first, second, _ := strings.Cut(token[:cut], "-")
	number, err = strconv.ParseInt(first, 10, 64)
	ms, err2 := strconv.ParseInt(second, 10, 64)
	if err != nil || err2 != nil {
		return 0, time.Time{}, errForeign // we made it, and not like that
	}
	return number, time.UnixMilli(ms), nil
}
