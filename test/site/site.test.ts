// Reads the whole built site in a browser, from the first page to the last, as a reader does who clicks "Next page".
//
//   UPDATE_SCREENSHOTS=FOLDER npm run test:site     also writes pictures of some pages

import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from '@playwright/test'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startChromium } from './chromium.js'
import { type Look, look, type Theme } from './look.js'
import { type Site, serveSite } from './served.js'

const SCREENSHOTS = ['', 'services', 'leases', 'benchmarks']
const VIEWS = [390, 1280].flatMap((width) =>
  (['light', 'dark'] as const).map((theme) => ({ width, theme })),
)

let site: Site
let browser: Browser
beforeAll(async () => {
  site = await serveSite()
  browser = await startChromium()
}, 60_000)
afterAll(async () => {
  await browser?.close()
  await site?.close()
})

test.concurrent.each(VIEWS)('every page, $width pixels wide, $theme', async ({ width, theme }) => {
  const { page, context, problems } = await open(width, theme)
  const looks = new Map<string, Look>()
  const read = async () => {
    const name = page.url().slice(site.home.length)
    const seen = await look(page, theme)
    looks.set(page.url(), seen)
    problems.push(...seen.problems)
    const folder = process.env.UPDATE_SCREENSHOTS
    if (folder !== undefined && SCREENSHOTS.includes(name)) {
      const path = join(folder, `${name || 'home'}-${width}-${theme}.png`)
      await page.screenshot({ path, fullPage: true })
    }
  }

  await page.goto(site.home)
  await read()
  await page.locator('.VPHero').getByRole('link', { name: 'Get started' }).click()
  await page.locator('.vp-doc h1').waitFor()
  await read()
  const next = page.locator('.pager-link.next')
  while ((await next.count()) > 0) {
    const before = page.url()
    await page.locator('.vp-doc h1').evaluate((heading) => heading.setAttribute('data-read', ''))
    await next.click()
    await page.locator('.vp-doc h1:not([data-read])').waitFor()
    if (looks.has(page.url())) throw new Error(`after ${before} comes ${page.url()} again`)
    await read()
  }

  // Each page that was built is in the sidebar, from which the order of the pages comes, and each link leads to one.
  expect([...looks.keys()].sort()).toEqual([...site.pages].sort())
  for (const [from, { links }] of looks) problems.push(...deadLinks(from, links, looks))
  expect(problems).toEqual([])
  await context.close()
})

test.each(VIEWS)('the search finds "lease", $width pixels wide, $theme', async (view) => {
  const { page, context, problems } = await open(view.width, view.theme)
  await page.goto(site.home)
  await page.getByRole('button', { name: 'Search' }).click()
  await page.getByRole('searchbox').fill('lease')
  await page.locator('.VPLocalSearchBox .result').first().waitFor()
  await page.keyboard.press('Enter')
  await page.locator('.vp-doc h1').waitFor()
  expect(await page.locator('.vp-doc').innerText()).toMatch(/lease/i)
  expect(problems).toEqual([])
  await context.close()
})

test('on a telephone the menu leads to every page', async () => {
  const { page, context, problems } = await open(390, 'light')
  await page.goto(`${site.home}leases`)
  await page.getByRole('button', { name: 'Menu' }).click()
  await page.locator('.VPSidebar').getByRole('link', { name: 'Services' }).click()
  await page.waitForURL(`${site.home}services`)
  expect(problems).toEqual([])
  await context.close()
})

interface View {
  readonly page: Page
  readonly context: BrowserContext
  /** What the browser reports, as it comes. */
  readonly problems: string[]
}

async function open(width: number, theme: Theme): Promise<View> {
  const context = await browser.newContext({
    viewport: { width, height: 800 },
    colorScheme: theme,
    reducedMotion: 'reduce',
  })
  context.setDefaultTimeout(20_000)
  const page = await context.newPage()
  const problems: string[] = []
  const report = (what: string) => problems.push(`${page.url()}: ${what}`)
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) report(`console: ${message.text()}`)
  })
  page.on('pageerror', (error) => report(String(error)))
  page.on('request', (request) => {
    if (!request.url().startsWith(site.home)) report(`asks for ${request.url()}`)
  })
  page.on('requestfailed', (request) =>
    report(`${request.url()}: ${request.failure()?.errorText ?? 'failed'}`),
  )
  page.on('response', (response) => {
    if (response.status() >= 400) report(`${response.url()}: status ${response.status()}`)
  })
  return { page, context, problems }
}

/** The links of a page that lead to no page of the site, or to no place of it. Those to other sites are not followed. */
function deadLinks(
  from: string,
  links: readonly string[],
  looks: ReadonlyMap<string, Look>,
): string[] {
  const { origin } = new URL(site.home)
  return [...new Set(links)]
    .filter((link) => {
      if (!link.startsWith(origin)) return !link.startsWith('https://')
      const [page = '', anchor = ''] = link.split('#')
      const ids = looks.get(page)?.ids
      return ids === undefined || (anchor !== '' && !ids.includes(decodeURIComponent(anchor)))
    })
    .map((link) => `${from}: dead link ${link}`)
}
