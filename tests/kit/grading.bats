#!/usr/bin/env bats
# Grading, as an instructor does it: layouts, attacks, formats, what is kept and
# what is graded again. The attacks are in tests/kit/hostile.

load class

teardown() {
    [ -z "${load-}" ] || kill "${load[@]}"
}

# ---- one submission --------------------------------------------------------

@test "what is solved has all points, and the result says how it was graded" {
    instructor env SECRET=s tests/grading/grade-one solutions "$room/out"
    [ "$status" -eq 0 ]
    [ "$(jq .score "$room/out/results.json")" = "$(all_points)" ] || {
        cat "$room/out/report.txt"
        return 1
    }
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
        instructor env SECRET=one tests/grading/grade-one "$in/$name" "$room/out/$name"
        [ "$status" -eq 0 ]
        jq -r .extra_data.seed "$room/out/$name/results.json" >>"$room/seeds"
    done
    instructor env SECRET=two tests/grading/grade-one "$in/ann" "$room/out/ann"
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
    for wrong in "${lessons[@]}"; do
        hand_in some "$wrong"
        patch -s -p 1 -d "$in/some/$wrong" <"$(printf '%s\n' "tests/kit/wrong/$wrong"/*.patch | sort | head -n 1)"
        rm -f "$in/some/$wrong"/*.orig
    done
    grade
    [ "$status" -eq 0 ]
    for wrong in "${lessons[@]}"; do
        expected=$(sed -n '1s/^Fails: //p' "$(printf '%s\n' "tests/kit/wrong/$wrong"/*.patch | sort | head -n 1)")
        awk -F '\t' -v lesson="$wrong" -v name="$expected" \
            '$1 == lesson && $4 == "fail" && $5 == name { found = 1 } END { exit !found }' \
            "$results/some/tests.tsv"
        [ "$(result_of some "$wrong")" = 'in progress' ]
    done
}

@test "the tests' time is limited, and what has not run by then has not passed" {
    hand_in ann 03
    instructor env LIMIT=1 tests/grading/grade-one "$in/ann" "$room/out"
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
    echo '01-oneshot 2 8' >"$room/weights"
    grade WEIGHTS="$room/weights"
    [[ $status -ne 0 && $output == *'not LESSON POINTS POINTS: 01-oneshot 2 8'* ]]
    [ ! -e "$results/ann/results.json" ]
    instructor tests/grading/grade-one "$in/bob" "$room/out"
    [ "$status" -eq 2 ]
}

@test "where there are too few processes, or spaces in the kit's name, nothing is graded" {
    hand_in ann 01
    instructor bash -c 'ulimit -u 3000 && make grade SUBMISSIONS="$1" RESULTS="$2"' - "$in" "$results"
    [[ $status -ne 0 && $output == *'needs 4096 processes; you may have 3000'* ]]
    instructor bash -c 'ulimit -n 1000 && make grade SUBMISSIONS="$1" RESULTS="$2"' - "$in" "$results"
    [[ $status -ne 0 && $output == *'needs 2048 descriptors; a process may have 1000'* ]]
    cp -r "$kit" "$room/my kit"
    chmod -R a+rX "$room/my kit"
    cd "$room/my kit"
    grade
    [[ $status -ne 0 && $output == *'without spaces in its name'* ]]
    [ ! -e "$results/ann/results.json" ]
}

@test "what the compiler's box does not do is no fault of the program" {
    hand_in ann 01
    echo '// changed' >>"$in/ann/01-one-shot/client.c"
    # As if the compiler could not be started in its box.
    cp -r "$kit" "$room/kit"
    sed -i 's/^((status != 126))/false/' "$room/kit/tests/grading/sandbox/compiler"
    grep -q '^false || trouble' "$room/kit/tests/grading/sandbox/compiler"
    [ "$EUID" -ne 0 ] || chown -R nobody "$room/kit"
    cd "$room/kit"
    instructor env VERSION=x tests/grading/grade-one "$in/ann" "$room/out"
    [[ $status -eq 1 && $output == *'the box cannot be started'* ]]
    [ ! -e "$room/out/results.json" ]
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
    cp "$in/zipped.zip" "$in/john.tarver_10430000000123456_3_kit.ZIP"
    grade
    [ "$status" -eq 0 ]
    [[ $output == *'11 of 11 graded'* ]]
    for id in plain whole zipped tarred 'lee_123_456_my kit (1)' \
        'Ann Lee_1234_assignsubmission_file_' $'B\xc3\xb6rje \'"$(x)`x`\\n & Co' -rf both both.zip; do
        [ "$id" = both.zip ] || [ "$(points "$id")" = 10.00 ]
    done
    [ "$(points both.zip)" = 10.00 ]
    jq -e . "$results"/*/results.json "$results"/*/classroom.json >"$room/jq"
    xmllint --noout "$results"/*/junit.xml
    grep -q '^"Lee",123,\|^"lee",123,' "$results/canvas.csv"
    grep -q '^"john.tarver",10430000000123456,' "$results/canvas.csv"
    [ -e "$results/john.tarver_10430000000123456_3_kit/results.json" ]
    grep -q '^"Participant 1234","Ann Lee",10.00,$' "$results/moodle.csv"
    grep -qF '"Börje '"'"'""$(x)`x`\n & Co"' "$results/grades.csv"
    # The address of a report is written so that a browser finds it.
    grep -qF '<a href="B%C3%B6rje%20%27%22%24%28x%29%60x%60%5Cn%20%26%20Co/report.html">' "$results/summary.html"
}

