import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { NATIVE_TESTS } from '../support/paths.js'
import { run } from '../support/run.js'

const cases = execFileSync(NATIVE_TESTS, { encoding: 'utf8' }).trimEnd().split('\n')

describe('the pure C++ headers', () => {
  test.each(cases.map((name, i) => [name, i] as const))('%s', (_name, i) => {
    expect(run(NATIVE_TESTS, [String(i)])).toEqual({ status: 0, stdout: '', stderr: '' })
  })
})
