import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { freePort, whileListening, whileListeningOn } from '../support/listeners.js'
import { port4me as api, ERRORS_NAME_HOLDERS } from '../support/package.js'
import { environment, script } from '../support/run.js'
import { vectors } from '../support/vectors.js'

const { leasePort, listPorts, port4me, port4meAsync, portRank, portSequence, sharedPort } = api

const VARIABLES = Object.keys(process.env).filter((name) =>
  /^_?PORT4ME_|^(LOGNAME|USER|LNAME|USERNAME)$/.test(name),
)
const before = Object.fromEntries(VARIABLES.map((name) => [name, process.env[name]]))

function setVariables(variables: Readonly<Record<string, string>>): void {
  for (const name of Object.keys(process.env)) {
    if (/^_?PORT4ME_/.test(name) && name !== 'PORT4ME_ENGINE') delete process.env[name]
  }
  Object.assign(process.env, variables)
}

afterEach(() => setVariables(before as Record<string, string>))

function codeOf(call: () => unknown): unknown {
  try {
    return call()
  } catch (error) {
    expect(error).toBeInstanceOf(api.Port4meError)
    return (error as InstanceType<typeof api.Port4meError>).code
  }
}

test('the engine is the one that was asked for', () => {
  expect(api.engine).toBe(process.env.PORT4ME_ENGINE)
})

describe('conformance', () => {
  test(`all ${vectors.length} vectors of the reference implementations hold, through variables`, () => {
    expect(vectors.length).toBe(2995)
    for (const { env, list, ports } of vectors) {
      setVariables(env)
      expect(listPorts(list), JSON.stringify(env)).toEqual(ports)
      setVariables({ ...env, _PORT4ME_CHECK_AVAILABLE_PORTS_: 'any' })
      expect(port4me()).toBe(ports[0])
    }
  })

  test('all vectors hold through options, where a setting has one', () => {
    const names = {
      USER: 'user',
      TOOL: 'tool',
      PREPEND: 'prepend',
      INCLUDE: 'include',
      EXCLUDE: 'exclude',
      SKIP: 'skip',
    }
    for (const { env, list, ports } of vectors) {
      const options: Record<string, unknown> = {}
      const variables: Record<string, string> = {}
      for (const [name, value] of Object.entries(env)) {
        const option = names[name.replace('PORT4ME_', '') as keyof typeof names]
        if (option === undefined) variables[name] = value
        else options[option] = option === 'skip' ? Number(value) : value
      }
      setVariables(variables)
      expect(listPorts(list, options), JSON.stringify(env)).toEqual(ports)
    }
  })

  test.each([
    [{ user: 'alice' }, [30845, 19654, 32310, 63992, 15273]],
    [{ user: 'bob' }, [54242, 4930, 42139, 14723, 55707]],
    [{ user: 'alice', tool: 'rstudio' }, [22486]],
    [{ user: 'alice', tool: 'jupyter-notebook' }, [29525]],
    [{ user: 'alice', prepend: '4321,11001' }, [4321, 11001, 30845, 19654, 32310]],
    [{ user: 'alice', prepend: [4321, 4321, 80] }, [4321, 80, 30845]],
    [{ user: 'alice', include: '2000-2123,4321,10000-10999' }, [10451]],
    [{ user: 'alice', exclude: new Set([30845, 32310]) }, [19654]],
    [{ user: 'alice', skip: 2 }, [32310, 63992, 15273]],
    [{ user: 'alice', prepend: '5,6,7', skip: 2 }, [7, 30845]],
    [{ user: 'alice', prepend: '5,6,7', skip: 4 }, [19654]],
    [{ user: 'alice', tool: '' }, [30845]],
  ])('%j lists %j', (options, ports) => {
    expect(listPorts(ports.length, options)).toEqual(ports)
  })

  test('a non-ASCII name is hashed by code points', () => {
    let hash = 0n
    for (const point of [90, 111, 235, 32, 0x1f600]) hash = (31n * hash + BigInt(point)) % 2n ** 32n
    const first = (75n * (hash % 65537n) + 74n) % 65537n
    setVariables({ PORT4ME_EXCLUDE_UNSAFE: '0' })
    expect(listPorts(1, { user: 'Zoë 😀', include: '1-65535' })).toEqual([Number(first)])
  })
})

