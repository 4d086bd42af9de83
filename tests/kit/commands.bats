#!/usr/bin/env bats
# The commands of the kit, used as people use them, each on a copy of the kit
# in a folder of its own.

bats_require_minimum_version 1.5.0
load ../commands/common.bash
load try.bash

setup() {
    kit="$BATS_TEST_TMPDIR/a copy of the kit"
    copy_kit "$kit" tests/kit/{wrong,right}
    cd "$kit" || return
    export TERM=dumb
    unset LESSON DIR SANITIZE PATIENCE WRAPPER MAKEFLAGS MAKELEVEL
}

solve() {
    cp solutions/"$1"*/server.c solutions/"$1"*/client.c lessons/"$1"*/
}

# Leaves these lessons alone: fewer take less time.
only() {
    local lesson
    for lesson in "${lessons[@]}"; do
        [[ " $* " != *" ${lesson%%-*} "* ]] || continue
        rm -r lessons/"$lesson" solutions/"$lesson"
        sed -i "/^$lesson\t/d" tests/lessons.tsv
    done
}

@test "check: a fresh copy is not started, says where to begin, and is status 0" {
    only 01 06
    try env TERM=xterm make check
    [ "$status" -eq 0 ]
    [[ $output == *"01-one-shot "*"not started"* ]]
    [[ $output == *"06-nonblocking "*"not started"* ]]
    [[ $output == *"Next: not started, begin with lesson 01"* ]]
    [[ $output != *$'\e'* ]]
}

@test "check: a solved lesson is done, and the next one is named" {
    only 01 02
    solve 01
    try make check
    [ "$status" -eq 0 ]
    [[ $output == *"01-one-shot "*"####] "*"done"* ]]
    [[ $output == *"1 of 2 lessons done"* ]]
    [[ $output == *"Next: lesson 02"* ]]
}

@test "check: an edit that solves nothing is in progress, with figures and reasons" {
    echo '// mine' >>lessons/01-one-shot/server.c
    try make check LESSON=01
    [ "$status" -eq 2 ]
    [[ $output == *"FAILED  01-one-shot: whoami:"* ]]
    [[ $output == *'Read again: lessons/01-one-shot/README.md, "Exercise: whoami"'* ]]
    [[ $output =~ in\ progress\ +[0-9]+\ of\ [0-9]+ ]]
    [[ $output == *"make hint LESSON=01"* ]]
    [[ $output =~ "Begin with the first FAILED above: "([^$'\n']*) ]]
    [[ $output == *"FAILED  01-one-shot: ${BASH_REMATCH[1]}"* ]]
}

@test "check: a program that does not build shows the compiler's words" {
    only 01 02
    echo 'int x = ;' >>lessons/02-looping/server.c
    try make check
    [ "$status" -eq 2 ]
    [[ $output == *"does not build"* ]]
    [[ $output == *"expected expression before"* ]]
    [[ $output == *"01-one-shot "*"not started"* ]]
    try make
    [ "$status" -ne 0 ]
    [[ $output == *"expected expression before"* ]]
}

@test "check: a missing file of a lesson does not build, and the others go on" {
    only 01 02
    rm lessons/01-one-shot/client.c
    try make check
    [ "$status" -eq 2 ]
    [[ $output == *"01-one-shot "*"does not build"* ]]
    [[ $output == *"02-looping "*"not started"* ]]
}

@test "LESSON takes 3, 03 and 03-reconnecting" {
    local name
    for name in 3 03 03-reconnecting; do
        try make hint LESSON=$name
        [ "$status" -eq 0 ]
        [[ $output == *"for 03-reconnecting"* ]]
    done
}

@test "an unknown lesson is a clear error that lists the lessons, for every command" {
    local command name
    for command in check demo diff hint watch reset; do
        for name in 9 99 03-reconnect x 03-; do
            try make $command LESSON=$name
            [ "$status" -eq 2 ]
            [[ $output == *"There is no lesson '$name'. The lessons are:"* ]]
            [[ $output == *"${lessons[-1]}"* ]]
        done
    done
}

