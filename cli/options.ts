import { InvalidArgumentError, Option } from 'commander'
import type { ScenarioRun } from '../engine/api'

export const boardOption = (): Option =>
  new Option(
    '-b, --board <board>',
    'virtual, virtual:NAME, a Host of ~/.ssh/config, or [user@]host[:port]'
  ).makeOptionMandatory()

export const jsonOption = (): Option => new Option('--json', 'print the result as JSON')

export function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(Number(text))) throw new InvalidArgumentError('Give a whole number.')
  return Number(text)
}

export function seconds(text: string): number {
  const value = Number(text)
  if (!(value > 0)) throw new InvalidArgumentError('Give a number of seconds above 0.')
  return value
}

/** "ops=5000" into a record; commander calls it once for each --param. */
export function parameter(text: string, before: Record<string, number> = {}): Record<string, number> {
  const [, name, value] = /^([a-z][a-z0-9-]*)=(\d+)$/.exec(text) ?? []
  if (!name) throw new InvalidArgumentError('Give name=number, for example ops=5000.')
  return { ...before, [name]: Number(value) }
}

export function collect(text: string, before: string[] = []): string[] {
  return [...before, text]
}

export function runsOf(options: { scenario: string[]; seed: number; param?: Record<string, number> }): ScenarioRun[] {
  return options.scenario.map((id) => ({ id, seed: options.seed, parameters: options.param ?? {} }))
}