describe('a port', () => {
  test('is the same at every call, synchronous or not', async () => {
    const port = port4me({ user: 'alice', tool: 'same' })
    expect(port4me({ user: 'alice', tool: 'same' })).toBe(port)
    expect(await port4meAsync({ user: 'alice', tool: 'same' })).toBe(port)
  })

  test('depends on the tool, which can be given as a string', () => {
    setVariables({ PORT4ME_USER: 'alice', _PORT4ME_CHECK_AVAILABLE_PORTS_: 'any' })
    expect(port4me()).toBe(30845)
    expect(port4me('rstudio')).toBe(22486)
    expect(port4me({ tool: 'rstudio' })).toBe(22486)
  })

  test.each(['0.0.0.0', '127.0.0.1', '::', '::1'])(
    'that a listener on %s has taken is replaced by the next one',
    async (host) => {
      const first = port4me('gives way')
      await whileListening({ host, port: first }, async () => {
        const next = port4me('gives way')
        expect(portRank(next, 'gives way')).toBeGreaterThan(portRank(first, 'gives way'))
        expect(await port4meAsync('gives way')).toBe(next)
        expect(api.isFreeTcp(first)).toBe(false)
      })
      expect(port4me('gives way')).toBe(first)
    },
  )

  test('is an error when every candidate is busy, or -1', async () => {
    await whileListeningOn(3, async (busy) => {
      const options = { include: busy, exclude: [], prepend: [] }
      expect(codeOf(() => port4me(options))).toBe('ERR_NO_FREE_PORT')
      expect(port4me({ ...options, mustWork: false })).toBe(-1)
      await expect(port4meAsync(options)).rejects.toMatchObject({ code: 'ERR_NO_FREE_PORT' })
      expect(await port4meAsync({ ...options, mustWork: false })).toBe(-1)
      setVariables({ PORT4ME_MUST_WORK: 'false' })
      expect(port4me(options)).toBe(-1)
    })
  })

  test('is not searched for after maxTries', async () => {
    const free = await freePort()
    await whileListeningOn(2, (busy) => {
      const prepend = [...busy, free]
      expect(port4me({ prepend, maxTries: 3 })).toBe(free)
      expect(codeOf(() => port4me({ prepend, maxTries: 2 }))).toBe('ERR_NO_FREE_PORT')
      setVariables({ PORT4ME_MAX_TRIES: '2' })
      expect(codeOf(() => port4me({ prepend }))).toBe('ERR_NO_FREE_PORT')
      expect(port4me({ prepend, maxTries: 4 })).toBe(free)
    })
  })

  test('is an error that says how many candidates were tried, and whether there are more', async () => {
    await whileListeningOn(2, async (busy) => {
      const [one] = busy
      const message = (options: object) => {
        try {
          return port4me(options)
        } catch (error) {
          return (error as Error).message
        }
      }
      const remain = 'a higher maxTries (PORT4ME_MAX_TRIES) would try more'
      const by = ERRORS_NAME_HOLDERS ? ` by this process (${process.pid})` : ''
      expect(message({ include: one })).toBe(
        `no free port: the one candidate, ${one}, is taken${by}`,
      )
      expect(message({ include: one, maxTries: 1 })).toBe(
        `no free port: the one candidate, ${one}, is taken${by}`,
      )
      const [first] = listPorts(1, { include: busy })
      expect(message({ include: busy })).toBe(
        `no free port: 2 candidates were tried, and each is taken${by && `, ${first}${by}`}`,
      )
      expect(message({ prepend: one, maxTries: 1 })).toBe(
        `no free port: 1 candidate was tried, ${one}, and it is taken${by}; ${remain}`,
      )
      expect(message({ prepend: busy, maxTries: 2 })).toBe(
        `no free port: 2 candidates were tried, and each is taken${by && `, ${one}${by}`}; ${remain}`,
      )
      expect(message({ prepend: busy, skip: 1, exclude: '1-65535', maxTries: 1 })).toBe(
        `no free port: the one candidate, ${busy[1]}, is taken${by}`,
      )
    })
  })

  test('is an error immediately when the settings leave no candidate', async () => {
    for (const options of [
      { include: '2000', exclude: '2000' },
      { exclude: '1-65535' },
      { include: 2000, exclude: 2000, mustWork: false },
      { include: '2000', exclude: '2000', prepend: [4001], skip: 1 },
    ]) {
      expect(codeOf(() => port4me(options))).toBe('ERR_NO_CANDIDATE')
      await expect(port4meAsync(options)).rejects.toMatchObject({ code: 'ERR_NO_CANDIDATE' })
      const { mustWork: _, ...candidates } = options as { mustWork?: boolean }
      expect(codeOf(() => listPorts(5, candidates))).toBe('ERR_NO_CANDIDATE')
    }
  })
})

