import { readFileSync } from 'node:fs'
import { slug } from 'github-slugger'
import { type DefaultTheme, defineConfig } from 'vitepress'
import { keepWordsWhole } from './inline-code.mjs'
import { linkToRepository } from './links.mjs'

/** The path under which the site is published: that of GitHub Pages, unless DOCS_BASE says otherwise. */
const base = process.env.DOCS_BASE ?? '/port4me/'

const description = 'Find, check, keep and locate network ports, in Node.js and in the shell'

/** TypeDoc writes it. */
const reference: DefaultTheme.SidebarItem[] = JSON.parse(
  readFileSync(new URL('../reference/typedoc-sidebar.json', import.meta.url), 'utf8'),
)

const sidebar: DefaultTheme.SidebarItem[] = [
  {
    text: 'Start',
    items: [
      { text: 'Getting started', link: '/getting-started' },
      { text: 'Services', link: '/services' },
      { text: 'Leases', link: '/leases' },
      { text: 'Who has a port', link: '/who' },
    ],
  },
  {
    text: 'Guides',
    items: [
      { text: 'Test runners', link: '/test-runners' },
      { text: 'Dev servers', link: '/dev-servers' },
      { text: 'Shell and CI', link: '/shell' },
      { text: 'Shared machines', link: '/shared-machines' },
      { text: 'Bundlers and platforms', link: '/platforms' },
      { text: 'Moving from other packages', link: '/migration' },
      { text: 'For programs that write code', link: '/programs' },
    ],
  },
  {
    text: 'Understand',
    items: [
      { text: 'How “free” is decided', link: '/free' },
      { text: 'Architecture', link: '/architecture' },
      { text: 'Published formats', link: '/formats' },
      { text: 'Benchmarks', link: '/benchmarks' },
    ],
  },
  {
    text: 'Reference',
    items: [
      { text: 'Settings', link: '/settings' },
      { text: 'Errors and reasons', link: '/errors' },
      { text: 'API', link: '/reference/', items: reference, collapsed: true },
    ],
  },
]

export default defineConfig({
  title: 'port4me',
  description,
  lang: 'en',
  base,
  cleanUrls: true,
  head: [['link', { rel: 'icon', type: 'image/svg+xml', href: `${base}logo.svg` }]],
  markdown: {
    // As on GitHub, where the pages are read too.
    anchor: { slugify: slug },
    config(md) {
      linkToRepository(md)
      keepWordsWhole(md)
    },
    codeTransformers: [
      {
        // The lines of a console that are commands get a class.
        line(node, line) {
          const isCommand = this.source.split('\n')[line - 1]?.startsWith('$ ')
          if (isCommand && this.options.lang === 'console') this.addClassToHast(node, 'command')
        },
      },
    ],
  },
  themeConfig: {
    logo: '/logo.svg',
    nav: [
      { text: 'Get started', link: '/getting-started' },
      { text: 'Settings', link: '/settings' },
      { text: 'API', link: '/reference/' },
    ],
    sidebar,
    outline: [2, 3],
    search: {
      provider: 'local',
      options: {
        miniSearch: {
          // The guides come before the reference.
          searchOptions: { boostDocument: (id) => (id.includes('/reference/') ? 0.3 : 1) },
        },
      },
    },
    footer: { message: 'MIT License' },
  },
  vite: {
    // A picture keeps its name, and so the end "#gh-dark-mode-only" of its address.
    build: { assetsInlineLimit: 0 },
  },
})
