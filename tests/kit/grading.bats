#!/usr/bin/env bats
# Grading, as an instructor does it: layouts, attacks, formats, what is kept and
# what is graded again. The attacks are in tests/hostile.

load class

teardown() {
    [ -z "${load-}" ] || kill "${load[@]}"
}

# ---- one submission --------------------------------------------------------

@test "what is solved has all points, and the result says how it was graded" {
    instructor env SECRET=s tests/commands/grade-one solutions "$room/out"
    [ "$status" -eq 0 ]
    [ "$(jq .score "$room/out/results.json")" = 60 ]
    [ "$(jq -r .extra_data.sandbox "$room/out/results.json")" = bubblewrap ]
    [[ $(jq -r .extra_data.compiler "$room/out/results.json") == *[0-9].[0-9]* ]]
    [[ $(jq -r .extra_data.kit "$room/out/results.json") =~ ^[0-9a-f]{12}$ ]]
    [[ $(jq -r .extra_data.seed "$room/out/results.json") =~ ^[a-z]{26}$ ]]
    [ "$(jq '.tests | map(select(.status != "passed")) | length' "$room/out/results.json")" = 0 ]
}

@test "doctor says that grading works here" {
    instructor tests/commands/doctor
    grep -Eq ' ok +sandbox +works' <<<"$output"
}

@test "the letters are a student's own, the same each time, and others with another secret" {
    local name
    for name in ann bob; do hand_in $name 01; done
    for name in ann bob ann; do
        instructor env SECRET=one tests/commands/grade-one "$in/$name" "$room/out/$name"
        [ "$status" -eq 0 ]
        jq -r .extra_data.seed "$room/out/$name/results.json" >>"$room/seeds"
    done
    instructor env SECRET=two tests/commands/grade-one "$in/ann" "$room/out/ann"
    jq -r .extra_data.seed "$room/out/ann/results.json" >>"$room/seeds"
    mapfile -t seeds <"$room/seeds"
    [ "${seeds[0]}" != "${seeds[1]}" ]
    [ "${seeds[0]}" = "${seeds[2]}" ]
    [ "${seeds[0]}" != "${seeds[3]}" ]
    # What is sent for the first and the last letter tests these two.
    for name in "${seeds[@]}"; do [[ $name == a*z ]]; done
}

@test "what was handed out, unchanged, gives no points" {
    hand_in ann 01 lessons
    grade
    [ "$status" -eq 0 ]
    [ "$(points ann)" = 0.00 ]
    [ "$(result_of ann 01)" = 'not started' ]
    [ "$(result_of ann 02)" = 'not handed in' ]
}

