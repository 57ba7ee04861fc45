// Another version of the package, for which a Python program stands in: it knows docs/formats.md, and nothing else.

import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { freePort } from '../support/listeners.js'
import { port4me as api } from '../support/package.js'
import { start } from '../support/processes.js'
import { script } from '../support/run.js'

/** Leases a port: binds its lock by the first, the second or both names, and the port. Holds them until its input ends. */
const LOCKER = `
import socket, sys
protocol, port, names = sys.argv[1], sys.argv[2], sys.argv[3]
exact = b"\\0port4me/" + protocol.encode() + b"/" + port.encode()
held = []
for name in {"first": [exact.ljust(108, b"\\0")], "second": [exact], "both": [exact.ljust(108, b"\\0"), exact]}[names]:
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    s.bind(name)
    s.listen(0)
    held.append(s)
kind = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}[protocol]
s = socket.socket(socket.AF_INET6, kind)
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
s.bind(("::", int(port)))
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
print("held", flush=True)
sys.stdin.read()
`

/** Prints "held" or "free" for each of the two names of a lock. */
const LOOKER = `
import socket, sys
exact = b"\\0port4me/" + sys.argv[1].encode() + b"/" + sys.argv[2].encode()
for name in (exact.ljust(108, b"\\0"), exact):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    s.setblocking(False)
    try:
        s.connect(name)
        print("held")
    except BlockingIOError:
        print("held")
    except ConnectionRefusedError:
        print("free")
`

/** Prints the name of the variable for a user whose other settings are the defaults. */
const NAMER = `
import hashlib, json, sys
user, excluded = sys.argv[1], json.loads(sys.argv[2])
bits = bytearray(8192)
for port in range(1024, 65536):
    if port not in excluded:
        bits[port // 8] |= 1 << (port % 8)
settings = json.dumps([user, "", [], 0, 65535, True, 13, "", None], separators=(",", ":"))
print("PORT4ME_SHARED_" + hashlib.sha256(bytes(bits) + settings.encode()).hexdigest()[:16].upper())
`

function python(code: string, ...args: readonly string[]): string[] {
  const { stdout, stderr } = spawnSync('python3', ['-c', code, ...args], { encoding: 'utf8' })
  if (stderr !== '') throw new Error(stderr)
  return stdout.trim().split('\n')
}

describe.runIf(process.platform === 'linux')('the lock of a lease', () => {
  test.each(['first', 'second', 'both'])(
    'is respected, when another version holds it by %s',
    async (names) => {
      const port = await freePort()
      for (const protocol of ['tcp', 'udp'] as const) {
        const other = start('python3', ['-c', LOCKER, protocol, String(port), names])
        try {
          expect(await other.line()).toBe('held')
          expect(() => api.leasePort({ include: port, protocol })).toThrow('no free port')
          expect(api.probe(port, { protocol })).toMatchObject([{ free: false, reason: 'leased' }])
        } finally {
          await other.kill('SIGKILL')
        }
        api.leasePort({ include: port, protocol }).release()
      }
    },
  )

  test('is held by both names, until the lease is released', async () => {
    const port = await freePort()
    const lease = api.leasePort({ include: port, protocol: 'both' })
    // A Node.js whose libuv is older than 1.48 has no way to bind the second name.
    const second = Number(process.versions.uv.split('.')[1]) >= 48 ? 'held' : expect.anything()
    for (const protocol of ['tcp', 'udp']) {
      expect(python(LOOKER, protocol, String(port))).toEqual(['held', second])
    }
    lease.release()
    await expect
      .poll(() => [...python(LOOKER, 'tcp', String(port)), ...python(LOOKER, 'udp', String(port))])
      .toEqual(['free', 'free', 'free', 'free'])
  })
})

describe('the variable of a shared port', () => {
  // The ports from 1024 on that are excluded by default. One period of the sequence has all others.
  const candidates = new Set(api.listPorts(65536, { user: 'alice' }))
  const all = Array.from({ length: 65536 - 1024 }, (_, i) => 1024 + i)
  const excluded = JSON.stringify(all.filter((port) => !candidates.has(port)))

  test('that another version recorded is read', () => {
    const [name = ''] = python(NAMER, 'alice', excluded)
    const variables = { [name]: '4711', PORT4ME_USER: 'alice' }
    expect(script('return port4me.sharedPort()', { variables })).toBe(4711)
  })

  test('is recorded for another version', () => {
    const [name = ''] = python(NAMER, 'alice', excluded)
    const body = `const port = port4me.sharedPort({ user: 'alice' }); return [port, process.env[${JSON.stringify(name)}]]`
    const [port, recorded] = script(body) as [number, string]
    expect(recorded).toBe(String(port))
  })
})
