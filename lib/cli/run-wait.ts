// port4me run --wait: runs a server, and while it accepts connections a second command.

import { readdirSync, readFileSync } from 'node:fs'
import { Ask } from '../codes.js'
import { write } from '../output.js'
import type { PortQuestion } from '../settings/question.js'
import { waitUntil } from '../wait.js'
import { launch, type Running, statusOf } from './command.js'
import { flagOf, usage } from './flags.js'
import { fail } from './report.js'
import { ECHO_MS, FORWARDED, Forwarder, hasTerminal } from './witness.js'

const DEFAULT_TIMEOUT_MS = 60_000
/** How long the server may run after SIGTERM, before it is killed. */
const GRACE_MS = 5000
/** How long the system may take to end a process that was killed. */
const KILL_MS = 1000

/** The server that `port4me run --wait` starts. */
export interface ServerCommand {
  readonly file: string
  readonly args: readonly string[]
  readonly port: number
  /** Where it accepts connections; undefined: on either loopback. */
  readonly host: string | undefined
  readonly timeout: number | undefined
}

/** The host that tells whether the server is up, from what is asked about its port. */
export function hostToAsk({ question, host }: PortQuestion): string | undefined {
  if ((question & Ask.TCP) === 0) throw usage('--wait needs a TCP port, not one for UDP only')
  if (host !== '') return host
  if ((question & Ask.IPV6) === 0) return '127.0.0.1'
  return (question & Ask.IPV4) === 0 ? '::1' : undefined
}

/**
 * Starts the server, waits until it accepts connections, runs the second command in a shell, and ends the server.
 * Returns the exit status of the second command. If the server ends too early, that of the server, but not 0.
 */
export async function runUntilUp(
  { file, args, port, host, timeout = DEFAULT_TIMEOUT_MS }: ServerCommand,
  second: string,
  env: NodeJS.ProcessEnv,
): Promise<number> {
  const interruption = new AbortController()
  let receive = (signal: NodeJS.Signals): void => interruption.abort(signal)
  let last = Number.NEGATIVE_INFINITY
  for (const signal of FORWARDED) {
    process.on(signal, () => {
      const now = performance.now()
      if (now - last > ECHO_MS) receive(signal)
      last = now
    })
  }

  // Its input is a pipe into which nothing is written: the terminal's is for the second command.
  const server = new Group(
    launch(file, args, { stdio: ['pipe', 'inherit', 'inherit'], env, detached: HAS_GROUPS }),
  )
  try {
    const { signal } = interruption
    const up = waitUntil(port, { host, timeout, signal }, flagOf)
    const early = await Promise.race([up, server.running.ended])
    if (early !== undefined) {
      interruption.abort()
      if (server.running.child === undefined) return early
      return fail(early || 1, `the command ended before it accepted connections on port ${port}`)
    }
    receive = (signal) => server.send(signal)
    return await runSecond(second, env)
  } catch (error) {
    const { aborted, reason } = interruption.signal
    if (!aborted) throw error
    server.send(reason)
    return statusOf(reason)
  } finally {
    receive = () => server.send('SIGKILL') // a second Ctrl-C, for example
    await server.end()
  }
}

/** Runs the second command. It has the terminal, if there is one. Otherwise it gets signals with all its children. */
async function runSecond(command: string, env: NodeJS.ProcessEnv): Promise<number> {
  const detached = HAS_GROUPS && !hasTerminal()
  const forwarder = new Forwarder(FORWARDED, (signal) => {
    if (detached) group.send(signal)
    else group.running.child?.kill(signal)
  })
  const group = new Group(launch(command, [], { stdio: 'inherit', env, shell: true, detached }))
  if (group.running.child !== undefined) forwarder.start()
  const status = await group.running.ended
  forwarder.stop()
  return status
}

/** Windows has no process groups. */
const HAS_GROUPS = process.platform !== 'win32'

/** A command with all the processes that it starts: a process group of its own, if it was launched as `detached`. */
class Group {
  readonly running: Running
  #isOver = false
  /** Whether it was asked to end. */
  #isAsked = false

  constructor(running: Running) {
    this.running = running
    void running.ended.then(() => {
      this.#isOver = true
    })
  }

  send(signal: NodeJS.Signals): void {
    const { child } = this.running
    const pid = child?.pid
    if (pid === undefined) return
    this.#isAsked ||= signal === 'SIGTERM' || signal === 'SIGINT'
    if (!HAS_GROUPS) {
      // Windows has no signals either: every signal ends the process. taskkill first ends those that it has started.
      if (this.#isOver) return
      const kill = launch('taskkill', ['/pid', String(pid), '/t', '/f'], { stdio: 'ignore' })
      void kill.ended.then(() => child?.kill())
      return
    }
    try {
      process.kill(-pid, signal)
    } catch {
      // All its processes have ended.
    }
  }

  /** Ends all its processes: with SIGTERM, and those that do not end with SIGKILL. */
  async end(): Promise<void> {
    const begin = performance.now()
    let isKilled = false
    // A second signal would make some servers end at once.
    if (this.#lives() && !this.#isAsked) this.send('SIGTERM')
    for (let pause = 5; this.#lives(); pause = Math.min(pause * 2, 100)) {
      const passed = performance.now() - begin
      if (passed > GRACE_MS + KILL_MS) return this.#abandon()
      if (passed > GRACE_MS && !isKilled) {
        isKilled = true
        write(2, 'port4me: the server still ran five seconds after SIGTERM, so it is killed\n')
        this.send('SIGKILL')
      }
      await new Promise((resolve) => setTimeout(resolve, pause))
    }
  }

  /** Lets this process end, though a process of the group does not. */
  #abandon(): void {
    this.running.child?.unref()
    this.running.child?.stdin?.destroy()
  }

  #lives(): boolean {
    const pid = this.running.child?.pid
    if (pid === undefined) return false
    return !this.#isOver || (HAS_GROUPS && hasMembers(pid))
  }
}

/** Whether a process of the group runs. */
function hasMembers(group: number): boolean {
  try {
    process.kill(-group, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
  return !areZombies(group)
}

/** Whether all processes of a group have ended, and wait for a parent that may never look: proc_pid_stat(5). */
function areZombies(group: number): boolean {
  try {
    const states = readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => statOf(pid))
      .flatMap(([state, , its]) => (Number(its) === group ? [state] : []))
    // A /proc of another pid namespace has none of them.
    return states.length > 0 && states.every((state) => state === 'Z')
  } catch {
    return false // there is no /proc
  }
}

/** The fields of a process after its name: its state, its parent and its group. */
function statOf(pid: string): string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return [] // it has ended
  }
}
