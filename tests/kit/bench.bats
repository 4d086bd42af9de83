#!/usr/bin/env bats
# What measures how the servers scale: that it tells right answers from wrong
# and missing ones, and what it makes of the figures. No test here depends on
# how fast anything is.

# shellcheck disable=SC2030,SC2031,SC2154 # a test is a subshell; common.bash sets lessons
bats_require_minimum_version 1.5.0

load ../commands/common

setup_file() {
    unset LESSON DIR SANITIZE MAKEFLAGS MAKELEVEL SVG
    export copy=$BATS_FILE_TMPDIR/kit
    copy_kit "$copy" solutions
    cd "$copy" || return
    make -s build/driver build/bench/load build/bench/floor
}

setup() {
    cd "$copy" || return
}

teardown() {
    stop
}

# Starts a server. Sets server, its process, and port.
serve() {
    stop
    setpriv --pdeathsig KILL setsid "$1" 0 >/dev/null 2>&1 3>&- 4>&- &
    server=$!
    read -r _ port < <(build/driver listening $server tcp 10000)
}

stop() {
    [ -n "${server-}" ] || return 0
    kill -KILL "$server"
    wait "$server" 2>/dev/null || true
    server=''
}

# Starts the floor, changed by a script for sed: other EDIT.
other() {
    sed "$1" tests/bench/peers/floor.c >"$BATS_TEST_TMPDIR/other.c"
    run ! cmp -s tests/bench/peers/floor.c "$BATS_TEST_TMPDIR/other.c"
    cc "$BATS_TEST_TMPDIR/other.c" -o "$BATS_TEST_TMPDIR/other"
    serve "$BATS_TEST_TMPDIR/other"
}

# A load, with its output in $output.
load_it() {
    run timeout -k 5 60 build/bench/load "$@" 3>&- 4>&-
}

@test "load: right answers are counted, each kind tells a line of figures" {
    local kind
    other '1s/^/\n/'
    for kind in messages connections waits idle; do
        load_it $kind "$port" 20 50 $server
        [ "$status" -eq 0 ]
        [[ $output =~ ^clients=(1|20)\ answered=(1|20)\ [-a-z_0-9=.\ ]*$ ]]
    done
    load_it messages "$port" 20 50
    [[ $output =~ \ count=[1-9][0-9]*\  ]]
}

@test "load: a server that is away is said to be, whatever is measured" {
    local kind
    for kind in messages connections waits idle; do
        load_it $kind 1 10 50
        [ "$status" -eq 1 ]
        [ "$output" = 'load: connect 127.0.0.1:1: Connection refused' ]
    done
}

@test "load: a wrong answer is shown, whatever is measured" {
    local kind
    other "s/ - 'a' + 'A'/ - 'a' + 'B'/"
    for kind in messages connections waits idle; do
        load_it $kind "$port" 10 50
        [ "$status" -eq 1 ]
        [[ $output == "load: a wrong answer: '"*"' instead of '"* ]]
    done
}

