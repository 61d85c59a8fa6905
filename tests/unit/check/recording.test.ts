import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FindingPage } from '../../../engine/api'
import { report } from '../../../engine/report/report'
import { openRecording } from '../../../engine/session/recording'
import { SessionWriter } from '../../../engine/store/writer'
import { Frame } from '../../../engine/wire/messages'
import { frame, type ScriptEvent } from '../stream'
import { at, k, NAMES, snapshotFrame, TASKS } from './script'

let dir: string
beforeAll(() => (dir = mkdtempSync(path.join(tmpdir(), 'vascope-check-'))))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

function recorded(
  name: string,
  events: ScriptEvent[],
  last = [Frame.encode({ goodbye: { reason: 1 } }).finish()]
): string {
  const file = path.join(dir, name)
  const writer = new SessionWriter(file, {
    program: 'vascope test',
    board: 'virtual',
    title: name,
    command: 'vascope record',
    startedRealtimeNs: 1_790_000_000_000_000_000,
    facts: {}
  })
  const frames = [
    frame.hello(),
    frame.capabilities(),
    snapshotFrame(-3, -2),
    frame.events(1, events, { names: NAMES, tasks: TASKS }),
    ...last
  ]
  for (const f of frames) writer.frame(f)
  writer.close(true)
  return file
}

const page = (file: string): FindingPage => openRecording(file).checker.page()
const overlap = [...k.vm(0, 1), ...k.map(3, 1, 32), ...k.map(4, 2, 40), k.pteMap(5, 32), k.pteMap(5, 40), k.later(5000)]

describe('a recording', () => {
  it('is checked as it is opened, with the same keys each time', () => {
    const file = recorded('overlap', overlap)
    const { counts, total, findings, rules } = page(file)
    expect(counts).toEqual({ violation: 1, retention: 0, suspicion: 0, gap: 0 })
    expect([total, findings.map((f) => f.key)]).toEqual([1, ['S2:overlap 1 2']])
    expect(rules.find((r) => r.id === 'S2')).toMatchObject({ checked: true, reason: '', hits: 1 })
    expect(page(file)).toEqual({ counts, total, findings, rules })
  })

  it('is judged once, whoever asks: those who wait for it, and the report behind them', async () => {
    const recording = openRecording(recorded('shared', overlap))
    const gone = new AbortController()
    const [dropped, kept, other] = [recording.judge(gone.signal), recording.judge(), recording.judge()]
    gone.abort()
    await expect(dropped).rejects.toThrow('abort')
    const checker = await kept
    for (const same of [await other, recording.checker, await recording.judge()]) expect(same).toBe(checker)
    expect(checker.page()).toEqual(page(recording.file))
  })

  it('is judged again where the one who asked first gave up', async () => {
    const recording = openRecording(recorded('again', Array.from({ length: 200 }, (_, n) => k.bo(1, n + 1)).flat()))
    const gone = AbortSignal.abort()
    await expect(recording.judge(gone)).rejects.toThrow('abort')
    expect((await recording.judge()).page()).toEqual(page(recording.file))
  })

  it('has its findings in the report', () => {
    const text = report(openRecording(recorded('reported', overlap)))
    expect(text).toContain('VA 2 was inserted over VA 1, which was not removed')
    expect(text).toContain('38 of 38 rules were checked')
  })

  it('keeps 500 findings of a rule, and counts the rest', () => {
    const many = Array.from({ length: 600 }, (_, n) => [k.bo(1, n + 1), k.bo(2, n + 1)]).flat()
    const { counts, total, findings } = page(recorded('many', many))
    expect([counts.gap, total, findings.length]).toEqual([600, 600, 500])
  })

  it('that was cut off is not judged by the time that passed after its last event', () => {
    const heartbeat = Frame.encode({ heartbeat: { timeNs: at(2_000) } }).finish()
    const goodbye = Frame.encode({ goodbye: { reason: 1 } }).finish()
    const events = [...k.managed(0, 1), ...k.map(3, 1, 32), k.vmCloses(4)]
    const found = (name: string, last: Uint8Array[]): string[] =>
      page(recorded(name, events, last)).findings.map((f) => f.rule)
    expect(found('ended', [heartbeat, goodbye])).toContain('L1')
    expect(found('cut', [heartbeat])).toEqual([])
  })
})
