#!/usr/bin/env bats
# shellcheck disable=SC2034,SC2154 # the harness sets and uses room, WRAPPER
# The shipped programs, with calls that fail on purpose: one call and one error
# at a time (faults.c makes them fail). Each program is here once; a * stands
# for the solution, where that is another text than the lesson.
#
# What a program may answer to a fault, letter by letter:
#   C   it carries on: every byte is answered right, for every client
#   D   it drops that client (a UDP program: that datagram) and serves the next
#   1   it says in one clear line what failed, and leaves with status 1
#   -   it never makes that call
#   .   not tried: there that call knows no such error
# A server of one client leaves with status 0 behind C and D. Whatever the
# answer, no byte is wrong, nothing crashes, and while there is nothing to do
# the program uses at most 10 % of a processor. A fault that was never raised
# counts as no answer but "-".
#
# When it fails, in the second column: the numbers of the calls, from 1. "2+"
# is the second and all behind it, until the program has rested for a while;
# "odd" the first, third, and so on. "n" is 1 where one client is served, and
# 2 elsewhere, so that a client is there already; ":n" counts the calls for
# that client alone.

load built

server_table='
                                   01  01* 02  02* 03  04  04* 05  06  06*
socket         EMFILE       1      1   1   1   1   1   1   1   1   1   1
setsockopt     ENOPROTOOPT  1      1   1   1   1   1   1   1   -   1   1
setsockopt     ENOPROTOOPT  2      -   -   1   1   1   1   1   -   1   1
bind           EADDRINUSE   1      1   1   1   1   1   1   1   1   1   1
bind           EACCES       1      1   1   1   1   1   1   1   1   1   1
listen         EADDRINUSE   1      1   1   1   1   1   1   1   -   1   1
getsockname    ENOBUFS      1      1   1   1   1   1   1   1   1   1   1
fcntl          EPERM        1      -   -   -   -   -   -   -   -   1   1
fcntl          EPERM        1:n    -   -   -   -   -   -   -   -   1   1
accept         EINTR        odd    C   C   C   C   C   C   C   -   C   C
accept         ECONNABORTED odd    C   C   C   C   C   C   C   -   C   C
accept         EMFILE       n+     1   1   1   1   C   C   C   -   C   C
accept         ENFILE       n+     1   1   1   1   C   C   C   -   C   C
accept         ENOBUFS      n+     1   1   1   1   C   C   C   -   C   C
accept         ENOMEM       n+     1   1   1   1   C   C   C   -   C   C
pthread_create EAGAIN       n      -   -   -   -   -   D   D   -   -   -
pthread_create ENOMEM       n      -   -   -   -   -   D   D   -   -   -
poll           EINTR        odd    -   -   -   -   -   -   -   -   C   C
poll           ENOMEM       5      -   -   -   -   -   -   -   -   1   1
poll           EINVAL       5      -   -   -   -   -   -   -   -   1   1
recv           EINTR        odd:n  C   C   C   C   C   C   C   -   C   C
recv           EAGAIN       odd:n  .   .   .   .   .   .   .   -   C   C
recv           short        1+:n   C   C   C   C   C   C   C   -   C   C
recv           ECONNRESET   1:n    D   D   D   D   D   D   D   -   D   D
recv           ECONNRESET   2:n    C   C   D   D   D   D   D   -   D   D
recv           ETIMEDOUT    1:n    D   D   D   D   D   D   D   -   D   D
send           EINTR        odd:n  C   C   C   C   C   C   C   -   C   C
send           EAGAIN       odd:n  .   .   .   .   .   .   .   -   C   C
send           short        1+:n   C   C   C   C   C   C   C   -   C   C
send           ECONNRESET   1:n    D   D   D   D   D   D   D   -   D   D
send           EPIPE        1:n    D   D   D   D   D   D   D   -   D   D
recvfrom       EINTR        odd    -   -   -   -   -   -   -   C   -   -
recvfrom       short        1      -   -   -   -   -   -   -   D   -   -
recvfrom       ECONNREFUSED odd    -   -   -   -   -   -   -   C   -   -
recvfrom       ENOMEM       1+     -   -   -   -   -   -   -   C   -   -
sendto         EINTR        odd    -   -   -   -   -   -   -   C   -   -
sendto         short        1+     -   -   -   -   -   -   -   C   -   -
sendto         ECONNREFUSED 1      -   -   -   -   -   -   -   D   -   -
sendto         ENOBUFS      1      -   -   -   -   -   -   -   D   -   -
shutdown       ENOTCONN     1      C   C   -   C   -   -   -   -   -   -
close          EINTR        odd    C   C   C   C   C   C   C   -   C   C
'

