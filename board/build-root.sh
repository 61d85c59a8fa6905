# A root to compile arm64 kernel modules in, out of Debian's packages and nothing of the machine's own. Sourced by build.sh and
# kernels/build.sh, which set: here (this folder), archive (a folder of archive.sh), root (where it is made).

progress() {
	echo "@progress $1 $2"
}

fetch() {
	bash "$here/archive.sh" "$archive" "$@"
}

# extract TARGET: unpacks the .debs named on stdin. base-files first, it holds the links of the merged /usr.
extract() {
	local target=$1 debs first
	debs=$(cat)
	[ -n "$debs" ] || { echo "no packages to extract into $target" >&2; return 1; }
	first=$(grep '/base-files_' <<<"$debs") && dpkg-deb --extract "$first" "$target"
	grep -v '/base-files_' <<<"$debs" | xargs --max-procs="$(nproc)" -I '{}' dpkg-deb --extract '{}' "$target"
}

depends() {
	dpkg-deb --field "$1" Depends | tr ',' '\n' | awk -v pattern="$2" '$1 ~ pattern { print $1 }'
}

# fetch_headers KERNEL VERSION: downloads what modules of the kernel are compiled against, prints the paths.
fetch_headers() {
	local deb parts
	deb=$(fetch fetch arm64 "linux-headers-$1=$2")
	mapfile -t parts < <(depends "$deb" '^linux-(headers|kbuild)-')
	echo "$deb"
	fetch fetch "$(dpkg --print-architecture)" "${parts[@]/%/=$2}"
}

# make_build_root: of the .debs named on stdin, which nothing configures.
make_build_root() {
	mkdir -p "$root"/{dev,build,tmp}
	extract "$root"
	ln -s mawk "$root/usr/bin/awk"
}

# Runs a command in the build root: as root directly, otherwise as root of a user namespace of its own.
in_build_root() {
	if [ "$(id -u)" = 0 ]; then
		[ -e "$root/dev/null" ] || mknod -m 666 "$root/dev/null" c 1 3
		env -i PATH=/usr/sbin:/usr/bin LC_ALL=C.UTF-8 /usr/sbin/chroot "$root" "$@"
	else
		touch "$root/dev/null"
		env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 unshare --user --map-root-user --mount \
			sh -c 'mount --bind /dev/null "$0/dev/null" && exec chroot "$0" "$@"' "$root" "$@"
	fi
}

# make_module KERNEL FOLDER [TARGET...]: kbuild on a folder of the build root.
make_module() {
	local kernel=$1 folder=$2
	shift 2
	in_build_root make -C "/usr/src/linux-headers-$kernel" M="$folder" ARCH=arm64 \
		CROSS_COMPILE=aarch64-linux-gnu- CC=aarch64-linux-gnu-gcc-14 -j"$(nproc)" "$@"
}
