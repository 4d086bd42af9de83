# shellcheck shell=bash disable=SC2034 # those that source this use them
# Reads lessons.tsv, which says what is special about each lesson: source it. It sets
#   lessons                    an array: the lessons, in their order
#   registry[LESSON:COLUMN]    what a row has in the column of this name
# Bad rows are not looked for here; kit/registry does that.

read_registry() {
    local row columns=() i
    lessons=()
    declare -gA registry=()
    while IFS=$'\t' read -r -a row; do
        [[ ${row[0]-} != '#'* && -n ${row[0]-} ]] || continue
        if ((${#columns[@]} == 0)); then
            columns=("${row[@]}")
            continue
        fi
        lessons+=("${row[0]}")
        for i in "${!columns[@]}"; do
            registry[${row[0]}:${columns[i]}]=${row[i]-}
        done
    done <"${BASH_SOURCE[0]%/*}/lessons.tsv"
}
read_registry
