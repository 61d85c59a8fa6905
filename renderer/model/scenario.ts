import type { ScenarioDescription, ScenarioParameter, ScenarioRun } from '../../engine/api'

/**
 * What "Start" runs when nothing else was chosen: mappings that come and go, then a scanout that pins its buffers. Slow enough
 * to be watched, about twenty seconds, then ten, and few enough mappings at a time that each has a lane one can point at.
 */
export const PRESET: ScenarioRun[] = [
  { id: 'vm-bind-churn', seed: 1, parameters: { ops: 6000, rate: 300, live: 24 } },
  { id: 'scanout-flip', seed: 1, parameters: { flips: 600 } }
]

export function defaultRun(scenario: ScenarioDescription): ScenarioRun {
  const parameters = Object.fromEntries(scenario.parameters.map(({ name, default: value }) => [name, value]))
  return { id: scenario.id, seed: 1, parameters }
}

/** What is wrong with a value, or an empty string. */
export function parameterFault(parameter: ScenarioParameter, value: number): string {
  if (!Number.isFinite(value)) return 'not a number'
  if (!Number.isInteger(value)) return 'not a whole number'
  if (value < parameter.minimum) return `at least ${parameter.minimum}`
  if (value > parameter.maximum) return `at most ${parameter.maximum}`
  return ''
}

export function runFaults(scenario: ScenarioDescription, run: ScenarioRun): string[] {
  return scenario.parameters
    .map((parameter) => [parameter.name, parameterFault(parameter, run.parameters[parameter.name] ?? NaN)] as const)
    .filter(([, fault]) => fault)
    .map(([name, fault]) => `${name}: ${fault}`)
}
