#!/usr/bin/env bats
# The shipped programs, judged more strictly than a student's: their messages
# word by word, what they have in common, and where solutions differ.

load built

# Calls a function for the pairs of these lessons in both trees:
# each FUNCTION LESSON...
each() {
    local tree lesson function=$1
    shift
    for tree in lessons solutions; do
        for lesson; do
            take $tree "$lesson"
            "$function"
        done
    done
}

mapfile -t with_own_client < <(own_clients)
mapfile -t connected < <(that_serve once one queue many)
mapfile -t of_many < <(that_serve queue many)
mapfile -t of_one < <(that_serve once one)
mapfile -t of_datagrams < <(that_serve datagrams)

# ---- what they say -------------------------------------------------------

no_port=(x 1.5 0x50 -1 65536 4294967376 99999999999999999999999 '' 80x '80 '
    ' 80' +80 $'80\n')

# The right arguments of a program: one more is too many.
right() {
    local arguments='127.0.0.1 9999'
    [ "$1" = client ] || arguments=0
    [[ $tree == lessons || ${registry[$lesson:exercise]} != "$1" ]] ||
        [ "${registry[$lesson:argument]}" = - ] || arguments+=' 1'
    echo "$arguments"
}

refuses_ports() {
    local port
    for port in "${no_port[@]}"; do
        run_out server "$port" </dev/null
        says 2 'usage: server \[.*'
    done
    # shellcheck disable=SC2046
    run_out server $(right server) 1 </dev/null
    says 2 'usage: server \[.*'
}

@test "a server refuses a port that is none, and too many arguments, in one line" {
    each refuses_ports "${lessons[@]}"
}

refuses_addresses() {
    local host port
    for port in 0 "${no_port[@]}"; do
        run_out client 127.0.0.1 "$port" </dev/null
        says 2 'usage: client \[.*'
    done
    for host in localhost '' 1.2.3 1.2.3.4.5 256.1.1.1 ::1 0x7f.0.0.1 \
        '127.0.0.1 ' ' 127.0.0.1' 127.0.0.1:9999; do
        run_out client "$host" </dev/null
        says 2 'usage: client \[.*IPv4 address.*'
    done
    # shellcheck disable=SC2046
    run_out client $(right client) 1 </dev/null
    says 2 'usage: client \[.*'
}

@test "a client refuses a host that is no address, a port that is none, and too many arguments, in one line" {
    each refuses_addresses "${with_own_client[@]}"
}

@test "an exercise's argument that is no number, negative or too small is refused in one line" {
    local lesson number program argument least before tried=0
    for lesson in "${lessons[@]}"; do
        argument=${registry[$lesson:argument]} program=${registry[$lesson:exercise]}
        [ "$argument" != - ] || continue
        least=${argument#*>=} before=0
        [ "$program" = server ] || before='127.0.0.1 9999'
        take solutions "$lesson"
        for number in '' x 5x -1 '5 ' ' 5' +5 1.5 $((least - 1)); do
            ((++tried))
            # shellcheck disable=SC2086 # these are words
            run_out "$program" $before "$number" </dev/null
            says 2 "usage: $program \\[.*${argument%>=*}.*"
        done
    done
    ((tried >= 36)) # nine of each
}

finds_the_port_taken() {
    run_out server "$port" </dev/null
    says 1 "server: bind 127\.0\.0\.1:$port: [A-Z].*"
}

@test "a port in use is said by its address, with status 1" {
    take lessons "${lessons[0]}"
    peer 's listener' "s until $room/over"
    each finds_the_port_taken "${connected[@]}"
    stop peer
    peer 's udp-bind' "s until $room/over"
    each finds_the_port_taken "${of_datagrams[@]}"
}

lacks_the_right() {
    run_out server "$low" </dev/null
    says 1 "server: bind 127\.0\.0\.1:$low: Permission denied"
}

@test "a port below 1024 without the right is said by its address, with status 1" {
    local low=1023 first
    first=$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start 2>/dev/null || echo 1024)
    if ((first <= 1023)); then
        # Here, as in some containers, nobody needs the right. So bind speaks
        # as it does elsewhere.
        printf '%s\n' '#include <errno.h>' 'int bind(int s, const void *a, unsigned n);' \
            'int bind(int s, const void *a, unsigned n)' \
            '{ (void)s, (void)a, (void)n; errno = EACCES; return -1; }' >"$room/deny.c"
        cc -shared -fPIC "$room/deny.c" -o "$room/deny.so"
        export LD_PRELOAD=$room/deny.so
        each lacks_the_right "${lessons[@]}"
    elif ((EUID == 0)); then
        # Even root has no right that it has given away for good.
        WRAPPER='setpriv --bounding-set -net_bind_service' each lacks_the_right
    else
        each lacks_the_right "${lessons[@]}"
    fi
}

