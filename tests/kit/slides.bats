#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2030,SC2031 # backquotes are signs here; a test has its own PATH
# The slides can be read from the last row, show what the sources say, and have
# answers to the questions that they ask.

bats_require_minimum_version 1.5.0
load ../commands/common.bash
load pages.bash

setup_file() {
    cd "$top" || return
    export built_decks=$BATS_FILE_TMPDIR/slides
    status=0
    LESSON='' IMAGES='' OUT=$built_decks timeout 400 nice -n 19 tests/kit/slides >"$BATS_FILE_TMPDIR/said" 2>&1 \
        3>&- 4>&- </dev/null || status=$?
    echo "$status" >"$BATS_FILE_TMPDIR/status"
}

setup() {
    cd "$top" || return
    room=$BATS_TEST_TMPDIR
}

# Measures the decks of a folder.
measured() {
    local chromium
    chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
    timeout 200 nice -n 19 node tests/kit/slides.mjs build/marp "$chromium" "$1"/[0-9][0-9]-*.html 3>&- 4>&-
}

# ---- what the slides look like --------------------------------------------

@test "make slides builds every deck, and one for each lesson, as HTML and as PDF" {
    local deck
    cat "$BATS_FILE_TMPDIR/said"
    [ "$(cat "$BATS_FILE_TMPDIR/status")" -eq 0 ]
    for deck in slides/[0-9][0-9]-*.md lessons/[0-9]*; do
        deck=$(basename "$deck" .md)
        [ -s "$built_decks/$deck.html" ]
        [ "$(head -c 5 "$built_decks/$deck.pdf")" = %PDF- ]
    done
}

@test "all fits on its slide and can be read; each deck has its length, questions and answers" {
    run measured "$built_decks"
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(grep -c '^# ' <<<"$output")" -eq "$(find slides -name '[0-9][0-9]-*.md' | wc -l)" ]
}

# A deck of which each slide has a fault; its comment says which words are to be
# heard of it. "-" is a slide without one.
broken_deck() {
    local i long='a line of code that is far too long for a slide, and goes on, and on, and on'
    printf '%s\n' --- 'marp: true' 'theme: lab' 'footer: broken' ---
    printf '\n## Sound\n\nNothing is wrong here.\n\n<!-- - -->\n\n---\n'
    printf '\n## Too many lines\n\n'
    for i in {1..14}; do printf -- '- Line %d\n' "$i"; done
    printf '\n<!-- over its bottom border -->\n\n---\n'
    printf '\n## A long line of code\n\n```c\n%s %s\n```\n\n<!-- too small for what is in it -->\n\n---\n' "$long" "$long"
    printf '\n## A long word\n\n%s\n\n<!-- over its right border -->\n\n---\n' \
        "$(printf 'x%.0s' {1..120})"
    printf '\n## A picture that is not there\n\n![gone](figures/gone.svg)\n\n<!-- gone.svg is broken -->\n\n---\n'
    printf '\n## A picture without words\n\n![](figures/00-socket.svg)\n\n<!-- has no words for those -->\n\n---\n'
    printf '\n## A picture in a corner\n\n'
    for i in {1..7}; do printf -- '- Line %d\n' "$i"; done
    printf '\n![small](figures/00-socket.svg)\n\n<!-- 19 are the least -->\n\n---\n'
    printf '\n## A picture that is too narrow\n\n![narrow](figures/narrow.svg)\n\n<!-- leave it -->\n\n---\n'
    printf '\n## A picture with words on words\n\n![double](figures/double.svg)\n\n<!-- stand on each other -->\n\n---\n'
    printf '\n<style scoped>li { font-size: 20px }</style>\n\n## Small words\n\n- As small as this\n\n<!-- 28 are the least -->\n\n---\n'
    printf '\n<style scoped>pre code { font-size: 16px }</style>\n\n## Small code\n\n```c\nint small;\n```\n\n<!-- 20 are the least -->\n\n---\n'
    printf '\n<style scoped>h2 { margin-bottom: -60px } h2 + p { margin-top: 0 }</style>\n\n## One on the other\n\nHere.\n\n<!-- stand on each other -->\n\n---\n'
    printf '\n![bg](figures/00-socket.svg)\n\n## A background\n\n<!-- it has a background -->\n\n---\n'
    printf '\n## From far away\n\n![far](http://192.0.2.1/far.svg)\n\n<!-- far.svg is broken -->\n\n---\n'
    printf '\n<!-- _class: ask -->\n\n## Two questions\n\n1. Why?\n2. What for\n\n<!-- three questions -->\n\n---\n'
    printf '\n## No notes\n\nNobody says anything here.\n'
}

