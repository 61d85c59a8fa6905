import { InvalidArgumentError, Option } from 'commander'
import type { ScenarioRun } from '../engine/api'
import { MOST_SECONDS } from '../engine/ci/job'
import { TRACE_LEVELS } from '../engine/deploy/deploy'

export const boardOption = (): Option =>
  new Option(
    '-b, --board <board>',
    'virtual, virtual:weakref, virtual:hardref, virtual:NAME[:KERNEL], labgrid:PLACE, a Host of ~/.ssh/config, or [user@]host[:port]'
  ).makeOptionMandatory()

export const traceOption = (): Option =>
  new Option('--trace <level>', 'how to see the kernel; auto is the best that the board has')
    .choices(TRACE_LEVELS)
    .default('auto')

export const jsonOption = (text = 'print the result as JSON'): Option => new Option('--json', text)

export function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(Number(text))) throw new InvalidArgumentError('Give a whole number.')
  return Number(text)
}

export function seconds(text: string): number {
  const value = Number(text)
  if (!(value > 0 && value <= MOST_SECONDS))
    throw new InvalidArgumentError(`Give a number of seconds above 0, at most ${MOST_SECONDS} (24 days).`)
  return value
}

/** A time of a session: "1.2s", "350ms", "80us", "1:03.5", or seconds without a unit. Answers seconds. */
export function moment(text: string): number {
  const [, number, unit] = /^(-?\d+(?:\.\d+)?)(s|ms|us|µs|ns)?$/.exec(text) ?? []
  if (number !== undefined) return Number(number) * { s: 1, ms: 1e-3, us: 1e-6, µs: 1e-6, ns: 1e-9 }[unit ?? 's']!
  const [, hours, minutes, rest] = /^(?:(\d+):)?(\d+):(\d\d(?:\.\d+)?)$/.exec(text) ?? []
  if (rest === undefined) throw new InvalidArgumentError('Give a time, for example 1.2s, 350ms or 1:03.5.')
  return Number(hours ?? 0) * 3600 + Number(minutes) * 60 + Number(rest)
}

/** "ops=5000" into a record; commander calls it once for each --param. */
export function parameter(text: string, before: Record<string, number> = {}): Record<string, number> {
  const [, name, value] = /^([a-z][a-z0-9-]*)=(\d+)$/.exec(text) ?? []
  if (!name) throw new InvalidArgumentError('Give name=number, for example ops=5000.')
  return { ...before, [name]: Number(value) }
}

/** "vm-bind-churn" or "vm-bind-churn:ops=5000,seed=7"; commander calls it once for each --scenario. */
export function scenario(text: string, before: ScenarioChoice[] = []): ScenarioChoice[] {
  const [, id, list] = /^([^:]+)(?::(.+))?$/.exec(text) ?? []
  if (!id)
    throw new InvalidArgumentError('Give a scenario, for example vm-bind-churn or vm-bind-churn:ops=5000,seed=7.')
  const { seed, ...parameters } = (list?.split(',') ?? []).reduce<Record<string, number>>(
    (all, item) => parameter(item, all),
    {}
  )
  return [...before, { id, seed, parameters }]
}

interface ScenarioChoice {
  id: string
  seed?: number
  parameters: Record<string, number>
}

/** What to run: --seed and --param hold for every scenario that does not say its own. */
export function runsOf(options: {
  scenario: ScenarioChoice[]
  seed: number
  param?: Record<string, number>
}): ScenarioRun[] {
  return options.scenario.map(({ id, seed, parameters }) => ({
    id,
    seed: seed ?? options.seed,
    parameters: { ...options.param, ...parameters }
  }))
}
