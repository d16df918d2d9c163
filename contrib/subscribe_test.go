package contrib

import (
	"strings"
	"testing"
)

// aSubscription begins a session of the tests below: mail comes to busbar@lists.example.org,
// which may be subscribed. What the page says of the configuration is in it.
func aSubscription(t *testing.T) string {
	return ". contrib/testdata/postfix.sh\n" + commandsOf(t, "mail-postfix.md", "An alias") + `
sed -n '/^` + "```toml" + `$/,/^` + "```" + `$/{/^` + "```" + `/d;p}' docs/howto/subscribe.md >>/etc/busbar/mail2bus.toml
# A forged confirmation: of whom, with which subject.
forged() { printf 'From: %s\nTo: busbar@lists.example.org\nSubject: %s\nIn-Reply-To: <guessed@lists.example.org>\n\nPlease.\n' "$1" "$2" | sendmail -f mallory@example.org busbar@lists.example.org; }
says() { mail2bus subscriptions | grep -q "$@"; }
skips() { mail2bus status | grep -q "skipped.* $1"; }
`
}

// TestSubscribePage runs the commands of docs/howto/subscribe.md with a real SmartList, as
// lists.debian.org has it, and a real Postfix.
func TestSubscribePage(t *testing.T) {
	m := newMachine(t, "postfix smartlist")
	// A person waits until there is something to look at.
	looks := strings.Replace(commandsOf(t, "subscribe.md", "Look before it is confirmed"), "mail2bus subscriptions --confirm", "until_ says ^shown\nmail2bus subscriptions --confirm", 1)
	out := m.session(aSubscription(t) + `
. contrib/testdata/smartlist.sh
daemon
until_ mail2bus status
forged "SmartList <soups-request@lists.example.org>" "CONFIRM s1129115410287"
until_ says "nobody asked for it"
` + commandsOf(t, "subscribe.md", "Subscribe") + `
forged "SmartList <cooks-request@lists.example.org>" "CONFIRM s1129115410287"
until_ subscribed
until_ says ^confirmed
until_ says "it answers another mail than the request"
letter 1 | sed 's/^To:.*/To: cooks@lists.example.org/; /^List-Id:/d' | sendmail -f busbar@lists.example.org cooks@lists.example.org
until_ says "its first mail came"
published 1
` + looks + `
until_ left
until_ says ^ended
mail2bus check
fails 1 grep -q panic /var/log/mail2bus.log
[ "$(grep -c "a list was answered" /var/log/mail2bus.log)" = 2 ]
echo session: all is well
`)
	want(t, out, "session: all is well", "asked     cooks@lists.example.org")
}
