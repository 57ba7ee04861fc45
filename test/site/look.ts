// What a reader sees of a page.

import type { Page } from '@playwright/test'

export type Theme = 'light' | 'dark'

export interface Look {
  readonly links: readonly string[]
  /** The names to which "#NAME" leads. */
  readonly ids: readonly string[]
  /** What is wrong, in words. */
  readonly problems: readonly string[]
}

/** Looks at the page that is open. */
export async function look(page: Page, theme: Theme): Promise<Look> {
  const root = page.locator(':root')
  // Runs in the browser, so it cannot use anything of this file.
  const seen = await root.evaluate(async (html, wanted) => {
    const all = (selector: string) => [...html.querySelectorAll(selector)]
    const problems: string[] = []

    const headings = all('h1').length
    if (headings !== 1) problems.push(`${headings} headings of the first level`)
    if (html.classList.contains('dark') !== (wanted === 'dark')) problems.push(`not ${wanted}`)

    const width = html.clientWidth
    const scrolls = (element: typeof html): boolean =>
      element !== null &&
      (/auto|scroll/.test(html.ownerDocument.defaultView.getComputedStyle(element).overflowX) ||
        scrolls(element.parentElement))
    if (html.scrollWidth > width) problems.push(`the page is ${html.scrollWidth} pixels wide`)
    for (const element of all('.VPContent *')) {
      const { right, width: own } = element.getBoundingClientRect()
      if (own > 0 && right > width + 1 && !scrolls(element.parentElement))
        problems.push(`${element.tagName} reaches to ${right}: ${element.textContent.slice(0, 60)}`)
    }

    const shown: Record<string, number> = { light: 0, dark: 0 }
    const hidden: Record<string, number> = { light: 0, dark: 0 }
    for (const image of all('img')) {
      await image.decode().catch(() => problems.push(`${image.src} does not load`))
      const [, kind] = /#gh-(light|dark)-mode-only$/.exec(image.src) ?? []
      if (kind === undefined) continue
      const count = image.getClientRects().length > 0 ? shown : hidden
      count[kind] = (count[kind] ?? 0) + 1
    }
    const other = wanted === 'light' ? 'dark' : 'light'
    if (shown[other] !== 0 || hidden[wanted] !== 0 || shown[wanted] !== hidden[other])
      problems.push(`pictures shown: ${JSON.stringify(shown)}, hidden: ${JSON.stringify(hidden)}`)

    return {
      links: all('a[href]').map((link): string => link.href),
      ids: all('[id]').map((element): string => element.id),
      problems,
    }
  }, theme)
  return { ...seen, problems: seen.problems.map((problem) => `${page.url()}: ${problem}`) }
}
