// The completion scripts, from the table of settings.

import {
  FLAG_HELP,
  type Flag,
  OPTIONS,
  PROGRAM_FLAGS,
  SETTINGS,
  type Setting,
} from '../settings/table.js'
import { oneOf } from '../settings/values.js'

export function completion(_program: 'port4me' | 'openport', shell: string): string {
  oneOf(shell, '--completion', PROGRAM_FLAGS.completion.choices)
  return bashCompletion()
}

interface Completed {
  readonly flag: Flag
  readonly choices: readonly string[]
  readonly of: readonly string[]
}

function bashCompletion(): string {
  const flags = [...ofOptions(), ...ofPrograms()]
  const withChoices = flags.filter(({ choices }) => choices.length > 0)
  const others = flags.filter(({ flag, choices }) => hasValue(flag) && choices.length === 0)
  return `# Bash completion for port4me: source <(port4me --completion=bash)
_port4me() {
  local word=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]}
  [[ $word == '=' ]] && word=''
  [[ $previous == '=' ]] && previous=\${COMP_WORDS[COMP_CWORD-2]}
  COMPREPLY=()
  case $previous in
    --user)
      mapfile -t COMPREPLY < <(compgen -u -- "$word")
      return ;;
${withChoices.map(({ flag, choices }) => completing(flag, choices)).join('')}    ${others
    .map(({ flag }) => `--${flag}`)
    .filter((flag) => flag !== '--user')
    .join('|')})
      return ;;
  esac
  if [[ \${COMP_WORDS[1]} == run && " \${COMP_WORDS[*]:2:COMP_CWORD-2} " == *' -- '* ]]; then
    compopt -o default
    return
  fi
  if [[ $word != -* ]]; then
    [[ $COMP_CWORD -eq 1 ]] && mapfile -t COMPREPLY < <(compgen -W 'run who stop wait help' -- "$word")
    [[ $COMP_CWORD -eq 2 && $previous == help ]] && mapfile -t COMPREPLY < <(compgen -W 'run who stop wait' -- "$word")
    return
  fi
  if [[ \${COMP_WORDS[1]} == run ]]; then
    mapfile -t COMPREPLY < <(compgen -W '${words(flags, 'run')} --' -- "$word")
    [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == *= ]] && compopt -o nospace
    return
  fi
  mapfile -t COMPREPLY < <(compgen -W '${words(flags, 'port4me')}' -- "$word")
  [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == *= ]] && compopt -o nospace
}
complete -F _port4me port4me
`
}

function ofOptions(): Completed[] {
  return OPTIONS.flatMap((option) => {
    const { flag, choices = [], only }: Setting = SETTINGS[option]
    if (flag === undefined) return []
    return [{ flag: flag as Flag, choices, of: only === 'lease' ? ['run'] : ['run', 'port4me'] }]
  })
}

function ofPrograms(): Completed[] {
  return (Object.keys(PROGRAM_FLAGS) as (keyof typeof PROGRAM_FLAGS)[]).map((flag) => {
    const { of, choices = [] }: { of: Completed['of']; choices?: readonly string[] } =
      PROGRAM_FLAGS[flag]
    return { flag, choices, of }
  })
}

function hasValue(flag: Flag): boolean {
  return FLAG_HELP[flag].value !== undefined
}

function completing(flag: Flag, choices: readonly string[]): string {
  return `    --${flag})
      mapfile -t COMPREPLY < <(compgen -W '${choices.join(' ')}' -- "$word")
      return ;;
`
}

function words(flags: readonly Completed[], program: 'port4me' | 'run'): string {
  return flags
    .filter(({ of }) => of.includes(program))
    .map(({ flag }) => (hasValue(flag) ? `--${flag}=` : `--${flag}`))
    .join(' ')
}
