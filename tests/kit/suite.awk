# Prints, for one bats, a test for each wrong answer: the one that it has to fail,
# under the name of the mistake, on the programs with that mistake.
#
# Usage: awk -v room=FOLDER -v mistakes=FILE -f ../commands/tests.awk -f suite.awk TESTS
#   FILE     lines MISTAKE <tab> TEST
#   FOLDER   FOLDER/MISTAKE has the programs of each
END {
    printf "%s", shared
    for (i = 1; i <= tests; i++) number[name[i]] = i
    while ((getline line < mistakes) > 0) {
        split(line, part, "\t")
        printf "@test \"%s\" {\n    PROGRAMS=%s/%s SOURCES=%s/%s\n%s}\n\n", part[1], \
            room, part[1], room, part[1], body[number[part[2]]]
    }
}
