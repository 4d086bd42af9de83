# Reads the result of one submission, for the writers in result/. The inputs are
#   about        a line for each thing: name <tab> text
#   lessons.tsv  lesson, state, points, of how many
#   tests.tsv    lesson, number, kind, result, name, explanation
# No control byte is in a field but the byte 31: it parts the lines of a text. A
# writer's END finds
#   about[NAME]                        the texts
#   lessons, lesson[i], state[i], points[i], of[i], total, possible
#   tests, where[j], number[j], kind[j], result[j], name[j], told[j]
# The lines of a text are parted by newlines there.
#
# Usage: see write
BEGIN { FS = "\t" }
FNR == 1 { file++ }
{ gsub("\037", "\n") }
file == 1 { about[$1] = $2; next }
file == 2 {
    lesson[++lessons] = $1; state[lessons] = $2
    points[lessons] = $3; of[lessons] = $4
    total += $3; possible += $4
    next
}
{
    where[++tests] = $1; number[tests] = $2; kind[tests] = $3
    result[tests] = $4; name[tests] = $5; told[tests] = $6
}

# The state of lesson I, and what failed in it: for graders that show one text for
# each lesson.
function story(i,   j, text) {
    text = state[i] "\n"
    for (j = 1; j <= tests; j++)
        if (where[j] == lesson[i] && result[j] == "fail")
            text = text "FAILED  " name[j] "\n" told[j] "\n"
    return text
}
