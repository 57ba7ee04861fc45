import { describe, expect, test } from 'vitest'
import { freeRow, whileListening } from '../support/listeners.js'
import { OPENPORT } from '../support/paths.js'
import { run } from '../support/run.js'

const openport = (...args: readonly string[]) => run(process.execPath, [OPENPORT, ...args])

describe('the program openport', () => {
  test('prints any free port', () => {
    expect(openport()).toEqual({ status: 0, stdout: expect.stringMatching(/^\d+\n$/), stderr: '' })
  })

  test('prints the first free port of a range', () => {
    const { status, stdout } = openport('15000', '16000')
    expect(status).toBe(0)
    expect(Number(stdout)).toBeGreaterThanOrEqual(15000)
    expect(Number(stdout)).toBeLessThan(16000)
  })

  test('leaves the end out, unless --inclusive is given', async () => {
    const [first = 0] = await freeRow(2)
    await whileListening({ port: first }, (busy) => {
      const [start, end] = [String(busy), String(busy + 1)]
      expect(openport(start, end)).toEqual({
        status: 1,
        stdout: '',
        stderr: `openport: error: no free port from ${start} to ${start}\n`,
      })
      expect(openport(start, end, '--inclusive')).toMatchObject({ status: 0, stdout: `${end}\n` })
      expect(openport('--inclusive', start, end)).toMatchObject({ status: 0, stdout: `${end}\n` })
    })
  })

  test.each([
    [1, ['16000', '15000'], 'START must be less than END'],
    [1, ['15000', '15000'], 'START must be less than END'],
    [1, ['foo', '15000'], 'START must be a port from 1 to 65535, not "foo"'],
    [1, ['15000', '65536'], 'END must be a port from 1 to 65535, not "65536"'],
    [1, ['0', '15000'], 'START must be a port'],
    [2, ['15000'], 'a START and an END'],
    [2, ['1', '2', '3'], 'a START and an END'],
    [2, ['--inclusive'], '--inclusive'],
    [2, ['--foo'], '"--foo"'],
  ])('exits with %i for %j', (status, args, message) => {
    const answer = openport(...args)
    expect(answer).toMatchObject({ status, stdout: '' })
    expect(answer.stderr).toContain(message)
  })

  test('--help and --version print on stdout', () => {
    expect(openport('--help').stdout).toContain('openport START END [--inclusive]')
    expect(openport('--version').stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })
})
