#!/usr/bin/env bats
# make trace, with real programs: what is drawn is what happened, in its order.

# shellcheck disable=SC2016,SC2154 # sed and scenes expand; common.bash sets lessons
bats_require_minimum_version 1.5.0

load ../commands/common
load try

setup_file() {
    export copy=$BATS_FILE_TMPDIR/kit
    copy_kit "$copy" tests/kit
    unset LESSON DIR SANITIZE MAKEFLAGS MAKELEVEL
    (cd "$copy" && make -s all && make -s DIR=solutions all && chmod -R go+rX .) 3>&- 4>&-
    chmod go+rx "$BATS_FILE_TMPDIR" "$BATS_RUN_TMPDIR"
}

setup() {
    cd "$copy" || return
    unset LESSON DIR SANITIZE SCENE SERVER CLIENT SAY SVG MAKEFLAGS MAKELEVEL
    export TERM=dumb
}

# What the last command printed has lines that match, one after another. Each
# pattern is taken in its column: c/, w/ or s/, the client's, the wire's, the
# server's.
rows() {
    local column pattern at=0 line first width
    mapfile -t lines <<<"$output"
    for pattern; do
        column=${pattern%%/*} pattern=${pattern#*/}
        case $column in
        c) first=6 width=26 ;;
        w) first=33 width=20 ;;
        s) first=54 width=26 ;;
        esac
        while :; do
            if ((at >= ${#lines[@]})); then
                printf 'no line (%s) %s, in its place, in\n%s\n' "$column" "$pattern" "$output"
                return 1
            fi
            line=${lines[at++]:first:width}
            line=${line%"${line##*[! ]}"}
            [[ ! $line =~ $pattern ]] || break
        done
    done
}

fits() {
    awk 'length > 80 { print "too long: " $0; bad = 1 } END { exit bad }' <<<"$output"
}

@test "the handshake: three segments, while the server sleeps in accept" {
    try make -s trace SCENE=handshake
    [ "$status" -eq 0 ]
    fits
    rows 's/^socket' 's/^bind\(3, port 9999\)' 's/^listen' 's/^accept\(3\) sleeps' 'c/^socket' \
        'c/^connect\(3, port 9999\)$' 'w/^-+ SYN -+>' 'w/^<-+ SYN\+ACK -' 'w/^-+ ACK -+>' \
        's/^accept = 4' 's/^recv\(4\) sleeps'
    [ "$(grep -c -- '-->\|<--' <<<"$output")" -eq 3 ]
    try make -s trace SCENE=handshake ROWS=7-9
    [ "$(grep -c '^ *[0-9]' <<<"$output")" -eq 3 ]
    rows 'w/ SYN ' 'w/SYN.ACK' 'w/ ACK'
}

@test "the plot of the scene is under its title, and the signs that it shows are explained" {
    try make -s trace SCENE=reset
    [ "${lines[1]}" = 'the server is killed and comes back; the client speaks meanwhile' ]
    grep -q '^(3)  the descriptor 3' <<<"$output"
    grep -q '^FIN  ' <<<"$output"
    grep -q '^RST  ' <<<"$output"
    [ "$(grep -c '^x  \|^poll' <<<"$output")" -eq 0 ]
    try make -s trace SCENE=lost DIR=solutions SAY='FIN RST'
    fits
    grep -q '^x    lost on the way' <<<"$output"
    grep -q '^poll: 3 ready  the descriptor 3' <<<"$output"
    [ "$(grep -c '^FIN  \|^RST  ' <<<"$output")" -eq 0 ]
}

# Each line of a ladder without its time, and without the marks of sleep.
bare() {
    awk '/^ +[0-9]/ { $1 = ""; gsub(/ :( |$)/, " "); gsub(/ +/, " "); sub(/^ /, ""); sub(/ $/, ""); print }' | sort
}

@test "the page of lesson 01 shows the ladder as it is drawn" {
    try make -s trace SCENE=handshake
    diff <(bare <<<"$output") <(sed -n '/^```text/,/^```$/p' lessons/01-one-shot/README.md | bare)
}

@test "a dialogue: each answer between the calls that bring it about" {
    try make -s trace LESSON=02 SAY=salve
    [ "$status" -eq 0 ]
    fits
    rows 'c/^read = 6 "salve\\n"' 'c/^send\(3, "salve\\n"\) = 6' 'w/"salve\\n" -*>' \
        's/^recv = 6 "salve\\n"' 's/^send\(4, "SALVE\\n"\) = 6' 'w/^<-+ "SALVE\\n"' \
        'c/^recv.* = 6 "SALVE\\n"' 'c/^read = 0' 'c/^close\(3\)' 'w/FIN -*>' 's/^recv = 0' \
        's/^close\(4\)' 'w/^<-+ FIN'
}

@test "every lesson's pair is drawn, in 80 columns" {
    local lesson
    for lesson in "${lessons[@]}"; do
        try make -s trace LESSON="$lesson" DIR=solutions
        [ "$status" -eq 0 ]
        fits
        rows 'c/^socket' 'w/hello.*>' 's/HELLO' 'w/<.*HELLO' 'c/HELLO'
    done
}

@test "the four-way close: the kernel acknowledges for a server that is busy" {
    try make -s trace SCENE=close
    [ "$status" -eq 0 ]
    rows 's/stopped' 'c/^close' 'w/FIN -*>' 'w/^<-+ ACK' 's/goes on' 's/^recv(\(4\))? = 0' 's/^close' \
        'w/^<-+ FIN' 'w/ACK -*>'
}

@test "a reset: what goes to a server that is dead" {
    try make -s trace SCENE=reset
    [ "$status" -eq 0 ]
    rows 's/killed' 'w/^<-+ FIN' 'c/^send' 'w/"hello\\n" -*>' 'w/^<-+ RST' 'c/^sleep' \
        's/^\(a new one is started' 's/^socket' 's/^listen' \
        'c/^connect' 'w/SYN -*>' 's/^accept'
}

@test "two clients: the second one waits in the backlog of 03, and wakes 06's poll" {
    try make -s trace SCENE=two LESSON=03
    [ "$status" -eq 0 ]
    fits
    rows 'c/^b: connect' 'w/^-b- SYN' 'w/^<-b- SYN.ACK' 'c/^b: send' 'w/^-b- "two\\n"' \
        'c/^b: recv\(3\) sleeps' 'c/^a: send' 's/^recv = 4 "one' 'w/^<-a- "ONE' 'w/^-a- FIN' \
        's/^accept' 's/^send\(4, "TWO' 'w/^<-b- "TWO' 'c/^b: recv = 4 "TWO'
    try make -s trace SCENE=two
    [ "$status" -eq 0 ]
    rows 's/^poll\(3, 4\) sleeps' 'w/^-b- SYN' 's/^poll: 3 ready' 's/^accept\(3\) = 5' \
        's/^poll\(3, 4, 5\) sleeps' 'w/^-b- "two' 's/^poll: 5 ready' 'w/^<-b- "TWO' \
        'w/^-a- "one' 's/^poll: 4 ready'
    try make -s trace SCENE=two LESSON=04
    rows 's/^accept = 5' 's/^3: recv\(5\) sleeps' 'w/^-b- "two' 's/^3: recv = 4' 'w/^<-b- "TWO' \
        's/^2: \(thread ends\)'
}

@test "what is lost: a datagram for ever, or the client sends again; a segment: the kernel does" {
    try make -s trace SCENE=lost
    [ "$status" -eq 0 ]
    rows 'w/^-+ ".*hello\\n" -*x$' 'c/^recv.* sleeps'
    [ "$(grep -c 'hello\\n" -*[x>]' <<<"$output")" -eq 1 ]
    try make -s trace SCENE=lost DIR=solutions
    [ "$status" -eq 0 ]
    rows 'w/hello\\n" -*x$' 'c/^poll.* sleeps' 'c/time is over' 'c/^send' 'w/hello\\n" -*>$' \
        's/^recvfrom = ' 'w/^<-+ ".*HELLO'
    try make -s trace SCENE=lost LESSON=03
    [ "$status" -eq 0 ]
    rows 'c/^send' 'w/"hello\\n" -*x$' 'c/^recv\(3\) sleeps' 'w/"hello\\n" -*>$' 's/^recv = 6'
    [ "$(grep -c '^ *[0-9]* send' <<<"$output")" -eq 1 ]
}

@test "a scene that is added as a file is played, with its plot and its lesson, and listed" {
    local scene=tests/trace/scenes/three
    printf '%s\n' "plot='three come, and the last one speaks'" 'usual=04 takes_say=yes' 'play() {' \
        start_server 'mark begin' 'start_client a' 'start_client b' 'start_client c' \
        'say c "$SAY"' 'hang_up c' '}' >$scene
    try tests/trace/list
    [[ $output == *$'\nthree (04)      three come, and the last one speaks'* ]]
    try make -s trace SCENE=rubbish
    [[ $output == *"no scene 'rubbish'; there are: "*" three "* ]]
    try make -s trace SCENE=three SAY=salve
    [ "$status" -eq 0 ]
    fits
    [ "${lines[0]}" = 'Lesson 04-multi-client, scene three' ]
    [ "${lines[1]}" = 'three come, and the last one speaks' ]
    rows 'c/^a: connect' 'c/^b: connect' 'c/^c: connect' 's/^accept = 6' 'w/^-c- "salve' \
        's/^4: recv = 6' 'w/^<-c- "SALVE' 'w/^-c- FIN'
    try make -s trace SCENE=three CLIENT='build/lessons/04-multi-client/client; echo sad >&2; false'
    [[ $output == *'Client c said last:'*' sad' && $output != *'Client a'* ]]
    rm $scene
}

@test "as a picture: well-formed, with the same rows" {
    local svg=$BATS_TEST_TMPDIR/a\ figure.svg
    try make -s trace SCENE=lost DIR=solutions SVG="$svg" SAY='<&>'
    [ "$status" -eq 0 ]
    [[ $output == *"drawn into $svg"* ]]
    xmllint --noout "$svg"
    [ "$(grep -c 'class="data".*#lost' "$svg")" -eq 1 ]
    [ "$(grep -c 'class="data".*#head' "$svg")" -eq 2 ]
    grep -q '&lt;&amp;&gt;' "$svg"
    grep -q '<rect x=' "$svg"
    try make -s trace SVG=/proc/nothing/here
    [ "$status" -eq 2 ]
}

@test "a program of one's own, or netcat, on either side; as a plain user" {
    local user=()
    [ "$EUID" -ne 0 ] ||
        user=(setpriv --reuid nobody --regid nogroup --clear-groups --no-new-privs)
    try "${user[@]}" env HOME=/ TMPDIR=/tmp make -s trace SERVER='nc -l 127.0.0.1 9999' \
        CLIENT='nc -N 127.0.0.1 9999'
    [ "$status" -eq 0 ]
    rows 's/^accept' 'c/^write\(3, "hello' 'w/"hello\\n" -*>' 's/^read\(4\) = 6' 'c/^shutdown' 'w/FIN'
    try make -s trace LESSON=06 CLIENT='build/lessons/02-looping/client'
    [ "$status" -eq 0 ]
    rows 's/^poll' 'c/^send' 's/^send.*HELLO' 'c/^recv'
    [[ $output != *"takes another"* ]]
}

@test "a program behind a shell: what the shell runs before is left out" {
    local shim=$BATS_TEST_TMPDIR/shim
    printf '#!/bin/sh\n%s\necho 3.11 | { read -r v; }\n"$@" &\nwait\n' \
        "$(printf '/bin/true\n%.0s' {1..5})" >"$shim"
    chmod +x "$shim"
    try make -s trace LESSON=02 SERVER="$shim build/lessons/02-looping/server"
    [ "$status" -eq 0 ]
    # The numbers of tasks begin with those that are shown.
    rows 's/^socket' 's/^recv = 6' 's/^close\(4\)'
    [ "$(grep -c 'ends, status' <<<"$output")" -eq 2 ]
    [[ $output != *3.11* ]]
}

@test "what a program that failed has said last is below the ladder" {
    try make -s trace LESSON=02 CLIENT='build/lessons/02-looping/client localhost 9999'
    [ "$status" -eq 0 ]
    fits
    rows 'c/^\(ends, status 2\)'
    [[ $output == *$'The client said last:\n    usage: client ['* ]]
    try make -s trace LESSON=02 SERVER='build/lessons/02-looping/server; echo "sad""	ü" >&2; false'
    fits
    [[ $output == *$'The server said last:\n'*$'\n    sad???'* ]]
    # Nothing has failed.
    try make -s trace
    [[ $output == *'(ends, status 0)'* && $output != *'said last'* ]]
    # One client of two.
    try make -s trace SCENE=two LESSON=02
    [[ $output == *'Client b said last:'* ]]
}

@test "whose the other program is, and that UDP and TCP do not meet, is said" {
    try make -s trace SERVER=build/lessons/05-udp/server
    [ "$status" -eq 0 ]
    [[ $output == *"trace: the client is lesson 01's; LESSON=02 takes another"* ]]
    [[ $output == *"trace: the server speaks UDP and the client TCP: they cannot meet"* ]]
    try make -s trace SCENE=two CLIENT=build/lessons/03-reconnecting/client
    [[ $output == *"trace: the server is lesson 06's; LESSON=02 takes another"* ]]
    [[ $output != *"cannot meet"* ]]
}

@test "a call that is recorded in part has the same name" {
    run awk -v file=calls.a.7 -f tests/trace/calls.awk \
        <<<'3.5 recvfrom(3<UDP:[127.0.0.1:49020->127.0.0.1:9999]>, '
    [[ $output == *$'sleep\tc\ta\t7\trecv(3)' ]]
    run awk -v file=calls.server.7 -f tests/trace/calls.awk <<<'3.5 recvfrom(3<UDP:[127.0.0.1:9999]>, '
    [[ $output == *$'sleep\ts\tserver\t7\trecvfrom(3)' ]]
}

@test "what cannot be shown is said, and the rest is shown" {
    local bin=$BATS_TEST_TMPDIR/bin tool
    mkdir "$bin"
    for tool in /usr/bin/* /usr/sbin/*; do
        case ${tool##*/} in
        strace | tcpdump | unshare) ;;
        *) ln -sf "$tool" "$bin" ;;
        esac
    done
    ln -s "$(command -v strace)" "$(command -v unshare)" "$bin"
    # Its own network hides what else there is on the port.
    apart=(unshare --user --map-root-user --net sh -c 'ip link set lo up && exec "$@"' sh)
    sed -i 's|^PATH=.*|PATH=$PATH|' tests/commands/trace
    try "${apart[@]}" env PATH="$bin" make -s trace SCENE=handshake
    [ "$status" -eq 0 ]
    [[ $output == *"tcpdump is missing: the wire is not shown"* ]]
    rows 's/^accept' 'c/^connect' 's/^accept = 4'
    [[ $output != *SYN* ]]
    rm "$bin/strace"
    ln -s "$(command -v tcpdump)" "$bin"
    try "${apart[@]}" env PATH="$bin" make -s trace SCENE=handshake
    [ "$status" -eq 0 ]
    [[ $output == *"strace is missing: the calls are not shown"* ]]
    rows 'w/SYN' 'w/SYN.ACK' 'w/ACK'
    [[ $output != *connect"("* ]]
    rm "$bin/tcpdump"
    try "${apart[@]}" env PATH="$bin" make -s trace SCENE=handshake
    [ "$status" -ne 0 ]
    ln -s "$(command -v strace)" "$bin"
    rm "$bin/unshare"
    try "${apart[@]}" env PATH="$bin" make -s trace SCENE=handshake
    [ "$status" -eq 0 ]
    [[ $output == *"No network of its own"*"unshare or ip is missing; make doctor"* ]]
    [[ $output != *sysctl* ]]
    rows 's/^accept' 'c/^connect' 's/^accept = 4'
    # shellcheck disable=SC2016 # sh expands it
    try "${apart[@]}" sh -c 'nc -l 127.0.0.1 9999 & sleep 0.3; PATH=$0 make -s trace; kill $!' "$bin"
    [[ $output == *"port 9999 is in use"* ]]
    try "${apart[@]}" env PATH="$bin" make -s trace SCENE=lost
    [ "$status" -ne 0 ]
    [[ $output == *"only in a network of its own"* ]]
}

