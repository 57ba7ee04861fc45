// The links of pages work on GitHub as well as on the site. A file outside of docs/ is not on the site, so there a link
// to it leads to the repository.

import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { MarkdownRenderer } from 'vitepress'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const DOCS = fileURLToPath(new URL('..', import.meta.url))

/** The address of the repository as package.json names it. Without one, such links become plain words. */
const repository = readRepository()

export function linkToRepository(md: MarkdownRenderer): void {
  md.core.ruler.push('link-to-repository', ({ tokens, env }) => {
    for (const { children } of tokens) {
      if (children === null) continue
      for (const [index, token] of children.entries()) {
        if (token.type !== 'link_open') continue
        const href = String(token.attrGet('href'))
        if (/^([a-z]+:|\/|#)/i.test(href)) continue
        const target = resolve(dirname(env.path), decodeURI(href.replace(/[?#].*/, '')))
        if (target.startsWith(DOCS)) continue
        if (!existsSync(target)) throw new Error(`${env.path}: dead link to ${href}`)
        if (repository !== undefined) {
          const kind = statSync(target).isDirectory() ? 'tree' : 'blob'
          const hash = /#.*/.exec(href)?.[0] ?? ''
          token.attrSet('href', `${repository}/${kind}/HEAD/${relative(ROOT, target)}${hash}`)
        } else {
          const close = children.findIndex(({ type }, at) => at > index && type === 'link_close')
          for (const tag of [token, children[close]]) if (tag) Object.assign(tag, { type: 'text' })
        }
      }
    }
  })
}

function readRepository(): string | undefined {
  const { repository } = JSON.parse(readFileSync(`${ROOT}/package.json`, 'utf8'))
  const url: string | undefined = repository?.url ?? repository
  return url?.replace(/^git\+/, '').replace(/\.git$/, '')
}