describe('listing', () => {
  test('a rank is the index in the sequence', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1 }),
        fc.nat({ max: 3000 }),
        fc.nat({ max: 70000 }),
        fc.array(fc.integer({ min: 1, max: 65535 }), { maxLength: 5 }),
        (user, index, skip, prepend) => {
          const options = { user, skip, prepend }
          const ports = listPorts(index + 1, options)
          const port = ports[index] as number
          expect(portRank(port, options)).toBe(ports.indexOf(port))
        },
      ),
      { numRuns: 50 },
    )
  })

  test('a port that is not a candidate has rank -1', () => {
    expect(portRank(80, { user: 'alice' })).toBe(-1)
    expect(portRank(6000, { user: 'alice' })).toBe(-1)
    expect(portRank(80, { user: 'alice', prepend: 80 })).toBe(0)
    expect(portRank(80, { user: 'alice', prepend: 80, skip: 1 })).toBe(-1)
  })

  test('the sequence has the ports of the list, without end', () => {
    const options = { user: 'alice', include: '5000-5004', prepend: '80,443', skip: 1 }
    const taken: number[] = []
    for (const port of portSequence(options)) {
      taken.push(port)
      if (taken.length === 100) break
    }
    expect(taken).toEqual(listPorts(100, options))
    expect(taken.slice(0, 1)).toEqual([443])
    expect(taken.slice(6, 11)).toEqual(taken.slice(1, 6))
  })

  test('the sequence goes on past the first chunk and the first period', () => {
    const taken: number[] = []
    for (const port of portSequence({ user: 'bob' })) {
      taken.push(port)
      if (taken.length === 140_000) break
    }
    expect(taken).toEqual(listPorts(140_000, { user: 'bob' }))
  })

  test('the list is short if all candidates are prepended ports', () => {
    const options = { prepend: [4001, 4002], exclude: '1-65535' }
    expect(listPorts(5, options)).toEqual([4001, 4002])
    expect([...portSequence(options)]).toEqual([4001, 4002])
  })

  test('a sequence refuses wrong options when it is created', () => {
    expect(codeOf(() => portSequence({ include: 'foo' }))).toBe('ERR_PORT_SPEC')
  })
})

