/** Completion for Bash: source <(port4me --completion=bash) */
export const BASH_COMPLETION = `# Bash completion for port4me: source <(port4me --completion=bash)
_port4me() {
  local word=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]}
  [[ $word == '=' ]] && word=''
  [[ $previous == '=' ]] && previous=\${COMP_WORDS[COMP_CWORD-2]}
  COMPREPLY=()
  case $previous in
    --user)
      mapfile -t COMPREPLY < <(compgen -u -- "$word")
      return ;;
    --completion)
      mapfile -t COMPREPLY < <(compgen -W 'bash' -- "$word")
      return ;;
    --protocol)
      mapfile -t COMPREPLY < <(compgen -W 'tcp udp both' -- "$word")
      return ;;
    --family)
      mapfile -t COMPREPLY < <(compgen -W 'ipv4 ipv6 both' -- "$word")
      return ;;
    --time-wait)
      mapfile -t COMPREPLY < <(compgen -W 'free busy' -- "$word")
      return ;;
    --env|--tool|--prepend|--include|--exclude|--skip|--worker|--host|--list|--test|--why)
      return ;;
  esac
  if [[ \${COMP_WORDS[1]} == run && " \${COMP_WORDS[*]:2:COMP_CWORD-2} " == *' -- '* ]]; then
    compopt -o default
    return
  fi
  if [[ $word != -* ]]; then
    [[ $COMP_CWORD -eq 1 ]] && mapfile -t COMPREPLY < <(compgen -W 'run help' -- "$word")
    [[ $COMP_CWORD -eq 2 && $previous == help ]] && mapfile -t COMPREPLY < <(compgen -W 'run' -- "$word")
    return
  fi
  if [[ \${COMP_WORDS[1]} == run ]]; then
    mapfile -t COMPREPLY < <(compgen -W '--user= --tool= --prepend= --include= --exclude= --skip= --worker= --protocol= --family= --host= --time-wait= --env= --exclusive --debug --help --' -- "$word")
    [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == *= ]] && compopt -o nospace
    return
  fi
  mapfile -t COMPREPLY < <(compgen -W '--user= --tool= --prepend= --include= --exclude= --skip= --worker= --protocol= --family= --host= --time-wait= --list= --test= --why= --json --debug --completion= --help --version' -- "$word")
  [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == *= ]] && compopt -o nospace
}
complete -F _port4me port4me
`
