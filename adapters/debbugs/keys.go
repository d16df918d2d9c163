package debbugs

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// CreateKey names the fact that a bug was reported. A number is given once, so
// it needs no more.
func CreateKey(bug int) string { return fmt.Sprintf("bug/%d/create", bug) }

// CommentKey names the fact that a message was added to a bug. messageID is
// the Message-ID of the mail as it was sent to debbugs, with or without angle
// brackets.
func CommentKey(bug int, messageID string) string { return messageKey(bug, "message", messageID) }

// CloseKey names the fact that a bug was closed. messageID is that of the mail
// that closed it (to N-done or control), not of debbugs's notice about it: a
// bug may be closed again after it was reopened.
func CloseKey(bug int, messageID string) string { return messageKey(bug, "close", messageID) }

// ForwardKey names the fact that a bug was marked as forwarded. messageID is
// that of the mail that did it.
func ForwardKey(bug int, messageID string) string { return messageKey(bug, "forward", messageID) }

// Link is a bug's page.
func Link(bug int) string {
	if bug <= 0 {
		return ""
	}
	return fmt.Sprintf("https://bugs.debian.org/%d", bug)
}

// messageKey bounds the length of a key: some mailers and all spammers write
// ids of any size.
func messageKey(bug int, what, messageID string) string {
	const most = 250
	id := strings.Trim(messageID, "<> \t")
	if len(id) > most {
		sum := sha256.Sum256([]byte(id))
		id = "sha256:" + hex.EncodeToString(sum[:])
	}
	return fmt.Sprintf("bug/%d/%s/%s", bug, what, id)
}
