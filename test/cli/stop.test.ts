// The command port4me stop.

import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { freePort } from '../support/listeners.js'
import { port4me as api } from '../support/package.js'
import { PROGRAM, ROOT } from '../support/paths.js'
import { type Companion, start } from '../support/processes.js'
import { program, type Run, run } from '../support/run.js'

const IS_LINUX = process.platform === 'linux'
/** Windows has no signals, and no terminals that a test can use. */
const onPosix = describe.skipIf(process.platform === 'win32')
const IS_ROOT = IS_LINUX && process.getuid?.() === 0
/** Runs a command as the user nobody: setpriv(1). */
const AS_NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
const HOLDER = join(ROOT, 'test/support/holder.py')

/** A server that prints its port. Its last argument is the port. */
const SERVE = `require("net").createServer(() => {}).listen(process.argv.at(-1), "127.0.0.1",
  function () { console.log(this.address().port) })`
/** The same, but SIGTERM does not end it. */
const STUBBORN = `process.on("SIGTERM", () => {}); ${SERVE}`

const companions: Companion[] = []
afterEach(async () => {
  for (const { process: child, kill } of companions.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) await kill('SIGKILL')
  }
})

function companion(...args: Parameters<typeof start>): Companion {
  const started = start(...args)
  companions.push(started)
  return started
}

interface Served {
  readonly server: Companion
  readonly pid: number
  readonly port: string
}

async function serve(
  code = SERVE,
  { before = [] as readonly string[], port = 0 } = {},
): Promise<Served> {
  const [file = '', ...args] = [...before, process.execPath, '-e', code, String(port)]
  const server = companion(file, args)
  return { server, port: await server.line(), pid: server.process.pid as number }
}

function stop(...args: string[]): Run {
  return program(['stop', ...args])
}

function isAlive({ process: { exitCode, signalCode } }: Companion): boolean {
  return exitCode === null && signalCode === null
}

/** Runs the command in a terminal. */
function inTerminal(...args: string[]): Companion {
  const terminal = join(ROOT, 'test/support/terminal.py')
  return companion('python3', [terminal, '80', process.execPath, PROGRAM, 'stop', ...args])
}

/** Waits until the command has asked, and returns what it has said. */
async function question({ process: { stdout } }: Companion): Promise<string> {
  let said = ''
  while (!said.endsWith('[y/N] ')) said += (await once(stdout as NodeJS.ReadableStream, 'data'))[0]
  return said
}

