#!/usr/bin/env node
// Makes proto/gen/vascope.js and .d.ts from proto/vascope/v1/*.proto, unless they are up to date.
//
// A static module, because the renderer's content policy forbids making code at run time. 64-bit fields decode to Long, because
// nanoseconds of the real-time clock do not fit a double; encoding takes numbers as well.
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { fresh, hashFiles, markFresh, publish, temporaryDir } from './lib/inputs.mjs'
import { bin, root, run } from './lib/run.mjs'
import { isMain, main } from './lib/say.mjs'

const OPTIONS = ['-t', 'static-module', '-w', 'esm', '--alt-comment', '--no-delimited', '--no-typeurl', '--no-verify']

const GEN = path.join(root, 'proto/gen')

/** True when proto/gen was made from the proto files as they are. */
export function protoIsFresh() {
  return fresh(path.join(GEN, '.stamp'), key())
}

/** Makes proto/gen again. Throws a StepError with pbjs's own words when a proto file is wrong. */
export async function generateProto() {
  const hash = key()
  const dir = temporaryDir(GEN)
  const files = protoFiles().map((name) => path.join('proto/vascope/v1', name))
  await run(bin('pbjs'), [...OPTIONS, '-p', 'proto', '-d', '-o', path.join(dir, 'vascope.js'), ...files], {
    log: 'proto'
  })
  markFresh(path.join(dir, '.stamp'), hash)
  publish(dir, GEN)
}

function protoFiles() {
  return readdirSync(path.join(root, 'proto/vascope/v1'))
    .filter((name) => name.endsWith('.proto'))
    .sort()
}

function key() {
  return hashFiles(['proto/vascope', 'scripts/proto.mjs', 'node_modules/protobufjs-cli/package.json'])
}

if (isMain(import.meta)) await main(async () => protoIsFresh() || generateProto())
