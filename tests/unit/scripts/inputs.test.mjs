import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { asar } from '../../../scripts/lib/asar.mjs'
import { fresh, hashFiles, markFresh, publish, temporaryDir, walk } from '../../../scripts/lib/inputs.mjs'
import { root, run } from '../../../scripts/lib/run.mjs'

let dir = ''
/** As the scripts name inputs: from the repository's root. */
let input = ''
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'vascope-inputs-'))
  input = path.relative(root, dir)
})
afterEach(() => rmSync(dir, { recursive: true }))

describe('the hash of inputs', () => {
  it('changes with a content, a name, and a file that comes or goes', () => {
    const hashes = [hashFiles([input])]
    const after = (change) => {
      change()
      hashes.push(hashFiles([input]))
    }
    after(() => writeFileSync(path.join(dir, 'a.c'), 'one'))
    after(() => writeFileSync(path.join(dir, 'a.c'), 'two'))
    after(() => writeFileSync(path.join(dir, 'b.c'), ''))
    after(() => {
      rmSync(path.join(dir, 'a.c'))
      writeFileSync(path.join(dir, 'c.c'), 'two')
    })
    expect(new Set(hashes).size).toBe(hashes.length)
  })

  it('does not see what builds leave, nor what is skipped', () => {
    writeFileSync(path.join(dir, 'a.c'), 'one')
    const before = hashFiles([input], { skip: (file) => file.endsWith('.test.ts') })
    for (const made of ['build-arm64', 'node_modules', 'out']) {
      mkdirSync(path.join(dir, made))
      writeFileSync(path.join(dir, made, 'x'), 'x')
    }
    writeFileSync(path.join(dir, 'a.test.ts'), 'x')
    expect(hashFiles([input], { skip: (file) => file.endsWith('.test.ts') })).toBe(before)
    expect(walk(input).map((file) => path.basename(file))).toEqual(['a.c', 'a.test.ts'])
  })

  it('is what a stamp holds', () => {
    const stamp = path.join(dir, 'deep/.stamp')
    expect(fresh(stamp, 'abc')).toBe(false)
    markFresh(stamp, 'abc')
    expect([fresh(stamp, 'abc'), fresh(stamp, 'abcd')]).toEqual([true, false])
  })
})

describe('a finished folder', () => {
  it('takes the place of the one before, whole', () => {
    const target = path.join(dir, 'result')
    for (const name of ['first', 'second']) {
      const temporary = temporaryDir(target)
      writeFileSync(path.join(temporary, name), '')
      publish(temporary, target)
    }
    expect(readdirSync(target)).toEqual(['second'])
    expect(readdirSync(dir)).toEqual(['result'])
  })
})

describe('a program that fails', () => {
  it('is told by the lines from the first error on, without colours', async () => {
    const script =
      'echo start; printf "\\033[31merror: no such thing\\033[0m\\n"; for i in $(seq 40); do echo $i; done; exit 3'
    const error = await run('sh', ['-c', script], { log: 'unit-test', remedy: 'mend it' }).catch((caught) => caught)
    expect(error.message.split('\n').slice(0, 3)).toEqual(['sh: exit code 3', '  error: no such thing', '  1'])
    expect(error).toMatchObject({ remedy: 'mend it', exit: 1 })
    expect(readFileSync(error.log, 'utf8')).toMatch(/^start\n/)
  })

  it('is told when it is not there at all', async () => {
    await expect(run('vascope-no-such-program', [], { log: 'unit-test' })).rejects.toThrow('ENOENT')
  })
})

describe('an asar archive', () => {
  it('has its files where the header says', () => {
    const archive = asar({ 'package.json': '{}', 'main.js': 'start()' })
    const json = archive.subarray(16, 16 + archive.readUInt32LE(12)).toString()
    const body = archive.subarray(8 + archive.readUInt32LE(4))
    const { offset, size } = JSON.parse(json).files['main.js']
    expect(body.subarray(Number(offset), Number(offset) + size).toString()).toBe('start()')
  })
})