@test "load: an answer to another message, and one that is too long, are wrong" {
    # The first 9 are answered; then the beginning is that of an old answer.
    other 's/^    static char data.*/&\n    static int messages;/
        s/^    if (got <= 0 ||/    if (messages++ > 8)\n        data[0] = 65;\n&/'
    load_it messages "$port" 1 50
    [ "$status" -eq 1 ]
    [[ $output == "load: a wrong answer: 'A"* ]]
    other 's/send(fd, data, (size_t)got,/send(fd, data, (size_t)got++ + 1,/'
    load_it messages "$port" 1 50
    [ "$status" -eq 1 ]
    [ "$output" = 'load: 33 bytes were answered to a message of 32' ]
}

@test "load: answers that do not come any more are missing" {
    other 's/^    static char data.*/&\n    static int messages;/
        s/^    if (got <= 0 ||/    if (messages++ > 50)\n        return;\n&/'
    load_it messages "$port" 10 50
    [ "$status" -eq 1 ]
    [ "$output" = 'load: 10 answers are missing after 5000 ms' ]
}

@test "load: a mute server, and one that closes, are told apart" {
    other 's/send(fd, data, (size_t)got, MSG_NOSIGNAL)/got/'
    load_it messages "$port" 10 50
    [ "$status" -eq 1 ]
    [ "$output" = 'load: none of 10 clients was answered within 300 ms' ]
    other 's/send(fd, data, (size_t)got, MSG_NOSIGNAL)/0/'
    load_it messages "$port" 10 50
    [ "$status" -eq 1 ]
    [ "$output" = 'load: the server closed a connection, 0 bytes of 32 answered' ]
}

@test "load: those whom a server lets wait are not counted as answered" {
    make -s build/lessons/03-reconnecting/server
    serve build/lessons/03-reconnecting/server
    load_it messages "$port" 30 50
    [ "$status" -eq 0 ]
    [[ $output == 'clients=30 answered=1 '* ]]
}

@test "load: a server without TCP_NODELAY is seen to wait" {
    other 's/IPPROTO_TCP, TCP_NODELAY/SOL_SOCKET, SO_REUSEADDR/'
    load_it waits "$port" 1 100
    [ "$status" -eq 0 ]
    [[ $output =~ \ late=[1-9] ]]
}

@test "load: bad usage is status 2" {
    local arguments
    for arguments in '' 'messages' 'messages 1 1' 'others 1 1 1' 'messages 0 1 1' \
        'messages 65536 1 1' 'messages 1 0 1' 'messages 1 60001 1' 'messages 1 1 0' \
        'messages x 1 1' 'messages 1 1 1 1 1'; do
        # shellcheck disable=SC2086 # they are many
        load_it $arguments
        [ "$status" -eq 2 ]
        [[ $output == 'usage: load '* ]]
    done
}

# Writes a table or curves of figures: made_of PROGRAM [-v NAME=VALUE] <FIGURES
made_of() {
    timeout 9 awk -v lessons='03 one at a time;04 threads;06 poll' "${@:2}" \
        -f tests/bench/measured.awk -f "tests/bench/$1"
}

# Lines as bench keeps them: so many rounds, 6 unless given, three by turns.
figures() {
    local round turn poll epoll
    for ((round = 1; round <= ${1:-6}; round++)); do
        turn=$(((round - 1) % 3 + 1))
        # 06 to the floor: 0.5, 1.2, 0.9. The medians are 200 each.
        poll=$(cut -d ' ' -f $turn <<<'100 240 200') epoll=$(cut -d ' ' -f $turn <<<'200 200 222')
        echo "$round 06 messages clients=100 answered=100 count=9 rate=$poll p50=5 p99=7 longest=9 late=0"
        echo "$round floor messages clients=100 answered=100 count=9 rate=$epoll p50=5 p99=7 longest=9 late=0"
        echo "$round 03 messages clients=100 answered=1 count=9 rate=8 p50=5 p99=7 longest=9 late=0"
        echo "$round 06 waits clients=1 answered=1 count=50 longest=1000 late=0"
        echo "$round floor waits clients=1 answered=1 count=50 longest=$((turn * 20000)) late=$((turn / 2))"
    done
}

@test "table: medians, ratios within a round, what is reached and what is missed" {
    figures | made_of table.awk >"$BATS_TEST_TMPDIR/table"
    cat "$BATS_TEST_TMPDIR/table"
    [ "$(wc -L <"$BATS_TEST_TMPDIR/table")" -le 100 ]
    grep -Eq '^  06 poll +200$' "$BATS_TEST_TMPDIR/table"
    grep -Eq '^  03 one at a time +8\*$' "$BATS_TEST_TMPDIR/table"
    grep -Fq '* 03 one at a time answered 1 of 100 clients' "$BATS_TEST_TMPDIR/table"
    grep -Eq '^  06 poll / bare epoll, messages/s, 100 +0.90 +0.50 to 1.20 +>= 0.95 +MISSED$' \
        "$BATS_TEST_TMPDIR/table"
    grep -Eq '^  bare epoll +.* 60.00 ms +4 of 300 +<- !$' "$BATS_TEST_TMPDIR/table"
    grep -Eq '^  bare epoll, waits in 1,000 +13.33 .*MISSED$' "$BATS_TEST_TMPDIR/table"
    grep -Eq '^  06 poll, waits in 1,000 +0.00 .*reached$' "$BATS_TEST_TMPDIR/table"
    grep -q 'medians of 6 rounds\.$' "$BATS_TEST_TMPDIR/table"
}

@test "table: of fewer than 5 rounds it gives no verdict" {
    figures 1 | made_of table.awk >"$BATS_TEST_TMPDIR/table"
    cat "$BATS_TEST_TMPDIR/table"
    grep -q 'medians of 1 round\.$' "$BATS_TEST_TMPDIR/table"
    grep -Eq '^  06 poll, waits in 1,000 +0.00 .*too few rounds$' "$BATS_TEST_TMPDIR/table"
    run ! grep -E 'MISSED|reached' "$BATS_TEST_TMPDIR/table"
    [ "$(wc -L <"$BATS_TEST_TMPDIR/table")" -le 100 ]
}

@test "curves: well-formed, a curve and a name for each, none for times of a part" {
    local what
    for what in rate p99; do
        figures | made_of curves.awk -v what=$what >"$BATS_TEST_TMPDIR/$what.svg"
        xmllint --noout "$BATS_TEST_TMPDIR/$what.svg"
        run ! grep -Ei 'nan|inf"' "$BATS_TEST_TMPDIR/$what.svg"
    done
    [ "$(grep -c '<polyline' "$BATS_TEST_TMPDIR/rate.svg")" -eq 3 ]
    [ "$(grep -c '<polyline' "$BATS_TEST_TMPDIR/p99.svg")" -eq 2 ]
    grep -q '>06 poll</text>' "$BATS_TEST_TMPDIR/rate.svg"
}

@test "table and curves: the lessons are those of the registry, and targets go by the model" {
    local table=$BATS_TEST_TMPDIR/table
    figures | sed 's/ 06 / 97 /' >"$BATS_TEST_TMPDIR/figures"
    made_of table.awk -v lessons='03 one at a time;97 poll' <"$BATS_TEST_TMPDIR/figures" >"$table"
    cat "$table"
    # The last lesson is the first one.
    [ "$(grep -A 1 '^messages per second' "$table" | tail -n 1 | cut -c 1-10)" = '  97 poll ' ]
    grep -q '^  97 poll / bare epoll, messages/s, 100 ' "$table"
    # Of a model that nobody knows there are figures and a curve, and no targets.
    made_of table.awk -v lessons='97 tasks' <"$BATS_TEST_TMPDIR/figures" >"$table"
    cat "$table"
    grep -q '^  97 tasks  *200$' "$table"
    run ! grep -F '97 tasks /' "$table"
    made_of curves.awk -v lessons='97 tasks' -v what=rate <"$BATS_TEST_TMPDIR/figures" >"$table.svg"
    grep -q '>97 tasks</text>' "$table.svg"
    [ "$(grep -c '<polyline' "$table.svg")" -eq 2 ]
    [ "$(grep -c '<polyline .* stroke="#' "$table.svg")" -eq 2 ]
}

@test "curves: where nothing can be drawn that is said" {
    echo '1 06 messages clients=9 answered=1 count=0 rate=0' >"$BATS_TEST_TMPDIR/figures"
    # Its output could be endless, so bats does not keep it.
    status=0
    made_of curves.awk -v what=p99 <"$BATS_TEST_TMPDIR/figures" >/dev/null \
        2>"$BATS_TEST_TMPDIR/said" || status=$?
    [ "$status" -eq 1 ]
    [ "$(cat "$BATS_TEST_TMPDIR/said")" = 'bench: there is nothing to draw' ]
}

# The models are measured, for a short time.
bench_models() {
    ROUNDS=1 MS=20 run timeout -k 5 300 nice -n 19 tests/commands/bench models 3>&- 4>&-
}

@test "bench models: a row for each server, and the curves" {
    local name names=('bare epoll' libuv asyncio 'Python threads') lesson model svg
    for lesson in "${lessons[@]}"; do
        model=${registry[$lesson:model]}
        [ "$model" = - ] || names+=("${lesson%%-*} $model")
    done
    [ "${#names[@]}" -ge 6 ]
    local -x CLIENTS='1 100' SVG=$BATS_TEST_TMPDIR/svg
    bench_models
    echo "$output"
    [ "$status" -eq 0 ]
    for name in "${names[@]}"; do
        [[ $output == *"${name%% *} "*'passed over'* ]] ||
            [ "$(grep -Ec "^  $name +[0-9]" <<<"$output")" -ge 3 ]
    done
    [ "$(ls "$BATS_TEST_TMPDIR/svg")" = $'models-p99.svg\nmodels-rate.svg' ]
    for svg in "$BATS_TEST_TMPDIR"/svg/*; do
        xmllint --noout "$svg"
        [ "$(grep -c '<polyline' "$svg")" -ge 3 ]
    done
}

@test "bench models: a lesson that is added with a model is measured" {
    cp -a "$copy" "$BATS_TEST_TMPDIR/kit"
    cd "$BATS_TEST_TMPDIR/kit"
    cp -a lessons/06-nonblocking lessons/97-added
    # It takes the model of 06, which has none then.
    awk 'BEGIN { FS = OFS = "\t" }
        $1 == "lesson" { for (i = 1; i <= NF; i++) if ($i == "model") model = i }
        $1 == "06-nonblocking" { $model = "-"; print; $1 = "97-added"; $model = "poll" }
        { print }' tests/lessons.tsv >"$BATS_TEST_TMPDIR/lessons.tsv"
    cp "$BATS_TEST_TMPDIR/lessons.tsv" tests/lessons.tsv
    # Few clients, for a machine that is busy: whether all are fast enough is not asked.
    ulimit -n 100
    local -x CLIENTS=10 SVG=$BATS_TEST_TMPDIR/svg
    bench_models
    echo "$output"
    [ "$(grep -Ec '^  97 poll +[0-9]' <<<"$output")" -ge 3 ]
    [ "$(grep -Ec '^ *06 ' <<<"$output")" -eq 0 ]
    grep -q '>97 poll</text>' "$SVG/models-rate.svg"
}

@test "bench models: a server that answers wrongly is named, and the status is 1" {
    sed -i.right "s/ - 'a' + 'A'/ - 'a' + 'B'/" lessons/04-multi-client/server.c
    CLIENTS=1 bench_models
    mv lessons/04-multi-client/server.c.right lessons/04-multi-client/server.c
    touch lessons/04-multi-client/server.c
    [ "$status" -eq 1 ]
    [[ $output == *"load: a wrong answer: "* ]]
    [[ $output == *"bench: this was 04 with 1 clients (messages)"* ]]
    [[ $output == *"06 poll "* ]]
}

@test "bench: an unknown part is bad usage" {
    run tests/commands/bench models everything
    [ "$status" -eq 2 ]
    [ "$output" = "bench: there is no part 'everything'; usage: make bench [PART=commands|models|grading]" ]
}
