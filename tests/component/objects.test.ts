import { flushPromises } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ObjectGraph, ObjectRow } from '../../engine/api'
import { place } from '../../renderer/features/objects/layout'
import { openWindow, type TestWindow } from './window'

const TOTAL = 100_000
const row = (id: number): ObjectRow => ({
  kind: 'bo',
  id,
  name: `buffer ${id}`,
  owner: 'weston 91',
  bytes: 4096,
  vm: 0,
  bo: id,
  policy: 'none',
  mappings: 1,
  vmBos: 1,
  handles: 0,
  began: 1,
  ended: null
})
const GRAPH: ObjectGraph = {
  nodes: [
    { key: 'bo7', kind: 'bo', id: 7, title: 'BO 7', detail: 'buffer 7', since: 1, column: 2 },
    { key: 'vm_bo3', kind: 'vm_bo', id: 3, title: 'vm_bo 3', detail: '1 mapping', since: 2, column: 1 },
    { key: 'vm1', kind: 'vm', id: 1, title: 'VM 1', detail: 'mdp_kms', since: 0, column: 0 }
  ],
  edges: [
    { from: 'vm_bo3', to: 'bo7', policy: 'weak', text: 'flag' },
    { from: 'vm1', to: 'vm_bo3', policy: 'none', text: 'its list' }
  ],
  more: 0,
  at: 8,
  state: 'alive',
  answer: 'No holder of BO 7 is known.'
}

let opened: TestWindow
beforeEach(async () => {
  opened = await openWindow({
    objects: ({ first, count }) => ({
      total: TOTAL,
      first,
      rows: Array.from({ length: Math.min(count, TOTAL - first) }, (_, n) => row(first + n + 1))
    }),
    graph: () => GRAPH
  })
  await opened.goLive()
  await opened.press('4')
})
afterEach(() => opened.wrapper.unmount())

describe('the objects view', () => {
  it('asks for the rows on the screen only, of a hundred thousand', () => {
    expect(opened.wrapper.get('[data-testid=object-total]').text().replace(/\D/g, '')).toBe('100000')
    const drawn = opened.wrapper.findAll('[data-object]').length
    expect(drawn).toBeGreaterThan(5)
    expect(drawn).toBeLessThan(100)
    for (const [query] of opened.asked('objects') as [{ count: number }][]) expect(query.count).toBeLessThan(200)
  })

  it('sorts by a column, again the other way round, and shows other kinds', async () => {
    const heads = (): string[] => opened.wrapper.findAll('[role=columnheader]').map((head) => head.text())
    const made = opened.wrapper.findAll('[role=columnheader] button').find((head) => head.text() === 'made')
    await made!.trigger('click')
    await made!.trigger('click')
    await flushPromises()
    expect(opened.asked('objects').at(-1)?.[0]).toMatchObject({ kind: 'bo', sort: 'began', descending: false })
    expect(heads()).toContain('made ↑')
    await opened.wrapper.findAll('[aria-label=Kind] [role=radio]')[1]!.trigger('click')
    await flushPromises()
    expect(opened.asked('objects').at(-1)?.[0]).toMatchObject({ kind: 'vm_bo' })
    expect(heads()).toContain('policy')
  })

  it('draws the graph around the chosen BO, each edge by its policy', async () => {
    await opened.wrapper.get('[data-object="bo 7"]').trigger('click')
    await flushPromises()
    expect(opened.asked('graph').at(-1)?.[0]).toBe(7)
    const graph = opened.wrapper.get('[aria-label=Graph]')
    expect(graph.text()).toContain('No holder of BO 7 is known.')
    expect(graph.get('g[stroke="var(--weak)"] path').attributes('stroke-dasharray')).toBe('6 4')
    expect(opened.wrapper.get('[data-object="bo 7"]').attributes('aria-selected')).toBe('true')
    await graph.get('[aria-label^="VM 1"]').trigger('click')
    await flushPromises()
    expect(opened.asked('objects').at(-1)?.[0]).toMatchObject({ kind: 'vm_bo', search: 'VM 1' })
  })
})

describe('the layout of a graph', () => {
  it('has columns from left to right, nothing on top of another, and edges from side to side', () => {
    const { nodes, edges, height } = place(GRAPH, 900)
    const x = (key: string): number => nodes.find((node) => node.key === key)!.x
    expect(x('vm1')).toBeLessThan(x('vm_bo3'))
    expect(x('vm_bo3')).toBeLessThan(x('bo7'))
    for (const { y } of nodes) expect(y).toBeLessThan(height)
    expect(edges).toHaveLength(2)
    expect(place({ ...GRAPH, edges: [{ ...GRAPH.edges[0]!, to: 'gone' }] }, 900).edges).toEqual([])
  })
})
