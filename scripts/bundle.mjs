// Bundles lib/ into a folder: few files, because each module costs load time.
//
//   node scripts/bundle.mjs FOLDER

import { chmodSync, copyFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const [folder] = process.argv.slice(2)
const { version } = createRequire(import.meta.url)('../package.json')

/** Bundles entry points, each to a file in the folder. */
function bundle(entryPoints, options) {
  buildSync({
    entryPoints,
    outdir: folder,
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

// Node.js finds the names of an ESM import in the text (cjs-module-lexer), and not that of a getter in
// minified text. This is never run.
bundle({ index: 'lib/index.ts' }, { footer: { js: '0&&(exports.engine=0);' } })
bundle({
  fallback: 'lib/engine/fallback/index.ts',
  'fallback-thread': 'lib/engine/fallback/thread.ts',
  debug: 'lib/debug.ts',
  'port4me-cli': 'lib/cli/port4me.ts',
  'port4me-run': 'lib/cli/run.ts',
  'openport-cli': 'lib/cli/openport.ts',
})
for (const program of ['port4me-cli', 'openport-cli']) chmodSync(`${folder}/${program}.js`, 0o755)

// get-port's own users call what they require or import: the function itself.
bundle(
  { 'get-port': 'lib/get-port/index.ts' },
  { footer: { js: 'module.exports=Object.assign(module.exports.default,module.exports);' } },
)
copyFileSync('lib/get-port/esm.mjs', `${folder}/get-port.mjs`)
for (const types of ['get-port.d.mts', 'get-port.d.cts']) {
  copyFileSync(`lib/get-port/${types}`, `${folder}/${types}`)
}
