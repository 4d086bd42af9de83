#!/usr/bin/env bats
# shellcheck disable=SC2154 # the harness and common.bash set these
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

# The same for the servers of all lessons that serve so, in the WAY that fuzz.c
# calls so, and for the solved ones in the way SOLVED: fuzzes_all SERVES WAY SOLVED
fuzzes_all() {
    local of
    for of in $(that_serve "$1"); do
        if [ "${registry[$of:exercise]}" = server ]; then
            fuzzes "lessons/$of/server $2" "solutions/$of/server $3"
        else
            fuzzes "lessons/$of/server $2"
        fi
    done
}

@test "fuzz: a server of one client answers it, whatever it does, and leaves with status 0" {
    # The solved one leaves after a line exit, too.
    fuzzes_all one one exit
}

@test "fuzz: a server serves one after another" {
    fuzzes_all queue queue queue
}

@test "fuzz: a server of datagrams answers each" {
    fuzzes_all datagrams udp udp
}

@test "fuzz: a server serves many at once, and nobody holds up another" {
    fuzzes_all many many many
}
