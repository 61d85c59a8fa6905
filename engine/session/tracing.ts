import type { TraceLevelName } from '../api'
import { ProbeState, TraceLevel, type Capabilities } from '../wire/messages'

/** The level of a session, by name. A board that said neither level nor reason comes from before there were others than BPF. */
export function traceLevel(capabilities: Capabilities): TraceLevelName {
  switch (capabilities.traceLevel) {
    case TraceLevel.TRACE_LEVEL_BPF:
      return 'bpf'
    case TraceLevel.TRACE_LEVEL_KPROBES:
      return 'kprobes'
    case TraceLevel.TRACE_LEVEL_DEBUGFS:
      return 'debugfs'
    default:
      return capabilities.traceReason ? 'none' : 'bpf'
  }
}

const LEVELS: Record<TraceLevelName, string> = {
  bpf: 'BPF',
  kprobes: 'kprobe events',
  debugfs: 'debugfs only, no events',
  none: 'off'
}

/** "BPF, 46 of 48 probes, fentry, fexit"; below BPF with the reason: "kprobe events, 30 of 31 probes, kprobe (no BPF: ...)". */
export function tracingText(capabilities: Capabilities): string {
  const { probes, traceReason } = capabilities
  const attached = probes.filter((p) => p.state === ProbeState.PROBE_STATE_ATTACHED)
  const how = [...new Set(attached.map((p) => p.how ?? ''))].filter(Boolean)
  const parts = [LEVELS[traceLevel(capabilities)]]
  if (attached.length > 0) parts.push(`${attached.length} of ${probes.length} probes`, ...how)
  return parts.join(', ') + (traceReason ? ` (${traceReason})` : '')
}
