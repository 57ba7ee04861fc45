// Services: declarations, names, folders, and what is wrong with them. test/processes/services.test.ts tests servers.

import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { HAS_BOUND_SOCKETS } from '../../lib/engine/fallback/bound.js'
import { git, startIn } from '../processes/worktrees.js'
import { freePort, freePorts, freeRow, whileListening } from '../support/listeners.js'
import { port4me as api } from '../support/package.js'
import { ROOT } from '../support/paths.js'
import type { Companion } from '../support/processes.js'
import { script } from '../support/run.js'

const NEEDS_THREAD = process.env.PORT4ME_ENGINE === 'fallback' && !HAS_BOUND_SOCKETS

const isLinux = process.platform === 'linux'
const isRoot = process.getuid?.() === 0

let home: string
beforeAll(() => {
  home = realpathSync(mkdtempSync(join(tmpdir(), 'port4me-')))
  chmodSync(home, 0o755) // for other users
})
afterAll(() => rmSync(home, { recursive: true }))

const companions: Companion[] = []
afterEach(async () => {
  await Promise.all(companions.splice(0).map((companion) => companion.kill('SIGKILL')))
})

let count = 0

/** A new folder with these files. The name of a folder ends with a slash. */
function project(files: Readonly<Record<string, unknown>> = { '.git/': '' }, name = ''): string {
  const folder = join(home, name || `p${++count}`)
  mkdirSync(folder, { recursive: true })
  for (const [file, content] of Object.entries(files)) {
    const path = join(folder, file)
    mkdirSync(file.endsWith('/') ? path : dirname(path), { recursive: true })
    if (file.endsWith('/')) continue
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  }
  return folder
}

const declaring = (services: object): string =>
  project({ '.git/': '', 'port4me.json': { services } })

/** Runs code in a folder, in a process of its own. Returns what it returns, or the code and message that it throws. */
function inFolder(
  folder: string,
  code: string,
  variables: Readonly<Record<string, string>> = {},
): unknown {
  const body = `process.chdir(${JSON.stringify(folder)})
    const { leaseService, listServices, servicePort } = port4me
    const told = (call) => {
      try { return call() } catch (error) { return error.code + ': ' + error.message }
    }
    return await told(() => (${code}))`
  return script(body, { variables: { HOME: home, ...variables } })
}

/** Starts a server of a port in a folder. */
async function serverIn(folder: string, port: number, before = ''): Promise<Companion> {
  const code = `${before};require('node:net').createServer().listen(${port}, () => console.log())`
  const server = startIn(folder, [process.execPath, '-e', code])
  companions.push(server)
  await server.line()
  return server
}

/** The name of a folder within the home folder. */
const nameOf = (folder: string): string => folder.slice(home.length + 1)

/** The first port of a tool. */
/** The first port of a tool that nobody has. On a shared network others may have some for long. */
const first = (tool: string): number =>
  api.listPorts(16, { tool }).find((port) => api.isFreeTcp(port)) as number

