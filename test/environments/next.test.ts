// A route of Next.js, built for production, in a folder where there is nothing but the standalone server.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePort } from '../support/listeners.js'
import { environment } from '../support/run.js'
import { ALL_WORK, checked, execute, install, newFolder, project, type Result } from './projects.js'
import { Table } from './table.js'

interface Build {
  readonly bundler: 'turbopack' | 'webpack'
  readonly external: boolean
  readonly expected: Pick<Result, 'engine' | 'warnings'>
}

const native = { engine: 'native', warnings: [] }
const fallback = { engine: 'fallback', warnings: ['PORT4ME_BUNDLED'] }

const BUILDS: Readonly<Record<string, Build>> = {
  'Next.js 16, Turbopack (its default)': {
    bundler: 'turbopack',
    external: false,
    expected: native,
  },
  'Next.js 16, webpack': { bundler: 'webpack', external: false, expected: fallback },
  'Next.js 16, Turbopack, `port4me` external (recipe below)': {
    bundler: 'turbopack',
    external: true,
    expected: native,
  },
}
const table = new Table('next', Object.keys(BUILDS))

let out: string
const servers: ChildProcess[] = []
beforeAll(async () => {
  const folder = project('next')
  await install(folder)
  out = newFolder()
  for (const [i, { bundler, external }] of Object.values(BUILDS).entries()) {
    const dist = `build-${i}`
    const variables = { DIST: dist, EXTERNAL: external ? '1' : '', NEXT_TELEMETRY_DISABLED: '1' }
    const next = join(folder, 'node_modules', '.bin', 'next')
    await execute(next, ['build', `--${bundler}`], folder, variables)
    const standalone = join(folder, dist, 'standalone')
    cpSync(standalone, join(out, String(i)), { recursive: true, verbatimSymlinks: true })
  }
  rmSync(folder, { recursive: true })
}, 300_000)
afterAll(() => {
  for (const server of servers) server.kill('SIGKILL')
})

test.each(Object.entries(BUILDS))('%s', async (name, { expected }) => {
  const port = await freePort()
  const server = spawn(process.execPath, ['server.js'], {
    cwd: join(out, String(Object.keys(BUILDS).indexOf(name))),
    env: { ...environment(), PORT: String(port), HOSTNAME: '127.0.0.1', PORT4ME_ENGINE: 'auto' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  servers.push(server)
  let said = ''
  for await (const text of server.stdout) {
    said += text
    if (said.includes('Ready')) break
  }
  const signal = AbortSignal.timeout(60_000)
  const response = await fetch(`http://127.0.0.1:${port}/api`, { signal })
  const result = checked((await response.json()) as Result)
  expect(result).toEqual({ ...expected, ...ALL_WORK })
  table.add(name, result)
  server.kill()
  await once(server, 'exit')
})

table.testFile()
