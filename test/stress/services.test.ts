// Does random things with the services of four worktrees, and checks each answer against what the test knows.
// PORT4ME_STRESS is the number of operations. The default takes 2 minutes on two idle processors.

import { expect, test } from 'vitest'
import { Asker, type Known, Worktrees } from '../processes/worktrees.js'

const operations = Number(process.env.PORT4ME_STRESS ?? 1_000)

const ENGINES = ['native', 'fallback'] as const

test.each(['native', 'fallback'] as const)(
  'random operations with servers that use the %s engine get no wrong answer',
  async (engine) => {
    const worktrees = await Worktrees.create()
    const askers = ENGINES.map((name) => new Asker({ PORT4ME_ENGINE: name }))
    const counts: Record<string, number> = {}
    const any = <T>(list: readonly T[]): T => list[Math.floor(Math.random() * list.length)] as T

    const start = async (service: Known) => {
      const expected = worktrees.portOf(service)
      expect(await worktrees.start(service, engine)).toBe(expected)
    }
    const isStopped = ({ running }: Known) => running === undefined
    const [whole, stopped, running] = [
      () => true,
      isStopped,
      (service: Known) => !isStopped(service),
    ]
    const deeds: Record<string, readonly [(one: Known) => boolean, (one: Known) => unknown]> = {
      start: [stopped, start],
      stop: [running, (service) => worktrees.stop(service, 'SIGTERM')],
      kill: [running, (service) => worktrees.stop(service, 'SIGKILL')],
      'restart after kill -9': [
        running,
        async (service) => {
          await worktrees.stop(service, 'SIGKILL')
          await start(service)
        },
      ],
      'a stranger takes the port': [
        stopped,
        (service) => worktrees.takeByStranger(worktrees.portOf(service)),
      ],
      'strangers go': [whole, () => worktrees.freeStrangers()],
      ask: [
        whole,
        async (service) => {
          const folder = Worktrees.folderIn(service, Math.floor(Math.random() * 3))
          const answer = await any(askers).ask(folder, 'servicePort', service.name)
          expect(answer).toEqual({ value: worktrees.portOf(service) })
        },
      ],
      list: [
        whole,
        async ({ worktree }) => {
          const own = worktrees.services.filter((one) => one.worktree === worktree)
          expect(await any(askers).ask(worktree, 'listServices')).toMatchObject({
            value: own.map((one) => ({
              name: one.name,
              port: worktrees.portOf(one),
              running: one.running !== undefined,
              ...(one.running && { pid: one.running.pid }),
            })),
          })
        },
      ],
      'start twice': [
        running,
        async ({ worktree, name, running }) => {
          expect(await any(askers).ask(worktree, 'leaseService', name)).toMatchObject({
            code: 'ERR_SERVICE_RUNNING',
            port: running?.port,
            pid: running?.pid,
          })
        },
      ],
      lease: [
        stopped,
        async (service) => {
          const { worktree, name } = service
          const answer = await any(askers).ask(worktree, 'leaseService', name)
          expect(answer).toEqual({ value: worktrees.portOf(service) })
        },
      ],
      'ask all at once': [
        whole,
        async () => {
          const half = Math.random() < 0.5 ? stopped : running
          const asked = worktrees.services.filter(half)
          const answers = askers.map(async (asker) => {
            for (const { worktree, name } of asked) {
              const { value } = await asker.ask(worktree, 'servicePort', name)
              expect([worktree, name, value]).toEqual([
                worktree,
                name,
                worktrees.portOf(
                  asked.find((one) => one.worktree === worktree && one.name === name) as Known,
                ),
              ])
            }
          })
          await Promise.all(answers)
        },
      ],
    }
    const names = Object.keys(deeds)
    const history: string[] = []
    try {
      let wrong = 0
      for (let i = 0; i < operations; ) {
        const service = any(worktrees.services)
        const name = any(names)
        const [isFor, deed] = deeds[name] as (typeof deeds)[string]
        if (!isFor(service)) continue
        i++
        counts[name] = (counts[name] ?? 0) + 1
        history.push(`${name}: ${service.name} of ${service.worktree}`)
        try {
          await deed(service)
        } catch (error) {
          wrong++
          console.error(history.slice(-12).join('\n'), (error as Error).message)
        }
      }
      console.log(counts)
      expect(wrong).toBe(0)
    } finally {
      await Promise.all(askers.map((asker) => asker.end()))
      await worktrees.end()
    }
  },
  3_600_000,
)
