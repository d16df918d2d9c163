# The pages of mail systems, each section by its own commands on a system of its own,
# which is lists.example.org and has the user alice.

stage_postfix-pipe() { by_postfix && spool 'mail-postfix.md' 'A pipe service' busbar+bugs@lists.example.org; }
stage_postfix-alias() { by_postfix && spool 'mail-postfix.md' 'An alias' busbar@lists.example.org; }
stage_postfix-forward() { by_postfix && spool 'mail-postfix.md' "A user's .forward" lists@lists.example.org; }
stage_postfix-maildir() { by_postfix && maildir 'mail-postfix.md' "A user's Maildir" alice+lists@lists.example.org /home/alice/Lists alice; }
stage_postfix-virtual() { by_postfix && maildir 'mail-postfix.md' 'Virtual mailboxes' cooks@lists.example.net /srv/vmail/cooks vmail; }
stage_exim-split() { by_exim true && spool 'mail-exim.md' "Debian's split configuration" busbar+bugs@lists.example.org; }
stage_exim-one() { by_exim false && spool 'mail-exim.md' 'One file of configuration' busbar@lists.example.org; }
stage_exim-forward() { by_exim true && spool 'mail-exim.md' "A user's .forward" lists@lists.example.org; }
stage_exim-maildir() { by_exim true && maildir 'mail-exim.md' "A user's Maildir" alice@lists.example.org /home/alice/Maildir alice; }
stage_dovecot-lmtp() { by_dovecot && maildir 'mail-dovecot.md' 'A Maildir by LMTP' alice@lists.example.org /home/alice/Maildir alice; }
stage_dovecot-lda() { by_dovecot && maildir 'mail-dovecot.md' 'A Maildir by LDA' alice@lists.example.org /home/alice/Maildir alice; }
stage_dovecot-sieve() { by_dovecot && sieve 'mail-dovecot.md' 'Sieve'; }
stage_procmail() { by_postfix && spool 'mail-procmail.md' procmail lists@lists.example.org; }
stage_maildrop() { by_postfix && spool 'mail-procmail.md' maildrop lists@lists.example.org; }

dovecot_version() { dovecot --version | cut -d. -f1-2; }

# by_postfix, by_exim SPLIT, by_dovecot: which mail system it is, as its package leaves
# it, but for the name of the machine, and tries that follow each other soon.
by_postfix() {
	useradd --create-home --shell /bin/sh alice
	postconf -e myhostname=lists.example.org mydestination=lists.example.org,localhost recipient_delimiter=+ queue_run_delay=2s minimal_backoff_time=2s maximal_backoff_time=4s
	newaliases
	systemctl restart postfix
	until_ test -S /var/spool/postfix/public/pickup
	renew() { systemctl restart postfix; }
	deferred() { postqueue -p | finds "$1"; }
	again() { postqueue -f; }
}
by_exim() {
	useradd --create-home --shell /bin/sh alice
	quiet apt-get install -qq -y --no-install-recommends /exim/*.deb
	sed -i -e "s/^dc_eximconfig_configtype=.*/dc_eximconfig_configtype='internet'/" -e "s/^dc_other_hostnames=.*/dc_other_hostnames='lists.example.org'/" \
		-e "s/^dc_use_split_config=.*/dc_use_split_config='$1'/" -e "s/^dc_minimaldns=.*/dc_minimaldns='true'/" /etc/exim4/update-exim4.conf.conf
	echo lists.example.org >/etc/mailname
	systemctl restart exim4
	renew() { systemctl restart exim4; }
	deferred() { exim4 -bp | finds "$1"; }
	again() { exim4 -qff; }
}
by_dovecot() {
	by_postfix
	if [ "$(dovecot_version)" = 2.3 ]; then
		sed -i 's,^mail_location = .*,mail_location = maildir:~/Maildir,' /etc/dovecot/conf.d/10-mail.conf
	else
		sed -i -e 's,^mail_driver = .*,mail_driver = maildir,' -e 's,^mail_path = .*,mail_path = ~/Maildir,' -e '/^mail_inbox_path = /d' /etc/dovecot/conf.d/10-mail.conf
	fi
	renew() { systemctl restart dovecot && systemctl restart postfix; }
}

# spool PAGE SECTION ADDRESS: a mail to the address comes by the spool; where mail2bus is
# not there, it waits in the mail system's queue, and comes when it is.
spool() {
	local begun=$SECONDS
	typed "$(commands "howto/$1" "$2")"
	renew
	systemctl is-active --quiet mail2bus || die "mail2bus does not run"
	letter 1 | sendmail -f jane@example.org "$3"
	said mail2bus 'Soup 1'
	say "first event after $((SECONDS - begun)) s; $count commands, and one to restart the mail system"
	mv /usr/bin/mail2bus /usr/bin/away
	letter 2 | sendmail -f jane@example.org "$3"
	until_ deferred "$3"
	mv /usr/bin/away /usr/bin/mail2bus
	until_ brought 'Soup 2'
	said mail2bus 'Soup 2'
}
# brought TEXT: the mail system tries again, which passes by a mail that it still has in
# hand, and then the event is there.
brought() { again && published "$(endpoint mail2bus)" "$1"; }

# maildir PAGE SECTION ADDRESS DIR OWNER: a mail to the address comes into the folder,
# which mail2bus reads as its owner; while it does not run, mails wait there.
maildir() {
	local begun=$SECONDS
	typed "$(commands "howto/$1" "$2")"
	renew
	[ "$(systemctl show -P User mail2bus)" = "$5" ] || die "mail2bus runs as $(systemctl show -P User mail2bus)"
	letter 1 | sendmail -f jane@example.org "$3"
	said mail2bus 'Soup 1'
	say "first event after $((SECONDS - begun)) s; $count commands, and one to restart the mail system"
	systemctl stop mail2bus
	letter 2 | sendmail -f jane@example.org "$3"
	until_ grep -rlq 'Soup 2' "$4/new"
	mail2bus check
	systemctl start mail2bus
	said mail2bus 'Soup 2'

	# A mail that the daemon may not read: everybody who asks is told, until it may.
	letter 3 | install -m 600 /dev/stdin "$4/new/3.root.lists"
	! mail2bus check >$state/check 2>&1 || die "check finds nothing wrong with a mail that cannot be read"
	grep '1 of 1 mails that wait cannot be read' $state/check || die "check says $(cat $state/check)"
	until_ eval "systemctl status mail2bus | finds 'permission denied'"
	until_ eval "journalctl -q -p warning -u mail2bus | finds 'permission denied'"
	chown "$5" "$4/new/3.root.lists"
	said mail2bus 'Soup 3'
}

# sieve PAGE SECTION: a copy goes to the bus, the mail into the mailbox; where mail2bus is not
# there, it is in the mailbox alone, and can be handed in.
sieve() {
	local to=alice@lists.example.org box=/home/alice/Maildir/new
	typed "$(commands "howto/$1" "$2")"
	renew
	letter 1 | sendmail -f jane@example.org $to
	said mail2bus 'Soup 1'
	until_ grep -rlq 'Soup 1' $box
	mv /usr/bin/mail2bus /usr/bin/away
	letter 2 | sendmail -f jane@example.org $to
	until_ grep -rlq 'Soup 2' $box
	mv /usr/bin/away /usr/bin/mail2bus
	mail2bus deliver <"$(grep -rl 'Soup 2' $box)"
	said mail2bus 'Soup 2'
}
