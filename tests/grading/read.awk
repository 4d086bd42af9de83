# What the writers of reports share: it reads
#   about        a line for each thing: name <tab> text
#   lessons.tsv  lesson, state, points, of how many
#   tests.tsv    lesson, number, kind, result, name, explanation
# and a writer's END finds
#   about[NAME]                        the texts; a list has its lines parted by
#                                      the byte 31
#   lessons, lesson[i], state[i], points[i], of[i], total, possible
#   tests, where[j], number[j], kind[j], result[j], name[j], told[j]
# All of it is plain ASCII without control bytes, but for that byte 31.
#
# Usage: awk -f read.awk -f WRITER.awk ABOUT LESSONS TESTS
BEGIN { FS = "\t" }
FNR == 1 { file++ }
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
function with_newlines(text) { gsub("\037", "\n", text); return text }

# TEXT for a page, or for XML.
function markup(text) {
    gsub(/&/, "\\&amp;", text); gsub(/</, "\\&lt;", text); gsub(/>/, "\\&gt;", text)
    gsub(/"/, "\\&quot;", text)
    return with_newlines(text)
}

# TEXT as a string of JSON.
function quoted(text) {
    gsub(/[\\"]/, "\\\\&", text); gsub("\037", "\\n", text)
    return "\"" text "\""
}
