#!/bin/sh
# Installs what contrib/package/files lists: install.sh BUILD ROOT [PACKAGE...],
# in the folder of the source. BUILD has bin/ and made/ (build.sh makes it); ROOT
# stands before every place, and may be empty. Without PACKAGE: all of them. With
# LIST=1 nothing is installed: the places are printed, a line each.
set -eu

build=$1 root=$2
shift 2
while read -r package mode place sources; do
	case $package in '' | '#'*) continue ;; esac
	if [ $# -gt 0 ]; then
		case " $* " in *" $package "*) ;; *) continue ;; esac
	fi
	found=
	for pattern in $sources; do
		from=
		case $pattern in bin/* | made/*) from=$build/ ;; esac
		for source in "$from"$pattern; do
			[ -f "$source" ] || continue
			found=yes
			target=$root$place
			case $place in */) target=$target${source##*/} ;; esac
			if [ "${LIST:-}" ]; then
				echo "$package $mode ${target#"$root"}"
			else
				install -D -m "$mode" "$source" "$target"
			fi
		done
	done
	if [ -z "$found" ]; then
		echo "install.sh: nothing is called $sources, which contrib/package/files has for $package: build first (make package)" >&2
		exit 1
	fi
done <contrib/package/files
