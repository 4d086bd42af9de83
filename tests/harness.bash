# The tests' harness: starts the programs under test, talks with them, and
# explains what went wrong. Every test file loads it: load harness
#
# From the environment (tests/commands/check sets them):
#   PROGRAMS   the folder with the built server and client of the lesson
#   SOURCES    the folder with server.c and client.c
#   DRIVER     the built tests/driver
#   PATIENCE   milliseconds that any one wait may take (2000)
#   SANITIZE   the sanitizers that the programs were built with (none)
#   WRAPPER    a command before each program, such as valgrind (none)
#   BOX        a command before each program, which keeps it apart (none)
#   BOX_KEEPER the process that keeps a box open, which each program is put
#              into (none)
#   LIMITS     options of ulimit, for what is in a box
#   LETTERS    26 letters that texts have in place of a to z (as they are)
#   KEEPER     the process that waits for bats; once it has gone, no further
#              test begins (none)
#
# A test is a list of these calls. Each prints an explanation when it fails,
# and fails the test:
#   about SECTION [SENTENCE]     which section of the page the test belongs
#                                to, and the sentence that explains a failure
#   server [ARGUMENT...]         start it, wait until it listens; sets port
#   start NAME ARGUMENT...       start ./NAME (server or client), do not wait
#   client [ARGUMENT...]         start the client on $port; its input: say
#   say TEXT, hang_up            write to the client's input; end that input
#   many LETTER                  print one letter, more often than the sockets'
#                                buffers can hold
#   prints TEXT                  the client has printed exactly this so far
#   ends NAME STATUS             the program has left with this exit status
#   finishes NAME STATUS         the same, after much work: as long as it does
#                                not rest it has more time, 18 waits at most
#   printed FILE                 the client has printed the same as the file has
#   complains NAME PATTERN       its standard error has one line that matches
#   runs NAME                    the program has not ended
#   ask TEXT                     send TEXT with nc, half-close, keep the answer
#   expect TEXT                  that answer is exactly TEXT
#   play STEP...                 a conversation by the driver (see driver/)
#   peer STEP...                 the same, beside the test: it plays a server.
#                                The first step binds; sets port
#   peer_done                    that conversation has held to its end
#   refuses NAME ARGUMENT...     these arguments are bad usage: status 2
# Before server, start and client, DESCRIPTORS=N lets the program have so many,
# and ADDRESS_SPACE=N so many bytes of memory.
#   descriptors N                a process of the test may open N files, or
#                                the test is passed over
# Texts are escaped as printf's %b has it, with \n \r \t \\ \0 and \xHH.

bats_require_minimum_version 1.5.0

# shellcheck source=tests/lessons.bash
. "${BASH_SOURCE[0]%/*}/lessons.bash"
# Only the guards of programs go into the box; what else we start does not.
export -n BOX_KEEPER

