// Installs the packed package in an empty project, as a user does, and tests it there with both engines: the numbers,
// leases and holders. The workflows run it on the systems themselves.
//
//   node tarball.cjs TARBALL

const { execFileSync, spawnSync } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')

const [tarball] = process.argv.slice(2)
if (tarball === undefined) throw new Error('usage: node tarball.cjs TARBALL')

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'port4me-tarball-'))
const here = (file) => path.join(__dirname, file)
const installed = path.join(folder, 'node_modules', 'port4me')
const variables = { ...process.env, INIT_CWD: undefined }
let failures = 0

function check(name, passed, details) {
  if (!passed) failures++
  console.log(`${passed ? 'ok' : 'FAILED'}  ${name}${passed ? '' : `: ${JSON.stringify(details)}`}`)
}

/** Runs a script that writes its results to a file, and returns the results. */
function resultsOf(script, engine, ...args) {
  const file = path.join(folder, `${engine}.json`)
  const env = { ...variables, PORT4ME_ENGINE: engine }
  const words = [here(script), installed, ...args, file]
  const { status, stderr } = spawnSync(process.execPath, words, {
    env,
    encoding: 'utf8',
    timeout: 300_000,
  })
  if (!fs.existsSync(file)) return { failures: [`ended with ${status}`], error: stderr, rows: [] }
  const results = JSON.parse(fs.readFileSync(file, 'utf8'))
  fs.rmSync(file)
  return results
}

/** Whether one of the holders is the socket that was opened. */
function isFound({ expected, actual }, engine) {
  return actual.some(
    (holder) =>
      holder.port === expected.port &&
      holder.protocol === expected.protocol &&
      holder.state === expected.state &&
      holder.pid === expected.pid &&
      // netstat and lsof print a dual-stack socket in another way than the kernel tells it.
      (engine === 'fallback' ||
        (holder.address === expected.address && holder.family === expected.family)),
  )
}

try {
  fs.writeFileSync(path.join(folder, 'package.json'), '{ "name": "user", "private": true }\n')
  // npm is a script for the shell on Windows.
  const npm = (words) =>
    execFileSync(`npm ${words}`, { cwd: folder, env: variables, encoding: 'utf8', shell: true })
  npm(`install --no-audit --no-fund "${path.resolve(tarball)}"`)
  const first = npm('exec -- port4me --user=alice --list=3').trim().split(/\s+/)
  check('npx port4me has the numbers of alice', first.join() === '30845,19654,32310', first)

  for (const engine of ['native', 'fallback']) {
    const answers = resultsOf('exercise.cjs', engine, here('../vectors/port4me.jsonl'))
    check(`${engine}: is the engine`, answers.engine === engine, answers)
    check(
      `${engine}: numbers, probes, leases, servers`,
      answers.failures.length === 0,
      answers.failures,
    )
    const holders = resultsOf('holders.cjs', engine)
    check(`${engine}: finds holders without an error`, holders.error === undefined, holders.error)
    for (const row of holders.rows) {
      const { protocol, address, family } = row.expected
      check(`${engine}: who has ${protocol} ${address} (${family})`, isFound(row, engine), row)
    }
    const ended = holders.afterItsEnd
    check(`${engine}: nobody has the port of an ended process`, ended?.length === 0, ended)
  }
} finally {
  fs.rmSync(folder, { recursive: true, force: true })
}
console.log(failures === 0 ? 'all passed' : `${failures} failed`)
process.exit(failures === 0 ? 0 : 1)