# A zip as Windows made them: with \ between folders. zip writes no such names, but
# takes a file whose name has one.
zip_with_backslashes() {
    mkdir "$room/flat"
    local program
    for program in server client; do
        cp "solutions/01-one-shot/$program.c" "$room/flat/kit\\[1]\\01-one-shot\\$program.c"
    done
    (cd "$room/flat" && zip -q "$1" ./*)
}

@test "another system's names and line ends are no reason for no points" {
    zip_with_backslashes "$in/windows.zip"
    mkdir -p "$in/capitals/01-One-Shot" "$in/tab/a"$'\t'"b"
    cp solutions/01-one-shot/server.c "$in/capitals/01-One-Shot/Server.c"
    cp solutions/01-one-shot/client.c "$in/capitals/01-One-Shot/CLIENT.C"
    cp -r solutions/01-one-shot "$in/tab/a"$'\t'"b"
    hand_in crlf 01
    hand_in crlf 02 lessons
    sed -i 's/$/\r/' "$in/crlf"/*/*.c
    mkdir "$in/__MACOSX"
    hand_in twice 01
    mkdir "$in/twice/a" "$in/twice/b"
    mv "$in/twice/01-one-shot" "$in/twice/a"
    cp -r lessons/01-one-shot "$in/twice/b"
    mkdir -p "$in/newline/a"$'\n'"01-one-shot"
    cp solutions/01-one-shot/*.c "$in/newline/a"$'\n'"01-one-shot"
    grade
    [ "$status" -eq 0 ]
    [[ $output == *'6 of 6 graded'* ]]
    for id in windows capitals tab crlf twice; do
        [ "$(points $id)" = 10.00 ] || { echo "$id"; return 1; }
    done
    [ "$(result_of crlf 02)" = 'not started' ]
    grep -q '01-one-shot/server.c is here 2 times. This one is taken: a/01-one-shot/server.c' \
        "$results/twice/report.txt"
}

@test "a name gives no points, takes no other's place, and is one line everywhere" {
    local id
    hand_in 'bob lee' 01
    hand_in $'bob\nlee' 01 lessons
    hand_in ann 01 lessons
    hand_in $'ann\t01-one-shot\tdone\t10.00\t10' 01 lessons
    hand_in $'esc\e[2J\xff\xef\xbf\xbf' 01 lessons
    hand_in cy 01
    (cd "$in/cy" && zip -q -r ../grades.csv.zip . && zip -q -r ../summary.html.zip .)
    ln -s "$in/cy" "$in/eve"
    grade
    [ "$status" -eq 0 ]
    [[ $output == *'passed over, since it is a link: eve'* ]]
    [ "$(points 'bob lee')" = 10.00 ]
    [ "$(points 'bob lee_')" = 0.00 ]
    grep -q '^"ann",0.00,not started,.*,0.00$' "$results/grades.csv"
    grep -q '^"grades.csv_",10.00,done,.*,10.00$' "$results/grades.csv"
    [ "$(grep -c . "$results/grades.csv")" -eq 9 ]
    run ! grep -lP '[\x00-\x08\x0b-\x1f\x7f]' "$results"/*.csv "$results"/*.html
    iconv -f UTF-8 -t UTF-8 "$results"/*.csv "$results"/*.html >"$room/valid"
    xmllint --noout "$results"/*/junit.xml
}

@test "an archive that unpacks to more than there is does no harm" {
    python3 - "$in/bomb.tar.xz" <<'END'
import lzma, sys, tarfile
with lzma.open(sys.argv[1], "w", preset=0) as out, \
        tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:
    tar.addfile(tarfile.TarInfo("a" * 400_000_000))
END
    mkdir "$room/zip"
    head -c 400000000 /dev/zero >"$room/zip/server.c"
    mkdir "$room/zip/01-one-shot"
    mv "$room/zip/server.c" "$room/zip/01-one-shot"
    (cd "$room/zip" && zip -q -r "$in/large.zip" .)
    hand_in ann 01
    grade
    [ "$status" -eq 0 ]
    [ "$(points ann)" = 10.00 ]
    grep -q 'The archive cannot be read' "$results/bomb/report.txt"
    grep -q 'server.c is larger than' "$results/large/report.txt"
}

@test "a folder around the whole class is not graded as one student" {
    local id
    for id in ann bob; do hand_in "$id" 01; done
    mkdir "$in/export"
    mv "$in/ann" "$in/bob" "$in/export"
    grade
    [[ $status -ne 0 && $output == *"seems to be the class; say SUBMISSIONS='$in/export'"* ]]
    for id in ann bob; do
        (cd "$in/export/$id" && zip -q -r kit.zip . && rm -r 01-one-shot)
    done
    grade
    [[ $status -ne 0 && $output == *"seems to be the class; say SUBMISSIONS='$in/export'"* ]]
    # One student's whole tree, with solutions and tests in it, is none.
    rm -r "$in/export"
    mkdir "$in/ann"
    cp -r lessons solutions tests Makefile "$in/ann"
    grade
    [ "$status" -eq 0 ]
    [ "$(result_of ann 01)" = 'not started' ]
}

@test "what is missing, broken or no C has a result that says so, and the next goes on" {
    mkdir "$in/empty" "$in/text" "$in/wrong-names"
    touch "$in/wrong-names/00 a file of mine" "$in/wrong-names"/{1..11}.c
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
    grep -q 'It is empty' "$results/empty/report.txt"
    grep -q 'a file of mine' "$results/wrong-names/report.txt"
    grep -q 'and 2 more' "$results/wrong-names/report.txt"
    [[ $output == *'No program of a lesson was found in 6:'*wrong-names* ]]
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
        cat "tests/kit/hostile/$name/01-one-shot/server.c"
        printf '#undef main\n__attribute__((constructor)) static void first(void)\n{\n'
        printf '    char *arguments[] = { "server", 0 };\n    (void)arguments;\n    attack(%s);\n}\n' \
            "$2"
        cat "solutions/01-one-shot/server.c"
    } >"$target/server.c"
}

