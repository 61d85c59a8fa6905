interface Window {
  /** Given to the page by the preload script. */
  readonly vascope: import('../../main/preload/bridge').Bridge
}
