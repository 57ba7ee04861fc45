// Projects of users: installed from their own lockfiles, outside of this repository, with the package as npm packs it.

import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect } from 'vitest'
import { ROOT } from '../support/paths.js'
import { environment } from '../support/run.js'

/** The path of a file or folder here. */
export const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** What the app of exercise.cjs prints. */
export interface Result {
  readonly engine: unknown
  readonly calls: Readonly<Record<string, Outcome>>
  /** What a client gets from the server on the leased port. */
  readonly served?: string
  readonly warnings: readonly string[]
}

export type Outcome =
  | 'works'
  | { readonly error: string; readonly code?: string; readonly message: string }
  | { readonly wrong: string }

const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** An empty folder, where no node_modules is found. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'port4me-environment-'))
  folders.push(folder)
  return folder
}

/** A copy of one of the projects here, and of the app. */
export function project(name: string): string {
  const folder = newFolder()
  cpSync(path(name), folder, { recursive: true })
  copyApp(folder)
  return folder
}

function copyApp(folder: string): void {
  for (const file of ['app.cjs', 'app.mjs', 'exercise.cjs']) cpSync(path(file), join(folder, file))
}

/** A project of the app alone. */
export function emptyProject(): string {
  const folder = newFolder()
  copyApp(folder)
  return folder
}

/** A project of the app alone, with the package installed. */
export async function plainProject(): Promise<string> {
  const folder = emptyProject()
  // Deno resolves what a package.json names.
  writeFileSync(join(folder, 'package.json'), '{ "dependencies": { "port4me": "*" } }')
  await installPackage(folder)
  return folder
}

/** Installs what the project's package-lock.json says, and the package. */
export async function install(folder: string): Promise<void> {
  await execute('npm', ['ci', '--ignore-scripts', '--prefer-offline'], folder)
  await installPackage(folder)
}

async function installPackage(folder: string): Promise<void> {
  const target = join(folder, 'node_modules', 'port4me')
  mkdirSync(target, { recursive: true })
  await execute('tar', ['-xzf', await packed(), '-C', target, '--strip-components=1'], folder)
}

let tarball: Promise<string> | undefined

/** The package's tarball, made once for a test file. */
export function packed(): Promise<string> {
  tarball ??= pack()
  return tarball
}

async function pack(): Promise<string> {
  const folder = newFolder()
  const flags = ['--json', '--ignore-scripts', '--pack-destination', folder]
  const [{ filename }] = JSON.parse(await execute('npm', ['pack', ...flags], ROOT))
  return join(folder, filename)
}

/** The addon of this system, by its path in the package. */
export const ADDON = 'prebuilds/linux-x64/port4me.glibc.node'

/** A command that hangs is ended after this time. */
const HANGS_MS = 150_000

/** Variables that tests set and users do not. */
const VARIABLES = { PORT4ME_ENGINE: '', NODE_OPTIONS: '', NODE_ENV: '', VITEST: '', CI: '1' }

/** Runs a command to its end, and gives what it printed. Throws all that it said when it fails. */
export function execute(
  command: string,
  args: readonly string[],
  cwd: string,
  variables: Readonly<Record<string, string>> = {},
): Promise<string> {
  const env = environment({ ...VARIABLES, ...variables })
  for (const [name, value] of Object.entries(env)) if (value === '') delete env[name]
  const options = {
    cwd,
    env,
    timeout: HANGS_MS,
    killSignal: 'SIGKILL',
    maxBuffer: 2 ** 26,
  } as const
  return new Promise((resolve, reject) => {
    execFile(command, args, options, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout)
      const end = `ended with ${error.signal ?? error.code}`
      reject(new Error(`${command} ${args.join(' ')} ${end}:\n${stdout}\n${stderr}`))
    })
  })
}

/** Runs the app, which prints its result as one line. */
export async function runApp(
  command: string,
  args: readonly string[],
  cwd: string,
  variables?: Readonly<Record<string, string>>,
): Promise<Result> {
  const line = (await execute(command, args, cwd, variables)).trimEnd().split('\n').at(-1) ?? ''
  return checked(JSON.parse(line))
}

/** The result, which must be right: each call works, or throws an error of the package that can be printed. */
export function checked(result: Result): Result {
  for (const outcome of Object.values(result.calls)) {
    if (outcome === 'works') continue
    expect(outcome).toEqual({
      error: 'Port4meError',
      code: expect.stringMatching(/^ERR_/),
      message: expect.stringMatching(/^[^\p{Cc}]+$/u),
    })
  }
  expect(Object.keys(result.calls)).toEqual(expect.arrayContaining(CALLS))
  return result
}

const CALLS = ['port4me', 'port4meAsync', 'isFreeUdp', 'getPort', 'leasePort', 'probe']

/** Every call works, and the server on the leased port serves. */
export const ALL_WORK = {
  calls: Object.fromEntries([...CALLS, 'lease.listen'].map((name) => [name, 'works'])),
  served: 'served',
}

/** A file that another process has written as JSON. */
export function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'))
}
