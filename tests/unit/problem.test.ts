import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { systemReason } from '../../engine/problem'

it('what the system refuses is told in words, without its calls and codes', () => {
  const reason = (act: () => unknown): string => {
    try {
      act()
    } catch (error) {
      return systemReason(error)
    }
    return 'nothing'
  }
  expect(reason(() => readFileSync('/no/such/file'))).toBe('there is no such file or folder')
  expect(reason(() => readFileSync('/'))).toBe('it is a folder')
  expect(reason(() => mkdirSync(import.meta.filename, { recursive: true }))).toBe('there is a file of that name')
  expect(reason(() => writeFileSync(import.meta.filename + '/x', ''))).toBe('a part of its path is a file')
  expect(systemReason(new Error('the moon is full'))).toBe('the moon is full')
})