client_table='
                                   01  02  03  03* 05  05* 06
socket         EMFILE       1      1   1   1   1   1   1   1
connect        ECONNREFUSED 1+     1   1   C   C   1   1   1
connect        ETIMEDOUT    1+     1   1   C   C   1   1   1
connect        ENETUNREACH  1+     1   1   C   C   1   1   1
connect        EINTR        1      1   1   C   C   1   1   1
setsockopt     ENOPROTOOPT  1      -   1   C   C   -   -   1
fcntl          EPERM        1      -   -   -   -   -   -   1
getline        ENOMEM       2      -   1   1   1   1   1   -
getline        ENOMEM       1      1   1   1   1   1   1   -
getline        EIO          1      1   1   1   1   1   1   -
read           EINTR        odd    -   -   -   -   -   -   C
read           EIO          1      -   -   -   -   -   -   1
malloc         ENOMEM       1      1   1   1   1   1   1   C
realloc        ENOMEM       1      1   1   1   1   1   1   -
realloc        ENOMEM       2      -   -   -   1   -   -   -
poll           EINTR        odd    -   -   -   -   -   C   C
poll           ENOMEM       1+     -   -   -   -   -   1   1
poll           EINVAL       1+     -   -   -   -   -   1   1
send           EINTR        odd    C   C   C   C   C   C   C
send           EAGAIN       odd    .   .   .   .   .   .   C
send           short        1+     C   C   C   C   C   C   C
send           ECONNRESET   1      1   1   D   C   1   1   1
send           EPIPE        1      1   1   D   C   1   1   1
send           ECONNREFUSED 1      .   .   .   .   1   C   .
recv           EINTR        odd    C   C   C   C   C   C   C
recv           EAGAIN       odd    .   .   .   .   .   C   C
recv           short        1+     C   C   C   C   .   .   C
recv           short        1      C   C   C   C   D   C   C
recv           ECONNRESET   1      1   1   D   C   1   C   1
recv           ECONNREFUSED 1      .   .   .   .   1   C   .
shutdown       ENOTCONN     1      C   -   -   -   -   -   -
fwrite         EIO          1      1   1   1   1   1   1   1
fwrite         ENOSPC       1      1   1   1   1   1   1   1
fflush         EIO          1      1   1   1   1   1   1   1
fflush         ENOSPC       1      1   1   1   1   1   1   1
close          EINTR        odd    C   C   C   C   C   C   C
'

# ---- one cell: a program and a fault -------------------------------------

rest=100 # milliseconds

text='hello, w\xc3\xb6rld: abc xyz {|} `@[ \x01\x7f\xff' # more than 120 bytes
printf -v text '%b' "$text $text $text $text $text"

upper() {
    local LC_ALL=C
    printf -v "$1" '%s' "${2^^}"
}

# The faults of this cell. The program under test comes behind it.
under_fault() {
    export WATCHED
    WRAPPER="env LD_PRELOAD=$BATS_FILE_TMPDIR/faults.so FAULT=$fault \
FAULT_REPORT=$room/raised FAULT_END=$room/end"
}

