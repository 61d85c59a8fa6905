/** `text` as one word of a POSIX shell. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

/**
 * A line for the board's login shell, whatever that is, which runs `command` by sh.
 * csh, tcsh and fish agree with sh on single quotes only as long as they hold no newline, `!` or backslash; a command with one of
 * these is spelled in octal for printf instead, so that no login shell sees anything it could take for its own.
 */
export function loginShellCommand(command: string): string {
  if (!/[\n\r\\!]/.test(command)) return `exec sh -c ${quote(command)}`
  let octal = ''
  for (const byte of Buffer.from(command)) {
    const char = String.fromCharCode(byte)
    octal += /[\w ./:=,+@-]/.test(char) ? char : `\\0${byte.toString(8).padStart(3, '0')}`
  }
  return `exec sh -c 'eval "$(printf %b "${octal}")"'`
}
