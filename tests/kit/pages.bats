#!/usr/bin/env bats
# shellcheck disable=SC2016 # backquotes are signs here, and no commands
# The pages and the programs say the same: what a page quotes, names, links and
# runs is there, and does what the page says.

bats_require_minimum_version 1.5.0
load ../commands/common.bash
load pages.bash

# The pages are replayed beside the other tests: they mostly wait. Each has a
# script in pages/, which may also be run by hand.
setup_file() {
    cd "$BATS_TEST_DIRNAME/pages" || return
    export REPLAYED=$BATS_FILE_TMPDIR/replayed
    mkdir "$REPLAYED"
    # The longest first: those with the most scenes.
    replays | TMPDIR=$REPLAYED SCENES=3 setpriv --pdeathsig TERM setsid timeout 300 \
            xargs -P 3 -I NAME bash -c '"./$1" >"$2/$1.out" 2>&1
                echo $? >"$2/$1.new"; mv "$2/$1.new" "$2/$1.status"' \
            bash NAME "$REPLAYED" >/dev/null 2>&1 3>&- 4>&- &
    echo $! >"$REPLAYED/group"
}

# Prints the names of the replays, those with the most scenes first.
replays() {
    grep -c '^scene ' "$top"/tests/kit/pages/* | grep -v bash: | sort -t : -k 2 -n -r |
        sed 's/:.*//; s/.*\///'
}

# What is under way when the tests are broken off ends here.
teardown_file() {
    kill -TERM -- "-$(cat "$REPLAYED/group")" 2>/dev/null || true
}

setup() {
    cd "$top" || return
    declare -gA sections=()
}

all_pages() {
    find . -name .git -prune -o -name build -prune -o -name '*.md' -print |
        sed 's|^\./||' | sort
}

# The folder of the programs of which a page speaks. A deck has the lesson's name.
programs_of() {
    local folder
    folder=$(dirname "$1")
    [ "$folder" != slides ] || folder=lessons/$(basename "$1" .md)
    echo "$folder"
}

# ---- what the pages quote -------------------------------------------------

