// Bundles lib/ into a folder: few files, because each module costs load time.
//
//   node scripts/bundle.mjs FOLDER

import { chmodSync, copyFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const [folder] = process.argv.slice(2)
const { version } = createRequire(import.meta.url)('../package.json')

/** Bundles entry points, each to a file in the folder. */
function bundle(entryPoints, options = {}) {
  return build({
    entryPoints,
    outdir: folder,
    bundle: true,
    platform: 'node',
    target: 'node20',
    supported: { 'logical-assignment': false }, // ncc's parser ends at one, and then finds no addon
    format: 'cjs',
    charset: 'utf8',
    external: ['./fallback.js', './rest.js', './port4me-run.js'],
    minify: true, // half of the load time is the parser's
    lineLimit: 120, // Node.js prints the line of an error that nobody catches
    metafile: true,
    logLevel: 'warning',
    logOverride: { 'commonjs-variable-in-esm': 'silent' }, // lib/main.ts defines its exports itself
    ...options,
    define: { PORT4ME_VERSION: JSON.stringify(version), ...options.define },
  })
}

// The thread of the TypeScript engine is a script, for `new Worker(…, { eval: true })`. Deno has no `require` there.
const { outputFiles } = await bundle(['lib/engine/fallback/thread.ts'], {
  write: false,
  banner: { js: '(require=>{' },
  footer: { js: '})(process.getBuiltinModule??require)' },
})
const thread = { THREAD_CODE: JSON.stringify(outputFiles[0].text) }

await bundle({ fallback: 'lib/engine/fallback/index.ts' }, { define: thread })

// Node.js finds the names of an ESM import in the text (cjs-module-lexer), and not those that are defined as
// getters. This is never run.
const names = await exportsOf('lib/index.ts')
await bundle(
  { index: 'lib/main.ts' },
  { footer: { js: `0&&(module.exports={${['engine', ...names].join()}});` } },
)
await bundle(
  { rest: 'lib/rest.ts' },
  {
    plugins: [await sharingCore()],
    banner: { js: 'module.exports=core=>{var module={exports:{}};' },
    footer: { js: 'return module.exports};' },
  },
)
await bundle({
  'port4me-cli': 'lib/cli/port4me.ts',
  'port4me-run': 'lib/cli/run.ts',
  'openport-cli': 'lib/cli/openport.ts',
})
for (const program of ['port4me-cli', 'openport-cli']) chmodSync(`${folder}/${program}.js`, 0o755)

// get-port's own users call what they require or import: the function itself.
await bundle(
  { 'get-port': 'lib/get-port/index.ts' },
  { footer: { js: 'module.exports=Object.assign(module.exports.default,module.exports);' } },
)
copyFileSync('lib/get-port/esm.mjs', `${folder}/get-port.mjs`)
for (const types of ['get-port.d.mts', 'get-port.d.cts']) {
  copyFileSync(`lib/get-port/${types}`, `${folder}/${types}`)
}

// For bundlers, which follow no path that is made when the program runs: all in ESM, the rest and the TypeScript
// engine too. What both entry points have is in a file of its own.
await bundle(
  { bundled: 'lib/bundled.mts', 'bundled-get-port': 'lib/get-port/index.ts' },
  {
    format: 'esm',
    splitting: true,
    chunkNames: 'bundled-core',
    outExtension: { '.js': '.mjs' },
    external: [],
    define: thread,
    plugins: [inOneBundle()],
  },
)

/** What esbuild says of a module that it bundles. */
async function describe(entry) {
  const { metafile } = await bundle([entry], { write: false, format: 'esm' })
  return {
    imports: metafile.inputs[entry].imports,
    exports: Object.values(metafile.outputs)[0].exports,
  }
}

async function exportsOf(entry) {
  return (await describe(entry)).exports
}

/**
 * Takes the modules that lib/core.ts names from `core`, which lib/later.ts gives. A name that lib/core.ts lacks fails
 * the build: "No matching export".
 */
async function sharingCore() {
  const { imports, exports } = await describe('lib/core.ts')
  const shared = new Set(imports.map(({ path }) => join(process.cwd(), path)))
  return {
    name: 'sharing-core',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^\./ }, ({ path, resolveDir }) => {
        const file = join(resolveDir, path).replace(/\.js$/, '.ts')
        return shared.has(file) ? { path: 'core', namespace: 'core' } : undefined
      })
      onLoad({ filter: /^core$/, namespace: 'core' }, () => ({
        contents: `export const { ${exports.join(', ')} } = core`,
      }))
    },
  }
}

/** Puts in place what stands in files of its own in dist/, and tells where the addon is in somebody's bundle. */
function inOneBundle() {
  const path = (file) => join(process.cwd(), 'lib', file)
  return {
    name: 'in-one-bundle',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^\.\/fallback\.js$/ }, () => ({
        path: path('engine/fallback/index.ts'),
      }))
      onResolve({ filter: /^\.\/places\.js$/ }, () => ({
        path: path('engine/places-in-bundle.mts'),
      }))
      onResolve({ filter: /\/builtin\.js$/ }, () => ({ path: path('builtin-in-bundle.mts') }))
      onResolve({ filter: /^\.\/rest\.js$/ }, () => ({ path: path('rest.ts'), namespace: 'rest' }))
      // As a function that is given what rest.js has none of: here they are one.
      onLoad({ filter: /./, namespace: 'rest' }, ({ path }) => ({
        contents: `module.exports = () => require(${JSON.stringify(path)})`,
        resolveDir: process.cwd(),
      }))
    },
  }
}
