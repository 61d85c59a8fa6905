import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, it } from 'vitest'
import { FileOutput } from '../../../engine/export/output'

it('an export writes through nothing that stands where its own file was to be', () => {
  const dir = mkdtempSync(path.join(tmpdir(), 'vascope-output-'))
  try {
    const [theirs, file] = [path.join(dir, 'theirs'), path.join(dir, 'out.parquet')]
    writeFileSync(theirs, 'theirs')
    symlinkSync(theirs, path.join(dir, `.out.parquet.${process.pid}.part`))
    const output = new FileOutput(file, false)
    output.write(Buffer.from('ours'))
    output.commit()
    expect([readFileSync(theirs, 'utf8'), readFileSync(file, 'utf8')]).toEqual(['theirs', 'ours'])
    const discarded = new FileOutput(path.join(dir, 'other'), false)
    discarded.discard()
    expect(readdirSync(dir).filter((name) => name.includes('other'))).toEqual([])
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
})
