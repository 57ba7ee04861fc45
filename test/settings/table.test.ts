// Tests the table of settings. For each option, a call with another value has other settings. And the help, completion
// and types have every row. (test/docs/tables.test.ts tests the documentation.)

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { flagsOf } from '../../lib/cli/command-flags.js'
import { completion } from '../../lib/cli/completion/completion.js'
import { help } from '../../lib/cli/help.js'
import { readQuestion } from '../../lib/settings/question.js'
import { readSettings } from '../../lib/settings/settings.js'
import {
  COMMANDS,
  FLAG_HELP,
  OPTIONS,
  type Option,
  OTHER_VARIABLES,
  PROGRAM_FLAGS,
  SETTINGS,
  type Setting,
  VARIABLE_HELP,
} from '../../lib/settings/table.js'
import { fallback } from '../support/engines.js'
import { ROOT } from '../support/paths.js'
import { run } from '../support/run.js'

/** Two different values of each option; undefined is the default. */
const SAMPLES: Readonly<Record<Option, readonly [unknown, unknown]>> = {
  user: ['alice', 'bob'],
  tool: ['web', 'api'],
  project: ['shop', 'store'],
  prepend: [[2000], '2000,2001'],
  include: ['3000-3010', [3000]],
  exclude: ['3000-3005', 3007],
  skip: [1, 2],
  worker: [
    { index: 0, count: 2 },
    { index: 1, count: 2 },
  ],
  protocol: ['udp', 'both'],
  family: ['ipv4', 'ipv6'],
  host: ['127.0.0.1', 'localhost'],
  timeWait: ['busy', undefined],
  maxTries: [1, 2],
  mustWork: [false, undefined],
  exclusive: [true, undefined],
  debug: [true, undefined],
}

function settingsOf(options: object): unknown {
  const purpose = 'exclusive' in options ? 'lease' : 'pick'
  const { engine, source, ...rest } = readSettings(options, fallback, purpose)
  return structuredClone(rest)
}

const row = (option: Option): Setting => SETTINGS[option]

describe.each(OPTIONS)('the option %s', (option) => {
  const [a, b] = SAMPLES[option]

  test('changes the settings, whatever calls came before', () => {
    const first = settingsOf({ [option]: a })
    const second = settingsOf({ [option]: b })
    expect(second).not.toEqual(first)
    expect(settingsOf({ [option]: a })).toEqual(first)
    for (const other of OPTIONS) {
      if (other === option || row(other).only !== undefined || row(option).only !== undefined)
        continue
      if (option === 'host' || other === 'host') continue // a host implies its family
      const [value] = SAMPLES[other]
      const both = settingsOf({ [other]: value, [option]: a })
      expect(settingsOf({ [other]: value, [option]: b }), `beside ${other}`).not.toEqual(both)
      expect(settingsOf({ [other]: value, [option]: a }), `beside ${other}`).toEqual(both)
    }
  })

  const { variable } = row(option)
  test.runIf(variable !== undefined)(
    'takes precedence over its variable, which changes the settings too',
    () => {
      const byDefault = settingsOf({})
      vi.stubEnv(variable as string, String(a))
      const fromVariable = settingsOf({})
      expect(fromVariable).not.toEqual(byDefault)
      const beaten = settingsOf({ [option]: b ?? row(option).default })
      vi.stubEnv(variable as string, String(b ?? ''))
      expect(settingsOf({})).not.toEqual(fromVariable)
      expect(settingsOf({ [option]: b ?? row(option).default })).toEqual(beaten)
      vi.unstubAllEnvs()
    },
  )
})

test('the question without options is the one that the defaults of the table give', () => {
  const read = readQuestion(() => undefined, SETTINGS.protocol.default)
  const { protocol, family, timeWait } = SETTINGS
  const defaults = {
    protocol: protocol.default,
    family: family.default,
    timeWait: timeWait.default,
  }
  expect(readSettings(undefined, fallback).portQuestion).toEqual(read)
  expect(readSettings(defaults, fallback).portQuestion).toEqual(read)
  const parts = OPTIONS.filter((option) => row(option).part === 'portQuestion')
  expect(parts.sort()).toEqual(['family', 'host', 'protocol', 'timeWait'])
})

test('debug prints the value of each option and where it comes from', () => {
  const picked = OPTIONS.filter((option) => row(option).only !== 'lease' && option !== 'host')
  const options = Object.fromEntries(picked.map((option) => [option, SAMPLES[option][0]]))
  const code = `require(${JSON.stringify(ROOT)}).port4me(${JSON.stringify({ ...options, debug: true })})`
  const { stderr } = run(process.execPath, ['-e', code])
  for (const option of picked) {
    expect(stderr).toMatch(
      new RegExp(`^port4me: ${option}: .+ \\(from options\\.${option}\\)$`, 'm'),
    )
  }
})

beforeEach(() => vi.unstubAllEnvs())

/** The types without the options of lease.listen() and waitForPort(), which are not in the table. */
const TYPES = readFileSync(join(ROOT, 'lib/types.ts'), 'utf8').replace(
  /interface (Listen|Wait)Options \{[\s\S]*?\n\}/g,
  '',
)

const COMMANDS_WITH_FLAGS = [
  ...COMMANDS.filter((command) => command !== 'help'),
  ...(['port4me', 'openport'] as const),
]

describe('every row', () => {
  test.each(Object.keys(FLAG_HELP))('the flag --%s is in --help and in completion', (flag) => {
    const commands = COMMANDS_WITH_FLAGS.filter((command) => Object.hasOwn(flagsOf(command), flag))
    expect(commands).not.toEqual([])
    for (const command of commands) {
      const program = command === 'openport' ? 'openport' : 'port4me'
      expect(help(command)).toMatch(new RegExp(`--${flag}\\b`))
      for (const shell of PROGRAM_FLAGS.completion.choices) {
        expect(completion(program, shell)).toMatch(new RegExp(`\\b${flag}\\b`))
      }
    }
  })

  test.each(OPTIONS)('the option %s has a doc comment with its default', (option) => {
    const comment = new RegExp(`/\\*\\*((?:(?!\\*/)[\\s\\S])*)\\*/\\s+${option}\\?:`).exec(
      TYPES,
    )?.[1]
    expect(comment).toMatch(/@default/)
    const { variable, default: byDefault } = row(option)
    if (variable !== undefined) expect(comment).toContain(`\`${variable}\``)
    if (byDefault !== undefined && byDefault !== '') {
      expect(comment).toMatch(new RegExp(`@default .*\\b${byDefault}\\b`))
    }
  })

  test('each variable without a flag is in --help', () => {
    for (const variable of Object.keys(VARIABLE_HELP)) {
      expect(help('port4me')).toContain(variable)
    }
    for (const variable of OTHER_VARIABLES) expect(help('port4me')).toContain(variable)
  })
})