describe('settings', () => {
  test.each([
    ['a promise', Promise.resolve({ include: '8000' }), '[object Promise]'],
    ['a map', new Map([['include', '8000']]), '[object Map]'],
    ['an array', [], 'an array'],
    ['a date', new Date(0), '[object Date]'],
    ['an error', new Error('x'), '[object Error]'],
    ['a boxed number', Object(5), '[object Number]'],
    ['null', null, 'null'],
  ])('%s cannot be options', (_what, options, quoted) => {
    for (const call of [port4me, leasePort, sharedPort, portSequence, listPorts.bind(null, 1)]) {
      const given = options as unknown as string
      expect(() => call(given)).toThrow(
        expect.objectContaining({
          code: 'ERR_INVALID_ARG_TYPE',
          message: expect.stringMatching(/^options must be an object/),
        }),
      )
      expect(() => call(given)).toThrow(`not ${quoted}`)
    }
  })

  test('options can be an instance of a user-defined class, or inherit', () => {
    class Own {
      user = 'alice'
    }
    expect(listPorts(1, new Own())).toEqual([30845])
    expect(listPorts(1, Object.create({ user: 'alice' }))).toEqual([30845])
  })

  test('the user comes from the first variable that is set', () => {
    for (const name of ['LOGNAME', 'USER', 'LNAME', 'USERNAME', 'PORT4ME_USER'])
      delete process.env[name]
    const account = listPorts(1)[0]
    expect(account).toBe(
      listPorts(1, { user: execFileSync('id', ['-un'], { encoding: 'utf8' }).trim() })[0],
    )
    for (const name of ['USERNAME', 'LNAME', 'USER', 'LOGNAME', 'PORT4ME_USER']) {
      process.env[name] = `user of ${name}`
      expect(listPorts(2)).toEqual(listPorts(2, { user: `user of ${name}` }))
    }
    expect(listPorts(1, { user: 'alice' })).toEqual([30845])
    for (const name of ['LOGNAME', 'USER', 'LNAME', 'USERNAME']) delete process.env[name]
  })

  test('an empty variable counts as not set', () => {
    setVariables({
      PORT4ME_USER: 'alice',
      PORT4ME_TOOL: '',
      PORT4ME_INCLUDE: '',
      PORT4ME_EXCLUDE: '',
      PORT4ME_PREPEND: '',
      PORT4ME_SKIP: '',
      PORT4ME_MAX_TRIES: '',
      PORT4ME_MUST_WORK: '',
      PORT4ME_DEBUG: '',
      PORT4ME_EXCLUDE_UNSAFE: '',
      _PORT4ME_CHECK_AVAILABLE_PORTS_: '',
    })
    expect(listPorts(5)).toEqual([30845, 19654, 32310, 63992, 15273])
    expect(portRank(6000)).toBe(-1)
    expect(port4me()).toBeGreaterThan(0)
  })

  test.each(['', ' , ', '0', '00-0', 0, [], [0, 0], new Set<number>()])(
    'include %o names no port and means the default range, also with a variable and excluded ports',
    (include) => {
      setVariables({ PORT4ME_USER: 'alice', PORT4ME_INCLUDE: '8000' })
      expect(listPorts(5, { include })).toEqual([30845, 19654, 32310, 63992, 15273])
      expect(listPorts(1, { include, exclude: 30845 })).toEqual([19654])
      setVariables({ PORT4ME_USER: 'alice', PORT4ME_INCLUDE_SITE: '8000' })
      expect(listPorts(2, { include })).toEqual([8000, 8000])
      setVariables({ PORT4ME_USER: 'alice', PORT4ME_INCLUDE_SITE: '0' })
      expect(listPorts(1, { include })).toEqual([30845])
    },
  )

  test.each([
    [{ PORT4ME_INCLUDE: '0' }, [30845, 19654]],
    [{ PORT4ME_INCLUDE_SITE: '0' }, [30845, 19654]],
    [{ PORT4ME_INCLUDE: '0', PORT4ME_INCLUDE_SITE: ',' }, [30845, 19654]],
    [{ PORT4ME_INCLUDE: '0', PORT4ME_INCLUDE_SITE: '8000' }, [8000, 8000]],
    [{ PORT4ME_INCLUDE: '8000', PORT4ME_INCLUDE_SITE: '0' }, [8000, 8000]],
  ])('%j lists %j, as in Bash', (variables, ports) => {
    setVariables({ PORT4ME_USER: 'alice', ...variables })
    expect(listPorts(2)).toEqual(ports)
  })

  test('an empty set of excluded or prepended ports means none, and takes precedence over its variable', () => {
    setVariables({ PORT4ME_USER: 'alice', PORT4ME_EXCLUDE: '30845', PORT4ME_PREPEND: '4321' })
    expect(listPorts(1, { exclude: '' })).toEqual([4321])
    expect(listPorts(1, { prepend: '' })).toEqual([19654])
    expect(listPorts(1, { exclude: '', prepend: ' ' })).toEqual([30845])
    expect(listPorts(1, { exclude: [], prepend: 0 })).toEqual([30845])
  })

  test.each([
    [true, ['true', 'TRUE', 'True', 'T', 't', '1', 'yes', 'YES', 'on', 'On']],
    [false, ['false', 'FALSE', 'F', 'f', '0', 'no', 'No', 'off', 'OFF']],
  ])('a variable is %o with each word that R and shells use', async (value, words) => {
    await whileListening({}, (busy) => {
      for (const word of words) {
        setVariables({ PORT4ME_MUST_WORK: word })
        const answer = codeOf(() => port4me({ include: busy }))
        expect([word, answer]).toEqual([word, value ? 'ERR_NO_FREE_PORT' : -1])
      }
    })
  })

  test('an option takes precedence over its variable, and the ports of _SITE are always added', () => {
    setVariables({
      PORT4ME_USER: 'alice',
      PORT4ME_PREPEND: '1',
      PORT4ME_PREPEND_SITE: '2',
      PORT4ME_INCLUDE: '3000',
      PORT4ME_INCLUDE_SITE: '4000',
      PORT4ME_EXCLUDE: '3000',
      PORT4ME_EXCLUDE_SITE: '5000',
    })
    expect(listPorts(4)).toEqual([1, 2, 4000, 4000])
    expect(listPorts(3, { prepend: 9 })).toEqual([9, 2, 4000])
    expect(new Set(listPorts(9, { exclude: '4000', include: '3000,5000' }))).toEqual(
      new Set([1, 2, 3000]),
    )
  })

  test('unsafe ports are excluded by default, but not with 0', () => {
    const options = { user: 'alice', include: '6000,6666,2049' }
    expect(codeOf(() => listPorts(1, options))).toBe('ERR_NO_CANDIDATE')
    setVariables({ PORT4ME_EXCLUDE_UNSAFE: '0' })
    expect(new Set(listPorts(3, options))).toEqual(new Set([6000, 6666, 2049]))
    setVariables({ PORT4ME_EXCLUDE_UNSAFE: '{firefox}' })
    expect(new Set(listPorts(3, options))).toEqual(new Set([6666]))
    setVariables({ PORT4ME_EXCLUDE_UNSAFE_CHROME: '6666', PORT4ME_EXCLUDE_UNSAFE_FIREFOX: '0' })
    expect(new Set(listPorts(3, options))).toEqual(new Set([6000, 2049]))
    setVariables({})
    expect(codeOf(() => listPorts(3, { include: '{chrome}' }))).toBe('ERR_NO_CANDIDATE')
  })

  test('variables can change between calls', () => {
    setVariables({ PORT4ME_USER: 'alice' })
    expect([listPorts(1), listPorts(1)]).toEqual([[30845], [30845]])
    process.env.PORT4ME_USER = 'bob'
    expect([listPorts(1), listPorts(1)]).toEqual([[54242], [54242]])
    process.env.PORT4ME_SKIP = '1'
    expect(listPorts(1)).toEqual([4930])
    delete process.env.PORT4ME_SKIP
    expect(listPorts(1)).toEqual([54242])
  })

  test('an object that a program assigns to process.env is used', () => {
    const genuine = process.env
    const withUser = (user: string, env: NodeJS.ProcessEnv): number[] => {
      process.env = env
      try {
        return [listPorts(1), listPorts(1), listPorts(1)].map(([port], i) =>
          i < 3 && user ? (port as number) : 0,
        )
      } finally {
        process.env = genuine
      }
    }
    const bob = { PORT4ME_USER: 'bob' }
    setVariables({ PORT4ME_USER: 'alice' })
    expect([listPorts(1), listPorts(1)]).toEqual([[30845], [30845]])
    expect(withUser('bob', bob)).toEqual([54242, 54242, 54242])
    expect(withUser('bob', Object.freeze({ ...bob }))).toEqual([54242, 54242, 54242])
    expect(
      withUser(
        'bob',
        new Proxy(genuine, {
          get: (env, name) => (name === 'PORT4ME_USER' ? 'bob' : Reflect.get(env, name)),
        }),
      ),
    ).toEqual([54242, 54242, 54242])
    expect(Object.getOwnPropertySymbols(bob)).toEqual([])
    expect(listPorts(1)).toEqual([30845])
  })

  test('a worker thread has its own variables', () => {
    const answer = script(
      `const { Worker } = require('node:worker_threads')
       const ask = (user) => new Promise((resolve, reject) => {
         const worker = new Worker(
           'const { listPorts } = require(' + JSON.stringify(require.resolve('port4me')) + ');' +
           'const { parentPort } = require("node:worker_threads");' +
           'listPorts(1); listPorts(1); process.env.PORT4ME_USER = "bob"; parentPort.postMessage([listPorts(1), listPorts(1)])',
           { eval: true, env: { ...process.env, PORT4ME_USER: user } })
         worker.on('message', resolve); worker.on('error', reject)
       })
       port4me.listPorts(1); port4me.listPorts(1)
       return [await ask('alice'), port4me.listPorts(1), port4me.listPorts(1)]`,
      { variables: { PORT4ME_USER: 'alice' } },
    )
    expect(answer).toEqual([[[54242], [54242]], [30845], [30845]])
  })

  test('sets can be given in every form', () => {
    const forms = [
      '8000-8002',
      '8002 8001,8000',
      ' 8000,\t8001\n8002,, ',
      [8000, 8001, 8002],
      new Set([8000, 8001, 8002]),
      Uint16Array.of(8002, 8001, 8000),
      (function* () {
        yield* [8000, 8001, 8002]
      })(),
      '08000-08002',
      '8000-8001 8001-8002',
    ]
    for (const include of forms)
      expect(listPorts(3, { include }).sort()).toEqual([8000, 8001, 8002])
    expect(listPorts(2, { include: 8000 })).toEqual([8000, 8000])
    expect(listPorts(2, { include: [0, 8000] })).toEqual([8000, 8000])
    expect(new Set(listPorts(9, { include: '0-3', exclude: [], user: 'a' }).concat([2]))).toEqual(
      new Set([2, ...listPorts(3, { include: '0-3', user: 'a' })]),
    )
  })
})

