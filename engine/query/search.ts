import type { Finding, SearchHit } from '../api'
import { formatBytes, formatIova, formatTime, quantityText } from '../format'
import type { SessionModel } from '../model/session'

/** Hits of one kind beyond this many would only be scrolled over. */
const LIMIT = 8

/**
 * Objects by what is typed: `0x…` finds the mappings that hold the address (those at `time` first), a number BOs and VMs by their id,
 * other text names of BOs and VMs, and findings by rule or words.
 */
export function search(model: SessionModel, findings: Finding[], text: string, time: number): SearchHit[] {
  const words = text.trim().toLowerCase()
  if (words === '') return []
  const address = words.replaceAll('_', '')
  if (/^0x[0-9a-f]+$/.test(address)) return mappingsAt(model, Number(address), time)
  return [...vms(model, words), ...bos(model, words), ...found(findings, words)]
}

function vms({ state }: SessionModel, words: string): SearchHit[] {
  const id = /^(?:vm ?)?(\d+)$/.exec(words)?.[1]
  const hits: SearchHit[] = []
  for (const vm of state.vms.values()) {
    if (hits.length === LIMIT) break
    const comm = state.tasks.get(vm.task)?.comm ?? ''
    const named = vm.name.toLowerCase().includes(words) || comm.toLowerCase().includes(words)
    if (id === undefined ? !named : vm.id !== Number(id)) continue
    const detail = [comm, vm.mode, vm.destroyed === null ? '' : `destroyed ${formatTime(vm.destroyed)}`]
    hits.push({
      kind: 'vm',
      id: String(vm.id),
      title: `VM ${vm.id} ${vm.name}`.trim(),
      detail: detail.filter(Boolean).join(', '),
      from: vm.created,
      to: vm.destroyed
    })
  }
  return hits
}

function bos({ state }: SessionModel, words: string): SearchHit[] {
  const id = /^(?:bo ?)?(\d+)$/.exec(words)?.[1]
  const hits: SearchHit[] = []
  for (const bo of state.bos.values()) {
    if (hits.length === LIMIT) break
    if (id === undefined ? !bo.name.toLowerCase().includes(words) : bo.id !== Number(id)) continue
    hits.push({
      kind: 'bo',
      id: String(bo.id),
      title: `BO ${bo.id} ${bo.name}`.trim(),
      detail:
        quantityText(formatBytes(bo.bytes)) + (bo.destroyed === null ? '' : `, destroyed ${formatTime(bo.destroyed)}`),
      from: bo.created,
      to: bo.destroyed
    })
  }
  return hits
}

function mappingsAt({ state }: SessionModel, iova: number, time: number): SearchHit[] {
  const { mappings: m } = state
  const lives: number[] = []
  const others: number[] = []
  for (let i = 0; i < m.length; i++) {
    const begin = m.iova.data[i]!
    if (iova < begin || iova >= begin + m.bytes.data[i]!) continue
    if (m.start.at(i) <= time && m.end.at(i) > time) lives.push(i)
    else others.push(i)
  }
  lives.sort((a, b) => m.start.at(a) - m.start.at(b))
  // the newest of those that ended tell most
  others.sort((a, b) => m.start.at(b) - m.start.at(a))
  return [...lives, ...others.slice(0, LIMIT)].slice(0, LIMIT).map((i): SearchHit => {
    const [start, end, bo] = [m.start.at(i), m.end.at(i), m.bo.at(i)]
    return {
      kind: 'va',
      id: String(m.va.at(i)),
      title: `VA ${formatIova(m.iova.at(i))} in VM ${m.vm.at(i)}`,
      detail: [
        quantityText(formatBytes(m.bytes.at(i))),
        bo === 0 ? 'MAP_NULL' : `BO ${bo} ${state.bos.get(bo)?.name ?? ''}`.trim(),
        `${formatTime(start)} to ${end === Infinity ? 'now' : formatTime(end)}`
      ].join(', '),
      from: start,
      to: end === Infinity ? null : end
    }
  })
}

function found(findings: Finding[], words: string): SearchHit[] {
  return findings
    .filter(({ rule, what }) => rule.toLowerCase() === words || what.toLowerCase().includes(words))
    .slice(0, LIMIT)
    .map(({ rule, what, time, key, severity }) => ({
      kind: 'finding',
      id: key,
      title: `${rule} ${what}`,
      detail: `${severity}, ${formatTime(time)}`,
      from: time,
      to: time
    }))
}
