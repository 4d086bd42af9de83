# shellcheck shell=bash disable=SC2154 # the harness sets room and group
# For the tests that judge the shipped programs themselves: builds them, and
# the driver, into the test file's own folder. With the harness's calls come
#   take TREE LESSON             the programs of lessons or solutions are meant
#   that_serve WHOM...           prints the lessons whose server serves these; see
#                                the registry
#   own_clients                  prints the lessons whose client is another text than
#                                that of the lesson that they start from
#   run_out NAME ARGUMENT...     run it to its end; sets status. Its standard
#                                output goes to $room/NAME.out, or to $into
#   says STATUS PATTERN          so it left, with one line on standard error
#                                that matches, and nothing on standard output
#   stop NAME                    end what start, server or client has started

load ../harness
load ../commands/common.bash

setup_file() {
    local out=$BATS_FILE_TMPDIR folder
    cd "$top" || return
    export DRIVER=$out/driver PROGRAMS=$out PATIENCE=${PATIENCE:-5000}
    unset WRAPPER SANITIZE
    cc tests/driver/*.c -o "$DRIVER"
    for folder in lessons/[0-9]* solutions/[0-9]*; do
        mkdir -p "$out/$folder"
    done
    # As the pages build them: no flag but -pthread, which some need.
    # shellcheck disable=SC2016
    printf '%s\0' {lessons,solutions}/[0-9]*/*.c |
        xargs -0 -n 1 -P "$(nproc)" sh -c 'cc -pthread "$1" -o "$0/${1%.c}"' "$out"
}

take() {
    tree=$1
    lesson=$(find_lesson "$2") || return
    PROGRAMS=$BATS_FILE_TMPDIR/$tree/$lesson
    rm -f "$room"/*.out "$room"/*.err
}

that_serve() {
    local lesson
    for lesson in "${lessons[@]}"; do
        [[ " $* " != *" ${registry[$lesson:serves]} "* ]] || echo "$lesson"
    done
}

own_clients() {
    local lesson from
    for lesson in "${lessons[@]}"; do
        from=${registry[$lesson:from]}
        [ "$from" = - ] || from=$(find_lesson "${from#*/}")
        cmp -s "$top/lessons/$lesson/client.c" "$top/lessons/$from/client.c" || echo "$lesson"
    done
}

# The kit's own failures name the program, and no page.
fail() {
    local name
    printf '%s/%s:\n' "$tree" "$lesson"
    printf '  %s\n' "$@"
    for name in server client; do
        if [ -s "$room/$name.err" ]; then
            printf '  The end of the %s'\''s standard error:\n' "$name"
            tail -n 4 "$room/$name.err" | cut -c 1-76 | sed 's/^/    /'
        fi
    done
    return 1
}

run_out() {
    ran=$*
    local name=$1
    shift
    status=0
    : >"$room/$name.out"
    # shellcheck disable=SC2086 # WRAPPER is a command with arguments
    "$DRIVER" guard "$((PATIENCE / 1000 + 1))" ${WRAPPER-} "$PROGRAMS/$name" "$@" \
        >"${into-$room/$name.out}" 2>"$room/$name.err" 3>&- 4>&- || status=$?
}

says() {
    local name=${ran%% *} lines
    ((status == $1)) || fail "'$ran' $(how_it_ended "$status"), not with $1."
    mapfile lines <"$room/$name.err"
    [[ ${#lines[@]} == 1 && ${lines[0]} == *$'\n' ]] ||
        fail "'$ran' says ${#lines[@]} lines on standard error; one is due."
    [[ ${lines[0]%$'\n'} =~ ^$2$ ]] ||
        fail "'$ran' says '${lines[0]%$'\n'}', which is not like: $2"
    [ ! -s "$room/$name.out" ] || fail "'$ran' prints on standard output."
}

stop() {
    kill "${group[$1]}" 2>/dev/null || true
    wait "${group[$1]}" 2>/dev/null || true
    unset "group[$1]"
}
