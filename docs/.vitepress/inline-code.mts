import type { MarkdownRenderer } from 'vitepress'

/**
 * Puts each word of commands and flags in inline code into a span. The style sheet keeps these whole, so that a long command wraps between its
 * words, and not after the hyphens of a flag.
 */
export function keepWordsWhole(md: MarkdownRenderer): void {
  const render = md.renderer.rules.code_inline
  if (render === undefined) return
  md.renderer.rules.code_inline = (...args) =>
    render(...args).replace(/>(-[^<]*|[^<]* [^<]*)</, (_, text: string) => {
      const words = text.split(' ').map((word) => `<span>${word}</span>`)
      return `>${words.join(' ')}<`
    })
}
