/** Starts every line that the guard says; what a board's shell start-up files print is not ours. */
export const GUARD_MARK = 'VASCOPE:'

/**
 * The shell script that stands on the board between sshd and the daemon, for as long as the session lasts:
 *
 * 1. says what the board is and makes a private folder for the daemon:
 *    `VASCOPE: board <kernel> <machine> <uid> <folder>`, or `VASCOPE: no-folder <reasons>`;
 * 2. waits for one line, `<file in the folder> <sha256> <arguments>`, while the desktop uploads that file;
 * 3. checks the file, tries it, says `VASCOPE: run`, and runs it as root on its own stdin and stdout;
 * 4. removes the folder, whatever happened.
 *
 * One process does all of this because then there is no moment at which a cut connection leaves something: the desktop's end,
 * however it comes, is the end of the guard's input (step 2) or of the daemon's (step 3), and both lead to step 4. The desktop
 * itself removes the file as soon as the daemon speaks (deploy.ts), so that a board that crashes under a test has nothing left
 * either. What only a power cut during the upload can leave, the next session's guard sweeps away by the dead process in its name.
 *
 * The folder is made by us with mode 0700, in a place where nobody else could put another in its stead, and a file in it must run.
 */
export const GUARD = `
umask 077
dir=
reasons=
say() { printf '${GUARD_MARK} %s\\n' "$*"; }
clean() { [ -z "$dir" ] || rm -rf "$dir"; }
trap clean EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 141' PIPE
trap 'exit 143' TERM

no() {
	reasons="$reasons$1: $2; "
	return 1
}

try() {
	[ -n "$1" ] || return 1
	mkdir -p "$1" 2>/dev/null || no "$1" 'cannot be made' || return 1
	case $(ls -ldL "$1") in
	d???????w[tT]*) ;;
	d???????w*) no "$1" 'anybody may rename things there' || return 1 ;;
	esac
	for old in "$1"/vascope.*; do
		[ -d "$old" ] && [ -O "$old" ] && ! kill -0 "\${old##*.}" 2>/dev/null && rm -rf "$old"
	done
	mkdir -m 700 "$1/vascope.$$" 2>/dev/null || no "$1" 'not writable' || return 1
	dir=$1/vascope.$$
	printf '#!/bin/sh\\nexit 0\\n' >"$dir/probe" && chmod 700 "$dir/probe"
	if "$dir/probe" 2>/dev/null; then
		rm -f "$dir/probe"
		return 0
	fi
	rm -rf "$dir"
	dir=
	no "$1" 'full, or programs may not run there (noexec)'
}

uid=$(id -u)
runtime=\${XDG_RUNTIME_DIR:-/run/user/$uid}
[ -d "$runtime" ] || runtime=
if try "$runtime" || try "\${HOME:+$HOME/.cache}" || try /var/tmp || try /tmp; then
	say "board $(uname -sm) $uid $dir"
else
	say "no-folder $reasons"
	exit 1
fi

read -r file sum arguments || exit 0
bin=$dir/$file
if command -v sha256sum >/dev/null; then
	have=$(sha256sum <"$bin")
	[ "\${have%% *}" = "$sum" ] || { say "damaged \${have%% *}"; exit 1; }
fi
if [ "$uid" != 0 ]; then
	command -v sudo >/dev/null || { say no-sudo; exit 1; }
	set -- sudo -n "$bin"
else
	set -- "$bin"
fi
tried=$("$@" --version 2>&1 </dev/null) || {
	code=$?
	say "cannot-run $code $(echo "$tried" | tr '\\n' ' ')"
	exit 1
}
say run
# Words without anything that a shell would look at: deploy.ts makes them.
"$@" $arguments
`
