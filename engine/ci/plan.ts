import { spawn } from 'node:child_process'
import path from 'node:path'
import type { ScenarioRun } from '../api'
import { askBootId, awaitBoard, boardKey, virtualName } from '../connect/reach'
import { down, status } from '../connect/virtual/board'
import { cancelled, VascopeError } from '../problem'
import { REBOOT_MS } from './board-run'
import type { BoardPlan, FarmJob } from './farm'
import type { Matrix, Refuse } from './matrix-file'
import { fileName } from './results'

type BoardEntry = Exclude<Matrix['boards'][string], string>
type KernelEntry = NonNullable<Matrix['kernels']>[string]
type ScenarioEntry = Matrix['scenarios'][number]

/**
 * What each board has to do: kernel by kernel, so that a board is booted as seldom as can be, and within it every scenario with every
 * seed, repeated. `refuse` is told what does not fit together.
 */
export function planMatrix({ matrix, refuse }: { matrix: Matrix; refuse: Refuse }, folder: string): BoardPlan[] {
  checkNames(matrix, refuse)
  const plans = Object.entries(matrix.boards).map(([name, entry]) => {
    const board: BoardEntry = typeof entry === 'string' ? { address: entry } : entry
    const kernels = board.kernels ?? Object.keys(matrix.kernels ?? {})
    const jobs = (kernels.length > 0 ? kernels : ['']).flatMap((kernel) => {
      const entry = kernel === '' ? {} : matrix.kernels![kernel]!
      const place = placeOf(name, board, kernel, entry, refuse)
      const jobs = matrix.scenarios
        .filter((s) => (s.boards?.includes(name) ?? true) && (kernel === '' || (s.kernels?.includes(kernel) ?? true)))
        .flatMap((scenario) =>
          jobsOf(matrix, scenario, place, path.join(folder, fileName(name), kernel && fileName(kernel)))
        )
      return withKernel(jobs, place, entry)
    })
    return { name, jobs }
  })
  checkPlans(matrix, plans, refuse)
  return plans
}

/** Boards that run at the same time must not be one, and what nobody runs was not meant. */
function checkPlans(matrix: Matrix, plans: readonly BoardPlan[], refuse: Refuse): void {
  const taken = new Map<string, string>()
  for (const { name, jobs } of plans)
    for (const key of new Set([addressOf(matrix.boards[name]!), ...jobs.map((job) => job.board)].map(boardKey))) {
      const other = taken.get(key)
      if (other !== undefined) refuse(['boards', name], `it is the same board as ${other}: ${key}`)
      taken.set(key, name)
    }
  const run = new Set(plans.flatMap(({ jobs }) => jobs.map((job) => job.name)))
  matrix.scenarios.forEach((scenario, i) => {
    if (!run.has(scenario.name ?? scenario.id))
      refuse(['scenarios', i], 'no board runs it: none of its boards has one of its kernels')
  })
}

function addressOf(board: Matrix['boards'][string]): string {
  return typeof board === 'string' ? board : board.address
}

interface Place {
  board: string
  kernel: string
  trace?: BoardEntry['trace']
  release?: string | undefined
  /** Name of the virtual board, if it is one. */
  virtual: string | null
}

/** Where a kernel of the matrix runs. Each kernel of a virtual board is a virtual board of its own. */
function placeOf(name: string, board: BoardEntry, kernel: string, entry: KernelEntry, refuse: Refuse): Place {
  const own = virtualName(board.address)
  const place = { kernel, trace: board.trace, release: entry.release }
  if (kernel === '' || own === null || entry.virtual === undefined) {
    if (kernel !== '' && entry.prepare === undefined && entry.release === undefined)
      refuse(
        ['kernels', kernel],
        `${name} is ${own === null ? 'no virtual board' : 'a virtual board'}: give ${own === null ? 'prepare, release or both' : 'virtual'}`
      )
    return { ...place, board: board.address, virtual: own }
  }
  if (board.address.split(':').length > 2)
    refuse(['boards', name], `${board.address} names a kernel, and so do the kernels of the matrix`)
  const virtual = `${own}-${entry.virtual}`
  return { ...place, board: `virtual:${virtual}:${entry.virtual}`, virtual }
}

