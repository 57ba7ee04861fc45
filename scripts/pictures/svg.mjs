// What the pictures of the documentation have in common: two files for each, light and dark.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The colors of GitHub's light and dark themes (primer.style), so that the pictures fit its pages. */
export const THEMES = {
  light: {
    ...{ ground: '#ffffff', text: '#1f2328', dim: '#59636e', border: '#d1d9e0', bar: '#f6f8fa' },
    ...{ accent: '#0969da', second: '#bc4c00', grey: '#afb8c1' },
  },
  dark: {
    ...{ ground: '#0d1117', text: '#e6edf3', dim: '#9198a1', border: '#3d444d', bar: '#151b23' },
    ...{ accent: '#4493f8', second: '#f0883e', grey: '#656c76' },
  },
}

/** Writes NAME-light.svg and NAME-dark.svg to a folder. */
export function writePictures(folder, name, draw) {
  mkdirSync(folder, { recursive: true })
  for (const theme of Object.keys(THEMES)) {
    writeFileSync(join(folder, `${name}-${theme}.svg`), draw(theme))
  }
}

export function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
