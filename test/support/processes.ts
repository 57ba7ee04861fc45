// Processes that run beside a test.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import { createInterface } from 'node:readline'
import { environment } from './run.js'

export interface Companion {
  readonly process: ChildProcess
  /** Its exit status, or 128 + n if signal n ended it. */
  readonly ended: Promise<number>
  /** Its next line on stdout. Rejects with its stderr if it ends without another line. */
  line(): Promise<string>
  kill(signal: NodeJS.Signals): Promise<void>
}

/** Starts a process, with descriptors that it inherits as 3, 4 ... The test must end it with kill(). */
export function start(
  command: string,
  args: readonly string[],
  variables: Readonly<Record<string, string>> = {},
  inherited: readonly number[] = [],
): Companion {
  const stdio = ['pipe', 'pipe', 'pipe', ...inherited] as ['pipe', 'pipe', 'pipe']
  const child = spawn(command, args, { env: environment(variables), stdio })
  const ended = once(child, 'exit').then(
    ([code, signal]) => code ?? 128 + constants.signals[signal as NodeJS.Signals],
  )
  let complaints = ''
  child.stderr.on('data', (data) => {
    complaints += data
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    process: child,
    ended,
    async line() {
      const { value, done } = await lines.next()
      if (done) throw new Error(`${command} ended without a line: ${complaints}`)
      return value
    },
    async kill(signal) {
      child.kill(signal)
      await ended
    },
  }
}
