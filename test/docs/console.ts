// Blocks of a console: lines `$ command`, each followed by what it prints.

import { randomUUID } from 'node:crypto'

export interface Step {
  readonly command: string
  /** What it prints, or a pattern of that. */
  readonly prints: string
}

/** The steps of a block. Throws if it does not begin with a command. */
export function stepsOf(code: string): readonly Step[] {
  const steps: { command: string[]; prints: string[] }[] = []
  for (const line of code.split('\n')) {
    const step = steps.at(-1)
    if (line.startsWith('$ ')) steps.push({ command: [line.slice(2)], prints: [] })
    else if (step === undefined) throw new Error('a block of a console begins with "$ "')
    else if (isContinued(step)) step.command.push(line.replace(/^> ?/, ''))
    else step.prints.push(line)
  }
  return steps.map(({ command, prints }) => ({
    command: command.join('\n'),
    prints: prints.join('\n'),
  }))
}

/** Whether the next line belongs to the command. */
function isContinued({ command, prints }: { command: string[]; prints: string[] }): boolean {
  return prints.length === 0 && command.at(-1)?.endsWith('\\') === true
}

/** A script of bash that runs the steps, and how to read what each has printed from its output. */
export function scriptOf(steps: readonly Step[]): {
  readonly script: string
  readonly split: (
    output: string,
  ) => readonly { readonly printed: string; readonly status: number }[]
} {
  const mark = randomUUID()
  const commands = steps.map(({ command }) => `${command}\nprintf '\\n%s %d\\n' ${mark} $?\n`)
  return {
    script: commands.join(''),
    split: (output) =>
      [...output.matchAll(new RegExp(`([\\s\\S]*?)\\n${mark} (\\d+)\\n`, 'g'))].map(
        ([, printed = '', status]) => ({ printed, status: Number(status) }),
      ),
  }
}

const NUMBER = String.raw`(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?`
/** What stands for other text, and what it stands for. The first that fits counts. */
const PATTERNS: readonly (readonly [RegExp, string])[] = [
  [/\.\.\./y, '[^]*?'],
  [/\d+[smhd]\b/y, String.raw`\d+[smhd]\b`], // an age
  [new RegExp(NUMBER, 'y'), NUMBER],
  [/\s*\n\s*/y, String.raw`\s*\n\s*`],
  [/[ \t]+/y, String.raw`[ \t]+`],
]

/** Whether a program has printed what the documentation shows. */
export function isPrinted(shown: string, printed: string): boolean {
  return new RegExp(`^${patternOf(shown.trim())}$`).test(printed.trim())
}

function patternOf(shown: string): string {
  let pattern = ''
  for (let at = 0; at < shown.length; ) {
    const found = PATTERNS.map(([expression, stands]) => {
      expression.lastIndex = at
      return [expression.exec(shown)?.[0] ?? '', stands] as const
    }).find(([text]) => text !== '')
    const [text, stands] = found ?? [
      shown[at] as string,
      (shown[at] as string).replace(/[^\w\s]/, '\\$&'),
    ]
    pattern += stands
    at += text.length
  }
  return pattern
}
