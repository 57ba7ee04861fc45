/// <reference types="vitepress/client" />

import type { Theme } from 'vitepress'
import DefaultTheme from 'vitepress/theme'
import { h } from 'vue'
import dark from '../../images/terminal-dark.svg'
import light from '../../images/terminal-light.svg'
import './style.css'

const alt = 'A terminal with a personal port, a service that runs, and who has a port'

export default {
  extends: DefaultTheme,
  Layout: () =>
    h(DefaultTheme.Layout, null, {
      'home-hero-actions-after': () => h('p', { class: 'install' }, 'npm install port4me'),
      'home-hero-image': () => [
        h('img', { src: `${light}#gh-light-mode-only`, alt }),
        h('img', { src: `${dark}#gh-dark-mode-only`, alt }),
      ],
    }),
} satisfies Theme
