import { describe, expect, it } from 'vitest'
import { traceLevel, tracingText } from '../../engine/session/tracing'
import { Frame, ProbeState, TraceLevel, type Capabilities } from '../../engine/wire/messages'

function capabilities(fields: { traceLevel?: number; traceReason?: string; attached?: string[] }): Capabilities {
  const probes = [
    ...(fields.attached ?? []).map((how) => ({ how, state: ProbeState.PROBE_STATE_ATTACHED })),
    { how: 'fentry', state: ProbeState.PROBE_STATE_ABSENT }
  ]
  const { traceLevel: level = 0, traceReason = '' } = fields
  const frame = { capabilities: { probes, traceLevel: level, traceReason } }
  return Frame.decode(Frame.encode(frame).finish()).capabilities as Capabilities
}

describe('how a session saw the kernel', () => {
  it('names the level, the probes and how they are attached', () => {
    const best = capabilities({ traceLevel: TraceLevel.TRACE_LEVEL_BPF, attached: ['fentry', 'fexit', 'fentry'] })
    expect([traceLevel(best), tracingText(best)]).toEqual(['bpf', 'BPF, 3 of 4 probes, fentry, fexit'])
  })

  it('says below BPF why it is not BPF', () => {
    const without = capabilities({ traceLevel: TraceLevel.TRACE_LEVEL_DEBUGFS, traceReason: 'no BPF: no BTF' })
    expect([traceLevel(without), tracingText(without)]).toEqual(['debugfs', 'debugfs only, no events (no BPF: no BTF)'])
    const off = capabilities({ traceReason: 'as asked for' })
    expect([traceLevel(off), tracingText(off)]).toEqual(['none', 'off (as asked for)'])
  })

  it('takes a recording from before there were levels for what it was', () => {
    expect(traceLevel(capabilities({ attached: ['fentry'] }))).toBe('bpf')
  })
})