describe('wrong declarations are refused with file, key, value and what is allowed', () => {
  const PORT = 'must be a port from 1 to 65535, not'
  const SERVICE = 'must be a port, true, or an object, not'
  test.each<[unknown, string]>([
    ['{', 'is not JSON: '],
    [[], ': the whole file must be an object, not an array'],
    ['null', ': the whole file must be an object, not null'],
    [{ service: {} }, ': the whole file must not have "service"; it may have services'],
    [{ services: 7 }, ': services must be an object, not 7'],
    [{ services: { web: 0 } }, `: services.web ${PORT} 0`],
    [{ services: { web: 65536 } }, `: services.web ${PORT} 65536`],
    [{ services: { web: 3000.5 } }, `: services.web ${PORT} 3000.5`],
    [{ services: { web: '3000' } }, `: services.web ${SERVICE} "3000"`],
    [{ services: { web: false } }, `: services.web ${SERVICE} false`],
    [{ services: { web: null } }, `: services.web ${SERVICE} null`],
    [{ services: { web: { port: '1' } } }, `: services.web.port ${PORT} "1"`],
    [{ services: { web: { ports: 1 } } }, ': services.web must not have "ports"; it may have port'],
    [{ services: { web: { env: 'A B' } } }, ': services.web.env must be the name of a variable'],
    [
      { services: { web: { protocol: 'sctp' } } },
      ': services.web.protocol must be "tcp", "udp" or "both", not "sctp"',
    ],
    [{ services: { web: { include: 3000 } } }, ': services.web.include must be a text of ports'],
    [{ services: { web: { include: '3-a' } } }, ': services.web.include must be ports from 1'],
    [{ services: { web: { exclude: '9-1' } } }, ': services.web.exclude must be ports from 1'],
    [{ services: { 'a b': true } }, ': services.a b must have a name of letters'],
    [{ services: { '': true } }, ': services. must have a name of letters'],
    ['{"services":{"__proto__":true}}', ': services.__proto__ must have a name of letters'],
    [
      { services: { web: { env: 'PORT' }, api: { env: 'PORT' } } },
      ': services.api has the variable "PORT", which service "web" has too',
    ],
    [
      { services: { 'a-b': true, 'a.b': true } },
      ': services.a.b has the variable "A_B_PORT", which service "a-b" has too',
    ],
    [
      { services: { web: 3000, api: { port: 3000 } } },
      ': services.api has the port 3000, which service "web" has too',
    ],
  ])('%j', (content, message) => {
    const folder = project({ '.git/': '', 'port4me.json': content })
    for (const code of ["servicePort('web')", "leaseService('web')", 'listServices()']) {
      const told = inFolder(folder, code)
      expect(told).toMatch(/^ERR_INVALID_CONFIG: /)
      expect(told).toContain(join(folder, 'port4me.json'))
      expect(told).toContain(message)
    }
  })

  test('in package.json too', () => {
    const folder = project({ 'package.json': { port4me: { services: { web: 'x' } } } })
    expect(inFolder(folder, "servicePort('web')")).toBe(
      `ERR_INVALID_CONFIG: ${folder}/package.json: port4me.services.web ${SERVICE} "x"`,
    )
  })

  test('and so are declarations in both files', () => {
    const files = { 'package.json': { port4me: {} }, 'port4me.json': {} }
    expect(inFolder(project(files), "servicePort('web')")).toMatch(
      /^ERR_INVALID_CONFIG: .*port4me\.json: services must not be beside "port4me" in package\.json/,
    )
  })

  test('and a file that cannot be read is a system error with its name', () => {
    const folder = project({ '.git/': '', 'port4me.json': '{}' })
    chmodSync(join(folder, 'port4me.json'), 0)
    const asOther = isRoot ? '(process.setegid(65534), process.seteuid(65534)),' : ''
    expect(inFolder(folder, `${asOther} servicePort('web')`)).toBe(
      `ERR_SYSTEM: EACCES: permission denied, open '${folder}/port4me.json'`,
    )
  })
})

describe('two services of one project never get one number', () => {
  const all = '["a", "b", "c"].map((name) => servicePort(name))'

  test('although they have the same few candidates', async () => {
    const row = await freeRow(3)
    const include = `${row[0]}-${row[2]}`
    const folder = declaring({ a: { include }, b: { include }, c: { include } })
    const ports = inFolder(folder, all) as number[]
    expect(ports.toSorted()).toEqual(row)
    expect(inFolder(folder, 'listServices().map(({ port }) => port)')).toEqual(ports)
    // A stranger on one of them moves no service to the port of another one.
    await whileListening({ port: ports[1] as number }, () => {
      const code = '["a", "b", "c"].map((name) => told(() => servicePort(name)))'
      expect(inFolder(folder, code)).toEqual([
        ports[0],
        `ERR_NO_FREE_PORT: no free port for service "b": others have all of its 1 candidates, ${ports[1]}`,
        ports[2],
      ])
    })
  })

  test('and the one that prefers a port gets it', async () => {
    const row = await freeRow(2)
    const include = `${row[0]}-${row[1]}`
    for (const [port, other] of [row, row.toReversed()]) {
      const folder = declaring({ a: { include }, b: { include, port } })
      expect(inFolder(folder, '[servicePort("a"), servicePort("b")]')).toEqual([other, port])
    }
  })

  test('and one that is not declared has no port of those that are', async () => {
    const row = await freeRow(2)
    const folder = declaring({ a: { include: `${row[0]}-${row[1]}` } })
    expect(inFolder(folder, `servicePort("x", { include: ${JSON.stringify(row)} })`)).toBe(
      'ERR_NO_FREE_PORT: service "x" has no candidates: each of its ports belongs to another service',
    )
  })
})

