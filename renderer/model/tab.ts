/** The views of the window. */
export type Tab = 'boards' | 'timeline' | 'findings'
