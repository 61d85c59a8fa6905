/// <reference types="vite/client" />

interface Window {
  /** Given by the preload script. */
  readonly vascope: import('../main/preload/bridge').Bridge
}
