import { spawn } from 'node:child_process'
import { once } from 'node:events'

const TIMEOUT = 120_000
const GRACE = 10_000

/** The only variables that are passed on. Vitest's own would change the runner that an example starts. */
const KEPT = ['HOME', 'LANG', 'PATH', 'PORT4ME_ENGINE', 'PORT4ME_USER', 'TMPDIR']

export interface NpmTest {
  /** null if it was ended after two minutes. */
  readonly status: number | null
  /** stdout and stderr together. */
  readonly output: string
}

/** Runs `npm test` in a folder, with some variables more. Afterwards no process of it is left. */
export async function npmTest(
  folder: string,
  variables: Readonly<Record<string, string>> = {},
): Promise<NpmTest> {
  const kept = Object.entries(process.env).filter(([name]) => KEPT.includes(name))
  const child = spawn('npm', ['test'], {
    cwd: folder,
    env: {
      ...Object.fromEntries(kept),
      NO_COLOR: '1',
      npm_config_update_notifier: 'false',
      ...variables,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true, // it leads a process group, which can be ended as a whole
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk
    })
  }
  const timers = [
    setTimeout(endGroup, TIMEOUT, child.pid, 'SIGTERM'),
    setTimeout(endGroup, TIMEOUT + GRACE, child.pid, 'SIGKILL'),
  ]
  try {
    const [status] = (await once(child, 'close')) as [number | null]
    return { status, output }
  } finally {
    timers.forEach(clearTimeout)
    endGroup(child.pid, 'SIGKILL')
  }
}

function endGroup(leader: number | undefined, signal: NodeJS.Signals): void {
  if (leader === undefined) return
  try {
    process.kill(-leader, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error // ESRCH: all processes have ended
  }
}
