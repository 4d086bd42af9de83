# shellcheck shell=bash disable=SC2034 # the scripts that source this use its variables
# What the commands share: source it. It changes nothing but these names:
#
#   top                   the top folder of the kit
#   lessons, registry     what lessons.tsv says: see lessons.bash
#   find_lesson LESSON    prints the name of a lesson given as 3, 03 or
#                         03-reconnecting; an unknown one is a clear error on
#                         standard error, and status 2
#   say_unknown           prints which folders of lessons have no row
#   programs_at DIR       prints where the programs of DIR are built
#   deal_tests FILE FOLDER PARTS [NAME=VALUE...]
#                         deals the tests of a .bats file out: to FILE in
#                         FOLDER/part-0, FOLDER/part-1 and so on. The names are
#                         those of tests.awk and deal.awk
#   list_tests FILE [NAME=VALUE...]
#                         prints a line for each: number, tags, name
#   copy_kit FOLDER [PATH...]
#                         copies the kit as it stands into a new folder, without
#                         what was built, git's records and these paths
#   bold, red, green, dim, plain
#                         escapes for a terminal, empty where none is

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/lessons.bash
. "$top/tests/lessons.bash"

find_lesson() {
    local name number=${1%%-*}
    if [[ $number =~ ^[0-9]{1,2}$ ]]; then
        number=$(printf '%02d' "$((10#$number))")
        for name in "${lessons[@]}"; do
            if [ "$1" = "$name" ] || { [[ $1 != *-* ]] && [ "$number" = "${name%%-*}" ]; }; then
                echo "$name"
                return
            fi
        done
    fi
    {
        echo "There is no lesson '$1'. The lessons are:"
        printf '    %s\n' "${lessons[@]}"
        say_unknown
    } >&2
    return 2
}

say_unknown() {
    local folder
    for folder in "$top"/lessons/[0-9][0-9]-*/; do
        folder=${folder%/} folder=${folder##*/}
        [ -n "${registry[$folder:lesson]-}" ] ||
            echo "tests/lessons.tsv has no row for lessons/$folder: it is passed over."
    done
}

programs_at() {
    echo "build/$1${SANITIZE:+-$SANITIZE}"
}

# Calls awk with the reader of test files: read_tests WRITER FILE [NAME=VALUE...]
read_tests() {
    local writer=$1 file=$2 setting settings=()
    shift 2
    for setting; do settings+=(-v "$setting"); done
    awk "${settings[@]}" -f "$top/tests/commands/tests.awk" -f "$writer" "$file"
}

deal_tests() {
    local file=$1 folder=$2 parts=$3 part first=0
    shift 3
    for part; do [[ $part != first=* ]] || first=${part#*=}; done
    for ((part = first; part < first + parts; part++)); do
        mkdir -p "$folder/part-$part"
    done
    read_tests "$top/tests/commands/deal.awk" "$file" folder="$folder" parts="$parts" \
        file="${file##*/}" "$@"
}

list_tests() {
    read_tests "$top/tests/commands/list.awk" "$@"
}

copy_kit() {
    local folder=$1
    shift
    mkdir -p "$folder" &&
        tar -C "$top" --exclude=./build --exclude=./.git "${@/#/--exclude=./}" -cf - . |
        tar -C "$folder" -xf -
}

bold='' red='' green='' dim='' plain=''
if [ -t 1 ] && [ "${TERM-dumb}" != dumb ]; then
    bold=$'\e[1m' red=$'\e[31m' green=$'\e[32m' dim=$'\e[2m' plain=$'\e[0m'
fi
