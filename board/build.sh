#!/bin/bash
# Builds the image of the virtual board into OUT, a folder that does not exist yet.
#
#   build.sh ARCHIVE OUT KERNEL VERSION SUITE
#
# ARCHIVE is a folder of archive.sh, refreshed. KERNEL is what uname -r will say, VERSION its Debian package version,
# SUITE where that is. Lines on stdout that begin with @progress carry a fraction and what is being done.
set -euo pipefail

archive=$1 out=$2 kernel=$3 version=$4 suite=$5
here=$(cd "$(dirname "$0")" && pwd)
. "$here/packages.sh"
. "$here/build-root.sh"

umask 022
# Private keys go into it.
mkdir --mode=700 "$out"
out=$(cd "$out" && pwd)
work=$out/work
root=$work/build-root
guest=$work/guest
mkdir -p "$guest" "$work/uapi"

# Without the packages whose name matches the pattern.
without() {
	local deb name
	while read -r deb; do
		name=${deb##*/}
		[[ ${name%%_*} =~ $1 ]] || echo "$deb"
	done
}

progress 0.02 "fetching Debian's kernel $kernel"
image_deb=$(fetch fetch arm64 "linux-image-$kernel=$version")
# Since 7.x the image package only names those that hold the kernel, its modules and their lists.
mapfile -t kernel_parts < <(depends "$image_deb" '^linux-(base|binary|modules)-')
kernel_debs=$image_deb
[ ${#kernel_parts[@]} = 0 ] || kernel_debs=$(fetch fetch arm64 "${kernel_parts[@]/%/=$version}")
libc_dev_deb=$(fetch fetch arm64 "linux-libc-dev=$version")
header_debs=$(fetch_headers "$kernel" "$version")

progress 0.15 "fetching the guest's packages"
guest_debs=$(fetch closure arm64 "${GUEST_PACKAGES[@]}")
progress 0.25 "fetching the compiler"
build_debs=$(fetch closure "$(dpkg --print-architecture)" "${BUILD_PACKAGES[@]}")

progress 0.45 "unpacking the compiler"
make_build_root <<<"$build_debs
$header_debs
$kernel_debs"
extract "$work/uapi" <<<"$libc_dev_deb"

progress 0.65 "compiling the agent and the self test"
cp -r "$here/agent" "$here/selftest" "$root/build/"
# The headers common to all architectures, and the few that are arm64's own.
cp -r "$work/uapi/usr/include" "$root/build/uapi"
rm -rf "$root"/build/uapi/*-linux-*
arch_headers=$(find "$work/uapi/usr" -type d \( -path '*aarch64-linux-gnu/asm' -o -path '*linux-libc-dev/aarch64*/asm' \) | head -1)
[ -z "$arch_headers" ] || cp -rT "$arch_headers" "$root/build/uapi/asm"
make_module "$kernel" /build/agent -s modules >&2
in_build_root make -s -C /build/selftest CC=aarch64-linux-gnu-gcc-14 UAPI=/build/uapi >&2

progress 0.75 "assembling the guest"
extract "$guest" < <(without "$GUEST_UNUSED" <<<"$guest_debs")
rm -rf "$guest"/usr/share/{doc,man,info,locale,lintian,bug,zsh,bash-completion} "$guest"/usr/lib/{systemd,*/gconv}
"$here/guest.sh" "$guest" "$here/guest"

modules=$guest/usr/lib/modules/$kernel
mkdir -p "$modules/extra"
in_build_root depmod "$kernel"
cp "$root/usr/lib/modules/$kernel"/modules.{order,builtin,builtin.modinfo} "$modules/"
# Only what is loaded, and unpacked: an emulated processor takes seconds to do it.
in_build_root modprobe --set-version "$kernel" --show-depends --all "${GUEST_MODULES[@]}" |
	awk '$1 == "insmod" { print $2 }' | sort -u |
	while read -r file; do
		to=$guest/usr/lib/modules/${file#*/lib/modules/}
		mkdir -p "${to%/*}"
		case $file in
		*.xz) xz --decompress --stdout "$root$file" >"${to%.xz}" ;;
		*) cp "$root$file" "$to" ;;
		esac
	done
in_build_root aarch64-linux-gnu-strip --strip-debug /build/agent/virt-adreno.ko
cp "$root/build/agent/virt-adreno.ko" "$modules/extra/"
cp "$root/build/selftest/selftest" "$guest/usr/bin/board-selftest"
# depmod reads the guest's modules from inside the build root.
rm -rf "$root/guest"
mkdir -p "$root/guest/usr/lib/modules" "$root/guest/lib"
cp -r "$modules" "$root/guest/usr/lib/modules/"
ln -s ../usr/lib/modules "$root/guest/lib/modules"
in_build_root depmod --basedir /guest "$kernel"
cp "$root/guest/usr/lib/modules/$kernel"/modules.* "$modules/"

progress 0.9 "making keys"
mkdir -p "$out/keys"
ssh-keygen -q -t ed25519 -N '' -C 'vascope virtual board' -f "$out/keys/id_ed25519"
ssh-keygen -q -t ed25519 -N '' -C 'vascope virtual board' -f "$guest/etc/ssh/ssh_host_ed25519_key"
cp "$guest/etc/ssh/ssh_host_ed25519_key.pub" "$out/keys/host.pub"
for home in root home/lab; do
	install -D -m 600 "$out/keys/id_ed25519.pub" "$guest/$home/.ssh/authorized_keys"
	chmod 700 "$guest/$home/.ssh"
done

progress 0.93 "packing the image"
(cd "$guest" && find . -print0 | LC_ALL=C sort -z | cpio --null --create --format=newc --owner=+0:+0 --quiet) >"$out/root.cpio"
cp "$(find "$root/usr/lib/modules/$kernel" "$root/boot" -name 'vmlinuz*' -type f | head -1)" "$out/vmlinuz"
dtc -@ -Wno-interrupts_property -Wno-unique_unit_address -I dts -O dtb -o "$out/board.dtbo" "$here/virt.dtso"
cp -r "$root/build/uapi" "$out/uapi"
cat >"$out/manifest.json" <<EOF
{
  "kernel": { "release": "$kernel", "package": "linux-image-$kernel", "version": "$version", "suite": "$suite",
    "variant": "mainline", "patches": [] },
  "libcDev": "$version",
  "agentSha256": "$(sha256sum "$modules/extra/virt-adreno.ko" | cut -d' ' -f1)",
  "compiler": "$(in_build_root aarch64-linux-gnu-gcc-14 --version | head -1)",
  "userland": "Debian $(cat "$guest/etc/debian_version")",
  "built": "$(date --utc +%Y-%m-%dT%H:%M:%SZ)"
}
EOF
rm -rf "$work"
progress 1 "image ready"