# The lines of TEXT stand in FILE, one behind the other. Prints the number of
# the first one.
find_lines() {
    local text whole before
    text=$'\n'$1
    whole=$'\n'$(cat "$2")$'\n'
    [[ $whole == *"$text"* ]] || return 1
    before=${whole%%"$text"*}
    before=${before//[!$'\n']/}
    echo $((${#before} + 1))
}

# The function in which a line of a C file stands.
function_at() {
    awk -v line="$2" '/^[a-z].*\(.*[^;]$/ { name = $0 }
        NR == line { sub(/\(.*/, "", name); sub(/.*[ *]/, "", name); print name; exit }
        /^}/ { name = "" }' "$1"
}

# The function that the words before a block name behind the program's name.
function_named() {
    local behind
    behind=${1##*\`"$2"\`}
    [[ $behind =~ (function|in)\ \`([a-z_]+)\` ]] && echo "${BASH_REMATCH[2]}"
}

@test "what a page quotes of a program stands there, line for line" {
    local page i name file line function quoted=0
    for page in $(all_pages); do
        read_page_apart "$page"
        for i in "${!block_line[@]}"; do
            [ "${block_kind[i]}" = c ] || continue
            ((++quoted))
            if ! [[ ${block_before[i]} =~ .*[Ii]n\ \`([a-z0-9./-]+\.c)\` ]]; then
                complain "$page: the words before the block at line ${block_line[i]} do not say" \
                    "in which program it is: In \`server.c\`..."
                continue
            fi
            name=${BASH_REMATCH[1]}
            file=$(programs_of "$page")/$name
            if [ ! -e "$file" ]; then
                complain "$page: the block at line ${block_line[i]} is said to be in $name: no such file"
                continue
            fi
            if ! line=$(find_lines "${block_text[i]}" "$file"); then
                complain "$page: the block at line ${block_line[i]} is not in $file:"
                diff <(printf '%s' "${block_text[i]}") "$file" | grep '^<' | sed 's/^</   /' || true
                continue
            fi
            function=$(function_named "${block_before[i]}" "$name") || continue
            [ "$(function_at "$file" "$line")" = "$function" ] ||
                complain "$page: the block at line ${block_line[i]} is said to be in $function:" \
                    "it is in '$(function_at "$file" "$line")'"
        done
    done
    echo "$quoted blocks of C"
    ((quoted >= 30)) || complain 'There should be 30 at least.'
    ((!wrong))
}

# ---- what the pages name --------------------------------------------------

# The words of TEXT that could be names of C, a line each: names of the command
# line, of files and of options are none.
names_in() {
    local span
    for span; do
        [[ $span =~ ^[A-Za-z_][A-Za-z0-9_]*(\(\)|\+\+)?$ ]] && echo "${span%%[(+]*}"
    done
    return 0
}

# These files have the name as a word.
is_named_in() {
    local name=$1
    shift
    grep -qwF -- "$name" "$@"
}

# The index of lessons/README.md, a line each: call, lesson and section.
index_rows() {
    awk -F ' *[|] *' '/^## /{ here = /^## The calls/ } here && /^\|/ && !/^\|---/ && $4 != "lesson" {
        print $2 "\t" $4 "\t" $5 }' lessons/README.md
}

# Do the words name a heading, or bold words, of one of these pages?
is_section_of() {
    local words=${1,,} page
    shift
    for page; do
        if [ -z "${sections[$page]-}" ]; then
            read_page_apart "$page"
            sections[$page]=$(printf '%s\n' "${leads[@],,}" | tr -d '`')
        fi
        [[ ${sections[$page]} != *"$words"* ]] || return 0
    done
    return 1
}

@test "every call of the index is used where the index says" {
    local call lesson section folder span codes numbers rows=0 number
    while IFS=$'\t' read -r call lesson section; do
        ((++rows))
        mapfile -t codes < <(grep -oE '`[^`]+`' <<<"$call" | tr -d '`')
        if ((${#codes[@]} == 0)); then
            # "listen, the backlog" has its name in front.
            complain "lessons/README.md: no call in the row '$call'"
            continue
        fi
        mapfile -t numbers < <(grep -oE '[0-9]{2}' <<<"$lesson" | sort -u)
        for span in $(names_in "${codes[@]}"); do
            if [[ $section == hints ]]; then
                is_named_in "$span" lessons/"${numbers[0]}"-*/hints.md ||
                    complain "lessons/README.md: $span is not in the hints of ${numbers[0]}"
                continue
            fi
            if ((${#numbers[@]} == 0)); then
                ! is_named_in "$span" {lessons,solutions}/[0-9]*/*.c ||
                    complain "lessons/README.md says that no program needs $span:" \
                        "$(grep -lwF "$span" {lessons,solutions}/[0-9]*/*.c | tr '\n' ' ')"
                continue
            fi
            for number in "${numbers[@]}"; do
                folder=$(basename lessons/"$number"-*)
                if [[ $lesson == *"not for "*": $number"* ]]; then
                    ! is_named_in "$span" {lessons,solutions}/"$folder"/*.c ||
                        complain "lessons/README.md: $span is in the programs of $folder"
                    is_named_in "$span" "lessons/$folder/README.md" ||
                        complain "lessons/README.md: the page of $folder says nothing of $span"
                else
                    is_named_in "$span" {lessons,solutions}/"$folder"/*.c ||
                        complain "lessons/README.md: $span is not in the programs of $folder"
                fi
            done
        done
    done < <(index_rows)
    echo "$rows rows"
    ((rows >= 40)) || complain 'There should be 40 at least.'
    ((!wrong))
}

@test "every section that the index names is on a page of its lesson" {
    local call lesson section part words pages number
    while IFS=$'\t' read -r call lesson section; do
        [ "$section" != hints ] || continue
        pages=()
        while read -r number; do
            pages+=("$(echo lessons/"$number"-*/README.md)")
        done < <(grep -oE '[0-9]{2}' <<<"$lesson" | sort -u)
        ((${#pages[@]} > 0)) || pages=(lessons/README.md lessons/questions.md)
        # "A: b; c (01), d (02)" names A, b, c and d.
        while IFS= read -r part; do
            words=$(sed -E 's/ *\([0-9]+\)//g; s/^the (exercise)s?.*/\1/; s/, below$//' <<<"$part")
            is_section_of "$words" "${pages[@]}" ||
                complain "lessons/README.md: the index sends $call to '$words'," \
                    "which is not in ${pages[*]}"
        done < <(sed -E 's/\), /)\n/g; s/[;:] /\n/g' <<<"$section")
    done < <(index_rows)
    ((!wrong))
}

# Names of the C library and of Linux that a hint may use without an
# explanation; the manual has them.
library='memcmp strcmp strlen strtoul snprintf realloc clock_gettime nanosleep poll
CLOCK_MONOTONIC pthread_mutex_lock pthread_mutex_t socklen_t sockaddr_in recv send'

@test "a hint names nothing that is not there" {
    local hints lesson name phrase named=0 known
    for hints in lessons/[0-9]*/hints.md; do
        lesson=$(lesson_of "$hints")
        read_page_apart "$hints"
        for name in $(printf '%s\n' "${spans[@]}" | grep -vE '^(make|man) |\.c$' |
            grep -oE '[A-Za-z_][A-Za-z0-9_]+' | sort -u) $(printf '%s\n' "${spans[@]}" |
            sed -n 's/^man [0-9] //p'); do
            ((++named))
            is_named_in "$name" "lessons/$lesson/"{server.c,client.c,README.md} && continue
            # A name that the hint gives is what the solution calls it.
            is_named_in "$name" "solutions/$lesson/"*.c && continue
            for known in $library; do
                [ "$known" != "$name" ] || continue 2
            done
            # What a hint gives a name itself.
            grep -qE "(With|being) +\`$name\`|\`$name\` +(being|as )" <(tr '\n' ' ' <"$hints") && continue
            complain "$hints: \`$name\` is neither in the programs nor on the page"
        done
        # "Phrases" that begin with a capital letter are sections.
        while IFS= read -r phrase; do
            ((++named))
            is_section_of "$phrase" "lessons/$lesson/README.md" ||
                complain "$hints: the page has no section \"$phrase\""
        done < <(grep -v '^    ' "$hints" | tr '\n' ' ' | sed 's/`[^`]*`//g' |
            grep -oE '"[A-Z][^"]*"' | tr -d '"' | sort -u)
    done
    echo "$named names and sections"
    ((named >= 60)) || complain 'There should be 60 at least.'
    ((!wrong))
}

@test "what a page calls by its section's name is there" {
    local page lesson phrase named=0 of
    for page in lessons/[0-9]*/README.md; do
        while IFS= read -r phrase; do
            ((++named))
            of=$page
            if [[ $phrase =~ ^lesson\ ([0-9]+) ]]; then
                of=$(echo lessons/"${BASH_REMATCH[1]}"-*/README.md)
            fi
            phrase=${phrase#*\"} phrase=${phrase%%\"*}
            is_section_of "$phrase" "$of" || complain "$page: there is no section \"$phrase\" in $of"
        done < <(tr '\n' ' ' <"$page" |
            grep -oE '((See|Section|as in|lesson [0-9]+,) "[A-Z0-9][^"]*"|"[A-Z][^"]*" below)')
    done
    echo "$named sections named"
    ((named >= 8)) || complain 'There should be 8 at least.'
    ((!wrong))
}

# ---- where the pages lead -------------------------------------------------

# The anchors of a page, as they are made of its headings.
anchors_of() {
    awk '/^```/{ inside = !inside } !inside && sub(/^#+ /, "")' "$1" |
        tr '[:upper:]' '[:lower:]' | sed 's/[^a-z0-9 _-]//g; s/ /-/g'
}

@test "every link leads to a file, and to a heading" {
    local page target file anchor links=0
    for page in $(all_pages); do
        while IFS= read -r target; do
            [[ $target != *://* && $target != mailto:* ]] || continue
            ((++links))
            file=${target%%#*} anchor=''
            [[ $target != *'#'* ]] || anchor=${target#*#}
            if [ -n "$file" ]; then
                file=$(dirname "$page")/$file
            else
                file=$page
            fi
            if [ ! -e "$file" ]; then
                complain "$page: the link to $target leads to nothing"
            elif [ -n "$anchor" ] && ! anchors_of "$file" | grep -qxF -- "$anchor"; then
                complain "$page: $file has no heading for the link to $target"
            fi
        done < <(sed 's/`[^`]*`//g' "$page" | grep -oE '\]\([^)]+\)' | sed 's/^](//; s/)$//')
    done
    echo "$links links"
    ((links >= 30)) || complain 'There should be 30 at least.'
    ((!wrong))
}

# ---- what a lesson adds ---------------------------------------------------

@test "from one lesson to the next few lines change" {
    local from=() to file bound=() a b added removed i files=(server.c client.c)
    printf '# %-12s %-9s %6s %8s %6s\n' lessons file added removed bound >&3
    # The bounds, of lines added and removed together, are the registry's: what is
    # there, and a little more. A step is to be seen on one screen, of 60 lines or
    # so. Where a lesson begins anew, it may be more.
    for to in "${lessons[@]}"; do
        [ "${registry[$to:from]}" != - ] || continue
        IFS=/ read -r from[0] from[1] <<<"${registry[$to:from]}"
        IFS=/ read -r bound[0] bound[1] <<<"${registry[$to:changed]}"
        for i in 0 1; do
            file=${files[i]}
            a=lessons/$(find_lesson "${from[i]}")/$file b=lessons/$to/$file
            added=$(diff "$a" "$b" | grep -c '^>' || true)
            removed=$(diff "$a" "$b" | grep -c '^<' || true)
            printf '# %-12s %-9s %6d %8d %6d\n' "${from[i]} to ${to%%-*}" "$file" "$added" \
                "$removed" "${bound[i]}" >&3
            ((added + removed <= bound[i])) ||
                complain "$a and $b differ by $((added + removed)) lines; ${bound[i]} are the bound"
        done
    done
    ((!wrong))
}

# ---- what the pages run ---------------------------------------------------

@test "every page has a script that replays it" {
    local page
    for page in $(all_pages); do
        grep -q '^```console$' "$page" || continue
        # What a lesson's deck runs is on the lesson's page: see slides.bats.
        [ "$(programs_of "$page")" = "$(dirname "$page")" ] || [ ! -e "$(programs_of "$page")" ] || continue
        grep -qxF "page $page" tests/kit/pages/* ||
            complain "$page: nothing in tests/kit/pages replays it"
    done
    ((!wrong))
}

@test "the commands of every page print what the page says" {
    local name count=0
    for name in $(replays); do
        ((++count))
        if ! timeout 240 bash -c 'until [ -e "$1" ]; do sleep 0.05; done' - "$REPLAYED/$name.status"; then
            complain "The replay of $name did not end."
        elif [ "$(cat "$REPLAYED/$name.status")" != 0 ]; then
            complain "tests/kit/pages/$name:"
            cat "$REPLAYED/$name.out"
        fi
    done
    ((count == $(find tests/kit/pages -type f ! -name '*.bash' | wc -l)))
    ((!wrong))
}

# The rows of the table of errors: name and message.
error_rows() {
    awk -F ' *[|] *' '/^## /{ here = /^## The errors/ } here && match($2, /`E[A-Z]+`/) {
        print substr($2, RSTART + 1, RLENGTH - 2) "\t" $3 }' lessons/README.md
}

@test "every message of the table is the system's" {
    local name message
    while IFS=$'\t' read -r name message; do
        printf '    printf("%%s\\t%%s\\n", "%s", strerror(%s));\n' "$name" "$name"
    done < <(error_rows) >"$BATS_TEST_TMPDIR/body"
    {
        printf '#include <%s>\n' errno.h stdio.h string.h
        printf 'int main(void)\n{\n%s\n}\n' "$(cat "$BATS_TEST_TMPDIR/body")"
    } >"$BATS_TEST_TMPDIR/messages.c"
    cc "$BATS_TEST_TMPDIR/messages.c" -o "$BATS_TEST_TMPDIR/messages"
    diff <(error_rows) <("$BATS_TEST_TMPDIR/messages")
}

@test "every error of the table has a command that prints its name or its message" {
    local name message i found rows=0
    read_page_apart lessons/README.md
    while IFS=$'\t' read -r name message; do
        ((++rows))
        found=0
        for i in "${!block_line[@]}"; do
            [ "${block_lead[i]}" = "$name" ] || continue
            squeeze "${block_text[i]}"
            [[ $squeezed != *"${message// /}"* && $squeezed != *-1"$name"* ]] || found=1
        done
        ((found)) || complain "lessons/README.md: nothing under \"$name\" prints '$message' or $name"
    done < <(error_rows)
    echo "$rows errors"
    ((rows >= 21)) || complain 'There should be 21 at least.'
    ((!wrong))
}