@test "no attack gives points, takes points from another, leaves its box or leaves something behind" {
    local name before
    cp -r tests/kit/hostile/* "$in"
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
    for name in tests/kit/hostile/*; do
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

@test "a guard that a busy machine holds up is not stopped by its program" {
    # The program is to begin only when its guard has left its group: so the guard
    # takes its time here.
    cp -r "$kit" "$room/kit"
    cp -r tests/kit/hostile/stops-its-guard "$in"
    sed -i 's|^    if (getenv("BOX_KEEPER") && g->group_before > 0)|    usleep(100000);\n&|' \
        "$room/kit/tests/driver/guard.c"
    grep -q '^    usleep' "$room/kit/tests/driver/guard.c"
    [ "$EUID" -ne 0 ] || chown -R nobody "$room/kit"
    cd "$room/kit"
    grade
    [ "$status" -eq 0 ]
    [ "$(points stops-its-guard)" = 0.00 ]
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
    [[ $output == *'3 of 3 graded in '*', 1 of them before'* ]]
    # The same lines in another order are another program.
    touch -d 2001-01-01 "$results"/*/results.json
    sed -i '1{h;d};2{G}' "$in/bob/01-one-shot/client.c"
    grade
    [ "$(date -r "$results/bob/results.json" +%Y)" != 2001 ]
    [[ $output == *', 2 of them before'* ]]
    touch -d 2001-01-01 "$results"/*/results.json
    tests/grading/weights | sed 's/ 8$/ 18/' >"$room/weights"
    grade WEIGHTS="$room/weights"
    [ "$(date -r "$results/ann/results.json" +%Y)" != 2001 ]
    rm -r "$in/cy"
    grade WEIGHTS="$room/weights"
    [[ $output == *"no more in $in: cy."* ]]
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
    for folder in "$in"/ann/*; do
        folder=${folder##*/}
        patch -s -p 1 -d "$in/ann/$folder" <"$(printf '%s\n' "tests/kit/wrong/$folder"/*.patch | tail -n 1)"
    done
    for ((run = 0; run < ${RUNS:-3}; run++)); do
        if ((run == 1)); then
            for ((i = 0; i < 2 * $(nproc); i++)); do
                while :; do :; done 3>&- 4>&- &
                load+=($!)
            done
        fi
        instructor env SECRET=s PATIENCE=5000 tests/grading/grade-one "$in/ann" "$room/out/$run/ann"
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
    # Of these three only ann has tried it.
    grep -q '01-one-shot: 1 tried, and nobody failed a test' "$results/summary.html"
    hand_in dan 01
    sed -i 's/54321/12345/; s/ntohs/htonl/' "$in/dan/01-one-shot/server.c"
    grade WEIGHTS="$room/weights" TITLE='Lab, one'
    grep -q '01-one-shot: 2 tried<' "$results/summary.html"
    grep -q '>1 of 2 failed<' "$results/summary.html"
    run ! grep -q '>[02-9] of 2 failed<' "$results/summary.html"
    [[ $(head -n 1 "$results/moodle.csv") == 'Identifier,Full name,Grade,Last modified (grade)' ]]
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
%test "mine: letters alone are changed" {
    about 'Run it' 'HIDDEN-SENTENCE'
    server
    ask '{mine}\n'
    expect '{MINE}\n'
}
END
    hand_in ann 01
    sed -i "s/<= 'z'/<= 'z' + 2/" "$in/ann/01-one-shot/server.c"
    attack_and_solve reads-others ''
    attack_and_solve meddles ''
    grade EXTRA="$room/extra"
    [ "$status" -eq 0 ]
    grep -q $'exercise\tpass\tmine: one more message' "$results/ann/tests.tsv"
    grep -q $'lesson\tfail\tmine: letters alone are changed' "$results/ann/tests.tsv"
    [[ $(points ann) == 9.[0-9]* ]]
    grep -q 'Where a page says hello, yours say ' "$results/ann/report.txt"
    run ! grep -r '/extra/\|one-shot.bats' "$results/reads-others-and-solved/tests.tsv"
    # Under another name it belongs to another lesson.
    mv "$room/extra/01-one-shot.bats" "$room/extra/1-one.bats"
    grade EXTRA="$room/extra"
    [[ $status -ne 0 && $output == *'1-one.bats is named after no lesson'* ]]
    mv "$room/extra/1-one.bats" "$room/extra/02-looping.bats"
    hand_in ann 02
    grade EXTRA="$room/extra"
    [ "$status" -eq 0 ]
    grep -q $'^02-looping\t.*mine: one more message' "$results/ann/tests.tsv"
    run ! grep -q $'^01-one-shot\t.*mine: one more message' "$results/ann/tests.tsv"
}

