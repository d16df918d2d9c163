package debbugs

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
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

// StateKey names the fact that a field of a bug changed, as two states tell it
// that somebody compared: stamp is the later state's, in Unix seconds, so that a
// change there and back is two facts, and all who see the same two states tell
// one. No mail has this key: its reader knows no state. That a mail's fact is
// the same shows in the bug, the topic, and what was before and after.
func StateKey(bug int, field string, from, to []string, stamp int64) string {
	h := sha256.New()
	for _, side := range [][]string{from, to} {
		fmt.Fprintf(h, "%d,", len(side))
		for _, v := range side {
			fmt.Fprintf(h, "%d:%s", len(v), v)
		}
	}
	return fmt.Sprintf("bug/%d/%s/%s/%d", bug, field, hex.EncodeToString(h.Sum(nil)[:12]), stamp)
}

// CommandKey names the fact that a command changed a field of a bug, by the
// Message-ID of the mail that had the command, and what was before and after as
// the tracker's answer says, whoever got that. n counts the same change by the same
// mail, from 0.
func CommandKey(bug int, field string, before, after []string, messageID string, n int) string {
	return messageKey(bug, field, messageID) + fmt.Sprintf("/%s/%d", valuesSum(before, after), n)
}

// valuesSum is a digest of values, in any order, without what mails do to text.
func valuesSum(before, after []string) string {
	h := sha256.New()
	for _, side := range [][]string{before, after} {
		fmt.Fprintf(h, "%d,", len(side))
		for _, v := range slices.Sorted(slices.Values(side)) {
			v = plain(v)
			fmt.Fprintf(h, "%d:%s", len(v), v)
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:12])
}

// ProcessKey names the fact that commands were carried out, by the Message-ID of
// the answer: a mail that was sent to several bugs gets several.
func ProcessKey(transcript string) string { return "control/" + digest(transcript) + "/process" }

// FailKey names the fact that a command failed: which of the answer's it is.
func FailKey(transcript string, at int) string {
	return fmt.Sprintf("control/%s/fail/%d", digest(transcript), at)
}

// CloneKey names the fact that a bug was cloned. A number is given once.
func CloneKey(bug, clone int) string { return fmt.Sprintf("bug/%d/clone/%d", bug, clone) }

// DeleteKey names the fact that the tracker knows a bug no more. stamp is that
// of its last known state.
func DeleteKey(bug int, stamp int64) string { return fmt.Sprintf("bug/%d/delete/%d", bug, stamp) }

// UsertagKey names a part of a change of a user's tag.
func UsertagKey(user, tag string, serial int64, part int) string {
	sum := sha256.Sum256([]byte(fmt.Sprintf("%d:%s%s", len(user), user, tag)))
	return fmt.Sprintf("usertag/%s/%d/%d", hex.EncodeToString(sum[:12]), serial, part)
}

// UsertagCommandKey names the fact that a command gave a user's tag to bugs, or
// took it from them; n counts as in CommandKey.
func UsertagCommandKey(user, tag string, added, removed []int, messageID string, n int) string {
	sum := sha256.Sum256([]byte(fmt.Sprintf("%d:%s%s", len(user), user, tag)))
	return fmt.Sprintf("usertag/%s/%s/%s/%d", hex.EncodeToString(sum[:12]), digest(messageID), valuesSum(digits(removed), digits(added)), n)
}

// UsercategoryKey names the fact that a command set or removed a user's category.
func UsercategoryKey(user, name, messageID string, n int) string {
	sum := sha256.Sum256([]byte(fmt.Sprintf("%d:%s%s", len(user), user, name)))
	return fmt.Sprintf("usercategory/%s/%s/%d", hex.EncodeToString(sum[:12]), digest(messageID), n)
}

// RefuseKey names the fact that the tracker refused a mail, by the Message-ID of its
// answer.
func RefuseKey(answer string) string { return "mail/" + digest(answer) + "/reject" }

// Link is a bug's page.
func Link(bug int) string {
	if bug <= 0 {
		return ""
	}
	return fmt.Sprintf("https://bugs.debian.org/%d", bug)
}

// messageKey bounds the length of a key: some mailers and all spammers write
// ids of any size.
func messageKey(bug int, what, id string) string {
	const most = 250
	if strings.HasPrefix(id, "<") && strings.HasSuffix(id, ">") {
		id = id[1 : len(id)-1]
	}
	if len(id) > most || strings.ContainsRune(id, 0) {
		id = digest(id)
	}
	return fmt.Sprintf("bug/%d/%s/%s", bug, what, id)
}
