# Postfix as its package leaves it on an "Internet site", for lists.example.org.
cat >>/etc/passwd <<END
postfix:x:4250:4250::/var/spool/postfix:/usr/sbin/nologin
END
cat >>/etc/group <<END
postfix:x:4250:
postdrop:x:4252:
END
cp /usr/share/postfix/main.cf.debian /etc/postfix/main.cf
cp /usr/share/postfix/master.cf.dist /etc/postfix/master.cf
cp /usr/share/postfix/dynamicmaps.cf /etc/postfix/dynamicmaps.cf
postconf -e myhostname=lists.example.org mydestination=lists.example.org,localhost mynetworks=127.0.0.0/8 alias_maps=hash:/etc/aliases \
	alias_database=hash:/etc/aliases maillog_file=/var/log/mail.log inet_interfaces=loopback-only recipient_delimiter=+ compatibility_level=3.6 \
	queue_run_delay=2s minimal_backoff_time=2s maximal_backoff_time=4s
install -d /var/spool/postfix
echo "postmaster: root" >/etc/aliases
newaliases
chgrp postdrop /usr/sbin/postdrop /usr/sbin/postqueue
chmod g+s /usr/sbin/postdrop /usr/sbin/postqueue
install -d -m 700 -o postfix /var/lib/postfix
postfix start

deferred() { postqueue -p | grep -q "$1"; }
retry() { postqueue -f; }
