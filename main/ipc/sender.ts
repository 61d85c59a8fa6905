import { type IpcMainEvent, type IpcMainInvokeEvent, ipcMain, type WebFrameMain } from 'electron'
import * as v from 'valibot'
import { pageUrl } from '../window'

/** The frame that sent a message, when it is the top frame of our own page; otherwise an error that names who it was. */
export function ownFrame(event: IpcMainEvent | IpcMainInvokeEvent): WebFrameMain {
  const frame = event.senderFrame
  if (!frame || frame.parent !== null || !isOwnPage(frame.url)) {
    throw new Error(`message refused: it came from ${frame?.url ?? 'a frame that is gone'}`)
  }
  return frame
}

/** True for pages of our own origin. Compared as origins, since a prefix of the text would also match app://vascope.evil. */
export function isOwnPage(url: string, own: string = pageUrl): boolean {
  if (!URL.canParse(url)) return false
  const [a, b] = [new URL(url), new URL(own)]
  return a.protocol === b.protocol && a.host === b.host
}

/** Answers a channel for our own page only, with arguments that have the given shape. */
export function handle<const Shape extends v.TupleItems, Answer>(
  channel: string,
  shape: Shape,
  answer: (...args: v.InferOutput<v.StrictTupleSchema<Shape, undefined>>) => Answer
): void {
  const schema = v.strictTuple(shape)
  ipcMain.handle(channel, (event, ...args: unknown[]) => {
    ownFrame(event)
    return answer(...v.parse(schema, args))
  })
}