# Ends the cell, with its answer and why it is that.
answer() {
    printf '%s\n%s\n' "$1" "${*:2}" >"$room/answer"
    exit 0
}

wrong() {
    local name
    {
        printf '?\n%s\n' "$*"
        for name in server client; do
            [ ! -s "$room/$name.err" ] ||
                tail -n 3 "$room/$name.err" | cut -c 1-76 | sed "s/^/  $name: /"
        done
    } >"$room/answer"
    exit 0
}

# Has the program ended? Waits up to so many milliseconds for it.
has_ended() {
    "$DRIVER" ended "${group[$1]}" "$2"
}

# The program has ended: its exit status.
status_of() {
    status=0
    wait "${group[$1]}" || status=$?
    unset "group[$1]"
    ((status < 128)) || wrong "The $1 $(how_it_ended "$status")."
}

# Waits until the fault has been raised, or it cannot be any more: the program
# has ended, or has printed as many bytes.
await_fault() {
    local name=$1 bytes=${2-0} waited
    for ((waited = 0; waited < PATIENCE; waited += 5)); do
        [ ! -s "$room/raised" ] || return 0
        ! has_ended "$name" 5 || return 0
        ((bytes == 0)) || (($(stat -c %s "$room/$name.out") < bytes)) || return 0
    done
}

