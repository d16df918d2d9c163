# Mailman 3 as its package leaves it, with the list soups@lists.example.org, beside the
# Postfix of postfix.sh. It confirms whoever joins or leaves.
install -d -o list -g list /etc/mailman3 /var/lib/mailman3 /var/log/mailman3 /run/mailman3
cp /usr/share/mailman3/mailman.cfg.sample /etc/mailman3/mailman.cfg
# No more of its processes than mails need.
for runner in archive bounces digest nntp rest retry shunt; do
	printf '[runner.%s]\nstart: no\n' $runner >>/etc/mailman3/mailman.cfg
done
mailman() { (cd / && setpriv --reuid list --regid list --clear-groups /usr/bin/mailman -C /etc/mailman3/mailman.cfg "$@"); }
mailman create soups@lists.example.org
mailman start
until_ bash -c ": </dev/tcp/127.0.0.1/8024"
postconf -e transport_maps=hash:/var/lib/mailman3/data/postfix_lmtp \
	'local_recipient_maps=proxy:unix:passwd.byname $alias_maps hash:/var/lib/mailman3/data/postfix_lmtp'
postfix reload

# subscribed: whether the address is on the list.
subscribed() { mailman members soups@lists.example.org | grep -qx busbar@lists.example.org; }
left() { ! subscribed; }