finds_nobody() {
    run_out client 127.0.0.1 "$port" <<<hello
    says 1 "client: connect 127\.0\.0\.1:$port: Connection refused"
}

goes_on_trying() {
    if [[ $tree == solutions && ${registry[$lesson:exercise]} == client ]]; then
        run_out client 127.0.0.1 "$port" 1 <<<hello
        ((status == 1)) || fail "The client $(how_it_ended "$status"), not with 1."
        [ ! -s "$room/client.out" ] || fail 'The client prints an answer.'
        mapfile -t lines <"$room/client.err"
        [[ ${lines[0]} == "client: connect 127.0.0.1:$port: Connection refused" &&
            ${lines[1]} == "client: gave up 127.0.0.1:$port "* && ${#lines[@]} == 2 ]] ||
            fail 'It says another thing.'
        return
    fi
    start client 127.0.0.1 "$port"
    "$DRIVER" await "$room/client.err" \
        "client: connect 127.0.0.1:$port: Connection refused\n" "$PATIENCE" ||
        fail 'The client says another thing.'
    runs client
    stop client
}

@test "a server that is not there is said by its address; the clients that come back go on" {
    take lessons "${lessons[0]}"
    peer 's bind' "s until $room/over"
    local lesson
    for lesson in "${connected[@]}"; do
        if [ "${registry[$lesson:refused]}" = returns ]; then
            each goes_on_trying "$lesson"
        else
            each finds_nobody "$lesson"
        fi
    done
}

is_refused() {
    if [ "$tree" = lessons ]; then
        run_out client 127.0.0.1 "$port" <<<hello
        says 1 "client: recv 127\.0\.0\.1:$port: Connection refused"
    else
        run_out client 127.0.0.1 "$port" 2 <<<hello
        says 1 'client: no answer to line 1'
    fi
}

@test "nobody at a UDP port is said when the refusal comes back, with status 1" {
    take lessons "${of_datagrams[0]}"
    peer 's udp-bind' 's deaf' "s until $room/over"
    each is_refused "${of_datagrams[@]}"
}

logs_its_port() {
    local told
    for told in 0 again; do
        [ $told = 0 ] || told=$port
        server "$told"
        "$DRIVER" await "$room/server.err" "listening on 127.0.0.1:$port\n" "$PATIENCE" ||
            fail 'The first line of the log is another one.'
        [ ! -s "$room/server.out" ] || fail 'The server prints on standard output.'
        stop server
    done
}

@test "the first line of a server's log is its address, with the real port" {
    each logs_its_port "${lessons[@]}"
}

# Starts a server for clients that want one.
any_server() {
    local wanted=$tree/$lesson
    if [ "${registry[$lesson:protocol]}" = udp ]; then
        take lessons "${of_datagrams[0]}"
    else
        take lessons "${of_many[0]}"
    fi
    server
    take "${wanted%/*}" "${wanted#*/}"
}

cannot_print() {
    any_server
    into=/dev/full run_out client 127.0.0.1 "$port" <<<hello
    says 1 'client: fwrite: No space left on device'
    stop server
}

@test "standard output that takes no more makes the client say so, with status 1" {
    each cannot_print "${with_own_client[@]}"
}

cannot_read() {
    any_server
    run_out client 127.0.0.1 "$port" </
    says 1 'client: (getline|read 127\.0\.0\.1:[0-9]+): Is a directory'
    stop server
}

@test "standard input that cannot be read makes the client say so, with status 1" {
    each cannot_read "${with_own_client[@]}"
}

# ---- lines of any length -------------------------------------------------

# A line of 8 MiB, of which no two parts are the same, with NULs and UTF-8.
long_line() {
    head -c 8388600 < <(seq 1300000 | tr '\n0-9' '\0a-i{') >"$room/line"
    printf 'z\xc3\xa9\xffA\0z\n' >>"$room/line"
    [ "$(wc -c <"$room/line")" -eq 8388608 ]
    LC_ALL=C tr a-z A-Z <"$room/line" >"$room/LINE"
}

passes_it_on() {
    server
    run_out client 127.0.0.1 "$port" <"$room/line"
    ((status == 0)) || fail "The client $(how_it_ended "$status")."
    cmp "$room/client.out" "$room/LINE" || fail 'The answer is another one.'
    [ ! -s "$room/client.err" ] || fail 'The client has something to say.'
    if [ "${registry[$lesson:serves]}" = one ]; then
        ends server 0
    else
        stop server
    fi
}

@test "a line of 8 MiB goes through a pair whole" {
    long_line
    # shellcheck disable=SC2046 # these are words
    each passes_it_on $(that_serve one queue many)
}

@test "a line of 8 MiB goes through the client of 01 and another lesson's server whole" {
    local other
    long_line
    take lessons "$(that_serve once)"
    for other in $(that_serve one queue many); do
        rm -f "$room"/*.err
        PROGRAMS=$BATS_FILE_TMPDIR/lessons/$other server
        run_out client 127.0.0.1 "$port" <"$room/line"
        ((status == 0)) || fail "The client $(how_it_ended "$status")."
        cmp "$room/client.out" "$room/LINE" || fail "Another answer from $other."
        [ ! -s "$room/client.err" ] || fail 'The client has something to say.'
        stop server
    done
}

answers_its_beginning() {
    server
    run_out client 127.0.0.1 "$port" <"$room/line"
    cmp "$room/client.out" <(head -c 1024 "$room/LINE") ||
        fail 'The answer is not that to the first 1,024 bytes.'
    rm "$room/client.out"
    says 0 'client: only 1024 of 8388608 bytes were answered'
    ends server 0
}

@test "of a line of 8 MiB the pair of 01 answers the first 1,024 bytes, and says so" {
    long_line
    # shellcheck disable=SC2046
    each answers_its_beginning $(that_serve once)
}

fits_a_datagram() {
    local most=65507 more
    [ "$tree" = lessons ] || most=65505 # and the number before it
    server
    (head -c $((most - 1)) /dev/zero | tr '\0' x && echo) >"$room/line"
    run_out client 127.0.0.1 "$port" <"$room/line"
    ((status == 0)) || fail "The client $(how_it_ended "$status")."
    cmp "$room/client.out" <(tr x X <"$room/line") || fail 'The answer is another one.'
    for more in 1 29 99999; do
        (head -c $more /dev/zero && cat "$room/line") >"$room/larger"
        run_out client 127.0.0.1 "$port" <"$room/larger"
        says 1 "client: send 127\.0\.0\.1:$port: Message too long"
    done
    stop server
}

@test "the largest line that a datagram holds goes through, and a larger one is said" {
    each fits_a_datagram "${of_datagrams[@]}"
}

# It begins late, and its answers have as little room as can be: a client that
# sends more than it reads is soon stuck here, and elsewhere on a rare day.
narrow_server() {
    mkdir -p "$room/narrow"
    cat >"$room/narrow/server" <<'end'
#!/usr/bin/env python3
import socket, sys, time
with socket.create_server(("127.0.0.1", 0)) as s:
    s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
    print("listening on 127.0.0.1:%d" % s.getsockname()[1], file=sys.stderr, flush=True)
    conn, _ = s.accept()
    time.sleep(0.3)
    while data := conn.recv(16384):
        conn.sendall(data.upper())
end
    chmod +x "$room/narrow/server"
    PROGRAMS=$room/narrow server
}

is_not_stuck() {
    narrow_server
    run_out client 127.0.0.1 "$port" <"$room/line"
    ((status == 0)) || fail "The client $(how_it_ended "$status")."
    cmp "$room/client.out" "$room/LINE" || fail 'The answer is another one.'
    ends server 0
}

@test "a line of 8 MiB goes through a client whole where answers have little room" {
    long_line
    each is_not_stuck "${connected[@]}"
}

# ---- what they have in common --------------------------------------------

# A function with the comment before it, as a file has it.
text_of() {
    awk -v start="(static )?[a-z_ ]+\\\\*?$1\\\\(.*[^;]\$" '
        /^(\/\*|static const char \*port;)/ { kept = "" }
        { kept = kept $0 "\n" }
        $0 ~ "^" start { inside = 1 }
        /^}/ && inside { printf "%s", kept; exit }
        /^}/ { kept = "" }' "$2"
}

# The function is in so many of these files, and the same in all of them.
same_text() {
    local name=$1 many=$2 file first='' count=0
    shift 2
    for file; do
        text_of "$name" "$file" >"$room/text"
        [ -s "$room/text" ] || continue
        ((++count))
        if [ -z "$first" ]; then
            first=$file
            cp "$room/text" "$room/first"
        elif ! diff "$room/first" "$room/text"; then
            echo "$name is another text in $file than in $first."
            return 1
        fi
    done
    echo "$name is in $count files; it was in $many."
    ((count >= many))
}

@test "serve is the same text wherever it appears" {
    local files
    cd "$top"
    # But where it is what the exercise is about.
    mapfile -t files < <(printf '%s\n' {lessons,solutions}/[0-9]*/server.c |
        grep -vxF "solutions/$(that_serve one)/server.c")
    same_text serve 5 "${files[@]}"
}

@test "what the programs do alike, they do in the same words" {
    local lesson dialogues=()
    cd "$top"
    same_text check 12 {lessons,solutions}/[0-9]*/server.c
    same_text failed 12 {lessons,solutions}/[0-9]*/client.c
    same_text print 12 {lessons,solutions}/[0-9]*/client.c
    same_text read_line 10 {lessons,solutions}/[0-9]*/client.c
    same_text is_exit 8 {lessons,solutions}/[0-9]*/client.c
    for lesson in "${lessons[@]}"; do
        [[ ${registry[$lesson:serves]} != one && ${registry[$lesson:refused]} != returns ]] ||
            dialogues+=("lessons/$lesson/client.c")
    done
    same_text talk 3 "${dialogues[@]}"
}

@test "a solution differs from its lesson in the file of the exercise, and in no other" {
    local lesson file other
    cd "$top"
    for lesson in "${lessons[@]}"; do
        file=server.c other=client.c
        [ "${registry[$lesson:exercise]}" = server ] || file=client.c other=server.c
        cmp "lessons/$lesson/$other" "solutions/$lesson/$other"
        run ! cmp -s "lessons/$lesson/$file" "solutions/$lesson/$file"
    done
}

@test "the starter that reset puts back is the lesson as it is shipped" {
    local lesson
    cd "$top"
    for lesson in lessons/[0-9]*; do
        [ "$(cd "$lesson" && echo ./*.c)" = "$(cd "$lesson/.starter" && echo ./*)" ]
        cmp "$lesson/server.c" "$lesson/.starter/server.c"
        cmp "$lesson/client.c" "$lesson/.starter/client.c"
    done
}

# ---- servers of one client -----------------------------------------------

# Plays these steps with the servers that serve once, one client, or both, with
# PORT for the port. The server says that the client has gone, and leaves with status 0.
# Of the faults that the later servers survive, one is none here: with no
# descriptor left for its one client, such a server has failed.
outlives() {
    steps=("${@:2}")
    # shellcheck disable=SC2046,SC2086 # these are words
    each outlives_it $(that_serve $1)
}

outlives_it() {
    server
    play "${steps[@]//PORT/$port}"
    ends server 0
    grep -qE '^client (left|broke off)' "$room/server.err" ||
        fail 'The server does not say that the client has gone.'
}

@test "one client: a silent close ends 01 and 02 with status 0" {
    outlives 'once one' 'c open PORT' 'c close'
}

@test "one client: a reset before the answer ends 01 and 02 with status 0" {
    outlives 'once one' 'c open PORT' 'c reset'
    outlives 'once one' 'x signal STOP' 'c open PORT' 'c send hello' 'c reset' 'x signal CONT'
    outlives 'once one' 'x signal STOP' 'c open PORT' 'c send hello' 'c finish' \
        'c reset' 'x signal CONT'
}

@test "one client: a reset during the answer ends 01 and 02 with status 0" {
    local kilobyte
    kilobyte="c send $(printf '%01024d' 0)"
    outlives 'once' 'c open PORT' "$kilobyte" "$kilobyte" "$kilobyte" 'c reset'
    outlives 'one' 'c open PORT' 'c pour 67108864' 'c reset'
}

@test "one client: a reset after the answer ends 01 and 02 with status 0" {
    outlives 'once one' 'c open PORT' 'c send hello' 'c get HELLO' 'c reset'
}

@test "one client: 01 and 02 answer one that half-closes, and leave with status 0" {
    outlives 'once one' 'c open PORT' 'c send hello' 'c finish' 'c get HELLO' 'c end'
    outlives 'once one' 'c open PORT' 'c finish' 'c end'
}

@test "one client: 01 answers the first byte of one that dribbles, 02 all; status 0" {
    outlives 'once' 'c open PORT' 'c send d' 'c get D' 'c slowly ribble\n' 'c end'
    outlives 'one' 'c open PORT' 'c slowly dribble\n' 'c get DRIBBLE\n' 'c finish' 'c end'
}

@test "one client: 01 and 02 answer every byte value, and leave with status 0" {
    local all ALL
    all=$(printf '\\x%02x' {0..255})
    ALL=$(printf '\\x%02x' {0..96} {65..90} {123..255})
    outlives 'once one' 'c open PORT' "c send $all" "c get $ALL" 'c finish' 'c end'
}

@test "one client: 8 MiB to a slow reader arrive whole from 02, which leaves with status 0" {
    outlives 'one' 'c open PORT' 'c sip 8388608' 'c finish' 'c end'
}

@test "one client: stopped and continued, 01 and 02 answer, and leave with status 0" {
    outlives 'once one' 'c open PORT' 'x signal STOP' 'c send hello' 'x signal CONT' \
        'c get HELLO' 'x signal STOP' 'c finish' 'x signal CONT' 'c end'
    outlives 'one' 'c open PORT' 'c pour 67108864' 'x signal STOP' 'x signal CONT' \
        'c drain' 'c finish' 'c end'
}

@test "one client: signals that mean nothing to 01 and 02 change nothing" {
    outlives 'once one' 'x signal WINCH' 'c open PORT' 'x signal WINCH' 'x signal URG' \
        'x signal CHLD' 'c send hello' 'c get HELLO' 'x signal CHLD' 'c close'
}

@test "one client: 01 and 02 rest while it is silent, and leave with status 0 when it does" {
    outlives 'once one' 'c open PORT' 'x calm 40' 'c close'
}

@test "one client: 01 and 02 rest while it does not read, and leave with status 0 when it does" {
    outlives 'once' 'c open PORT' 'c send hello' 'x calm 40' 'c close'
    outlives 'one' 'c open PORT' 'c pour 67108864' 'x calm 40' 'c close'
}

# ---- the tests' own side -------------------------------------------------

@test "a peer that answered late passes over what came again for that, and only then" {
    take solutions "${of_datagrams[0]}"
    peer 's udp-bind' 's take 1 one\n' "s said $room/none 300" 's send 1 ONE\n' \
        's take 2 two\n' 's send 2 TWO\n'
    client
    say 'one\ntwo\n'
    hang_up
    ends client 0
    peer_done
    prints 'ONE\nTWO\n'
    # One that repeats itself without a reason is wrong.
    peer 's udp-bind' 's take 1 one\n' 's send 1 ONE\n' 's take 2 two\n'
    "$DRIVER" play "c udp $port" 'c send 1 one\n' 'c send 1 one\n'
    run peer_done
    [[ $status -ne 0 && $output == *'expected  "2 two'*'got       "1 one'* ]]
}
