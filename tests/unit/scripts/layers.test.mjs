import { describe, expect, it } from 'vitest'
import { checkImports, checkText } from '../../../scripts/layers.mjs'
import { importsOf } from '../../../scripts/lib/imports.mjs'

const problems = (file, text) => checkImports(file, text).map(({ line, problem }) => `${line}: ${problem}`)

describe('the layers', () => {
  it('let the renderer take types, and only types, from the engine', () => {
    expect(problems('renderer/model/x.ts', `import type { Board } from '../../engine/api'`)).toEqual([])
    expect(problems('renderer/model/x.ts', `import { Board } from '../../engine/api'`)).toEqual([
      '1: renderer may import only types from engine/api (write `import type`)'
    ])
    expect(
      problems(
        'renderer/features/a/B.vue',
        `<script setup lang="ts">\nimport type { X } from '../../../engine/model/x'`
      )
    ).toEqual(['2: renderer may not import engine/model/x'])
  })

  it('keep Node out of the renderer, and Electron and Vue out of the engine', () => {
    expect(problems('renderer/model/x.ts', `import fs from 'node:fs'`)).toHaveLength(1)
    expect(problems('engine/session/x.ts', `import { app } from 'electron'`)).toHaveLength(1)
    expect(problems('engine/serve.ts', `import { ref } from 'vue'`)).toHaveLength(1)
  })

  it('let nobody import main', () => {
    expect(problems('cli/x.ts', `import { a } from '../main/window'`)).toEqual(['1: cli may not import main/window'])
    expect(problems('engine/serve.ts', `const a = await import('../main/window')`)).toEqual([
      '1: engine may not import main/window'
    ])
  })

  it('let data flow one way inside the engine', () => {
    expect(problems('engine/model/x.ts', `import { a } from '../wire/batch'\nimport type { B } from '../api'`)).toEqual(
      []
    )
    expect(problems('engine/wire/x.ts', `import { a } from '../model/columns'`)).toEqual([
      '1: engine/wire may not import engine/model/columns'
    ])
    expect(problems('engine/model/x.ts', `import { a } from '../../proto/gen/vascope'`)).toHaveLength(1)
  })

  it('keep the preload script from main, which it does not share a process with', () => {
    expect(problems('main/preload/index.ts', `import { a } from '../window'`)).toEqual([
      '1: main/preload may not import main/window'
    ])
    expect(problems('main/index.ts', `import type { Bridge } from './preload/bridge'`)).toEqual([])
    expect(problems('main/index.ts', `import { a } from './preload/index'`)).toHaveLength(1)
  })

  it('leave tests alone', () => {
    expect(problems('tests/unit/x.test.ts', `import { a } from '../../main/arguments'`)).toEqual([])
    expect(problems('engine/wire/x.test.ts', `import { it } from 'vitest'`)).toEqual([])
  })
})

describe('imports', () => {
  it('are found over several lines, as re-exports, and as types', () => {
    const text = [
      `import {`,
      `  a,`,
      `  b`,
      `} from './one'`,
      `export * from './two'`,
      `let c: import('./three').C`,
      `import './four.css'`
    ].join('\n')
    expect(importsOf('x.ts', text).map(({ target, line, types }) => [target, line, types])).toEqual([
      ['./one', 1, false],
      ['./four.css', 7, false],
      ['./two', 5, false],
      ['./three', 6, true]
    ])
  })

  it('are not seen in strings that only look like them', () => {
    expect(importsOf('x.ts', `export const text = 'taken from'\nexport const other = 'x'`)).toEqual([])
  })
})

describe('text that ties the repository to a machine', () => {
  it.each([
    `see /work/thing/file`,
    `cd /home/alice/src`,
    `/Users/bob`,
    `https://npm-mirror.example.com/x`,
    `http://artifactory.local/npm`
  ])('is found: %s', (text) => expect(checkText(`fine\n${text}`)).toMatchObject([{ line: 2 }]))

  it.each([`~/work/x`, `/home/lab/.ssh`, `https://www.kernel.org/doc`])('is not: %s', (text) =>
    expect(checkText(text)).toEqual([])
  )
})
