import type { Target } from '../connection'

/** Arguments of OpenSSH's `ssh` for a target that needs nothing from the user's own configuration. */
export function sshArguments(target: Target): string[] {
  const options = [
    'BatchMode=yes',
    'IdentitiesOnly=yes',
    'StrictHostKeyChecking=yes',
    'LogLevel=ERROR',
    `HostKeyAlias=${target.hostKeyAlias}`,
    ...target.knownHosts.slice(0, 1).map((file) => `UserKnownHostsFile=${file}`)
  ]
  return [
    ...['-F', 'none', '-p', String(target.port)],
    ...target.identityFiles.flatMap((file) => ['-i', file]),
    ...options.flatMap((option) => ['-o', option]),
    `${target.user}@${target.host}`
  ]
}
