import path from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ObjectQuery } from '../../../engine/api'
import { boGraph } from '../../../engine/query/graph'
import { liveAt } from '../../../engine/query/live'
import { objectTable } from '../../../engine/query/tables'
import { openRecording } from '../../../engine/session/recording'

const { model } = openRecording(path.join(import.meta.dirname, '../../fixtures/compare/weakref.vascope'))
const QUERY: ObjectQuery = {
  kind: 'bo',
  at: null,
  ended: true,
  search: '',
  sort: 'id',
  descending: false,
  first: 0,
  count: 1e6
}
const rows = (change: Partial<ObjectQuery>): ReturnType<typeof objectTable>['rows'] =>
  objectTable(model, { ...QUERY, ...change }).rows
const middle = model.end / 2

describe('tables of objects', () => {
  it('have every object once, and at a time those that lived then', () => {
    expect(rows({}).map(({ id }) => id)).toEqual(
      [...model.state.bos.keys()].filter((id) => id !== 0).sort((a, b) => a - b)
    )
    expect(rows({ kind: 'vm' })).toHaveLength(model.state.vms.size)
    for (const one of rows({ at: middle, ended: false })) {
      expect(one.began ?? 0).toBeLessThanOrEqual(middle)
      expect(one.ended ?? Infinity).toBeGreaterThan(middle)
    }
  })

  it('count the mappings of that time, each once', () => {
    const sum = (kind: ObjectQuery['kind']): number =>
      rows({ kind, at: middle }).reduce((n, { mappings }) => n + (mappings ?? 0), 0)
    const { indices } = liveAt(model, middle)
    expect(indices.length).toBeGreaterThan(0)
    expect(sum('vm')).toBe(indices.length)
    expect(sum('bo')).toBe(indices.filter((i) => model.state.mappings.bo.at(i) !== 0).length)
  })

  it('are sorted both ways with what was not seen last, and found by number and name', () => {
    const ends = rows({ sort: 'ended', descending: true }).map(({ ended }) => ended)
    const seen = ends.filter((end) => end !== null)
    expect(ends.slice(0, seen.length)).toEqual([...seen].sort((a, b) => b - a))
    const [first] = rows({ sort: 'bytes', descending: true })
    expect(first?.bytes).toBe(Math.max(...rows({}).map(({ bytes }) => bytes ?? 0)))
    expect(rows({ search: `BO ${first?.id}` }).map(({ id }) => id)).toEqual([first?.id])
    expect(rows({ search: 'no such name' })).toEqual([])
  })

  it('come in pages', () => {
    const all = rows({ kind: 'vm_bo' })
    const page = objectTable(model, { ...QUERY, kind: 'vm_bo', first: 2, count: 3 })
    expect(page.total).toBe(all.length)
    expect(page.rows).toEqual(all.slice(2, 5))
  })
})

describe('the graph around a BO', () => {
  it('has an edge by policy from each vm_bo, and one that holds nothing from its VM', () => {
    const [mapped] = rows({ at: middle, ended: false, sort: 'vmBos', descending: true })
    const graph = boGraph(model, mapped!.id, middle)!
    const vmBos = graph.nodes.filter(({ kind }) => kind === 'vm_bo')
    expect(vmBos).toHaveLength(mapped!.vmBos!)
    for (const { key } of vmBos) {
      const [edge] = graph.edges.filter(({ from }) => from === key)
      expect(edge?.to).toBe(`bo${mapped!.id}`)
      expect(['hard', 'weak', 'handle-counted']).toContain(edge?.policy)
      expect(graph.edges.find(({ to }) => to === key)?.policy).toBe('none')
    }
    for (const { from, to } of graph.edges)
      for (const end of [from, to]) expect(graph.nodes.map(({ key }) => key)).toContain(end)
  })

  it('is none of a BO that was never seen', () => {
    expect(boGraph(model, 999_999, middle)).toBeNull()
  })
})
