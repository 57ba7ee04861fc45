// Bundles lib/ to dist/: few files, because each module costs load time.

import { chmodSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const { version } = createRequire(import.meta.url)('../package.json')

rmSync('dist', { recursive: true, force: true })
buildSync({
  entryPoints: {
    index: 'lib/index.ts',
    fallback: 'lib/engine/fallback/index.ts',
    'fallback-thread': 'lib/engine/fallback/thread.ts',
    debug: 'lib/debug.ts',
    'port4me-cli': 'lib/cli/port4me.ts',
  },
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  charset: 'utf8',
  external: ['node-gyp-build', './fallback.js', './debug.js'],
  minifyWhitespace: true, // half of the load time is the parser's
  define: { PORT4ME_VERSION: JSON.stringify(version) },
  logLevel: 'warning',
  logOverride: { 'commonjs-variable-in-esm': 'silent' }, // lib/index.ts says why
})
chmodSync('dist/port4me-cli.js', 0o755)
