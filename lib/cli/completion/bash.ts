// Completion for Bash 4 and newer: bash(1), "Programmable Completion".

import type { Completion } from './completion.js'
import type { Completed } from './flags.js'

export function bashScript({ program, flags, commands }: Completion): string {
  const names = commands.map(({ name }) => name).join(' ')
  const all = [...flags, ...commands.flatMap((command) => command.flags)]
  const values = new Map(all.flatMap((one) => (one.value === undefined ? [] : [[one.flag, one]])))
  return `# Bash completion for ${program}: source <(${program} --completion=bash)
_${program}() {
  local word=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} command='' flags words='' i
  COMPREPLY=()
  ((COMP_CWORD > 1)) && command=\${COMP_WORDS[1]}
${names === '' ? '' : AFTER_DASHES}  # Bash takes "--flag=value" for three words.
  [[ $word == '=' ]] && word=''
  [[ $previous == '=' ]] && previous=\${COMP_WORDS[COMP_CWORD-2]}
  case $previous in
${valueCases([...values.values()])}  esac
  case $command in
${commands.map(({ name, flags: own }) => `    ${name}) flags='${wordsOf(own)}${name === 'run' ? ' --' : ''}' ;;\n`).join('')}    *) flags='${wordsOf(flags)}' ;;
  esac
  ((COMP_CWORD == 1)) && words='${names}'
  [[ $COMP_CWORD -eq 2 && $command == help ]] && words='${names.replace(/ ?help/, '')}'
  [[ $word == -* ]] && words=$flags
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
  [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == *= ]] && compopt -o nospace
}
complete -F _${program} ${program}
`
}

/** After "--" follows a command with its own completion. The package bash-completion has a function for this. */
const AFTER_DASHES = `  if [[ $command == run ]]; then
    for ((i = 2; i < COMP_CWORD; i++)); do
      [[ \${COMP_WORDS[i]} == -- ]] || continue
      ((i++))
      if declare -F _comp_command_offset >/dev/null; then
        _comp_command_offset "$i"
      elif declare -F _command_offset >/dev/null; then
        _command_offset "$i"
      elif ((i == COMP_CWORD)); then
        mapfile -t COMPREPLY < <(compgen -c -- "$word")
      else
        compopt -o default
      fi
      return
    done
  fi
`

/** A case for each flag whose values are known. After the others nothing is completed. */
function valueCases(flags: readonly Completed[]): string {
  const cases = flags.map(({ flag, choices }) => {
    if (flag === 'user') return [flag, 'compgen -u']
    return [flag, choices.length > 0 ? `compgen -W '${choices.join(' ')}'` : undefined]
  })
  const others = cases.filter(([, source]) => source === undefined).map(([flag]) => `--${flag}`)
  return [
    ...cases.flatMap(([flag, source]) =>
      source === undefined
        ? []
        : `    --${flag})\n      mapfile -t COMPREPLY < <(${source} -- "$word")\n      return ;;\n`,
    ),
    ...(others.length === 0 ? [] : [`    ${others.join('|')}) return ;;\n`]),
  ].join('')
}

function wordsOf(flags: readonly Completed[]): string {
  return flags
    .map(({ flag, value }) => (value === undefined ? `--${flag}` : `--${flag}=`))
    .join(' ')
}