@test "bad usage, and programs that do not do their part, are clear" {
    try make -s trace SCENE=rubbish
    [ "$status" -eq 2 ]
    [[ $output == *"no scene 'rubbish'"*dialogue*lost* ]]
    try make -s trace ROWS=7
    [ "$status" -eq 2 ]
    [[ $output == *"ROWS is '7'; it is like 10-22 or 10-"* ]]
    for scene in two handshake; do
        try make -s trace SCENE=$scene SAY=hey
        [ "$status" -eq 2 ]
        [[ $output == *"SAY has no use in the scene $scene"* ]]
    done
    try make -s trace LESSON=99
    [ "$status" -eq 2 ]
    [[ $output == *"no lesson '99'"* ]]
    try make -s trace SERVER='echo no such thing'
    [ "$status" -eq 2 ]
    [[ $output == *"has ended, with status 0, and listened on no port 9999"*"no such thing"* ]]
    try make -s trace SERVER='kill -ABRT $$$$'
    [ "$status" -eq 2 ]
    [[ $output == *"has ended, with status 134: ABRT"* && $output != *scene:* ]]
    try make -s trace SERVER=./not-there
    [ "$status" -eq 2 ]
    [[ $output == *"the server cannot be run"*"No such file"* ]]
    try make -s trace SERVER='build/lessons/02-looping/server 8000'
    [ "$status" -eq 2 ]
    [[ $output == *"not listen on port 9999. make trace watches this port alone"*"127.0.0.1:8000"* ]]
    try make -s trace CLIENT=./not-there
    [ "$status" -eq 2 ]
    [[ $output == *"the client cannot be run"*"No such file"* ]]
    for scene in close reset; do
        try make -s trace LESSON=01 SCENE=$scene
        [ "$status" -eq 2 ]
        [[ $output == *"the server has left with its client; scene $scene"* && $output != *scene:* ]]
    done
    try make -s trace SCENE=handshake ROWS=9-3
    [ "$status" -eq 2 ]
    [[ $output == *"ROWS is '9-3'"* ]]
    try make -s trace SCENE=handshake ROWS=900-
    [ "$status" -eq 2 ]
    [[ $output =~ 'there are 1'[0-9]' rows, and none' ]]
    try make -s trace SVG="$BATS_TEST_TMPDIR/no/folder"
    [ "$status" -eq 2 ]
    [[ $output == *"no file can be written there"* ]]
    echo drawn before >"$BATS_TEST_TMPDIR/ladder.svg"
    try make -s trace SVG="$BATS_TEST_TMPDIR/ladder.svg" SERVER=false
    [ "$status" -eq 2 ]
    [ "$(cat "$BATS_TEST_TMPDIR/ladder.svg")" = 'drawn before' ]
}

