// The command line for Node: the engine is bundled, packages stay imports. The builder of the board's image can be had alone, for
// scripts/board-image.mjs.
import path from 'node:path'
import { defineConfig } from 'vite'

const root = path.resolve(import.meta.dirname, '..')

export default defineConfig({
  root,
  configFile: false,
  publicDir: false,
  logLevel: 'warn',
  ssr: { external: true, target: 'node' },
  build: {
    ssr: true,
    outDir: path.join(root, 'out/cli'),
    emptyOutDir: true,
    target: 'node20.18',
    sourcemap: true,
    minify: false,
    rolldownOptions: {
      input: {
        index: path.join(root, 'cli/index.ts'),
        'board-image': path.join(root, 'engine/connect/virtual/variant-image.ts')
      },
      output: { entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' }
    }
  }
})
