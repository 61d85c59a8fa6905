import type { ScenarioDescription, ScenarioRun } from '../api'
import type { TraceLevel } from '../deploy/deploy'
import { EXIT, VascopeError } from '../problem'

/**
 * Checks a run against the board's catalogue before it is sent, so that a typing error costs nothing. The daemon checks again: it
 * trusts nobody.
 */
export function checkRun(run: ScenarioRun, catalogue: readonly ScenarioDescription[]): void {
  const scenario = catalogue.find((s) => s.id === run.id)
  const bad = (code: string, message: string, remedy: string): never => {
    throw new VascopeError(code, message, remedy, EXIT.usage)
  }
  if (!scenario)
    return bad(
      'scenario-unknown',
      `There is no scenario "${run.id}" on this board.`,
      `Known: ${catalogue.map((s) => s.id).join(', ')}.`
    )
  for (const [name, value] of Object.entries(run.parameters)) {
    const parameter = scenario.parameters.find((p) => p.name === name)
    if (!parameter)
      return bad(
        'parameter-unknown',
        `${run.id} has no parameter "${name}".`,
        `It has: ${scenario.parameters.map((p) => p.name).join(', ') || 'none'}.`
      )
    const { minimum, maximum, unit } = parameter
    if (!Number.isSafeInteger(value) || value < minimum || value > maximum)
      return bad(
        'parameter-range',
        `${run.id}: ${name} = ${value} is out of range.`,
        `Give a whole number from ${minimum} to ${maximum}${unit ? ` ${unit}` : ''}; without it ${parameter.default} is taken.`
      )
  }
  if (scenario.needs)
    throw new VascopeError(
      'scenario-needs',
      `${run.id} cannot run on this board: ${scenario.needs}`,
      'vascope probe says what this board lacks, with a remedy for each.',
      EXIT.board
    )
}

/** What `all` stands for, and what of the catalogue it leaves out, with the reason. */
export interface Expanded {
  runs: ScenarioRun[]
  left: { id: string; why: string }[]
}

/** Refuses parameters for `all`. Needs no catalogue, so it costs no board. */
export function checkAll(runs: readonly ScenarioRun[]): void {
  const [name] = runs.flatMap((run) => (run.id === 'all' ? Object.keys(run.parameters) : []))
  if (name === undefined) return
  throw new VascopeError(
    'parameter-unknown',
    `all has no parameter "${name}".`,
    'Give parameters to one scenario; all takes only a seed.',
    EXIT.usage
  )
}

/**
 * Puts every scenario of the catalogue, in its order, in the place of `all`: all but those that may leave the board in need of a
 * reboot, and those that cannot run on it. `all` has a seed, which each of them gets, and no parameters.
 */
export function expandAll(runs: readonly ScenarioRun[], catalogue: readonly ScenarioDescription[]): Expanded {
  const left: Expanded['left'] = []
  const all = catalogue.filter(({ id, destructive, needs }) => {
    if (destructive) left.push({ id, why: 'it may leave the board in need of a reboot: run it by itself' })
    else if (needs) left.push({ id, why: needs })
    return !destructive && !needs
  })
  checkAll(runs)
  const expanded = runs.flatMap((run) =>
    run.id === 'all' ? all.map(({ id }) => ({ id, seed: run.seed, parameters: {} })) : [run]
  )
  return { runs: expanded, left: runs.some((run) => run.id === 'all') ? left : [] }
}

/** Those of the runs that may leave the board in need of a reboot. */
export function destructiveOf(runs: readonly ScenarioRun[], catalogue: readonly ScenarioDescription[]): string[] {
  return runs.map((run) => run.id).filter((id) => catalogue.find((s) => s.id === id)?.destructive)
}

/** The one command that does the same again: the same scenarios in one session, or only watching, for so many seconds. */
export function reproduce(
  board: string,
  runs: readonly ScenarioRun[],
  options: { seconds?: number; trace?: TraceLevel } = {}
): string {
  const { seconds, trace = 'auto' } = options
  const level = trace === 'auto' ? '' : ` --trace ${trace}`
  const command = `vascope ${runs.length > 0 ? 'run' : 'record'} --board ${quote(board)}${level}`
  const limit = seconds === undefined ? '' : ` --seconds ${seconds}`
  return command + limit + runs.map((run) => ` --scenario ${describe(run)}`).join('')
}

/** As --scenario takes it: "vm-bind-churn:ops=5000,seed=7". */
function describe({ id, seed, parameters }: ScenarioRun): string {
  return `${id}:${[...Object.entries(parameters), ['seed', seed]].map(([name, value]) => `${name}=${value}`).join(',')}`
}

function quote(text: string): string {
  return /^[\w@.:/-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
