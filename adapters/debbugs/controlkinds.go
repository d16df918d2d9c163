package debbugs

import (
	"fmt"
	"strings"

	"busbar/common/event"
)

var (
	failKind = event.Define("debbugs.control.fail", "a command to the bug tracker failed",
		func(b Failed) string {
			reason, _, _ := strings.Cut(b.Reason, "\n")
			if b.Command == "" {
				return fmt.Sprintf("the commands of %s failed: %s", b.Person.Short(), reason)
			}
			return fmt.Sprintf("a command of %s failed: %s: %s", b.Person.Short(), b.Command, reason)
		}, func(b Failed) string { return b.URL })

	processKind = event.Define("debbugs.control.process", "the bug tracker carried out the commands of a mail",
		func(b Processed) string {
			return fmt.Sprintf("the bug tracker read %s of %s: %s, %d failed", count(len(b.Commands), "command"), b.Requester.Short(), count(b.Changes, "change"), b.Errors)
		}, nil)

	usercategoryKind = event.Define("debbugs.usercategory.update", "a user's category of bugs was set or removed",
		func(b UsercategoryUpdated) string {
			did := "has other contents"
			if b.Removed {
				did = "was removed"
			}
			return fmt.Sprintf("the category %s of %s %s", orNone(b.Name), orNone(b.User), did)
		}, nil)

	refuseKind = event.Define("debbugs.mail.reject", "the bug tracker could do nothing with a mail",
		func(b Refused) string { return "the bug tracker refused a mail: " + orNone(b.Reason) },
		func(b Refused) string { return Link(b.Bug) })

	subscribeKind = event.Define("debbugs.subscription.update", "somebody asked for the mails of a bug, or for no more of them",
		func(b Subscribed) string {
			did := map[string]string{"subscribe": "asked to subscribe to", "confirm": "subscribed to", "unsubscribe": "asked to unsubscribe from",
				"confirm-unsubscribe": "unsubscribed from"}[b.Action]
			if did == "" {
				did = "wrote about the mails of"
			}
			return strings.TrimSuffix(fmt.Sprintf("somebody %s bug #%d: %s", did, b.Bug, b.Title), ": ")
		}, func(b Subscribed) string { return b.URL })
)

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// commandKinds is what an answer to commands yields.
func commandKinds() event.Catalog {
	return event.Catalog{failKind, processKind, usercategoryKind, refuseKind, subscribeKind}
}
