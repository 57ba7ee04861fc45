// Tests every kind of listener with every question. The expected verdicts come from a process that really binds.

import { execFileSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, expect, test } from 'vitest'
import { freePort } from '../support/listeners.js'
import { port4me as api } from '../support/package.js'
import { ORACLE } from '../support/paths.js'

type Protocol = 'tcp' | 'udp'
type Family = 'ipv4' | 'ipv6'

const ADDRESSES = ['0.0.0.0', '127.0.0.1', '::', '::1', 'IPv6-only ::'] as const
const PROTOCOLS = ['tcp', 'udp', 'both'] as const
const FAMILIES = ['ipv4', 'ipv6', 'both'] as const
const HOSTS = [undefined, '127.0.0.1', '::1'] as const

const each = <Name extends string>(
  choice: Name | 'both',
  all: readonly [Name, Name],
): readonly Name[] => (choice === 'both' ? all : [choice])

async function listen(protocol: Protocol, address: (typeof ADDRESSES)[number]) {
  const ipv6Only = address === 'IPv6-only ::'
  const host = ipv6Only ? '::' : address
  const unused = await freePort()
  if (protocol === 'tcp') {
    const server = createServer().listen({ port: unused, host, ipv6Only })
    await once(server, 'listening')
    return { port: (server.address() as { port: number }).port, close: () => server.close() }
  }
  const socket = createSocket({ type: host.includes(':') ? 'udp6' : 'udp4', ipv6Only })
  socket.bind(unused, host)
  await once(socket, 'listening')
  return { port: socket.address().port, close: () => socket.close() }
}

/** Which binds the kernel refuses to another process. */
function refusals(port: number): (protocol: Protocol, address: string) => boolean {
  const asked = (['tcp', 'udp'] as const).flatMap((protocol) =>
    ['0.0.0.0', '::', '127.0.0.1', '::1'].map((address) => `${protocol} ${address} ${port}`),
  )
  const answers = execFileSync(ORACLE, { input: `${asked.join('\n')}\n`, encoding: 'utf8' })
    .trim()
    .split('\n')
  expect(answers.length).toBe(asked.length)
  const refused = new Set(asked.filter((_, i) => answers[i] !== 'free'))
  return (protocol, address) => refused.has(`${protocol} ${address} ${port}`)
}

const rows = (['tcp', 'udp'] as const).flatMap((protocol) =>
  ADDRESSES.map((address) => [protocol, address] as const),
)

describe.each(rows)('a %s listener on %s', (listening, address) => {
  const questions = PROTOCOLS.flatMap((protocol) =>
    FAMILIES.flatMap((family) => HOSTS.map((host) => ({ protocol, family, host }))),
  )

  test.each(questions)(
    'has the right verdict for $protocol, $family, host $host',
    async ({ protocol, family, host }) => {
      const { port, close } = await listen(listening, address)
      try {
        const options = { protocol, family, host }
        const hostFamily = host === undefined ? family : host.includes(':') ? 'ipv6' : 'ipv4'
        if (family !== 'both' && family !== hostFamily) {
          const contradiction = expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE' })
          expect(() => api.probe(port, options)).toThrow(contradiction)
          expect(() => api.isFree(port, options)).toThrow(contradiction)
          return
        }
        const refused = refusals(port)
        const refusing = each<Protocol>(protocol, ['tcp', 'udp']).flatMap((one) =>
          each<Family>(hostFamily, ['ipv4', 'ipv6'])
            .filter((fam) => refused(one, host ?? (fam === 'ipv4' ? '0.0.0.0' : '::')))
            .map((fam) => ({ protocol: one, family: fam })),
        )
        const join = <Name extends string>(names: readonly Name[]) =>
          new Set(names).size > 1 ? 'both' : names[0]
        const expected =
          refusing.length === 0
            ? { port, free: true }
            : {
                port,
                free: false,
                reason: 'in-use',
                protocol: join(refusing.map((one) => one.protocol)),
                family: join(refusing.map((one) => one.family)),
              }
        expect(api.probe(port, options)).toEqual([expected])
        expect(await api.probeAsync([port], options)).toEqual([expected])
        expect(api.isFree(port, options)).toBe(expected.free)
        if (protocol === 'tcp') expect(api.isFreeTcp(port, { family, host })).toBe(expected.free)
        if (protocol === 'udp') expect(api.isFreeUdp(port, { family, host })).toBe(expected.free)
        const picked = api.port4me({
          prepend: port,
          exclude: '1-65535',
          mustWork: false,
          ...options,
        })
        expect(picked).toBe(expected.free ? port : -1)
        expect(api.pickUnusedPort([port], options)).toBe(expected.free ? port : undefined)
      } finally {
        close()
      }
    },
  )
})
