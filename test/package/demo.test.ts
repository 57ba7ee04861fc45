// npm run demo.

import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { describe, expect, test } from 'vitest'
import { ROOT } from '../support/paths.js'
import { start } from '../support/processes.js'
import { run } from '../support/run.js'

const DEMO = join(ROOT, 'scripts/demo/demo.mjs')
const TERMINAL = join(ROOT, 'test/support/terminal.py')
const TOTAL =
  /^total: pick, then bind: ([\d,]+) starts, [\d,]+ collisions \([\d.]+%\); lease: ([\d,]+) starts, ([\d,]+) collisions \([\d.]+%\)$/m

/** A variable by which the processes of one test are known. */
function marked(): Readonly<Record<string, string>> {
  return { DEMO_TEST: randomUUID(), TERM: 'xterm-256color' }
}

/** The ids of the processes that have the variable: proc_pid_environ(5). */
function processesWith({ DEMO_TEST }: Readonly<Record<string, string>>): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false
    try {
      return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`DEMO_TEST=${DEMO_TEST}`)
    } catch {
      return false // it has ended, or belongs to another user
    }
  })
}

/** Waits until no process has the variable. vitest fails the test if that takes too long. */
async function untilNoneIsLeft(variables: Readonly<Record<string, string>>): Promise<void> {
  while (processesWith(variables).length > 0) await new Promise(setImmediate)
}

describe.runIf(process.platform === 'linux')('the demo', () => {
  test('prints plain lines if stdout is no terminal; leases have no collision', async () => {
    const variables = marked()
    const { status, stdout, stderr } = run(process.execPath, [DEMO, '--seconds=3'], variables)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).not.toContain('\x1b')
    expect(stdout).toMatch(
      /^ {2}[23] s {2}pick, then bind: .* starts\/s; lease: .* starts, 0 collisions, .* starts\/s$/m,
    )
    const [, picked, leased, collisions] = TOTAL.exec(stdout) ?? []
    expect(picked).toMatch(/[1-9]/)
    expect(leased).toMatch(/[1-9]/)
    expect(collisions).toBe('0')
    await untilNoneIsLeft(variables)
  })

  test.each([{}, { NO_COLOR: '1' }])('draws on a terminal of 80 columns (%j)', async (more) => {
    const variables = { ...marked(), ...more }
    const without = ['CI', 'FORCE_COLOR', 'NODE_DISABLE_COLORS'].flatMap((name) => ['-u', name])
    const command = ['python3', TERMINAL, '80', process.execPath, DEMO, '--seconds=2']
    const { status, stdout } = run('env', [...without, ...command], variables)
    expect(status).toBe(0)
    expect(stdout).toMatch(/\[\d+A/) // the cursor moves up
    expect(stdout.includes('\x1b[32m')).toBe(!('NO_COLOR' in more))
    const plain = stripVTControlCharacters(stdout).replaceAll('\r', '')
    expect(TOTAL.exec(plain)?.[3]).toBe('0')
    const drawn = plain.split('\n').filter((line) => !line.startsWith('total: '))
    expect(Math.max(...drawn.map((line) => line.length))).toBeLessThanOrEqual(80)
    await untilNoneIsLeft(variables)
  })

  test('ends its processes and prints the totals after Ctrl-C', async () => {
    const variables = marked()
    const command = [TERMINAL, '80', process.execPath, DEMO, '--seconds=60']
    const demo = start('python3', command, variables)
    while (!(await demo.line()).includes('starts per second'));
    demo.process.stdin?.write('\x03')
    let last = ''
    while (!last.startsWith('total: ')) last = await demo.line()
    expect(await demo.ended).toBe(130)
    await untilNoneIsLeft(variables)
  })

  test('leaves no process behind if it is killed', async () => {
    const variables = marked()
    const demo = start(process.execPath, [DEMO, '--seconds=60'], variables)
    while (!(await demo.line()).startsWith('  2 s'));
    expect(processesWith(variables)).toHaveLength(17)
    await demo.kill('SIGKILL')
    await untilNoneIsLeft(variables)
  })

  test('ends with status 1 if one of its processes ends', async () => {
    const variables = marked()
    const demo = start(process.execPath, [DEMO, '--seconds=60'], variables)
    while (!(await demo.line()).startsWith('  2 s'));
    const worker = processesWith(variables).find((pid) => Number(pid) !== demo.process.pid)
    let complaint = ''
    demo.process.stderr?.on('data', (data) => {
      complaint += data
    })
    const closed = once(demo.process, 'close')
    process.kill(Number(worker), 'SIGKILL')
    await closed
    expect(await demo.ended).toBe(1)
    expect(complaint).toBe('demo: a process ended too early (SIGKILL)\n')
    await untilNoneIsLeft(variables)
  })

  test.each(['--seconds=0', '--seconds=x', '--second=3', 'now'])('%s is wrong usage', (arg) => {
    const { status, stdout, stderr } = run(process.execPath, [DEMO, arg])
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toMatch(/^demo: .+\n$/)
  })
})
