# bash completion for dlm-updater; made from the command model, checked by a test.
_dlm_updater() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} path= words i
    for ((i = 1; i < COMP_CWORD; i++)); do
        case "$path ${COMP_WORDS[i]}" in
            " run" | " status" | " plan" | " check" | " lock" | " lock show" | " lock list" | " lock acquire" | " lock release" | " lock unlock" | " lock set-max" | " lock enable" | " lock disable" | " lock events" | " lock watch" | " shield" | " upgrade" | " upgrade pending" | " upgrade history" | " upgrade rerun" | " upgrade mark" | " upgrade new" | " hooks" | " hooks list" | " hooks show" | " hooks enable" | " hooks disable" | " history" | " reset" | " updatelock" | " import" | " version") path+=" ${COMP_WORDS[i]}" ;;
        esac
    done
    case $prev in
        --band | --date-constraint | --date_constraint | --deployment | --from | --last | --only | --random-delay | --random_sleep | --reason | --rerun | --skip) COMPREPLY=(); return ;;
        --cfg | --config | --write) COMPREPLY=($(compgen -f -- "$cur")); return ;;
        --output) COMPREPLY=($(compgen -W "text json" -- "$cur")); return ;;
    esac
    case $path in
        '') words="run status plan check lock shield upgrade hooks history reset updatelock import version --help --version" ;;
        ' run') words="--config --cfg --after-reboot --after_reboot --after-kill --date-constraint --date_constraint --random-delay --random_sleep --init --help" ;;
        ' status') words="--config --cfg --output --help" ;;
        ' plan') words="--config --cfg --output --help" ;;
        ' check') words="--config --cfg --output --help" ;;
        ' lock') words="show list acquire release unlock set-max enable disable events watch --help" ;;
        ' lock show') words="--config --cfg --output --help" ;;
        ' lock list') words="--config --cfg --output --help" ;;
        ' lock acquire') words="--config --cfg --help" ;;
        ' lock release') words="--config --cfg --help" ;;
        ' lock unlock') words="--config --cfg --reason --yes -y --help" ;;
        ' lock set-max') words="--config --cfg --help" ;;
        ' lock enable') words="--config --cfg --help" ;;
        ' lock disable') words="--config --cfg --help" ;;
        ' lock events') words="--config --cfg --output --help" ;;
        ' lock watch') words="--config --cfg --output --help" ;;
        ' shield') words="--config --cfg --wait --help" ;;
        ' upgrade') words="pending history rerun mark new --config --cfg --output --describe --dry-run -n --dryrun --assumeyes -y --autostop -a --quiet -q --trace --noservicecheck --from --only --skip --rerun --deployment --help" ;;
        ' upgrade pending') words="--config --cfg --help" ;;
        ' upgrade history') words="--output --config --cfg --help" ;;
        ' upgrade rerun') words="--config --cfg --help" ;;
        ' upgrade mark') words="--config --cfg --help" ;;
        ' upgrade new') words="--band --every-time --config --cfg --help" ;;
        ' hooks') words="list show enable disable --config --cfg --help" ;;
        ' hooks list') words="--output --config --cfg --help" ;;
        ' hooks show') words="--output --config --cfg --help $(ls /usr/share/dlm-updater/hooks 2>/dev/null)" ;;
        ' hooks enable') words="--config --cfg --help $(ls /usr/share/dlm-updater/hooks 2>/dev/null)" ;;
        ' hooks disable') words="--config --cfg --help $(ls /usr/share/dlm-updater/hooks 2>/dev/null)" ;;
        ' history') words="--config --cfg --output --last --help" ;;
        ' reset') words="--config --cfg --yes -y --release --help" ;;
        ' updatelock') words="--config --cfg --help" ;;
        ' import') words="--write --help" ;;
        ' version') words="--output --help" ;;
    esac
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -F _dlm_updater dlm-updater