@test "a wrong answer fails in its box what it fails outside, with the same points each time" {
    local wrong expected
    for wrong in 01 03 04 05 06; do
        hand_in some "$wrong"
        wrong=$(basename "$in/some/$wrong"*)
        patch -s -p 1 -d "$in/some/$wrong" <"$(printf '%s\n' "tests/wrong/$wrong"/*.patch | sort | head -n 1)"
        rm -f "$in/some/$wrong"/*.orig
    done
    grade
    [ "$status" -eq 0 ]
    for wrong in 01 03 04 05 06; do
        wrong=$(basename "$in/some/$wrong"*)
        expected=$(sed -n '1s/^Fails: //p' "$(printf '%s\n' "tests/wrong/$wrong"/*.patch | sort | head -n 1)")
        awk -F '\t' -v lesson="$wrong" -v name="$expected" \
            '$1 == lesson && $4 == "fail" && $5 == name { found = 1 } END { exit !found }' \
            "$results/some/tests.tsv"
        [ "$(result_of some "$wrong")" = 'in progress' ]
    done
}

@test "the tests' time is limited, and what has not run by then has not passed" {
    hand_in ann 03
    instructor env LIMIT=1 tests/commands/grade-one "$in/ann" "$room/out"
    [ "$status" -eq 0 ]
    grep -q 'took more than 1 seconds' "$room/out/report.txt"
    grep -q $'\tunrun\t' "$room/out/tests.tsv"
    [ "$(jq '.score < 10' "$room/out/results.json")" = true ]
}

@test "bad usage is clear, and is no result" {
    instructor make grade
    [[ $status -ne 0 && $output == *'say make grade SUBMISSIONS=folder RESULTS=folder'* ]]
    instructor make grade SUBMISSIONS=/nowhere RESULTS="$results"
    [[ $status -ne 0 && $output == *'there is no folder /nowhere'* ]]
    grade
    [[ $status -ne 0 && $output == *'there is nothing in'* ]]
    hand_in ann 01
    grade JOBS=many
    [[ $status -ne 0 && $output == *'no number'* ]]
    grade SANDBOX=chroot
    [[ $status -ne 0 && $output == *"There is no sandbox 'chroot'"* ]]
    grade SANDBOX=container
    [[ $status -ne 0 && $output == *'we have to be root'* ]]
    instructor make grade SUBMISSIONS="$in" RESULTS="$in/results"
    [[ $status -ne 0 && $output == *'inside of SUBMISSIONS'* ]]
    [ ! -e "$results/ann/results.json" ]
    instructor tests/commands/grade-one "$in/bob" "$room/out"
    [ "$status" -eq 2 ]
}

@test "where the sandbox does not work nothing is graded, by no weaker one" {
    hand_in ann 01
    mkdir "$room/bin"
    printf '#!/bin/sh\nexit 1\n' >"$room/bin/bwrap"
    chmod +x "$room/bin/bwrap"
    PATH=$room/bin:$PATH grade
    [[ $status -ne 0 && $output == *'SANDBOX=bubblewrap does not work here'* ]]
    [ ! -e "$results/ann/results.json" ]
    [ "$EUID" -ne 0 ] || {
        run make grade SUBMISSIONS="$in" RESULTS="$room/roots"
        [[ $status -ne 0 && $output == *'not by root'* ]]
    }
}

# ---- layouts ---------------------------------------------------------------

@test "folders, archives, names and levels as platforms hand them out" {
    local id
    hand_in plain 01
    mkdir -p "$in/whole/kit"
    cp -r lessons solutions "$in/whole/kit"
    cp solutions/01-one-shot/*.c "$in/whole/kit/lessons/01-one-shot"
    (cd "$in/plain" && zip -q -r "$in/zipped.zip" . && tar -czf "$in/tarred.tar.gz" 01-one-shot)
    (cd "$in/whole" && zip -q -r "$in/lee_123_456_my kit (1).zip" kit)
    mkdir "$in/Ann Lee_1234_assignsubmission_file_"
    cp "$in/zipped.zip" "$in/Ann Lee_1234_assignsubmission_file_/the kit.zip"
    hand_in $'B\xc3\xb6rje \'"$(x)`x`\\n & Co' 01
    hand_in -rf 01
    hand_in both 01
    cp "$in/zipped.zip" "$in/both.zip"
    grade
    [ "$status" -eq 0 ]
    [[ $output == *'10 of 10 graded'* ]]
    for id in plain whole zipped tarred 'lee_123_456_my kit (1)' \
        'Ann Lee_1234_assignsubmission_file_' $'B\xc3\xb6rje \'"$(x)`x`\\n & Co' -rf both both.zip; do
        [ "$id" = both.zip ] || [ "$(points "$id")" = 10.00 ]
    done
    [ "$(points both.zip)" = 10.00 ]
    jq -e . "$results"/*/results.json "$results"/*/classroom.json >"$room/jq"
    xmllint --noout "$results"/*/junit.xml
    grep -q '^"Lee",123,\|^"lee",123,' "$results/canvas.csv"
    grep -q '^"Participant 1234","Ann Lee",10.00$' "$results/moodle.csv"
    grep -qF '"Börje '"'"'""$(x)`x`\n & Co"' "$results/grades.csv"
}

