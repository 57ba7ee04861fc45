// The commands port4me services, url and env, and services in port4me run and stop.

import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { PortHolder } from '../../lib/types.js'
import { freePorts } from '../support/listeners.js'
import { port4me as api } from '../support/package.js'
import { PROGRAM, ROOT } from '../support/paths.js'
import { type Companion, start } from '../support/processes.js'
import { environment, type Run } from '../support/run.js'

const USER = process.env.PORT4ME_USER ?? ''
const IS_LINUX = process.platform === 'linux'
const IS_ROOT = IS_LINUX && process.getuid?.() === 0
const AS_NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']

/** A server that prints its port. It takes the port from its last argument, or else from PORT. */
const SERVE = `const port = Number(process.argv[1] ?? process.env.PORT)
  require("node:net").createServer(() => {}).listen(port, process.argv[2], () => console.log(port))`

let folder: string
let count = 0
beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'port4me-services-')))
})
afterAll(() => rmSync(folder, { recursive: true }))

const companions: Companion[] = []
afterEach(async () => {
  for (const { process: child, kill } of companions.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) await kill('SIGKILL')
  }
})

/** Makes the folder of a project that declares services. */
function project(services: object, git?: string, name = 'project'): string {
  const made = join(folder, `${name} ${count++}`)
  mkdirSync(join(made, 'sub/folder'), { recursive: true })
  if (git === undefined) mkdirSync(join(made, '.git'))
  else writeFileSync(join(made, '.git'), git)
  writeFileSync(join(made, 'port4me.json'), JSON.stringify({ services }))
  return made
}

/** Runs the program in a folder. */
function program(cwd: string, args: readonly string[], variables = {}): Run {
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], {
    cwd,
    encoding: 'utf8',
    env: environment(variables),
  })
  return { status, stdout, stderr }
}

/** Starts a command in a folder. */
function startIn(cwd: string, command: readonly string[]): Companion {
  const started = start('sh', ['-c', 'cd "$0" && exec "$@"', cwd, ...command])
  companions.push(started)
  return started
}

/** Starts a server in a folder, and waits until it listens. */
async function serve(cwd: string, port: number, ...more: string[]): Promise<Companion> {
  const server = startIn(cwd, [process.execPath, '-e', SERVE, String(port), ...more])
  expect(await server.line()).toBe(String(port))
  return server
}

/** Starts the program in a folder with a command that prints lines. */
function startProgram(cwd: string, ...args: string[]): Companion {
  return startIn(cwd, [process.execPath, PROGRAM, ...args])
}

interface Row {
  readonly name: string
  readonly project: string
  readonly port: number
  readonly state: string
  readonly running: boolean
  readonly url?: string
  readonly holder?: PortHolder
  readonly preferred?: { readonly port: number; readonly holders: readonly PortHolder[] }
}

function rows(cwd: string, ...args: string[]): Row[] {
  const { status, stdout, stderr } = program(cwd, ['services', '--json', ...args])
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  return JSON.parse(stdout)
}

function rowOf(cwd: string, name: string): Row {
  const row = rows(cwd).find((one) => one.name === name)
  if (row === undefined) throw new Error(`${name} is not listed`)
  return row
}

const isAlive = ({ process: { exitCode, signalCode } }: Companion): boolean =>
  exitCode === null && signalCode === null

const success = (stdout: string): Run => ({ status: 0, stdout, stderr: '' })

