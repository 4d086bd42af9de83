# shellcheck shell=bash
# For the tests of grading: a copy of the kit that belongs to a plain user, and a
# class. Root becomes that user, nobody, for what an instructor would do.
#   instructor COMMAND...        run it as a plain user in the kit's copy; sets
#                                status and output
#   hand_in ID LESSON [TREE]     the submission ID has this lesson (01, 02), from
#                                TREE: solutions unless given
#   grade [NAME=VALUE]...        make grade on the class
#   points ID                    prints the student's points
#   all_points                   prints those of one who has solved everything
#   result_of ID LESSON          prints the state of a lesson

bats_require_minimum_version 1.5.0
load ../commands/common.bash

setup_file() {
    chmod a+x "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR"
    export kit=$BATS_FILE_TMPDIR/kit
    copy_kit "$kit"
    git -C "$kit" init -q
    git -C "$kit" add -A
    [ "$EUID" -ne 0 ] || chown -R nobody:nogroup "$kit"
}

setup() {
    room=$BATS_TEST_TMPDIR
    chmod a+x "${room%/*}"
    in=$room/in results=$room/results
    mkdir "$in" "$room/tmp"
    chmod a+rwx "$room" "$in" "$room/tmp"
    cd "$kit" || return
}

instructor() {
    local user=()
    [ "$EUID" -ne 0 ] ||
        user=(setpriv --reuid nobody --regid nogroup --clear-groups --no-new-privs)
    run timeout -k 5 500 "${user[@]}" env -i PATH="$PATH" HOME="$room" TMPDIR="$room/tmp" \
        PATIENCE=2000 "$@" 3>&- 4>&-
}

hand_in() {
    local lesson
    lesson=$(basename "${3-solutions}/$2"*)
    mkdir -p "$in/$1/$lesson"
    cp "${3-solutions}/$lesson"/{server,client}.c "$in/$1/$lesson"
}

grade() {
    instructor make grade SUBMISSIONS="$in" RESULTS="$results" "$@"
}

points() {
    awk -F '\t' '{ sum += $3 } END { printf "%.2f\n", sum }' "$results/$1/lessons.tsv"
}

all_points() {
    "$kit/tests/grading/weights" | awk '{ sum += $2 + $3 } END { print sum }'
}

result_of() {
    awk -F '\t' -v lesson="$2" 'index($1, lesson) == 1 { print $2 }' "$results/$1/lessons.tsv"
}
