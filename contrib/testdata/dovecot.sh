# Dovecot and Postfix as their packages leave them; mail is in ~/Maildir.
case $(dovecot --version) in
2.3.*) ;;
*) echo "session: for another release: Dovecot 2.3 is tried here, and this is $(dovecot --version)" && exit ;;
esac
. contrib/testdata/postfix.sh
cat >>/etc/passwd <<END
dovecot:x:4255:4255::/usr/lib/dovecot:/usr/sbin/nologin
dovenull:x:4256:4256::/nonexistent:/usr/sbin/nologin
END
cat >>/etc/group <<END
dovecot:x:4255:
dovenull:x:4256:
END
install -d /etc/dovecot
cp -a /usr/share/dovecot/dovecot.conf /usr/share/dovecot/conf.d /etc/dovecot/
sed -i 's/^ssl = yes/ssl = no/; /^ssl_/d' /etc/dovecot/conf.d/10-ssl.conf
sed -i 's,^mail_location = .*,mail_location = maildir:~/Maildir,' /etc/dovecot/conf.d/10-mail.conf
printf 'log_path = /var/log/dovecot.log\nprotocols = lmtp\n' >/etc/dovecot/conf.d/99-session.conf
touch /var/log/dovecot.log
chmod 666 /var/log/dovecot.log # each user logs there
start() { dovecot || { tail /var/log/dovecot.log; doveconf -n | tail -n 40; false; }; }