describe.skipIf(process.platform === 'win32')('services', () => {
  test('are listed with their ports and URLs, from each folder of the project', async () => {
    const [web = 0] = await freePorts(1)
    const shop = project({ web, dns: { protocol: 'udp' }, api: { host: undefined } })
    const [, dns, apiRow] = rows(shop)
    const expected = [
      'NAME   PORT  STATE  URL                     PID  AGE  COMMAND',
      `web   ${web}  free   http://localhost:${web}    -    -  -`,
      `dns   ${String(dns?.port).padStart(5)}  free   -                         -    -  -`,
      `api   ${String(apiRow?.port).padStart(5)}  free   ${`http://localhost:${apiRow?.port}`.padEnd(22)}    -    -  -`,
    ]
    const listed = program(shop, ['services'])
    expect(listed).toEqual(success(`${expected.join('\n')}\n`))
    expect(program(join(shop, 'sub/folder'), ['services'])).toEqual(listed)
    expect(program('/', ['services', `--project=${shop}`])).toEqual(listed)
    expect(rows(shop)[0]).toEqual({
      ...{ name: 'web', project: shop, port: web, env: 'WEB_PORT', running: false, state: 'free' },
      url: `http://localhost:${web}`,
    })
    expect(program(join(shop, 'sub'), ['url', 'web'])).toEqual(success(`http://localhost:${web}\n`))
  })

  test('of a linked worktree do not prefer the declared port', async () => {
    const [web = 0] = await freePorts(1)
    const shop = project({ web })
    const tree = project({ web }, `gitdir: ${shop}/.git/worktrees/tree\n`)
    mkdirSync(join(shop, '.git/worktrees/tree'), { recursive: true })
    writeFileSync(join(shop, '.git/worktrees/tree/commondir'), '../..\n')
    expect(rowOf(shop, 'web').port).toBe(web)
    const own = rowOf(tree, 'web')
    expect(own.port).toBe(api.listPorts(1, { user: USER, tool: `web@${tree}` })[0])
    expect(own.preferred).toBeUndefined()
  })

  test('that run are found by their process, whoever started it', async () => {
    const [web = 0] = await freePorts(1)
    const shop = project({ web, api: true })
    const server = await serve(join(shop, 'sub'), web)
    const { stdout } = program(join(shop, 'sub/folder'), ['services'])
    expect(stdout.split('\n')[1]).toMatch(
      new RegExp(
        `^web +${web}  running  http://localhost:${web} +${server.process.pid} +\\ds +\\S+`,
      ),
    )
    const found = rowOf(shop, 'web')
    expect(found).toMatchObject({ state: 'running', running: true, port: web })
    expect(found.holder).toMatchObject({ pid: server.process.pid, state: 'listening' })
    expect(rowOf(shop, 'api').state).toBe('free')
    expect(program(folder, ['url', 'web', `--project=${shop}`]).stdout).toBe(
      `http://localhost:${web}\n`,
    )
    expect(program(shop, ['env']).stdout).toContain(`WEB_PORT=${web}\n`)
    expect(program(shop, ['run', 'web', '--', 'echo', 'started'])).toEqual({
      status: 1,
      stdout: '',
      stderr: `port4me: error: service "web" of ${shop} runs already: port ${web}, process ${server.process.pid}\n`,
    })
    await server.kill('SIGKILL')
    expect(rowOf(shop, 'web')).toMatchObject({ state: 'free', port: web })
  })

  test('say who has the port that they prefer', async () => {
    const [web = 0] = await freePorts(1)
    const shop = project({ web })
    const stranger = await serve(folder, web)
    const next = api.listPorts(1, { user: USER, tool: `web@${shop}` })[0]
    const { status, stdout, stderr } = program(shop, ['services'])
    expect(status).toBe(0)
    expect(stdout).toContain(`http://localhost:${next} `)
    expect(stderr).toMatch(
      new RegExp(
        `^web prefers port ${web}, but \\S+ \\(process ${stranger.process.pid}, .+\\) has it\\n$`,
      ),
    )
    const { preferred, port } = rowOf(shop, 'web')
    expect({ port, preferred: preferred?.port }).toEqual({ port: next, preferred: web })
    expect(preferred?.holders[0]?.pid).toBe(stranger.process.pid)
    // A service that runs elsewhere says so too, and no more when the stranger has gone.
    await serve(shop, port)
    expect(rowOf(shop, 'web')).toMatchObject({
      port: next,
      state: 'running',
      preferred: { port: web },
    })
    await stranger.kill('SIGKILL')
    expect(rowOf(shop, 'web')).not.toHaveProperty('preferred')
  })

  test.runIf(IS_ROOT)('do not run on a port that a process of another user has', async () => {
    const [web = 0] = await freePorts(1)
    const shop = project({ web })
    const other = startIn('/', [...AS_NOBODY, process.execPath, '-e', SERVE, String(web)])
    expect(await other.line()).toBe(String(web))
    expect(rowOf(shop, 'web')).toMatchObject({ state: 'free', preferred: { port: web } })
    expect(program(shop, ['stop', '--yes', 'web'])).toMatchObject({ status: 1, stdout: '' })
    expect(isAlive(other)).toBe(true)
  })

  test('of all projects are listed if they run', async () => {
    const [a = 0, b = 0, c = 0] = await freePorts(3)
    const [one, two, idle, broken] = [
      project({ web: a, api: true }),
      project({ web: b }),
      project({ web: c }),
      project({ web: c }),
    ]
    writeFileSync(join(broken, 'port4me.json'), '{')
    await Promise.all([serve(one, a), serve(join(two, 'sub'), b), serve(broken, c)])
    const { status, stdout, stderr } = program(idle, ['services', '--all', '--json'])
    expect(status).toBe(0)
    expect(stderr).toContain(`port4me: ${broken}/port4me.json is not JSON`)
    const found = (JSON.parse(stdout) as Row[])
      .filter((row) => row.project.startsWith(folder))
      .map((row) => [row.project, row.name, row.port, row.state])
    expect(found).toEqual([
      [one, 'web', a, 'running'],
      [two, 'web', b, 'running'],
    ])
    expect(program('/', ['services', '--all']).stdout).toMatch(/^PROJECT +NAME +PORT +STATE/)
  })

  test('belong to a project, also if PORT4ME_PROJECT is false', async () => {
    const [web = 0] = await freePorts(1)
    const shop = project({ web })
    const variables = { PORT4ME_PROJECT: 'false' }
    expect(program(shop, ['url', 'web'], variables).stdout).toBe(`http://localhost:${web}\n`)
    expect(program('/', ['url', 'web'], { PORT4ME_PROJECT: shop }).stdout).toBe(
      `http://localhost:${web}\n`,
    )
    expect(program(shop, ['url', 'web', '--project=false'])).toEqual({
      status: 2,
      stdout: '',
      stderr:
        'port4me: error: --project must be true, a folder or a name, not "false": a service belongs to a project\n',
    })
    expect(() => api.servicePort('web', { project: 'false' })).toThrow(/options\.project must be/)
  })

  test('with --debug say which tool of the other port4me programs has their ports', async () => {
    const [web = 0] = await freePorts(1)
    const shop = project({ web }, undefined, 'a long name '.repeat(10))
    const ports = api.listPorts(15, { user: USER, tool: `web@${shop}` })
    const expected = [
      `user: ${USER} (from PORT4ME_USER)`,
      'service: web',
      `project: ${shop}`,
      `the same as: --tool="web@${shop}"`,
      `candidates: ${web} ${ports.join(' ')}`,
    ]
    expect(program(shop, ['url', 'web', '--debug'])).toEqual({
      status: 0,
      stdout: `http://localhost:${web}\n`,
      stderr: expected.map((line) => `port4me: ${line}\n`).join(''),
    })
  })

  test('that are not declared have a URL, and can run', async () => {
    const shop = project({})
    const port = api.listPorts(1, { user: USER, tool: `any@${shop}` })[0] as number
    expect(program(shop, ['url', 'any'])).toEqual(success(`http://localhost:${port}\n`))
    expect(JSON.parse(program(shop, ['url', 'any', '--json']).stdout)).toEqual({
      ...{ name: 'any', url: `http://localhost:${port}`, port, running: false },
    })
    await serve(shop, port)
    expect(JSON.parse(program(shop, ['url', 'any', '--json']).stdout).running).toBe(true)
    expect(program(shop, ['services'])).toEqual(
      success(`the project ${shop} declares no services (port4me.json, package.json)\n`),
    )
    expect(program(shop, ['env'])).toEqual({
      status: 0,
      stdout: '',
      stderr: `port4me: the project ${shop} declares no services (port4me.json, package.json)\n`,
    })
    expect(program(shop, ['run', '--all', '--', 'echo', 'started'])).toMatchObject({
      status: 1,
      stdout: '',
    })
  })

  test('may have a host, and a service for UDP has no URL', () => {
    const shop = project({ dns: { protocol: 'udp' } })
    expect(program(shop, ['url']).stderr).toMatch(
      /^port4me: error: service "dns" has no URL, but UDP port \d+\n$/,
    )
    expect(program(shop, ['url']).status).toBe(1)
    expect(JSON.parse(program(shop, ['url', '--json']).stdout)).not.toHaveProperty('url')
    expect(program(shop, ['url', 'web', '--host=127.0.0.1']).stdout).toMatch(
      /^http:\/\/127\.0\.0\.1:\d+\n$/,
    )
  })
})

