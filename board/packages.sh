# What the board is made of, by Debian package. Sourced by build.sh.

# Guest userland. Nothing is configured: no maintainer script runs, what matters is laid down by guest/.
GUEST_PACKAGES=(
	base-files netbase libc-bin bash dash coreutils findutils grep sed mawk gzip tar less hostname
	util-linux mount procps kmod iproute2
	openssh-server openssh-sftp-server sudo libpam-modules
	strace
)
# Pulled in for maintainer scripts only.
GUEST_UNUSED='^(adduser|debconf|debianutils|init-system-helpers|libsystemd-shared|libtext-.*|login.defs|lsb-base|perl-base|runit-helper|sensible-utils|systemd|sysvinit-utils|ucf)$'
# Modules that Linux needs to be this board, beside the agent. guest/init loads them. virtio-gpu is the display with an ordinary
# connector, vgem a source of fences that are signalled late or never, zram the swap space.
GUEST_MODULES=(virtio_mmio virtio_net qcom_hwspinlock msm virtio-gpu vgem zram)

# A root to compile in: the compiler that Debian built the kernel with, and what kbuild calls.
BUILD_PACKAGES=(
	base-files bash dash coreutils findutils grep sed mawk xz-utils make perl-base kmod libelf1t64 pahole
	gcc-14-aarch64-linux-gnu
)
# The C library to link the self test with has another name where arm64 is native.
if [ "$(dpkg --print-architecture)" = arm64 ]; then
	BUILD_PACKAGES+=(libc6-dev)
else
	BUILD_PACKAGES+=(libc6-dev-arm64-cross)
fi
# What a kernel that is not Debian's own is built with besides: msm's register headers are written by a script.
KERNEL_PACKAGES=(patch python3)