onPosix('port4me stop', () => {
  test('ends the server, and spares its client', async () => {
    const { server, pid, port } = await serve()
    const client = companion(process.execPath, [
      '-e',
      `const socket = require("net").connect(${port}, "127.0.0.1", () => console.log("connected"))
       socket.on("error", () => {}).on("close", () => console.log("closed"))
       process.stdin.on("data", () => console.log("alive"))`,
    ])
    expect(await client.line()).toBe('connected')
    // A client whose own port is the number that is given has no server there.
    const [mine = 0] = api
      .listHolders({ states: ['connected'] })
      .filter((holder) => holder.pid === client.process.pid)
      .map((holder) => holder.port)
    expect(mine).toBeGreaterThan(0)
    expect(stop('--yes', String(mine))).toEqual({
      status: 1,
      stdout: '',
      stderr: `port4me: error: nobody listens on port ${mine}; only connections use it\n`,
    })

    const { status, stdout, stderr } = stop('--yes', port)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    const [first = '', second, last] = stdout.trimEnd().split('\n')
    expect(first.startsWith(`process ${pid}: ${process.execPath} -e `)).toBe(true)
    expect(second).toMatch(new RegExp(`^ {2}user \\S+, \\S+, started \\ds ago, port ${port}$`))
    expect(last).toMatch(new RegExp(`^ended node \\(process ${pid}, \\S+\\)$`))
    expect(await server.ended).toBe(128 + 15)

    expect(await client.line()).toBe('closed')
    client.process.stdin?.write('?')
    expect(await client.line()).toBe('alive')
    expect(isAlive(client)).toBe(true)
  })

  // Only Linux has all of 127.0.0.0/8 on its loopback.
  test.runIf(IS_LINUX)('spares a client that holds the port with a socket of its own', async () => {
    // The client has bound the same number on another address, to connect from there.
    const { server, port } = await serve()
    const client = companion(process.execPath, [
      '-e',
      `require("net").connect({ port: ${port}, host: "127.0.0.1", localAddress: "127.0.0.2", localPort: ${port} },
        () => console.log("connected")).on("error", () => {})
       setInterval(() => {}, 1000)`,
    ])
    expect(await client.line()).toBe('connected')
    expect(stop('--yes', port).status).toBe(0)
    await server.ended
    expect(isAlive(client)).toBe(true)
  })

  test('ends the process that has a UDP port, and --protocol narrows the question', async () => {
    const port = await freePort()
    const udp = companion(process.execPath, [
      '-e',
      `require("dgram").createSocket("udp4").bind(${port}, "127.0.0.1", () => console.log("bound"))`,
    ])
    expect(await udp.line()).toBe('bound')
    const { server } = await serve(SERVE, { port })
    expect(stop('--yes', '--protocol=udp', String(port)).status).toBe(0)
    expect(await udp.ended).toBe(128 + 15)
    expect(isAlive(server)).toBe(true)
    expect(stop('-y', String(port)).status).toBe(0)
    expect(await server.ended).toBe(128 + 15)
  })

  test('ends the servers of several ports, and says which port has none', async () => {
    const free = await freePort()
    const [one, two] = [await serve(), await serve()]
    const { status, stdout, stderr } = stop('--yes', one.port, String(free), two.port, one.port)
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: `port4me: error: nobody listens on port ${free}\n`,
    })
    expect(stdout.match(/^ended /gm)).toHaveLength(2)
    expect(await Promise.all([one.server.ended, two.server.ended])).toEqual([143, 143])
  })

  test('ends all processes that have inherited the socket, and names each', async () => {
    const sockets = [{ protocol: 'tcp', address: '127.0.0.1', listen: true }]
    const holder = companion('python3', [HOLDER, JSON.stringify({ sockets, children: 2 })])
    const { ports, pids } = JSON.parse(await holder.line()) as { ports: number[]; pids: number[] }
    expect(pids).toHaveLength(3)
    const { status, stdout } = stop('--yes', String(ports[0]))
    expect(status).toBe(0)
    for (const pid of pids) {
      expect(stdout).toMatch(new RegExp(`^process ${pid}: \\S*python3`, 'm'))
      expect(stdout).toMatch(new RegExp(`^ended python3\\S* \\(process ${pid}, `, 'm'))
    }
    expect(await holder.ended).toBe(143)
    expect(api.whoHas(ports[0] as number)).toEqual([])
  })

  test.runIf(IS_LINUX)('does not end a process that only leases the port', async () => {
    const wrapper = companion(process.execPath, [
      ...[PROGRAM, 'run', '--protocol=both', '--', 'sh', '-c', 'echo $PORT; read end'],
    ])
    const port = await wrapper.line()
    const { pid } = wrapper.process
    expect(stop('--yes', port)).toEqual({
      status: 1,
      stdout: '',
      stderr: expect.stringMatching(
        new RegExp(
          `^port4me: error: nobody listens on port ${port}; node \\(process ${pid}, .*\\) leases it, but does not listen\\n$`,
        ),
      ),
    })
    expect(isAlive(wrapper)).toBe(true)
    wrapper.process.stdin?.end()
    await wrapper.ended
  })

  test('ends the server of port4me run, which then ends by itself', async () => {
    const wrapper = companion(process.execPath, [
      ...[PROGRAM, 'run', '--', process.execPath, '-e', SERVE, '{port}'],
    ])
    const port = await wrapper.line()
    const { status, stdout } = stop('--yes', port)
    expect({ status, ended: stdout.match(/^ended /gm) }).toEqual({ status: 0, ended: ['ended '] })
    expect(await wrapper.ended).toBe(143)
  })

  test.runIf(IS_LINUX)(
    'does not end a process that has bound a TCP port without listening',
    async () => {
      const sockets = [{ protocol: 'tcp', address: '127.0.0.1', listen: false }]
      const holder = companion('python3', [HOLDER, JSON.stringify({ sockets })])
      const { ports } = JSON.parse(await holder.line()) as { ports: [number] }
      const [port] = ports
      const [shown] = api.whoHas(port)
      const { status, stdout, stderr } = stop('--yes', String(port))
      expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
      // The TypeScript engine, and Linux before 6.8, do not tell such a socket.
      expect(stderr).toBe(
        shown === undefined
          ? `port4me: error: nobody that can be seen listens on port ${port}, but it is not free\n`
          : `port4me: error: nobody listens on port ${port}; ${shown.name} (process ${holder.process.pid}, ${shown.project}) has bound it, but does not listen\n`,
      )
      expect(isAlive(holder)).toBe(true)
      const { status: found, stdout: told } = program(['who', String(port)])
      expect({ found, told }).toEqual(
        shown === undefined
          ? { found: 1, told: `nobody that can be seen has port ${port}, but it is not free\n` }
          : { found: 0, told: expect.stringContaining('  [bound] ') },
      )
    },
  )

  test('says that nobody listens', async () => {
    const port = await freePort()
    expect(stop(String(port))).toEqual({
      status: 1,
      stdout: '',
      stderr: `port4me: error: nobody listens on port ${port}\n`,
    })
  })

  test.each([
    [[], 'stop needs a port'],
    [['0'], 'PORT must be'],
    [['3000-4000'], 'PORT must be'],
    [['3000', '?'], 'PORT must be'],
    [['3000', 'x y'], 'name must have'],
    [['3000', '--protocol=sctp'], '--protocol must be'],
    [['3000', '--signal=KILL'], 'unknown flag'],
  ])('%j is wrong usage', (args, message) => {
    const { status, stdout, stderr } = stop(...args)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toContain(message)
  })
})

