import { encodeTable } from '../wire/table'
import * as t from './overview-tables'
import type { State } from './state'

/** Groups of one VM and axis at most. */
const GROUPS = 64

/** A stretch of time in cells, seconds. */
interface Stretch {
  from: number
  to: number
  cell: number
  cells: number
}

interface Group {
  vm: number
  axis: number
  shift: number
  key: number
  live: number
  starts: number
}

/** Of one VM, how its mappings are put into groups. */
interface VmGroups {
  vm: number
  place: number
  rowShift: number
  /** Of the addresses in pages; grows until few groups are enough. */
  shift: number
  used: Set<number>
  /** Groups by axis and key. */
  index: [Map<number, number>, Map<number, number>]
}

interface Rows {
  count: number
  columns: Record<string, number[]>
}

/** Mappings of a stretch counted by VM and by groups of neighbours, at its beginning and cell by cell. */
export class Grouping {
  /** Of BOs, mapped at the beginning. */
  pages = 0
  private readonly vms: VmGroups[] = []
  private readonly byVm = new Map<number, VmGroups>()
  private readonly vmLive: number[] = []
  private readonly vmPages: number[] = []
  private readonly groups: Group[] = []
  private readonly starts: number[][] = []
  private readonly ends: number[][] = []
  private readonly vmStarts: number[][] = []
  private readonly vmEnds: number[][] = []
  private readonly vmChange: number[][] = []

  constructor(
    private readonly state: State,
    private readonly stretch: Stretch
  ) {
    const { mappings: m } = state
    const touched: number[] = []
    for (let i = 0; i < m.length; i++)
      if (m.start.data[i]! < stretch.to && m.end.data[i]! >= stretch.from) {
        touched.push(i)
        this.use(i)
      }
    for (const i of touched) this.count(i)
  }

  vmRows(): Rows {
    return {
      count: this.vms.length,
      columns: { vm: this.vms.map(({ vm }) => vm), live: this.vmLive, pages: this.vmPages }
    }
  }

  groupRows(): Rows {
    const column = (name: keyof Group): number[] => this.groups.map((group) => group[name])
    const columns = Object.fromEntries(Object.keys(t.GROUP).map((name) => [name, column(name as keyof Group)]))
    return { count: this.groups.length, columns }
  }

  /** The cells, as OverviewCells. */
  fine(): Uint8Array {
    let pages: number
    const atEnd = this.vmChange.map((change, i) => {
      pages = this.vmPages[i]!
      return change.map((by) => (pages += by))
    })
    const columns: [number, 'plain' | 'delta', number[][]][] = [
      [t.CELLS.starts, 'plain', this.starts],
      [t.CELLS.ends, 'plain', this.ends],
      [t.CELLS.vmStarts, 'plain', this.vmStarts],
      [t.CELLS.vmEnds, 'plain', this.vmEnds],
      [t.CELLS.vmPages, 'delta', atEnd]
    ]
    const parts = columns.map(([field, kind, values]) => {
      const flat = values.flat()
      return encodeTable({ values: [field, kind] }, flat.length, { values: flat })
    })
    const out = new Uint8Array(parts.reduce((n, { length }) => n + length, 0))
    let at = 0
    for (const part of parts) {
      out.set(part, at)
      at += part.length
    }
    return out
  }

  private vmOf(id: number): VmGroups {
    let vm = this.byVm.get(id)
    if (vm) return vm
    const rows = this.state.vms.get(id)?.rows.layout() ?? []
    const all = rows.reduce((n, bucket) => n + bucket.rows, 0)
    // each bucket has groups of its own
    let rowShift = 0
    while (all >> rowShift > Math.max(1, GROUPS - rows.length)) rowShift++
    const place = this.vms.length
    vm = { vm: id, place, rowShift, shift: 4, used: new Set(), index: [new Map(), new Map()] }
    this.byVm.set(id, vm)
    this.vms.push(vm)
    this.vmLive.push(0)
    this.vmPages.push(0)
    for (const cells of [this.vmStarts, this.vmEnds, this.vmChange]) cells.push(this.cells())
    return vm
  }

  private cells(): number[] {
    return new Array<number>(this.stretch.cells).fill(0)
  }

  /** Finds out how coarse the groups of addresses must be. */
  private use(i: number): void {
    const { mappings: m } = this.state
    const vm = this.vmOf(m.vm.at(i))
    for (;;) {
      const [first, last] = this.addresses(i, vm.shift)
      if (last - first < GROUPS) {
        for (let key = first; key <= last; key++) vm.used.add(key)
        if (vm.used.size <= GROUPS) return
      }
      vm.shift++
      vm.used = new Set([...vm.used].map((key) => Math.floor(key / 2)))
    }
  }

  private addresses(i: number, shift: number): [number, number] {
    const { mappings: m, pageSize } = this.state
    const unit = pageSize * 2 ** shift
    const iova = m.iova.at(i)
    return [Math.floor(iova / unit), Math.floor((iova + Math.max(1, m.bytes.at(i)) - 1) / unit)]
  }

  private count(i: number): void {
    const { state, stretch } = this
    const { mappings: m, pageSize } = state
    const [start, end] = [m.start.at(i), m.end.at(i)]
    const vm = this.vmOf(m.vm.at(i))
    const began = start < stretch.from ? -1 : this.cellOf(start)
    const ended = end < stretch.to ? this.cellOf(end) : -1
    const pages = m.bo.at(i) === 0 ? 0 : Math.round(m.bytes.at(i) / pageSize)
    if (began < 0) {
      this.vmLive[vm.place]!++
      this.vmPages[vm.place]! += pages
      this.pages += pages
    } else {
      this.vmStarts[vm.place]![began]!++
      this.vmChange[vm.place]![began]! += pages
    }
    if (ended >= 0) {
      this.vmEnds[vm.place]![ended]!++
      this.vmChange[vm.place]![ended]! -= pages
    }
    const row = Math.floor(m.row.at(i) / 2 ** vm.rowShift) * 2 ** vm.rowShift
    this.add(vm, t.Axis.rows, vm.rowShift, m.bucket.at(i) * t.BUCKET_KEYS + row, began, ended)
    const [first, last] = this.addresses(i, vm.shift)
    for (let at = first; at <= last; at++) this.add(vm, t.Axis.addresses, vm.shift, at * 2 ** vm.shift, began, ended)
  }

  private add(vm: VmGroups, axis: number, shift: number, key: number, began: number, ended: number): void {
    const index = vm.index[axis - 1]!
    let at = index.get(key)
    if (at === undefined) {
      index.set(key, (at = this.groups.length))
      this.groups.push({ vm: vm.vm, axis, shift, key, live: 0, starts: 0 })
      this.starts.push(this.cells())
      this.ends.push(this.cells())
    }
    const group = this.groups[at]!
    if (began < 0) group.live++
    else {
      group.starts++
      this.starts[at]![began]!++
    }
    if (ended >= 0) this.ends[at]![ended]!++
  }

  private cellOf(time: number): number {
    const { from, cell, cells } = this.stretch
    return Math.min(cells - 1, Math.max(0, Math.floor((time - from) / cell)))
  }
}