test('an option that is undefined changes nothing', async () => {
  const port = await freePort()
  const folder = declaring({ a: { include: String(port) } })
  expect(inFolder(folder, 'servicePort("a", { include: undefined, project: undefined })')).toBe(
    port,
  )
})

describe('the name', () => {
  test('may be left out if one service is declared, or none', async () => {
    const port = await freePort()
    expect(inFolder(declaring({ web: port }), 'servicePort()')).toBe(port)
    const folder = project()
    expect(inFolder(folder, 'servicePort()')).toBe(first(`@${folder.replace(home, '~')}`))
    expect(inFolder(folder, '[leaseService().port, told(() => leaseService())]')).toEqual([
      expect.any(Number),
      expect.stringMatching(/^ERR_SERVICE_RUNNING: the service of ~\/p\d+ is being started/),
    ])
  })

  test('must be one of several', () => {
    expect(inFolder(declaring({ web: true, api: true }), 'servicePort()')).toBe(
      'ERR_INVALID_ARG_VALUE: name must be one of the services of this project, web, api, but is missing',
    )
  })

  test.each(['', 'a b', '@x', 'a/b', '-x', 'a\n'])('%j is refused', (name) => {
    expect(inFolder(project(), `servicePort(${JSON.stringify(name)})`)).toMatch(
      /^ERR_INVALID_ARG_VALUE: name must have letters/,
    )
  })
})

