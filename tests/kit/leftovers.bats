#!/usr/bin/env bats
# Whatever ends a check, nothing runs on, and nothing is written but into the
# build folder and the temporary one.

bats_require_minimum_version 1.5.0
load ../commands/common.bash

setup() {
    unset LESSON DIR SANITIZE PATIENCE WRAPPER MAKEFLAGS MAKELEVEL KEEPER
    kit=$BATS_TEST_TMPDIR/kit
    mkdir "$BATS_TEST_TMPDIR/tmp"
    copy_kit "$kit" tests/kit
    cd "$kit" || return
}

# Begins a check, and returns when a server runs.
begin() {
    files >"$BATS_TEST_TMPDIR/before"
    # As from a terminal: there Ctrl-C is not ignored.
    TMPDIR=$BATS_TEST_TMPDIR/tmp env --default-signal=INT,QUIT setsid \
        make check DIR=solutions LESSON=06 >"$BATS_TEST_TMPDIR/out" 2>&1 </dev/null 3>&- 4>&- &
    session=$!
    within 30 pgrep -f "^$kit/build/solutions/.*/server" >/dev/null
}

teardown() {
    [ -z "${session-}" ] || pkill -KILL -s "$session" || true
    pkill -KILL -f "$kit/build" || true
}

files() {
    find . -path ./build -prune -o -type f -printf '%p %s %T@\n' | sort
}

# Waits until a command succeeds, so many seconds at most.
within() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        ((SECONDS < end)) || return 1
        sleep 0.05
    done
}

all_gone() {
    ! pgrep -s "$session" >/dev/null && ! pgrep -f "$kit/build" >/dev/null
}

nothing_is_left() {
    if ! within 30 all_gone; then
        echo 'These still run:'
        pgrep -a -s "$session" || true
        pgrep -a -f "$kit/build" || true
        return 1
    fi
    files | diff "$BATS_TEST_TMPDIR/before" -
}

@test "Ctrl-C in the middle of a check leaves nothing" {
    begin
    kill -INT -- "-$session"
    nothing_is_left
    [ -z "$(ls -A "$BATS_TEST_TMPDIR/tmp")" ]
}

@test "kill -9 of every bats leaves nothing" {
    begin
    pkill -KILL -s "$session" -f libexec/bats-core/
    nothing_is_left
}

@test "kill -9 of every bats leaves nothing, while a stubborn server is talked to" {
    # Its time limit has to outlive all: it ends what does not heed SIGTERM. The
    # driver stops such a server for its report, when nobody reads that any more.
    sed -i 's/^#include <stdio.h>/#include <signal.h>\n&/
        s/^    port = /    signal(SIGTERM, SIG_IGN);\n&/' solutions/06-nonblocking/server.c
    # shellcheck disable=SC2016 # the test that is written expands them
    printf '%s\n' 'load harness' '# bats test_tags=lesson' '@test "silence" {' 'server' \
        'play "a open $port" "a touch $TESTS/there" "a gone"' '}' \
        >tests/06-nonblocking.bats
    PATIENCE=800 begin
    within 30 [ -e tests/there ]
    rm tests/there
    pkill -KILL -s "$session" -f libexec/bats-core/
    nothing_is_left
}

@test "kill -9 of make and check leaves nothing" {
    begin
    pkill -KILL -s "$session" -f '^(make|bash tests/commands/check|xargs) ?'
    nothing_is_left
}

@test "a check that ends by itself leaves nothing" {
    begin
    nothing_is_left
    [ -z "$(ls -A "$BATS_TEST_TMPDIR/tmp")" ]
}
