import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { freeRow, whileListening } from '../support/listeners.js'
import { OPENPORT, ROOT } from '../support/paths.js'
import { run } from '../support/run.js'

const { version: VERSION } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
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

  test('does not include the end without --inclusive', async () => {
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

  test('--inclusive tests one port, and alone changes nothing', async () => {
    await whileListening({}, (busy) => {
      expect(openport(`${busy}`, `${busy}`, '--inclusive')).toEqual({
        status: 1,
        stdout: '',
        stderr: `openport: error: no free port from ${busy} to ${busy}\n`,
      })
    })
    const port = openport('--inclusive')
    expect(port).toEqual({ status: 0, stdout: expect.stringMatching(/^\d+\n$/), stderr: '' })
    const end = port.stdout.trim()
    expect(openport(end, end, '--inclusive')).toEqual(port)
  })

  test('a number can have a sign and leading zeros', () => {
    const port = openport().stdout
    const end = port.trim()
    expect(openport(`+${end}`, `0${end}`, '--inclusive')).toMatchObject({ status: 0, stdout: port })
  })

  test.each([
    [['a', 'b'], 'START must be a port from 1 to 65535, not "a"'],
    [['15000', 'b'], 'END must be a port from 1 to 65535, not "b"'],
    [['16000', '15000'], 'START must be less than END, not 16000 and 15000'],
    [['15000', '15000'], 'START must be less than END, not 15000 and 15000'],
    [['16000', '15000', '--inclusive'], 'START must not be greater than END'],
    [['foo', '15000'], 'START must be a port from 1 to 65535, not "foo"'],
    [['15000', '65536'], 'END must be a port from 1 to 65535, not "65536"'],
    [['0', '15000'], 'START must be a port'],
    [['++1', '15000'], 'START must be a port'],
    [['1.5', '15000'], 'START must be a port'],
    [['', '15000'], 'START must be a port from 1 to 65535, not ""'],
    [['15000'], 'must be START and END, or none'],
    [['1', '2', '3'], 'must be START and END, or none'],
    [['--foo'], 'unknown flag "--foo"; the flags are --inclusive, --completion, --help, --version'],
    [['--foo\x1b[31m'], '"--foo\\u001b[31m"'],
    [['--inclusive=yes', '1', '2'], '--inclusive takes no value, but has "yes"'],
    [['-5', '10'], 'unknown flag "-5"'],
  ])('%j is wrong usage: exit status 2', (args, message) => {
    const answer = openport(...args)
    expect(answer).toMatchObject({ status: 2, stdout: '' })
    expect(answer.stderr).toContain(message)
  })

  test('--help and --version print on stdout', () => {
    for (const flag of ['--help', '-h']) {
      expect(openport(flag).stdout).toContain('openport START END [--inclusive]')
    }
    for (const flag of ['--version', '-V', '-v']) {
      expect(openport(flag).stdout).toBe(`${VERSION}\n`)
    }
  })
})
