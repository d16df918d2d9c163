# Exim as Debian's package leaves it on an "internet site", for lists.example.org. SPLIT
# is whether its configuration is split into small files.
echo "Debian-exim:x:4254:4254::/var/spool/exim4:/usr/sbin/nologin" >>/etc/passwd
echo "Debian-exim:x:4254:" >>/etc/group
echo lists.example.org >/etc/mailname
echo "postmaster: root" >/etc/aliases
cat >/etc/exim4/update-exim4.conf.conf <<END
dc_eximconfig_configtype='internet'
dc_other_hostnames='lists.example.org'
dc_local_interfaces='127.0.0.1'
dc_readhost=''
dc_relay_domains=''
dc_minimaldns='true'
dc_relay_nets=''
dc_smarthost=''
CFILEMODE='644'
dc_use_split_config='${SPLIT:-true}'
dc_hide_mailname=''
dc_mailname_in_oh='true'
dc_localdelivery='mail_spool'
END
install -d -o Debian-exim -g Debian-exim -m 750 /var/spool/exim4 /var/lib/exim4 /var/log/exim4
update-exim4.conf

deferred() { exim4 -bp | grep -q "$1"; }
retry() { exim4 -qff; }
