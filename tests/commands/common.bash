# What the commands share: source it. It goes to the top folder of the kit.
#
#   list_lessons          prints the lessons' names, a line each
#   find_lesson LESSON    prints the name of a lesson given as 3, 03 or
#                         03-reconnecting; an unknown one is a clear error on
#                         standard error, and status 2
#   bold, red, green, dim, plain
#                         escapes for a terminal, empty where none is
#   plain_name NAME       prints a name as one line of valid text
#   check_weights FILE    returns 1, with a message, if it is not like
#                         tests/grading/weights
#   out_folder DIR        where the programs of DIR are built
#   split_tests FILE FOLDER PARTS LEFT_OUT [FIRST]
#                         deals the tests of a .bats file out, without those
#                         whose tags match LEFT_OUT (quick: those without the tag
#                         slow): to FOLDER/part-FIRST/FILE and the next PARTS - 1,
#                         by turns; with SHUFFLE, a number, by chance. FIRST is 0
#                         unless given

set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 2

list_lessons() {
    local path
    for path in lessons/[0-9][0-9]-*/; do
        path=${path%/}
        echo "${path##*/}"
    done
}

find_lesson() {
    local name number=${1%%-*}
    if [[ $number =~ ^[0-9]{1,2}$ ]]; then
        number=$(printf '%02d' "$((10#$number))")
        for name in $(list_lessons); do
            if [ "$1" = "$name" ] || { [[ $1 != *-* ]] && [ "$number" = "${name%%-*}" ]; }; then
                echo "$name"
                return
            fi
        done
    fi
    {
        echo "There is no lesson '$1'. The lessons are:"
        list_lessons | sed 's/^/    /'
    } >&2
    return 2
}

# XML has no place for two of the characters.
plain_name() {
    if [[ $1 =~ ^[A-Za-z0-9@._-]+$ ]]; then
        printf '%s\n' "$1"
    else
        printf %s "$1" | tr '\000-\037\177' ' ' | iconv -c -f UTF-8 -t UTF-8 |
            LC_ALL=C sed $'s/\xef\xbf[\xbe\xbf]//g'
    fi
}

check_weights() {
    awk -v lessons="$(list_lessons)" '
        BEGIN { split(lessons, list, "\n"); for (i in list) known[list[i]] = 1 }
        /^#/ || NF == 0 { next }
        !($1 in known) || NF != 3 || $2 $3 !~ /^[0-9.]+$/ {
            print FILENAME ": not LESSON POINTS POINTS: " $0 >"/dev/stderr"
            bad = 1
        }
        END { exit bad }' "$1"
}

out_folder() {
    echo "build/$1${SANITIZE:+-$SANITIZE}"
}

split_tests() {
    local file=$1 folder=$2 parts=$3 left_out=$4 first=${5-0} part
    for ((part = first; part < first + parts; part++)); do
        mkdir -p "$folder/part-$part"
    done
    awk -v parts="$parts" -v first="$first" -v left_out="$left_out" -v folder="$folder" \
        -v file="${file##*/}" -v seed="${SHUFFLE-}" '
        BEGIN { srand(seed) }
        function keep() { print > (folder "/part-" first + part "/" file) }
        /^# bats test_tags=/ {
            inside = 1
            due = left_out == "quick" ? /slow/ : $0 !~ left_out
            part = seed == "" ? count % parts : int(rand() * parts)
            count += due
        }
        { sub(/^load harness$/, "load \"$TESTS/harness\"") }
        inside && due { keep() }
        !inside { for (part = 0; part < parts; part++) keep() }
        /^}$/ { inside = 0 }' "$file"
}

# shellcheck disable=SC2034 # the scripts that source this use them
{
    bold='' red='' green='' dim='' plain=''
    if [ -t 1 ] && [ "${TERM-dumb}" != dumb ]; then
        bold=$'\e[1m' red=$'\e[31m' green=$'\e[32m' dim=$'\e[2m' plain=$'\e[0m'
    fi
}
