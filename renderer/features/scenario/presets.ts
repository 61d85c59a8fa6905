import type { ScenarioDescription, ScenarioRun } from '../../../engine/api'
import { defaultRun, PRESET } from '../../model/scenario'

/** Named parameters of one scenario. */
export interface Preset {
  name: string
  parameters: Record<string, number>
  /** Saved by the user, who may remove it. */
  own: boolean
}

type Saved = Record<string, Record<string, Record<string, number>>>

const STORE = 'vascope.presets'
/** How much more work "long" is than the default, and how much less "short". */
const SCALE = 10

/** What can be chosen for a scenario: its defaults, less and more of the same, what was made for watching, and the user's own. */
export function presetsOf(scenario: ScenarioDescription): Preset[] {
  const { parameters } = defaultRun(scenario)
  const presets: Preset[] = [{ name: 'defaults', parameters, own: false }]
  // The first parameter of a scenario is how much of it is done.
  const work = scenario.parameters[0]
  if (work && work.default > 1)
    presets.push({
      name: 'short',
      parameters: { ...parameters, [work.name]: scaled(work.default / SCALE) },
      own: false
    })
  if (work && work.default * SCALE <= work.maximum)
    presets.push({ name: 'long', parameters: { ...parameters, [work.name]: work.default * SCALE }, own: false })
  const watched = PRESET.find(({ id }) => id === scenario.id)
  if (watched) presets.push({ name: 'to watch', parameters: { ...parameters, ...watched.parameters }, own: false })
  for (const [name, own] of Object.entries(load()[scenario.id] ?? {}))
    presets.push({ name, parameters: { ...parameters, ...known(scenario, own) }, own: true })
  return presets

  function scaled(value: number): number {
    return Math.max(work?.minimum ?? 1, Math.ceil(value))
  }
}

/** Keeps parameters under a name, in the place of those that had it. */
export function savePreset({ id, parameters }: ScenarioRun, name: string): void {
  const all = load()
  store({ ...all, [id]: { ...all[id], [name]: { ...parameters } } })
}

export function removePreset(id: string, name: string): void {
  const all = load()
  const rest = Object.fromEntries(Object.entries(all[id] ?? {}).filter(([known]) => known !== name))
  store({ ...all, [id]: rest })
}

/** A scenario of a newer daemon may have lost or renamed parameters. */
function known(scenario: ScenarioDescription, parameters: Record<string, number>): Record<string, number> {
  const names = new Set(scenario.parameters.map(({ name }) => name))
  return Object.fromEntries(Object.entries(parameters).filter(([name, value]) => names.has(name) && isFinite(value)))
}

function load(): Saved {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(STORE) ?? '{}')
    return typeof value === 'object' && value !== null ? (value as Saved) : {}
  } catch {
    return {} // not written by us: nothing to keep
  }
}

function store(all: Saved): void {
  localStorage.setItem(STORE, JSON.stringify(all))
}
