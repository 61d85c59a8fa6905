import { computed, inject, type InjectionKey, provide, type Ref, ref, type ShallowRef, shallowRef, watch } from 'vue'
import type { Finding, FindingPage, Severity } from '../../../engine/api'
import { useLatest } from '../../composables/useLatest'
import { asProblem, type Session } from '../../composables/useSession'
import type { EngineClient } from '../../model/engine-client'

export const SEVERITIES: readonly Severity[] = ['violation', 'retention', 'suspicion', 'gap']

/** While live, the findings are asked for again this often, in ms. */
const LIVE_INTERVAL = 1000

/** What the checker found in this session, and which of it is shown. */
export interface Findings {
  page: Readonly<ShallowRef<FindingPage | null>>
  /** By severity, then time; without the severities that are filtered out. */
  shown: Readonly<Ref<Finding[]>>
  hidden: Readonly<Ref<ReadonlySet<Severity>>>
  selected: Readonly<Ref<Finding | undefined>>
  toggle(severity: Severity): void
  /** Why findings are known, by their keys. It is kept in the session's file. */
  known: Readonly<ShallowRef<Readonly<Record<string, string>>>>
  /** Those that are known are not listed. */
  hideKnown: Ref<boolean>
  /** Says why a finding is known; empty: it is not. */
  explain(finding: Finding, why: string): Promise<void>
  select(finding: Finding): void
  move(step: 1 | -1): void
  /** Goes to the moment, in the timeline. */
  show(finding: Finding): void
}

const KEY: InjectionKey<Findings> = Symbol('findings')

export function provideFindings(engine: EngineClient, session: Session, show: (finding: Finding) => void): Findings {
  const page = shallowRef<FindingPage | null>(null)
  const hidden = ref(new Set<Severity>())
  const known = shallowRef<Readonly<Record<string, string>>>({})
  const hideKnown = ref(false)
  const key = ref('')
  let asked = 0

  const { ask: refresh, busy } = useLatest(
    async () => {
      if (!session.shown.value) return
      asked = performance.now()
      const { file } = session.state.value
      const answer = await engine.api.findings()
      // judging takes a while: another session may be open by now
      if (file === session.state.value.file) page.value = answer
    },
    (error) => (session.problem.value = asProblem(error))
  )

  async function readKnown(): Promise<void> {
    known.value = {}
    if (!session.shown.value) return
    try {
      known.value = (await engine.api.annotations()).known
    } catch (error) {
      session.problem.value = asProblem(error)
    }
  }

  const rank = (finding: Finding): number => SEVERITIES.indexOf(finding.severity)
  const shown = computed(() =>
    (page.value?.findings ?? [])
      .filter(({ severity, key: own }) => !hidden.value.has(severity) && !(hideKnown.value && known.value[own]))
      .sort((a, b) => rank(a) - rank(b) || a.time - b.time)
  )
  const selected = computed(() => shown.value.find((finding) => finding.key === key.value) ?? shown.value[0])

  watch(
    () => session.state.value.phase + session.state.value.file,
    () => {
      const { phase } = session.state.value
      if (phase === 'live' || phase === 'opened') page.value = null
      void refresh()
      void readKnown()
    },
    { immediate: true }
  )
  watch(session.pulse, () => {
    if (session.live.value && !busy.value && performance.now() - asked > LIVE_INTERVAL) void refresh()
  })

  const findings: Findings = {
    page,
    shown,
    hidden,
    selected,
    known,
    hideKnown,
    async explain(finding, why) {
      const rest = Object.entries(known.value).filter(([other]) => other !== finding.key)
      try {
        const kept = { known: Object.fromEntries(why ? [...rest, [finding.key, why]] : rest) }
        known.value = (await engine.api.annotate(kept)).known
      } catch (error) {
        session.problem.value = asProblem(error)
      }
    },
    toggle(severity) {
      const next = new Set(hidden.value)
      if (!next.delete(severity)) next.add(severity)
      hidden.value = next
    },
    select: (finding) => (key.value = finding.key),
    move(step) {
      const at = shown.value.findIndex((finding) => finding === selected.value)
      const next = shown.value[Math.min(shown.value.length - 1, Math.max(0, at + step))]
      if (next) key.value = next.key
    },
    show
  }
  provide(KEY, findings)
  return findings
}

export function useFindings(): Findings {
  const findings = inject(KEY)
  if (!findings) throw new Error('no findings above this component')
  return findings
}
