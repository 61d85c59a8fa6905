import type {
  BoDetail,
  Board,
  EngineApi,
  EngineEvents,
  MappingPage,
  MappingQuery,
  MappingRow,
  Problem,
  Pulse,
  Rects,
  ScenarioDescription,
  SessionState,
  Spans,
  View,
  ViewRequest
} from '../../engine/api'
import type { PortLike } from '../../renderer/model/engine-client'

/** A port that speaks the engine's protocol, answered by whatever methods a test gives it. */
export interface FakePort extends PortLike {
  /** What was asked, in order. */
  requests: { method: keyof EngineApi; args: unknown[] }[]
  /** Says something unasked. */
  push<Name extends keyof EngineEvents>(event: Name, data: EngineEvents[Name]): void
  closed: boolean
}

export type Answers = { [Method in keyof EngineApi]?: (...args: Parameters<EngineApi[Method]>) => unknown }

export function fakePort(answers: Answers = {}): FakePort {
  const listeners = new Set<(event: { data: unknown }) => void>()
  const say = (data: unknown): void => {
    for (const listener of listeners) listener({ data })
  }
  const port: FakePort = {
    requests: [],
    closed: false,
    addEventListener: (_type, listener) => listeners.add(listener),
    close: () => (port.closed = true),
    push: (event, data) => say({ event, data }),
    postMessage(message) {
      const { id, method, args } = message as { id: number; method: keyof EngineApi; args: unknown[] }
      port.requests.push({ method, args })
      const answer = answers[method] as ((...args: unknown[]) => unknown) | undefined
      void (async () => {
        try {
          say({ id, ok: true, value: answer ? await answer(...args) : undefined })
        } catch (problem) {
          say({ id, ok: false, problem: problem as Problem })
        }
      })()
    }
  }
  return port
}

export const LIVE: SessionState = {
  phase: 'live',
  activity: '',
  progress: null,
  board: 'virtual',
  title: 'vm-bind-churn, scanout-flip',
  file: '/sessions/2026-11-22-virtual.vascope',
  problem: null,
  facts: {
    kernel: '6.16.3+deb13-arm64',
    driver: 'msm 1.12',
    gpu: 'Adreno 630',
    model: 'virtual',
    emulated: true,
    traceLevel: 'bpf',
    tracing: 'BPF, 31 of 31 probes, fentry',
    scenarios: []
  },
  scenario: null
}

export const PULSE: Pulse = {
  now: 8,
  events: 120_000,
  eventsPerSecond: 8420,
  bytesPerSecond: 112_000,
  dropped: 0,
  queueFraction: 0.03,
  latencyMs: 11.8,
  fileBytes: 1_400_000,
  vms: 2,
  liveMappings: 30,
  liveBytes: 40 * 1024 * 1024
}

export const CHURN: ScenarioDescription = {
  id: 'vm-bind-churn',
  description: 'Maps and unmaps BOs in one VM_BIND VM.',
  parameters: [
    { name: 'rounds', description: 'How often', unit: '', minimum: 1, maximum: 100_000, default: 200 },
    { name: 'bo-size', description: 'Bytes of a BO', unit: 'KiB', minimum: 4, maximum: 65_536, default: 64 }
  ],
  destructive: false,
  needs: ''
}

/** One that leaves a board in need of a reboot, and one that this board cannot run. */
export const KILL: ScenarioDescription = { ...CHURN, id: 'kill-with-pending-bind', destructive: true }
export const FLIP: ScenarioDescription = { ...CHURN, id: 'scanout-flip', description: 'Flips.', needs: 'a display' }

export const BOARDS: Board[] = [
  {
    id: 'virtual',
    kind: 'virtual',
    title: 'Virtual board',
    detail: 'QEMU aarch64, msm on emulated hardware.',
    state: 'stopped'
  },
  { id: 'rb3gen2', kind: 'ssh', title: 'rb3gen2', detail: 'lab@10.0.0.7 by way of labgate' }
]

