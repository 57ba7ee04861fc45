import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type Browser, chromium } from '@playwright/test'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome']

/** Starts the Chromium of the system. */
export function startChromium(): Promise<Browser> {
  // Its sandbox does not work for root, nor in most containers. The only pages that it opens are ours.
  return chromium.launch({ executablePath: findChromium(), args: ['--no-sandbox'] })
}

function findChromium(): string {
  const folders = (process.env.PATH ?? '').split(delimiter)
  for (const file of NAMES.flatMap((name) => folders.map((folder) => join(folder, name)))) {
    try {
      accessSync(file, constants.X_OK)
      return file
    } catch {
      // The next one.
    }
  }
  throw new Error(
    `test:site needs Chromium, and PATH has none of ${NAMES.join(', ')}. On Debian: apt install chromium`,
  )
}
