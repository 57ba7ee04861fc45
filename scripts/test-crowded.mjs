// Runs the tests twice at once on the machine's own network, while other programs hold, ask for and lease
// ports: all must pass all the same. Arguments go to Vitest; the second run's report has a name of its own.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

const PROJECTS = ['unit', 'native', 'fallback'].map((name) => `--project=${name}`)
const start = (args, stdio) => spawn(process.execPath, args, { stdio })

const neighbours = start(['test/support/neighbours.mjs'], ['pipe', 'pipe', 'inherit'])
await once(neighbours.stdout, 'data')
const args = ['scripts/test.mjs', '--shared-network', ...PROJECTS, ...process.argv.slice(2)]
const first = start(args, 'inherit')
const second = start(
  args.map((arg) => arg.replace(/^(--outputFile.*)\.json$/, '$1-2.json')),
  ['ignore', 'pipe', 'pipe'],
)
// Each run is told whole, one after the other.
const output = []
for (const stream of [second.stdout, second.stderr]) stream.on('data', (data) => output.push(data))
const ended = await Promise.all([first, second].map((run) => once(run, 'close')))
process.stdout.write(Buffer.concat(output))
neighbours.stdin.end()
const [status] = await once(neighbours, 'exit')
if (status !== 0) console.error(`the neighbours ended with ${status}`)
process.exitCode = status === 0 && ended.every(([status]) => status === 0) ? 0 : 1
