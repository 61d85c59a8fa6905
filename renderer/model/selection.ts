import type { MappingRow, Rects, WhyGone } from '../../engine/api'

/** The one object that all views show as selected: a mapping, and with it its BO. A bo of 0 is a mapping without BO (MAP_NULL). */
export interface Selection {
  va: number
  vm: number
  bo: number
  iova: number
  bytes: number
  offset: number
  /** Seconds; null where the view it came from does not know. */
  start: number | null
  /** null while it lives, and where `atLeast` is given. */
  end: number | null
  /** It went, and when is not known: not before this. */
  atLeast?: number
}

/** A BO without one of its mappings: va is 0. */
export function selectionOfBo(bo: number): Selection {
  return { va: 0, vm: 0, bo, iova: 0, bytes: 0, offset: 0, start: null, end: null }
}

/** Of a mapping by what is known of its end. Its offset is not. */
export function selectionOfVa({ va, vm, bo, iova, bytes, start, end, atLeast }: WhyGone): Selection {
  return { va, vm, bo, iova, bytes, offset: 0, start, end, atLeast }
}

/** `vm` is that of the rect's group. */
export function selectionOfRect(rects: Rects, index: number, vm: number): Selection {
  const end = rects.end[index] ?? Infinity
  const atLeast = rects.atLeast?.[index] ?? NaN
  const unknown = !Number.isNaN(atLeast)
  return {
    va: rects.va[index] ?? 0,
    vm,
    bo: rects.bo[index] ?? 0,
    iova: rects.iova[index] ?? 0,
    bytes: rects.bytes[index] ?? 0,
    offset: rects.offset[index] ?? 0,
    start: rects.start[index] ?? null,
    end: Number.isFinite(end) && !unknown ? end : null,
    ...(unknown ? { atLeast } : {})
  }
}

/** `time` is the time at which the row's age was read. */
export function selectionOfRow(row: MappingRow, time: number): Selection {
  return {
    va: row.va,
    vm: row.vm,
    bo: row.bo,
    iova: row.iova,
    bytes: row.bytes,
    offset: row.offset,
    start: time - row.age,
    end: null
  }
}
