import { existsSync, statSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openRecording } from '../../engine/session/recording'
import type { Balance } from '../../engine/stats/balance'
import type { Summary } from '../../engine/stats/summary'
import { BOARD, boardUp, onBoard, scratch, start, until, vascope } from './vascope'

type Info = Summary & { complete: boolean; balances: Balance[]; traceLevel: string; tracing: string }

const files = scratch()
beforeAll(boardUp)
afterAll(() => files.remove())

async function run(trace: string, parameters: string): Promise<Info> {
  const scenario = `vm-bind-churn:${parameters}`
  const out = files.file(`${trace}.vascope`)
  const { code, stdout, stderr } = await vascope([
    ...['run', '--board', BOARD, '--trace', trace, '--scenario', scenario, '--out', out, '--json']
  ])
  expect(code, stderr).toBe(0)
  return JSON.parse(stdout) as Info
}

/** What tracing without BPF can leave on a board. */
const LEFT = 'ls /sys/kernel/tracing/instances; cat /sys/kernel/tracing/dynamic_events; pgrep -l vascoped || true'

/** What comes and goes by itself on a board: the GPU powers its display up and down, and others' files are closed. */
const OWN = [
  ...[
    'vm-create',
    'vm-destroy',
    'vm-mode',
    'vm-close',
    'vm-close-end',
    'vm-bo-create',
    'vm-bo-destroy',
    'vm-bo-obtain'
  ],
  ...['va-insert', 'va-remove', 'va-link', 'va-unlink', 'sm-map', 'sm-unmap', 'vm-bind', 'vm-bind-run', 'pte-map'],
  ...['pte-unmap', 'bo-create', 'bo-destroy', 'handle-open', 'handle-close', 'handle-closed'],
  ...['job-queue', 'job-run', 'job-done', 'submit', 'submit-flush', 'submit-retire']
]

describe('a board where BPF does not work', () => {
  it('kprobe events count what BPF programs count, with the same reasons, and leave nothing', async () => {
    const bpf = await run('bpf', 'ops=300,seed=5')
    // what a daemon left whose keeper was killed too, the next one removes; its process id is nobody's, above what the kernel gives
    await onBoard(
      'cd /sys/kernel/tracing && mkdir instances/vascope.99999999 && ' +
        `echo 'p:vascope_99999999/left drm_gpuvm:drm_gpuva_remove' >> dynamic_events && ` +
        'echo 1 > instances/vascope.99999999/events/vascope_99999999/left/enable'
    )
    const kprobes = await run('kprobes', 'ops=300,seed=5')
    expect([bpf.traceLevel, kprobes.traceLevel]).toEqual(['bpf', 'kprobes'])
    expect(kprobes.tracing).toMatch(/^kprobe events, .* \(the desktop asked for kprobe events\)$/)
    expect(kprobes).toMatchObject({ complete: true, faults: [], balances: [{ holds: true }] })
    expect(kprobes.drops).toMatchObject({ kernel: 0, queue: 0, balanced: true })
    const counts = (info: Info): unknown => Object.fromEntries(OWN.map((kind) => [kind, info.counts[kind]]))
    expect(counts(kprobes)).toEqual(counts(bpf))
    expect(kprobes.counts['va-insert']).toBeGreaterThan(100)

    const mappings = (trace: string, live: boolean): string[] => {
      const { mappings: m } = openRecording(files.file(`${trace}.vascope`)).model.state
      const rows: string[] = []
      for (let i = 0; i < m.length; i++)
        if ((m.end.at(i) === Infinity) === live)
          rows.push([m.iova.at(i), m.bytes.at(i), m.offset.at(i), m.flags.at(i), m.reason.at(i)].join(' '))
      return rows
    }
    expect(mappings('kprobes', false)).toEqual(mappings('bpf', false))
    // the GPU's own, made before tracing: from the snapshot
    expect(mappings('kprobes', true).sort()).toEqual(mappings('bpf', true).sort())
    expect(mappings('bpf', true).length).toBeGreaterThan(3)
    expect(await onBoard(LEFT)).toBe('')
  })

  it('a daemon that is killed: exit 3, what was recorded is kept, and its kprobe events go', async () => {
    const out = files.file('killed.vascope')
    const running = start([
      ...['run', '--board', BOARD, '--trace', 'kprobes', '--scenario', 'vm-bind-churn:ops=1000000', '--out', out]
    ])
    await until('events are in the file', () => existsSync(out) && statSync(out).size > 60_000)
    expect(await onBoard('ls /sys/kernel/tracing/instances')).toMatch(/^vascope\.\d+$/)
    await onBoard(`kill -KILL $(pgrep -o -f '^[^ ]*/vascoped-[0-9a-f]* --trace=')`)
    const { code, stderr } = await running.ended
    expect(code, stderr).toBe(3)
    expect(stderr).toMatch(/^vascope: .*daemon/m)
    const recording = openRecording(out)
    expect(recording.complete).toBe(false)
    expect(recording.model.events).toBeGreaterThan(0)
    expect((await vascope(['info', out])).code).toBe(4)
    await until('nothing is left', async () => (await onBoard(LEFT)) === '')
  })

  it('debugfs alone shows what is mapped while it is', async () => {
    const info = await run('debugfs', 'ops=400,seed=5,rate=100,submits=0')
    expect(info).toMatchObject({ traceLevel: 'debugfs', complete: true, events: 0 })
    expect(info.tracing).toContain('no events')
    expect(info.scenarios).toMatchObject([{ state: 'done' }])
    expect(info.balances.every((b) => b.holds === null)).toBe(true) // nothing was seen, so nothing is accused
    const { mappings: m, vms, bos } = openRecording(files.file('debugfs.vascope')).model.state
    const names = [...vms.values()].map((vm) => vm.name)
    expect(names.filter((name) => name === 'gpu').length).toBeGreaterThanOrEqual(2) // the GPU's own, and the scenario's
    expect([...bos.values()].map((bo) => bo.name)).toContain('ring0')
    let [ended, live] = [0, 0]
    for (let i = 0; i < m.length; i++)
      if (m.end.at(i) === Infinity) live++
      else ended++
    expect(live).toBeGreaterThan(0) // the GPU's own stay
    expect(ended).toBeGreaterThan(50) // the scenario's came and went
  })

  it('chooses the best level there is by itself, and says why', async () => {
    await onBoard('mount -t tmpfs none /sys/kernel/btf')
    try {
      const out = files.file('no-btf.vascope')
      const { code, stdout, stderr } = await vascope([
        ...['record', '--board', BOARD, '--seconds', '1.5', '--out', out, '--json']
      ])
      expect(code, stderr).toBe(0)
      const info = JSON.parse(stdout) as Info
      expect(info).toMatchObject({ traceLevel: 'debugfs', complete: true })
      expect(info.tracing).toMatch(/no BPF: .*BTF.*; no kprobe events: .*BTF/)
    } finally {
      await onBoard('umount /sys/kernel/btf')
    }
  })
})
