/** Scripts that make a shell ask us for candidates, and the operation that prints them. */
import { z } from 'zod'
import { operation, type OperationContext } from '../op/operation.ts'
import type { Registry } from '../op/registry.ts'

const shells = ['bash', 'zsh', 'fish'] as const
type Shell = (typeof shells)[number]

/**
 * Bash cuts words at `=` and `:` (COMP_WORDBREAKS), so they are joined again, and what stands before the last cut is taken off the
 * candidates (bash(1), Programmable Completion).
 */
function bashScript(program: string): string {
  return `# bash completion of ${program}: source <(${program} completion bash)
_${program}_complete() {
  local words=() joined='' piece i
  for ((i = 1; i <= COMP_CWORD; i++)); do
    piece=\${COMP_WORDS[i]}
    if ((\${#words[@]} > 0)) && [[ $piece == [=:]* || $joined == yes ]]; then
      words[-1]+=$piece
    else
      words+=("$piece")
    fi
    if [[ $piece == [=:] ]]; then joined=yes; else joined=''; fi
  done
  piece=\${COMP_WORDS[COMP_CWORD]}
  if [[ $piece == [=:] ]]; then piece=''; fi
  local typed=\${words[-1]} lines=() line candidate
  local before=\${typed%"$piece"}
  mapfile -t lines < <("$1" __complete -- "\${words[@]}" 2>/dev/null)
  COMPREPLY=()
  for line in "\${lines[@]:1}"; do
    candidate=\${line%%$'\\t'*}
    printf -v candidate %q "\${candidate#"$before"}"
    COMPREPLY+=("$candidate")
  done
  if [[ \${lines[0]} == files ]]; then
    compopt -o filenames 2>/dev/null
    mapfile -t lines < <(compgen -f -- "$piece")
    COMPREPLY+=("\${lines[@]}")
  fi
}
complete -F _${program}_complete ${program}`
}

function zshScript(program: string): string {
  return `#compdef ${program}
# zsh completion of ${program}: source <(${program} completion zsh)
_${program}_complete() {
  local -a lines candidates
  local line
  lines=("\${(@f)$(\${words[1]} __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  for line in "\${(@)lines[2,-1]}"; do
    [[ -n $line ]] && candidates+=("\${\${line%%$'\\t'*}//:/\\\\:}\${\${(M)line%%$'\\t'*}:+:\${line#*$'\\t'}}")
  done
  _describe -t values ${program} candidates
  [[ $lines[1] == files ]] && _files
}
compdef _${program}_complete ${program}`
}

function fishScript(program: string): string {
  return `# fish completion of ${program}: ${program} completion fish | source
function __${program}_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l lines ($words[1] __complete -- $words[2..-1] 2>/dev/null)
  if test "$lines[1]" = files
    __fish_complete_path (commandline -ct)
  end
  printf '%s\\n' $lines[2..-1]
end
complete -c ${program} -f -a '(__${program}_complete)'`
}

/** The completion script of a program for a shell. */
export function completionScript(program: string, shell: Shell): string {
  const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript }
  return scripts[shell](program)
}

function completionOperation<Context extends OperationContext>(program: string) {
  return operation<Context>()({
    path: ['completion'],
    summary: 'Print the script that completes commands in a shell',
    effect: 'read',
    args: ['shell'],
    input: z.strictObject({ shell: z.enum(shells).describe('the shell that is to complete') }),
    output: z.strictObject({ shell: z.enum(shells), script: z.string() }),
    examples: [`${program} completion bash`],
    run: async (_, { shell }) => ({ shell, script: completionScript(program, shell) }),
    view: ({ script }) => script,
  })
}

/** The registry with the operations that every program has. */
export function withCompletion<Context extends OperationContext>(registry: Registry<Context>): Registry<Context> {
  const operations = [completionOperation<Context>(registry.program)]
  const own = { title: 'Shell', words: ['completion'], load: () => Promise.resolve(operations) }
  return { ...registry, rooms: [...registry.rooms, own] }
}
