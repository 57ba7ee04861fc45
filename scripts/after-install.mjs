// Runs after `npm ci` or `npm install` in a clone. Builds dist/, and the addon if there is a toolchain. A missing
// toolchain is not an error, because a prebuilt binary or the TypeScript engine can be used.
//
// It is the script `dependencies` of package.json, which npm runs in a clone only. npm warns about a script `prepare`
// when somebody installs a tarball of the package, although it does not run it.

import { spawnSync } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

/** Runs a program that the PATH of npm's scripts has. */
function run(command, options) {
  return spawnSync(command, { shell: true, encoding: 'utf8', ...options })
}

if (!existsSync('node_modules/esbuild')) {
  console.log('port4me: nothing was built, because the development dependencies are not installed')
  process.exit(0)
}
const built = run('npm run --silent build:js', { stdio: 'inherit' })
if (built.status !== 0) process.exit(built.status ?? 1)

// If cmake, a make program or a compiler is missing, the configuration fails. Then nothing is compiled.
const configured = run('cmake-js configure')
if (configured.status !== 0) {
  rmSync('build', { recursive: true, force: true })
  const said = /(?:CMake Error(?:: | at .*\n+)|ERROR OMG )\s*([\s\S]+?)(?:\.\s|\n\n\S|$)/
    .exec(`${configured.stdout}${configured.stderr}`)?.[1]
    ?.replace(/\s+/g, ' ')
  const used = existsSync(`prebuilds/${process.platform}-${process.arch}`)
    ? 'the prebuilt one'
    : 'the TypeScript engine'
  console.log(
    `port4me: no addon was built (${said ?? 'cmake-js cannot configure'}): ${used} will be used`,
  )
  process.exit(0)
}
const compiled = run(`"${process.execPath}" scripts/build.mjs addon`)
if (compiled.status !== 0) {
  process.stderr.write(`${compiled.stdout}${compiled.stderr}`)
  process.exit(1)
}
