// The table of binaries in docs/platforms.md.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from '../support/paths.js'

test('docs/platforms.md names each prebuilt binary, with its size', () => {
  const manifest: Readonly<Record<string, { readonly size: number }>> = JSON.parse(
    readFileSync(join(ROOT, 'prebuilds/manifest.json'), 'utf8'),
  )
  const page = readFileSync(join(ROOT, 'docs/platforms.md'), 'utf8')
  const rows = [...page.matchAll(/\| `([\w-]+\/port4me[.\w]*\.node)`, (\d+) KB \|/g)]
  expect(Object.fromEntries(rows.map(([, file, size]) => [file, Number(size)]))).toEqual(
    Object.fromEntries(
      Object.entries(manifest).map(([file, { size }]) => [file, Math.round(size / 1000)]),
    ),
  )
})
