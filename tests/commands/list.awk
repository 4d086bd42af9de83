# Lists the tests of a file, a line each: number, tags and name, with tabs between.
#
# Usage: awk [...] -f tests.awk -f list.awk TESTS
END {
    for (i = 1; i <= tests; i++)
        if (kept[i]) print i "\t" tags[i] "\t" name[i]
}
