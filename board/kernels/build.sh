#!/bin/bash
# Builds the modules of a kernel that is not Debian's own into OUT, a folder that does not exist yet.
#
#   build.sh ARCHIVE OUT KERNEL VERSION VARIANT
#
# VARIANT is a folder here: its patches, in order, are laid over drm_gpuvm and msm of the package linux-source that has
# exactly Debian's VERSION. OUT gets modules.cpio, to be appended to the guest's initramfs. As in ../build.sh, lines on stdout
# that begin with @progress carry a fraction and what is being done.
set -euo pipefail

archive=$1 out=$2 kernel=$3 version=$4 variant=$5
here=$(cd "$(dirname "$0")/.." && pwd)
. "$here/packages.sh"
. "$here/build-root.sh"

umask 022
mkdir "$out"
out=$(cd "$out" && pwd)
work=$out/work
root=$work/build-root
mkdir -p "$work/guest"

progress 0.01 "fetching the source of kernel $version"
series=$(grep -oE '^[0-9]+\.[0-9]+' <<<"$kernel")
source_deb=$(fetch fetch "$(dpkg --print-architecture)" "linux-source-$series=$version")
header_debs=$(fetch_headers "$kernel" "$version")
progress 0.05 "fetching the compiler"
build_debs=$(fetch closure "$(dpkg --print-architecture)" "${BUILD_PACKAGES[@]}" "${KERNEL_PACKAGES[@]}")

progress 0.1 "unpacking the compiler"
make_build_root <<<"$build_debs
$header_debs"
mkdir "$root/patches"

progress 0.15 "unpacking the source"
tree=/build/linux
mkdir "$root$tree"
dpkg-deb --fsys-tarfile "$source_deb" | tar --extract --to-stdout "./usr/src/linux-source-$series.tar.xz" |
	xz --decompress --stdout --threads=0 |
	tar --extract --directory "$root$tree" --strip-components=1 --wildcards \
		"linux-source-$series/drivers/gpu/drm/*.h" "linux-source-$series/drivers/gpu/drm/drm_gpuvm.c" \
		"linux-source-$series/drivers/gpu/drm/msm/*" "linux-source-$series/include/drm/*"
cp "$here/kernels/$variant"/*.patch "$root/patches/"
for patch in "$root"/patches/*.patch; do
	in_build_root patch --directory "$tree" --strip=1 --batch --forward --fuzz=0 --input "/patches/${patch##*/}" >&2 ||
		{ echo "${patch##*/} of the kernel $variant does not apply to linux-source-$series $version" >&2; exit 1; }
done
# The patched headers in the place of the packaged ones, and msm where its trace headers are looked for: from include/trace.
headers=$(echo "$root"/usr/src/linux-headers-*-common)
cp -rT "$root$tree/include/drm" "$headers/include/drm"
mkdir -p "$headers/drivers/gpu"
ln -s "$tree/drivers/gpu/drm" "$headers/drivers/gpu/drm"

# installed MODULE PATH: takes the module over into the guest, in the place of Debian's.
installed() {
	local module=$1 to=$work/guest/usr/lib/modules/$kernel/$2
	mkdir -p "${to%/*}"
	# The BTF that tracing needs is no debug information, and stays.
	in_build_root aarch64-linux-gnu-strip --strip-debug "$module"
	in_build_root aarch64-linux-gnu-readelf --wide --sections "$module" | grep -q ' \.BTF ' ||
		{ echo "${module##*/} has no BTF" >&2; exit 1; }
	cp "$root$module" "$to"
}

# Only where the variant changes it; otherwise Debian's own stays.
if grep -q '^+++ b/drivers/gpu/drm/drm_gpuvm.c' "$root"/patches/*.patch; then
	progress 0.2 "compiling drm_gpuvm"
	mkdir "$root/build/gpuvm"
	cp "$root$tree/drivers/gpu/drm/drm_gpuvm.c" "$root/build/gpuvm/"
	echo 'obj-m := drm_gpuvm.o' >"$root/build/gpuvm/Kbuild"
	make_module "$kernel" /build/gpuvm modules >&2
	installed /build/gpuvm/drm_gpuvm.ko kernel/drivers/gpu/drm/drm_gpuvm.ko
fi

progress 0.25 "compiling msm"
msm=$tree/drivers/gpu/drm/msm
sources=$(find "$root$msm" -name '*.c' | wc -l)
make_module "$kernel" "$msm" modules | tee >(cat >&2) | awk -v all="$sources" '
	/^ *CC / { printf "@progress %.2f compiling msm\n", 0.25 + 0.6 * (done++ < all ? done / all : 1); fflush() }'
progress 0.9 "packing the modules"
installed "$msm/msm.ko" kernel/drivers/gpu/drm/msm/msm.ko

(cd "$work/guest" && find . -print0 | LC_ALL=C sort -z | cpio --null --create --format=newc --owner=+0:+0 --quiet) >"$out/modules.cpio"
rm -rf "$work"
progress 1 "modules of the kernel $variant ready"
