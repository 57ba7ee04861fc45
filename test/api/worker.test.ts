import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { port4me as api } from '../support/package.js'
import { script } from '../support/run.js'

const { listPorts, portRank } = api

/** The ports of a share, without duplicates. */
function all(options: Parameters<typeof listPorts>[1]): number[] {
  try {
    return [...new Set(listPorts(65536 + 100, options))]
  } catch (error) {
    expect(error).toMatchObject({ code: 'ERR_NO_CANDIDATE' })
    return []
  }
}

describe('shares of workers', () => {
  test('divide the candidates among the workers, in turn', () => {
    const whole = listPorts(30, { user: 'alice' })
    const shares = [0, 1, 2].map((index) =>
      listPorts(10, { user: 'alice', worker: { index, count: 3 } }),
    )
    expect(whole).toEqual(Array.from({ length: 30 }, (_, i) => shares[i % 3]?.[Math.floor(i / 3)]))
    expect(listPorts(5, { user: 'alice', worker: { index: 0, count: 1 } })).toEqual(
      whole.slice(0, 5),
    )
    expect(portRank(whole[4] as number, { user: 'alice', worker: { index: 1, count: 3 } })).toBe(1)
    expect(portRank(whole[3] as number, { user: 'alice', worker: { index: 1, count: 3 } })).toBe(-1)
  })

  test('have no port in common, and leave none out', () => {
    const port = fc.integer({ min: 8000, max: 8100 })
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.array(port, { minLength: 1, maxLength: 40 }),
        fc.array(port, { maxLength: 6 }),
        fc.nat({ max: 50 }),
        (count, include, prepend, skip) => {
          const options = { user: 'alice', include, prepend, skip }
          const shares = Array.from({ length: count }, (_, index) =>
            all({ ...options, worker: { index, count } }),
          )
          const given = shares.flat()
          expect(new Set(given).size).toBe(given.length)
          const dropped = [...new Set(prepend)].slice(0, skip)
          const candidates = new Set(
            [...include, ...prepend].filter(
              (one) => !dropped.includes(one) || include.includes(one),
            ),
          )
          expect(new Set(given)).toEqual(candidates)
        },
      ),
    )
  })

  test('can be empty, and the error says so', () => {
    const options = { include: '8000-8001', worker: { index: 3, count: 4 } }
    expect(() => api.port4me(options)).toThrow(
      expect.objectContaining({
        code: 'ERR_NO_CANDIDATE',
        message: expect.stringContaining('worker 3 of 4'),
      }),
    )
  })

  test('are the same in both engines', () => {
    const ask =
      'return [0, 5].map((index) => port4me.listPorts(9, { user: "bob", skip: 70000, prepend: "80,443", worker: { index, count: 7 } }))'
    const [native, fallback] = ['native', 'fallback'].map((PORT4ME_ENGINE) =>
      script(ask, { variables: { PORT4ME_ENGINE } }),
    )
    expect(native).toEqual(fallback)
  })

  test.each([
    [{ index: 3, count: 3 }, 'ERR_OUT_OF_RANGE', /options\.worker\.index/],
    [{ index: -1, count: 3 }, 'ERR_OUT_OF_RANGE', /options\.worker\.index/],
    [{ index: 0, count: 0 }, 'ERR_OUT_OF_RANGE', /options\.worker\.count/],
    [{ index: 0 }, 'ERR_INVALID_ARG_TYPE', /options\.worker\.count/],
    ['0/3', 'ERR_INVALID_ARG_TYPE', /options\.worker/],
    [null, 'ERR_INVALID_ARG_TYPE', /options\.worker/],
  ])('%o is %s', (worker, code, message) => {
    expect(() => listPorts(1, { worker: worker as never })).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    )
  })
})

describe("worker: 'auto'", () => {
  const RUNNERS = ['VITEST_POOL_ID', 'JEST_WORKER_ID', 'TEST_PARALLEL_INDEX', 'MOCHA_WORKER_ID']
  const before = RUNNERS.map((name) => [name, process.env[name]] as const)
  const set = (variables: Record<string, string>) => {
    for (const name of RUNNERS) delete process.env[name]
    Object.assign(process.env, variables)
  }
  afterEach(() =>
    set(
      Object.fromEntries(before.filter(([, value]) => value !== undefined)) as Record<
        string,
        string
      >,
    ),
  )

  const auto = () => listPorts(5, { user: 'alice', worker: 'auto' })
  const whole = listPorts(6, { user: 'alice' })

  test('takes every candidate outside a test runner', () => {
    set({})
    expect(auto()).toEqual(whole.slice(0, 5))
    set({ JEST_WORKER_ID: '' })
    expect(auto()).toEqual(whole.slice(0, 5))
  })

  test.each([
    ['VITEST_POOL_ID', 1],
    ['JEST_WORKER_ID', 1],
    ['TEST_PARALLEL_INDEX', 0],
    ['MOCHA_WORKER_ID', 0],
  ])('reads %s, which counts from %i', (name, first) => {
    for (const index of [0, 1, 5]) {
      set({ [name]: String(first + index) })
      expect(auto()[0]).toBe(whole[index])
    }
    set({ [name]: String(first - 1) })
    expect(auto).toThrow(new RegExp(`${name} must be an integer from ${first} to`))
    set({ [name]: 'x' })
    expect(auto).toThrow(new RegExp(`${name} must be .*"x"`))
  })

  test('gives at least 64 workers different ports', () => {
    const ports = Array.from({ length: 64 }, (_, index) => {
      set({ JEST_WORKER_ID: String(index + 1) })
      return auto()
    }).flat()
    expect(new Set(ports).size).toBe(64 * 5)
  })
})
