"""Completion in Bash: what Tyro's script knows, and beside it robots, methods and files by name."""

import re
from collections.abc import Iterable

_BASH = """
# Names where the commands take some, and files where nothing else fits.
_vgps_names() {{
  local cur=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} names=
  case "$before" in
    --robots | --like) names="{robots}" ;;
    --method | --methods) names="{methods}" ;;
    -*) ;;
    *) case "${{COMP_WORDS[1]}}" in
      check | build | doctor | optimize | train | export) names="{robots}" ;;
    esac ;;
  esac
  COMPREPLY=()
  if [[ $COMP_CWORD -gt 1 && -n $names && $cur != -* ]]; then
    COMPREPLY=($(compgen -W "$names" -- "$cur"))
  elif [[ $COMP_CWORD -eq 1 || $cur == -* || $before == -* ]]; then
    PYTHONUTF8=1 _tyro_vgps  # descriptions have letters that the locale may lack
    [[ -n ${{COMPREPLY[0]}} ]] || COMPREPLY=()
  fi
}}
complete -o default -F _vgps_names vgps
"""


def bash_names(robots: Iterable[str], methods: Iterable[str]) -> str:
    """What is to follow Tyro's script.  A name that a shell might take for more is left out."""
    plain = re.compile(r"[\w.-]+", re.ASCII).fullmatch
    return _BASH.format(
        robots=" ".join(filter(plain, sorted(robots))), methods=" ".join(filter(plain, methods))
    )
