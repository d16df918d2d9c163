package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"strings"
)

// sender is who sends, and what kind of event. Forgejo and Gitea send GitHub's
// headers, too.
func sender(h http.Header) (Forge, string) {
	if kind := h.Get("X-Gitlab-Event"); kind != "" {
		return GitLab, kind
	}
	if kind := first(h.Get("X-Forgejo-Event"), h.Get("X-Gitea-Event")); kind != "" {
		return Forgejo, kind
	}
	if kind := h.Get("X-Github-Event"); kind != "" {
		return GitHub, kind
	}
	return "", ""
}

// delivery is the sender's name of the request; empty: it gives none.
func delivery(h http.Header) string {
	id := first(h.Get("Idempotency-Key"), h.Get("X-Gitlab-Event-Uuid"), h.Get("X-Forgejo-Delivery"), h.Get("X-Gitea-Delivery"), h.Get("X-Github-Delivery"))
	if len(id) > 64 {
		sum := sha256.Sum256([]byte(id))
		id = "sha256:" + hex.EncodeToString(sum[:])
	}
	return strings.ToValidUTF8(id, "?")
}

func names(forge Forge, id string, body []byte) []string {
	var all []string
	if id != "" {
		all = append(all, string(forge)+" "+id)
	}
	if forge != GitLab { // which may push twice with the same body, and signs nothing
		sum := sha256.Sum256(body)
		all = append(all, "sha256:"+hex.EncodeToString(sum[:]))
	}
	return all
}

// proved reports whether the sender knows one of the secrets. How long it takes
// says nothing of them.
func (s *server) proved(forge Forge, h http.Header, body []byte) bool {
	ok := 0
	for _, hidden := range s.Secrets {
		secret := hidden.Reveal()
		if forge == GitLab {
			want, got := sha256.Sum256([]byte(secret)), sha256.Sum256([]byte(h.Get("X-Gitlab-Token")))
			ok |= subtle.ConstantTimeCompare(want[:], got[:])
			continue
		}
		text := first(h.Get("X-Forgejo-Signature"), h.Get("X-Gitea-Signature"))
		if forge == GitHub {
			text, _ = strings.CutPrefix(h.Get("X-Hub-Signature-256"), "sha256=")
		}
		got, err := hex.DecodeString(text)
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write(body)
		if err == nil && hmac.Equal(mac.Sum(nil), got) {
			ok = 1
		}
	}
	return ok == 1
}