describe('wrong input', () => {
  test.each([
    [5, 'ERR_INVALID_ARG_TYPE'],
    [null, 'ERR_INVALID_ARG_TYPE'],
    [[], 'ERR_INVALID_ARG_TYPE'],
    [() => 0, 'ERR_INVALID_ARG_TYPE'],
    [{ include: {} }, 'ERR_INVALID_ARG_TYPE'],
    [{ include: null }, 'ERR_INVALID_ARG_TYPE'],
    [{ include: true }, 'ERR_INVALID_ARG_TYPE'],
    [{ exclude: Symbol('x') }, 'ERR_INVALID_ARG_TYPE'],
    [{ exclude: 10n }, 'ERR_INVALID_ARG_TYPE'],
    [{ include: 'foo' }, 'ERR_PORT_SPEC'],
    [{ include: '10-5' }, 'ERR_PORT_SPEC'],
    [{ include: '1-2-3' }, 'ERR_PORT_SPEC'],
    [{ include: '-5' }, 'ERR_PORT_SPEC'],
    [{ include: '5-' }, 'ERR_PORT_SPEC'],
    [{ include: '8000 - 8010' }, 'ERR_PORT_SPEC'],
    [{ include: '70000' }, 'ERR_PORT_SPEC'],
    [{ include: '8000-70000' }, 'ERR_PORT_SPEC'],
    [{ include: '99999999999999999999999' }, 'ERR_PORT_SPEC'],
    [{ include: '3.5' }, 'ERR_PORT_SPEC'],
    [{ include: '0x50' }, 'ERR_PORT_SPEC'],
    [{ include: '٣' }, 'ERR_PORT_SPEC'],
    [{ include: '{opera}' }, 'ERR_PORT_SPEC'],
    [{ include: '{toString}' }, 'ERR_PORT_SPEC'],
    [{ include: 'constructor' }, 'ERR_PORT_SPEC'],
    [{ prepend: 70000 }, 'ERR_PORT_SPEC'],
    [{ prepend: -1 }, 'ERR_PORT_SPEC'],
    [{ prepend: 3.5 }, 'ERR_PORT_SPEC'],
    [{ prepend: Number.NaN }, 'ERR_PORT_SPEC'],
    [{ prepend: [80, 70000] }, 'ERR_PORT_SPEC'],
    [{ prepend: ['80'] }, 'ERR_PORT_SPEC'],
    [{ skip: 1.5 }, 'ERR_OUT_OF_RANGE'],
    [{ skip: -1 }, 'ERR_OUT_OF_RANGE'],
    [{ skip: Number.NaN }, 'ERR_OUT_OF_RANGE'],
    [{ skip: Number.POSITIVE_INFINITY }, 'ERR_OUT_OF_RANGE'],
    [{ skip: '1' }, 'ERR_INVALID_ARG_TYPE'],
    [{ skip: null }, 'ERR_INVALID_ARG_TYPE'],
    [{ maxTries: 0 }, 'ERR_OUT_OF_RANGE'],
    [{ mustWork: 'yes' }, 'ERR_INVALID_ARG_TYPE'],
    [{ debug: 1 }, 'ERR_INVALID_ARG_TYPE'],
    [{ user: '' }, 'ERR_INVALID_ARG_VALUE'],
    [{ user: 5 }, 'ERR_INVALID_ARG_TYPE'],
    [{ tool: 5 }, 'ERR_INVALID_ARG_TYPE'],
    [{ exlude: '80' }, 'ERR_INVALID_ARG_VALUE'],
  ])('port4me(%o) is %s', async (options, code) => {
    expect(codeOf(() => port4me(options as never))).toBe(code)
    await expect(port4meAsync(options as never)).rejects.toMatchObject({
      name: 'Port4meError',
      code,
    })
  })

  test.each([
    ['PORT4ME_SKIP', '-1', 'ERR_OUT_OF_RANGE'],
    ['PORT4ME_SKIP', 'foo', 'ERR_OUT_OF_RANGE'],
    ['PORT4ME_SKIP', '1.5', 'ERR_OUT_OF_RANGE'],
    ['PORT4ME_MAX_TRIES', '0', 'ERR_OUT_OF_RANGE'],
    ['PORT4ME_MUST_WORK', 'maybe', 'ERR_INVALID_ARG_VALUE'],
    ['PORT4ME_DEBUG', 'maybe', 'ERR_INVALID_ARG_VALUE'],
    ['_PORT4ME_CHECK_AVAILABLE_PORTS_', 'none', 'ERR_INVALID_ARG_VALUE'],
    ['PORT4ME_PREPEND', 'foo', 'ERR_PORT_SPEC'],
    ['PORT4ME_PREPEND_SITE', '10-5', 'ERR_PORT_SPEC'],
    ['PORT4ME_INCLUDE', '70000', 'ERR_PORT_SPEC'],
    ['PORT4ME_INCLUDE_SITE', '3.5', 'ERR_PORT_SPEC'],
    ['PORT4ME_EXCLUDE', '1,2,x,3', 'ERR_PORT_SPEC'],
    ['PORT4ME_EXCLUDE_SITE', 'foo', 'ERR_PORT_SPEC'],
    ['PORT4ME_EXCLUDE_UNSAFE', '{edge}', 'ERR_PORT_SPEC'],
    ['PORT4ME_EXCLUDE_UNSAFE_CHROME', 'foo', 'ERR_PORT_SPEC'],
    ['PORT4ME_EXCLUDE_UNSAFE_FIREFOX', '{chrome}', 'ERR_PORT_SPEC'],
  ])('%s=%s is an error that names it', (name, value, code) => {
    setVariables({ [name]: value })
    expect(() => port4me()).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(`${name} must be`) }),
    )
    expect(() => port4me()).toThrow(value.split(',')[2] ?? value)
  })

  test('an error names the option and quotes the value', () => {
    expect(() => port4me({ include: '80,foo' })).toThrow(/options\.include .*"foo"/)
    expect(() => port4me({ skip: -1 })).toThrow(/options\.skip must be an integer from 0 .*-1/)
    expect(() => port4me({ user: '' })).toThrow(/options\.user must not be empty/)
    expect(() => port4me({ include: `${'x'.repeat(5000)}` })).toThrow(/^.{1,300}$/)
    // Escape, DEL, a C1 control, a line separator and a mark that changes the direction of text.
    const hostile = 'a\x1b[31m\x7f\x9b\u2028\u202e'
    for (const options of [{ include: hostile }, { [hostile]: 1 }, { host: hostile }]) {
      expect(() => port4me(options)).toThrow(/^[\x20-\x7e]+$/)
    }
  })

  test.each([0, -1, 1.5, Number.NaN, 2 ** 24 + 1, '5', undefined])(
    'listPorts(%o) is refused',
    (count) => {
      expect(['ERR_OUT_OF_RANGE', 'ERR_INVALID_ARG_TYPE']).toContain(
        codeOf(() => listPorts(count as never)),
      )
    },
  )

  test.each([0, 65536, 1.5, '80', undefined])(
    'portRank(%o) and isFreeTcp(%o) are refused',
    (port) => {
      for (const call of [portRank, api.isFreeTcp]) {
        expect(['ERR_OUT_OF_RANGE', 'ERR_INVALID_ARG_TYPE']).toContain(
          codeOf(() => call(port as never)),
        )
      }
    },
  )
})

