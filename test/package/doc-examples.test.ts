// Runs every example of a doc comment. If a line ends with a comment that is a value, checks that the line has this
// value.

import { readdirSync, readFileSync } from 'node:fs'
import http from 'node:http'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { port4me as api } from '../support/package.js'
import { ROOT } from '../support/paths.js'

const getPort = createRequire(import.meta.url)('../../dist/get-port.js')

/** The names that an example can use: the package, node:http, and those of a CommonJS file. */
const NAMES = {
  ...api,
  getPort,
  portNumbers: getPort.portNumbers,
  clearLockedPorts: getPort.clearLockedPorts,
  http,
  module: { exports: {} },
}

const folders = ['lib', 'lib/get-port']
const files = folders.flatMap((folder) =>
  readdirSync(join(ROOT, folder))
    .filter((file) => /\.[cm]?ts$/.test(file))
    .map((file) => `${folder}/${file}`),
)

function examplesIn(file: string): string[] {
  const comments = readFileSync(join(ROOT, file), 'utf8').match(/\/\*\*[\s\S]*?\*\//g) ?? []
  return comments.flatMap((comment) => {
    const [, example] = comment.split('@example\n')
    return example === undefined
      ? []
      : [
          example
            .replace(/\s*\*\/$/, '')
            .replace(/^ *\* ?/gm, '')
            .trim(),
        ]
  })
}

/** The code, with a check of each line that has its value as a comment. */
function checked(example: string): string {
  return example
    .split('\n')
    .map((line) => {
      const [, expression, value = ''] = /^([^/]+?) +\/\/ (.+)$/.exec(line) ?? []
      if (expression === undefined || /^(const|for|if) /.test(line) || !isJson(value)) return line
      return `check(${expression}, ${value})`
    })
    .join('\n')
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

const AsyncFunction = (async () => {}).constructor as new (
  ...words: readonly string[]
) => (...values: readonly unknown[]) => Promise<void>

const found = files.flatMap((file) => examplesIn(file).map((example) => ({ file, example })))

test('the public functions have examples', () => {
  expect(found.length).toBeGreaterThan(25)
})

describe.each(found)('$file: $example', ({ example }) => {
  test('runs', async () => {
    const check = (value: unknown, expected: unknown) => expect(value).toEqual(expected)
    const run = new AsyncFunction(...Object.keys(NAMES), 'check', 'console', checked(example))
    const silent = { log() {}, error() {} }
    await run(...Object.values(NAMES), check, silent)
  })
})
