import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Ajv } from 'ajv'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { gather } from '../../../engine/report/gather'
import { markdown } from '../../../engine/report/markdown'
import type { Report } from '../../../engine/report/model'
import { formatOf, writeReportAs } from '../../../engine/report/write'
import { openRecording } from '../../../engine/session/recording'

const ROOT = path.resolve(import.meta.dirname, '../../..')
const SESSIONS = path.join(ROOT, 'tests/fixtures/sessions')
const dir = mkdtempSync(path.join(tmpdir(), 'vascope-formats-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const session = path.join(SESSIONS, 'killed-vm-bind.vascope')
const killed = gather(openRecording(session))
const schema = new Ajv({ allErrors: true, strictTypes: false }).compile(
  JSON.parse(readFileSync(path.join(ROOT, 'docs/schema/report.schema.json'), 'utf8')) as object
)

describe('the report in all formats', () => {
  it.each(['killed-vm-bind', 'format-1.0', 'format-1.1'])('%s: as JSON it keeps to the published schema', (name) => {
    const report: unknown = JSON.parse(JSON.stringify(gather(openRecording(path.join(SESSIONS, `${name}.vascope`)))))
    expect(schema(report), JSON.stringify(schema.errors?.slice(0, 3))).toBe(true)
    const broken = structuredClone(report) as Report
    broken.sections[0]!.query = 'somewhere'
    expect(schema(broken)).toBe(false)
  })

  it('names a query for every figure, in every format', async () => {
    const page = path.join(dir, 'queries.html')
    await writeReportAs(openRecording(session), page, 'html')
    const [html, md] = [readFileSync(page, 'utf8'), markdown(killed)]
    const escaped = (text: string): string => text.replaceAll('"', '&#34;')
    for (const { query, blocks } of killed.sections) {
      expect(md).toContain(`Query: \`${query}\``)
      for (const name of [query, ...blocks.flatMap((b) => ('query' in b ? [b.query] : []))])
        expect(html).toContain(`data-query="${escaped(name)}"`)
    }
  })

  it('says the same figures in Markdown as in JSON', () => {
    const facts = killed.sections.flatMap((s) => s.blocks.flatMap((b) => (b.kind === 'facts' ? b.facts : [])))
    const inserts = facts.find((f) => f.id === 'va-inserts')!
    expect(inserts.value).toBeGreaterThan(0)
    const text = markdown(killed)
    expect(text).toContain(`- VA inserts: ${inserts.text}\n`)
    const [vms] = killed.sections.find((s) => s.id === 'policy')!.blocks
    if (vms?.kind !== 'table') throw new Error('the policies are a table')
    expect(vms.rows.length).toBeGreaterThan(0)
    for (const [name] of vms.rows) expect(text).toContain(`| ${name!.text} |`)
  })

  it('lets no text of a board become Markdown', () => {
    const text = markdown({
      ...killed,
      title: '# <b>a_b_ *c*',
      notes: [{ time: 1, text: 'x | y\n| z' }],
      sections: []
    })
    expect(text).toContain('# \\# \\<b\\>a_b\\_ \\*c\\*')
    expect(text).toContain('x \\| y \\| z')
  })

  it.each(['html', 'md', 'json'] as const)(
    '%s: the same session gives the same bytes, whatever its name or the time',
    async (format) => {
      const [first, second] = [path.join(dir, `a.${format}`), path.join(dir, `b.${format}`)]
      await writeReportAs(openRecording(session), first, format)
      const copy = path.join(dir, 'copy under another name.vascope')
      copyFileSync(session, copy)
      vi.useFakeTimers({ now: new Date('2031-01-02T03:04:05Z'), toFake: ['Date'] })
      vi.stubEnv('TZ', 'Asia/Tokyo')
      vi.stubEnv('LANG', 'de_DE.UTF-8')
      try {
        await writeReportAs(openRecording(copy), second, format)
      } finally {
        vi.useRealTimers()
        vi.unstubAllEnvs()
      }
      expect(readFileSync(second).equals(readFileSync(first))).toBe(true)
    }
  )

  it('takes the format from the name', () => {
    expect(['r.pdf', 'r.MD', 'r.json', 'r.html', 'r', 'r.txt'].map(formatOf)).toEqual([
      'pdf',
      'md',
      'json',
      'html',
      'html',
      'html'
    ])
  })

  it('says what to do where there is no Electron to print with', async () => {
    writeFileSync(path.join(dir, 'package.json'), '{}')
    vi.stubEnv('VASCOPE_ROOT', dir)
    try {
      const written = writeReportAs(openRecording(session), path.join(dir, 'no.pdf'), 'pdf')
      await expect(written).rejects.toMatchObject({ code: 'no-electron', exit: 2 })
    } finally {
      vi.unstubAllEnvs()
    }
  })
})