@test "an instructor's own test that fails a solution is refused, before it costs points" {
    mkdir "$room/extra"
    printf '%s\n' 'load harness' '' '@''test "mine: a mistake" {' '    serve' '}' \
        >"$room/extra/01-one-shot.bats"
    hand_in ann 01
    grade EXTRA="$room/extra"
    [[ $status -ne 0 && $output == *"fail on the kit's own solutions:"*'mine: a mistake'*'serve: command not found'* ]]
    [ ! -e "$results/ann/results.json" ]
    sed -i 's/serve/server/' "$room/extra/01-one-shot.bats"
    grade EXTRA="$room/extra"
    [ "$status" -eq 0 ]
    [ "$(points ann)" = 10.00 ]
    [ "$(wc -l <"$results/grades.csv")" -eq 2 ]
}

@test "the handout has the lessons and their tests, and no answer" {
    instructor make handout
    [ "$status" -eq 0 ]
    tar -C "$room" -xf build/socket-lab-kit.tar.gz
    cd "$room/socket-lab-kit"
    [ ! -e solutions ]
    [ "$(ls slides)" = $'00-sockets.md\nfigures' ]
    [ -z "$(find . -path '*wrong*' -o -path '*hostile*' -o -path '*kit/*.bats' -o -name '*.orig')" ]
    run make check LESSON=01
    [ "$status" -eq 0 ]
    [[ $output == *'01-one-shot '*'not started'* ]]
    # What is not in it is not promised.
    local command
    for command in grade lint distcheck valgrind slides; do
        run make $command
        [[ $status -ne 0 && $output == *"There is no '$command' in this kit"* ]]
        run make help
        [[ $output == *'make check'* && $output != *"make $command"* ]]
    done
    # Every link of its pages leads somewhere.
    local page
    while IFS= read -r page; do
        (cd "$(dirname "$page")" && sed 's/`[^`]*`//g' "${page##*/}" | grep -oE '\]\([^)#]+' | cut -c 3- |
            grep -v :// | xargs -r ls -d >/dev/null)
    done < <(find . -name '*.md')
    run ! grep -q 'solutions\|make grade' README.md
    run tests/commands/doctor
    [[ $output == *strace* && $output != *bwrap* ]]
}

@test "tests that are said to look at one program do not start the other" {
    local lesson program other
    instructor make -s DIR=solutions build/driver all
    for lesson in "${lessons[@]}"; do
        for program in server client; do
            other=client
            [ $program = server ] || other=server
            mkdir -p "$room/$program/$lesson"
            cp "build/solutions/$lesson/$program" "$room/$program/$lesson"
            printf '#!/bin/sh\nexit 77\n' >"$room/$program/$lesson/$other"
            chmod +x "$room/$program/$lesson/$other"
            deal_tests "tests/$lesson.bats" "$room/$program/$lesson" 1 only="lesson,$program"
        done
    done
    chmod -R a+rwX "$room"
    printf '%s\0' "$room"/*/*/part-0 | xargs -0 -n 1 -P 4 bash -c '
        built=${1%/*} BUILT=${built%/*} TREE=$PWD/solutions DRIVER=$PWD/build/driver \
            RUNNER=$PWD/tests/grading/sandbox/run-tests tests/commands/run-part "$1"' -
    run ! grep -h -A 9 '^not ok' "$room"/*/*/part-0/tap
    [ "$(cat "$room"/*/*/part-0/tap | grep -c '^ok')" -gt 100 ]
}
