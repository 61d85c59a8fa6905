import { defineConfig } from '@playwright/test'

/** The real window on the real engine and the virtual board. `npm test -- e2e` sets up what it needs. */
export default defineConfig({
  testDir: 'tests/e2e',
  outputDir: 'test-results/e2e',
  // The first test boots an emulated board.
  timeout: 420_000,
  expect: { timeout: 20_000 },
  workers: 1,
  reporter: [['list']]
})
