#!/bin/bash
# Builds the RPM packages, for each ARCH (amd64 arm64), from the same list as the
# Debian ones and with their descriptions: rpm.sh FOLDER ARCH... VERSION can be set.
set -eu

out=$(realpath -m "$1")
shift
cd "$(dirname "$0")/../.."
command -v rpmbuild >/dev/null || {
	echo "rpm.sh: rpmbuild is not there; on Debian: apt install rpm" >&2
	exit 1
}
VERSION=${VERSION:-$(contrib/package/version.sh)}
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(contrib/package/version.sh date)}
export VERSION SOURCE_DATE_EPOCH
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# described PACKAGE: its description, of contrib/package/debian/control.
described() {
	awk -v p="$1" '$1 == "Package:" {on = $2 == p} /^Description:/ && on {text = 1; next} text && /^ / {sub(/^ \.?/, ""); print; next} {text = 0}' contrib/package/debian/control
}
summary() {
	awk -v p="$1" '$1 == "Package:" {on = $2 == p} /^Description:/ && on {sub(/^Description: */, ""); print; exit}' contrib/package/debian/control
}

# package NAME BUILD: its part of the spec. What runs is started again by an upgrade,
# and stays as it was otherwise; users and folders are made by systemd's own tools.
package() {
	local units
	units=$(LIST=1 contrib/package/install.sh "$2" "" "$1" | awk '$3 ~ /systemd\/system\/[^\/]*\.service$/ {sub(/.*\//, "", $3); printf "%s ", $3}')
	echo "%package -n $1"
	echo "Summary: $(summary "$1")"
	[ "$1" = busbar ] || [ "$1" = busbar-doc ] || echo "Requires: busbar = %{version}-%{release}"
	printf '\n%%description -n %s\n%s\n\n' "$1" "$(described "$1")"
	if [ -n "$units" ]; then
		echo "%post -n $1"
		[ "$1" != busbar ] || echo "systemd-sysusers busbar.conf >/dev/null 2>&1 || :; systemd-tmpfiles --create busbar.conf >/dev/null 2>&1 || :"
		echo "[ ! -d /run/systemd/system ] || systemctl daemon-reload >/dev/null 2>&1 || :"
		echo "%preun -n $1"
		echo "[ \$1 -gt 0 ] || [ ! -d /run/systemd/system ] || systemctl --no-reload disable --now $units >/dev/null 2>&1 || :"
		echo "%postun -n $1"
		echo "[ ! -d /run/systemd/system ] || { systemctl daemon-reload; [ \$1 -lt 1 ] || systemctl try-restart $units; } >/dev/null 2>&1 || :"
	fi
	echo "%files -n $1"
	LIST=1 contrib/package/install.sh "$2" "" "$1" | awk '{printf "%%attr(%s, root, root) %s%s\n", $2, $3, ($3 ~ /share\/man/ ? "*" : "")}'
	echo
}

for arch in "$@"; do
	case $arch in amd64) machine=x86_64 ;; arm64) machine=aarch64 ;; *) echo "rpm.sh: $arch is neither amd64 nor arm64" >&2 && exit 64 ;; esac
	build=$work/$arch
	contrib/package/build.sh "$arch" "$build"
	{
		cat <<-END
			%global _build_id_links none
			%global __strip /bin/true
			%global __brp_compress %{nil}
			%global debug_package %{nil}
			%global clamp_mtime_to_source_date_epoch 1
			%global use_source_date_epoch_as_buildtime 1
			%global _buildhost busbar
			Name: busbar-all
			Version: $VERSION
			Release: 1
			Summary: Adapters that carry what a distribution's services say onto a bus
			License: MIT
			AutoReqProv: no
			%description
			All of Busbar, in parts.
			%install
			cd $PWD
			contrib/package/install.sh $build %{buildroot}
		END
		awk '!/^(#|$)/ {print $1}' contrib/package/files | sort -u | while read -r name; do package "$name" "$build"; done
	} >"$work/busbar.spec"
	rpmbuild -bb --quiet --target "$machine" --define "_topdir $work/rpm" --define "_rpmdir $work/out" "$work/busbar.spec" >"$work/log" 2>&1 || {
		cat "$work/log" >&2
		exit 1
	}
done
find "$work/out" -name '*.rpm' -exec mv -t "$out" {} +
(cd "$out" && ls -- *.rpm)
