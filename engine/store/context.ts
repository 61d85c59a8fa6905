import { SessionContext, SessionHead } from '../wire/messages'

/** What every chunk of a session needs to be understood. */
export interface Context {
  head: InstanceType<typeof SessionHead>
  /** The Hello and Capabilities frames as they came; null where they never came. */
  hello: Uint8Array | null
  capabilities: Uint8Array | null
}

/** Reads a SessionContext. Throws where the payload is none. */
export function decodeContext(payload: Uint8Array): Context {
  const { head, hello, capabilities } = SessionContext.decode(payload)
  const own = (bytes: Uint8Array | null | undefined): Uint8Array | null =>
    bytes?.length ? Uint8Array.from(bytes) : null
  return { head: SessionHead.create(head ?? {}), hello: own(hello), capabilities: own(capabilities) }
}
