// The place where the blocks of one page run: the folder `shop` of the user alice, in a network of its own.

import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import * as fs from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { delimiter, dirname, extname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { git } from '../examples/git.js'
import { installInto } from '../examples/prepare.js'
import { ROOT } from '../support/paths.js'
import { OWN_NETWORK } from '../support/run.js'
import { isPrinted, scriptOf, stepsOf } from './console.js'
import type { Block } from './markdown.js'
import { isCommonJs, parsed, withChecks } from './values.js'

/** How long a block may run, a background block may take to begin, and processes may take to end, in milliseconds. */
const TIMEOUT = 60_000
const BEGIN = 20_000
const END = 3_000

const CHECK_VALUE = fileURLToPath(new URL('check-value.cjs', import.meta.url))
const PARSED = ['.js', '.mjs', '.cjs', '.jsx', '.ts', '.mts', '.cts', '.tsx']

/**
 * Its arguments: a file to write, and the folder of the user. It stays until its stdin ends, and so do its namespaces: of
 * the network, where no other program has a port, and of the files, where the user who runs the tests is called alice.
 */
const STAY = [
  'ip link set lo up',
  '{ echo "alice:x:$(id -u):$(id -g)::$2:/bin/bash"; cat /etc/passwd; } > "$1"',
  'mount --bind "$1" /etc/passwd',
  'echo ready',
  'exec cat',
].join(' && ')

/** Alice is no administrator: capabilities(7), "Capability bounding set". */
const UNPRIVILEGED = ['setpriv', '--bounding-set=-all', '--inh-caps=-all']

interface Running {
  readonly child: ChildProcess
  readonly ended: Promise<number>
  /** What it has printed until now, on stdout and stderr. */
  printed(): string
}

export class Place {
  /** The project. */
  readonly folder: string
  readonly #root: string
  readonly #stays: ChildProcess
  /** The sessions of the background blocks: setsid(2). Their number is that of the first process. */
  readonly #background = new Set<number>()

  private constructor(root: string, folder: string, stays: ChildProcess) {
    this.#root = root
    this.folder = folder
    this.#stays = stays
  }

  static async open(): Promise<Place> {
    const root = fs.mkdtempSync(join(tmpdir(), 'port4me-docs-'))
    const home = join(root, 'alice')
    const folder = join(home, 'src', 'shop')
    fs.mkdirSync(folder, { recursive: true })
    fs.writeFileSync(join(home, '.gitconfig'), '[user]\nname = alice\nemail = alice@example.com\n')
    fs.writeFileSync(join(folder, 'package.json'), '{ "name": "shop", "type": "module" }\n')
    git(folder, 'init', '--quiet', '--initial-branch=main')
    fs.writeFileSync(join(folder, '.git', 'info', 'exclude'), 'node_modules\n.block-*\n')
    git(folder, 'add', '.')
    const alice = ['user.name=alice', 'user.email=alice@example.com', 'commit.gpgsign=false']
    git(folder, ...alice.flatMap((value) => ['-c', value]), 'commit', '--quiet', '--message=Begin')
    installInto(folder)
    fs.symlinkSync(join(ROOT, 'prebuilds'), join(folder, 'node_modules/port4me/prebuilds'))
    fs.symlinkSync('shop/node_modules', join(home, 'src', 'node_modules')) // for linked worktrees

    const [unshare = '', ...flags] = OWN_NETWORK
    const args = ['--mount', 'sh', '-c', STAY, 'sh', join(root, 'passwd'), home]
    const stays = spawn(unshare, [...flags, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
    const [ready] = await Promise.race([once(stays.stdout, 'data'), once(stays, 'exit')])
    if (String(ready) !== 'ready\n') throw new Error('the network of the page could not be made')
    return new Place(root, folder, stays)
  }

  /** Runs a block, or writes its file. Rejects with what is wrong. */
  async run(block: Block): Promise<void> {
    const { language, code, directive } = block
    if (directive.kind === 'not run') return
    if (directive.kind === 'file') return this.#write(directive.name, block)
    if (language === 'json') JSON.parse(code)
    const command = await this.#commandOf(block)
    if (command === undefined) return

    if (directive.kind === 'background') return this.#begin(command, block)
    const { child, ended, printed } = this.#start(command.words)
    const status = await within(ended, TIMEOUT)
    if (status === undefined) signal(-(child.pid ?? 0), 'SIGKILL')
    const left = await this.#endThoseLeft()
    if (status === undefined) {
      throw new Error(`it still runs after ${TIMEOUT / 1000} seconds:\n${printed()}`)
    }
    command.check(status, printed())
    if (left.length > 0) throw new Error(`it leaves processes behind: ${left.join('; ')}`)
  }

  /** Ends all processes of the page and removes its files. */
  async close(): Promise<void> {
    this.#background.clear()
    await this.#endThoseLeft(0)
    this.#stays.stdin?.end()
    await once(this.#stays, 'exit')
    fs.rmSync(this.#root, { recursive: true, force: true })
  }

  #write(name: string, { line, code }: Block): void {
    const extension = extname(name)
    if (extension === '.json') JSON.parse(code)
    if (PARSED.includes(extension)) {
      parsed(
        '\n'.repeat(line) + code,
        extension.replace(/[.mc]+/, '') as Parameters<typeof parsed>[1],
      )
    }
    const file = join(this.folder, name)
    fs.mkdirSync(dirname(file), { recursive: true })
    fs.writeFileSync(file, `${code}\n`, { mode: code.startsWith('#!') ? 0o755 : 0o644 })
  }

  /** The command that runs a block, and the check of how it has ended. Undefined if it is not run. */
  async #commandOf(block: Block): Promise<Command | undefined> {
    const { language, code, directive } = block
    const wanted = directive.kind === 'run' ? directive.status : 0
    const check = (status: number, printed: string): void => {
      if (status !== wanted)
        throw new Error(`exit status ${status} instead of ${wanted}:\n${printed}`)
    }
    switch (language) {
      case 'js':
      case 'ts':
        return { words: ['node', '--require', CHECK_VALUE, await this.#module(block)], check }
      case 'sh':
        return { words: ['bash', '-euo', 'pipefail', '-c', code], check }
      case 'console':
        return directive.kind === 'background' ? consoleInBackground(code) : ofConsole(code, wanted)
      default:
        return undefined
    }
  }

  /** Writes the file that a block of JavaScript or TypeScript is, with the lines where they are on the page. */
  async #module({ page, line, language, code }: Block): Promise<string> {
    const checked = withChecks('\n'.repeat(line) + code, language as 'js' | 'ts')
    const extension = language === 'js' && isCommonJs(code) ? 'cjs' : 'mjs'
    const file = join(this.folder, `.block-${page.replaceAll('/', '-')}-${line}.${extension}`)
    if (language === 'js') fs.writeFileSync(file, checked)
    else {
      await build({
        stdin: { contents: checked, resolveDir: this.folder, sourcefile: page, loader: 'ts' },
        bundle: true, // with the TypeScript files that it imports
        packages: 'external',
        platform: 'node',
        format: 'esm',
        target: 'node20',
        outfile: file,
        logLevel: 'silent',
      })
    }
    return file
  }

  /** Starts a block and waits until it listens or prints. */
  async #begin({ words, check, hasBegun }: Command, block: Block): Promise<void> {
    const before = this.#listeners()
    const running = this.#start(words)
    this.#background.add(running.child.pid ?? 0)
    const begun = (): boolean => {
      const printed = running.printed()
      return hasBegun?.(printed) ?? (printed !== '' || this.#listeners() > before)
    }
    for (const deadline = Date.now() + BEGIN; !begun(); ) {
      const status = await within(running.ended, 20)
      if (status !== undefined && !begun()) return check(status, running.printed())
      if (Date.now() > deadline) {
        const what =
          block.language === 'console' ? 'does not print this' : 'neither listens nor prints'
        throw new Error(`it ${what} within ${BEGIN / 1000} seconds:\n${running.printed()}`)
      }
    }
  }

  #start(words: readonly string[]): Running {
    const output = join(this.#root, `output-${randomUUID()}`)
    const descriptor = fs.openSync(output, 'a')
    const inside = ['sh', '-c', 'cd "$1" && shift && exec "$@"', 'sh', this.folder]
    const child = spawn('nsenter', [...this.#enter(), ...inside, ...UNPRIVILEGED, ...words], {
      env: this.#environment(),
      stdio: ['ignore', descriptor, descriptor],
      detached: true, // it leads a session
    })
    fs.closeSync(descriptor)
    const ended = once(child, 'exit').then(([status, signalName]) => {
      return (status as number | null) ?? 128 + constants.signals[signalName as NodeJS.Signals]
    })
    return { child, ended, printed: () => fs.readFileSync(output, 'utf8') }
  }

  /** nsenter(1), user_namespaces(7): who has made a user namespace may enter it. */
  #enter(): string[] {
    const flags = process.getuid?.() === 0 ? [] : ['--user', '--preserve-credentials']
    return [`--target=${this.#stays.pid}`, ...flags, '--net', '--mount']
  }

  #environment(): NodeJS.ProcessEnv {
    const others =
      /^(_?PORT4ME_|VITEST|TESTS?(_|$)|JEST_|MOCHA_|npm_|GIT_|NODE_|PORT$|DEBUG$|CI$|FORCE_COLOR$|INIT_CWD$|(LOG|L|USER)NAME$)/i
    const kept = Object.entries(process.env).filter(([name]) => !others.test(name))
    const programs = [join(this.folder, 'node_modules', '.bin'), dirname(process.execPath)]
    return {
      ...Object.fromEntries(kept),
      HOME: dirname(dirname(this.folder)),
      LC_ALL: 'C.UTF-8',
      NO_COLOR: '1',
      PATH: [...programs, process.env.PATH].join(delimiter),
      PYTHONUNBUFFERED: '1',
      USER: 'alice',
      npm_config_update_notifier: 'false',
    }
  }

  /** How many TCP sockets listen: proc_net_tcp(5), where the state 0A is LISTEN. */
  #listeners(): number {
    const files = ['tcp', 'tcp6'].map((name) => `/proc/${this.#stays.pid}/net/${name}`)
    const texts = files.filter(fs.existsSync).map((file) => fs.readFileSync(file, 'utf8'))
    return texts.join('').match(/^ *\d+: \S+ \S+ 0A /gm)?.length ?? 0
  }

  /** Ends the processes in this network that no background block has started, and returns what they were. */
  async #endThoseLeft(patience = END): Promise<string[]> {
    const pause = 20
    for (let waited = 0; waited < patience && this.#left().size > 0; waited += pause)
      await sleep(pause)
    const left = this.#left()
    for (const name of ['SIGTERM', 'SIGKILL'] as const) {
      for (const pid of this.#left().keys()) signal(pid, name)
      for (let waited = 0; waited < END && this.#left().size > 0; waited += pause)
        await sleep(pause)
    }
    return [...left.values()]
  }

  /** The processes in this network that no background block has started, with their commands: proc(5). */
  #left(): Map<number, string> {
    const { pid: own } = this.#stays
    const network = fs.readlinkSync(`/proc/${own}/ns/net`)
    const left = new Map<number, string>()
    for (const pid of fs.readdirSync('/proc').map(Number)) {
      if (Number.isNaN(pid) || pid === own) continue
      try {
        if (fs.readlinkSync(`/proc/${pid}/ns/net`) !== network) continue
        const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8')
        const [, , , session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
        if (this.#background.has(Number(session))) continue
        left.set(pid, fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trim())
      } catch {} // it has ended, or it belongs to another user
    }
    return left
  }
}

interface Command {
  readonly words: readonly string[]
  /** Throws if it has not ended as the block says. */
  readonly check: (status: number, printed: string) => void
  /** Whether a background block has printed what it should. */
  readonly hasBegun?: (printed: string) => boolean
}

function ofConsole(code: string, wanted: number): Command {
  const steps = stepsOf(code)
  const { script, split } = scriptOf(steps)
  const check = (_: number, output: string): void => {
    const results = split(output)
    for (const [index, { command, prints }] of steps.entries()) {
      const result = results[index]
      if (result === undefined)
        throw new Error(`$ ${command}\ndoes not come to its end:\n${output}`)
      const { printed, status } = result
      if (!isPrinted(prints, printed)) {
        throw new Error(`$ ${command}\nprints\n${printed.trim()}\ninstead of\n${prints.trim()}`)
      }
      const ofThis = index === steps.length - 1 ? wanted : 0
      if (status !== ofThis) {
        throw new Error(`$ ${command}\nhas exit status ${status} instead of ${ofThis}`)
      }
    }
  }
  return { words: ['bash', '-c', script], check }
}

function consoleInBackground(code: string): Command {
  const [step, ...others] = stepsOf(code)
  if (step === undefined || others.length > 0) {
    throw new Error('a console in the background has one command')
  }
  const check = (status: number, printed: string): void => {
    throw new Error(`it ended with ${status}:\n${printed}`)
  }
  const hasBegun = (printed: string): boolean => isPrinted(`${step.prints}...`, printed)
  return {
    words: ['bash', '-c', step.command],
    check,
    ...(step.prints.trim() === '' ? {} : { hasBegun }),
  }
}

/** What a promise resolves with; undefined if that takes longer than some milliseconds. */
async function within<Value>(promise: Promise<Value>, time: number): Promise<Value | undefined> {
  const over = new AbortController()
  const late = sleep(time, undefined, { signal: over.signal }).catch(() => undefined)
  try {
    return await Promise.race([promise, late])
  } finally {
    over.abort()
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error // ESRCH: it has ended
  }
}