@test "what is missing, broken or no C has a result that says so, and the next goes on" {
    mkdir "$in/empty" "$in/text"
    echo 'PK no archive' >"$in/broken.zip"
    head -c 3000 /dev/urandom >"$in/noise.tar.gz"
    echo 'Rar!' >"$in/other.rar"
    hand_in half 01
    rm "$in/half/01-one-shot/client.c"
    hand_in text 01
    head -c 5000 /dev/urandom >"$in/text/01-one-shot/server.c"
    hand_in large 01
    head -c 5000000 /dev/zero >"$in/large/01-one-shot/server.c"
    hand_in odd 01
    ln -sf /etc/passwd "$in/odd/01-one-shot/server.c"
    rm "$in/odd/01-one-shot/client.c"
    mkfifo "$in/odd/01-one-shot/client.c"
    hand_in deep 01
    (cd "$in" && tar -cf "$in/leads-out.tar" --transform "s|^deep|../../..$room/out|" -P deep/01-one-shot)
    rm -r "$in/deep"
    grade
    [ "$status" -eq 0 ]
    [ "$(points half)" = 10.00 ]
    [ "$(result_of text 01)" = 'does not build' ]
    grep -q 'larger than' "$results/large/report.txt"
    grep -q 'No program of a lesson was found' "$results/empty/report.txt"
    grep -q 'No program of a lesson was found' "$results/odd/report.txt"
    grep -q 'The archive cannot be read' "$results/broken/report.txt"
    grep -q 'The archive cannot be read' "$results/noise/report.txt"
    grep -q 'is no folder, and no zip or tar archive' "$results/other.rar/report.txt"
    [ -e "$results/leads-out/report.txt" ]
    [ ! -e "$room/out" ]
}

# ---- attacks ---------------------------------------------------------------

# A solved server in which an attack comes first.
attack_and_solve() {
    local name=$1 target=$in/$1-and-solved/01-one-shot
    hand_in "$1-and-solved" 01
    {
        echo '#define main attack'
        cat "tests/hostile/$name/01-one-shot/server.c"
        printf '#undef main\n__attribute__((constructor)) static void first(void)\n{\n'
        printf '    char *arguments[] = { "server", 0 };\n    (void)arguments;\n    attack(%s);\n}\n' \
            "$2"
        cat "solutions/01-one-shot/server.c"
    } >"$target/server.c"
}