function jobsOf(matrix: Matrix, scenario: ScenarioEntry, place: Place, folder: string): FarmJob[] {
  const { defaults = {} } = matrix
  const seeds = scenario.seeds ?? defaults.seeds ?? [1]
  const repeats = scenario.repeat ?? defaults.repeat ?? 1
  const name = scenario.name ?? scenario.id
  return seeds.flatMap((seed) =>
    Array.from({ length: repeats }, (_, i): FarmJob => {
      const run: ScenarioRun = { id: scenario.id, seed, parameters: scenario.parameters ?? {} }
      return {
        name,
        kernel: place.kernel,
        repeat: i + 1,
        board: place.board,
        runs: [run],
        file: path.join(folder, `${fileName(name)}-s${seed}${repeats > 1 ? `-r${i + 1}` : ''}.vascope`),
        trace: scenario.trace ?? place.trace,
        limit: scenario.limit ?? defaults.limit,
        release: place.release,
        yes: scenario.destructive
      }
    })
  )
}

/** The first job of a kernel boots it, where no virtual board of its own does; the last one takes a virtual board down that was not there before. */
function withKernel(jobs: FarmJob[], place: Place, entry: KernelEntry): FarmJob[] {
  const [first, last] = [jobs[0], jobs.at(-1)]
  if (!first || !last) return jobs
  const { virtual } = place
  const command = virtual !== null && entry.virtual !== undefined ? undefined : entry.prepare
  let started = false
  first.before = async (signal) => {
    if (virtual !== null) started = status(virtual).state === 'stopped'
    if (command !== undefined) await prepareBoard(command, place, signal, started ? null : REBOOT_MS)
  }
  last.after = async () => {
    if (virtual !== null && started) await down(virtual)
  }
  return jobs
}

/**
 * Runs the command that boots a board with a kernel, and waits at most `waitMs` until the board answers with it; null: it is off, and started when
 * it is reached. A board that answers as before is asked for a while, since it may be going down. Throws VascopeError.
 */
export async function prepareBoard(
  command: string,
  place: Pick<Place, 'board' | 'kernel'>,
  signal: AbortSignal,
  waitMs: number | null
): Promise<void> {
  const before = waitMs === null ? null : await askBootId(place.board, signal)
  await prepare(command, place, signal)
  if (waitMs === null || (await awaitBoard(place.board, before, waitMs, signal)) !== null) return
  throw new VascopeError(
    'prepare-lost',
    `${place.board} did not answer within ${waitMs / 1000} s after it was prepared for the kernel ${place.kernel}.`,
    `Look at its console, and at what the command did: ${command}`
  )
}

function prepare(
  command: string,
  { board, kernel }: Pick<Place, 'board' | 'kernel'>,
  signal: AbortSignal
): Promise<void> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, VASCOPE_BOARD: board, VASCOPE_KERNEL: kernel }
    const child = spawn('sh', ['-c', command], { env, stdio: ['ignore', 'pipe', 'pipe'], signal })
    let said = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-2000)))
    const failed = (why: string): void =>
      reject(
        signal.aborted
          ? cancelled()
          : new VascopeError(
              'prepare-failed',
              `${board} was not prepared for the kernel ${kernel}: ${why}.`,
              `Run it by hand: VASCOPE_BOARD=${board} VASCOPE_KERNEL=${kernel} sh -c '${command}'`
            )
      )
    child.on('error', (error) => failed(error.message))
    child.on('close', (code, by) => {
      if (code === 0) resolve()
      else failed(`${said.trim().split('\n').at(-1) || 'it said nothing'} (${by ?? `exit code ${code}`})`)
    })
  })
}

function checkNames(matrix: Matrix, refuse: Refuse): void {
  const kernels = Object.keys(matrix.kernels ?? {})
  const known = (
    path: (string | number)[],
    names: readonly string[] | undefined,
    all: string[],
    what: string
  ): void => {
    names?.forEach((name, i) => {
      if (!all.includes(name)) refuse([...path, i], `there is no ${what} "${name}"; known: ${all.join(', ') || 'none'}`)
    })
  }
  for (const [name, board] of Object.entries(matrix.boards))
    if (typeof board !== 'string') known(['boards', name, 'kernels'], board.kernels, kernels, 'kernel')
  const names = new Set<string>()
  matrix.scenarios.forEach((s, i) => {
    known(['scenarios', i, 'boards'], s.boards, Object.keys(matrix.boards), 'board')
    known(['scenarios', i, 'kernels'], s.kernels, kernels, 'kernel')
    const [parameter] = Object.keys(s.parameters ?? {})
    if (s.id === 'all' && parameter !== undefined)
      refuse(['scenarios', i, 'parameters', parameter], 'all takes only seeds')
    const name = s.name ?? s.id
    if (names.has(name))
      refuse(['scenarios', i], `there is a scenario "${name}" above: give this one a name of its own`)
    names.add(name)
  })
}
