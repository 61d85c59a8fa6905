import { randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import type { Client, SFTPWrapper } from 'ssh2'
import { VascopeError } from '../../problem'
import type { Connection } from '../connection'
import { quote } from './shell'

/**
 * Writes a file on the board, replacing it whole: the bytes go to a file beside it, by SFTP or, where the board has none, through
 * `cat`; only when all of them are there is that one given its mode and renamed.
 */
export async function upload(
  client: Client | null,
  connection: Pick<Connection, 'exec' | 'spawn' | 'closed'>,
  local: string,
  remote: string,
  mode: number
): Promise<void> {
  if (!remote.startsWith('/')) throw new Error(`not an absolute path on the board: ${remote}`)
  const { size } = await stat(local)
  const part = `${remote}.${randomBytes(4).toString('hex')}.part`
  const run = async (command: string): Promise<void> => {
    const { code, stderr } = await connection.exec(command)
    if (code !== 0) throw uploadFailed(remote, stderr.trim() || `exit code ${code}`)
  }
  try {
    const sftp = client && (await openSftp(client))
    if (sftp) await putBySftp(sftp, connection, local, part, remote)
    else await putByCat(connection, local, part, remote)
    // The size tells a full disk that cat or the SFTP server did not report.
    await run(
      `[ "$(wc -c < ${quote(part)})" -eq ${size} ] || { echo 'the file arrived cut short' >&2; exit 1; }; ` +
        `chmod ${mode.toString(8)} ${quote(part)} && mv -f ${quote(part)} ${quote(remote)}`
    )
  } catch (error) {
    await connection.exec(`rm -f ${quote(part)}`).catch(() => undefined) // the first error is the one that tells
    throw error
  }
}

/** null when the board has no SFTP, or no connection any more, which the next command tells. */
function openSftp(client: Client): Promise<SFTPWrapper | null> {
  return new Promise((resolve) => {
    try {
      client.sftp((error, sftp) => resolve(error ? null : sftp))
    } catch {
      resolve(null)
    }
  })
}

async function putBySftp(
  sftp: SFTPWrapper,
  connection: Pick<Connection, 'closed'>,
  local: string,
  part: string,
  remote: string
): Promise<void> {
  try {
    const put = new Promise<void>((resolve, reject) => {
      sftp.on('error', reject)
      sftp.fastPut(local, part, { mode: 0o600 }, (error) => (error ? reject(error) : resolve()))
    })
    const lost = connection.closed.then((reason) => {
      throw reason ?? new Error('the connection was closed')
    })
    await Promise.race([put, lost])
  } catch (error) {
    if (error instanceof VascopeError) throw error
    throw uploadFailed(remote, (error as Error).message, error)
  } finally {
    sftp.end()
  }
}

async function putByCat(
  connection: Pick<Connection, 'spawn'>,
  local: string,
  part: string,
  remote: string
): Promise<void> {
  const cat = await connection.spawn(`umask 077; cat > ${quote(part)}`)
  cat.stdio.resume()
  await pipeline(createReadStream(local), cat.stdio, { end: true })
  const { code } = await cat.exited
  if (code !== 0) throw uploadFailed(remote, cat.stderr().trim() || `cat ended with ${code}`)
}

function uploadFailed(remote: string, reason: string, cause?: unknown): VascopeError {
  return new VascopeError(
    'upload-failed',
    `${remote} could not be written on the board: ${reason}.`,
    'Look for a full or read-only file system there (`df -h`, `mount`).',
    undefined,
    { cause }
  )
}
