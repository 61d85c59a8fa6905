import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

const BOARD = ['tests/board/**/*.test.ts', '**/*.board.test.ts']
const NOT_OURS = ['**/node_modules/**', 'out/**', 'daemon/**']

/** `unit` and `component` need nothing but Node; `board` needs virtual boards that boot. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          environment: 'node',
          testTimeout: 30_000, // a busy machine is no failure
          hookTimeout: 30_000,
          include: [
            'tests/unit/**/*.test.{ts,mjs}',
            'tests/board-image/**/*.test.ts',
            'engine/**/*.test.ts',
            'cli/**/*.test.ts',
            'main/**/*.test.ts'
          ],
          exclude: [...NOT_OURS, ...BOARD]
        }
      },
      {
        plugins: [vue()],
        test: {
          name: 'component',
          environment: 'happy-dom',
          testTimeout: 30_000,
          hookTimeout: 30_000,
          include: ['tests/component/**/*.test.ts', 'renderer/**/*.test.ts'],
          exclude: NOT_OURS
        }
      },
      {
        test: {
          name: 'board',
          environment: 'node',
          include: BOARD,
          exclude: NOT_OURS,
          maxWorkers: 2, // each has a board of its own
          globalSetup: 'tests/board/boards.ts',
          testTimeout: 180_000,
          hookTimeout: 600_000
        }
      }
    ]
  }
})
