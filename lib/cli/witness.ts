// Whom did a signal reach? A terminal sends its signals (Ctrl-C) to every process of the foreground
// group: the command has got them already. kill(2) may send one to this process alone: the command
// should get it too. Node.js tells no handler which it was (siginfo), so a witness is asked: a shell of
// the same group that says which signals it got.

import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'

/**
 * A parent that forwards signals, as npm does, sends again within this time what the group had. So does a
 * second signal count as the group's that a busy system merged with the first for the witness.
 */
const ECHO_MS = 500

const QUESTION = '?'

/**
 * Says each signal that it gets, and repeats each line that it reads. A signal that came before a line is
 * said before it: a shell runs its traps when read returns (POSIX.1-2024, XCU 2.11). In some shells a trap
 * ends read as the end of the input does, and what it had read of a line is lost. The witness ends with its
 * input, that is with this process, whatever ends that. Until the traps are set a signal ends it, without a
 * core file.
 */
const WITNESS = `ulimit -c 0
for signal in INT QUIT TERM HUP; do trap "trapped=1; echo SIG$signal" $signal; done
while :; do
  trapped=
  if read -r line; then echo "$line"; elif [ -z "$trapped" ]; then exit; fi
done`

/** Forwards the signals that this process gets alone. */
export class Forwarder {
  readonly #forward: (signal: NodeJS.Signals) => void
  /** When the group had a signal last. */
  readonly #groupHad = new Map<string, number>()
  #witness: ChildProcessByStdio<Writable, Readable, null> | undefined
  #undecided: NodeJS.Signals[] = []
  /** What the witness is being asked about. */
  #asked: NodeJS.Signals[] = []
  #isStopped = false

  constructor(signals: readonly NodeJS.Signals[], forward: (signal: NodeJS.Signals) => void) {
    this.#forward = forward
    for (const signal of signals) process.on(signal, () => this.#receive(signal))
  }

  /** To be called once the command runs. Without a terminal every signal is forwarded. */
  start(): void {
    if (hasTerminal()) this.#startWitness()
  }

  stop(): void {
    this.#isStopped = true
    this.#witness?.stdin.destroy()
  }

  #receive(signal: NodeJS.Signals): void {
    // The console of Windows reaches all its processes, and there is nothing else to receive.
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
    const witness = spawn('sh', ['-c', WITNESS], { stdio: ['pipe', 'pipe', 'ignore'] })
    this.#witness = witness
    witness.stdin.on('error', () => {}) // it ended before
    createInterface({ input: witness.stdout }).on('line', (line) => {
      if (line.startsWith('SIG')) this.#groupHad.set(line, performance.now())
      else this.#decide() // the question, or what is left of it
    })
    witness.on('error', () => this.#lose(null)) // there is no sh
    witness.on('exit', (_status, signal) => this.#lose(signal))
    // It keeps nobody from ending.
    witness.unref()
    for (const stream of [witness.stdin, witness.stdout]) {
      ;(stream as Partial<{ unref(): void }>).unref?.()
    }
  }

  /** A signal ended it before its traps were set; or it cannot be had. */
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
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'))
    return true
  } catch {
    return false
  }
}
