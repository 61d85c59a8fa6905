// The command line as one file for Node: the engine is bundled, packages stay imports.
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
    ssr: path.join(root, 'cli/index.ts'),
    outDir: path.join(root, 'out/cli'),
    emptyOutDir: true,
    target: 'node20.18',
    sourcemap: true,
    minify: false,
    rolldownOptions: { output: { entryFileNames: 'index.js', chunkFileNames: '[name]-[hash].js' } }
  }
})