describe('the project', () => {
  test('is the folder itself without a project', () => {
    const folder = project({})
    expect(inFolder(folder, "servicePort('web')")).toBe(first(`web@~/${nameOf(folder)}`))
  })

  test.each([
    ['an empty', ''],
    ['a relative', '.'],
    ['a missing', '/nowhere/at/all'],
  ])('has its whole path with %s HOME', (_, HOME) => {
    const folder = project()
    expect(inFolder(folder, "servicePort('web')", { HOME })).toBe(first(`web@${folder}`))
  })

  test.each([
    'a b',
    'a,b',
    `a'b"c`,
    'a\nb',
    'ä€𝒳',
    '$(x);&',
    '-x',
    '~',
    'a@b',
    '%41',
    ' ',
    'x (deleted)',
  ])('may be in a folder with the name %j', async (name) => {
    const port = await freePort()
    const files = { '.git/': '', 'port4me.json': { services: { web: port } }, 'sub/': '' }
    const folder = project(files, `odd/${name}`)
    const sub = join(folder, 'sub')
    expect(inFolder(sub, "servicePort('web')")).toBe(port)
    expect(inFolder(sub, "servicePort('other')")).toBe(first(`other@~/odd/${name}`))
    const { process: server } = await serverIn(sub, port)
    expect(inFolder(folder, 'listServices().map((one) => [one.running, one.holder?.pid])')).toEqual(
      [[true, server.pid]],
    )
  })

  test('is one behind symbolic links', async () => {
    const port = await freePort()
    const folder = declaring({ web: port })
    symlinkSync(folder, `${folder}-link`)
    expect(inFolder(`${folder}-link`, "servicePort('web')")).toBe(port)
    expect(inFolder('/', `servicePort('web', { project: '${folder}-link' })`)).toBe(port)
    await serverIn(`${folder}-link`, port)
    expect(inFolder(folder, 'listServices()[0].running')).toBe(true)
  })

  test('may not be none, but PORT4ME_PROJECT may say so for other functions', () => {
    const folder = project()
    expect(inFolder(folder, "servicePort('web', { project: false })")).toBe(
      'ERR_INVALID_ARG_VALUE: options.project must be true, a folder or a name, not false: a service belongs to a project',
    )
    const expected = first(`web@~/${nameOf(folder)}`)
    expect(inFolder(folder, "servicePort('web')", { PORT4ME_PROJECT: 'false' })).toBe(expected)
    expect(inFolder(folder, "servicePort('web')", { PORT4ME_PROJECT: 'true' })).toBe(expected)
    expect(inFolder('/', "servicePort('web')", { PORT4ME_PROJECT: folder })).toBe(expected)
  })

  test('may be a name, whose leases are found from any folder', () => {
    expect(inFolder('/', "servicePort('web', { project: 'shop' })")).toBe(first('web@shop'))
    if (!isLinux) return
    const code = `leaseService('web', { project: 'shop' }) &&
      (process.chdir('/tmp'), told(() => leaseService('web', { project: 'shop' })))`
    expect(inFolder('/', code)).toMatch(/^ERR_SERVICE_RUNNING: service "web" of shop is being/)
  })

  test('may be named as a folder inside of another project', async () => {
    const port = await freePort()
    const inner = 'inner/port4me.json'
    const folder = project({ '.git/': '', [inner]: { services: { web: port } }, 'inner/deep/': '' })
    await serverIn(join(folder, 'inner/deep'), port)
    expect(inFolder(folder, "listServices({ project: './inner' })[0].running")).toBe(true)
  })

  test('of a folder below has servers of its own', async () => {
    const port = await freePort()
    const files = { '.git/': '', 'port4me.json': { services: { web: port } }, 'nested/.git/': '' }
    const folder = project(files)
    await serverIn(join(folder, 'nested'), port)
    expect(inFolder(folder, 'listServices()[0].running')).toBe(false)
    expect(inFolder(folder, "servicePort('web')")).toBe(first(`web@~/${nameOf(folder)}`))
  })

  test.runIf(isLinux)('is still that of a server whose working directory was removed', async () => {
    const port = await freePort()
    const files = { '.git/': '', 'port4me.json': { services: { web: port } }, 'dist/': '' }
    const folder = project(files)
    await serverIn(join(folder, 'dist'), port)
    rmSync(join(folder, 'dist'), { recursive: true })
    expect(inFolder(folder, 'listServices()[0].running')).toBe(true)
  })

  test.runIf(isLinux)(
    'cannot be found from a working directory that was removed, but can be named',
    () => {
      const folder = project()
      const gone = (code: string) => {
        const made = `require('node:fs').mkdtempSync(${JSON.stringify(join(home, 'gone-'))})`
        const before = `((gone) => (process.chdir(gone), require('node:fs').rmdirSync(gone), ${code}))(${made})`
        return inFolder(folder, before)
      }
      expect(gone("servicePort('web')")).toMatch(/^ERR_SYSTEM: ENOENT: .*uv_cwd/)
      const named = [
        [`servicePort('web', { project: ${JSON.stringify(folder)} })`, `web@~/${nameOf(folder)}`],
        ["servicePort('web', { project: 'name' })", 'web@name'],
      ] as const
      for (const [code, tool] of named) {
        // Node.js starts no thread there.
        const expected = NEEDS_THREAD
          ? 'ERR_SYSTEM: the thread of the TypeScript engine does not start'
          : first(tool)
        expect(gone(code)).toBe(expected)
      }
    },
  )

  test.runIf(isLinux && isRoot)('is another one behind a bind mount', async () => {
    const port = await freePort()
    const folder = declaring({ web: port })
    const mounted = project({})
    await serverIn(folder, port)
    const code = `process.chdir(process.argv[1])
      const { servicePort } = require(process.argv[2])
      console.log(servicePort('web'))`
    const mount = 'mount --bind "$1" "$2" && exec "$3" -e "$4" "$2" "$5"'
    const args = ['sh', '-c', mount, 'sh', folder, mounted, process.execPath, code, ROOT]
    const env = { ...process.env, HOME: home }
    const printed = execFileSync('unshare', ['--mount', ...args], { encoding: 'utf8', env })
    // The declared port is a stranger's there.
    expect(Number(printed)).toBe(first(`web@~/${nameOf(mounted)}`))
  })
})

