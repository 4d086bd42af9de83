#!/usr/bin/env bats
# shellcheck disable=SC2154 # the harness sets room
# The shipped servers, with clients that do what comes to their mind (fuzz.c
# makes them): random sizes, splits, orders, half-closes, closes, resets, slow
# readers and such that do not read at all. Every byte is answered once, in
# order, in upper case; afterwards the server holds nothing and rests.
#
# From the environment:
#   SEED       the same clients again; it is printed with each run
#   FUZZ_MS    milliseconds for each server (3000)

load built

# Runs the fuzzer on each of these servers at once: fuzzes 'PROGRAM WAY'...
fuzzes() {
    local one what way status=0 runs=() i
    [ -e "$BATS_FILE_TMPDIR/fuzz" ] ||
        cc -O1 "$BATS_TEST_DIRNAME/fuzz.c" -o "$BATS_FILE_TMPDIR/fuzz"
    for one; do
        read -r what way <<<"$one"
        mkdir -p "$room/${what%/*}"
        setpriv --pdeathsig KILL timeout --kill-after 1 60 "$BATS_FILE_TMPDIR/fuzz" \
            "$BATS_FILE_TMPDIR/$what" "$way" "${FUZZ_MS:-3000}" ${SEED:+"$SEED"} \
            >"$room/$what.run" 2>&1 </dev/null 3>&- 4>&- &
        runs+=($!)
    done
    for i in "${!runs[@]}"; do
        read -r what way <<<"${@:i+1:1}"
        if wait "${runs[i]}"; then
            echo "# $what, $way: $(tr '\n' ' ' <"$room/$what.run")" >&3
        else
            printf '%s, %s:\n' "$what" "$way"
            cat "$room/$what.run"
            status=1
        fi
    done
    return $status
}

@test "fuzz: the servers of 02 answer their one client, whatever it does, and leave with status 0" {
    fuzzes 'lessons/02-looping/server one' 'solutions/02-looping/server exit'
}

@test "fuzz: the server of 03 serves one after another, and that of 05 each datagram" {
    fuzzes 'lessons/03-reconnecting/server queue' 'lessons/05-udp/server udp'
}

@test "fuzz: the servers of 04 serve many at once, and nobody holds up another" {
    fuzzes {lessons,solutions}'/04-multi-client/server many'
}

@test "fuzz: the servers of 06 serve many at once, and nobody holds up another" {
    fuzzes {lessons,solutions}'/06-nonblocking/server many'
}