@test "check DIR=: a folder that is not there is a clear error" {
    try make check DIR=nowhere
    [ "$status" -eq 2 ]
    [[ $output == *"there is no folder nowhere"* ]]
}

@test "check DIR=solutions: all is done, also from a read-only tree as a plain user" {
    only 02 05
    chmod -R a-w solutions
    chmod a+rx "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR"/.. || true
    chown -R nobody .
    try setpriv --reuid nobody --regid nogroup --clear-groups \
        env HOME=/nonexistent TMPDIR=/tmp make check DIR=solutions
    [ "$status" -eq 0 ]
    [[ $output == *"2 of 2 lessons done"* ]]
    [[ $output == *"nothing is left to do"* ]]
}

@test "two copies of the kit check at the same moment" {
    only 01 03
    cp -r "$kit" "$BATS_TEST_TMPDIR/other copy"
    (cd "$BATS_TEST_TMPDIR/other copy" && timeout 60 make check DIR=solutions \
        >"$BATS_TEST_TMPDIR/other.out" 2>&1 3>&- 4>&-) &
    try make check DIR=solutions
    wait $!
    [ "$status" -eq 0 ]
    [[ $output == *"2 of 2 lessons done"* ]]
    grep -q '2 of 2 lessons done' "$BATS_TEST_TMPDIR/other.out"
}

@test "check: it works where it is started from outside, as docker exec does" {
    local inside=(unshare --pid --fork --kill-child --mount-proc)
    ((EUID == 0)) || inside+=(--map-root-user)
    try "${inside[@]}" make check DIR=solutions LESSON=05
    [ "$status" -eq 0 ]
    [[ $output == *"1 of 1 lessons done"* ]]
}

@test "check: colour is for a terminal" {
    # sh would drop the functions that bats hands to a bats inside it.
    try env TERM=xterm SHELL="$BASH" script -qec 'make check LESSON=01' /dev/null
    [[ $output == *$'\e'* ]]
}

@test "hint: each call shows the next one, and begins again after the last" {
    local number
    for number in 1 2 3 4 1; do
        try make hint LESSON=01
        [ "$status" -eq 0 ]
        [[ $output == *"Hint $number of 4 for 01-one-shot"* ]]
    done
    [[ $output == *"That was the last hint"* ]]
}

@test "reset: the shipped files are back, and mine are kept, each time" {
    echo '// one' >>lessons/01-one-shot/server.c
    try make reset LESSON=1
    [ "$status" -eq 0 ]
    cmp lessons/01-one-shot/server.c lessons/01-one-shot/.starter/server.c
    grep -q '// one' lessons/01-one-shot/server.c.mine
    echo '// two' >>lessons/01-one-shot/server.c
    try make reset LESSON=1
    grep -q '// one' lessons/01-one-shot/server.c.mine
    grep -q '// two' lessons/01-one-shot/server.c.mine-2
    rm lessons/01-one-shot/client.c
    try make reset LESSON=1
    cmp lessons/01-one-shot/client.c lessons/01-one-shot/.starter/client.c
    try make reset LESSON=1
    [[ $output == *"as it was shipped"* ]]
    try make reset
    [ "$status" -ne 0 ]
}

@test "demo: both sides in the order of time, within 80 columns, for every lesson" {
    local lesson
    local -A demo
    make -s all build/driver
    # Beside each other: a demo mostly waits. Without LESSON it is that of 01.
    for lesson in '' "${lessons[@]}"; do
        timeout 60 make demo LESSON=$lesson >"$BATS_TEST_TMPDIR/demo$lesson" 2>&1 3>&- 4>&- &
        demo[of$lesson]=$!
    done
    for lesson in '' "${lessons[@]}"; do
        wait "${demo[of$lesson]}"
        output=$(cat "$BATS_TEST_TMPDIR/demo$lesson")
        [[ $output == *"Lesson ${lesson:-${lessons[0]}}"* ]]
        [[ $output =~ "listening on 127.0.0.1:".*" > "[a-z].*"a   "[A-Z].*"has left, status 0" ]]
        ! awk 'length > 80 { exit 0 } END { exit 1 }' <<<"$output"
        # The times grow.
        awk '$1 ~ /^[0-9]+$/ { if ($1 < last) exit 1; last = $1 }' <<<"$output"
    done
}

