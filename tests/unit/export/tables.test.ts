import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import Ajv2020 from 'ajv/dist/2020.js'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { Workload } from '../../../bench/generate'
import { exportSession, type ExportOptions } from '../../../engine/export/export'
import { csvCell } from '../../../engine/export/csv'
import { jsonSchema } from '../../../engine/export/json'
import { TABLE_NAMES, TABLES } from '../../../engine/export/tables'
import { REASONS } from '../../../engine/model/state'
import { resource } from '../../../engine/paths'
import { openRecording } from '../../../engine/session/recording'
import { SessionWriter } from '../../../engine/store/writer'
import { Frame } from '../../../engine/wire/messages'
import { Field, Kind } from '../../../engine/wire/schema'
import { frame, insert, ORIGIN } from '../stream'
import { ask } from './duck'

vi.setConfig({ testTimeout: 120_000 }) // DuckDB is a large library, and a busy machine is no failure

const KILLED = resource('tests/fixtures/sessions/killed-vm-bind.vascope')
let dir: string
let generated: string

beforeAll(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'vascope-export-'))
  generated = path.join(dir, 'generated.vascope')
  const writer = new SessionWriter(generated, { title: 'generated', board: 'lab/board 1', startedRealtimeNs: 1.79e18 })
  new Workload((message) => writer.frame(message), { events: 20_000, seed: 5 }).run()
  writer.close(true)
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const to = (name: string): string => path.join(dir, name)

function options(more: Partial<ExportOptions>): ExportOptions {
  const stdout = { write: () => true, once: () => undefined }
  return { format: 'parquet', out: '', tables: [], partition: false, force: false, stdout, ...more }
}

/** The mappings of a session as its model has them, as the table says it. */
function mappingsOf(file: string): unknown[][] {
  const { state } = openRecording(file).model
  const m = state.mappings
  const rows: unknown[][] = []
  for (let i = 0; i < m.length; i++) {
    const ended = Number.isFinite(m.end.at(i))
    const seen = ended && m.traced.at(i) !== -1
    rows.push([
      ...[m.va.at(i), m.vm.at(i), m.bo.at(i) || null, m.vmBo.at(i) || null, m.iova.at(i), m.bytes.at(i)],
      ...[m.offset.at(i), m.flags.at(i), m.start.at(i), m.traced.at(i) !== 0],
      ...[Number.isNaN(m.written.at(i)) ? null : m.written.at(i), ended ? m.end.at(i) : null],
      seen ? REASONS[m.reason.at(i)] : null
    ])
  }
  return rows.sort((a, b) => Number(a[0]) - Number(b[0]))
}

async function mappingsIn(parquet: string): Promise<unknown[][]> {
  const rows = await ask(
    `select va, vm, bo, vm_bo, iova, bytes, offset_bytes, flags, start_s, start_seen, written_s, end_s, reason
     from '${parquet}' order by va`
  )
  // 64-bit integers come as text
  return rows.map((row) => row.map((cell) => (typeof cell === 'string' && /^\d+$/.test(cell) ? Number(cell) : cell)))
}

describe('Parquet, read by DuckDB', () => {
  it.each(['killed-vm-bind', 'format-1.0', 'format-1.1'])(
    'has the mappings of %s as the model has them',
    async (name) => {
      const file = resource(`tests/fixtures/sessions/${name}.vascope`)
      const out = to(`${name}.parquet`)
      await exportSession(file, options({ out, tables: ['mappings'] }))
      const expected = mappingsOf(file)
      expect(expected.length).toBeGreaterThan(20)
      expect(await mappingsIn(out)).toEqual(expected)
    }
  )

  it('has every table of a generated session, with as many rows as the model has objects', async () => {
    const out = to('all')
    const exported = await exportSession(generated, options({ out }))
    const { model, checker } = openRecording(generated)
    const { state } = model
    const expected = {
      ...{ sessions: 1, vms: state.vms.size, bos: [...state.bos.keys()].filter((id) => id !== 0).length },
      ...{ vm_bos: state.vmBos.id.length, mappings: state.mappings.length, events: model.events },
      ...{ vm_binds: model.counts.get(Kind.VmBind) ?? 0, bind_jobs: state.jobs.length, submits: state.submits.length },
      ...{ flips: state.flips.count, framebuffers: state.fbHistory.length, faults: state.gpuFaults.length },
      ...{ losses: 0, scenarios: state.scenarios.length, findings: checker.page().findings.length }
    }
    expect(readdirSync(out).sort()).toEqual(TABLE_NAMES.map((name) => `${name}.parquet`).sort())
    const counts = await ask(
      TABLE_NAMES.map((name) => `select '${name}', count(*) from '${out}/${name}.parquet'`).join(' union all ')
    )
    expect(Object.fromEntries(counts.map(([name, n]) => [name, Number(n)]))).toEqual(expected)
    for (const name of TABLE_NAMES) expect(exported.rows[name]).toBe(expected[name])
    expect(expected.mappings).toBeGreaterThan(1000)
    expect(await mappingsIn(`${out}/mappings.parquet`)).toEqual(mappingsOf(generated))
    const columns = await ask(`select column_name from (describe select * from '${out}/events.parquet')`)
    expect(columns.flat()).toEqual(TABLES.events.columns.map(({ name }) => name))
    const kinds = await ask(`select kind, count(*) from '${out}/events.parquet' group by 1`)
    const counted = [...model.counts].map(([kind, n]) => [model.kinds.get(kind)!.name, String(n)])
    expect(kinds.sort()).toEqual(counted.sort())
  })

  it('is found by board, kernel and date where a farm sorts its sessions', async () => {
    const out = to('farm')
    for (const file of [KILLED, generated])
      await exportSession(file, options({ out, tables: ['sessions', 'mappings'], partition: true }))
    const rows = await ask(`select m.board, m.kernel, m.date::varchar, s.title, count(*)
      from read_parquet('${out}/mappings/*/*/*/*.parquet', hive_partitioning = true) m
      join read_parquet('${out}/sessions/*/*/*/*.parquet', hive_partitioning = true) s using (session)
      group by all order by 1`)
    const [killed, made] = [openRecording(KILLED), openRecording(generated)]
    expect(rows).toEqual([
      [
        'lab/board 1',
        made.model.capabilities!.kernelRelease,
        '2026-01-01',
        'generated',
        `${made.model.state.mappings.length}`
      ],
      ['virtual:engine', killed.model.capabilities!.kernelRelease, '2026-11-22', killed.head.title, '53']
    ])
  })
})