@test "what goes wrong in a program is in the ladder: a crash, a wrong port, a call again and again" {
    local crash="$BATS_TEST_TMPDIR/crash.c"
    sed 's/perror("client broke off")/abort()/; s/fprintf(stderr, "client left.n")/abort()/' \
        lessons/02-looping/server.c >"$crash"
    cc "$crash" -o "$BATS_TEST_TMPDIR/crash"
    try make -s trace LESSON=02 SERVER="$BATS_TEST_TMPDIR/crash"
    [ "$status" -eq 0 ]
    rows 'c/^close\(3\)' 's/^recv = 0' 's/^\(killed by SIGABRT'
    [[ $output != *scene:* ]]
    try make -s trace CLIENT='build/lessons/01-one-shot/client 127.0.0.1 3879'
    [ "$status" -eq 0 ]
    rows 'c/^connect 3879: ECONNREFUSED' 'c/^close'
    rows 'w/^-+ SYN -+>' 'w/^<-+ RST'
    try make -s trace CLIENT='build/lessons/01-one-shot/client 127.0.0.1 53879'
    rows 'c/^connect 53879 ECONNREFUSED$'
    # One that does not wait, and asks again and again.
    sed '/fcntl(listener/i\    check(fcntl(listener, F_SETFL, O_NONBLOCK), "fcntl");\n    while (accept(listener, NULL, NULL) < 0)\n        ;' \
        lessons/06-nonblocking/server.c >"$crash"
    cc "$crash" -o "$BATS_TEST_TMPDIR/spins"
    try make -s trace LESSON=06 SERVER="$BATS_TEST_TMPDIR/spins"
    [ "$status" -eq 0 ]
    rows 's/^accept\(3\) = -1 EAGAIN' 's/^\(again, [0-9]{3,} times\)' 's/^accept\(3\) = [45]'
    # Of thousands of calls. A busy machine holds it up now and then, and each time
    # there are a few rows more.
    [ "${#lines[@]}" -lt 300 ]
}

@test "what has no room is shortened in the middle: its length and its FIN are still there" {
    try make -s trace LESSON=01 SCENE=lost SAY='a line with many words in it'
    [ "$status" -eq 0 ]
    fits
    rows 'c/^send\(3, "a .*\.\.\."\) = 29$' 'w/^-+ "a .*\.\.\." FIN -+>'
}

@test "a poll that a signal has interrupted goes on; datagrams have their clients' letters" {
    try make -s trace LESSON=06 SCENE=close
    [ "$status" -eq 0 ]
    rows 's/^poll\(3, 4\) sleeps' 's/goes on' 's/^poll\(3, 4\) = 1' 's/^recv\(4\) = 0'
    try make -s trace LESSON=05 SCENE=two
    [ "$status" -eq 0 ]
    rows 'w/^-b- "two\\n" -+>' 'w/^<-b- "TWO\\n"' 'w/^-a- "one\\n" -+>' 'w/^<-a- "ONE\\n"'
}
