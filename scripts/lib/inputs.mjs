// Steps are keyed by a hash of what goes into them, and put their result in place with one rename.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { root } from './run.mjs'

/** Never inputs: made by builds, or somebody else's. */
const SKIP = new Set(['node_modules', 'out', '.git', '.tsbuild', 'gen', 'test-results'])

/**
 * A hash over the names and contents of files.
 * @param {string[]} inputs files and folders, from the repository's root; folders are walked; one that is not there counts as absent
 * @param {{ skip?: (file: string) => boolean, also?: string[] }} [options] `also`: other things the result depends on
 */
export function hashFiles(inputs, { skip = () => false, also = [] } = {}) {
  const hash = createHash('sha256')
  for (const text of also) hash.update(`${text}\0`)
  for (const file of inputs.flatMap((input) => walk(input))) {
    if (skip(file)) continue
    const full = path.join(root, file)
    if (!existsSync(full)) hash.update(`${file}\0absent\0`)
    else {
      const body = readFileSync(full)
      hash.update(`${file}\0${body.length}\0`).update(body)
    }
  }
  return hash.digest('hex').slice(0, 16)
}

/** All files below a path of the repository, from its root, sorted; the path itself when it is a file or absent. */
export function walk(input) {
  const full = path.join(root, input)
  if (!existsSync(full) || !statSync(full).isDirectory()) return [input]
  return readdirSync(full, { withFileTypes: true })
    .filter((entry) => !SKIP.has(entry.name) && !(entry.isDirectory() && entry.name.startsWith('build')))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const file = path.join(input, entry.name)
      return entry.isDirectory() ? walk(file) : [file]
    })
}

/** True when the stamp file holds this hash. */
export function fresh(stamp, hash) {
  return existsSync(stamp) && readFileSync(stamp, 'utf8').trim() === hash
}

/** Writes the stamp, last of all. */
export function markFresh(stamp, hash) {
  mkdirSync(path.dirname(stamp), { recursive: true })
  writeFileSync(stamp, `${hash}\n`)
}

/** An empty folder beside the place where the result will be. */
export function temporaryDir(target) {
  const dir = `${target}.${process.pid}.tmp`
  rmSync(dir, { recursive: true, force: true })
  mkdirSync(dir, { recursive: true })
  process.once('exit', () => rmSync(dir, { recursive: true, force: true }))
  return dir
}

/** Puts a finished folder in its place, in exchange for what was there. Of two that finish at once the last one stays. */
export function publish(dir, target) {
  const old = `${target}.${process.pid}.old`
  mkdirSync(path.dirname(target), { recursive: true })
  for (;;) {
    try {
      renameSync(target, old)
    } catch (error) {
      if (error.code !== 'ENOENT') throw error
    }
    rmSync(old, { recursive: true, force: true })
    try {
      return renameSync(dir, target)
    } catch (error) {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
    }
  }
}