describe.skipIf(process.platform === 'win32')('port4me env', () => {
  test('prints the variables of all services for files and shells', async () => {
    const [web = 0, admin = 0] = await freePorts(2)
    const shop = project({ web, 'my-admin': admin, '3d': true, api: { env: 'backend' } })
    const [, , third, fourth] = rows(shop).map(({ port }) => port)
    const lines = [
      `WEB_PORT=${web}`,
      `MY_ADMIN_PORT=${admin}`,
      `_3D_PORT=${third}`,
      `backend=${fourth}`,
    ]
    expect(program(shop, ['env'])).toEqual(success(`${lines.join('\n')}\n`))
    expect(program(shop, ['env', '--json'])).toEqual(
      success(
        `${JSON.stringify({ WEB_PORT: web, MY_ADMIN_PORT: admin, _3D_PORT: third, backend: fourth })}\n`,
      ),
    )
    const shell = `eval "$("$0" "$1" env --export)" && env`
    const { stdout } = spawnSync('sh', ['-c', shell, process.execPath, PROGRAM], {
      cwd: shop,
      encoding: 'utf8',
      env: environment(),
    })
    for (const line of lines) expect(stdout.split('\n')).toContain(line)
  })
})

describe.skipIf(process.platform === 'win32')('port4me run', () => {
  const PRINT = [
    process.execPath,
    '-p',
    `JSON.stringify([process.argv.slice(1), process.env.PORT ?? null, process.env.WEB_PORT ?? null, process.env.OTHER ?? null])`,
    '--',
  ]

  test('sets PORT and the variable of a declared service', async () => {
    const [web = 0] = await freePorts(1)
    const shop = project({ web })
    const port = String(web)
    const printed = (...args: string[]): unknown => {
      const { status, stdout, stderr } = program(shop, args)
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
      return JSON.parse(stdout)
    }
    expect(printed('run', 'web', '--', ...PRINT, '-p{port}')).toEqual([
      [`-p${port}`],
      port,
      port,
      null,
    ])
    expect(printed('run', 'web', '--env=OTHER', '--', ...PRINT)).toEqual([[], null, port, port])
    const elsewhere = `--project=${join(folder, 'project 0')}`
    expect(printed('run', 'any', elsewhere, '--', ...PRINT)).toEqual([
      [],
      expect.any(String),
      null,
      null,
    ])
  })

  test('takes other names for tools, as before', async () => {
    const [web = 0] = await freePorts(1)
    const shop = project({ web })
    const first = (tool: string) =>
      String(api.listPorts(16, { user: USER, tool }).find((port) => api.isFreeTcp(port)))
    const ports = { _PORT4ME_CHECK_AVAILABLE_PORTS_: 'any' }
    const portOf = (...flags: string[]) =>
      program(shop, ['run', ...flags, '--', 'printenv', 'PORT'], ports).stdout.trim()
    expect(portOf('api')).toBe(first('api'))
    expect(portOf('--tool=web')).toBe(first('web'))
    expect(portOf('web', '--project=false')).toBe(first('web'))
    expect(portOf('web', '--project=shop')).toBe(first('web@shop'))
    expect(portOf()).toBe(first(''))
    expect(portOf('web')).toBe(String(web))
  })

  // No thread starts there, and a lease of the TypeScript engine needs one.
  const hasThreads = api.engine === 'native'
  test.runIf(IS_LINUX && hasThreads)(
    'takes each name for a tool in a folder that was removed',
    async () => {
      const gone = project({})
      const shell = 'rm -r "$PWD" && exec "$0" "$@"'
      const run = startIn(gone, [
        ...['sh', '-c', shell, process.execPath, PROGRAM],
        ...['run', 'api', '--', 'printenv', 'PORT'],
      ])
      expect(await run.line()).toMatch(/^\d+$/)
      expect(await run.ended).toBe(0)
    },
  )

  test.runIf(IS_LINUX)('leases the service while its command runs', async () => {
    const [web = 0] = await freePorts(1)
    const shop = project({ web })
    // The command works in another folder, and listens when it is told to.
    const code = `process.chdir("/"); process.stdin.once("data", () => {
      require("node:net").createServer().listen(process.env.PORT, () => console.log("up")) })
      console.log(require(${JSON.stringify(ROOT)}).servicePort("web"))`
    const run = startProgram(shop, 'run', 'web', '--', process.execPath, '-e', code)
    expect(await run.line()).toBe(String(web))
    const leased = rowOf(shop, 'web')
    expect(leased).toMatchObject({ state: 'leased', port: web, running: true })
    expect(leased.holder?.pid).toBe(run.process.pid)
    expect(program(shop, ['run', 'web', '--', 'true']).stderr).toBe(
      `port4me: error: service "web" of ${shop} is being started already: port ${web}, process ${run.process.pid}\n`,
    )
    run.process.stdin?.write('go\n')
    expect(await run.line()).toBe('up')
    const running = rowOf(shop, 'web')
    expect(running).toMatchObject({ state: 'running', port: web })
    expect(running.holder?.parents?.[0]?.pid).toBe(run.process.pid)
    expect(program(shop, ['url', 'web']).stdout).toBe(`http://localhost:${web}\n`)

    expect(program(shop, ['stop', '--yes', 'web'])).toMatchObject({ status: 0, stderr: '' })
    expect(rowOf(shop, 'web')).toMatchObject({ state: 'free', port: web })
    expect(await run.ended).toBe(128 + 15)
  })

  test('with --wait runs a second command when the service is up', async () => {
    const [web = 0] = await freePorts(1)
    const shop = project({ web })
    const url = `"${process.execPath}" "${PROGRAM}" url web`
    const args = ['run', 'web', `--wait=${url}`, '--', process.execPath, '-e', SERVE]
    expect(program(shop, args)).toEqual(success(`${web}\nhttp://localhost:${web}\n`))
  })

  test('--restart ends the service that runs, and starts it on the same port', async () => {
    const [web = 0] = await freePorts(1)
    const shop = project({ web })
    const old = await serve(shop, web)
    const second = startProgram(
      shop,
      'run',
      'web',
      '--restart',
      '--',
      process.execPath,
      '-e',
      SERVE,
    )
    expect(await second.line()).toBe(String(web))
    expect(await old.ended).toBe(128 + 15)
    const third = startProgram(shop, 'run', 'web', '--restart', '--', process.execPath, '-e', SERVE)
    expect(await third.line()).toBe(String(web))
    expect(await second.ended).toBe(128 + 15)
    expect(rowOf(shop, 'web')).toMatchObject({ port: web, state: 'running' })
    const said = program(shop, ['run', 'web', '--restart', '--', 'echo', 'done'])
    expect({ ...said, stderr: '' }).toEqual(success('done\n'))
    expect(said.stderr).toMatch(/^port4me: ended node \(process \d+, .+\)\n$/)
    // It is not an error if it does not run.
    expect(program(shop, ['run', 'web', '--restart', '--', 'true'])).toEqual(success(''))
  })

  test('--restart does not kill a service that ignores SIGTERM', async () => {
    const [web = 0] = await freePorts(1)
    const shop = project({ web })
    const code = `process.on("SIGTERM", () => {}); ${SERVE}`
    const server = startIn(shop, [process.execPath, '-e', code, String(web)])
    expect(await server.line()).toBe(String(web))
    const { status, stdout, stderr } = program(shop, [
      'run',
      'web',
      '--restart',
      '--',
      'echo',
      'up',
    ])
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
    expect(stderr).toMatch(
      /^port4me: error: node .+ still runs after 5 seconds; port4me stop --force web ends it with SIGKILL\n$/,
    )
    expect(isAlive(server)).toBe(true)
  }, 15_000)

  test('--restart does not end the process that has started it', async () => {
    const [web = 0] = await freePorts(1)
    const shop = project({ web })
    const code = `const server = require("net").createServer().listen(${web}, () => {
      const args = [${JSON.stringify(PROGRAM)}, "run", "web", "--restart", "--", "echo", "started"]
      require("child_process").execFile(process.execPath, args, (error, stdout, stderr) => {
        console.log(JSON.stringify([error.code, stdout, stderr])) }) })`
    const server = startIn(shop, [process.execPath, '-e', code])
    expect(JSON.parse(await server.line())).toEqual([
      1,
      '',
      expect.stringMatching(
        new RegExp(`^port4me: error: port ${web} is not stopped: .+ has started this command\\n$`),
      ),
    ])
    expect(isAlive(server)).toBe(true)
  })

  test.runIf(IS_LINUX)('--restart ends nothing if the lease is of an ancestor', async () => {
    const [web = 0] = await freePorts(1)
    const shop = project({ web })
    // A shell in the command of port4me run starts the server, and then the service again.
    const again = '"$0" "$1" run web --restart -- echo started'
    const shell = `"$0" -e '${SERVE}' & server=$!; until "$0" "$1" wait --timeout=1 ${web}; do :; done
      ${again} 2>&1; echo $?; kill -0 $server && echo lives; kill $server`
    const run = startProgram(shop, 'run', 'web', '--', 'sh', '-c', shell, process.execPath, PROGRAM)
    expect(await run.line()).toBe(String(web))
    expect(await run.line()).toMatch(
      /^port4me: error: port \d+ is not stopped: .+ has started this command$/,
    )
    expect(await run.line()).toBe('1')
    expect(await run.line()).toBe('lives')
    await run.ended
  })

  test('--all leases the ports of all services, or none', async () => {
    const [web = 0, db = 0] = await freePorts(2)
    const shop = project({ web, api: true, db: { port: db, env: 'PGPORT' } })
    const code = `const { PORT, WEB_PORT, API_PORT, PGPORT } = process.env
      console.log(JSON.stringify([PORT ?? null, WEB_PORT, API_PORT, PGPORT]))
      process.stdin.once("data", () => process.exit())`
    const expected = rows(shop).map(({ port }) => String(port))
    const run = startProgram(shop, 'run', '--all', '--', process.execPath, '-e', code)
    expect(JSON.parse(await run.line())).toEqual([null, ...expected])
    if (IS_LINUX) {
      expect(rows(shop).map(({ state }) => state)).toEqual(['leased', 'leased', 'leased'])
    }
    run.process.stdin?.write('end\n')
    expect(await run.ended).toBe(0)
    expect(rows(shop).map(({ state }) => state)).toEqual(['free', 'free', 'free'])

    const server = await serve(shop, db)
    const { pid } = server.process
    expect(program(shop, ['run', '--all', '--', 'echo', 'started'])).toEqual({
      status: 1,
      stdout: '',
      stderr: `port4me: error: service "db" of ${shop} runs already: port ${db}, process ${pid}\n`,
    })
    expect(rows(shop).map(({ state }) => state)).toEqual(['free', 'free', 'running'])
    const again = program(shop, ['run', '--all', '--restart', '--', 'printenv', 'PGPORT'])
    expect({ ...again, stderr: '' }).toEqual(success(`${db}\n`))
    expect(await server.ended).toBe(128 + 15)
  })
})

