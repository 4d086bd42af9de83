# shellcheck shell=bash
# Replays a page: what it says is typed, is typed in terminals, and what these
# show is compared with the page. A script for a page sources this file. It is a
# list of scenes, and then calls play "$@".
#
# Every heading or bold lead of the page with console blocks has a scene. It has
# a network, processes and a copy of the lesson of its own, with the programs
# built and all terminals in the lesson's folder, and ends with all that it has
# started. The commands and what they print are never here: they are on the
# page. A block that no scene takes is a failure.
#
#   page FILE                 the page
#   not_run REASON COMMAND... these commands of its prose no scene runs
#   scene FUNCTION LEAD...    the function plays the blocks under these leads
#   play [FUNCTION...]        plays all scenes, or these
#
# In a scene:
#   block T [TEXT [N]]        takes the next block for terminal T: types its
#                             commands ("$ ") and lines ("> ") at their prompts,
#                             presses its ^C and ^Z, and compares the rest; up
#                             to its first (Nth) line with TEXT, or to its end
#   more T [TEXT [N]]         goes on with it
#   types T                   its next line is typed, although no "> " says so
#   vary EXPRESSION...        for the next block: sed -E on both texts before
#                             they are compared
#   compared part|any|rows    for the next block: its lines come in this order,
#                             and others between them; or they come somewhere;
#                             or they are rows of ss, in any order
#   with EXPRESSION           for the next block: sed -E on what is typed
#   swap, elsewhere           the block behind the next one comes first; the next
#                             one is for another scene with the same lead
#   run T TEXT, type T TEXT   what the page's prose says is typed: a command at
#                             the prompt, or a line for what runs there
#   shows T TEXT              what the prose says comes, since the last of these
#   do_ T TEXT, say T TEXT, gets T TEXT
#                             the same where the prose leaves the words open
#   again T                   the command that was typed there last
#   press T C|D|Z             Ctrl-C and so on; the prompt of the shell follows
#   waits T, ends T           T shows the prompt of the client, or of the shell
#   new T [FOLDER]            opens terminal T; the others open it themselves
#   await WHAT COMMAND...     waits until the command succeeds
#   connections N, queued N   N connections to port 9999 stand, or wait there
#   stuck                     a condition for await: bytes wait at both ends of
#                             the connection, all programs sleep, nothing moves
#   listening [PORT]          somebody listens there
#   second_in_queue           a server in terminal 1, its client in 2, and in 3 a
#                             second client, whose word "second" waits in the queue
#   solved                    the programs are those of the solution
#   wrong MESSAGE...          the scene has failed
#
# Any one wait takes PATIENCE milliseconds at most (10000). SCENES is how many
# scenes are played at once (4).

set -u
not_ours=$(compgen -v | sort)
# shellcheck source=tests/kit/pages.bash
. "${BASH_SOURCE[0]%/*}/../pages.bash"
# shellcheck source=tests/commands/common.bash
. "${BASH_SOURCE[0]%/*}/../../commands/common.bash"
export LC_ALL=C
PATIENCE=${PATIENCE:-10000}

# Each varies: ports that the system gives, process ids, addresses in memory.
always=(-e 's/(127\.0\.0\.1:)[0-9]{5}/\1PORT/g' -e 's/pid=[0-9]+/pid=N/g'
    -e 's/0x[0-9a-f]+/ADDRESS/g')

scenes=() not_run=()
declare -A leads_of=()

page() {
    page=$1
    read_page "$top/$page" || exit 2
    squeeze "$(cat "$top/$page")"
    whole_page=$squeezed
}

scene() {
    local name=$1
    shift
    scenes+=("$name")
    leads_of[$name]=$(printf '%s\n' "$@")
}

not_run() {
    shift
    local command
    for command; do
        squeeze "$command"
        not_run+=("$squeezed")
    done
}

# ---- outside --------------------------------------------------------------