describe('what was lost', () => {
  it('ends a mapping that a snapshot does not show any more, and is a row', async () => {
    const file = to('lossy.vascope')
    const writer = new SessionWriter(file, { title: 'lossy' })
    const at = (ms: number): number => ORIGIN + ms * 1e6
    const snapshot = (ms: number, vas: object[]): Uint8Array =>
      Frame.encode({
        snapshot: { id: 1, last: true, complete: true, beginNs: at(ms), endNs: at(ms + 1), vms: [{ id: 1 }], vas }
      }).finish()
    const found = { id: 9, vm: 1, bo: 4, iova: 0x300, range: 2 }
    const frames = [
      ...[frame.hello(), frame.capabilities(), snapshot(1, [found])],
      frame.events(1, [insert(10, 1, 0x100, 1), insert(11, 2, 0x200, 1)]),
      frame.events(3, [{ ms: 20, kind: Kind.VaRemove, task: 1, vm: 1, va: 1, reason: 1 }]),
      Frame.encode({
        loss: { firstNs: at(12), lastNs: at(19), kinds: [{ kind: Kind.VaRemove, kernel: 3, queue: 1 }] }
      }).finish(),
      snapshot(30, [found])
    ]
    for (const message of frames) writer.frame(message)
    writer.close(false)
    const out = to('lossy')
    await exportSession(file, options({ out, tables: ['mappings', 'losses', 'sessions'] }))
    const rows = await ask(
      `select va, start_s, start_seen, end_s, end_seen, reason from '${out}/mappings.parquet' order by va`
    )
    expect(rows).toEqual([
      ['1', 0.01, true, 0.02, true, 'unmap'],
      ['2', 0.011, true, 0.03, false, null],
      ['9', 0.001, false, null, null, null]
    ])
    expect(await mappingsIn(`${out}/mappings.parquet`)).toEqual(mappingsOf(file))
    const losses = await ask(`select place, kind, events, from_s, to_s from '${out}/losses.parquet' order by place`)
    expect(losses).toEqual([
      ['batches', null, null, 0.011, 0.02],
      ['kernel', 'va-remove', '3', 0.012, 0.019],
      ['queue', 'va-remove', '1', 0.012, 0.019]
    ])
    expect(await ask(`select events, events_dropped, complete from '${out}/sessions.parquet'`)).toEqual([
      ['3', '4', false]
    ])
  })

  it('in the file itself is told, and the rest exported', async () => {
    const bytes = readFileSync(generated)
    bytes[Math.floor(bytes.length / 2)]! ^= 0xff
    const file = to('flipped.vascope')
    writeFileSync(file, bytes)
    const out = to('flipped')
    const { unreadable, rows } = await exportSession(file, options({ out, tables: ['events', 'losses'] }))
    expect(unreadable).toBeGreaterThan(0)
    expect(rows.events! + unreadable).toBe(openRecording(generated).model.events)
    const [[place, events]] = (await ask(`select place, events from '${out}/losses.parquet' where place = 'file'`)) as [
      [string, string]
    ]
    expect([place, Number(events)]).toEqual(['file', unreadable])
  })
})

