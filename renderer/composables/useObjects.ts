import { inject, type InjectionKey, provide } from 'vue'
import { type EngineClient, EngineError } from '../model/engine-client'
import { formatLink, type ObjectLink } from '../../engine/link'
import type { Finding } from '../../engine/api'
import type { Navigation } from './useNavigation'
import { asProblem, type Session } from './useSession'
import type { Timeline } from '../features/timeline/useTimeline'
import { selectionOfBo, selectionOfVa } from '../model/selection'
import { span } from '../model/time-axis'

/** The way to an object from anywhere: the palette, a link, a finding. */
export interface Objects {
  /** The link to an object of this session; null while there is none. */
  link(object: ObjectLink['object'], at: number | null): string | null
  /** Opens the link's session where another or none is open, and goes to the object. */
  follow(link: ObjectLink, file?: string): Promise<void>
  /** Goes to an object of this session. `at`: the time to look at, null where it should be found. */
  go(object: NonNullable<ObjectLink['object']>, at: number | null): Promise<void>
}

const KEY: InjectionKey<Objects> = Symbol('objects')

interface Parts {
  engine: EngineClient
  session: Session
  timeline: Timeline
  navigation: Navigation
  showFinding(finding: Finding): void
}

export function provideObjects({ engine, session, timeline, navigation, showFinding }: Parts): Objects {
  const name = (): string => session.state.value.file.split(/[\\/]/).pop() ?? ''

  /** The time in the middle of the window where it is not in view, and pinned. */
  function lookAt(at: number | null): void {
    if (at === null) return
    const { from, to } = timeline.range.value
    const half = span(timeline.range.value) / 2
    if (at < from || at > to) timeline.show({ from: at - half, to: at + half })
    timeline.pin(at)
  }

  async function go({ kind, id }: NonNullable<ObjectLink['object']>, at: number | null): Promise<void> {
    if (kind === 'finding') {
      const { findings } = await engine.api.findings()
      const finding = findings.find(({ key }) => key === id)
      if (!finding) throw missing(`The finding ${id}`)
      return showFinding(finding)
    }
    navigation.go('timeline')
    if (kind === 'vm') {
      timeline.focusVm.value = { vm: Number(id) }
      return lookAt(at)
    }
    if (kind === 'bo') {
      const bo = await engine.api.bo(Number(id))
      if (!bo) throw missing(`BO ${id}`)
      timeline.selection.value = selectionOfBo(bo.bo)
      const mapping = bo.mappings.findLast(({ end }) => end === null) ?? bo.mappings.at(-1)
      if (mapping) timeline.focusVm.value = { vm: mapping.vm }
      const begin = bo.created ?? bo.mappings[0]?.start ?? null
      const lives = (time: number): boolean => time >= (bo.created ?? 0) && time < (bo.destroyed ?? Infinity)
      return lookAt(at ?? (lives(timeline.time.value) ? null : begin))
    }
    const va = await engine.api.whyGone(Number(id))
    if (!va) throw missing(`VA ${id}`)
    timeline.selection.value = selectionOfVa(va)
    timeline.focusVm.value = { vm: va.vm }
    const lives = (time: number): boolean => time >= va.start && time < (va.end ?? Infinity)
    lookAt(at ?? (lives(timeline.time.value) ? null : va.start))
  }

  async function guard(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      session.problem.value = asProblem(error)
    }
  }

  const objects: Objects = {
    link: (object, at) => (name() ? formatLink({ session: name(), object, at }) : null),
    go: (object, at) => guard(() => go(object, at)),
    follow: (link, file) =>
      guard(async () => {
        if (link.session !== name() || !session.shown.value) {
          const before = session.shown.value ? session.state.value.file : ''
          await session.open(file ?? link.session)
          // it says itself why it could not be opened; what was open before is open still, and its objects are not meant
          if (!session.shown.value || session.state.value.file === before) return
          await timeline.ready()
        }
        if (link.object) await go(link.object, link.at)
        else lookAt(link.at)
      })
  }
  provide(KEY, objects)
  return objects
}

export function useObjects(): Objects {
  const objects = inject(KEY)
  if (!objects) throw new Error('no objects above this component')
  return objects
}

function missing(what: string): EngineError {
  return new EngineError({
    code: 'no-object',
    message: `${what} is not in this session.`,
    remedy: 'The link may be of another session; look for the object with Ctrl+K.'
  })
}