describe('in git', () => {
  test.each([
    ['junk', 'junk'],
    ['empty', ''],
    ['a link to nowhere', 'gitdir: /nowhere/.git/modules/x\n'],
    ['binary', '\0\xff'],
  ])('a .git that is %s makes a main worktree', async (_, text) => {
    const port = await freePort()
    const folder = project({ '.git': text, 'port4me.json': { services: { web: port } } })
    expect(inFolder(folder, "servicePort('web')")).toBe(port)
  })

  test('a linked worktree is one also if its repository was moved away', () => {
    const files = {
      '.git': 'gitdir: /nowhere/.git/worktrees/x',
      'port4me.json': { services: { web: 3000 } },
    }
    const folder = project(files)
    expect(inFolder(folder, "servicePort('web')")).toBe(first(`web@~/${nameOf(folder)}`))
  })

  test.runIf(isLinux)('a .git that cannot be read, or is a pipe, does so too', async () => {
    const port = await freePort()
    const folder = project({ '.git': 'x', 'port4me.json': { services: { web: port } } })
    chmodSync(join(folder, '.git'), 0)
    const asOther = isRoot ? '(process.setegid(65534), process.seteuid(65534)),' : ''
    expect(inFolder(folder, `${asOther} servicePort('web')`)).toBe(port)
    rmSync(join(folder, '.git'))
    execFileSync('mkfifo', [join(folder, '.git')])
    expect(inFolder(folder, "servicePort('web')")).toBe(port)
  })

  test('a submodule prefers the port; a linked worktree, moved or not, has ports of its own', async () => {
    const [port, ofModule] = await freePorts(2)
    const main = project({ 'port4me.json': { services: { web: port } } }, 'git\nhub/main')
    const module = project({ 'port4me.json': { services: { web: ofModule } } }, 'git\nhub/module')
    for (const folder of [main, module]) {
      for (const args of [['init'], ['add', '.'], ['commit', '-m', 'x']]) git(folder, ...args)
    }
    // The folder of this submodule is .git/modules/worktrees/module, which is no worktree.
    git(main, 'submodule', 'add', module, 'worktrees/module')
    git(main, 'worktree', 'add', '../linked')
    const linked = join(home, 'git\nhub/linked')
    const web = "servicePort('web')"
    expect(inFolder(main, web)).toBe(port)
    expect(inFolder(join(main, 'worktrees/module'), web)).toBe(ofModule)
    expect(inFolder(linked, web)).toBe(first('web@~/git\nhub/linked'))
    git(main, 'worktree', 'move', '../linked', '../moved')
    expect(inFolder(join(home, 'git\nhub/moved'), web)).toBe(first('web@~/git\nhub/moved'))
    expect(inFolder(main, web)).toBe(port)
  })
})

describe('a process tree', () => {
  const child = (code: string) =>
    `require('node:child_process').execFileSync(process.execPath, ['-e', ${JSON.stringify(
      `const api = require(process.argv[1]); ${code}`,
    )}, ${JSON.stringify(ROOT)}], { encoding: 'utf8', cwd: '/tmp' }).trim()`

  test('keeps the number that was recorded, in another folder and with a lease too', async () => {
    const port = await freePort()
    const folder = declaring({ web: port, api: true })
    // A stranger has the preferred port when the first process asks, and goes before the others do.
    const code = `(async () => {
      const stranger = require('node:net').createServer().listen(${port})
      await require('node:events').once(stranger, 'listening')
      process.chdir('/')
      const asked = servicePort('web', { project: ${JSON.stringify(folder)} })
      process.chdir(${JSON.stringify(folder)})
      await new Promise((resolve) => stranger.close(resolve))
      const web = 'api.servicePort("web")'
      return [asked, servicePort('web'), Number(${child('console.log(api.servicePort("web"))')}),
        Number(${child('console.log(api.leaseService("web").port)')}), leaseService('web').port,
        listServices()[0].port]
    })()`
    const second = first(`web@~/${nameOf(folder)}`)
    expect(inFolder(folder, code)).toEqual(Array(6).fill(second))
  })

  test('refuses a recorded text that is no port', () => {
    const folder = declaring({ web: true })
    const code = `(servicePort('web'),
      Object.keys(process.env).filter((name) => /^PORT4ME_SERVICE_/.test(name)).map((name) => (process.env[name] = 'x')),
      [told(() => servicePort('web')), told(() => listServices())])`
    const message = expect.stringMatching(/^ERR_\w+: PORT4ME_SERVICE_[0-9A-F]{16} must be .*"x"/)
    expect(inFolder(folder, code)).toEqual([message, message])
  })

  test('forgets the project of its first process when that has been removed', () => {
    const variables = { PORT4ME_TREE_PROJECT: '/nowhere/at/all' }
    const folder = project({})
    expect(inFolder(folder, "servicePort('web')", variables)).toBe(first(`web@~/${nameOf(folder)}`))
  })

  test('has one service in all its threads', () => {
    const folder = declaring({ web: true })
    const code = `new Promise((resolve) => {
      const asked = servicePort('web')
      const lease = leaseService('web')
      const { Worker } = require('node:worker_threads')
      const body = 'const api = require(' + JSON.stringify(${JSON.stringify(ROOT)}) + ');' +
        'const told = (call) => { try { return call() } catch ({ code, port, pid }) { return [code, port, pid] } };' +
        'require("node:worker_threads").parentPort.postMessage([api.servicePort("web"), told(() => api.leaseService("web"))])'
      new Worker(body, { eval: true }).on('message', ([port, refusal]) => {
        resolve([port === asked, lease.port === asked, refusal[0], refusal[1] === asked, refusal[2] === process.pid])
      })
    })`
    const [, , code2] = ['', '', 'ERR_SERVICE_RUNNING']
    expect(inFolder(folder, code)).toEqual([true, true, code2, true, true])
  })
})

