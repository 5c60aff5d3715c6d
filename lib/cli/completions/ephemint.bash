# Completion of ephemint, for bash.

# Each option with the form of its value, as in --help.
_ephemint_options() { # COMMAND
  local client='--base-url=URL --api-key-file=FILE --ca-file=PEM --redirect-host=HOST
    --proxy=URL --proxy-credentials-file=FILE
    --rate=N/DUR|unlimited|auto --connections=N --http=auto|1.1|2
    --attempt-timeout=DUR --max-attempts=N --hedge --min-remaining=DUR
    --quota-store=URL --quota-store-password-file=FILE --quota-share=N/DUR --quota-lost=share|stop'
  case $1 in
    '') echo --help --version ;;
    mint) echo "--help --accounts=FILE|- $client --in-flight=N --deadline=DUR --outage-patience=DUR
      --redirect-to=PAGE --theme-id=UUID --token-only --format=text|json|url --metrics-file=FILE" ;;
    gateway) echo "--help --listen=WHERE --login-listen=WHERE --admin-listen=WHERE --socket-mode=MODE
      --bearer-file=FILE --per-account=N/DUR|off --link-key-file=FILE --public-url=URL --back-url=URL
      --max-link-age=DUR --confirm --same-site=on|off --deadline=DUR --drain-delay=DUR
      --log-accounts=plain|hash|none --check $client" ;;
    link) echo '--help --link-key-file=FILE --public-url=URL --redirect-to=PAGE --theme-id=UUID --max-age=DUR' ;;
    sandbox) echo '--help --port=N --api-key=KEY --rate-limit=N/DUR --limiter=fixed|sliding|bucket
      --token-lifetime=DUR --latency=DUR --jitter=DUR --fault=SPEC --http=auto|1.1|2 --ca-out=FILE' ;;
    demo) echo '--help --accounts=N' ;;
  esac
}

_ephemint_values() { # FORM WORD
  local words=
  case $1 in
    FILE* | PEM)
      compopt -o filenames 2> /dev/null
      mapfile -t COMPREPLY < <(compgen -f -- "$2")
      return ;;
    HOST)
      mapfile -t COMPREPLY < <(compgen -A hostname -- "$2")
      return ;;
    PAGE) words='carriers billing onboarding' ;;
    *)
      local word
      for word in ${1//|/ }; do # words that can be typed unchanged
        [[ $word == *[A-Z]* ]] || words+=" $word"
      done ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$2")
}

_ephemint() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command= commands='mint gateway link sandbox demo'
  local option names= i
  COMPREPLY=()
  ((COMP_CWORD == 1)) || command=${COMP_WORDS[1]}

  for ((i = 2; i < COMP_CWORD; i++)); do
    [[ ${COMP_WORDS[i]} == -- ]] || continue
    if [[ $command == sandbox ]]; then # the command to run, with its own arguments
      local kind=file
      ((i + 1 < COMP_CWORD)) || kind=command
      mapfile -t COMPREPLY < <(compgen -A "$kind" -- "$word" | sort -u)
    fi
    return
  done

  # bash splits --option=value.
  [[ $word != = ]] || word=
  [[ $before != = ]] || before=${COMP_WORDS[COMP_CWORD - 2]}
  for option in $(_ephemint_options "$command"); do
    if [[ $option == "$before="* ]]; then
      _ephemint_values "${option#*=}" "$word"
      return
    fi
    names+=" ${option%%=*}"
  done

  case $command in
    '') names+=" help $commands" ;;
    help) names=$commands ;;
  esac
  [[ $word != -* && -n $command && $command != help ]] || mapfile -t COMPREPLY < <(compgen -W "$names" -- "$word")
}

complete -F _ephemint ephemint
