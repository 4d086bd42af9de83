#!/usr/bin/env bats
# The registry and the kit say the same; nothing else decides by a lesson's name;
# and a lesson that is added as tests/README.md says is taken in by every command.

load class
load try.bash

# ---- the kit as it is ---------------------------------------------------------

@test "every row is sound, all of its lesson is there, and nothing belongs nowhere" {
    run "$top/tests/kit/registry"
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "no script decides by a lesson's number or by a part of its name" {
    local lesson names='' numbers='' parts='udp' files found
    for lesson in "${lessons[@]}"; do
        names+="|$lesson" numbers+="|${lesson%%-*}" parts+="|${lesson##*-}|$(cut -d - -f 2 <<<"$lesson")"
    done
    names=${names#|} numbers=${numbers#|}
    cd "$top"
    # In what runs the lessons a name stands in comments alone, and a number or a part
    # of a name is compared with nothing.
    mapfile -t files < <(find Makefile .ci/run tests -path tests/kit/wrong -prune -o \
        -path tests/kit/right -prune -o -path tests/kit/hostile -prune -o -path tests/kit/pages -prune -o \
        -type f ! -name '*.bats' ! -name '*.md' ! -name '*.tsv' ! -name '*.c' -print)
    ((${#files[@]} > 60))
    found=$(grep -nE -e "$names" -e "(==|!=|=~|-eq|-ne) *[\"'^]?($numbers|\*-?($parts))" \
        -e "^ *[\"']?($numbers|\*-?($parts))(-[a-z*]*|\*)?[\"']?( *\|.*)?\)" \
        -e "(==|!=|=~) *0\[" -e " in [\"']?($numbers) ($numbers)" "${files[@]}" |
        grep -vE '^[^:]*:[0-9]+: *#|registry\[\$?[a-z]*:' || true)
    echo "$found"
    [ -z "$found" ]
    # A test of the kit may take a lesson as its example, and decides nothing by it.
    found=$(grep -nE -e "\[\[ .*(lesson|\\\$of|\\\$name)[^ ]* (==|!=|=~) *[\"'^]?($numbers|\*-?($parts)|$names)" \
        -e " in [\"']?($numbers) ($numbers) ($numbers)" tests/kit/*.bats tests/kit/pages/*.bash || true)
    echo "$found"
    [ -z "$found" ]
}

@test "every word of the column serves is known to whoever decides by it" {
    local word file
    cd "$top"
    for word in once one queue many datagrams; do
        for file in tests/commands/demo tests/kit/{faults,programs,interop,fuzz}.bats; do
            # A message needs no fuzz: its server is gone after the first recv.
            [[ "$word $file" != 'once tests/kit/fuzz.bats' ]] || continue
            grep -qw -e "$word" "$file" || { echo "$file does not know $word"; return 1; }
        done
    done
    # These are all the words there are.
    grep -qF "[serves]='once|one|queue|many|datagrams'" tests/kit/registry
}

@test "no page or script has a number of lessons written out" {
    local numbers='two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|[0-9]+'
    cd "$top"
    # What a page shows of a scoreboard has no such number either.
    run grep -rniE --include=*.md --include=Makefile --exclude-dir={wrong,right,hostile,build,.git} \
        "(^|[^-:.0-9a-z])($numbers) (core |more )?(lessons|decks)" Makefile README.md lessons slides tests
    echo "$output"
    [ "$status" -eq 1 ]
    run grep -rnE "[0-9]+ of [0-9]+ lessons" tests --include=*[!s] --exclude-dir={wrong,right,hostile}
    echo "$output"
    [ "$status" -eq 1 ]
}

@test "each command has one name, one room, and a header with its usage and exit status" {
    local command
    cd "$top"
    [ -z "$(find tests/{commands,grading,kit} -maxdepth 1 -type f -perm -100 -printf '%f\n' | sort | uniq -d)" ]
    for command in $(find tests/{commands,grading,kit,bench,trace} -maxdepth 1 -type f -perm -100) \
        tests/grading/sandbox/[a-z]*[!.a-z]* .ci/run; do
        [ -f "$command" ] && [[ $command != *.* || $command == .ci/run ]] || continue
        sed '/^[^#]/q' "$command" >"$BATS_TEST_TMPDIR/head"
        grep -q '^# Usage: ' "$BATS_TEST_TMPDIR/head" || { echo "$command has no usage"; return 1; }
        grep -q '^# Exit status: ' "$BATS_TEST_TMPDIR/head" || { echo "$command has no exit status"; return 1; }
    done
}

@test "the driver has no cycle, no long file, and tests/README.md names each verb and step once" {
    local file object name
    cd "$top/tests/driver"
    for file in *.c; do
        [ "$(wc -l <"$file")" -le 600 ]
        gcc -std=gnu11 -c "$file" -o "$BATS_TEST_TMPDIR/${file%.c}.o"
    done
    cd "$BATS_TEST_TMPDIR"
    # Who defines what, and who uses it.
    nm -A --defined-only ./*.o | awk '$2 ~ /^[TDBRC]$/ || $3 ~ /^[TDBRC]$/ {
        sub(/^\.\//, ""); split($0, p, ":"); print $NF, p[1] }' | sort >defined
    nm -A --undefined-only ./*.o | awk '{ sub(/^\.\//, ""); split($0, p, ":"); print $NF, p[1] }' | sort >used
    join used defined | awk '$2 != $3 { print $2, $3 }' | sort -u >edges
    [ "$(wc -l <edges)" -ge 10 ]
    tsort edges >order
    cd "$top"
    make -s build/driver
    build/driver 2>usage || [ $? -eq 2 ]
    mv usage "$BATS_TEST_TMPDIR/usage"
    sed -n '/^## The driver/,/^## The tags/p' tests/README.md | grep -oE '`[a-z-]+`' | tr -d '`' |
        sort >"$BATS_TEST_TMPDIR/named"
    names_of_usage "$BATS_TEST_TMPDIR/usage" | sort >"$BATS_TEST_TMPDIR/known"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/known")" -ge 50 ]
    diff "$BATS_TEST_TMPDIR/known" "$BATS_TEST_TMPDIR/named"
}

# The first words of the entries of the usage.
names_of_usage() {
    sed -nE 's/^(  |    )([a-z][a-z-]*)( .*)?$/\2/p' "$1"
}

# ---- a lesson is added --------------------------------------------------------

# What tests/README.md says, step by step. The parts of the trial lesson are those
# of another, under its name.
trial='' model=03-reconnecting

# The copy belongs to another user.
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*'

copy_of() {
    sed "s/$model/$trial/g; s/LESSON=${model%%-*}/LESSON=${trial%%-*}/g" "$1"
}

add_row() {
    awk -F '\t' -v OFS='\t' -v model=$model -v trial="$trial" '{ print } $1 == model { $1 = trial; row = $0 }
        END { print row }' tests/lessons.tsv >"$room/tsv"
    cp "$room/tsv" tests/lessons.tsv
}

add_pair() {
    mkdir -p "lessons/$trial/.starter"
    cp lessons/$model/{server.c,client.c,Makefile} "lessons/$trial"
    cp lessons/$model/.starter/*.c "lessons/$trial/.starter"
}

add_page() {
    local page
    copy_of lessons/$model/README.md >"lessons/$trial/README.md"
    for page in README.md lessons/README.md; do
        # Behind the row of the last lesson.
        awk -v row="$(grep "^| \[$model\]" $page | sed "s/$model/$trial/g")" -v last="${lessons[-1]}" '
            { print } $0 ~ "^\\| \\[" last "\\]" { print row }' $page >"$room/page"
        cp "$room/page" $page
    done
    copy_of tests/kit/pages/$model >"tests/kit/pages/$trial"
    chmod +x "tests/kit/pages/$trial"
}

add_exercise() {
    mkdir -p "solutions/$trial"
    cp solutions/$model/*.c "solutions/$trial"
    copy_of lessons/$model/hints.md >"lessons/$trial/hints.md"
}

add_tests() {
    copy_of tests/$model.bats >"tests/$trial.bats"
}

add_answers() {
    cp -r tests/kit/wrong/$model "tests/kit/wrong/$trial"
    cp -r tests/kit/right/$model "tests/kit/right/$trial"
}

add_deck() {
    copy_of slides/$model.md >"slides/$trial.md"
}

# Makes the trial lesson, step by step; after each, the next thing that is missing
# is said by its name.
add_trial() {
    trial=$(printf '%02d-trial' $((10#${lessons[-1]%%-*} + 1)))
    says_missing "lessons/$trial" 'tests/lessons.tsv has no row' mkdir "lessons/$trial"
    rmdir "lessons/$trial"
    says_missing "lessons/$trial/server.c" 'there is no' add_row
    says_missing "lessons/$trial/README.md" 'there is no' add_pair
    says_missing "lessons/$trial/Makefile" 'is not the text' sh -c "echo >>lessons/$trial/Makefile"
    cp "lessons/$model/Makefile" "lessons/$trial"
    says_missing "lessons/$trial/hints.md" 'there is no' add_page
    says_missing "tests/$trial.bats" 'there is no' add_exercise
    says_missing "tests/kit/wrong/$trial" 'fewer than 24 wrong' add_tests
    says_missing "slides/$trial.md" 'there is no' add_answers
    add_deck
    git add -A
    run tests/kit/registry
    echo "$output"
    [ "$status" -eq 0 ]
}

# After the step the registry names this file, with these words: says_missing FILE
# WORDS STEP...
says_missing() {
    "${@:3}"
    run tests/kit/registry
    [ "$status" -eq 1 ]
    grep -F -e "$1" <<<"$output" | grep -qF -e "$2" || {
        printf 'after %s nobody says: %s (%s)\n%s\n' "$3" "$1" "$2" "$output"
        return 1
    }
}

# A row, and nothing else.
add_row_of_nothing() {
    trial=$(printf '%02d-trial' $((10#${lessons[-1]%%-*} + 1)))
    number=${trial%%-*}
    add_row
}

@test "a new lesson that lacks a part is refused by name, by the commands that need it" {
    cp -r "$kit" "$room/kit"
    cd "$room/kit"
    add_row_of_nothing
    try make check LESSON="$number"
    [[ $status -ne 0 && $output == *"there is no tests/$trial.bats"* ]]
    try make check
    [[ $status -ne 0 && $output == *"there is no tests/$trial.bats"* ]]
    try make demo LESSON="$number"
    [[ $status -ne 0 && $output == *"$trial"* ]]
    try make diff LESSON="$number"
    [[ $status -ne 0 && $output == *"there is no lessons/$trial/.starter/server.c"* ]]
    try make hint LESSON="$number"
    [[ $status -ne 0 && $output == *"there is no lessons/$trial/hints.md"* ]]
    try make trace LESSON="$number"
    [[ $status -ne 0 && $output == *"$trial"* ]]
    try make reset LESSON="$number"
    [[ $status -ne 0 && $output == *"there is no lessons/$trial/.starter"* ]]
    try make slides LESSON="$number"
    [[ $status -ne 0 && $output == *"no deck '$number'"* ]]
    try make answers LESSON="$number"
    [[ $status -ne 0 && $output == *"$trial has no wrong answers"* ]]
    try make lint
    [[ $status -ne 0 && $output == *"$trial"* ]]
    hand_in ann 01
    try make grade SUBMISSIONS="$in" RESULTS="$results" SANDBOX=none
    [[ $status -ne 0 && $output == *"$trial"* ]]
    # Without a row it is passed over, and that is said.
    sed -i '$d' tests/lessons.tsv
    mkdir "lessons/$trial"
    try make check LESSON="$number"
    [[ $status -ne 0 && $output == *"There is no lesson '$number'"*"no row for lessons/$trial"* ]]
}

@test "a new lesson: what is missing is named at every step, and then all commands take it in" {
    local number command
    [ "$EUID" -eq 0 ] || skip 'the copy belongs to another user' # never in distcheck
    add_trial
    number=${trial%%-*}
    export TERM=dumb

    # A student's commands.
    try make check LESSON="$number"
    [[ $status -eq 0 && $output == *"$trial "*'not started'* ]]
    try make demo LESSON="$number"
    [[ $status -eq 0 && $output == *"Lesson $trial"*'has left, status 0'* ]]
    try make diff LESSON="$number"
    [[ $status -eq 0 && $output == *"+++ lessons/$trial/server.c"* ]]
    try make hint LESSON="$number"
    [[ $status -eq 0 && $output == *"for $trial"* ]]
    try make trace LESSON="$number"
    [[ $status -eq 0 && $output == *"Lesson $trial, scene"*'HELLO'* ]]
    timeout 60 make watch LESSON="$number" >"$room/watch" 2>&1 </dev/null 3>&- 4>&- &
    timeout 30 bash -c 'until grep -q "Waiting for you" "$1"; do sleep 0.1; done' - "$room/watch"
    kill $! && wait $! || true
    grep -q "$trial .*not started" "$room/watch"
    cp "solutions/$trial"/*.c "lessons/$trial"
    try make check LESSON="$number"
    [[ $status -eq 0 && $output == *"$trial "*'done'* && $output == *'nothing is left to do'* ]]
    try make reset LESSON="$number"
    [ "$status" -eq 0 ]
    cmp "lessons/$trial/server.c" "lessons/$model/server.c"
    rm "lessons/$trial"/*.mine
    try make bench PART=models ROUNDS=1 MS=20 CLIENTS=1
    [[ $status -eq 0 && $output == *"$number one at a time "* ]]

    # An instructor's.
    chown -R nobody:nogroup .
    hand_in ann "$number"
    grade
    [[ $status -eq 0 && $(points ann) == 10.00 && $(result_of ann "$number") == 'done' ]]
    grep -q ",$trial,$trial state,total" "$results/grades.csv"
    grep -q "$trial: 1 tried" "$results/summary.html"
    instructor make merge RESULTS="$results" WEIGHTS=
    [ "$status" -eq 0 ]
    instructor make handout
    tar -tf build/socket-lab-kit.tar.gz >"$room/handed-out"
    grep -q "/lessons/$trial/.starter/server.c" "$room/handed-out"
    grep -q "/lessons/$trial/Makefile" "$room/handed-out"
    run ! grep -q "solutions/\|/kit/wrong\|slides/$number" "$room/handed-out"

    # A maintainer's. The whole would take too long.
    LESSON=$number timeout 200 tests/kit/answers >"$room/answers" 2>&1 3>&- 4>&- || { cat "$room/answers"; false; }
    grep -Eq "$trial +([0-9]+) of \1 do" "$room/answers"
    timeout 120 "tests/kit/pages/$trial" >"$room/page" 2>&1 3>&- 4>&- || { cat "$room/page"; false; }
    try make slides LESSON="$number"
    [ "$status" -eq 0 ]
    [ -s "build/slides/$trial.pdf" ]
}
