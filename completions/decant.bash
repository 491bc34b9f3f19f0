# Completion of decant in bash. Print it with: decant completion bash
_decant() {
  local line=${COMP_LINE:0:COMP_POINT} words cur paths word help candidates=()
  # Bash cuts words at = and : too, which names of images and options have; so they are cut here at blanks.
  read -ra words <<<"$line"
  [[ $line == *[[:blank:]] ]] && words+=("")
  cur=${words[${#words[@]} - 1]}
  {
    IFS= read -r paths
    while IFS=$'\t' read -r word help; do candidates+=("$word"); done
  } < <("${COMP_WORDS[0]/#~\//$HOME/}" completion --answer -- "${words[@]:1}" 2>/dev/null)

  COMPREPLY=("${candidates[@]}")
  # Of --file=PATH, only PATH.
  [[ $cur == --*=* ]] && word=${cur#*=} || word=$cur
  case $paths in
    files) compopt -o filenames 2>/dev/null; mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$word") ;;
    folders) compopt -o filenames 2>/dev/null; mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -d -- "$word") ;;
  esac
  # Bash replaces the part behind the last sign at which it cuts.
  local break kept=$cur
  for break in = :; do
    [[ $COMP_WORDBREAKS == *"$break"* ]] && kept=${kept##*"$break"}
  done
  local begin=${cur%"$kept"} at
  for at in "${!COMPREPLY[@]}"; do COMPREPLY[at]=${COMPREPLY[at]#"$begin"}; done
}
complete -F _decant decant
