# Reads the lines of the lessons.tsv of a class, each with the student's id before
# it, and writes a table for a gradebook.
#
# Usage: awk -f table.awk -v format=FORMAT -v title=TITLE
#   all      id, and of each lesson the points and the state, and the total
#   canvas   what Canvas imports: the id there is the first number in the name of
#            a file that Canvas hands out, such as lee_1234_5678_kit.zip
#   moodle   what Moodle imports as an assignment's grading worksheet: the
#            participant's number is in the name of a folder that Moodle hands
#            out, such as Ann Lee_1234_assignsubmission_file
BEGIN { FS = "\t" }
!($2 in known) { known[$2] = 1; lesson[++lessons] = $2; possible += $5 }
!($1 in total) { ids[++count] = $1 }
{ state[$1, $2] = $3; points[$1, $2] = $4; total[$1] += $4 }

# A field of the table. One that a spreadsheet would take for a formula is text.
function field(text) {
    gsub(/"/, "\"\"", text)
    return "\"" (text ~ /^[-=+@\t]/ ? "'" : "") text "\""
}

# The first number between underscores in a name, or nothing.
function number_in(text) {
    if (!match(text, /_[0-9]+(_|$)/)) return ""
    text = substr(text, RSTART + 1, RLENGTH - 1)
    sub(/_$/, "", text) # as text: it may be too large for a number
    return text
}
function person(text) { sub(/_.*/, "", text); return text }

END {
    if (format == "all") {
        printf "id"
        for (i = 1; i <= lessons; i++) printf ",%s,%s", lesson[i], lesson[i] " state"
        print ",total"
    } else if (format == "canvas") {
        print "Student,ID,SIS User ID,SIS Login ID,Section," field(title)
        print "    Points Possible,,,,," possible
    } else
        print "Identifier,Full name,Grade,Last modified (grade)"
    for (k = 1; k <= count; k++) {
        id = ids[k]
        if (format == "all") {
            printf "%s", field(id)
            for (i = 1; i <= lessons; i++)
                printf ",%.2f,%s", points[id, lesson[i]], state[id, lesson[i]]
            printf ",%.2f\n", total[id]
        } else if (format == "canvas")
            printf "%s,%s,,,,%.2f\n", field(person(id)), number_in(id), total[id]
        else
            printf "%s,%s,%.2f,\n", number_in(id) == "" ? field(id) : \
                "\"Participant " number_in(id) "\"", field(person(id)), total[id]
    }
}
