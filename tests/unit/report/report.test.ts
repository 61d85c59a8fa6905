import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { html } from '../../../engine/report/html'
import { report } from '../../../engine/report/report'
import { openRecording } from '../../../engine/session/recording'
import { SessionWriter } from '../../../engine/store/writer'
import { Frame } from '../../../engine/wire/messages'
import { createVm, frame, insert, remove } from '../stream'

let dir: string
let text: string

beforeAll(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'vascope-report-'))
  const file = path.join(dir, 's.vascope')
  const command = 'vascope run --board virtual --scenario vm-bind-churn --seed 1'
  const writer = new SessionWriter(file, {
    program: 'vascope test',
    board: 'virtual',
    title: '<script>alert(1)</script>',
    command,
    startedRealtimeNs: 1_790_000_000_000_000_000,
    facts: { emulated: 'true', 'board.kernel.package': 'linux 7.3' }
  })
  writer.frame(frame.hello())
  writer.frame(frame.capabilities())
  writer.frame(
    frame.events(1, [...createVm(0, 1, 2), insert(1, 1, 0x100021, 16), insert(2, 2, 0x100100, 1), remove(50, 2)])
  )
  const totals = { produced: 12, delivered: 5, droppedKernel: 4, droppedQueue: 3 }
  writer.frame(Frame.encode({ loss: { kinds: [{ kind: 5, kernel: 4, queue: 3 }] } }).finish())
  writer.frame(Frame.encode({ goodbye: { reason: 1, totals } }).finish())
  writer.close(true)
  text = report(openRecording(file))
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

describe('the report', () => {
  it('escapes what comes from a board or a user', () => {
    expect(html`<p>${'<&"\'>'}</p>`.text).toBe('<p>&#60;&#38;&#34;&#39;&#62;</p>')
    expect(text).not.toContain('<script')
    expect(text).toContain('&#60;script&#62;')
  })

  it('needs nothing from outside', () => {
    expect(text).not.toMatch(/(?:src|href)=|url\(|@import/)
  })

  it('has the fingerprint, the policies, the longest-lived mapping, the ledger and the command', () => {
    for (const part of [
      '7.3.4-test',
      'linux 7.3',
      'nothing is rendered',
      'VM_BIND VM: a vm_bo holds its BO',
      '0x1_0002_1000',
      'balances: produced = delivered + dropped',
      '7 events were lost',
      'vascope run --board virtual --scenario vm-bind-churn --seed 1'
    ])
      expect(text).toContain(part)
  })

  it('gives the same bytes for the same file', () => {
    expect(report(openRecording(path.join(dir, 's.vascope')))).toBe(text)
  })
})