describe.skipIf(process.platform === 'win32')('port4me stop', () => {
  test('ends services by their names, and ports beside them', async () => {
    const [web = 0, other = 0, third = 0] = await freePorts(3)
    const shop = project({ web, api: true })
    const [server, stranger] = [await serve(shop, web), await serve(folder, other)]
    const spared = await serve(shop, third)
    const { status, stdout, stderr } = program(shop, ['stop', '--yes', 'web', String(other)])
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toContain(`port ${web}\n`)
    expect(await server.ended).toBe(128 + 15)
    expect(await stranger.ended).toBe(128 + 15)
    expect(isAlive(spared)).toBe(true)
    expect(program(shop, ['stop', '--yes', 'web', 'nothing'])).toEqual({
      status: 1,
      stdout: '',
      stderr: ['web', 'nothing']
        .map((name) => `port4me: error: service "${name}" of ${shop} does not run\n`)
        .join(''),
    })
  })

  test('ends a service for UDP, and spares a UDP socket on the port of one for TCP', async () => {
    const [web = 0, dns = 0] = await freePorts(2)
    const shop = project({ web, dns: { port: dns, protocol: 'udp' } })
    const code = `const port = Number(process.argv[1])
      require("node:dgram").createSocket("udp4").bind(port, () => console.log(port))`
    const [udp, client] = [dns, web].map((port) =>
      startIn(shop, [process.execPath, '-e', code, String(port)]),
    ) as [Companion, Companion]
    expect([await udp.line(), await client.line()]).toEqual([String(dns), String(web)])
    expect(rowOf(shop, 'dns')).toMatchObject({ state: 'running', holder: { pid: udp.process.pid } })
    expect(rowOf(shop, 'web').state).toBe('free')
    const server = await serve(shop, web)
    expect(rowOf(shop, 'web').holder?.pid).toBe(server.process.pid)
    expect(program(shop, ['stop', '--yes', 'dns', 'web'])).toMatchObject({ status: 0, stderr: '' })
    expect(await udp.ended).toBe(128 + 15)
    expect(await server.ended).toBe(128 + 15)
    expect(isAlive(client)).toBe(true)
  })

  test('finds the service of another project', async () => {
    const [a = 0, b = 0] = await freePorts(2)
    const [one, two] = [project({ web: a }), project({ web: b })]
    const [first, second] = [await serve(one, a), await serve(two, b)]
    expect(program(one, ['stop', '--yes', `--project=${two}`, 'web']).status).toBe(0)
    expect(await second.ended).toBe(128 + 15)
    expect(isAlive(first)).toBe(true)
  })

  // Only Linux has all of 127.0.0.0/8 on its loopback.
  test.runIf(IS_LINUX)('spares a stranger who has the same port on another address', async () => {
    const [web = 0] = await freePorts(1)
    const shop = project({ web })
    const stranger = await serve(folder, web, '127.0.0.2')
    const server = await serve(shop, web, '127.0.0.1')
    expect(rowOf(shop, 'web').holder?.pid).toBe(server.process.pid)
    expect(program(shop, ['stop', '--yes', 'web']).status).toBe(0)
    expect(await server.ended).toBe(128 + 15)
    expect(isAlive(stranger)).toBe(true)
  })

  test.runIf(IS_LINUX)('does not end a process that only leases the port', async () => {
    const [web = 0] = await freePorts(1)
    const shop = project({ web })
    const run = startProgram(shop, 'run', 'web', '--', 'sh', '-c', 'echo leased; read line')
    expect(await run.line()).toBe('leased')
    expect(program(shop, ['stop', '--yes', 'web'])).toEqual({
      status: 1,
      stdout: '',
      stderr: expect.stringMatching(
        new RegExp(
          `^port4me: error: nobody listens on port ${web}; .+ leases it, but does not listen\\n$`,
        ),
      ),
    })
    run.process.stdin?.end()
    await run.ended
  })
})

