// Whom did a signal reach? A terminal sends its signals (Ctrl-C) to every process of the foreground
// group: the command has got them already. kill(2) may send one to this process alone: the command
// should get it too. Node.js tells no handler which it was (siginfo), so another process of the group
// is asked: one that reads until its input ends, and that any of the signals ends.

import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'

/** A parent that forwards signals, as npm does, sends again within this time what the group had. */
const ECHO_MS = 500

interface Witness {
  /** The signal that ended it; null: none did, or there is no witness. */
  readonly ended: Promise<NodeJS.Signals | null>
  /** Makes it end. A signal that it got before comes first: the kernel delivers it when read() returns. */
  end(): void
}

/** Forwards the signals that this process gets alone. */
export class Forwarder {
  readonly #forward: (signal: NodeJS.Signals) => void
  #witness: Witness | undefined
  #undecided: NodeJS.Signals[] = []
  readonly #groupHad = new Map<NodeJS.Signals, number>()

  constructor(signals: readonly NodeJS.Signals[], forward: (signal: NodeJS.Signals) => void) {
    this.#forward = forward
    for (const signal of signals) process.on(signal, () => this.#receive(signal))
  }

  /** To be called once the command runs. Without a terminal every signal is forwarded. */
  start(): void {
    if (hasTerminal()) this.#witness = startWitness()
  }

  stop(): void {
    this.#witness?.end()
  }

  #receive(signal: NodeJS.Signals): void {
    // The console of Windows reaches all its processes, and there is nothing else to receive.
    if (process.platform === 'win32') return
    const witness = this.#witness
    if (witness === undefined) {
      this.#forward(signal)
      return
    }
    this.#undecided.push(signal)
    if (this.#undecided.length > 1) return // the same witness tells of it
    this.#witness = startWitness()
    // By then all that came before the new witness was started has been received.
    setImmediate(async () => {
      witness.end()
      this.#decide(await witness.ended)
    })
  }

  #decide(groupHad: NodeJS.Signals | null): void {
    const now = performance.now()
    if (groupHad !== null) this.#groupHad.set(groupHad, now)
    for (const signal of this.#undecided.splice(0)) {
      const at = this.#groupHad.get(signal)
      if (at === undefined || now - at > ECHO_MS) this.#forward(signal)
    }
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

function startWitness(): Witness {
  // No core file of its own after Ctrl-\. It ends with this process too, whatever ends that.
  const child = spawn('sh', ['-c', 'ulimit -c 0; exec cat'], {
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  const ended = new Promise<NodeJS.Signals | null>((resolve) => {
    child.on('exit', (_status, signal) => resolve(signal))
    child.on('error', () => resolve(null))
  })
  child.stdin.on('error', () => {}) // it ended before
  child.unref()
  return { ended, end: () => child.stdin.destroy() }
}
