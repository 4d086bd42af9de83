# The tests' harness: starts the programs under test, talks with them, and
# explains what went wrong. Every test file loads it: load harness
#
# From the environment (tests/commands/check sets them):
#   PROGRAMS   the folder with the built server and client of the lesson
#   SOURCES    the folder with server.c and client.c
#   DRIVER     the built tests/driver.c
#   PATIENCE   milliseconds that any one wait may take (2000)
#   WRAPPER    a command before each program, such as valgrind (none)
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
#   prints TEXT                  the client has printed exactly this so far
#   ends NAME STATUS             the program has left with this exit status
#   complains NAME PATTERN       its standard error has one line that matches
#   runs NAME                    the program has not ended
#   ask TEXT                     send TEXT with nc, half-close, keep the answer
#   expect TEXT                  that answer is exactly TEXT
#   play STEP...                 a conversation by the driver (see driver.c)
#   peer STEP...                 the same, beside the test: it plays a server.
#                                The first step binds; sets port
#   peer_done                    that conversation has held to its end
#   refuses NAME ARGUMENT...     these arguments are bad usage: status 2
#   descriptors N                a process of the test may open N files, or
#                                the test is passed over
# Texts are escaped as printf's %b has it, with \n \r \t \\ \0 and \xHH.

bats_require_minimum_version 1.5.0

setup() {
    lesson=${BATS_TEST_FILENAME##*/} lesson=${lesson%.bats}
    : "${PROGRAMS:?}" "${DRIVER:?}"
    [ -z "${KEEPER-}" ] || kill -0 "$KEEPER"
    PATIENCE=${PATIENCE:-2000}
    export PATIENCE
    room=$BATS_TEST_TMPDIR
    section='How it works' sentence='' by_hand=''
    unset port
    declare -gA group=()
}

# Ends all that the test has started. A finding of a sanitizer fails it.
teardown() {
    local name
    for name in "${!group[@]}"; do
        kill "${group[$name]}" 2>/dev/null
        wait "${group[$name]}" 2>/dev/null
    done
    if grep -sE 'Sanitizer|runtime error:|^==[0-9]+==' "$room"/*.err; then
        return 1
    fi
}

about() {
    section=$1 sentence=${2-}
}

# Prints why the test failed, and what helps. Ends the test.
fail() {
    local name status=0
    # What the test's own side of the conversation found is the cause.
    if [ -n "${group[peer]-}" ] && ! kill -0 "${group[peer]}" 2>/dev/null; then
        wait "${group[peer]}" 2>/dev/null || cat "$room/peer.err"
    fi
    printf '%s\n' "$@"
    [ -z "$sentence" ] || fold -s -w 72 <<<"Why: ${sentence//$'\n'/ }"
    for name in server client; do
        if [ -n "${group[$name]-}" ] && ! kill -0 "${group[$name]}" 2>/dev/null; then
            status=0
            wait "${group[$name]}" 2>/dev/null || status=$?
            printf 'The %s %s.\n' "$name" "$(how_it_ended $status)"
        fi
        if [ -s "$room/$name.err" ]; then
            printf 'The end of the %s'\''s log:\n' "$name"
            tail -n 4 "$room/$name.err" | cut -c 1-76 | sed 's/^/    /'
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

start() {
    local name=$1
    shift
    : >"$room/$name.out" # at once: the program may be slow to come
    : >"$room/$name.err"
    # shellcheck disable=SC2086 # WRAPPER is a command with arguments
    in_background $WRAPPER "$PROGRAMS/$name" "$@" \
        >"$room/$name.out" 2>"$room/$name.err" &
    group[$name]=$!
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
    exec "$DRIVER" guard $((PATIENCE / 100)) "$@" 3>&- 4>&-
}

server() {
    (($# > 0)) || set -- 0
    start server "$@"
    export WATCHED=${group[server]} # for the driver
    local where status=0 protocol=tcp
    [[ $lesson != *udp ]] || protocol=udp
    where=$("$DRIVER" listening "${group[server]}" $protocol "$PATIENCE") ||
        status=$?
    if ((status == 3)); then
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
    local reader both
    [ ! -e "$room/input" ] || rm "$room/input"
    mkfifo "$room/input"
    # To open a FIFO for one direction waits for the other, so first both.
    # shellcheck disable=SC2094
    exec {both}<>"$room/input" {reader}<"$room/input" {writer}>"$room/input"
    exec {both}<&-
    start client "$@"
    exec {reader}<&-
}

say() {
    local status=0
    trap '' PIPE
    # In one piece: bash would write line by line, and a client may leave
    # after any of them.
    printf '%b' "$1" >"$room/said"
    cat "$room/said" 1>&"$writer" 2>/dev/null || status=$?
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

ends() {
    local name=$1 expected=$2 status=0
    "$DRIVER" ended "${group[$name]}" "$PATIENCE" ||
        fail "The $name is still running; it should leave with $expected."
    wait "${group[$name]}" || status=$?
    unset "group[$name]"
    ((status == expected)) ||
        fail "The $name $(how_it_ended $status); it should leave with $expected."
}

complains() {
    grep -qE -- "$2" "$room/$1.err" ||
        fail "No line on the $1's standard error is like: $2"
}

runs() {
    kill -0 "${group[$1]}" 2>/dev/null && return
    local status=0
    wait "${group[$1]}" || status=$?
    fail "The $1 $(how_it_ended $status); it should go on."
}

ask() {
    asked=$1
    by_hand="printf '$asked' | nc -N 127.0.0.1 9999"
    status=0
    printf '%b' "$asked" | "$DRIVER" guard "$((PATIENCE / 1000))" nc -N 127.0.0.1 "$port" \
        >"$room/answer" 2>"$room/nc.err" 3>&- 4>&- || status=$?
}

expect() {
    local difference why=''
    printf '%b' "$1" >"$room/expected"
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
    report=$("$DRIVER" play "$@" 2>&1 3>&- 4>&-) || fail "$report"
}

peer() {
    rm -f "$room/port"
    mkfifo "$room/port"
    in_background "$DRIVER" play "$@" \
        >"$room/port" 2>"$room/peer.err" &
    group[peer]=$!
    if ! read -r port <"$room/port"; then
        fail "$(cat "$room/peer.err")"
    fi
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
}
