import { down } from '../../engine/connect/virtual/board'

/** As many as there are workers (vitest.config.ts). */
const NAMES = ['test-1', 'test-2']

/** Boards that an earlier run left are not trusted, and this one leaves none. */
export async function setup(): Promise<void> {
  for (const name of NAMES) await down(name)
}

export const teardown = setup
