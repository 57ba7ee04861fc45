// Runs the tests twice at the same time on the machine's own network, while other programs hold, request and lease
// ports. All tests must pass. Arguments are passed to Vitest; the report of the second run has another name.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

const PROJECTS = ['unit', 'native', 'fallback'].map((name) => `--project=${name}`)
const env = { ...process.env, TESTS_CROWDED: '1' } // vitest.config.mts leaves some tests out
const start = (args, stdio) => spawn(process.execPath, args, { stdio, env })

const neighbours = start(['test/support/neighbours.mjs'], ['pipe', 'pipe', 'inherit'])
await once(neighbours.stdout, 'data')
const args = ['scripts/test.mjs', '--shared-network', ...PROJECTS, ...process.argv.slice(2)]
const first = start(args, 'inherit')
const second = start(
  args.map((arg) => arg.replace(/^(--outputFile.*)\.json$/, '$1-2.json')),
  ['ignore', 'pipe', 'pipe'],
)
// The output of the second run is printed after that of the first.
const output = []
for (const stream of [second.stdout, second.stderr]) stream.on('data', (data) => output.push(data))
const neighboursEnd = once(neighbours, 'exit') // they may also end too early
const ended = await Promise.all([first, second].map((run) => once(run, 'close')))
process.stdout.write(Buffer.concat(output))
neighbours.stdin.end()
const [status] = await neighboursEnd
if (status !== 0) console.error(`the neighbours ended with ${status}`)
process.exitCode = status === 0 && ended.every(([status]) => status === 0) ? 0 : 1
