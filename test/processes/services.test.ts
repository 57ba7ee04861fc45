// Tests services across processes: worktrees of a real git repository, and processes that ask at the same instant.

import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort } from '../support/listeners.js'
import { PROGRAM } from '../support/paths.js'
import { run, script } from '../support/run.js'
import { type Answer, Asker, Worktrees } from './worktrees.js'

const OWN = process.env.PORT4ME_ENGINE as 'native' | 'fallback'
const BOTH = ['native', 'fallback']

describe('a repository with four worktrees of three services each', () => {
  let worktrees: Worktrees
  let asker: Asker
  beforeAll(async () => {
    worktrees = await Worktrees.create()
    asker = new Asker()
  })
  afterAll(async () => {
    await asker.end()
    await worktrees.end()
  })

  /** Everything that another process is told about all services, in a folder of their worktrees. */
  async function checkAnswers(choice: number): Promise<void> {
    for (const service of worktrees.services) {
      const folder = Worktrees.folderIn(service, choice)
      const port = worktrees.portOf(service)
      expect(await asker.ask(folder, 'servicePort', service.name)).toEqual({ value: port })
      if (service.name !== 'web') continue
      const ofWorktree = worktrees.services.filter(({ worktree }) => worktree === service.worktree)
      expect(await asker.ask(folder, 'listServices')).toEqual({
        value: ofWorktree.map((one) => {
          const { running } = one
          const known = {
            name: one.name,
            port: worktrees.portOf(one),
            running: running !== undefined,
          }
          return running ? { ...known, pid: running.pid, state: 'listening' } : known
        }),
      })
    }
  }

  test('starts all twelve at once, each on its own port, and the main worktree on the preferred ones', async () => {
    await checkAnswers(0)
    const { services } = worktrees
    const ports = await Promise.all(services.map((service) => worktrees.start(service, OWN)))
    expect(ports).toEqual(services.map(({ candidates }) => candidates[0]))
    expect(new Set(ports).size).toBe(12)
    for (const { name, worktree, running } of services) {
      const response = await fetch(`http://127.0.0.1:${running?.port}`)
      expect(await response.text()).toBe(`${name} ${worktree}`)
    }
    for (const choice of [0, 1, 2]) await checkAnswers(choice)
  })

  test('tells a new process in any folder where each runs', () => {
    for (const [i, service] of worktrees.services.entries()) {
      const folder = Worktrees.folderIn(service, i)
      const body = `process.chdir(${JSON.stringify(folder)}); return port4me.servicePort('${service.name}')`
      expect(script(body)).toBe(service.running?.port)
    }
  })

  test('prints the URL of each in any folder: port4me url', () => {
    for (const [i, service] of worktrees.services.entries()) {
      const words = ['-C', Worktrees.folderIn(service, i + 1), process.execPath, PROGRAM]
      const { stdout, stderr } = run('env', [...words, 'url', service.name])
      expect({ stdout, stderr }).toEqual({
        stdout: `http://localhost:${service.running?.port}\n`,
        stderr: '',
      })
    }
  })

  test('refuses to lease what runs, with its port and its process', async () => {
    for (const { worktree, name, running } of worktrees.services) {
      expect(await asker.ask(worktree, 'leaseService', name)).toMatchObject({
        code: 'ERR_SERVICE_RUNNING',
        port: running?.port,
        pid: running?.pid,
      })
    }
  })

  test('gives every service its port again after it stopped, in any order, with kill -9 too', async () => {
    const { services } = worktrees
    for (let round = 0; round < 10; round++) {
      const order = services.toSorted(() => Math.random() - 0.5)
      const stopped = order.slice(0, 6 + (round % 7))
      await Promise.all(
        stopped.map((service, i) => worktrees.stop(service, i % 2 ? 'SIGKILL' : 'SIGTERM')),
      )
      if (round % 3 === 0) await checkAnswers(round)
      const ports = await Promise.all(
        stopped.toReversed().map((service) => worktrees.start(service, OWN)),
      )
      expect(ports).toEqual(stopped.toReversed().map(({ candidates }) => candidates[0]))
    }
    await checkAnswers(1)
  })
})

describe('eight processes at the same instant', () => {
  let folder: string
  let port: number
  beforeAll(async () => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'port4me-')))
    mkdirSync(join(folder, '.git'))
    port = await freePort()
    const services = { web: port, api: true, db: true }
    writeFileSync(join(folder, 'port4me.json'), JSON.stringify({ services }))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  /** The answers of eight processes, round by round. */
  async function rounds(
    engines: readonly string[],
    count: number,
    functionOf: (index: number) => string,
    check: (answers: readonly Answer[], askers: readonly Asker[]) => void,
  ): Promise<void> {
    const askers = Array.from({ length: 8 }, (_, i) => {
      return new Asker({ PORT4ME_ENGINE: engines[i % engines.length] as string })
    })
    try {
      for (let round = 0; round < count; round++) {
        // A first call lets go of the leases of the round before.
        await Promise.all(askers.map((asker) => asker.ask('/', 'servicePort', 'nothing')))
        const answers = askers.map((asker, i) => asker.ask(folder, functionOf(i), 'web'))
        check(await Promise.all(answers), askers)
      }
    } finally {
      await Promise.all(askers.map((asker) => asker.end()))
    }
  }

  describe.each([
    ['of this engine', [OWN]],
    ['of both engines', BOTH],
  ])('%s', (_which, engines) => {
    test('are told the same port', async () => {
      await rounds(
        engines,
        40,
        () => 'servicePort',
        (answers) => {
          expect(answers).toEqual(answers.map(() => ({ value: port })))
        },
      )
    })

    test('get one lease, and the others are told who has it', async () => {
      await rounds(
        engines,
        40,
        () => 'keep',
        (answers, askers) => {
          const leased = answers.flatMap(({ value }, i) => (value === undefined ? [] : [i]))
          expect(leased).toHaveLength(1)
          expect(answers[leased[0] as number]).toEqual({ value: { port } })
          const pid = askers[leased[0] as number]?.pid
          for (const answer of answers.filter(({ value }) => value === undefined)) {
            expect(answer).toMatchObject({ code: 'ERR_SERVICE_RUNNING', port, pid })
          }
        },
      )
    })

    test('of which one leases, and the others only ask, never think that another one runs', async () => {
      await rounds(
        engines,
        40,
        (i) => (i === 3 ? 'keep' : 'servicePort'),
        (answers) => {
          expect(answers).toEqual(answers.map((_, i) => ({ value: i === 3 ? { port } : port })))
        },
      )
    })
  })
})
