#!/bin/bash
# Turns the unpacked packages in GUEST into a system that boots: what Debian's maintainer scripts would have done, as
# little of it as the board needs, and then the files of OVERLAY.
set -euo pipefail

guest=$1 overlay=$2

mkdir -p "$guest"/{dev,proc,sys,run,tmp,root,home/lab,var/tmp,var/log,lib/firmware/qcom}
chmod 1777 "$guest/tmp" "$guest/var/tmp"
chmod 700 "$guest/root"

cp -rT "$overlay" "$guest"
chmod 755 "$guest/init"
chmod 440 "$guest/etc/sudoers.d/lab"
chmod 600 "$guest/etc/shadow"

cp "$guest/usr/share/base-files/nsswitch.conf" "$guest/etc/nsswitch.conf" 2>/dev/null ||
	printf 'passwd: files\ngroup: files\nhosts: files\n' >"$guest/etc/nsswitch.conf"
cp "$guest/usr/share/base-files/profile" "$guest/etc/profile"
ln -sf mawk "$guest/usr/bin/awk"
ln -sf less "$guest/usr/bin/pager"

# 7.3: an A702's sequencer firmware has no version check, and nothing runs it here.
head -c 4100 /dev/zero >"$guest/lib/firmware/qcom/a702_sqe.fw"
