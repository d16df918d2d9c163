package contrib

const (
	// A mail comes by the spool; where mail2bus is not there, it waits in the mail
	// system's queue, and comes when it is; then it is an event.
	spoolWay = `
letter 1 | sendmail $TO
until_ spooled 1
mv /usr/bin/mail2bus /usr/bin/away
letter 2 | sendmail $TO
until_ deferred $TO
mv /usr/bin/away /usr/bin/mail2bus
until_ retried spooled 2
daemon
published 1 2
echo session: all is well
`
	// A mail comes into a Maildir, while no daemon runs, and is an event when one does,
	// as the user that setup has found.
	maildirWay = `
letter 1 | sendmail $TO
until_ arrived $BOX
mail2bus check
daemon $OWNER
published 1
until_ moved $BOX
echo session: all is well
`
	// A subscription by mail: a command, its code, what is said then; while bus is not there,
	// the mail waits; a mail that comes back is a bounce of its note.
	notifyWay = `
install -d /etc/busbar /etc/busbar/notify.d
cat >/etc/busbar/bus.toml <<END
[notify.mail]
server = "127.0.0.1:25"
tls = "none"
from = "Busbar <busbar@lists.example.org>"
control = "notify-control@lists.example.org"
bounces = "notify-bounces@lists.example.org"
END
install -d -o busbar -g busbar /var/lib/busbar/notify
setpriv --reuid busbar --regid busbar --clear-groups bus notify run --endpoint tcp://127.0.0.1:9 --no-verify 2>/var/log/notify.log &
until_ test -s /var/lib/busbar/notify/outbox.db
command_() { (printf 'From: Alice <alice@lists.example.org>\nSubject: %s\n\n' "$1"; cat) | sendmail -f alice@lists.example.org notify-control@lists.example.org; }
mv /usr/bin/bus /usr/bin/away
echo 'subscribe hello' | command_ please
until_ deferred notify-control
mv /usr/bin/away /usr/bin/bus
until_ retried grep -q '^CONFIRM ' /var/mail/alice
grep '^CONFIRM ' /var/mail/alice | command_ 'Re: yes'
until_ grep -q 'is subscribed to hello' /var/mail/alice
echo nosuchuser@lists.example.org >/home/alice/.forward
chown alice /home/alice/.forward
echo which | command_ again
bounced() { setpriv --reuid busbar --regid busbar --clear-groups bus notify status | grep 'bounced 1'; }
until_ bounced
echo session: all is well
`
	// A copy goes to the bus, the mail into the mailbox; where mail2bus is not there, the
	// mail is in the mailbox alone, and can be handed in.
	sieveWay = `
start
postfix reload
letter 1 | sendmail alice@lists.example.org
until_ spooled 1
until_ arrived /home/alice/Maildir
mv /usr/bin/mail2bus /usr/bin/away
letter 2 | sendmail alice@lists.example.org
until_ grep -q "Soup 2" -r /home/alice/Maildir/new
mv /usr/bin/away /usr/bin/mail2bus
fails 1 spooled 2
mail2bus deliver --spool /var/spool/busbar/mail <"$(grep -l "Soup 2" -r /home/alice/Maildir/new)"
daemon
published 1 2
echo session: all is well
`
)

var mailWays = []mailWay{
	{"mail-postfix.md", "A pipe service", "postfix", "postfix.sh", "TO=busbar+bugs@lists.example.org" + spoolWay},
	{"mail-postfix.md", "An alias", "postfix", "postfix.sh", "TO=busbar@lists.example.org\nletter 9 | sendmail postmaster\n" + spoolWay},
	{"mail-postfix.md", "A user's .forward", "postfix", "postfix.sh", "TO=lists@lists.example.org" + spoolWay},
	{"mail-postfix.md", "A user's Maildir", "postfix", "postfix.sh", "TO=alice+lists@lists.example.org BOX=/home/alice/Lists OWNER=alice" + maildirWay},
	{"mail-postfix.md", "Virtual mailboxes", "postfix", "postfix.sh", "TO=cooks@lists.example.net BOX=/srv/vmail/cooks OWNER=vmail" + maildirWay},
	{"notify-self.md", "With Postfix", "postfix", "postfix.sh", notifyWay},
	{"mail-exim.md", "Debian's split configuration", "exim", "exim.sh", "TO=busbar+bugs@lists.example.org" + spoolWay},
	{"mail-exim.md", "One file of configuration", "exim", "exim-one.sh", "TO=busbar@lists.example.org" + spoolWay},
	{"mail-exim.md", "A user's .forward", "exim", "exim.sh", "TO=lists@lists.example.org" + spoolWay},
	{"mail-exim.md", "A user's Maildir", "exim", "exim.sh", "TO=alice@lists.example.org BOX=/home/alice/Maildir OWNER=alice" + maildirWay},
	{"mail-dovecot.md", "A Maildir by LMTP", "dovecot postfix", "dovecot.sh", "start\npostfix reload\nTO=alice@lists.example.org BOX=/home/alice/Maildir OWNER=alice" + maildirWay},
	{"mail-dovecot.md", "A Maildir by LDA", "dovecot postfix", "dovecot.sh", "start\npostfix reload\nTO=alice@lists.example.org BOX=/home/alice/Maildir OWNER=alice" + maildirWay},
	{"mail-dovecot.md", "Sieve", "dovecot postfix", "dovecot.sh", sieveWay},
	{"mail-procmail.md", "procmail", "postfix", "postfix.sh", "TO=lists@lists.example.org" + spoolWay},
	{"mail-procmail.md", "maildrop", "maildrop postfix", "postfix.sh", "TO=lists@lists.example.org" + spoolWay},
}
