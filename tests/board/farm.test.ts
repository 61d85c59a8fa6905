import { readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { BOARD, boardUp, NAME, scratch, start, until, vascope } from './vascope'

const files = scratch()

beforeAll(boardUp)
afterAll(() => files.remove())

it('a reboot in the middle of a run is told, and what is left goes on in another file', async () => {
  const out = path.join(files.dir, 'results')
  const run = start([
    ...['run', '--board', BOARD, '--board', 'root@127.0.0.1:9', '--out', out],
    ...['--scenario', 'vm-bind-churn:ops=100000', '--scenario', 'vm-bind-churn:ops=200,seed=3', '--json']
  ])
  await until('the first scenario is under way', () =>
    /vm-bind-churn [1-9][\d\u202f]*\/100\u202f000/.test(run.stderr())
  )
  // the reset takes the link with it, so that this command ends badly or not at all
  const reset = start(['board', 'ssh', '--name', NAME, '--', 'echo b > /proc/sysrq-trigger'])
  const { code, stdout, stderr } = await run.ended
  reset.child.kill()
  expect(code, stderr).toBe(3) // the other board's: it does not exist, and ended nobody else
  const { results } = JSON.parse(stdout) as { results: Record<string, unknown>[] }
  expect(results.map((r) => r.verdict)).toEqual(['failed', 'error'])
  expect(results[0]!.runs).toMatchObject([{ state: 'rebooted' }, { state: 'done', seed: 3 }])
  const [first, second] = (results[0]!.sessions as string[]).map((file) => path.join(out, file))
  expect(second).toBe(first!.replace('.vascope', '.2.vascope'))
  const note = /The board rebooted while vm-bind-churn \(seed 1\) ran/
  const info = await vascope(['info', first!])
  expect([info.code, info.stdout]).toEqual([0, expect.stringMatching(note)]) // a reboot is no damage
  expect(info.stdout).not.toMatch(/cut off/)
  expect(readFileSync(first!.replace('.vascope', '.html'), 'utf8')).toMatch(note)
  expect(JSON.parse((await vascope(['info', second!, '--json'])).stdout)).toMatchObject({ complete: true })
}, 600_000)