@test "whatever is wrong with a slide is found" {
    local slide=0 expected picture='<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 600 200">'
    mkdir -p "$room/decks/figures"
    printf '%s<text x="500" y="50" font-size="30">too far to the right</text></svg>\n' "$picture" \
        >"$room/decks/figures/narrow.svg"
    printf '%s<text x="50" y="50" font-size="30">one</text><text x="60" y="52" font-size="30">two</text></svg>\n' \
        "$picture" >"$room/decks/figures/double.svg"
    broken_deck >"$room/decks/90-broken.md"
    DECKS=$room/decks OUT=$room/built timeout 200 nice -n 19 tests/kit/slides 3>&- 4>&-
    # Its PDF is another deck's.
    cp "$built_decks/00-sockets.pdf" "$room/built/90-broken.pdf"
    run measured "$room/built"
    echo "$output"
    [ "$status" -eq 1 ]
    while IFS= read -r expected; do
        ((++slide))
        if [ "$expected" = - ]; then
            ! grep "^90-broken, slide $slide:" <<<"$output" || complain "slide $slide is sound"
        else
            grep -qF "$expected" <(grep "^90-broken, slide $slide:" <<<"$output") ||
                complain "of slide $slide, this was not heard: $expected"
        fi
    done < <(sed -n '/_class/d; s/^<!-- \(.*\) -->$/\1/p' "$room/decks/90-broken.md")
    ((slide == 15)) || complain "$slide slides have a comment"
    for expected in 'slide 15: its notes have no answer 1' 'slide 16: it has no notes' \
        'it has 16 slides' 'its PDF has 14 pages for 16 slides' 'it asks the network'; do
        grep -qF "90-broken, $expected" <<<"$output" || grep -qF "90-broken: $expected" <<<"$output" ||
            complain "this was not heard: $expected"
    done
    ((!wrong))
}

# ---- what the slides quote ------------------------------------------------

# The lines of TEXT stand in the standard input, one behind the other. What is
# blank at a line's end does not count.
stands_in() {
    local text whole
    text=$'\n'$(printf '%s' "$1" | sed 's/ *$//')$'\n'
    whole=$'\n'$(sed 's/ *$//')$'\n'
    [[ $whole == *"$text"* ]]
}

# The lesson with which a deck compares a program of its own: the one that the
# words before the block name, or the one that it starts from.
lesson_before() {
    local from=${registry[$1:from]}
    [ "$2" = server.c ] && from=${from%/*} || from=${from#*/}
    [[ ! $3 =~ lesson\ ([0-9]{2}) ]] || from=${BASH_REMATCH[1]}
    find_lesson "$from"
}