# It uses almost no processor time, unless it has ended. Then what fails
# without end is over.
rests() {
    local report=() said
    WATCHED=${group[$1]}
    if ! said=$("$DRIVER" play "x calm $rest" 2>&1); then
        [[ $said == *"the program has ended" ]] ||
            wrong "The $1 does not rest: ${said##*$'\n'}"
        # The driver has stopped what it watched.
        kill -CONT -- "-$WATCHED" 2>/dev/null
    fi
    [[ $when == *+* && $error != short ]] || return 0
    # A busy machine leaves little time even to one that spins.
    mapfile -t report <"$room/raised"
    ((${#report[@]} <= 20)) || wrong "The $1 makes the call again and again, without a pause."
    : >"$room/end"
}

# Sends a line and reads its answer. heard is whole, cut (the connection ended
# before), or what is wrong.
talk() {
    local fd=$1 line='' due status=0
    upper due "$2"
    [[ $serves/$call/$error != once/recv/short ]] || due=${due:0:1}
    printf '%s\n' "$2" >&"$fd"
    while [[ $line != "$due" ]]; do # 01 may answer without a newline
        IFS= read -t $((PATIENCE / 1000)) -r -u "$fd" line || status=$?
        ((status <= 128)) || heard='silence' status=0
        break
    done
    if [[ ${heard-} == silence ]]; then
        :
    elif ((status == 0)) && [[ $line == "$due" ]]; then
        heard=whole
    elif ((status > 0)) && [[ $line == "$due" && $serves == once ]]; then
        heard=whole
    elif ((status > 0)) && [[ $due == "$line"* ]]; then
        heard="cut"
    else
        heard="wrong bytes: '$line'"
    fi
}

# One line that names the call, its address where it has one, and the error.
complains_of() {
    local name=$1 names=$call lines message address=' 127\.0\.0\.1:[0-9]+'
    local said="$room/$name.err"
    case $call in
    getline | malloc | realloc) names='(getline|realloc)' address='' ;;
    fwrite | fflush) names=fwrite address='' ;;
    esac
    read -r _ _ message <"$room/raised"
    # There the answer is what is missing, and recv tells.
    [[ $serves/$name/$call != once/client/send ]] || names=recv message='no answer'
    mapfile -t lines < <(grep -v '^\(listening on\|client [0-9a-z]* \?\(connected\|left\|broke off\)\)' "$said")
    ((${#lines[@]} == 1)) || wrong "The $name says ${#lines[@]} lines; one is due."
    [[ ${lines[0]} =~ ^$name:\ $names$address:\ "$message"$ ]] ||
        wrong "The $name says '${lines[0]}'."
}

# The program has left, or should have, for the failure.
gave_up() {
    has_ended "$1" "$PATIENCE" || wrong "${2-The $1 should have ended.}"
    status_of "$1"
    ((status == 1)) || wrong "The $1 $(how_it_ended "$status")." "${2-}"
    [ -s "$room/raised" ] || wrong "The $1 left without a fault."
    complains_of "$1"
    answer 1
}

# Opens a connection to the server: connect_as NAME
connect_as() {
    { exec {opened}<>"/dev/tcp/127.0.0.1/$port"; } 2>/dev/null ||
        gave_up server 'Nobody can connect.'
    printf -v "$1" '%s' "$opened"
}

# A connection that the server shall serve whole.
is_whole() {
    talk "$@"
    [[ $heard == whole ]] || gave_up server "A client heard $heard."
}

judge_server() {
    local found status=0
    under_fault
    start server 0
    found=$("$DRIVER" listening "${group[server]}" "${registry[$lesson:protocol]}" "$PATIENCE") ||
        status=$?
    ((status == 0)) || gave_up server
    port=${found#* }
    case ${registry[$lesson:serves]} in
    once | one) judge_one ;;
    datagrams) judge_datagrams ;;
    queue | many) judge_many ;;
    esac
}

# A server of one client.
judge_one() {
    local victim first
    connect_as victim
    talk "$victim" "$text"
    first=$heard
    if [[ $first == whole && $serves == one ]]; then
        talk "$victim" exit
        first=$heard
    fi
    rests server
    exec {victim}>&-
    has_ended server "$PATIENCE" || wrong 'The server should have ended.'
    [ -s "$room/raised" ] || answer -
    [[ $first == whole || $first == cut ]] || wrong "The client heard $first."
    grep -q '^server: ' "$room/server.err" && gave_up server
    status_of server
    ((status == 0)) || wrong "The server $(how_it_ended "$status")."
    grep -qE '^client (left|broke off)' "$room/server.err" ||
        wrong 'The server does not say that the client has gone.'
    [[ $first == whole ]] && answer C
    answer D
}

# A server that goes on. Where it serves many at once, a witness is there
# before the victim and stays; else it goes before.
judge_many() {
    local witness victim next first
    connect_as witness
    is_whole "$witness" 'the witness'
    [[ $serves != queue ]] || exec {witness}>&-
    connect_as victim
    if [[ $when == *+ && $call == accept ]]; then
        await_fault server
        rests server
    fi
    talk "$victim" "$text"
    first=$heard
    if [[ $first == whole ]]; then
        talk "$victim" exit
        first=$heard
    fi
    exec {victim}>&-
    [[ $first == whole || $first == cut ]] || gave_up server "The victim heard $first."
    connect_as next
    is_whole "$next" 'the next'
    [[ $serves == queue ]] || is_whole "$witness" 'again, the witness'
    rests server
    ! has_ended server 0 || gave_up server
    is_whole "$next" 'after the rest'
    [ -s "$room/raised" ] || answer -
    [[ $first == whole ]] && answer C
    answer D
}

# Two datagrams. Their answers come in order, so the second tells whether the
# first one's will come.
judge_datagrams() {
    local socket due got
    upper due "$text"
    exec {socket}<>"/dev/udp/127.0.0.1/$port"
    printf '%s\n' "$text" >&"$socket"
    if [[ $when == *+ ]]; then
        await_fault server
        rests server
    fi
    printf 'second\n' >&"$socket"
    got=$(next_datagram)
    [[ $got != "$due" ]] || first=whole
    [[ $got != "${due:0:1}" ]] || first="cut"
    [ "$got" = SECOND ] || second=$(next_datagram)
    [[ ${second-$got} == SECOND ]] || wrong "The second answer is '${second-$got}'."
    rests server
    ! has_ended server 0 || gave_up server
    printf 'third\n' >&"$socket"
    got=$(next_datagram)
    [[ $got == THIRD ]] || wrong "The third answer is '$got'."
    [ -s "$room/raised" ] || answer -
    [[ ${first-} == whole ]] && answer C
    answer D
}

next_datagram() {
    timeout $((PATIENCE / 1000)) dd bs=65536 count=1 status=none <&"$socket"
}

judge_client() {
    local lines=("1 $text" "2 $text" "3 $text") due='' line got i without arguments
    local theirs=$lesson
    # 01's own server answers only what comes first. But it alone ends the
    # answer when the end of the message does not reach it.
    if [[ $serves == once ]]; then
        lines=("${lines[0]}")
        [ "$call" = shutdown ] || theirs=$(that_serve one)
    fi
    PROGRAMS=$BATS_FILE_TMPDIR/lessons/$theirs start server 0
    local found
    found=$("$DRIVER" listening "${group[server]}" "${registry[$lesson:protocol]}" "$PATIENCE") ||
        wrong 'The other side does not listen.'
    port=${found#* }
    mkfifo "$room/input"
    local reader both writer
    # shellcheck disable=SC2094
    exec {both}<>"$room/input" {reader}<"$room/input" {writer}>"$room/input"
    exec {both}<&-
    printf '%s\n' "${lines[@]}" >&"$writer"
    for line in "${lines[@]}"; do
        upper line "$line"
        due+=$line$'\n'
    done
    under_fault
    arguments=(127.0.0.1 "$port")
    # As many tries as it takes.
    [[ "$tree ${registry[$lesson:refused]} ${registry[$lesson:exercise]}" != 'solutions returns client' ]] ||
        arguments+=(1000)
    start client "${arguments[@]}"
    exec {reader}<&-
    await_fault client ${#due}
    rests client
    exec {writer}>&-
    has_ended client "$PATIENCE" || wrong 'The client should have ended.'
    got=$(cat "$room/client.out" && echo .)
    got=${got%.}
    wait "${group[client]}" && status=0 || status=$?
    if [ ! -s "$room/raised" ]; then
        [[ $status == 0 && $got == "$due" ]] || wrong 'It does not even work without a fault.'
        answer -
    fi
    if ((status == 1)); then
        [[ $due == "$got"* ]] || wrong "The client prints '$got'."
        gave_up client
    fi
    status_of client
    ((status == 0)) || wrong "The client $(how_it_ended "$status")."
    [[ $got != "$due" ]] || answer C
    # All lines but one, or of that one a byte.
    for ((i = 0; i < ${#lines[@]}; i++)); do
        for without in '' cut; do
            line=''
            for ((j = 0; j < ${#lines[@]}; j++)); do
                if ((j != i)); then
                    line+=${lines[j]}$'\n'
                elif [ "$without" = cut ]; then
                    line+=${lines[j]:0:1}
                fi
            done
            upper line "$line"
            [[ $got != "$line" ]] || answer D
        done
    done
    wrong "The client prints '$got'."
}

# ---- the tables ----------------------------------------------------------

# One cell, in a process of its own: cell NAME COLUMN CALL ERROR WHEN EXPECTED
cell() {
    local name=$1 column=$2 n=2
    call=$3 error=$4 when=$5
    trap - DEBUG ERR
    trap 'for name in "${!group[@]}"; do stop "$name"; done' EXIT
    set +eET
    trap '' PIPE
    exec 3>&- 4>&-
    LC_ALL=C
    room=$room/$name/$column/$call-$error-$when
    mkdir -p "$room"
    declare -gA group=()
    tree=lessons
    [[ $column != *\* ]] || tree=solutions
    take "$tree" "${column%\*}"
    serves=${registry[$lesson:serves]}
    [[ $serves != once && $serves != one ]] || n=1
    fault=$call:$error:${when//n/$n}
    "judge_$name"
}

# Does the program make this call at all? calls NAME COLUMN CALL
calls() {
    local tree=lessons of symbols="$room/$1-$2.symbols"
    of=$(find_lesson "${2%\*}")
    case $3 in malloc | realloc) return ;; esac # the C library may, too
    [[ $2 != *\* ]] || tree=solutions
    [ -e "$symbols" ] || nm -D --undefined-only \
        "$BATS_FILE_TMPDIR/$tree/$of/$1" >"$symbols"
    [[ $(<"$symbols") =~ \ "$3"(@|$'\n'|$) ]]
}

# Fills in the table, and compares: fills_in NAME TABLE
fills_in() {
    local name=$1 columns row expected got cells=() i running=0 \
        most=$(($(nproc) * 4)) status=0 place
    [ -e "$BATS_FILE_TMPDIR/faults.so" ] ||
        cc -shared -fPIC "$BATS_TEST_DIRNAME/faults.c" -o "$BATS_FILE_TMPDIR/faults.so"
    while read -r -a row; do
        ((${#row[@]} > 0)) || continue
        if [ -z "${columns-}" ]; then
            columns=("${row[@]}")
            continue
        fi
        for i in "${!columns[@]}"; do
            [ "${row[i + 3]}" != . ] || continue
            if ! calls "$name" "${columns[i]}" "${row[0]}"; then
                place=$room/$name/${columns[i]}/${row[0]}-${row[1]}-${row[2]}
                mkdir -p "$place"
                echo - >"$place/answer"
                continue
            fi
            if ((running == most)); then
                wait -n || true
            else
                running=$((running + 1))
            fi
            cell "$name" "${columns[i]}" "${row[@]:0:3}" </dev/null &
        done
    done <<<"$2"
    wait

    unset columns
    while read -r -a row; do
        ((${#row[@]} > 0)) || continue
        if [ -z "${columns-}" ]; then
            columns=("${row[@]}")
            printf '%-33s' "$name"
            printf ' %-4s' "${columns[@]}"
            echo
            continue
        fi
        printf '%-14s %-12s %-5s' "${row[@]:0:3}"
        for i in "${!columns[@]}"; do
            expected=${row[i + 3]-}
            got=.
            if [ "$expected" != . ]; then
                read -r got <"$room/$name/${columns[i]}/${row[0]}-${row[1]}-${row[2]}/answer" ||
                    got="?"
            fi
            if [ "$got" = "$expected" ]; then
                printf ' %-4s' "$got"
            else
                printf ' %-4s' "$got($expected)"
                cells+=("$name/${columns[i]}/${row[0]}-${row[1]}-${row[2]}")
                status=1
            fi
        done
        echo
    done <<<"$2" >"$room/table"
    sed 's/^/# /' "$room/table" >&3
    for i in "${cells[@]}"; do
        printf '%s: ' "$i"
        awk 'NR > 1 && !/^$/ { print; found = 1 }
            END { if (!found) print "another answer than the one that is due" }' "$room/$i/answer" ||
            true
    done
    return $status
}

# The columns that a table shall have: a program of each lesson, but for a client
# that is another lesson's, and the solved one where that is another text.
due_columns() {
    local of
    for of in $([ "$1" = server ] && printf '%s\n' "${lessons[@]}" || own_clients); do
        echo "${of%%-*}"
        [ "${registry[$of:exercise]}" != "$1" ] || echo "${of%%-*}*"
    done
}

@test "the tables have a column for every program" {
    diff <(due_columns server) <(head -n 2 <<<"$server_table" | grep -oE '[0-9]{2}\*?')
    diff <(due_columns client) <(head -n 2 <<<"$client_table" | grep -oE '[0-9]{2}\*?')
}

@test "servers: whatever call fails, they carry on, drop that client, or say why they leave" {
    fills_in server "$server_table"
}

@test "clients: whatever call fails, they carry on, lose that line, or say why they leave" {
    fills_in client "$client_table"
}