test('every port counts as free with _PORT4ME_CHECK_AVAILABLE_PORTS_=any', async () => {
  await whileListening({}, async (busy) => {
    setVariables({ _PORT4ME_CHECK_AVAILABLE_PORTS_: 'any' })
    expect(port4me({ prepend: busy })).toBe(busy)
    expect(await port4meAsync({ prepend: busy })).toBe(busy)
    expect(api.isFreeTcp(busy)).toBe(true)
  })
})

test('a script has the user of its test, but no other setting', () => {
  setVariables({ PORT4ME_USER: 'alice', PORT4ME_SKIP: '1' })
  const { PORT4ME_USER, PORT4ME_SKIP } = environment()
  expect({ PORT4ME_USER, PORT4ME_SKIP }).toEqual({ PORT4ME_USER: 'alice' })
})

test.each([
  ['an array', (ports: number[]) => ports],
  ['a proxy of an array', (ports: number[]) => new Proxy(ports, {})],
])('%s of ports can change between calls', (_what, wrap) => {
  const include = wrap([8000, 8001])
  expect(new Set(listPorts(2, { include }))).toEqual(new Set([8000, 8001]))
  expect(new Set(listPorts(2, { include }))).toEqual(new Set([8000, 8001]))
  include[1] = 9000
  expect(new Set(listPorts(2, { include }))).toEqual(new Set([8000, 9000]))
  include.push(70000)
  expect(codeOf(() => listPorts(2, { include }))).toBe('ERR_PORT_SPEC')
})

