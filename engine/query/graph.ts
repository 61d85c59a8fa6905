import type { GraphEdge, GraphNode, ObjectGraph } from '../api'
import type { SessionModel } from '../model/session'
import { whyAlive } from './why'

/** More neighbours than these are counted and not drawn. */
const LIMIT = 12

/** A BO at a time with what holds it and what uses it; null where it was never seen. */
export function boGraph(model: SessionModel, id: number, at: number): ObjectGraph | null {
  const { state } = model
  if (!state.bos.has(id)) return null
  const why = whyAlive(model, id, at)
  const nodes: GraphNode[] = [
    { key: `bo${id}`, kind: 'bo', id, title: `BO ${id}`, detail: why.name, since: why.created, column: 2 }
  ]
  const edges: GraphEdge[] = []
  // What holds it comes first, so that it is not what is left out.
  const holders = [...why.holders].sort((a, b) => b.references - a.references)
  const shown = holders.slice(0, LIMIT)
  shown.forEach((holder, n) => {
    const { kind, references } = holder
    const key = `${kind}${holder.id}.${n}`
    if (kind !== 'vm_bo') {
      nodes.push({
        key,
        kind,
        id: holder.id,
        title: titleOf(kind, holder.id),
        detail: holder.who,
        since: holder.since,
        column: 3
      })
      edges.push({
        from: key,
        to: `bo${id}`,
        policy: references > 0 ? 'hard' : 'none',
        text: references > 0 ? 'holds' : 'uses'
      })
      return
    }
    const index = state.vmBos.byId.get(holder.id)
    const vm = state.vms.get(index < 0 ? 0 : state.vmBos.vm.at(index))
    const maps = holder.mappings ?? 0
    nodes.push({
      key,
      kind,
      id: holder.id,
      title: `vm_bo ${holder.id}`,
      detail: `${maps} ${maps === 1 ? 'mapping' : 'mappings'}`,
      since: holder.since,
      column: 1
    })
    edges.push({ from: key, to: `bo${id}`, policy: holder.policy ?? 'unknown', text: holder.policySource ?? '' })
    if (!vm) return
    if (!nodes.some((node) => node.key === `vm${vm.id}`))
      nodes.push({
        key: `vm${vm.id}`,
        kind: 'vm',
        id: vm.id,
        title: `VM ${vm.id}`,
        detail: vm.name,
        since: vm.created,
        column: 0
      })
    // The VM's list of vm_bos holds nothing.
    edges.push({ from: `vm${vm.id}`, to: key, policy: 'none', text: 'its list, which holds nothing' })
  })
  return { nodes, edges, more: holders.length - shown.length, at, state: why.state, answer: why.answer }
}

function titleOf(kind: GraphNode['kind'], id: number): string {
  if (kind === 'framebuffer') return `FB ${id}`
  if (kind === 'dma-buf') return 'dma-buf'
  if (kind === 'pin') return 'pins'
  return `${kind} ${id}`
}
