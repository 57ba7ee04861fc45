// The built site on a port of this machine, as a static host serves it: "/services" is the file services.html.

import { readdirSync, readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname, join } from 'node:path'
import { port4me } from '../support/package.js'
import { ROOT } from '../support/paths.js'

const DIST = join(ROOT, 'docs', '.vitepress', 'dist')

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
}

export interface Site {
  /** Of the home page: every other page is below it. */
  readonly home: string
  /** The addresses of all pages that were built. */
  readonly pages: readonly string[]
  readonly close: () => Promise<void>
}

export async function serveSite(): Promise<Site> {
  const [, base = '/'] =
    /href="([^"]*)logo\.svg"/.exec(readFileSync(`${DIST}/index.html`, 'utf8')) ?? []
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '', 'http://localhost')
    const file = pathname.startsWith(base) ? fileOf(pathname.slice(base.length)) : undefined
    if (file === undefined) return response.writeHead(404).end('not found')
    response.setHeader('content-type', TYPES[extname(file)] ?? 'application/octet-stream')
    return response.end(readFileSync(file))
  })
  const lease = port4me.leasePort({ tool: 'site', host: '127.0.0.1' })
  await lease.listen(server)
  const home = `http://127.0.0.1:${lease.port}${base}`
  const files = readdirSync(DIST, { recursive: true, encoding: 'utf8' })
  return {
    home,
    pages: files
      .filter((file) => file.endsWith('.html') && file !== '404.html')
      .map((file) => home + file.replace(/(^|\/)index\.html$|\.html$/, '$1')),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function fileOf(path: string): string | undefined {
  const name = decodeURIComponent(path)
  const names = name === '' || name.endsWith('/') ? [`${name}index.html`] : [name, `${name}.html`]
  return names
    .map((file) => join(DIST, file))
    .find((file) => statSync(file, { throwIfNoEntry: false })?.isFile())
}
