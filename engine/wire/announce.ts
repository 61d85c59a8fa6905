import { skip, varint, type Cursor } from './varint'

/** A Task of the wire. */
export interface TaskFields {
  id: number
  pid: number
  tid: number
  comm: string
}

/** A Name of the wire. */
export interface NameFields {
  id: number
  text: string
}

const utf8 = new TextDecoder()

/** Reads an encoded Task. Throws WireError where it is none. */
export function readTask(data: Uint8Array): TaskFields {
  const task = { id: 0, pid: 0, tid: 0, comm: '' }
  const c: Cursor = { data, at: 0 }
  while (c.at < data.length) {
    const tag = varint(c)
    if (tag === 0x08) task.id = varint(c)
    else if (tag === 0x10) task.pid = varint(c)
    else if (tag === 0x18) task.tid = varint(c)
    else if (tag === 0x22) task.comm = text(c)
    else skip(c, tag)
  }
  return task
}

/** Reads an encoded Name. Throws WireError where it is none. */
export function readName(data: Uint8Array): NameFields {
  const name = { id: 0, text: '' }
  const c: Cursor = { data, at: 0 }
  while (c.at < data.length) {
    const tag = varint(c)
    if (tag === 0x08) name.id = varint(c)
    else if (tag === 0x12) name.text = text(c)
    else skip(c, tag)
  }
  return name
}

function text(c: Cursor): string {
  const length = varint(c)
  const bytes = c.data.subarray(c.at, c.at + length)
  c.at += length
  return utf8.decode(bytes)
}