describe('CSV', () => {
  it('says the same as Parquet', async () => {
    const out = to('csv')
    await exportSession(KILLED, options({ out, format: 'csv' }))
    const sums = (file: string): Promise<unknown[][]> =>
      ask(`select count(*), sum(bytes), max(end_s), count(bo), string_agg(distinct reason) from '${file}'`)
    const parquet = to('killed-vm-bind.parquet')
    await exportSession(KILLED, options({ out: parquet, tables: ['mappings'], force: true }))
    expect(await sums(`${out}/mappings.csv`)).toEqual(await sums(parquet))
    const text = readFileSync(`${out}/mappings.csv`, 'utf8')
    expect(text.split('\r\n')[1]).toMatch(/^[0-9a-f]{16},\d+,\d+,\d+,\d+,0x[0-9a-f]+,16384,/)
  })

  it('quotes what would break a line, and begins no formula', () => {
    expect(csvCell('a "b", c\nd', 'text')).toBe('"a ""b"", c\nd"')
    expect(csvCell('=1+1', 'text')).toBe("'=1+1")
    expect(csvCell(null, 'text')).toBe('')
    expect(csvCell(0.000000001, 'seconds')).toBe('0.000000001')
    expect(csvCell(-2, 'int')).toBe('-2')
    expect(csvCell(0x1ffffffff000n, 'address')).toBe('0x1ffffffff000')
  })
})

describe('JSON', () => {
  it('keeps to its published schema', async () => {
    const schema = JSON.parse(readFileSync(resource('docs/schema/export.schema.json'), 'utf8')) as object
    expect(schema).toEqual(jsonSchema())
    const out = to('killed.json')
    const { rows } = await exportSession(KILLED, options({ out, format: 'json' }))
    const document = JSON.parse(readFileSync(out, 'utf8')) as { tables: Record<string, object[]> }
    const ajv = new Ajv2020({ formats: { 'date-time': (text: string) => !Number.isNaN(Date.parse(text)) } })
    const validate = ajv.compile(schema)
    expect([validate(document), validate.errors]).toEqual([true, null])
    expect(Object.fromEntries(Object.entries(document.tables).map(([name, list]) => [name, list.length]))).toEqual(rows)
    document.tables.mappings!.push({ va: 'one' })
    expect(validate(document)).toBe(false)
  })
})

describe('an export that cannot be', () => {
  const code = (more: Partial<ExportOptions>): Promise<unknown> =>
    exportSession(KILLED, options(more)).then(
      () => 'done',
      (error: { code: string }) => error.code
    )

  it('replaces nothing unless it is told to', async () => {
    const out = to('there')
    await exportSession(KILLED, options({ out, tables: ['flips', 'faults'] }))
    rmSync(`${out}/flips.parquet`)
    expect(await code({ out, tables: ['flips', 'faults'] })).toBe('file-exists')
    expect(readdirSync(out)).toEqual(['faults.parquet'])
    expect(await code({ out, tables: ['flips', 'faults'], force: true })).toBe('done')
    expect(await code({ out, format: 'json' })).toBe('export-folder')
    expect(await code({ out: `${out}/faults.parquet`, tables: ['vms', 'bos'] })).toBe('export-write')
    expect(await code({ out: '-' })).toBe('export-tables')
  })

  it('leaves nothing behind on a full disk', async () => {
    expect(await code({ out: '/dev/full', format: 'csv', tables: ['events'] })).toBe('disk-full')
    expect(await code({ out: '/dev/full', format: 'json', tables: ['vms'] })).toBe('disk-full')
    expect(readdirSync(dir).filter((name) => name.includes('.part'))).toEqual([])
  })

  it('waits for a reader that is slow', async () => {
    let [taken, waited] = [0, 0]
    const stdout = {
      write: (bytes: Uint8Array) => ((taken += bytes.length), false),
      once: (_: 'drain', go: () => void) => (waited++, setImmediate(go))
    }
    await exportSession(KILLED, options({ out: '-', format: 'json', stdout }))
    expect(taken).toBeGreaterThan(10_000)
    expect(waited).toBeGreaterThan(10)
  })
})

it('every column that an event may have is in the table of events', () => {
  const columns = Object.keys(Field).filter(
    (name) => !['seq', 'base', 'tasks', 'names', 'kind', 'time', 'task'].includes(name)
  )
  expect(TABLES.events.columns).toHaveLength(columns.length + 6)
})

it('docs/export.md has every table and column', () => {
  const doc = readFileSync(resource('docs/export.md'), 'utf8')
  for (const { name, columns } of Object.values(TABLES)) {
    const section = doc.split(`\n### ${name}\n`)[1]?.split('\n#')[0] ?? ''
    const listed = [...section.matchAll(/^\| `(\w+)`/gm)].map(([, column]) => column)
    expect([name, ...listed]).toEqual([name, ...columns.slice(1).map((column) => column.name)])
  }
})
