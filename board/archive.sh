#!/bin/bash
# Debian's archive through a private apt state, so that the machine's own package lists and foreign architectures stay
# as they are, and no root is needed. The mirror, proxies and keys are the ones the machine's apt already uses.
#
#   archive.sh CACHE refresh              fetch the package lists, then write CACHE/kernels
#   archive.sh CACHE fetch ARCH PKG...    download exactly these packages, print the paths of the .debs
#   archive.sh CACHE closure ARCH PKG...  the same, with everything they depend on
set -euo pipefail

SUITES=(trixie-backports trixie)
KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

cache=$(mkdir -p "$1" && cd "$1" && pwd)
verb=$2
shift 2
host_arch=$(dpkg --print-architecture)

mirror() {
	apt-get indextargets --format '$(SITE) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 2>/dev/null |
		awk '$1 ~ /\/debian\/?$/ && $3 == "main" { print $1; exit }'
}

apt_here() {
	local tool=$1 arch=$2
	shift 2
	"$tool" -q -o Dir::Etc::sourcelist="$cache/sources.list" -o Dir::Etc::sourceparts=/dev/null \
		-o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null \
		-o Dir::State="$cache/state" -o Dir::State::status="$cache/state/status" -o Dir::Cache="$cache" \
		-o Debug::NoLocking=1 -o APT::Sandbox::User=root -o Acquire::Languages=none -o Acquire::Retries=3 \
		-o Dir::Cache::pkgcache="packages-$arch.bin" -o Dir::Cache::srcpkgcache= \
		-o APT::Architecture="$arch" -o APT::Architectures=,"$arch" -o APT::Install-Recommends=0 \
		-o pkgCacheGen::ForceEssential=, "$@"
}

prepare() {
	mkdir -p "$cache"/{state/lists/partial,archives/partial}
	: >"$cache/state/status"
	local url
	url=$(mirror)
	if [ -z "$url" ]; then
		echo "apt on this machine has no Debian archive to take the board's packages from: add one to /etc/apt/sources.list.d" >&2
		exit 1
	fi
	for suite in "${SUITES[@]}"; do
		echo "deb [arch=$host_arch,arm64 signed-by=$KEYRING] $url $suite main"
	done >"$cache/sources.list"
}

# The stanzas of the arm64 kernel's metapackage, each with the suite it comes from.
kernels() {
	apt_here apt-get arm64 indextargets --format '$(RELEASE) $(FILENAME)' 'Created-By: Packages' 'Architecture: arm64' |
		while read -r suite file; do
			/usr/lib/apt/apt-helper cat-file "$file" | awk -v suite="$suite" '
				$0 == "Package: linux-image-arm64" { print "Suite: " suite; found = 1 }
				found { print }
				found && $0 == "" { found = 0 }'
		done
}

# apt's "'URI' NAME SIZE HASH" lines as paths in the archive folder.
paths() {
	awk -v dir="$cache/archives" '/^\047/ { print dir "/" $2 }'
}

# apt only names what it has not got, so it is asked where nothing is.
case $verb in
refresh)
	prepare
	apt_here apt-get "$host_arch" -o APT::Architectures=,"$host_arch",arm64 -o APT::Update::Error-Mode=any update >&2
	apt_here apt-get "$host_arch" -o APT::Architectures=,"$host_arch",arm64 autoclean >/dev/null
	kernels >"$cache/kernels.new"
	mv "$cache/kernels.new" "$cache/kernels"
	;;
fetch)
	arch=$1
	shift
	(cd "$cache/archives" && apt_here apt-get "$arch" -qq download "$@" >&2)
	(cd "$cache/state/lists" && apt_here apt-get "$arch" --print-uris download "$@") | paths
	;;
closure)
	arch=$1
	shift
	apt_here apt-get "$arch" -qq install --yes --download-only "$@" >&2
	apt_here apt-get "$arch" -o Dir::Cache::Archives="$cache/state/lists" install --yes --print-uris "$@" | paths
	;;
*)
	echo "archive.sh: unknown verb $verb" >&2
	exit 2
	;;
esac