@test "watch: it checks at once, and again when a file is saved, and waits otherwise" {
    local log=$BATS_TEST_TMPDIR/log pid
    setsid timeout 60 make watch LESSON=01 >"$log" 2>&1 </dev/null 3>&- 4>&- &
    pid=$!
    seen() {
        timeout 20 bash -c "until [ \$(grep -c 'Waiting for you' '$log') -eq $1 ]; do :; done"
    }
    seen 1
    grep -q 'not started' "$log"
    solve 01
    seen 2
    grep -qE '01-one-shot .* done ' "$log"
    run ! grep -q '^  02-looping ' "$log"
    kill -KILL -- "-$pid"
    wait "$pid" 2>/dev/null || true
}

# ---- in a lesson's folder -----------------------------------------------------

@test "a lesson's Makefile: alone it lists the commands, and each is the kit's, for this lesson" {
    local name
    cd lessons/03-reconnecting
    try make
    [ "$status" -eq 0 ]
    for name in check hint demo trace diff watch reset; do
        [[ $output == *"make $name "* ]]
    done
    try make hint
    [[ $status -eq 0 && $output == *"Hint 1 of "*" for 03-reconnecting"* ]]
    (cd ../.. && make -s diff LESSON=03) >"$BATS_TEST_TMPDIR/diff"
    try make diff
    [ "$status" -eq 0 ]
    diff <(printf '%s\n' "$output") <(sed '$d' "$BATS_TEST_TMPDIR/diff")
    try make demo
    [[ $status -eq 0 && $output == *"Lesson 03-reconnecting: "*'has left, status 0'* ]]
    echo '// mine' >>server.c
    try make reset
    [[ $status -eq 0 && $output == *"lessons/03-reconnecting/server.c is now "* ]]
    cmp server.c .starter/server.c
    grep -q '// mine' server.c.mine
    try make nonsense
    [[ $status -eq 2 && $output == *"no 'nonsense' in a lesson's folder"* ]]
}

@test "a lesson's Makefile: check and watch test this lesson alone; the status is the kit's" {
    local log=$BATS_TEST_TMPDIR/log pid
    cd lessons/01-one-shot
    try make check
    [[ $status -eq 0 && $output == *'01-one-shot '*'not started'*'0 of 1 lessons'* ]]
    [[ $output != *'ntering directory'* && $output != *make:* ]]
    setsid timeout 60 make watch >"$log" 2>&1 </dev/null 3>&- 4>&- &
    pid=$!
    timeout 20 bash -c 'until grep -q "save a file in lessons/01-one-shot" "$1"; do sleep 0.1; done' - "$log"
    kill -KILL -- "-$pid"
    wait "$pid" 2>/dev/null || true
    echo 'int x = ;' >>server.c
    try make check
    [[ $status -eq 2 && $output == *'does not build'* ]]
    # One line is make's own.
    [ "$(grep -c '^make' <<<"$output")" -eq 1 ]
}

@test "a lesson's Makefile: what is typed, or in the environment, is handed on" {
    cd lessons/01-one-shot
    try make check DIR=solutions
    [[ $status -eq 0 && $output == *'01-one-shot '*'done'* ]]
    try env DIR=solutions make check
    [[ $status -eq 0 && $output == *'01-one-shot '*'done'* ]]
    try make check DIR=nowhere
    [[ $status -eq 2 && $output == *'there is no folder nowhere'* ]]
    try make check SANITIZE=undefined
    [[ $status -eq 0 && -x ../../build/lessons-undefined/01-one-shot/server ]]
    # The lesson that is typed counts; one from the environment does not.
    try make hint LESSON=04
    [[ $status -eq 0 && $output == *' for 04-multi-client'* ]]
    try env LESSON=04 make hint
    [[ $status -eq 0 && $output == *' for 01-one-shot'* ]]
    try make hint LESSON=99
    [[ $status -eq 2 && $output == *"There is no lesson '99'"* ]]
}

