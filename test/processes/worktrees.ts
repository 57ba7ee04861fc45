// A git repository with a main worktree and three linked ones, each with three services, and what a test knows about them.

import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePorts } from '../support/listeners.js'
import { port4me as api } from '../support/package.js'
import { ROOT } from '../support/paths.js'
import { type Companion, start } from '../support/processes.js'

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const NODE_SERVER = path('service-server.cjs')
const PYTHON_SERVER = path('service-server.py')
const ASKER = path('service-asker.cjs')

/** Starts a command in a folder. */
export function startIn(
  folder: string,
  command: readonly string[],
  variables?: Readonly<Record<string, string>>,
): Companion {
  return start('sh', ['-c', 'cd "$1" && shift && exec "$@"', 'sh', folder, ...command], variables)
}

/** Runs git without the settings of this machine. */
export function git(folder: string, ...args: readonly string[]): void {
  const who = ['-c', 'user.name=t', '-c', 'user.email=t@example.org', '-c', 'init.defaultBranch=m']
  const none = { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' }
  const env: NodeJS.ProcessEnv = { ...process.env, ...none }
  for (const name of Object.keys(env)) if (/^GIT_(DIR|WORK|INDEX)/.test(name)) delete env[name]
  const allowed = ['-c', 'protocol.file.allow=always'] // for submodules
  execFileSync('git', [...who, ...allowed, ...args], { cwd: folder, env, stdio: 'pipe' })
}

/** Asks again and again, each time as a new process would. The test must end it. */
export class Asker {
  readonly #process: Companion
  readonly #isReady: Promise<string>

  constructor(variables?: Readonly<Record<string, string>>) {
    this.#process = start(process.execPath, [ASKER, ROOT], variables)
    this.#isReady = this.#process.line()
  }

  get pid(): number | undefined {
    return this.#process.process.pid
  }

  /** What a function returns, as `value`, or what it throws. */
  async ask(folder: string, name: string, ...args: readonly unknown[]): Promise<Answer> {
    await this.#isReady
    this.#process.process.stdin?.write(`${JSON.stringify([folder, name, ...args])}\n`)
    return JSON.parse(await this.#process.line())
  }

  async end(): Promise<void> {
    await this.#process.kill('SIGKILL')
  }
}

export interface Answer {
  readonly value?: unknown
  readonly code?: string
  readonly message?: string
  readonly port?: number
  readonly pid?: number
}

/** A service of a worktree. */
export interface Known {
  readonly worktree: string
  readonly name: string
  /** Where it is to run, in order. */
  readonly candidates: readonly number[]
  /** Missing if it does not run. */
  running?: { readonly port: number; readonly pid: number; readonly server: Companion }
}

const NAMES = ['web', 'api', 'db'] as const
const TREES = ['main', 'linked/a', 'main/nested/b', "odd, c 'é'"] as const

/** The worktrees and their services. */
export class Worktrees {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), 'port4me-')))
  readonly services: Known[] = []
  readonly #strangers = new Map<number, Server>()

  static async create(): Promise<Worktrees> {
    const worktrees = new Worktrees()
    await worktrees.#create()
    return worktrees
  }

  async #create(): Promise<void> {
    const main = join(this.folder, 'main')
    const preferred = await freePorts(3)
    mkdirSync(join(main, 'packages/one/src'), { recursive: true })
    const services = Object.fromEntries(NAMES.map((name, i) => [name, preferred[i]]))
    writeFileSync(join(main, 'package.json'), JSON.stringify({ port4me: { services } }))
    writeFileSync(join(main, 'packages/one/src/index.js'), '')
    git(main, 'init')
    git(main, 'add', '.')
    git(main, 'commit', '-m', 'first')
    for (const tree of TREES.slice(1)) {
      git(main, 'worktree', 'add', '-b', tree.replace(/\W/g, ''), join(this.folder, tree))
    }
    for (const worktree of TREES.map((tree) => join(this.folder, tree))) {
      for (const [i, name] of NAMES.entries()) {
        const tool = `${name}@${worktree}`
        // On a shared network others may have some of them for long.
        const sequence = api.listPorts(16, { tool }).filter((port) => api.isFreeTcp(port))
        const first = worktree === main ? preferred.slice(i, i + 1) : []
        this.services.push({ worktree, name, candidates: [...first, ...sequence] })
      }
    }
  }

  /** A folder of the worktree, by any number. */
  static folderIn({ worktree }: Known, choice: number): string {
    return join(worktree, ['', 'packages', 'packages/one/src'][choice % 3] as string)
  }

  /** Where a service runs, or is to run. */
  portOf({ running, candidates }: Known): number {
    return running?.port ?? candidates.find((port) => !this.#strangers.has(port)) ?? -1
  }

  /** Starts the server of a service. Returns its port when it listens. */
  async start(service: Known, engine: string): Promise<number> {
    const { worktree, name } = service
    const variables = { PORT4ME_ENGINE: engine }
    const node = [process.execPath, NODE_SERVER, ROOT]
    const ask = 'console.log(require(process.argv[1]).servicePort(process.argv[2]))'
    const commands: Readonly<Record<string, readonly string[]>> = {
      web: [...node, 'lease', name],
      api: [
        ...['sh', '-c', 'PORT=$("$1" -e "$2" "$3" "$4") && export PORT && exec python3 "$5" "$4"'],
        ...['sh', process.execPath, ask, ROOT, name, PYTHON_SERVER],
      ],
      db: [...node, 'number', name],
    }
    const server = startIn(worktree, commands[name] ?? [], variables)
    const [port, pid] = JSON.parse(await server.line()) as [number, number]
    service.running = { port, pid, server }
    return port
  }

  async stop(service: Known, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await service.running?.server.kill(signal)
    delete service.running
  }

  /** A server of another project takes a port. */
  async takeByStranger(port: number): Promise<void> {
    const server = createServer()
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(port, resolve)
    })
    this.#strangers.set(port, server)
  }

  async freeStrangers(): Promise<void> {
    for (const server of this.#strangers.values()) {
      await new Promise((resolve) => server.close(resolve))
    }
    this.#strangers.clear()
  }

  async end(): Promise<void> {
    await this.freeStrangers()
    await Promise.all(this.services.map((service) => this.stop(service, 'SIGKILL')))
    rmSync(this.folder, { recursive: true })
  }
}
