import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { countMeson, countPlaywright, countVitest } from '../../../scripts/lib/suite.mjs'

let dir = ''
beforeAll(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'vascope-suite-'))
})
afterAll(() => rmSync(dir, { recursive: true }))

function file(text) {
  const name = path.join(dir, 'result.json')
  writeFileSync(name, text)
  return name
}

function meson(...tests) {
  return countMeson(file(tests.map((test) => JSON.stringify(test)).join('\n')))
}

describe('counting what meson ran', () => {
  it('counts the cases of a program that writes TAP', () => {
    const stdout = '1..4\nok 1 - test_a\nok 2 - test_b\nnot ok 3 - test_c\nok 4 # SKIP test_d\n'
    expect(meson({ result: 'FAIL', stdout })).toEqual({ passed: 2, failed: 1, skipped: 1 })
  })

  it('counts a program that writes none as one', () => {
    expect(meson({ result: 'OK', stdout: 'all fine' }, { result: 'SKIP' })).toEqual({
      passed: 1,
      failed: 0,
      skipped: 1
    })
  })

  it('counts a program that died after its last good case as failed', () => {
    expect(meson({ result: 'FAIL', stdout: '1..2\nok 1 - test_a\n' })).toEqual({ passed: 1, failed: 1, skipped: 0 })
    expect(meson({ result: 'TIMEOUT' })).toEqual({ passed: 0, failed: 1, skipped: 0 })
  })

  it('counts nothing when there is no log', () => {
    expect(countMeson(path.join(dir, 'absent'))).toEqual({ passed: 0, failed: 0, skipped: 0 })
  })
})

describe('counting what the JavaScript runners ran', () => {
  it('takes todo and pending tests of vitest as skipped', () => {
    const result = { numPassedTests: 3, numFailedTests: 1, numPendingTests: 1, numTodoTests: 1 }
    expect(countVitest(file(JSON.stringify(result)))).toEqual({ passed: 3, failed: 1, skipped: 2 })
  })

  it('takes a flaky test of Playwright as failed', () => {
    const result = { stats: { expected: 4, unexpected: 1, flaky: 1, skipped: 2 } }
    expect(countPlaywright(file(JSON.stringify(result)))).toEqual({ passed: 4, failed: 2, skipped: 2 })
  })
})