onPosix('port4me stop refuses', () => {
  test.each([
    ['the process that has started it', ''],
    ['an ancestor', 'sh -c '],
  ])('%s', async (_, shell) => {
    const code = `const server = require("net").createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address()
      const command = [process.execPath, ${JSON.stringify(PROGRAM)}, "stop", "--yes", String(port)]
      const [file, ...args] = ${shell === '' ? 'command' : '["sh", "-c", command.join(" ") + "; exit $?"]'}
      const child = require("child_process").spawn(file, args, { stdio: ["ignore", "pipe", "pipe"] })
      let error = ""
      child.stderr.on("data", (data) => { error += data })
      child.on("exit", (status) => console.log(JSON.stringify([port, status, error])))
    })`
    const server = companion(process.execPath, ['-e', code])
    const [port, status, error] = JSON.parse(await server.line())
    expect({ status, error }).toEqual({
      status: 1,
      error: expect.stringMatching(
        new RegExp(
          `^port4me: error: port ${port} is not stopped: node \\(process ${server.process.pid}, .*\\) has started this command\\n$`,
        ),
      ),
    })
    expect(isAlive(server)).toBe(true)
  })

  test('itself', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const { fd } = (server as unknown as { _handle: { fd: number } })._handle
    const itself = companion(process.execPath, [PROGRAM, 'stop', '--yes', String(port)], {}, [fd])
    // Then the command is the only one that has the socket.
    server.close()
    await expect(itself.line()).rejects.toThrow(
      `port ${port} is not stopped: this process (${itself.process.pid}) is this very command`,
    )
    expect(await itself.ended).toBe(1)
  })

  test.runIf(IS_LINUX)('the first process of the system', async () => {
    // pid_namespaces(7): the shell is process 1, and execs the server while the command waits for its port.
    const port = await freePort()
    const own = IS_ROOT ? [] : ['--user', '--map-current-user']
    const listen = `require("net").createServer().listen(${port}, "127.0.0.1")`
    const script = `(while ! "$0" "$1" who ${port} >/dev/null; do sleep 0.1; done
      "$0" "$1" stop --yes ${port} 2>&1; echo "status $?") & exec "$0" -e '${listen}'`
    const unshare = companion('unshare', [
      ...[...own, '--pid', '--fork', '--mount-proc', '--kill-child'],
      ...['sh', '-c', script, process.execPath, PROGRAM],
    ])
    expect(await unshare.line()).toMatch(
      `port4me: error: port ${port} is not stopped: node (process 1, `,
    )
    expect(await unshare.line()).toBe('status 1')
    await unshare.kill('SIGKILL')
  })

  describe.runIf(IS_ROOT)("another user's process", () => {
    test('although it could end it', async () => {
      const { server, pid, port } = await serve(SERVE, { before: AS_NOBODY })
      expect(stop('--yes', port)).toEqual({
        status: 1,
        stdout: '',
        stderr: expect.stringMatching(
          new RegExp(
            `^port4me: error: port ${port} is not stopped: node \\(process ${pid}, .*\\) belongs to user nobody, who alone can stop it: sudo -u nobody port4me stop ${port}\\n$`,
          ),
        ),
      })
      expect(isAlive(server)).toBe(true)
    })

    test('that it may not look into', async () => {
      const { server, port } = await serve()
      const [file = '', ...args] = [...AS_NOBODY, process.execPath, PROGRAM, 'stop', '--yes', port]
      expect(run(file, args)).toEqual({
        status: 1,
        stdout: '',
        stderr: `port4me: error: port ${port} is not stopped: the process that has it belongs to user root, who alone can stop it: sudo -u root port4me stop ${port}\n`,
      })
      expect(isAlive(server)).toBe(true)
    })
  })
})

