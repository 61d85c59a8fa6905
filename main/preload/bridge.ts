/**
 * What the window may ask of its main process, and nothing else. Everything about boards and sessions goes over the engine's
 * port instead; here are only the things that need the desktop.
 */

export interface AppInfo {
  version: string
  electron: string
  chrome: string
  node: string
  /** Where the runtime came from: "electron package", "fallback 33.2.1", or "packaged". */
  runtime: string
  platform: string
}

/** What the command line asked the window to do first. */
export interface LaunchRequest {
  demo: boolean
  /** A session file: its path, or as a link names it. */
  open: string | null
  /** The object to show in it, as a link (engine/link.ts). */
  link: string | null
}

export type SaveKind = 'session' | 'report' | 'pdf' | 'markdown' | 'json'
export type ThemeName = 'dark' | 'light'

export interface Bridge {
  /**
   * Asks for a port to the engine. It comes as a window message whose data is ENGINE_PORT, since ports cannot cross the
   * context bridge.
   */
  connectEngine(): void
  /** The engine process ended without being asked to; its exit code. */
  onEngineGone(listener: (code: number) => void): void
  info(): Promise<AppInfo>
  launchRequest(): Promise<LaunchRequest>
  /** `vascope open` was called while this window is there. */
  onOpenRequest(listener: (request: LaunchRequest) => void): void
  /** Path of an existing session file, or null when the user thought better of it. */
  pickSession(): Promise<string | null>
  /** Path to write to, or null. `name` is the proposed file name, without folder. */
  pickSave(kind: SaveKind, name: string): Promise<string | null>
  /** Opens a report in the default browser. Only files that pickSave gave are accepted. */
  openReport(file: string): Promise<void>
  /** Prints a page that needs nothing else to a PDF file. Only files that pickSave gave are accepted. */
  printReport(file: string, html: string, started: string): Promise<void>
  /** Shows a session or a report in the file manager. */
  showInFolder(file: string): Promise<void>
  setTheme(theme: ThemeName): Promise<void>
  /** Path of a file that was dropped onto the window; empty where it is none of the disk. */
  pathOf(file: File): string
}

/** Data of the window message that carries the engine's port. */
export const ENGINE_PORT = 'vascope:engine-port'

/** Channels between preload and main, each named once. */
export const CHANNEL = {
  connectEngine: 'engine:connect',
  enginePort: 'engine:port',
  engineGone: 'engine:gone',
  info: 'app:info',
  launchRequest: 'app:launch-request',
  openRequest: 'app:open-request',
  pickSession: 'dialog:pick-session',
  pickSave: 'dialog:pick-save',
  openReport: 'shell:open-report',
  printReport: 'report:print',
  showInFolder: 'shell:show-in-folder',
  setTheme: 'app:set-theme'
} as const
