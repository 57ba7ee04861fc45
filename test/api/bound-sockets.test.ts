// What leases of the TypeScript engine can do only if Node.js has net.BoundSocket.

import { describe, expect, test } from 'vitest'
import { HAS_BOUND_SOCKETS } from '../../lib/engine/fallback/bound.js'
import { OWN_NETWORK, script } from '../support/run.js'

const isFallback = process.env.PORT4ME_ENGINE === 'fallback'

/** Starts a command in its own network, which has a second address. */
const before = [
  ...OWN_NETWORK,
  ...['sh', '-c', 'ip link set lo up; ip address add 10.9.8.7/32 dev lo; exec "$@"', 'sh'],
]

describe.runIf(HAS_BOUND_SOCKETS && isFallback && process.platform === 'linux')('a lease', () => {
  test('keeps each of its addresses from programs that bind without SO_REUSEADDR', () => {
    const body = `
      const { spawnSync } = require('node:child_process')
      const binds = (port, family, address) => spawnSync('python3', ['-c',
        'import socket, sys; s = socket.socket(socket.' + family + '); s.bind((sys.argv[2], int(sys.argv[1])))',
        String(port), address]).status === 0
      const addresses = [['AF_INET', '127.0.0.1'], ['AF_INET', '127.0.0.9'], ['AF_INET', '10.9.8.7'],
        ['AF_INET', '0.0.0.0'], ['AF_INET6', '::1'], ['AF_INET6', '::']]
      const bound = (lease) => addresses.filter(([family, address]) => binds(lease.port, family, address))
        .map(([, address]) => address)
      const all = port4me.leasePort('all'); const ipv4 = port4me.leasePort({ tool: 'four', family: 'ipv4' })
      const one = port4me.leasePort({ tool: 'one', host: '10.9.8.7' })
      const answers = [bound(all), bound(ipv4), bound(one)]
      all.release()
      return [...answers, bound(all).length]`
    const answers = [[], ['::1'], ['127.0.0.1', '127.0.0.9', '::1'], 6]
    expect(script(body, { before })).toEqual(answers)
  })

  test.each([
    {},
    { exclusive: true },
    { host: '10.9.8.7' },
    { family: 'ipv4' },
    { family: 'ipv6', exclusive: true },
    { protocol: 'both' },
  ])('gives its own socket to the server: %j', (options) => {
    const body = `
      const fs = require('node:fs'); const net = require('node:net')
      const sockets = () => fs.readdirSync('/proc/self/fd').flatMap((fd) => {
        try { return [fs.readlinkSync('/proc/self/fd/' + fd)] } catch { return [] }
      }).filter((link) => link.startsWith('socket:'))
      const earlier = sockets()
      const lease = port4me.leasePort(${JSON.stringify(options)})
      const held = sockets().filter((socket) => !earlier.includes(socket))
      const server = await lease.listen(net.createServer())
      const left = sockets().filter((socket) => !earlier.includes(socket))
      const { port } = server.address()
      server.close()
      return [port === lease.port, left.length, held.includes(left[0]), lease.released]`
    expect(script(body, { before })).toEqual([true, 1, true, true])
  })

  test('keeps other servers out before and while its server listens, if it is exclusive', () => {
    const body = `
      const net = require('node:net'); const { once } = require('node:events')
      const lease = port4me.leasePort({ tool: 'exclusive', exclusive: true })
      const tries = { refused: 0, listened: 0 }
      const tryOne = async () => {
        const server = net.createServer().listen({ port: lease.port, exclusive: true })
        await once(server, 'listening').then(() => { tries.listened++; server.close() }, () => { tries.refused++ })
      }
      const turn = () => new Promise((resolve) => setImmediate(resolve))
      let isOver = false
      const trying = (async () => { while (!isOver) { await tryOne(); await turn() } })()
      await new Promise((resolve) => setTimeout(resolve, 50))
      const server = await lease.listen(net.createServer())
      await new Promise((resolve) => setTimeout(resolve, 50))
      isOver = true; await trying
      server.close()
      return [tries.refused > 2, tries.listened]`
    expect(script(body, { before })).toEqual([true, 0])
  })

  test('does not keep the process alive, but its server does', () => {
    const body = `
      const net = require('node:net')
      const exclusive = port4me.leasePort({ exclusive: true, protocol: 'both' })
      const server = await port4me.leasePort({ exclusive: true }).listen(net.createServer())
      const { promise, resolve } = Promise.withResolvers()
      setTimeout(() => { server.close(); resolve(exclusive.released) }, 300).unref()
      return await promise`
    expect(script(body, { before })).toBe(false)
  })
})
