# Reads a lesson's test file. It is for a writer beside it, whose END finds:
#
#   tests              how many tests there are; each has a number, from 1
#   name[i], tags[i]   its name, and its tags, with commas between them
#   body[i]            its lines, without the first and the last
#   kept[i]            1 if only and without leave it in, else 0
#   shared             all lines that are in no test; the harness that they load is
#                      that of the folder in the variable TESTS of the environment
#   written(i)         returns the whole test as a .bats file has it
#
# Usage: awk [-v only=TAGS] [-v without=TAGS] -f tests.awk -f WRITER.awk FILE
#   only      tests that have all of these tags, with commas between them
#   without   not those that have all of these tags

function has_all(i, wanted,    list, count, k) {
    count = split(wanted, list, ",")
    for (k = 1; k <= count; k++)
        if (!index("," tags[i] ",", "," list[k] ",")) return 0
    return 1
}

function written(i) {
    return (tags[i] == "" ? "" : "# bats test_tags=" tags[i] "\n") \
        "@test \"" name[i] "\" {\n" body[i] "}\n\n"
}

/^# bats test_tags=/ {
    sub(/^# bats test_tags=/, "")
    tags_of_next = $0
    next
}
/^@test "/ {
    sub(/^@test "/, "")
    sub(/" {$/, "")
    name[++tests] = $0
    tags[tests] = tags_of_next
    tags_of_next = ""
    kept[tests] = (only == "" || has_all(tests, only)) && \
        !(without != "" && has_all(tests, without))
    inside = 1
    next
}
inside && /^}$/ { inside = 0; next }
inside { body[tests] = body[tests] $0 "\n"; next }
/^load harness$/ { $0 = "load \"$TESTS/harness\"" }
{ shared = shared $0 "\n" }
