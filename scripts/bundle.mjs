// Bundles lib/ into a few files in a folder. There are few files, because each module costs load time.
//
//   node scripts/bundle.mjs FOLDER

import { chmodSync, copyFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const [folder] = process.argv.slice(2)
const require = createRequire(import.meta.url)
const { version } = require('../package.json')
const manifest = Object.entries(require('../prebuilds/manifest.json'))
const constants = {
  PORT4ME_VERSION: JSON.stringify(version),
  PREBUILT_SIZES: JSON.stringify(
    Object.fromEntries(
      // Only Linux needs them: lib/engine/native.ts.
      manifest.filter(([file]) => file.startsWith('linux')).map(([file, { size }]) => [file, size]),
    ),
  ),
}

/** Bundles entry points, each to a file in the folder. */
function bundle(entryPoints, options = {}) {
  return build({
    entryPoints,
    outdir: folder,
    bundle: true,
    platform: 'node',
    target: 'node20',
    supported: { 'logical-assignment': false }, // ncc cannot parse `??=`, and then finds no addon
    format: 'cjs',
    charset: 'utf8',
    external: ['./fallback.js', './rest.js', './port4me-more.js'],
    minify: true, // parsing takes half of the load time
    lineLimit: 120, // for an uncaught error Node.js prints the whole line
    metafile: true,
    logLevel: 'warning',
    logOverride: { 'commonjs-variable-in-esm': 'silent' }, // lib/main.ts defines its exports itself
    ...options,
    define: { ...constants, ...options.define },
  })
}

// The thread of the TypeScript engine is a script that `new Worker(…, { eval: true })` runs. Deno has no `require`
// there.
const { outputFiles } = await bundle(['lib/engine/fallback/thread.ts'], {
  write: false,
  banner: { js: '(require=>{' },
  footer: { js: '})(process.getBuiltinModule??require)' },
})
const thread = { THREAD_CODE: JSON.stringify(outputFiles[0].text) }

await bundle({ fallback: 'lib/engine/fallback/index.ts' }, { define: thread })

// When an ESM program imports dist/index.js, Node.js looks for the exported names in the text of the file
// (cjs-module-lexer). It does not find names that are defined as getters, so the footer lists them. The footer never
// runs.
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
  'port4me-more': 'lib/cli/more.ts',
  'openport-cli': 'lib/cli/openport.ts',
})
for (const program of ['port4me-cli', 'openport-cli']) chmodSync(`${folder}/${program}.js`, 0o755)

// Users of get-port call what `require` or `import` gives them. So module.exports must be the function itself.
await bundle(
  { 'get-port': 'lib/get-port/index.ts' },
  { footer: { js: 'module.exports=Object.assign(module.exports.default,module.exports);' } },
)
copyFileSync('lib/get-port/esm.mjs', `${folder}/get-port.mjs`)
for (const types of ['get-port.d.mts', 'get-port.d.cts']) {
  copyFileSync(`lib/get-port/${types}`, `${folder}/${types}`)
}

// The files for bundlers, which cannot follow a path that is computed at run time. They are ESM and contain everything,
// including lib/rest.ts and the TypeScript engine. The code that both entry points share is in a third file.
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

/** Returns the imports and exports of a module, as esbuild reports them. */
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
 * A plugin for rest.js. The modules named in lib/core.ts are not bundled, but taken from the argument `core`, which
 * lib/later.ts passes. If lib/core.ts lacks a name that rest.js needs, the build fails with "No matching export".
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

/**
 * A plugin for the files for bundlers. It includes the code of fallback.js and rest.js, which are separate files in
 * dist/. It also replaces places.ts and builtin.ts by their versions for bundles: places-in-bundle.mts and
 * builtin-in-bundle.mts.
 */
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
      // rest.js exports a function whose argument has the modules of core.ts. Here these modules are in the same
      // bundle, so this function ignores its argument.
      onLoad({ filter: /./, namespace: 'rest' }, ({ path }) => ({
        contents: `module.exports = () => require(${JSON.stringify(path)})`,
        resolveDir: process.cwd(),
      }))
    },
  }
}