describe('who has the port', () => {
  test('of a UDP service is asked on UDP alone', async () => {
    const port = await freePort()
    const folder = declaring({ dns: { port, protocol: 'udp' } })
    const list = 'listServices().map(({ port, running, url }) => [port, running, url ?? "none"])[0]'
    await serverIn(folder, port) // TCP
    expect(inFolder(folder, list)).toEqual([port, false, 'none'])
    expect(inFolder(folder, "[leaseService('dns').port, told(() => leaseService('dns'))]")).toEqual(
      [port, expect.stringMatching(/^ERR_SERVICE_RUNNING/)],
    )
    const code = `require('node:dgram').createSocket('udp4').bind(${port}, () => console.log())`
    const server = startIn(folder, [process.execPath, '-e', code])
    companions.push(server)
    await server.line()
    expect(inFolder(folder, list)).toEqual([port, true, 'none'])
  })

  test('is another project: the service moves to its next candidate', async () => {
    const port = await freePort()
    const folder = declaring({ web: port })
    await serverIn('/', port)
    const next = first(`web@~/${nameOf(folder)}`)
    expect(inFolder(folder, "servicePort('web')")).toBe(next)
    expect(inFolder(folder, "leaseService('web').port")).toBe(next)
    expect(inFolder(folder, 'listServices().map((one) => [one.port, one.running])')).toEqual([
      [next, false],
    ])
  })

  test.runIf(isLinux && isRoot)(
    'is another user: the service moves, and is not theirs',
    async () => {
      const [port, labelled] = await freePorts(2)
      const folder = declaring({ web: port, api: labelled })
      chmodSync(folder, 0o755)
      const become = 'process.setgroups([]); process.setgid(65534); process.setuid(65534)'
      await serverIn(folder, port as number, become)
      const code = `${become}; globalThis.lease = require(${JSON.stringify(ROOT)}).leaseService('api'); console.log(); setInterval(() => {}, 1e6)`
      const other = startIn(folder, [process.execPath, '-e', code], { HOME: home })
      companions.push(other)
      await other.line()
      const name = nameOf(folder)
      expect(inFolder(folder, 'listServices().map((one) => [one.port, one.running])')).toEqual([
        [first(`web@~/${name}`), false],
        [first(`api@~/${name}`), false],
      ])
    },
  )

  test.runIf(isLinux && isRoot)(
    'has a lease that cannot be seen, as from a container: the service is leased on another port',
    async () => {
      const port = await freePort()
      const folder = declaring({ web: port })
      const module = JSON.stringify(ROOT)
      const code = `globalThis.lease = require(${module}).leaseService('web'); console.log(lease.port)`
      const keeping = `${code}; setInterval(() => {}, 1e6)`
      const outside = startIn(folder, [process.execPath, '-e', keeping], { HOME: home })
      companions.push(outside)
      expect(await outside.line()).toBe(String(port))
      const inside = ['--pid', '--fork', '--mount-proc', process.execPath, '-e', code]
      const env = { ...process.env, HOME: home }
      const printed = execFileSync('unshare', inside, { cwd: folder, encoding: 'utf8', env })
      expect(Number(printed)).toBe(first(`web@~/${nameOf(folder)}`))
    },
  )

  test('was killed: its port is free at once', async () => {
    const port = await freePort()
    const folder = declaring({ web: port })
    const server = await serverIn(folder, port)
    expect(inFolder(folder, "told(() => leaseService('web'))")).toBe(
      `ERR_SERVICE_RUNNING: service "web" of ~/${nameOf(folder)} runs already: port ${port}, process ${server.process.pid}`,
    )
    await server.kill('SIGKILL')
    expect(inFolder(folder, "leaseService('web').port")).toBe(port)
  })
})