play() {
    local name status=0 tool world ours
    for tool in unshare ip script ss lsof strace nc ps prlimit setpriv; do
        command -v "$tool" >/dev/null && continue
        echo "$tool is missing, and the pages use it. On Debian: apt-get install" \
            "iproute2 lsof strace netcat-openbsd procps bsdutils util-linux"
        status=1
    done
    ((status == 0)) || exit 1
    world=(unshare --net --pid --fork --kill-child --mount-proc)
    ((EUID == 0)) || world+=(--map-root-user)
    if ! "${world[@]}" true; then
        echo "The pages need a network of their own for port 9999, and this system gives none."
        exit 1
    fi
    base=$(mktemp -d)
    # What ends may still be writing.
    trap 'rm -rf "$base" || rm -rf "$base"' EXIT
    trap 'exit 130' INT TERM
    mkdir "$base/told"
    touch "$base/used" "$base/taken"
    copy_kit "$base/kit" tests/kit || exit 1
    build || exit 1
    (($# > 0)) || set -- "${scenes[@]}"
    # For the shells in the scenes' worlds: all that the script has and we have.
    mapfile -t ours < <(compgen -v | grep -vE '^(BASH|FUNCNAME|PIPESTATUS|_$)' | sort |
        comm -13 <(echo "$not_ours") -)
    { declare -f && declare -p "${ours[@]}"; } >"$base/scenes"
    each_in_its_world "${SCENES:-4}" "$@"
    # What they said, in the order of the page.
    for name; do
        if ! went_well "$name"; then
            status=1
            printf '%s, scene %s:\n' "$page" "$name"
            if [ -s "$base/told/$name" ]; then
                cat "$base/told/$name"
            else
                echo "It did not end within a minute."
            fi
        fi
    done
    if ((status == 0 && $# == ${#scenes[@]})); then
        all_run
        all_used
    fi
    exit "$status"
}

# Plays scenes, N at once.
each_in_its_world() {
    local at_once=$1
    shift
    # shellcheck disable=SC2016 # for another shell
    printf '%s\0' "$@" | xargs -0 -P "$at_once" -I NAME timeout --foreground --kill-after 2 60 \
        "${world[@]}" bash -uc '. "$1" && inside "$2"' - "$base/scenes" NAME
}

went_well() {
    [ "$(tail -n 1 "$base/told/$1" 2>/dev/null)" = played ]
}

# Every block has been taken by a scene.
all_run() {
    local i
    for i in "${!block_line[@]}"; do
        [ "${block_kind[i]}" = console ] || continue
        grep -qx "${block_line[i]}" "$base/taken" && continue
        echo "$page: the block at line ${block_line[i]} is not run"
        status=1
    done
}

# Every span of code that is a command is run in a scene, or is said not to be.
all_used() {
    local i
    for i in "${!spans[@]}"; do
        [[ ${spans[i]} =~ ^\(?(\./|(time|ss|nc|printf|kill|ps|rm|strace|head|yes|diff|cat|grep|exec|ulimit|bash|ls)\ ) ]] ||
            continue
        squeeze "${spans[i]}"
        printf '%s\n' "${not_run[@]}" | cat - "$base/used" | grep -qxF -- "$squeezed" && continue
        echo "$page: the command \`${spans[i]}\` in or before line ${span_line[i]} is not run"
        status=1
    done
}

# Builds the programs as "Run it" builds them, or as make does.
build() {
    local i command folder=${page%/*}
    if [ ! -e "$base/kit/$folder/server.c" ]; then
        make -s -C "$base/kit" all build/driver
        return
    fi
    for i in "${!block_line[@]}"; do
        [ "${block_lead[i]}" = 'Run it' ] || continue
        while read -r command; do
            (cd "$base/kit/$folder" && eval "$command") || return
            (cd "$base/kit/solutions/${folder##*/}" && eval "$command") || return
        done < <(sed -n 's/^\$ \(cc .*\)/\1/p' <<<"${block_text[i]}")
    done
}

# ---- inside ---------------------------------------------------------------

inside() {
    local i scene=$1
    room=$base/$scene
    mkdir "$room" "$room/tmp"
    export TMPDIR=$room/tmp
    exec >"$base/told/$scene" 2>&1 </dev/null
    cp -r "$base/kit" "$room/kit"
    cd "$room/kit" || exit
    home=$PWD
    [ ! -e "${page%/*}/server.c" ] || home=$PWD/${page%/*}
    ip link set lo up || exit
    # A bash that a page starts is to look like the first one.
    mkdir "$room/home"
    printf '%s\n' "PS1='\$ ' PS2=''" 'unset HISTFILE PROMPT_COMMAND' 'set +o emacs +o vi' \
        'stty cols 80 rows 40' >"$room/home/.bashrc"
    waiting=()
    for i in "${!block_line[@]}"; do
        [ "${block_kind[i]}" = console ] &&
            grep -qxF -- "${block_lead[i]}" <<<"${leads_of[$scene]}" && waiting+=("$i")
    done
    declare -gA keys=() screen=() log=() rest=() seen=() mark=() index=() varied=() how=() \
        last=() typed=()
    next_vary='' next_how=exact next_with=''
    "$scene"
    for i in "${!index[@]}"; do
        [ -z "${rest[$i]}" ] ||
            wrong "the block at line ${block_line[${index[$i]}]} is not run to its end"
    done
    echo played
}

wrong() {
    local t
    printf '%s: %s\n' "$page" "$1"
    shift
    (($# == 0)) || printf '%s\n' "$@"
    for t in "${!log[@]}"; do
        printf '  -- terminal %s:\n' "$t"
        tail -n 12 <<<"${log[$t]}" | cut -c 1-200 | cat -v | sed 's/^/  | /'
    done
    exit 1
}

# The prose has it.
on_page() {
    squeeze "$1"
    echo "$squeezed" >>"$base/used"
    [[ $whole_page == *"$squeezed"* ]] ||
        wrong "a scene uses \"$1\", which is not on the page"
}

new() {
    local t=$1 both
    mkfifo "$room/keys-$t"
    # To open a FIFO for one direction waits for the other, so both.
    exec {both}<>"$room/keys-$t"
    keys[$t]=$both log[$t]='' rest[$t]='' mark[$t]=0
    # A plain user has no right to ports below 1024.
    exec {both}< <(cd "${2-$home}" && HOME=$room/home TERM=dumb exec setpriv \
        --bounding-set -net_bind_service script -q -f -c 'bash --noediting -i' /dev/null \
        <"$room/keys-$t" 2>&1)
    screen[$t]=$both
    prompt "$t" '$ '
}

opened() {
    [ -n "${keys[$1]-}" ] || new "$1"
}

# Reads what the terminal shows, for 20 ms.
hear() {
    local piece status
    while :; do
        piece='' status=0
        IFS= read -r -d '' -t 0.02 -u "${screen[$1]}" piece || status=$?
        log[$1]+=${piece//$'\r'/}
        ((status == 0)) || return 0
    done
}

# Sets until, a moment at which a wait is over; it_is_over says whether it is.
begin_to_wait() {
    until=$((${EPOCHREALTIME/[.,]/} / 1000 + PATIENCE))
}

it_is_over() {
    ((${EPOCHREALTIME/[.,]/} / 1000 > until))
}

# Waits until the terminal shows the prompt at its end.
prompt() {
    local until
    begin_to_wait
    while :; do
        hear "$1"
        [[ ${log[$1]} != *"$2" ]] || return 0
        ! it_is_over || wrong "terminal $1 does not show the prompt '$2'${3:+ $3}"
    done
}

waits() {
    prompt "$1" '> '
}

ends() {
    prompt "$1" '$ '
}

# Types, and waits until the terminal has shown it.
put() {
    local t=$1 length=${#log[$1]} until
    printf '%s' "$2" >&"${keys[$t]}"
    begin_to_wait
    while :; do
        hear "$t"
        ((${#log[$t]} == length)) || return 0
        ! it_is_over || wrong "terminal $t takes no more input"
    done
}

# The text as it is compared, in $normal.
normal() {
    normal=$(sed -E "${always[@]}" ${2:+-e "$2"} <<<"$1")
    squeeze "$normal"
    normal=$squeezed
    while [[ $normal == *['$>'] ]]; do
        normal=${normal%?}
    done
    if [ "${3-}" = rows ]; then
        normal=$(sed -E 's/(ESTAB|LISTEN|UNCONN|FIN-WAIT-2|CLOSE-WAIT|TIME-WAIT)/\n&/g' \
            <<<"$normal" | sort)
    fi
}

# Does the terminal show what the page has so far?
same() {
    local t=$1 line left
    normal "${log[$t]:${mark[$t]}}" "${varied[$t]}" "${how[$t]}"
    left=$normal
    if [[ ${how[$t]} == part || ${how[$t]} == any ]]; then
        while IFS= read -r line; do
            normal "$line" "${varied[$t]}"
            [[ $left == *"$normal"* ]] || return 1
            [ "${how[$t]}" = any ] || left=${left#*"$normal"}
        done <<<"${seen[$t]%$'\n'}"
        return 0
    fi
    normal "${seen[$t]}" "${varied[$t]}" "${how[$t]}"
    # When more of the block is to come, it may be here already.
    [ "$left" = "$normal" ] || { [ -n "${rest[$t]}" ] && [[ $left == "$normal"* ]]; }
}

compare() {
    local t=$1 until length=-1
    begin_to_wait
    while :; do
        if ((${#log[$t]} != length)); then
            length=${#log[$t]}
            ! same "$t" || return 0
        fi
        ! it_is_over || break
        hear "$t"
    done
    wrong "terminal $t does not show what is in the block at line ${block_line[${index[$t]}]}:" \
        '  -- the page:' "$(printf '%s' "${seen[$t]}" | sed 's/^/  | /')" \
        '  -- the terminal:' "$(head -c 4000 <<<"${log[$t]:${mark[$t]}}" | cut -c 1-200 |
            cat -v | sed 's/^/  | /')"
}

vary() {
    next_vary=$(printf '%s;' "$@")
}

with() {
    next_with=$1
}

compared() {
    next_how=$1
}

swap() {
    waiting=("${waiting[1]}" "${waiting[0]}" "${waiting[@]:2}")
}

elsewhere() {
    waiting=("${waiting[@]:1}")
}

block() {
    local t=$1
    opened "$t"
    ((${#waiting[@]} > 0)) || wrong "the scene takes more blocks than there are"
    [ -z "${rest[$t]}" ] ||
        wrong "the block at line ${block_line[${index[$t]}]} is not run to its end"
    index[$t]=${waiting[0]} seen[$t]='' rest[$t]=${block_text[${waiting[0]}]}
    varied[$t]=$next_vary how[$t]=$next_how typed[$t]=$next_with
    next_vary='' next_how=exact next_with=''
    echo "${block_line[${waiting[0]}]}" >>"$base/taken"
    waiting=("${waiting[@]:1}")
    if [[ ${rest[$t]} == '$ '* ]]; then
        prompt "$t" '$ ' "before the block at line ${block_line[${index[$t]}]}"
        mark[$t]=$((${#log[$t]} - 2))
    fi
    shift
    more "$t" "$@"
}

more() {
    local t=$1 text=${2-} left=${3-1} line key
    while [ -n "${rest[$t]}" ]; do
        line=${rest[$t]%%$'\n'*}
        rest[$t]=${rest[$t]#*$'\n'}
        case $line in
        '$ '?*)
            # A command may go on in the next lines.
            while [[ $line == *\\ ]] || ! bash -nc "${line#'$ '}" 2>/dev/null; do
                [ -n "${rest[$t]}" ] || wrong "the command '$line' does not end"
                line+=$'\n'${rest[$t]%%$'\n'*}
                rest[$t]=${rest[$t]#*$'\n'}
            done
            prompt "$t" '$ ' "for $line"
            [ -z "${seen[$t]}" ] || compare "$t"
            squeeze "${line#'$ '}"
            echo "$squeezed" >>"$base/used"
            last[$t]=$(sed -E "${typed[$t]}" <<<"${line#'$ '}")
            put "$t" "${last[$t]}"$'\n'
            ;;
        '> '*)
            prompt "$t" '> ' "for $line"
            compare "$t"
            put "$t" "${line#'> '}"$'\n'
            ;;
        ^[CZ])
            compare "$t"
            key=$'\x03'
            [ "$line" = ^C ] || key=$'\x1a'
            put "$t" "$key"
            prompt "$t" '$ ' "after $line"
            ;;
        esac
        seen[$t]+=$line$'\n'
        if [ -n "$text" ] && [[ $line == *"$text"* ]]; then
            ((--left > 0)) || break
        fi
    done
    ((left <= 0)) || [ -z "$text" ] ||
        wrong "the block at line ${block_line[${index[$t]}]} has no line with '$text'"
    compare "$t"
}

types() {
    local t=$1 line=${rest[$1]%%$'\n'*}
    rest[$t]=${rest[$t]#*$'\n'}
    seen[$t]+=$line$'\n'
    put "$t" "$line"$'\n'
}

# What is compared begins here, unless a block is under way.
from_here() {
    [ -n "${rest[$1]}" ] || mark[$1]=$2
}

run() {
    on_page "$2"
    do_ "$@"
}

do_() {
    opened "$1"
    prompt "$1" '$ ' "for $2"
    from_here "$1" $((${#log[$1]} - 2))
    last[$1]=$2
    put "$1" "$2"$'\n'
}

again() {
    do_ "$1" "${last[$1]}"
}

type() {
    on_page "$2"
    say "$@"
}

say() {
    from_here "$1" ${#log[$1]}
    put "$1" "$2"$'\n'
}

shows() {
    on_page "$2"
    gets "$@"
}

gets() {
    local until expected
    normal "$2"
    expected=$normal
    begin_to_wait
    while :; do
        hear "$1"
        normal "${log[$1]:${mark[$1]}}"
        [[ $normal != *"$expected"* ]] || return 0
        ! it_is_over || wrong "terminal $1 does not show '$2'"
    done
}

press() {
    local key before
    case $2 in
    C) key=$'\x03' ;;
    D) key=$'\x04' ;;
    Z) key=$'\x1a' ;;
    esac
    hear "$1"
    put "$1" "$key"
    prompt "$1" '$ ' "after Ctrl-$2"
    if [ "$2" = Z ]; then
        # What the shell says of it comes behind ^Z.
        before=${log[$1]%'^Z'*}
        from_here "$1" $((${#before} + 2))
    fi
}

await() {
    local what=$1 until
    shift
    begin_to_wait
    until "$@" >/dev/null 2>&1; do
        ! it_is_over || wrong "this never came: $what ($*)"
        sleep 0.02
    done
}

connections() {
    await "$1 connections" connected "$1"
}

connected() {
    (($(ss -Htn state established '( sport = :9999 )' | wc -l) == $1))
}

queued() {
    await "$1 connections in the queue" in_queue "$1"
}

in_queue() {
    ss -Hltn '( sport = :9999 )' | grep -qE "^LISTEN +$1 "
}

# shellcheck disable=SC2120 # a scene gives another port
listening() {
    await 'a listener' listens "${1-9999}"
}

listens() {
    [ -n "$(ss -Htuln "( sport = :$1 )")" ]
}

stuck() {
    local before=${rows-}
    rows=$(ss -Htn '( sport = :9999 or dport = :9999 )' | sort)
    (($(grep -cE '^ESTAB +[1-9][0-9]* +[1-9]' <<<"$rows") == 2)) || return
    [ "$rows" = "$before" ] && ! pgrep --runstates R,D .
}

# shellcheck disable=SC2119 # the usual port is meant
second_in_queue() {
    run 1 ./server
    listening
    run 2 ./client
    waits 2
    run 3 ./client
    waits 3
    type 3 second
    queued 1
}

solved() {
    cp "$room/kit/solutions/$(basename "$home")"/* "$home"
}
