import { resolve } from 'node:path'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'electron-vite'

// The oldest runtime the code must work on. electron-vite would take it from the installed package, which need not be what runs.
const NODE = 'node20.18'
const CHROME = 'chrome130'
const root = import.meta.dirname

export default defineConfig({
  main: {
    build: {
      target: NODE,
      outDir: 'out/main',
      sourcemap: true,
      externalizeDeps: true,
      rolldownOptions: { input: { index: resolve(root, 'main/index.ts') } }
    }
  },
  preload: {
    build: {
      target: NODE,
      outDir: 'out/preload',
      // A sandboxed preload can require nothing but electron, and cannot be an ES module.
      externalizeDeps: false,
      rolldownOptions: {
        input: { index: resolve(root, 'main/preload/index.ts') },
        output: { format: 'cjs', entryFileNames: '[name].cjs' }
      }
    }
  },
  renderer: {
    root: resolve(root, 'renderer'),
    plugins: [vue()],
    build: {
      target: CHROME,
      outDir: resolve(root, 'out/renderer'),
      minify: true,
      // Drawing code reads the colours of tokens.css as they are written there, not shortened to #fff or a name.
      cssMinify: false,
      // Fonts come from our own origin; the page's policy takes none from data: addresses.
      assetsInlineLimit: 0,
      rolldownOptions: { input: { index: resolve(root, 'renderer/index.html') } }
    }
  }
})
