#!/usr/bin/env bash
# Fetches mail systems and list managers and unpacks each into a folder, for the tests of
# contrib: mailsystems.sh DIR [NAME...]. Without names: all but mailman. They conflict with
# each other, and with the one of this machine, so that none is installed. Does nothing
# where all are there. It needs Debian's package lists and the network, and no root.
set -eu

dir=${1:?a folder is missing}
mkdir -p "$dir"
exec 9>"$dir/lock" # tests of several packages ask at once
flock 9
declare -A systems=(
	[postfix]="postfix"
	[exim]="exim4-base exim4-config exim4-daemon-light"
	[dovecot]="dovecot-core dovecot-lmtpd dovecot-sieve"
	[maildrop]="maildrop"
	[smartlist]="smartlist"
	[mailman]="mailman3"
)
names=("${@:2}")
[ ${#names[@]} -gt 0 ] || names=(postfix exim dovecot maildrop smartlist)
for name in "${names[@]}"; do
	[ ! -e "$dir/$name/done" ] || continue
	echo "mailsystems: fetching $name"
	rm -rf "${dir:?}/$name" "$dir/$name.new"
	mkdir -p "$dir/$name.new/debs"
	read -ra packages <<<"${systems[$name]}"
	# And what they need and this machine does not have.
	mapfile -t more < <(apt-get -s -q --no-install-recommends install "${packages[@]}" | sed -n 's/^Inst \([^ ]*\).*/\1/p')
	mapfile -t all < <(printf '%s\n' "${packages[@]}" "${more[@]}" | sort -u)
	(cd "$dir/$name.new/debs" && apt-get -qq -o Acquire::Retries=3 download "${all[@]}")
	for deb in "$dir/$name.new"/debs/*.deb; do
		dpkg-deb -x "$deb" "$dir/$name.new"
	done
	# /lib and the like are links to /usr where the tests lay this over the machine.
	for old in lib bin sbin; do
		[ ! -d "$dir/$name.new/$old" ] || { mkdir -p "$dir/$name.new/usr/$old" && cp -a "$dir/$name.new/$old/." "$dir/$name.new/usr/$old/" && rm -rf "${dir:?}/$name.new/$old"; }
	done
	rm -rf "$dir/$name.new/debs"
	touch "$dir/$name.new/done"
	mv "$dir/$name.new" "$dir/$name"
done
