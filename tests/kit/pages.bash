# shellcheck shell=bash disable=SC2034,SC2016 # those that source this use them
# What the tests of the pages share: source it. It reads pages.
#
#   read_page FILE        sets, for each fenced block of the page, in order:
#                         block_line (of its fence), block_kind (c, console),
#                         block_lead (the heading or the bold words under which
#                         it stands), block_before (the paragraph before it, on
#                         one line), block_text; and for the whole page: leads
#                         (its headings and bold words), spans (its `code`, each
#                         on one line) and span_line
#   read_page_apart FILE  the same, in a process of its own: bats follows every
#                         command of a test, which takes ten times as long
#   squeeze TEXT          TEXT without blanks and line breaks, in $squeezed
#   lesson_of FILE        the name of the lesson to which a page or hints belong
#   complain TEXT...      notes what is wrong, in a test. It goes on, and ((!wrong))
#                         fails it at its end

# A fence, three backquotes.
fence='```'

read_page() {
    local line number=0 inside='' paragraph='' lead='' prose='' bold code rest
    block_line=() block_kind=() block_lead=() block_before=() block_text=()
    leads=() spans=() span_line=()
    while IFS= read -r line; do
        ((++number))
        if [ -n "$inside" ]; then
            if [ "$line" = "$fence" ]; then
                inside=''
            else
                block_text[-1]+=$line$'\n'
            fi
            continue
        fi
        if [[ $line == "$fence"* ]]; then
            inside=yes
            block_line+=("$number") block_kind+=("${line#"$fence"}")
            block_lead+=("$lead") block_before+=("$paragraph") block_text+=('')
            paragraph='' prose=''
            continue
        fi
        if [[ $line =~ ^#+\ (.*) ]]; then
            lead=${BASH_REMATCH[1]} leads+=("$lead")
        elif [ -z "$paragraph" ] && [[ $line =~ ^\*\*([^*]+)\*\* ]]; then
            bold=${BASH_REMATCH[1]} lead=${bold%[.?]} leads+=("$bold")
        fi
        if [ -z "$line" ]; then
            paragraph='' prose=''
            continue
        fi
        paragraph+=${paragraph:+ }$line
        # A span of code may go on in the next line.
        rest="${prose:+$prose }$line" prose=''
        while [[ $rest =~ ^[^\`]*\`([^\`]+)\`(.*)$ ]]; do
            code=${BASH_REMATCH[1]} rest=${BASH_REMATCH[2]}
            spans+=("$code") span_line+=("$number")
        done
        [[ $rest != *\`* ]] || prose=$rest
    done <"$1"
    if [ -n "$inside" ]; then
        echo "$1: the block at line ${block_line[-1]} does not end"
        return 1
    fi
}

read_page_apart() {
    local facts
    facts=$(
        trap - DEBUG
        bash -c '. "$1" && read_page "$2" >&2 &&
            declare -p block_{line,kind,lead,before,text} leads spans span_line' \
            bash "${BASH_SOURCE[0]}" "$1"
    ) && eval "${facts//declare -a/declare -ga}"
}

squeeze() {
    squeezed=${1//[[:space:]]/}
}

wrong=0
complain() {
    printf '%s\n' "$*"
    wrong=1
}

lesson_of() {
    basename "$(dirname "$1")"
}
