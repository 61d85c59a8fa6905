import readline from 'node:readline'
import { Writable } from 'node:stream'
import type { Ask } from '../engine/connect/connection'
import { say } from './output'

/** Asks on the terminal. Without one the answer is no, and the error that follows says what to do. */
export const askOnTerminal: Ask = async ({ kind, title, detail }) => {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return null
  say(`${title}\n${detail}`)
  if (kind === 'password' || kind === 'passphrase') return prompt(`${kind}: `, true)
  const answer = await prompt('Trust this key? Type yes to go on: ', false)
  return answer?.trim() === 'yes' ? 'yes' : null
}

/** Whether to go on with what may leave the board in need of a reboot; without a terminal the answer is no. */
export async function confirmDestructive(ids: readonly string[], board: string): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return false
  say(`${ids.join(', ')} may leave ${board} in need of a reboot.`)
  return (await prompt('Run it all the same? Type yes to go on: ', false))?.trim() === 'yes'
}

function prompt(text: string, hidden: boolean): Promise<string | null> {
  const output = hidden ? new Writable({ write: (_chunk, _encoding, done) => done() }) : process.stderr
  if (hidden) process.stderr.write(text)
  const lines = readline.createInterface({ input: process.stdin, output, terminal: true })
  return new Promise((resolve) => {
    lines.on('SIGINT', () => lines.close())
    lines.on('close', () => resolve(null))
    lines.question(hidden ? '' : text, (answer) => {
      resolve(answer)
      lines.close()
      if (hidden) process.stderr.write('\n')
    })
  })
}
