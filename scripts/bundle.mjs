// Bundles lib/ to dist/: few files, because each module costs load time.

import { chmodSync, copyFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const { version } = createRequire(import.meta.url)('../package.json')

/** Bundles entry points, each to a file in dist/. */
function bundle(entryPoints, options) {
  buildSync({
    entryPoints,
    outdir: 'dist',
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    charset: 'utf8',
    external: ['node-gyp-build', './fallback.js', './debug.js', './port4me-run.js'],
    minify: true, // half of the load time is the parser's
    lineLimit: 120, // Node.js prints the line of an error that nobody catches
    define: { PORT4ME_VERSION: JSON.stringify(version) },
    logLevel: 'warning',
    logOverride: {
      'commonjs-variable-in-esm': 'silent', // lib/index.ts says why
      'require-resolve-not-external': 'silent', // the thread's file stands beside in dist/
    },
    ...options,
  })
}

rmSync('dist', { recursive: true, force: true })
bundle({
  index: 'lib/index.ts',
  fallback: 'lib/engine/fallback/index.ts',
  'fallback-thread': 'lib/engine/fallback/thread.ts',
  debug: 'lib/debug.ts',
  'port4me-cli': 'lib/cli/port4me.ts',
  'port4me-run': 'lib/cli/run.ts',
  'openport-cli': 'lib/cli/openport.ts',
})
for (const program of ['port4me-cli', 'openport-cli']) chmodSync(`dist/${program}.js`, 0o755)

// get-port's own users call what they require or import: the function itself.
bundle(
  { 'get-port': 'lib/get-port/index.ts' },
  { footer: { js: 'module.exports=Object.assign(module.exports.default,module.exports);' } },
)
copyFileSync('lib/get-port/esm.mjs', 'dist/get-port.mjs')
for (const types of ['get-port.d.mts', 'get-port.d.cts']) {
  copyFileSync(`lib/get-port/${types}`, `dist/${types}`)
}
