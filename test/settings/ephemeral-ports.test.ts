import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ephemeralPorts, rangeIn, windowsRange } from '../../lib/settings/ephemeral-ports.js'
import { port4me as api } from '../support/package.js'

const isLinux = process.platform === 'linux'

test('the range is that of the system', () => {
  const range = ephemeralPorts()
  expect(range).toMatch(/^\d+-\d+$/)
  if (!isLinux) return
  const [first, last] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8')
    .trim()
    .split(/\s+/)
  expect(range).toBe(`${first}-${last}`)
})

test('{ephemeral} can be excluded, and included', () => {
  const [first = 0, last = 0] = ephemeralPorts().split('-').map(Number)
  const isEphemeral = (port: number) => port >= first && port <= last
  const all = api.listPorts(200, { user: 'alice' })
  expect(all.some(isEphemeral)).toBe(true)
  expect(api.listPorts(200, { user: 'alice', exclude: '{ephemeral}' }).some(isEphemeral)).toBe(
    false,
  )
  expect(api.listPorts(200, { user: 'alice', include: '{ephemeral}' }).every(isEphemeral)).toBe(
    true,
  )
  expect(api.listPorts(5, { user: 'alice', exclude: '{ephemeral}, 2000-65535' })).toEqual(
    api.listPorts(5, { user: 'alice', exclude: `2000-65535,${first}-${last}` }),
  )
})

test.each([
  ['32768\t60999\n', '32768-60999'],
  ['49152\n65535\n', '49152-65535'],
])('%j is %s', (text, range) => {
  expect(rangeIn(text, 'setting')).toBe(range)
})

// As netsh prints it in English and in German.
test.each([
  [
    '\r\nProtocol tcp Dynamic Port Range\r\n---------------------------------\r\nStart Port      : 49152\r\nNumber of Ports : 16384\r\n\r\n',
  ],
  [
    '\r\nDynamischer Portbereich für Protokoll tcp\r\n---------------------------------\r\nStartport      : 49152\r\nAnzahl von Ports : 16384\r\n\r\n',
  ],
])('Windows: %j', (text) => {
  expect(windowsRange(text)).toBe('49152-65535')
})

test.each(['', '5', 'no such setting', '70000 80000', '5000 4000'])(
  '%j is an error that quotes it',
  (text) => {
    expect(() => rangeIn(text, 'the.setting')).toThrow(
      `the system does not tell which ports it gives out: the.setting is ${JSON.stringify(text)}`,
    )
  },
)

test('a text of netsh without numbers is an error', () => {
  expect(() => windowsRange('The following command was not found')).toThrow(
    /: netsh is "The following/,
  )
})