interface Mapped {
  group: number
  row: number
  bo: number
  iova: number
  bytes: number
  start: number
  end: number
  state: number
}

export function rectsOf(mapped: Mapped[]): Rects {
  return {
    group: Uint16Array.from(mapped, ({ group }) => group),
    row: Uint16Array.from(mapped, ({ row }) => row),
    va: Float64Array.from(mapped, (_, index) => index + 1),
    bo: Float64Array.from(mapped, ({ bo }) => bo),
    iova: Float64Array.from(mapped, ({ iova }) => iova),
    bytes: Float64Array.from(mapped, ({ bytes }) => bytes),
    offset: new Float64Array(mapped.length),
    start: Float64Array.from(mapped, ({ start }) => start),
    end: Float64Array.from(mapped, ({ end }) => end),
    state: Uint8Array.from(mapped, ({ state }) => state)
  }
}

const SPANS: Spans = {
  queued: new Float64Array(),
  start: new Float64Array(),
  end: new Float64Array(),
  id: new Float64Array()
}

/** A repeatable sequence of numbers in 0..1. */
export function sequence(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

/** A small session: one VM_BIND VM that churns, one display VM that scans out, a loss from 3.0 to 3.2 s. */
export function fakeView(request: ViewRequest, end = 8): View {
  const random = sequence(7)
  const mapped: Mapped[] = []
  for (let row = 0; row < 24; row++) {
    for (let start = 0.4 + random(); start < end;) {
      const until = start + 0.05 + random() * (row < 4 ? 3 : 0.5)
      const state = until >= end ? 1 : 0
      const iova = 0x1_0000_0000 + row * 0x4_0000
      mapped.push({
        group: 0,
        row,
        bo: 10 + mapped.length,
        iova,
        bytes: 0x1_0000,
        start,
        end: state ? Infinity : until,
        state
      })
      start = until + random() * 0.3
    }
  }
  for (let row = 0; row < 3; row++) {
    const iova = 0x100_0000 + row * 0x80_0000
    mapped.push({ group: 1, row, bo: 400 + row, iova, bytes: 0x7e_9000, start: 1, end: Infinity, state: 1 })
  }
  const bins = 400
  const step = (request.to - request.from) / bins
  const series = (value: (time: number) => number): Float32Array =>
    Float32Array.from({ length: bins }, (_, bin) => {
      const time = request.from + bin * step
      return time > end || (time >= 3 && time < 3.2) ? NaN : value(time)
    })
  const wave = (time: number): number => 1200 + 700 * Math.sin(time * 3) + 300 * random()
  const flips = Array.from({ length: 500 }, (_, index) => 1 + index / 60).filter((time) => time <= end)
  return {
    request,
    begin: 0,
    end,
    vms: [
      {
        vm: 3,
        name: 'vm-bind-churn',
        policy: 'hard',
        policySource: 'VM_BIND',
        mode: 'vm-bind',
        pid: 412,
        comm: 'vascoped',
        created: 0.2,
        destroyed: null,
        mappings: 20,
        bytes: 20 * 65_536,
        vmBos: 20,
        rows: 24,
        segments: [
          { iova: 0x1_0000_0000, bytes: 0x40_0000, row: 0, rows: 16 },
          { iova: 0x1_0800_0000, bytes: 0x20_0000, row: 16, rows: 8 }
        ],
        hiddenBytes: 2 ** 47,
        extents: [{ iova: 0x1_0000_0000, bytes: 0x100_0000 }]
      },
      {
        vm: 0,
        name: 'mdp_kms',
        policy: 'handle-counted',
        policySource: 'managed VM',
        mode: 'kernel-managed',
        pid: 0,
        comm: '',
        created: 0,
        destroyed: null,
        mappings: 3,
        bytes: 3 * 0x7e_9000,
        vmBos: 3,
        rows: 3,
        segments: [{ iova: 0x100_0000, bytes: 0x180_0000, row: 0, rows: 3 }],
        hiddenBytes: 0,
        extents: [{ iova: 0x100_0000, bytes: 0x100_0000 }]
      }
    ],
    rects: rectsOf(mapped),
    rectsCut: [false, false],
    density: [],
    charts: {
      step,
      from: request.from,
      maps: series(wave),
      unmaps: series(wave),
      mappedBytesPerSecond: series((time) => wave(time) * 65_536),
      liveBytes: series((time) => 30e6 + 5e6 * Math.sin(time)),
      flips: series(() => 60),
      flipTimes: Float64Array.from(flips),
      flipIntervals: Float32Array.from(flips, (_, index) => (index % 97 === 0 ? 2 : 1) / 60)
    },
    marks: [
      { time: 0.3, until: 0.3, kind: 'snapshot', text: 'snapshot' },
      { time: 3, until: 3.2, kind: 'loss', text: 'lost 412' },
      { time: 0.4, until: 0.4, kind: 'scenario', text: 'vm-bind-churn' }
    ],
    jobs: {
      queued: Float64Array.from({ length: 200 }, (_, index) => 0.5 + index * 0.035),
      start: Float64Array.from({ length: 200 }, (_, index) => 0.5 + index * 0.035 + (index % 7 ? 0.002 : 0.05)),
      end: Float64Array.from({ length: 200 }, (_, index) => 0.5 + index * 0.035 + (index % 7 ? 0.008 : 0.058)),
      id: Float64Array.from({ length: 200 }, (_, index) => index)
    },
    submits: SPANS,
    commits: {
      queued: Float64Array.from(flips, (time) => time - 0.012),
      start: Float64Array.from(flips, (time) => time - 0.012),
      end: Float64Array.from(flips),
      id: Float64Array.from(flips, (_, index) => index)
    },
    cursor: {
      time: request.cursor ?? end,
      maps: request.cursor !== null && request.cursor >= 3 && request.cursor < 3.2 ? null : 1204,
      unmaps: request.cursor !== null && request.cursor >= 3 && request.cursor < 3.2 ? null : 1187,
      liveBytes: 31.4e6,
      flipInterval: 1 / 60,
      liveMappings: 23
    }
  }
}

export function fakeRows(total: number): MappingRow[] {
  return Array.from({ length: total }, (_, index) => ({
    va: index + 1,
    vm: index % 5 ? 3 : 0,
    vmName: index % 5 ? 'vm-bind-churn' : 'mdp_kms',
    iova: 0x1_0000_0000 + index * 0x1_0000,
    bytes: 0x1_0000 * (1 + (index % 9)),
    bo: index === 3 ? 0 : 10 + index,
    boName: index % 3 ? 'churn' : 'scanout',
    offset: 0,
    vmBo: index,
    policy: index === 3 ? 'none' : index % 5 ? 'hard' : 'handle-counted',
    age: 0.35 + index * 0.11,
    state: index % 11 ? 'live' : 'pending'
  }))
}

export function fakePage(query: MappingQuery, rows: MappingRow[]): MappingPage {
  return { total: rows.length, first: query.first, rows: rows.slice(query.first, query.first + query.count) }
}

export const BO: BoDetail = {
  bo: 412,
  name: 'swapchain[2]',
  bytes: 0x7e_9000,
  flags: 'WC | SCANOUT',
  created: 1,
  createdBy: 'vascoped 412, GEM_NEW',
  destroyed: null,
  handles: [{ handle: 7, pid: 412, comm: 'vascoped', opened: 1, closed: 5.117 }],
  refcount: { value: 3, sampledAt: 7.9 },
  mappings: [
    {
      vm: 3,
      vmName: 'vm-bind-churn',
      va: 5,
      iova: 0x1_0021_0000,
      bytes: 0x7e_9000,
      policy: 'hard',
      start: 1.1,
      end: 4
    },
    {
      vm: 0,
      vmName: 'mdp_kms',
      va: 6,
      iova: 0x184_0000,
      bytes: 0x7e_9000,
      policy: 'handle-counted',
      start: 1.4,
      end: null
    }
  ],
  framebuffers: [{ fb: 73, created: 1.3, destroyed: null }]
}
