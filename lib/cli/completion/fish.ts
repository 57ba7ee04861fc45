// Completion for fish: https://fishshell.com/docs/current/completions.html

import type { Completion } from './completion.js'
import type { Completed } from './flags.js'

export function fishScript({ program, flags, commands }: Completion): string {
  const names = commands.map(({ name }) => name)
  const lines = [
    `# fish completion for ${program}: ${program} --completion=fish | source`,
    `complete -c ${program} -f`,
    ...(names.length === 0 ? [] : functions(program, names)),
    ...flags.map((one) => flagLine(program, names.length === 0 ? '' : `__${program}_is ''`, one)),
  ]
  for (const { name, says, flags: own, argument } of commands) {
    const is = `__${program}_is ${name}`
    lines.push(line(program, `__${program}_is_word 1`, `-a ${name} -d ${quoted(says)}`))
    for (const one of own) lines.push(flagLine(program, is, one))
    if (argument !== 'command') continue
    const condition = `${is}; and __${program}_is_word 2`
    lines.push(
      line(program, condition, `-a ${quoted(names.filter((other) => other !== name).join(' '))}`),
    )
  }
  return `${lines.join('\n')}\n`
}

/** Functions for the conditions. After "--" follows a command with its own completion. */
function functions(program: string, names: readonly string[]): string[] {
  return [
    `function __${program}_is --description 'The command, or none, without what follows --'
    set -l words (commandline -opc)
    contains -- -- $words; and return 1
    set -l command ''
    contains -- "$words[2]" ${names.join(' ')}; and set command $words[2]
    test "$command" = "$argv[1]"
end
function __${program}_is_word --description 'The number of the word, after the program'
    test (count (commandline -opc)) -eq $argv[1]
end
function __${program}_is_after_dashes
    set -l words (commandline -opc)
    test "$words[2]" = run; and contains -- -- $words
end
function __${program}_rest --description 'Completions of the command after --'
    set -l words (commandline -opc)
    set -l first (math (contains -i -- -- $words) + 1)
    set -l rest
    test $first -le (count $words); and set rest (string escape -- $words[$first..-1])
    # The space is needed if the rest is empty.
    complete -C ' '(string join ' ' -- $rest (commandline -ct))
end`,
    line(program, `__${program}_is_after_dashes`, `-a '(__${program}_rest)'`),
  ]
}

function flagLine(program: string, condition: string, completed: Completed): string {
  const { flag, short, value, choices, says } = completed
  const values = flag === 'user' ? '(__fish_complete_users)' : choices.join(' ')
  return line(
    program,
    condition,
    [
      `-l ${flag}`,
      ...short.map((letter) => `-s ${letter}`),
      ...(value === undefined ? [] : ['-x']),
      ...(values === '' ? [] : [`-a ${quoted(values)}`]),
      `-d ${quoted(says)}`,
    ].join(' '),
  )
}

function line(program: string, condition: string, rest: string): string {
  return `complete -c ${program}${condition === '' ? '' : ` -n ${quoted(condition)}`} ${rest}`
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
