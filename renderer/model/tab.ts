import type { Component } from 'vue'

/** The name of a view; app/views.ts has the list. */
export type Tab = string

/** One view of the window. */
export interface TabView {
  id: Tab
  title: string
  /** The key that shows it. */
  key: string
  component: Component
  /** Without a session it shows what to do to have one. */
  needsSession: boolean
}