test('a set that changes while it is read, or has a wrong length, causes the usual errors', async () => {
  const lying = (length: number) =>
    new Proxy([8000, 8001], {
      get: (ports, key) => (key === 'length' ? length : Reflect.get(ports, key)),
    })
  const growing: number[] = [8000]
  Object.defineProperty(growing, 0, { get: () => growing.push(8001) && 8000 })
  const endless = {
    *[Symbol.iterator]() {
      for (;;) yield 8000
    },
  }
  const sets: readonly [Iterable<number>, string | undefined][] = [
    [lying(2 ** 40), 'ERR'],
    [lying(-1), undefined],
    [growing, undefined],
    [endless, 'ERR_OUT_OF_RANGE'],
  ]
  for (const [set, code] of sets) {
    const outcome = {
      probe: codeOf(() => api.probe(set)),
      include: codeOf(() => listPorts(1, { include: set })),
    }
    if (code === undefined) {
      expect(outcome).toEqual({ probe: expect.any(Array), include: expect.any(Array) })
    } else {
      const like = expect.stringContaining(code)
      expect(outcome).toEqual({ probe: like, include: like })
    }
  }
  await expect(api.probeAsync(lying(2 ** 40))).rejects.toBeInstanceOf(api.Port4meError)
})

test('the error of a failed call names the address and the port, if the call was about one', () => {
  const cause = Object.assign(new Error('bind EACCES 127.0.0.1:80'), {
    code: 'EACCES',
    syscall: 'bind',
    address: '127.0.0.1',
    port: 80,
  })
  const error = new api.Port4meError('ERR_SYSTEM', cause.message, cause)
  expect({ ...error }).toMatchObject({
    errno: 'EACCES',
    syscall: 'bind',
    address: '127.0.0.1',
    port: 80,
  })
  const without = new api.Port4meError('ERR_SYSTEM', 'x', {
    ...new Error('x'),
    name: 'x',
    message: 'x',
    code: 'EMFILE',
    syscall: 'socket',
  })
  expect(Object.keys(without)).not.toContain('address')
  expect(Object.keys(without)).not.toContain('port')
})

test('sets of a wrong kind are refused immediately', () => {
  const sparse: number[] = []
  sparse[2 ** 31] = 1
  const sets: readonly [unknown, string][] = [
    [sparse, 'ERR_PORT_SPEC'],
    [portSequence({ include: '8000-8010' }), 'ERR_OUT_OF_RANGE'],
    [{ [Symbol.iterator]: 1 }, 'ERR_INVALID_ARG_TYPE'],
  ]
  for (const [include, code] of sets) {
    expect(codeOf(() => listPorts(1, { include: include as number[] }))).toBe(code)
  }
})
