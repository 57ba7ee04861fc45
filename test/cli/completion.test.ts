// The completion scripts, in the real shells.

import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { OPENPORT, PROGRAM } from '../support/paths.js'
import { environment, run } from '../support/run.js'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'port4me-completion-'))
  for (const [program, file] of [
    ['port4me', PROGRAM],
    ['openport', OPENPORT],
  ] as const) {
    for (const shell of ['bash', 'zsh', 'fish']) {
      const { status, stdout, stderr } = run(process.execPath, [file, `--completion=${shell}`])
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
      writeFileSync(join(folder, `${program}.${shell}`), stdout)
    }
  }
  writeFileSync(join(folder, 'zsh-harness'), ZSH)
})
afterAll(() => rmSync(folder, { recursive: true }))

function shell(name: string, args: readonly string[]): string {
  const { stdout, stderr } = run(name, args, { FOLDER: folder })
  expect(stderr).toBe('')
  return stdout
}

/** Whether a shell is installed. All are where .ci/run has installed them. */
const has = (name: string): boolean => spawnSync(name, ['-c', 'exit']).error === undefined

const linesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '')

/** Completes the words of a line in Bash, which takes "--flag=value" for three words. */
function bash(line: string, before = ''): string[] {
  const code = `${before}
    source "$FOLDER/port4me.bash" && source "$FOLDER/openport.bash"
    COMP_WORDS=(${line}) COMP_CWORD=$(( \${#COMP_WORDS[@]} - 1 ))
    COMP_LINE="\${COMP_WORDS[*]}" COMP_POINT=\${#COMP_LINE}
    compopt() { :; }
    "_\${COMP_WORDS[0]}"
    printf '%s\\n' "\${COMPREPLY[@]}"`
  return linesOf(shell('bash', ['--norc', '-c', code])).sort()
}

/** Completes a line in an interactive zsh, and writes what compadd is given to a file: zshcompwid(1), zshmodules(1). */
const ZSH = `
zmodload zsh/zpty
answers=$FOLDER/answers
: > $answers
zpty shell zsh -f -i
zpty -w shell "PROMPT= PROMPT2= ANSWERS=$answers; autoload -U compinit; compinit -D -u"
zpty -w shell "source $FOLDER/port4me.zsh; source $FOLDER/openport.zsh; compdef _mycommand mycommand"
zpty -w shell '_mycommand() { compadd alpha beta }'
zpty -w shell 'compadd() {
  if (( \${@[(I)-[OAD]*]} )); then builtin compadd "$@"; return; fi
  local -a found; builtin compadd -O found "$@"; print -rl -- $found >> $ANSWERS
  builtin compadd "$@" }'
zpty -w shell "zstyle ':completion:*' list-colors; LISTMAX=9999; bindkey '^I' list-choices; print ready >> $answers"
until [[ $(<$answers) == *ready* ]]; do zpty -r -t shell; sleep 0.02; done
zpty -n -w shell "$1"$'\\t'$'\\x15'"print done >> $answers"$'\\n'
until [[ $(<$answers) == *done* ]]; do zpty -r -t shell; sleep 0.02; done
zpty -d shell
`

function zsh(line: string): string[] {
  execFileSync('zsh', ['-f', join(folder, 'zsh-harness'), line], {
    env: environment({ FOLDER: folder, TERM: 'dumb', HOME: folder }),
    timeout: 20_000,
    stdio: 'ignore',
  })
  const answers = readFileSync(join(folder, 'answers'), 'utf8')
  const found = linesOf(answers).filter((word) => word !== 'ready' && word !== 'done')
  return [...new Set(found)].sort()
}

function fish(line: string): string[] {
  const code = `source "$FOLDER/port4me.fish"; source "$FOLDER/openport.fish"
    complete -c mycommand -f -a 'alpha beta'
    complete -C ${JSON.stringify(line)}`
  return linesOf(shell('fish', ['--no-config', '-c', code]))
    .map((word) => word.replace(/\t.*/, ''))
    .sort()
}

const COMMANDS = ['env', 'help', 'map', 'run', 'services', 'stop', 'url', 'wait', 'who']
const OF_WAIT = ['--free', '--help', '--host', '--timeout']

