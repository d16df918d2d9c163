# SmartList as its package leaves it, with the list cooks@lists.example.org, beside the
# Postfix of postfix.sh. It confirms whoever joins or leaves.
cp -a "$MAILSYSTEMS/smartlist/var/list" /srv/list
sed -i 's,:/var/list:,:/srv/list:,' /etc/passwd
sed -e s/listmaster=/listmaster=root/ -e s/INSERT.YOUR.MAIL.DOMAIN.HERE/lists.example.org/ /srv/list/.etc/rc.init.dist >/srv/list/.etc/rc.init
chown list:list /srv/list/.etc/rc.init
install -o list -g list -m 660 /dev/null /srv/list/.etc/reject
(cd /srv/list && setpriv --reuid list --regid list --clear-groups .bin/createlist cooks root@lists.example.org)
cat >>/etc/aliases <<'END'
cooks: "|exec /srv/list/.bin/flist cooks"
cooks-request: "|exec /srv/list/.bin/flist cooks-request"
END
newaliases

# subscribed: whether the address is on the list.
subscribed() { grep -qx busbar@lists.example.org /srv/list/cooks/dist; }
left() { ! subscribed; }
