package control

import (
	"fmt"
	"testing"

	"busbar/common/mail"
)

const report = "From: MAILER-DAEMON@example.org\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nIt did not arrive.\n--b\nContent-Type: message/delivery-status\n\n" +
	"Reporting-MTA: dns; mx.example.org\n\nFinal-Recipient: rfc822; jane@example.org\nAction: %s\nStatus: %s\nDiagnostic-Code: smtp; 550 nobody\n--b--\n"

// TestBounce reads reports as RFC 3464 has them.
func TestBounce(t *testing.T) {
	for _, c := range []struct {
		action, status string
		hard           bool
	}{{"failed", "5.1.1", true}, {"Failed", "5.7.0", true}, {"delayed", "4.4.1", false}, {"failed", "4.4.7", false}, {"delivered", "2.0.0", false}} {
		if why, hard := Bounce(mail.Parse(fmt.Appendf(nil, report, c.action, c.status), mail.DefaultLimits())); hard != c.hard {
			t.Errorf("%+v: %v, %s", c, hard, why)
		}
	}
	if _, hard := Bounce(mail.Parse([]byte("From: x@example.org\n\nStatus: 5.1.1\nAction: failed\n"), mail.DefaultLimits())); hard {
		t.Error("a mail that is no report is one")
	}
	for to, want := range map[string]string{"bounces+abc-1@bus.example.org": "abc-1", "BOUNCES@bus.example.org": "", "bounces+x@other.example.org": "no", "control@bus.example.org": "no", "": "no"} {
		if tag, ok := BounceTag(to, "bounces@bus.example.org"); ok != (want != "no") || ok && tag != want {
			t.Errorf("%s: %q, %v", to, tag, ok)
		}
	}
}
