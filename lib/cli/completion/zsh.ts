// Completion for zsh: zshcompsys(1), _arguments.

import type { Completion } from './completion.js'
import type { Completed } from './flags.js'

export function zshScript({ program, flags, commands }: Completion): string {
  const described = commands.map(({ name, says }) => quoted(`${name}:${says}`)).join(' ')
  return `#compdef ${program}
# zsh completion for ${program}, after compinit: source <(${program} --completion=zsh)
# Or write it to a file _${program} in a folder of $fpath.
_${program}() {
  local command=''
  local -a subcommands=(${described})
  (( CURRENT > 2 )) && command=$words[2]
  case $command in
${commands.map(commandCase).join('')}    *)
      _arguments ${specs(flags)}${
        commands.length === 0
          ? " '1:start:' '2:end:'"
          : " '1: :{ _describe -t commands command subcommands }'"
      } ;;
  esac
}
if [[ $funcstack[1] == _${program} ]]; then
  _${program} "$@"
else
  compdef _${program} ${program}
fi
`
}

function commandCase({ name, flags, argument }: Completion['commands'][number]): string {
  if (argument === 'command') {
    return `    ${name})
      (( CURRENT == 3 )) && _describe -t commands command subcommands ;;
`
  }
  const before =
    name === 'run'
      ? `      local -i dashes=$words[(i)--]
      if (( dashes < CURRENT )); then
        shift $dashes words
        (( CURRENT -= dashes ))
        _normal -p $service
        return
      fi
`
      : ''
  return `    ${name})
${before}      shift words
      (( CURRENT-- ))
      _arguments ${specs(flags)}${argument === undefined ? '' : ` '${argument === 'port' ? '*' : '1'}:${argument}:'`} ;;
`
}

function specs(flags: readonly Completed[]): string {
  return flags.flatMap(specsOf).join(' ')
}

function specsOf({ flag, short, value, choices, says }: Completed): string[] {
  const text = `[${says.replace(/[[\]\\]/g, '\\$&')}]`
  if (value !== undefined) {
    const action = flag === 'user' ? '_users' : choices.length > 0 ? `(${choices.join(' ')})` : ' '
    return [quoted(`--${flag}=${text}:${value}:${action}`)]
  }
  const names = [`--${flag}`, ...short.map((letter) => `-${letter}`)]
  // Each form excludes the others.
  return names.map((name) =>
    quoted(`${short.length > 0 ? `(${names.join(' ')})` : ''}${name}${text}`),
  )
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
