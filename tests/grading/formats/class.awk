# Reads the results of a class, for the writers in class/. The inputs are
#   lessons.tsv, tests.tsv
#       the lines of these files of all submissions (see result.awk), each with
#       the student's id and a tab before it
# It reads the first. The second is left to the writer: most need none of it. A
# writer's END finds
#   lessons, lesson[i], possible       in the order of the first student
#   students, id[k], total[ID]         in the order of the input
#   state[ID, LESSON], points[ID, LESSON]
#
# Usage: see write
BEGIN { FS = "\t" }
FILENAME == ARGV[1] {
    if (!($2 in known)) { known[$2] = 1; lesson[++lessons] = $2; possible += $5 }
    if (!($1 in total)) id[++students] = $1
    total[$1] += $4
    state[$1, $2] = $3
    points[$1, $2] = $4
}

# Gradebooks hand submissions out under names such as lee_1234_5678_kit: these
# two find the person and the number in such an id.
function person(id) { sub(/_.*/, "", id); return id }

# The first number between underscores, or nothing.
function number_in(id) {
    if (!match(id, /_[0-9]+(_|$)/)) return ""
    id = substr(id, RSTART + 1, RLENGTH - 1)
    sub(/_$/, "", id) # as text: it may be too large for a number
    return id
}