onPosix('port4me stop asks', () => {
  test('and needs --yes where it cannot', async () => {
    const { server, port } = await serve()
    const { status, stderr } = stop(port)
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: 'port4me: error: stop can ask only in a terminal; --yes ends without a question\n',
    })
    expect(isAlive(server)).toBe(true)
  })

  test.each([
    ['y\n', 0],
    ['Yes\n', 0],
    ['n\n', 1],
    ['\n', 1],
    ['yy\n', 1],
    ['\x04', 1], // Ctrl-D
    ['\x03', 128 + 2], // Ctrl-C
  ])('and %j ends it with status %i', async (answer, status) => {
    const { server, pid, port } = await serve()
    const terminal = inTerminal(port)
    const said = await question(terminal)
    const lines = said.split('\r\n')
    expect(lines[0]).toMatch(new RegExp(`^process ${pid}: node -e require`))
    expect(lines.every((line) => line.length <= 80)).toBe(true)
    expect(lines.at(-1)).toBe('End this process? [y/N] ')
    terminal.process.stdin?.write(answer)
    expect(await terminal.ended).toBe(status)
    if (status === 0) expect(await server.ended).toBe(143)
    else expect(isAlive(server)).toBe(true)
  })

  test('and spares a process that has taken the place of the one that it has named', async () => {
    const { server, pid, port } = await serve()
    const terminal = inTerminal(port)
    await question(terminal)
    await server.kill('SIGKILL')
    const other = await serve(SERVE, { port: Number(port) })
    terminal.process.stdin?.write('y\n')
    let said = ''
    terminal.process.stdout?.on('data', (data) => {
      said += data
    })
    expect(await terminal.ended).toBe(1)
    expect(said).toContain(`process ${pid} had ended already`)
    expect(said).toMatch(new RegExp(`process ${other.pid}\\b.* listens on port ${port} now`))
    expect(isAlive(other.server)).toBe(true)
  })
})

onPosix('a port that another process takes at once', () => {
  test('is named with that process, and the exit status is 1', async () => {
    const { server, pid, port } = await serve()
    const waiting = companion(process.execPath, [
      '-e',
      `const server = require("net").createServer().on("error", () => setTimeout(listen, 2))
       const listen = () => server.listen(${port}, () => console.log("listens"))
       listen()`,
    ])
    const { status, stdout, stderr } = stop('--yes', port)
    expect(await waiting.line()).toBe('listens')
    expect(await server.ended).toBe(128 + 15)
    expect(stdout).toContain(`ended node (process ${pid}`)
    expect(stderr).toMatch(
      new RegExp(`process ${waiting.process.pid}\\b.* listens on port ${port} now\n$`),
    )
    expect(status).toBe(1)
    await waiting.kill('SIGKILL')
  })
})

onPosix('a UDP socket', () => {
  test('is not ended unless --protocol names UDP, because it may be a client', async () => {
    const port = await freePort()
    const client = companion(process.execPath, [
      '-e',
      `require("dgram").createSocket("udp4").bind(${port}, "127.0.0.1", () => console.log("bound"))`,
    ])
    await client.line()
    const { status, stderr } = stop('--yes', String(port))
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringMatching(
        /^port4me: error: nobody listens on port \d+, but node \(.*\) has it on UDP; --protocol=udp ends that\n$/,
      ),
    })
    await client.kill('SIGKILL')
  })
})

onPosix('a process that SIGTERM does not end', () => {
  test('still runs after five seconds, and --force ends it', async () => {
    const { server, pid, port } = await serve(STUBBORN)
    const before = performance.now()
    const { status, stderr } = stop('--yes', port)
    expect(performance.now() - before).toBeGreaterThan(4900)
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringMatching(
        new RegExp(
          `^port4me: error: node \\(process ${pid}, .*\\) still runs after 5 seconds; --force ends it with SIGKILL\\n$`,
        ),
      ),
    })
    expect(isAlive(server)).toBe(true)

    const forced = stop('--yes', '--force', port)
    expect({ status: forced.status, stderr: forced.stderr }).toEqual({ status: 0, stderr: '' })
    expect(forced.stdout).toMatch(new RegExp(`^killed node \\(process ${pid}, .*\\)\\n$`, 'm'))
    expect(await server.ended).toBe(128 + 9)
  })

  test('is waited for if it ends later', async () => {
    const late = `process.on("SIGTERM", () => setTimeout(() => process.exit(7), 700)); ${SERVE}`
    const { server, port } = await serve(late)
    expect(stop('--yes', port).status).toBe(0)
    expect(await server.ended).toBe(7)
  })

  test('gets SIGKILL by --force also if it does not listen any more', async () => {
    const closing = `const server = require("net").createServer().listen(0, "127.0.0.1",
      () => console.log(server.address().port))
      process.on("SIGTERM", () => server.close()); setInterval(() => {}, 1000)`
    const { server, port } = await serve(closing)
    expect(stop('--yes', '--force', port).status).toBe(0)
    expect(await server.ended).toBe(128 + 9)
  })
})

test.runIf(process.platform === 'win32')(
  'on Windows port4me stop ends the server at once',
  async () => {
    const { server, port } = await serve(STUBBORN)
    expect(stop('--yes', port).status).toBe(0)
    await server.ended
  },
)