setup() {
    lesson=${BATS_TEST_FILENAME##*/} lesson=${lesson%.bats}
    : "${PROGRAMS:?}" "${DRIVER:?}"
    [ -z "${KEEPER-}" ] || kill -0 "$KEEPER"
    PATIENCE=${PATIENCE:-2000}
    export PATIENCE
    room=$BATS_TEST_TMPDIR
    section='How it works' sentence='' by_hand='' environment=()
    tasks=${registry[$lesson:tasks]}
    unset port
    declare -gA group=() told=() ended=() started=()
}

# Ends all that the test has started. A finding of a sanitizer fails it.
teardown() {
    local name
    for name in "${!group[@]}"; do
        kill "${group[$name]}" 2>/dev/null
        wait "${group[$name]}" 2>/dev/null
    done
    [ -n "${SANITIZE-}${WRAPPER-}" ] || return 0
    ! grep -sE 'Sanitizer|runtime error:|^==[0-9]+==' "$room"/*.err
}

about() {
    section=$1 sentence=${2-}
}

# Prints why the test failed, and what helps. Ends the test.
fail() {
    # With more arguments than the address a program does something else.
    local name how status=0 with_more='^\./(server [0-9]+|client [0-9.]+ [0-9]+) [0-9]+$'
    # What the test's own side of the conversation found is the cause.
    if [ -n "${group[peer]-}" ] && ! kill -0 "${group[peer]}" 2>/dev/null; then
        wait "${group[peer]}" 2>/dev/null || cat "$room/peer.err"
    fi
    printf '%s\n' "$@"
    [ -z "$sentence" ] || fold -s -w 72 <<<"Why: ${sentence//$'\n'/ }"
    for name in server client; do
        status=0
        [ -z "${told[$name]-}" ] || hear "$name" 1 || status=$?
        if ((status == 1)); then
            how="The $name $(how_it_ended "${ended[$name]}")"
            [[ $* == *"$how"* ]] || printf '%s.\n' "$how"
        fi
        [[ ! ${started[$name]-} =~ $with_more ]] ||
            printf 'The %s was started as %s\n' "$name" "${started[$name]}"
        if [ -s "$room/$name.err" ]; then
            printf 'The end of the %s'\''s log:\n' "$name"
            tail -n 4 "$room/$name.err" |
                LC_ALL=C sed -E 's/^(.{73}).{4,}/\1.../; s/^/    /'
        fi
    done
    [ -z "$by_hand" ] || printf 'By hand: %s\n' "$by_hand"
    printf 'Read again: lessons/%s/README.md, "%s"\n' "$lesson" "$section"
    return 1
}

# How a program ended, in words.
how_it_ended() {
    local status=$1
    case $status in
    124) echo "was still running when time was up" ;;
    *)
        if ((status > 128)); then
            echo "crashed: the signal $(kill -l $((status - 128))) ended it"
        else
            echo "left with exit status $status"
        fi
        ;;
    esac
}

# Makes a pipe, and sets read_end and write_end. A text so short goes through
# one, since bash 5.1; mkfifo would be one more program to start each time.
make_pipe() {
    exec {read_end}<<<'' {write_end}>/dev/fd/"$read_end"
    read -r -u "$read_end"
}

start() {
    local name=$1 read_end write_end
    : >"$room/$name.out" # at once: the program may be slow to come
    : >"$room/$name.err"
    local tell=${tell:--}
    make_pipe
    in_its_box "$@" >"$room/$name.out" 2>"$room/$name.err" \
        5>&"$write_end" {write_end}>&- {read_end}<&- &
    group[$name]=$! told[$name]=$read_end
    unset "ended[$name]"
    started[$name]="./$*"
    exec {write_end}>&-
}

# Becomes the guard of a program, server or client. Nothing of a submission runs
# by another way. What is the kit's own has PROGRAM.ours beside it, and no box.
in_its_box() {
    local program=$PROGRAMS/${1%-*} box=''
    if [ -n "${BOX-}${BOX_KEEPER-}" ] && [ ! -e "$program.ours" ]; then
        export BOX_KEEPER TASKS=$tasks
        box=${BOX-}
        # shellcheck disable=SC2086 # these are options
        ulimit $LIMITS
    fi
    # shellcheck disable=SC2086 # these are commands with arguments
    in_background $box "${environment[@]}" ${WRAPPER-} "$program" "${@:2}"
}

# Becomes the guard of the command: in a process group of its own, with no
# descriptor of ours, ended when we end. A test never waits for the limit: it
# is for what nobody ends. (timeout, of the system, can leave a program behind:
# a signal that comes while it starts one ends it alone.)
in_background() {
    if [ -n "${reader-}" ]; then
        exec <&"$reader" {reader}<&-
    else
        exec </dev/null
    fi
    [ -z "${writer-}" ] || exec {writer}>&-
    local verb=(guard)
    [ -z "${tell-}" ] || verb=(tell "$tell")
    exec "$DRIVER" "${verb[@]}" $((PATIENCE / 50)) "$@" 3>&- 4>&-
}

# Waits for what the guard of a program tells, so many milliseconds. Returns 0
# and sets where, if it listens; 1, with its exit status in ended, if it has
# ended; 2 if nothing is told.
hear() {
    local limit
    [ -z "${ended[$1]-}" ] || return 1
    printf -v limit '%d.%03d' $(($2 / 1000)) $(($2 % 1000))
    read -r -t "$limit" -u "${told[$1]}" where || return 2
    [[ $where == 'ended '* ]] || return 0
    ended[$1]=${where#* }
    return 1
}

server() {
    (($# > 0)) || set -- 0
    local where status=0 tell=${registry[$lesson:protocol]}
    start server "$@"
    export WATCHED=${group[server]} # for the driver
    hear server "$PATIENCE" || status=$?
    if ((status == 1)); then
        fail "The server ended before it listened."
    elif ((status != 0)); then
        fail "The server runs, but it listens on no port."
    elif [ "${where% *}" != 127.0.0.1 ]; then
        fail "The server listens on ${where% *}, not on 127.0.0.1."
    fi
    port=${where#* }
    if (($1 != 0 && $1 != port)); then
        if ((port == ($1 >> 8 | ($1 & 255) << 8))); then
            fail "The server listens on port $port instead of $1." \
                "These are the same two bytes in the other order: htons."
        fi
        fail "The server listens on port $port instead of $1."
    fi
}

client() {
    (($# > 0)) || set -- 127.0.0.1 "$port"
    [ -z "${writer-}" ] || hang_up
    local read_end write_end reader
    make_pipe
    reader=$read_end writer=$write_end
    start client "$@"
    exec {reader}<&-
}

# Puts the text into $text, in the letters of LETTERS. What is escaped stays. The
# driver does the same, and not slower with the length of the text, but it takes
# a program's start.
in_letters() {
    text=$1
    [ -n "${LETTERS-}" ] || return 0
    if ((${#text} > 100)); then
        text=$("$DRIVER" letters "$1")
        return
    fi
    local i letter number LC_ALL=C # byte by byte
    text=''
    for ((i = 0; i < ${#1}; i++)); do
        letter=${1:i:1}
        case $letter in
        [a-z])
            printf -v number %d "'$letter"
            letter=${LETTERS:number-97:1}
            ;;
        [A-Z])
            printf -v number %d "'$letter"
            letter=${LETTERS:number-65:1} letter=${letter^}
            ;;
        \\)
            letter=${1:i:2}
            [[ $letter != '\x' ]] || letter=${1:i:4}
            ((i += ${#letter} - 1)) || true
            ;;
        esac
        text+=$letter
    done
}

# Prints more of a letter than two sockets' buffers can hold. How large these may
# become, in bytes, is the third number of each file.
many() {
    local receive=6291456 send=4194304
    read -r _ _ receive </proc/sys/net/ipv4/tcp_rmem || true
    read -r _ _ send </proc/sys/net/ipv4/tcp_wmem || true
    head -c $(((receive + send) * 6 / 5)) /dev/zero | tr '\0' "$1"
}

say() {
    local status=0 text
    in_letters "$1"
    trap '' PIPE
    if [[ $text == *'\n'?* ]]; then
        # In one piece: bash would write line by line, and a client may leave
        # after any of them.
        printf '%b' "$text" >"$room/said"
        cat "$room/said" 1>&"$writer" 2>/dev/null || status=$?
    else
        printf '%b' "$text" 1>&"$writer" 2>/dev/null || status=$?
    fi
    trap - PIPE
    ((status == 0)) || fail "The client reads no more of its input:" \
        "\"$(cut -c 1-50 <<<"$1")\" was not taken."
}

hang_up() {
    exec {writer}>&-
    unset writer
}

prints() {
    local difference
    difference=$("$DRIVER" await "$room/client.out" "$1" "$PATIENCE") ||
        fail "The client has not printed what was due:" "$difference"
}

printed() {
    local difference
    difference=$("$DRIVER" compare "$1" "$room/client.out") ||
        fail "The client has printed something else:" "$difference"
}

ends() {
    local name=$1 expected=$2 status=0 where
    hear "$name" "$PATIENCE" || status=$?
    ((status == 1)) ||
        fail "The $name is still running; it should leave with $expected."
    ((ended[$name] == expected)) ||
        fail "The $name $(how_it_ended "${ended[$name]}"); it should leave with $expected."
}

# A busy machine gives little time to one that has much to do.
finishes() {
    local where i
    for ((i = 0; i < 18; i++)); do
        hear "$1" "$PATIENCE" || (($? != 1)) || break
        ! WATCHED=${group[$1]} "$DRIVER" play 'x asleep 300' 2>/dev/null || break
    done
    PATIENCE=1 ends "$@"
}

complains() {
    grep -qE -- "$2" "$room/$1.err" ||
        fail "No line on the $1's standard error is like: $2"
}

runs() {
    local status=0 where
    hear "$1" 1 || status=$?
    ((status != 1)) || fail "The $1 $(how_it_ended "${ended[$1]}"); it should go on."
}

ask() {
    local text
    in_letters "$1"
    asked=$text
    by_hand="printf '$1' | nc -N 127.0.0.1 9999"
    status=0
    printf '%b' "$asked" >"$room/asked"
    "$DRIVER" guard "$((PATIENCE / 1000 + 1))" nc -N 127.0.0.1 "$port" \
        <"$room/asked" >"$room/answer" 2>"$room/nc.err" || status=$?
}

expect() {
    local difference text why=''
    in_letters "$1"
    printf '%b' "$text" >"$room/expected"
    difference=$("$DRIVER" compare "$room/expected" "$room/answer") && return
    if [ ! -s "$room/answer" ]; then
        if ((status == 124)); then
            why='Nothing came back, and the server did not end the connection.'
        elif [ -s "$room/nc.err" ]; then
            why="Nothing came back; nc says: $(tail -n 1 "$room/nc.err")"
        else
            why='The connection ended, and nothing had come back.'
        fi
    elif ((status == 124)); then
        why='The answer is here, but the server did not end the connection.'
    fi
    fail "sent      \"$asked\"" "$difference" ${why:+"$why"}
}

play() {
    local report
    # On standard output are ports that the script has taken.
    report=$(exec "$DRIVER" play "$@" 2>&1 >/dev/null 3>&- 4>&-) || fail "$report"
}

peer() {
    local read_end write_end
    make_pipe
    in_background "$DRIVER" play "$@" \
        >&"$write_end" 2>"$room/peer.err" {write_end}>&- {read_end}<&- &
    group[peer]=$!
    exec {write_end}>&-
    read -r port <&"$read_end" || fail "$(cat "$room/peer.err")"
    exec {read_end}<&-
}

peer_done() {
    local status=0
    wait "${group[peer]}" || status=$?
    unset 'group[peer]'
    ((status == 0)) || fail "$(cat "$room/peer.err")"
}

refuses() {
    by_hand="./$*; echo \$?"
    start "$@"
    ends "$1" 2
}

descriptors() {
    ulimit -S -n "$1" 2>/dev/null ||
        skip "here a process may open only $(ulimit -H -n) files (ulimit -H -n): $1 are needed"
    tasks=$(($1 + 64))
}
