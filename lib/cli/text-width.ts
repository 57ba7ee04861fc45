// How many columns a text takes in a terminal.

/** Characters of a grapheme cluster that take no column of their own. */
const COMBINING = /^\p{M}+$/u
/**
 * Characters that take two columns: those that are wide or fullwidth in UAX #11 (East Asian Width), by their scripts
 * and blocks, and what is shown as a picture by default or because of U+FE0F (UTS #51).
 */
const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}\p{Script=Yi}\u{3000}-\u{303e}\u{fe30}-\u{fe6f}\u{ff01}-\u{ff60}\u{ffe0}-\u{ffe6}\p{Emoji_Presentation}]|\u{fe0f}/u
/** Katakana and Hangul in their narrow forms. Each character takes one column, also the voicing marks. */
const HALFWIDTH = /^[\u{ff61}-\u{ffdc}]+$/u

const ELLIPSIS = '…'

let segmenter: Intl.Segmenter | undefined

/** The columns of a text without control characters. */
export function widthOf(text: string): number {
  return graphemesOf(text).reduce((sum, grapheme) => sum + widthOfGrapheme(grapheme), 0)
}

/** The beginning of a text that is too wide, and `…`. */
export function cutEnd(text: string, width: number): string {
  const graphemes = graphemesOf(text.slice(0, MOST * width))
  const kept = fitting(graphemes, width)
  if (kept === graphemes.length && text.length <= MOST * width) return text
  return graphemes.slice(0, fitting(graphemes, width - 1)).join('') + ELLIPSIS
}

/** `…`, and the end of a text that is too wide. */
export function cutStart(text: string, width: number): string {
  const graphemes = graphemesOf(text.slice(-MOST * width)).reverse()
  const kept = fitting(graphemes, width)
  if (kept === graphemes.length && text.length <= MOST * width) return text
  return (
    ELLIPSIS +
    graphemes
      .slice(0, fitting(graphemes, width - 1))
      .reverse()
      .join('')
  )
}

/** A column is assumed to have at most so many code units, so that a huge text is not looked at as a whole. */
const MOST = 20

/** How many of the first graphemes fit. */
function fitting(graphemes: readonly string[], width: number): number {
  let left = width
  for (const [i, grapheme] of graphemes.entries()) {
    left -= widthOfGrapheme(grapheme)
    if (left < 0) return i
  }
  return graphemes.length
}

function graphemesOf(text: string): string[] {
  if (/^[ -~]*$/.test(text)) return [...text]
  segmenter ??= new Intl.Segmenter()
  return Array.from(segmenter.segment(text), ({ segment }) => segment)
}

function widthOfGrapheme(grapheme: string): number {
  if (COMBINING.test(grapheme)) return 0
  if (HALFWIDTH.test(grapheme)) return grapheme.length
  return WIDE.test(grapheme) ? 2 : 1
}
