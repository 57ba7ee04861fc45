// The option `project`.

import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { port4me as api } from '../support/package.js'
import { program, script } from '../support/run.js'

let home: string
beforeAll(() => {
  home = realpathSync(mkdtempSync(join(tmpdir(), 'port4me-')))
  for (const folder of [
    'src/shop',
    'shop/.git',
    'shop/packages/web/src',
    'tree',
    'odd/a \'b\', "c"\né,d/.git',
  ]) {
    mkdirSync(join(home, folder), { recursive: true })
  }
  writeFileSync(join(home, 'shop/packages/web/package.json'), '{}')
  writeFileSync(join(home, 'tree/.git'), 'gitdir: ../shop/.git/worktrees/tree\n')
  mkdirSync(join(home, 'package/deep'), { recursive: true })
  writeFileSync(join(home, 'package/package.json'), '{}')
  symlinkSync(join(home, 'shop'), join(home, 'link'))
})
afterAll(() => rmSync(home, { recursive: true }))

/** The first port in a working directory. */
function inFolder(
  folder: string,
  options: object,
  variables: Readonly<Record<string, string>> = {},
): unknown {
  const body = `process.chdir(${JSON.stringify(join(home, folder))})
    return port4me.listPorts(1, ${JSON.stringify({ user: 'alice', ...options })})[0]`
  return script(body, { variables: { HOME: home, ...variables } })
}

const ofTool = (tool: string): number => api.listPorts(1, { user: 'alice', tool })[0] as number

// The numbers are stored. They were computed in Python, by the algorithm of the reference implementations. So they are
// those that `port4me --user=alice --tool=TOOL --list=3` of Bash, Python and R prints.
test.each([
  ['src/shop', 'web', 'web@~/src/shop', [39047, 44971, 30512]],
  ['src/shop', 'api', 'api@~/src/shop', [35638, 51444, 57228]],
  [undefined, '', '@shop', [53425, 9192, 34104]],
] as const)('in %s the tool %j has the numbers of %j', (folder, tool, whole, numbers) => {
  expect(api.listPorts(3, { user: 'alice', tool: whole })).toEqual(numbers)
  const project = folder === undefined ? 'shop' : join(home, folder)
  const body = `return port4me.listPorts(3, ${JSON.stringify({ user: 'alice', tool, project })})`
  expect(script(body, { variables: { HOME: home } })).toEqual(numbers)
})

describe('true means the project around the working directory', () => {
  test.each([
    ['shop', '~/shop'],
    ['shop/packages/web/src', '~/shop'],
    ['tree', '~/tree'],
    ['package/deep', '~/package'],
    ['link/packages', '~/shop'],
    ['odd/a \'b\', "c"\né,d', '~/odd/a \'b\', "c"\né,d'],
  ])('%j is in %j', (folder, name) => {
    const expected = ofTool(`web@${name}`)
    expect(inFolder(folder, { tool: 'web', project: true })).toBe(expected)
    expect(inFolder(folder, { tool: 'web' }, { PORT4ME_PROJECT: 'true' })).toBe(expected)
    expect(inFolder(folder, { tool: 'web', project: false }, { PORT4ME_PROJECT: 'true' })).toBe(
      ofTool('web'),
    )
  })

  test('a folder without a project is its own', () => {
    expect(inFolder('.', { tool: 'web', project: true })).toBe(ofTool('web@~'))
  })

  test('and follows the working directory', () => {
    const body = `const list = () => port4me.listPorts(1, { user: 'alice', tool: 'web', project: true })[0]
      return [${['shop', 'tree', 'shop'].map((folder) => `(process.chdir(${JSON.stringify(join(home, folder))}), list())`)}]`
    const shop = ofTool('web@~/shop')
    expect(script(body, { variables: { HOME: home } })).toEqual([shop, ofTool('web@~/tree'), shop])
  })

  test('and without a home folder it has the whole path', () => {
    expect(inFolder('shop', { tool: 'web', project: true }, { HOME: '/nowhere' })).toBe(
      ofTool(`web@${home}/shop`),
    )
  })

  test.runIf(process.platform === 'linux')('and is an error in a folder that was removed', () => {
    const body = `const fs = require('node:fs')
      const folder = fs.mkdtempSync(${JSON.stringify(join(home, 'gone-'))})
      process.chdir(folder); fs.rmdirSync(folder)
      try { return port4me.port4me({ project: true }) } catch ({ code, message }) { return [code, message].join(' ') }`
    expect(script(body)).toMatch(/^ERR_SYSTEM ENOENT: .*uv_cwd/)
  })
})

test('a folder is named by its path, whatever the text', () => {
  const expected = ofTool('web@~/shop')
  for (const project of ['~/shop', './', '.', '../shop', '../link/', `${home}/link`]) {
    expect(inFolder('shop', { tool: 'web', project })).toBe(expected)
  }
})

test('wrong values are refused', () => {
  const message = (project: unknown) => {
    try {
      api.port4me({ project } as never)
    } catch (error) {
      return `${(error as NodeJS.ErrnoException).code}: ${(error as Error).message}`
    }
    throw new Error('nothing was thrown')
  }
  expect(message(7)).toBe(
    'ERR_INVALID_ARG_TYPE: options.project must be true, false, a folder or a name, not 7 of type number',
  )
  expect(message('')).toBe('ERR_INVALID_ARG_VALUE: options.project must not be empty, but is ""')
  expect(message('./nowhere')).toBe(
    'ERR_INVALID_ARG_VALUE: options.project must be a folder that exists, or a name without slashes, not "./nowhere"',
  )
})

test('the program has --project, with and without a value', () => {
  const list = (...args: string[]) => Number(program(['--list=1', '--user=alice', ...args]).stdout)
  expect(list('--project=shop', 'web')).toBe(ofTool('web@shop'))
  expect(list('--project', 'web')).toBe(
    api.listPorts(1, { user: 'alice', tool: 'web', project: true })[0],
  )
  const { status, stderr } = program(['--project=/nowhere/at/all'])
  expect([status, stderr]).toEqual([2, expect.stringContaining('--project must be a folder')])
})

test('debug prints the equivalent tool', () => {
  const { stderr } = program(['--debug', '--project=shop', 'web'])
  expect(stderr).toContain('port4me: the same as: --tool="web@shop"\n')
})
