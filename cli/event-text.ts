import { formatBytes, formatDuration, formatIova, formatOffset, formatTime, quantityText } from '../engine/format'
import type { EventContext } from '../engine/store/events'
import type { Index } from '../engine/store/session-index'
import { ShrinkStage, TeardownReason, VmMode } from '../engine/wire/messages'
import { Field, isColumn, Kind } from '../engine/wire/schema'

const NAMES = new Map(Object.entries(Field).map(([name, field]) => [field as number, name]))
/** As people read them; a field that is not here is called as in the proto, with spaces. */
const LABELS: Record<number, string> = {
  [Field.vm]: 'VM',
  [Field.va]: 'VA',
  [Field.vmBo]: 'vm_bo',
  [Field.bo]: 'BO',
  [Field.fb]: 'FB',
  [Field.crtc]: 'CRTC'
}

/** An event as one line of text, or as one of JSON. */
export class EventText {
  private readonly width: number

  constructor(
    private readonly context: EventContext,
    private readonly dictionary: Pick<Index, 'tasks' | 'names'>
  ) {
    this.width = Math.max(8, ...[...context.schema.values()].map(({ name }) => name.length))
  }

  /** A kind that the schema does not have is "kind-123". */
  kind(kind: number): string {
    return this.context.schema.get(kind)?.name || `kind-${kind}`
  }

  line(time: number, kind: number, values: Float64Array, at: number): string {
    const fields = this.columns(kind).map((field, i) => this.field(kind, field, values[at + i]!))
    return `${formatTime(time, 6).padStart(12)}  ${this.kind(kind).padEnd(this.width)}  ${fields.join('  ')}`.trimEnd()
  }

  /** Addresses are hex strings, since they do not fit a double; sizes are bytes, durations and the time seconds. */
  json(time: number, kind: number, values: Float64Array, at: number): string {
    const fields = this.columns(kind).map((field, i) => [snake(field), this.plain(kind, field, values[at + i]!)])
    return JSON.stringify({ time: Number(time.toFixed(9)), kind: this.kind(kind), ...Object.fromEntries(fields) })
  }

  private columns(kind: number): readonly number[] {
    return (this.context.schema.get(kind)?.columns ?? []).filter(isColumn)
  }

  private field(kind: number, field: number, value: number): string {
    const { pageSize } = this.context
    const label = LABELS[field] ?? NAMES.get(field)!
    if (field === Field.task) return this.task(value)
    if (field === Field.name) return this.name(value)
    if (field === Field.iova) return `iova ${formatIova(value * pageSize)}`
    if (field === Field.offset) return `offset ${formatOffset(value * pageSize)}`
    if (field === Field.range || field === Field.size) return `${label} ${quantityText(formatBytes(value * pageSize))}`
    if (field === Field.flags || field === Field.crtc) return `${label} 0x${value.toString(16)}`
    if (field === Field.duration) return `took ${quantityText(formatDuration(value / 1e9))}`
    if (field === Field.result) return value === 0 ? 'result 0' : `result -${value}`
    return `${label} ${wordOf(kind, field, value) ?? value}`
  }

  private plain(kind: number, field: number, value: number): unknown {
    const { pageSize } = this.context
    if (field === Field.task) return this.dictionary.tasks.get(value) ?? { id: value }
    if (field === Field.name) return this.dictionary.names.get(value)?.text ?? `name ${value}`
    if (field === Field.iova || field === Field.offset) return `0x${(BigInt(value) * BigInt(pageSize)).toString(16)}`
    if (field === Field.range || field === Field.size) return value * pageSize
    if (field === Field.duration) return value / 1e9
    return wordOf(kind, field, value) ?? value
  }

  private task(id: number): string {
    const task = this.dictionary.tasks.get(id)
    return task ? `${task.comm || 'task'}/${task.tid}` : `task ${id}`
  }

  private name(id: number): string {
    const name = this.dictionary.names.get(id)
    return name ? JSON.stringify(name.text) : `name ${id}`
  }
}

/** "vm_bo", as the proto says it. */
function snake(field: number): string {
  return NAMES.get(field)!.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`)
}

/** The proto's word for a value of an enum, or null where the field has none. */
function wordOf(kind: number, field: number, value: number): string | null {
  if (field === Field.mode) return word(VmMode[value], 'VM_MODE_')
  if (field !== Field.reason) return null
  return kind === Kind.Shrink
    ? word(ShrinkStage[value], 'SHRINK_STAGE_')
    : word(TeardownReason[value], 'TEARDOWN_REASON_')
}

function word(name: string | undefined, prefix: string): string | null {
  if (!name) return null
  const rest = name.slice(prefix.length)
  return rest === 'UNSPECIFIED' ? 'unknown' : rest.toLowerCase().replaceAll('_', '-')
}
