// The man pages.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from '../support/paths.js'
import { run } from '../support/run.js'

const PAGES = ['openport.1', 'port4me.1']
const pathOf = (page: string): string => join(ROOT, 'docs/man', page)
/** Whether a program is installed. All are where .ci/run has installed them. */
const has = (name: string): boolean => spawnSync(name, ['--help']).error === undefined

test('the man pages are up to date (if not: npm run build:man)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'port4me-man-'))
  try {
    const { status, stderr } = run(process.execPath, [join(ROOT, 'scripts/man.mjs'), folder])
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(readdirSync(folder).sort()).toEqual(PAGES)
    for (const page of PAGES) {
      expect(readFileSync(pathOf(page), 'utf8')).toBe(readFileSync(join(folder, page), 'utf8'))
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test.runIf(has('groff')).each(PAGES)('groff has no warning about %s', (page) => {
  expect(run('groff', ['-ww', '-man', '-z', '-Tutf8', pathOf(page)])).toEqual({
    status: 0,
    stdout: '',
    stderr: '',
  })
})

test.runIf(has('mandoc')).each(PAGES)('mandoc has no warning about %s, and shows it', (page) => {
  expect(run('mandoc', ['-Tlint', '-Wwarning', pathOf(page)])).toMatchObject({
    status: 0,
    stdout: '',
  })
  const { stdout } = run('mandoc', ['-Tascii', pathOf(page)])
  // Each letter of bold text is printed twice: col(1).
  const text = stdout.replace(/.[\b]/g, '')
  for (const flag of page === 'port4me.1' ? ['--include=PORTS', '--wait=COMMAND'] : ['--inclusive'])
    expect(text).toContain(flag)
  expect(text).toContain('NAME')
})