describe('wrong usage', () => {
  let shop: string
  beforeAll(() => {
    shop = project({ web: true })
  })

  test.each([
    [['services', 'web'], 'services takes flags only, not "web"'],
    [['services', '--all', '--project=x'], '--all is for the services of every project'],
    [['services', '--project=nowhere/at/all'], '--project must be a folder that exists'],
    [['services', '--include=x'], '--include'],
    [['services', '--skip=1'], 'unknown flag "--skip"'],
    [['url', 'a b'], 'name must have letters'],
    [['url', 'web', 'api'], 'only one service is allowed'],
    [['env', 'web'], 'env takes flags only'],
    [['env', '--json', '--export'], 'only one of --export and --json'],
    [['run', 'web', '--skip=1', '--', 'true'], '--skip is not for services, and "web" is one'],
    [['run', 'web', '--exclusive', '--', 'true'], '--exclusive is not for services'],
    [['run', '--all', '--worker=0/2', '--', 'true'], '--worker is not for services'],
    [['run', 'any', '--restart', '--', 'true'], '--restart is for services'],
    [['run', '--all', 'web', '--', 'true'], '--all is for all services, so "web" is too much'],
    [['run', '--all', '--env=X', '--', 'true'], '--env is for one port'],
    [['run', '--all', '--', 'echo', '{port}'], '{port} stands for one port'],
    [['stop', '3000-3010'], 'PORT must be'],
  ])('%j', (args, message) => {
    const { status, stdout, stderr } = program(shop, args)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toContain(message)
    expect(stderr).toMatch(/^port4me: error: .*\n$/)
  })

  test('names of odd folders do not break lines', async () => {
    const [web = 0] = await freePorts(1)
    const odd = project({ web, bad: true }, undefined, 'a \x1b[1m\n"b", c')
    const shown = JSON.stringify(odd).slice(1, -1).replaceAll('\\"', '"')
    const server = await serve(odd, web)
    expect(program(odd, ['run', 'web', '--', 'true']).stderr).toBe(
      `port4me: error: service "web" of ${shown} runs already: port ${web}, process ${server.process.pid}\n`,
    )
    expect(program(odd, ['stop', '-y', 'bad']).stderr).toBe(
      `port4me: error: service "bad" of ${shown} does not run\n`,
    )
    expect(program(odd, ['services', '--all']).stdout).toContain(`${shown}  web `)
    writeFileSync(join(odd, 'port4me.json'), '{"services":{"a\\nb":1}}')
    expect(program(odd, ['services']).stderr).toBe(
      `port4me: error: ${shown}/port4me.json: services.a\\nb must have a name of letters, digits, ".", "_" and "-" that begins with a letter or a digit\n`,
    )
  })

  test('a wrong declaration is an error of its file', () => {
    const broken = project({ web: 'x' })
    for (const args of [
      ['services'],
      ['url', 'web'],
      ['env'],
      ['run', 'web', '--', 'true'],
      ['stop', 'web'],
    ]) {
      const { status, stdout, stderr } = program(broken, args)
      expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
      expect(stderr).toContain(`${join(broken, 'port4me.json')}: services.web must be`)
    }
  })
})