# Looks at what a deck, said to be LESSON's, quotes: a line for each fault.
look_at_quotes() {
    local deck=$1 lesson=$2 i name a b width page
    read_page_apart "$deck"
    for i in "${!block_line[@]}"; do
        width=$(wc -L <<<"${block_text[i]}")
        ((width <= 78)) || echo "the block at line ${block_line[i]} has lines of $width columns; 78 fit"
        case ${block_kind[i]} in
        c) ;; # pages.bats looks at these
        diff)
            if ! [[ ${block_before[i]} =~ [Ii]n\ \`((server|client)\.c)\` ]]; then
                echo "the words before the difference at line ${block_line[i]} do not say" \
                    "in which program it is: In \`server.c\`..."
                continue
            fi
            name=${BASH_REMATCH[1]}
            a=lessons/$(lesson_before "$lesson" "$name" "${block_before[i]}")/$name
            b=lessons/$lesson/$name
            if [ ! -e "$a" ] || [ ! -e "$b" ]; then
                echo "there is no $a, or no $b"
                continue
            fi
            stands_in "${block_text[i]}" < <(diff "$a" "$b") ||
                stands_in "${block_text[i]}" < <(diff -u "$a" "$b") ||
                stands_in "${block_text[i]}" < <(diff -U 10000 "$a" "$b") ||
                echo "the difference at line ${block_line[i]} is not in diff -u $a $b"
            ;;
        console)
            # The first lecture has no lesson: a script replays it.
            [ -e "lessons/$lesson" ] || continue
            stands_in "${block_text[i]}" <"lessons/$lesson/README.md" ||
                echo "the terminal at line ${block_line[i]} is not on the lesson's page," \
                    "so nothing replays it"
            ;;
        *) echo "the block at line ${block_line[i]} is none of c, diff and console" ;;
        esac
    done
    # A command among the words is one that the page has, too.
    [ -e "lessons/$lesson" ] || return 0
    squeeze "$(cat "lessons/$lesson/README.md")"
    page=$squeezed
    for i in "${!spans[@]}"; do
        [[ ${spans[i]} =~ ^(\./|(cc|nc|ss|lsof|strace|printf|kill|make)\ ) && ${spans[i]} != 'make trace '* ]] ||
            continue
        squeeze "${spans[i]}"
        [[ $page == *"$squeezed"* ]] ||
            echo "the command \`${spans[i]}\` in or before line ${span_line[i]} is not on the lesson's page"
    done
}

@test "what a deck quotes of a difference, or of a terminal, stands in the sources" {
    local deck name said
    for deck in slides/[0-9][0-9]-*.md; do
        name=$(basename "$deck" .md)
        [ "$name" = 00-sockets ] || [ -d "lessons/$name" ] || complain "$deck: there is no lesson $name"
        said=$(look_at_quotes "$deck" "$name")
        [ -z "$said" ] || complain "$deck: $said"
    done
    ((!wrong))
}

@test "a quotation that differs from the sources is found" {
    local whole part
    whole=$(diff -u lessons/01-one-shot/server.c lessons/02-looping/server.c | tail -n +3)
    part=$(sed -n '1,/^+/p' <<<"$whole" | tail -n +2)
    deck() {
        printf '# A deck\n\n%s\n```%s\n%s\n```\n' "$2" "$1" "$3" >"$room/deck.md"
        said=$(look_at_quotes "$room/deck.md" "${4-02-looping}")
    }
    deck diff 'In `server.c`:' "$whole"
    [ -z "$said" ]
    deck diff 'In `server.c`:' "$part"
    [ -z "$said" ]
    deck diff 'In `server.c`:' "$(diff lessons/01-one-shot/server.c lessons/02-looping/server.c | head -n 8)"
    [ -z "$said" ]
    deck diff 'From lesson 04, in `server.c`:' \
        "$(diff lessons/04-*/server.c lessons/06-*/server.c | head -n 8)" 06-nonblocking
    [ -z "$said" ]
    deck diff 'In `server.c`:' "$(sed '0,/^+/s/^+\(.*\)/+\1 /' <<<"$part")x"
    [[ $said == *'is not in diff'* ]]
    deck diff 'In `server.c`:' "$(sed '2d' <<<"$whole" | head -n 6)"
    [[ $said == *'is not in diff'* ]]
    deck diff 'In `client.c`:' "$part"
    [[ $said == *'is not in diff'* ]]
    deck diff 'Here:' "$part"
    [[ $said == *'do not say'* ]]
    deck console 'Terminal 1:' '$ ./server'
    [ -z "$said" ]
    deck console 'Terminal 1:' '$ ./server --fast'
    [[ $said == *'nothing replays it'* ]]
    deck console 'Terminal 1 runs `./server 77`:' '$ ./server'
    [[ $said == *'`./server 77`'*'not on the lesson'* ]]
    deck sh 'Here:' 'true'
    [[ $said == *'none of'* ]]
    deck console 'Wide:' "$(printf 'x%.0s' {1..79})"
    [[ $said == *'78 fit'* ]]
}

# ---- the pictures ---------------------------------------------------------

# Looks at the pictures of a deck: a line for each fault.
look_at_pictures() {
    local deck=$1 folder slides picture title wanted i
    folder=$(dirname "$deck")
    # Its slides, with a NUL behind each; the lines of blocks are no borders.
    mapfile -d '' slides < <(awk '/^```/{ inside = !inside }
        /^---$/ && !inside { printf "%c", 0; next } { print } END { printf "%c", 0 }' "$deck")
    for i in "${!slides[@]}"; do
        while IFS= read -r picture; do
            if [ ! -e "$folder/$picture" ]; then
                echo "there is no $picture"
                continue
            fi
            xmllint --noout "$folder/$picture" 2>&1 || echo "$picture is not well-formed"
            title=$(sed -n 's|.*<title>\(.*\)</title>.*|\1|p' "$folder/$picture")
            [ -n "$title" ] || echo "$picture has no title"
            # What make trace has drawn is named so.
            if [[ $title =~ scene\ ([a-z]+)$ ]]; then
                if [ "${BASH_REMATCH[1]}" != dialogue ]; then
                    wanted="SCENE=${BASH_REMATCH[1]}"
                else
                    [[ $title =~ lesson\ ([0-9]+) ]] && wanted="LESSON=${BASH_REMATCH[1]}"
                fi
                grep -qE "\`make trace [^\`]*${wanted}[^\`]*\`" <<<"${slides[i]}" ||
                    echo "$picture: its slide does not say that \`make trace $wanted\` draws it"
            fi
        done < <(grep -oE '!\[[^]]*\]\([^)]+\)' <<<"${slides[i]}" | sed 's/.*(\(.*\))/\1/')
        grep -oE '!\[[^]]*\]' <<<"${slides[i]}" | awk 'length < 63 {
            print "the words for a picture are too short to tell what it shows: " $0 }'
    done
}

