import { CommanderError } from 'commander'
import { asProblem, EXIT, VascopeError } from '../engine/problem'
import { say } from './output'

/** Says what went wrong, once, and answers the exit code for it. */
export function fail(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.fine : EXIT.usage // commander has said it
  const problem = asProblem(error)
  say(`vascope: ${problem.message}\n${problem.remedy}`)
  if (!(error instanceof VascopeError) && error instanceof Error && error.stack) say(error.stack)
  return error instanceof VascopeError ? error.exit : 70 // EX_SOFTWARE: a fault of ours, never to be mistaken for a result
}
