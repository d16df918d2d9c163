package hub

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"busbar/common/webhook"
)

// TestTried: whoever says who it is may post as much as anybody; an unnamed one has its
// body summed for each secret only as long as that is little work.
func TestTried(t *testing.T) {
	secrets := map[string]webhook.Secrets{"mail": secretsOf(t, first)}
	for i := range 999 {
		secrets[fmt.Sprint("n", i)] = secretsOf(t, other)
	}
	for _, c := range []struct {
		path string
		size int
		want error
	}{
		{"", maxTried / 1000, nil},
		{"", maxTried/1000 + 1, errUnnamed},
		{"mail", 1 << 20, nil},
		{"n1", 1 << 20, webhook.ErrForged},
		{"nobody", 1 << 20, errSender},
	} {
		body := bytes.Repeat([]byte{'x'}, c.size)
		r, err := http.NewRequest(http.MethodPost, "/push", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.SetPathValue("sender", c.path)
		secrets["mail"].Sign(r.Header, "one", time.Now(), body)
		name, err := signer(secrets, r, body, time.Now())
		if !errors.Is(err, c.want) || err == nil && name != "mail" {
			t.Errorf("%d bytes to %q: %s, %v; want %v", c.size, c.path, name, err, c.want)
		}
	}
}
