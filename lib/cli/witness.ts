// Finds out whether a signal was sent to the whole process group or only to this process. A terminal sends its
// signals (Ctrl-C) to every process of the foreground group, so the command has received them already. kill(2) may
// send a signal only to this process, and then it must be forwarded to the command. Node.js does not tell a handler
// who sent a signal (siginfo). So this file starts a witness: a shell in the same group that reports the signals that
// it receives.

import type { ChildProcessByStdio } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import type { Readable, Writable } from 'node:stream'
import { builtin } from '../builtin.js'

/**
 * A signal within this time after the same signal to the group is not forwarded. A parent that forwards signals, as
 * npm does, sends a signal again that the whole group has received. And a busy system may merge two signals for the
 * witness.
 */
export const ECHO_MS = 500

const QUESTION = '?'

/**
 * The script of the witness. It prints each signal that it receives, and each line that it reads. If a signal came
 * before a line, it is printed first, because a shell runs its traps when read returns (POSIX.1-2024, XCU 2.11). In
 * some shells a trap ends read as the end of the input does, and a line that was partly read is lost. The witness
 * ends when its input ends, which happens whenever this process ends. Before the traps are set, a signal ends the
 * witness, without a core file.
 */
const WITNESS = `ulimit -c 0
for signal in INT QUIT TERM HUP; do trap "trapped=1; echo SIG$signal" $signal; done
while :; do
  trapped=
  if read -r line; then echo "$line"; elif [ -z "$trapped" ]; then exit; fi
done`

/** The signals that are forwarded. */
export const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGBREAK'] as const

/** Forwards the signals that only this process receives. */
export class Forwarder {
  readonly #forward: (signal: NodeJS.Signals) => void
  /** When the group last received each signal. */
  readonly #groupHad = new Map<string, number>()
  #witness: ChildProcessByStdio<Writable, Readable, null> | undefined
  #undecided: NodeJS.Signals[] = []
  /** The signals about which the witness is being asked. */
  #asked: NodeJS.Signals[] = []
  #isStopped = false

  constructor(signals: readonly NodeJS.Signals[], forward: (signal: NodeJS.Signals) => void) {
    this.#forward = forward
    for (const signal of signals) process.on(signal, () => this.#receive(signal))
  }

  /** To be called when the command runs. Without a terminal every signal is forwarded. */
  start(): void {
    if (hasTerminal()) this.#startWitness()
  }

  stop(): void {
    this.#isStopped = true
    this.#witness?.stdin.destroy()
  }

  #receive(signal: NodeJS.Signals): void {
    // On Windows signals come only from the console, which sends them to all its processes.
    if (process.platform === 'win32' || this.#isStopped) return
    this.#undecided.push(signal)
    this.#ask()
  }

  #ask(): void {
    if (this.#asked.length > 0 || this.#undecided.length === 0) return
    this.#asked = this.#undecided.splice(0)
    if (this.#witness === undefined) this.#decide()
    else this.#witness.stdin.write(`${QUESTION}\n`)
  }

  #decide(): void {
    const now = performance.now()
    for (const signal of this.#asked.splice(0)) {
      const at = this.#groupHad.get(signal)
      if (at === undefined || now - at > ECHO_MS) this.#forward(signal)
    }
    this.#ask()
  }

  #startWitness(): void {
    const witness = builtin('node:child_process').spawn('sh', ['-c', WITNESS], {
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    this.#witness = witness
    witness.stdin.on('error', () => {}) // the witness has ended
    builtin('node:readline')
      .createInterface({ input: witness.stdout })
      .on('line', (line) => {
        if (line.startsWith('SIG')) this.#groupHad.set(line, performance.now())
        else this.#decide() // the question, or the rest of it
      })
    witness.on('error', () => this.#lose(null)) // there is no sh
    witness.on('exit', (_status, signal) => this.#lose(signal))
    // The witness must not keep this process alive.
    witness.unref()
    for (const stream of [witness.stdin, witness.stdout]) {
      ;(stream as Partial<{ unref(): void }>).unref?.()
    }
  }

  /** The witness has ended. `signal` is set if a signal ended it before its traps were set. */
  #lose(signal: NodeJS.Signals | null): void {
    this.#witness = undefined
    if (this.#isStopped) return
    if (signal !== null) {
      this.#groupHad.set(signal, performance.now())
      this.#startWitness()
    }
    this.#undecided.unshift(...this.#asked.splice(0))
    this.#ask()
  }
}

/** Whether there is a controlling terminal: termios(3), tty(4). */
export function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'))
    return true
  } catch {
    return false
  }
}
