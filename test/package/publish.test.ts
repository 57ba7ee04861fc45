// scripts/check-publish.mjs, which npm runs before it publishes.

import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ROOT } from '../support/paths.js'
import { run } from '../support/run.js'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'port4me-publish-'))
  mkdirSync(join(folder, 'scripts'))
  for (const file of ['package.json', 'CHANGELOG.md', 'scripts/check-publish.mjs']) {
    cpSync(join(ROOT, file), join(folder, file))
  }
})
afterEach(() => rmSync(folder, { recursive: true }))

function replace(file: string, from: string | RegExp, to: string): void {
  const text = readFileSync(join(folder, file), 'utf8')
  expect(text).toMatch(from)
  writeFileSync(join(folder, file), text.replaceAll(from, to))
}

const check = (variables = {}) =>
  run(process.execPath, [join(folder, 'scripts', 'check-publish.mjs')], variables)

/** Sets the owner of the repository, or takes it away. */
function setOwner(owner: string): void {
  const file = join(folder, 'package.json')
  const manifest = JSON.parse(readFileSync(file, 'utf8'))
  const address = `https://github.com/${owner}/port4me`
  const fields = { homepage: address, bugs: address, author: owner, funding: address }
  const repository = { type: 'git', url: `git+${address}.git` }
  writeFileSync(file, JSON.stringify({ ...manifest, ...fields, repository }, undefined, 2))
}

describe('a package', () => {
  test('whose owner is set is published', () => {
    setOwner('somebody')
    expect(check()).toEqual({ status: 0, stdout: '', stderr: '' })
  })

  test('with a placeholder is refused', () => {
    setOwner('PORT4ME-OWNER')
    const { status, stdout } = check()
    expect(status).toBe(1)
    expect(stdout).toMatch(
      /^package\.json: homepage, bugs, repository, funding, author still contain the placeholder/,
    )
  })

  test.each([
    ['1.0.0-rc.1', 'latest', 'next'],
    ['1.0.0', 'next', 'latest'],
  ])('of version %s with the tag %s is refused', (version, tag, expected) => {
    setOwner('somebody')
    replace('package.json', /"version": ".*"/g, `"version": "${version}"`)
    replace('package.json', /"tag": ".*"/g, `"tag": "${tag}"`)
    replace('CHANGELOG.md', /^## \S+ /gm, `## ${version} `)
    expect(check()).toEqual({
      status: 1,
      stdout: `package.json: publishConfig.tag is '${tag}', but version ${version} must have the tag '${expected}'\n`,
      stderr: '',
    })
  })

  test('that the changelog does not name is refused', () => {
    setOwner('somebody')
    replace('CHANGELOG.md', /^## \S+ /gm, '## 0.0.1 ')
    const { status, stdout } = check()
    expect({ status, stdout }).toEqual({
      status: 1,
      stdout: expect.stringMatching(/^CHANGELOG\.md has no heading '## \d/),
    })
  })

  test('that is not ready passes a dry run, which says what it lacks', () => {
    setOwner('PORT4ME-OWNER')
    const { status, stdout } = check({ npm_config_dry_run: 'true' })
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: expect.stringMatching(/^would not publish: package\.json: /),
    })
  })
})