@test "no attack gives points, takes points from another, leaves its box or leaves something behind" {
    local name before
    cp -r tests/hostile/* "$in"
    hand_in honest 01
    attack_and_solve writes-everywhere '1, arguments'
    attack_and_solve claims-points ''
    attack_and_solve reads-others ''
    attack_and_solve meddles ''
    mkfifo "$in/brings-a-makefile/01-one-shot/client.h"
    mkdir "$room/home" "$in/another"
    echo 'SECRET-OF-ANOTHER' | tee "$room/home/notes" "$in/another/notes" >"$room/secret"
    chmod -R a+rX "$room/home"
    touch "$room/start"
    grade SECRET_OF=SECRET-OF-ANOTHER
    [ "$status" -eq 0 ]
    [[ $output == *"$(ls "$in" | wc -l) of $(ls "$in" | wc -l) graded"* ]]
    [ "$(points honest)" = 10.00 ]
    for name in tests/hostile/*; do
        [ "$(points "${name##*/}")" = 0.00 ] || { echo "$name has points"; return 1; }
    done
    for name in "$in"/*-and-solved; do
        [ "$(points "${name##*/}")" = 10.00 ] || { echo "$name has other points"; return 1; }
    done
    # Nothing of another's was read, nothing was written, nobody is left.
    run ! grep -rl 'SECRET-OF-ANOTHER' "$results"
    run ! grep -r 'root:x:0' "$results"
    [ -z "$(find / /tmp /var/tmp /dev/shm -xdev -name HOSTILE-WAS-HERE -newer "$room/start" 2>/dev/null)" ]
    run ! pgrep -f 'sleep 98765'
    run ! pgrep -f "$room/tmp"
    [ -z "$(ls -A "$room/tmp")" ]
    # What is written is valid, whatever the programs said.
    jq -e . "$results"/*/results.json "$results"/*/classroom.json "$results"/*/prairielearn.json \
        "$results"/*/autolab.json >"$room/jq"
    xmllint --noout "$results"/*/junit.xml
    run ! grep -rlP '[\x00-\x08\x0b-\x1f\x7f]' "$results" --include='*.txt' --include='*.html' \
        --include='*.json' --include='*.xml' --include='*.csv'
    run ! grep -rl '<script' "$results" --include='*.html'
}

# ---- again -----------------------------------------------------------------

@test "what is graded stays; what has changed, and what was not finished, is graded again" {
    local name
    for name in ann bob cy; do hand_in $name 01; done
    grade
    [ "$status" -eq 0 ]
    touch -d 2001-01-01 "$results"/*/results.json
    echo '// more' >>"$in/bob/01-one-shot/server.c"
    rm "$results/cy/results.json"
    grade
    [ "$status" -eq 0 ]
    [ "$(date -r "$results/ann/results.json" +%Y)" = 2001 ]
    [ "$(date -r "$results/bob/results.json" +%Y)" != 2001 ]
    [ -e "$results/cy/results.json" ]
    touch -d 2001-01-01 "$results"/*/results.json
    sed 's/ 8$/ 18/' tests/grading/weights >"$room/weights"
    grade WEIGHTS="$room/weights"
    [ "$(date -r "$results/ann/results.json" +%Y)" != 2001 ]
}

@test "killed half way, a class is finished by the next run, and nothing of the first is left" {
    local name user=() grading
    for name in a b c d e f; do hand_in $name 02; done
    [ "$EUID" -ne 0 ] || user=(setpriv --reuid nobody --regid nogroup --clear-groups)
    setsid "${user[@]}" env -i PATH="$PATH" HOME="$room" TMPDIR="$room/tmp" make grade \
        SUBMISSIONS="$in" RESULTS="$results" >"$room/log" 2>&1 3>&- 4>&- &
    grading=$!
    while ! compgen -G "$results/*/results.json" >"$room/some"; do sleep 0.1; done
    kill -KILL -- -"$grading"
    wait "$grading" || true
    for ((i = 0; i < 100; i++)); do
        pgrep -f "$room/tmp" >"$room/left" || break
        sleep 0.1
    done
    [ ! -s "$room/left" ]
    grade
    [ "$status" -eq 0 ]
    for name in a b c d e f; do [ "$(points $name)" = 10.00 ]; done
}

@test "a grade is the same again, beside a load, too" {
    local run i
    load=()
    hand_in ann 01
    hand_in ann 03
    hand_in ann 06
    for lesson in 01 03 06; do
        folder=$(basename "$in/ann/$lesson"*)
        patch -s -p 1 -d "$in/ann/$folder" <"$(printf '%s\n' "tests/wrong/$folder"/*.patch | tail -n 1)"
    done
    for ((run = 0; run < ${RUNS:-3}; run++)); do
        if ((run == 1)); then
            for ((i = 0; i < 2 * $(nproc); i++)); do
                while :; do :; done 3>&- 4>&- &
                load+=($!)
            done
        fi
        instructor env SECRET=s PATIENCE=5000 tests/commands/grade-one "$in/ann" "$room/out/$run/ann"
        [ "$status" -eq 0 ]
        cut -f 1-5 "$room/out/$run/ann/tests.tsv" >"$room/$run.tsv"
        diff "$room/0.tsv" "$room/$run.tsv" || {
            cat "$room/out/0/ann/report.txt" "$room/out/$run/ann/report.txt"
            return 1
        }
    done
}

# ---- what goes out ---------------------------------------------------------

