import type { ScenarioDescription, ScenarioRun } from '../api'
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

/** The command that runs the same again. */
export function reproduce(board: string, runs: readonly ScenarioRun[]): string {
  if (runs.length === 0) return `vascope record --board ${quote(board)}`
  return runs
    .map((run) => {
      const parameters = Object.entries(run.parameters).map(([k, v]) => ` --param ${k}=${v}`)
      return `vascope run --board ${quote(board)} --scenario ${run.id} --seed ${run.seed}${parameters.join('')}`
    })
    .join(' && ')
}

function quote(text: string): string {
  return /^[\w@.:/-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