@test "every picture is there, is well-formed, and says which command draws it" {
    local deck said picture
    for deck in slides/[0-9][0-9]-*.md; do
        said=$(look_at_pictures "$deck")
        [ -z "$said" ] || complain "$deck: $said"
    done
    for picture in slides/figures/*; do
        grep -qF "](figures/$(basename "$picture"))" slides/*.md || complain "no deck shows $picture"
    done
    ((!wrong))
}

@test "a picture that is missing, broken or without its command is found" {
    mkdir "$room/figures"
    cp slides/figures/00-handshake.svg "$room/figures/traced.svg"
    head -n 5 "$room/figures/traced.svg" >"$room/figures/half.svg"
    deck() {
        printf '# A deck\n\n---\n\n![%s](figures/%s.svg)\n\n%s\n\n---\n\n`make trace SCENE=handshake`\n' \
            "${3-A server waits in accept. A client comes, and accept returns 4.}" "$1" "$2" >"$room/deck.md"
        said=$(look_at_pictures "$room/deck.md")
    }
    deck traced '_Drawn_ by `make trace SCENE=handshake`'
    [ -z "$said" ]
    deck traced 'Drawn by hand'
    [[ $said == *'does not say'* ]]
    deck traced '_Drawn_ by `make trace SCENE=close`'
    [[ $said == *'does not say'* ]]
    deck traced '_Drawn_ by `make trace SCENE=handshake`' 'A handshake'
    [[ $said == *'too short'*'A handshake'* ]]
    deck half ''
    [[ $said == *'not well-formed'* ]]
    deck gone ''
    [[ $said == *'there is no'* ]]
}

# ---- what every deck has --------------------------------------------------

# Looks for the parts of a deck, LESSON's: a line for each that is not there.
look_at_parts() {
    local deck=$1 number=${2%%-*}
    grep -qE '^Time: [0-9]+ minutes' "$deck" || echo 'its notes do not say how long it takes, as Time: 60 minutes'
    grep -q '^## Live: ' "$deck" || echo 'no slide has a title that begins with Live:'
    [ -d "lessons/$2" ] || return 0
    awk '/^---$/ { inside = 0 } /^## Exercise/ { inside = 1 } inside' "$deck" |
        grep -q "make check LESSON=$number" || echo "the exercise does not name make check LESSON=$number"
}

@test "every deck has a live part and its time, and each exercise the command that checks it" {
    local deck name said
    for deck in slides/[0-9][0-9]-*.md; do
        name=$(basename "$deck" .md)
        said=$(look_at_parts "$deck" "$name")
        [ -z "$said" ] || complain "$deck: $said"
    done
    ((!wrong))
}

@test "a part that a deck lacks is found" {
    local said
    try() {
        sed "$1" slides/02-looping.md >"$room/deck.md"
        said=$(look_at_parts "$room/deck.md" 02-looping)
    }
    try ''
    [ -z "$said" ]
    try '/^Time:/d'
    [[ $said == *'how long it takes'* ]]
    try 's/^## Live:/## See:/'
    [[ $said == *'begins with Live'* ]]
    try '/make check/d'
    [[ $said == *'make check LESSON=02'* ]]
    # On another slide it does not help.
    try '/make check/d; $a make check LESSON=02'
    [[ $said == *'make check LESSON=02'* ]]
}

# ---- the command ----------------------------------------------------------

@test "a deck that is not there is bad usage, and the decks are named" {
    LESSON=77 run tests/kit/slides
    echo "$output"
    [ "$status" -eq 2 ]
    [[ $output == *'no deck '\''77'\'* && $output == *00-sockets* ]]
}

@test "what is missing for the slides is named, with its package" {
    local tool package
    mkdir "$room/bin"
    ln -s /usr/bin/* "$room/bin"
    while read -r tool package; do
        rm -f "$room/bin/$tool"
        PATH=$room/bin run tests/kit/slides
        echo "$output"
        [ "$status" -eq 1 ]
        [[ $output == *"$tool is missing"*"apt-get install $package"* ]]
    done <<'end'
chromium chromium
npm npm
node nodejs
end
}