@test "the class's tables, and points by an instructor's own weights" {
    hand_in ann 01
    hand_in bob 01 lessons
    hand_in =cmd 01 lessons
    printf '01-one-shot 5 95\n' >"$room/weights"
    grade WEIGHTS="$room/weights" TITLE='Lab, one'
    [ "$status" -eq 0 ]
    [ "$(head -n 1 "$results/grades.csv")" = 'id,01-one-shot,01-one-shot state,total' ]
    grep -qx '"ann",100.00,done,100.00' "$results/grades.csv"
    grep -qx '"bob",0.00,not started,0.00' "$results/grades.csv"
    grep -q "^\"'=cmd\"," "$results/grades.csv"
    [ "$(head -n 1 "$results/canvas.csv")" = 'Student,ID,SIS User ID,SIS Login ID,Section,"Lab, one"' ]
    grep -q 'Points Possible,,,,,100' "$results/canvas.csv"
    grep -q '3 students' "$results/summary.html"
}

@test "an instructor's own tests are added, and are not seen from a box" {
    mkdir "$room/extra"
    # Bats would take a line with @ for a test of this file.
    sed 's/^%/@/' >"$room/extra/01-one-shot.bats" <<'END'
load harness

%test "mine: one more message" {
    about 'Exercise: whoami' 'HIDDEN-SENTENCE'
    server
    ask 'mine\n'
    expect 'MINE\n'
}

# bats test_tags=lesson
%test "mine: one that fails" {
    about 'Run it' 'HIDDEN-SENTENCE'
    server
    ask 'mine\n'
    expect 'yours\n'
}
END
    hand_in ann 01
    attack_and_solve reads-others ''
    attack_and_solve meddles ''
    grade EXTRA="$room/extra"
    [ "$status" -eq 0 ]
    grep -q $'exercise\tpass\tmine: one more message' "$results/ann/tests.tsv"
    grep -q $'lesson\tfail\tmine: one that fails' "$results/ann/tests.tsv"
    [[ $(points ann) == 9.[0-9]* ]]
    run ! grep -r '/extra/\|one-shot.bats' "$results/reads-others-and-solved/tests.tsv"
}

@test "the handout has the lessons and their tests, and no answer" {
    instructor make handout
    [ "$status" -eq 0 ]
    tar -C "$room" -xf build/socket-lab-kit.tar.gz
    cd "$room/socket-lab-kit"
    [ ! -e solutions ]
    [ ! -e slides ]
    [ -z "$(find . -path '*wrong*' -o -path '*hostile*' -o -path '*kit/*.bats' -o -name '*.orig')" ]
    run make check LESSON=01
    [ "$status" -eq 0 ]
    [[ $output == *'01-one-shot '*'not started'* ]]
    run make grade
    [[ $status -ne 0 && $output == *'not in what was handed out'* ]]
}

@test "tests that are said to look at one program do not start the other" {
    local lesson program other
    instructor make -s DIR=solutions build/driver all
    for lesson in solutions/[0-9]*; do
        lesson=${lesson#*/}
        for program in server client; do
            other=client
            [ $program = server ] || other=server
            mkdir -p "$room/$program/$lesson/part"
            cp "build/solutions/$lesson/$program" "$room/$program/$lesson"
            printf '#!/bin/sh\nexit 77\n' >"$room/$program/$lesson/$other"
            chmod +x "$room/$program/$lesson/$other"
            awk -v tag="lesson,$program" '/^# bats test_tags=/ { inside = 1; due = index($0, tag) > 0 }
                { sub(/^load harness$/, "load \"$TESTS/harness\"") }
                !inside || due { print }
                /^}$/ { inside = 0 }' "tests/$lesson.bats" >"$room/$program/$lesson/part/$lesson.bats"
        done
    done
    chmod -R a+rwX "$room"
    printf '%s\0' "$room"/*/*/part | xargs -0 -n 1 -P 4 bash -c '
        built=${1%/*} BUILT=${built%/*} SOURCES=$PWD/solutions DRIVER=$PWD/build/driver \
            RUNNER=$PWD/tests/commands/run-tests tests/commands/run-part "$1"' -
    run ! grep -h -A 9 '^not ok' "$room"/*/*/part/tap
    [ "$(cat "$room"/*/*/part/tap | grep -c '^ok')" -gt 100 ]
}
