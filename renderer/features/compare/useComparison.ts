import { inject, type InjectionKey, provide, reactive, type Ref, type ShallowRef, shallowRef, watch } from 'vue'
import type { Comparison, Problem } from '../../../engine/api'
import { useLatest } from '../../composables/useLatest'
import { asProblem, type Session } from '../../composables/useSession'
import type { EngineClient } from '../../model/engine-client'
import { createLook, type Look } from './useLook'

export type Side = 'a' | 'b'

/** Two sides of session files, and what the engine says of them. */
export interface ComparisonState {
  /** One or more runs of the same thing on each side. */
  files: Record<Side, string[]>
  result: Readonly<ShallowRef<Comparison | null>>
  problem: Readonly<ShallowRef<Problem | null>>
  busy: Readonly<Ref<boolean>>
  /** Puts a file on a side: alone, or as one more run. */
  put(side: Side, file: string, more?: boolean): void
  drop(side: Side, file: string): void
  swap(): void
  /** How the result is looked at. */
  look: Look
}

const KEY: InjectionKey<ComparisonState> = Symbol('comparison')

export function provideComparison(engine: EngineClient, session: Session): ComparisonState {
  const files = reactive<Record<Side, string[]>>({ a: [], b: [] })
  const result = shallowRef<Comparison | null>(null)
  const problem = shallowRef<Problem | null>(null)

  const { ask: compare, busy } = useLatest(
    async () => {
      problem.value = null
      const [a, b] = [[...files.a], [...files.b]]
      result.value = a.length > 0 && b.length > 0 ? await engine.api.compare(a, b) : null
    },
    (error) => {
      result.value = null
      problem.value = asProblem(error)
    }
  )
  watch(files, () => void compare())
  // Nothing is compared while a session is live.
  watch(session.live, (live) => {
    if (!live && problem.value) void compare()
  })

  const state: ComparisonState = {
    files,
    result,
    problem,
    busy,
    look: createLook(engine, session, result),
    put: (side, file, more = false) =>
      (files[side] = more ? [...files[side].filter((other) => other !== file), file] : [file]),
    drop: (side, file) => (files[side] = files[side].filter((other) => other !== file)),
    swap: () => Object.assign(files, { a: files.b, b: files.a })
  }
  provide(KEY, state)
  return state
}

export function useComparison(): ComparisonState {
  const state = inject(KEY)
  if (!state) throw new Error('no comparison above this component')
  return state
}
