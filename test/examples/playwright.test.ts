// The example for Playwright, while its server runs already.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { environment } from '../support/run.js'
import { git } from './git.js'
import { npmTest } from './npm-test.js'
import { type Example, prepareExample } from './prepare.js'

/** How many requests a run of the example's tests sends, besides those with which Playwright looks for a server. */
const REQUESTS = 8

let example: Example
let server: ChildProcess
let url: string
beforeEach(async () => {
  example = prepareExample('playwright')
  server = spawn(process.execPath, ['server.js'], {
    cwd: example.folder,
    env: environment(),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  url = await new Promise((resolve, reject) => {
    server.stdout?.once('data', (chunk: Buffer) => resolve(chunk.toString().trim()))
    server.once('close', (status) => reject(new Error(`the server ended with ${status}`)))
  })
})
afterEach(async () => {
  if (server.exitCode === null && server.kill('SIGKILL')) await once(server, 'close')
  example.cleanup()
})

/** How many requests the server has answered, with this one. */
async function answered(): Promise<number> {
  const response = await fetch(url)
  const { answered } = (await response.json()) as { readonly answered: number }
  return answered
}

test('Playwright uses the server that runs', { timeout: 150_000 }, async () => {
  expect(await answered()).toBe(1)
  for (const run of [1, 2]) {
    const { status, output } = await npmTest(example.folder)
    expect(status, output).toBe(0)
    expect(await answered()).toBeGreaterThan(REQUESTS * run + run)
  }
})

test('a run with a project of its own starts another server', { timeout: 150_000 }, async () => {
  const before = await answered()
  const { status, output } = await npmTest(example.folder, { PORT4ME_PROJECT: 'second' })
  expect(status, output).toBe(0)
  expect(await answered()).toBe(before + 1)
})

test('in a linked worktree Playwright starts another server', { timeout: 150_000 }, async () => {
  const { folder } = example
  git(folder, 'add', '.')
  const author = ['-c', 'user.name=test', '-c', 'user.email=test@localhost']
  git(folder, ...author, 'commit', '--quiet', '--message=all')
  // The worktree is inside the main one, as some tools put it, and is still a project of its own.
  const linked = join(folder, 'linked')
  git(folder, 'worktree', 'add', '--quiet', linked)
  symlinkSync(join(folder, 'node_modules'), join(linked, 'node_modules'))

  const before = await answered()
  const { status, output } = await npmTest(linked)
  expect(status, output).toBe(0) // one of its tests checks in which folder the server runs
  expect(await answered()).toBe(before + 1)
})