@test "a lesson's Makefile: the files and the programs that trace is given are those of this folder" {
    cd lessons/03-reconnecting
    cc server.c -o mine
    try make trace SCENE=dialogue SERVER='./mine 9999' SVG=picture.svg
    echo "$output"
    [[ $status -eq 0 && $output == *'drawn into lessons/03-reconnecting/picture.svg'* ]]
    grep -q '</svg>' picture.svg
    [ ! -e ../../picture.svg ]
    try env CLIENT="./client 127.0.0.1" make trace SCENE=handshake SVG="$BATS_TEST_TMPDIR/other.svg"
    [[ $status -ne 0 && $output == *'./client: No such file'* ]]
    make -s client
    try env CLIENT="./client 127.0.0.1" make trace SCENE=handshake SVG="$BATS_TEST_TMPDIR/other.svg"
    [ "$status" -eq 0 ]
    grep -q '</svg>' "$BATS_TEST_TMPDIR/other.svg"
}

@test "a lesson's Makefile: make server client builds here; elsewhere it says what is missing" {
    cd lessons/04-multi-client
    try make server client
    [[ $status -eq 0 && -x server && -x client ]]
    mkdir -p "$BATS_TEST_TMPDIR/apart/from/it"
    cp Makefile "$BATS_TEST_TMPDIR/apart/from/it"
    cd "$BATS_TEST_TMPDIR/apart/from/it"
    try make check
    [[ $status -eq 2 && $output == *'../../tests/commands/check: No such file'* ]]
}

@test "doctor: what is missing is named with the command that brings it" {
    mkdir "$BATS_TEST_TMPDIR/bin"
    local tool
    for tool in bash sed awk grep sort head tail mktemp rm cat dirname basename xargs cmp \
        timeout apt-get make env; do
        ln -s "$(command -v $tool)" "$BATS_TEST_TMPDIR/bin/$tool"
    done
    ln -s "$(command -v nc.traditional)" "$BATS_TEST_TMPDIR/bin/nc"
    try env PATH="$BATS_TEST_TMPDIR/bin" bash tests/commands/doctor
    [ "$status" -eq 1 ]
    [[ $output == *"MISSING cc"*"MISSING bats"* ]]
    [[ $output == *"MISSING nc"*"another netcat"* ]]
    [[ $output == *"apt-get install -y --no-install-recommends gcc libc6-dev bats netcat-openbsd"* ]]
    try tests/commands/doctor
    [ "$status" -eq 0 ]
    [[ $output == *"All that is needed is here."* ]]
    try tests/commands/doctor --rubbish
    [ "$status" -eq 2 ]
}

@test "check: without bats or nc it says so, and what to do" {
    mkdir "$BATS_TEST_TMPDIR/bin"
    local tool
    for tool in bash sh make dirname basename sed grep; do
        ln -s "$(command -v $tool)" "$BATS_TEST_TMPDIR/bin/$tool"
    done
    try env PATH="$BATS_TEST_TMPDIR/bin" make check
    [ "$status" -ne 0 ]
    [[ $output == *"bats is missing; make doctor"* ]]
}

@test "help names every command; clean leaves what git knows" {
    local name
    try make help
    for name in check demo diff hint watch reset doctor clean; do
        [[ $output == *"make $name"* ]]
    done
    make -s
    [ -x build/lessons/01-one-shot/server ]
    make -s clean
    [ ! -e build ]
    try diff -r --exclude=.git --exclude=build --exclude=wrong --exclude=right \
        "$top" .
    [ "$status" -eq 0 ]
}

@test "a program under test that runs on, or its daemon, is gone after the check" {
    local seconds=98765.$$ # no other sleep is called like this
    cat >lessons/01-one-shot/server.c <<C
#include <signal.h>
#include <unistd.h>
int main(void)
{
    signal(SIGTERM, SIG_IGN);
    if (fork() == 0) {
        setsid();
        fork();
    }
    execl("/bin/sleep", "sleep", "$seconds", (char *)0);
    return 0;
}
C
    cp solutions/01-one-shot/client.c lessons/01-one-shot/client.c
    PATIENCE=500 try make check LESSON=01
    [ "$status" -eq 2 ]
    [[ $output == *"it listens on no port"* ]]
    run ! pgrep -f "sleep $seconds"
}
