import type { CheckResult, ScenarioDescription } from '../api'
import { wayTo } from '../connect/reach'
import { asProblem, VascopeError } from '../problem'
import { CheckState, num, type Capabilities } from '../wire/messages'
import { LiveSession, type LiveOptions } from './live'

export interface Preflight {
  checks: CheckResult[]
  scenarios: ScenarioDescription[]
  capabilities: Capabilities | null
  /** What kept the board from being looked at; null where it was. */
  error: VascopeError | null
}

/**
 * Reaches the board, reads what it is and what can be seen there, and leaves again. A board that cannot be reached is a result with a
 * failed check, not an exception; `onCheck` hears each check as it is settled.
 */
export async function preflight(
  options: Omit<LiveOptions, 'file' | 'title' | 'command'>,
  onCheck: (check: CheckResult) => void
): Promise<Preflight> {
  const checks: CheckResult[] = []
  const settle = (check: CheckResult): void => {
    checks.push(check)
    onCheck(check)
  }
  const began = Date.now()
  let session: LiveSession
  try {
    session = await LiveSession.start({ ...options, file: null, title: '', command: '' })
  } catch (error) {
    if (!(error instanceof VascopeError) || error.code === 'cancelled') throw error
    const { message, remedy } = asProblem(error)
    settle({ id: `link.${error.code}`, group: 'Link', title: 'Reachable', state: 'failed', detail: message, remedy })
    return { checks, scenarios: [], capabilities: null, error }
  }
  const { target } = session
  const capabilities = session.model.capabilities!
  const ok = (id: string, title: string, detail: string): CheckResult => ({
    id,
    group: 'Link',
    title,
    state: 'ok',
    detail,
    remedy: ''
  })
  settle(ok('link.ssh', 'Reachable', `${wayTo(target)}, ${((Date.now() - began) / 1000).toFixed(1)} s with the daemon`))
  settle(
    ok('link.architecture', 'Architecture', `${capabilities.machine} Linux, ${capabilities.model || 'model unknown'}`)
  )
  settle(
    ok('link.daemon', 'Daemon', `${session.model.hello?.program ?? ''}, build ${session.model.hello?.build ?? ''}`)
  )
  settle(kernelCheck(capabilities))
  for (const check of capabilities.checks)
    settle({
      id: check.id ?? '',
      group: groupOf(check.id ?? ''),
      title: check.title ?? '',
      state:
        check.state === CheckState.CHECK_STATE_OK
          ? 'ok'
          : check.state === CheckState.CHECK_STATE_LIMITED
            ? 'limited'
            : 'failed',
      detail: check.detail ?? '',
      remedy: check.remedy ?? ''
    })
  await session.stop()
  checks.sort((a, b) => GROUPS.indexOf(a.group) - GROUPS.indexOf(b.group))
  return { checks, scenarios: scenariosOf(capabilities), capabilities, error: null }
}

/** In the order in which they build on each other. */
const GROUPS = ['Link', 'Kernel', 'Tracing', 'Scenarios']

function kernelCheck(c: Capabilities): CheckResult {
  return { id: 'kernel.release', group: 'Kernel', title: 'Kernel', state: 'ok', detail: c.kernelRelease, remedy: '' }
}

function groupOf(id: string): string {
  if (/^(kernel\.probes|privilege|debugfs|lock|tracing)/.test(id)) return 'Tracing'
  if (/^(kms|render|runner|scenario)/.test(id)) return 'Scenarios'
  return 'Kernel'
}

export function scenariosOf(capabilities: Capabilities): ScenarioDescription[] {
  return capabilities.scenarios.map((s) => ({
    id: s.id ?? '',
    description: s.description ?? '',
    destructive: s.destructive ?? false,
    needs: s.needs ?? '',
    parameters: (s.parameters ?? []).map((p) => ({
      name: p.name ?? '',
      description: p.description ?? '',
      unit: p.unit ?? '',
      minimum: num(p.minimum),
      maximum: num(p.maximum),
      default: num(p.defaultValue)
    }))
  }))
}
