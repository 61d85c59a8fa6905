import type { GraphEdge, GraphNode, ObjectGraph, Policy } from '../../../engine/api'

export const NODE_WIDTH = 168
export const NODE_HEIGHT = 36
const GAP = 10
const PADDING = 16

export interface PlacedNode extends GraphNode {
  x: number
  y: number
}

export interface PlacedEdge extends GraphEdge {
  key: string
  /** Of its line. */
  d: string
  /** Where its policy stands: the middle. */
  x: number
  y: number
}

export interface Placed {
  nodes: PlacedNode[]
  edges: PlacedEdge[]
  height: number
}

/** Puts a graph into its four columns, each centred, and draws edges from side to side. `width`: what there is. */
export function place({ nodes, edges }: Pick<ObjectGraph, 'nodes' | 'edges'>, width: number): Placed {
  const columns = [0, 1, 2, 3].map((column) => nodes.filter((node) => node.column === column))
  const most = Math.max(1, ...columns.map(({ length }) => length))
  const height = most * (NODE_HEIGHT + GAP) - GAP + 2 * PADDING
  const room = Math.max(NODE_WIDTH + 40, (width - 2 * PADDING - NODE_WIDTH) / 3)
  const placed = columns.flatMap((column, at) => {
    const top = (height - column.length * (NODE_HEIGHT + GAP) + GAP) / 2
    return column.map((node, n) => ({ ...node, x: PADDING + at * room, y: top + n * (NODE_HEIGHT + GAP) }))
  })
  const byKey = new Map(placed.map((node) => [node.key, node]))
  const lines = edges.flatMap((edge) => {
    const [a, b] = [byKey.get(edge.from), byKey.get(edge.to)]
    if (!a || !b) return []
    const right = b.x > a.x
    const [x1, x2] = [right ? a.x + NODE_WIDTH : a.x, right ? b.x : b.x + NODE_WIDTH]
    const [y1, y2] = [a.y + NODE_HEIGHT / 2, b.y + NODE_HEIGHT / 2]
    const bend = (x1 + x2) / 2
    const d = `M${x1} ${y1}C${bend} ${y1} ${bend} ${y2} ${x2} ${y2}`
    return [{ ...edge, key: `${edge.from} ${edge.to}`, d, x: bend, y: (y1 + y2) / 2 }]
  })
  return { nodes: placed, edges: lines, height }
}

/** The token of an edge's colour. */
export function colorOf(policy: Policy | 'none'): string {
  return policy === 'handle-counted' ? 'var(--handle)' : policy === 'unknown' ? 'var(--none)' : `var(--${policy})`
}