describe('Bash', () => {
  test('completes commands, and flags of the command', () => {
    expect(bash('port4me ""')).toEqual(COMMANDS)
    expect(bash('port4me w')).toEqual(['wait', 'who'])
    expect(bash('port4me help st')).toEqual(['stop'])
    expect(bash('port4me help ""')).toEqual(COMMANDS.filter((name) => name !== 'help'))
    expect(bash('port4me --in')).toEqual(['--include='])
    expect(bash('port4me --')).toEqual(expect.arrayContaining(['--exclude=', '--why=', '--json']))
    expect(bash('port4me --')).not.toContain('--yes')
    expect(bash('port4me run --e')).toEqual(['--env=', '--exclude=', '--exclusive'])
    expect(bash('port4me who --')).toEqual([
      '--all',
      '--family=',
      '--help',
      '--json',
      '--protocol=',
    ])
    expect(bash('port4me stop --')).toEqual([
      '--force',
      '--help',
      '--project=',
      '--protocol=',
      '--user=',
      '--yes',
    ])
    expect(bash('port4me env --e')).toEqual(['--exclude=', '--export'])
    expect(bash('port4me wait 80 --')).toEqual(['--free', '--help', '--host=', '--timeout='])
    expect(bash('port4me stop 8')).toEqual([])
    expect(bash('openport --')).toEqual(['--completion=', '--help', '--inclusive', '--version'])
    expect(bash('openport ""')).toEqual([])
  })

  test('completes values', () => {
    expect(bash('port4me --user = roo')).toContain('root')
    expect(bash('port4me --user roo')).toContain('root')
    expect(bash('port4me --test = 1')).toEqual([])
    expect(bash('port4me --completion = ""')).toEqual(['bash', 'fish', 'zsh'])
    expect(bash('port4me who --family = ipv')).toEqual(['ipv4', 'ipv6'])
    expect(bash('openport --completion = f')).toEqual(['fish'])
  })

  const register = 'complete -W "alpha beta" mycommand'
  test('completes commands after --', () => {
    expect(bash('port4me run -- mkdi')).toContain('mkdir')
    expect(bash('port4me run api --env = A -- mkdi')).toContain('mkdir')
    expect(bash('port4me run -- mycommand al', register)).toEqual([])
  })

  const BASH_COMPLETION = '/usr/share/bash-completion/bash_completion'
  test.runIf(existsSync(BASH_COMPLETION))(
    'completes the arguments of the command after --, with the package bash-completion',
    () => {
      const before = `${register}; shopt -s extglob; source ${BASH_COMPLETION}`
      expect(bash('port4me run -- mycommand al', before)).toEqual(['alpha'])
      expect(bash('port4me run -- mkdi', before)).toContain('mkdir')
      expect(bash('port4me --user = roo', before)).toContain('root')
    },
  )

  test('is registered for both programs', () => {
    const code = `source "$FOLDER/port4me.bash"; source "$FOLDER/openport.bash"; complete -p port4me openport`
    expect(shell('bash', ['--norc', '-c', code])).toBe(
      'complete -F _port4me port4me\ncomplete -F _openport openport\n',
    )
  })
})

describe.runIf(has('zsh'))('zsh', () => {
  test('completes commands, and flags of the command', () => {
    expect(zsh('port4me ')).toEqual(COMMANDS)
    expect(zsh('port4me w')).toEqual(['wait', 'who'])
    expect(zsh('port4me help st')).toEqual(['stop'])
    expect(zsh('port4me --in')).toEqual(['--include'])
    expect(zsh('port4me run --e')).toEqual(['--env', '--exclude', '--exclusive'])
    expect(zsh('port4me wait 80 --')).toEqual(OF_WAIT)
    expect(zsh('port4me stop -')).toEqual(
      ['--force', '--help', '--project', '--protocol', '--user', '--yes', '-h', '-y'].sort(),
    )
    expect(zsh('openport --')).toEqual(['--completion', '--help', '--inclusive', '--version'])
  })

  test('completes values', () => {
    expect(zsh('port4me --user=roo')).toContain('root')
    expect(zsh('port4me --user roo')).toContain('root')
    expect(zsh('port4me who --family=ipv')).toEqual(['ipv4', 'ipv6'])
    expect(zsh('openport --completion=')).toEqual(['bash', 'fish', 'zsh'])
  })

  test('completes commands after --, and their arguments', () => {
    expect(zsh('port4me run -- mkdi')).toContain('mkdir')
    expect(zsh('port4me run api --env=A -- mycommand al')).toEqual(['alpha'])
  })

  test('can be a file in a folder of fpath', () => {
    const code = `fpath=($FOLDER $fpath); cp $FOLDER/port4me.zsh $FOLDER/_port4me
      autoload -U compinit; compinit -D -u; print -r -- $_comps[port4me]`
    expect(shell('zsh', ['-f', '-c', code])).toBe('_port4me\n')
  })
})

describe.runIf(has('fish'))('fish', () => {
  test('completes commands, and flags of the command', () => {
    expect(fish('port4me ')).toEqual(COMMANDS)
    expect(fish('port4me w')).toEqual(['wait', 'who'])
    expect(fish('port4me help st')).toEqual(['stop'])
    expect(fish('port4me --in')).toEqual(['--include'])
    expect(fish('port4me run --e')).toEqual(['--env', '--exclude', '--exclusive'])
    expect(fish('port4me wait 80 --')).toEqual(OF_WAIT)
    expect(fish('port4me stop 8')).toEqual([])
    expect(fish('openport --')).toEqual(['--completion', '--help', '--inclusive', '--version'])
  })

  test('completes values', () => {
    expect(fish('port4me --user=roo')).toContain('--user=root')
    expect(fish('port4me --user roo')).toContain('root')
    expect(fish('port4me who --family ipv')).toEqual(['ipv4', 'ipv6'])
    expect(fish('openport --completion=')).toHaveLength(3)
  })

  test('completes commands after --, and their arguments', () => {
    expect(fish('port4me run -- mkdi')).toContain('mkdir')
    expect(fish('port4me run -- ')).toContain('mkdir')
    expect(fish('port4me run api --env=A -- mycommand al')).toEqual(['alpha'])
    expect(fish('port4me run -- --')).not.toContain('--env')
  })
})
