# Prints the tests of a file for bash: the lines outside of tests, an array tests
# with their names, and a function test_NUMBER for each.
#
# Usage: awk -v quote="'" -f ../../commands/tests.awk -f functions.awk FILE
END {
    printf "%s", shared
    for (i = 1; i <= tests; i++) {
        gsub(quote, quote "\\" quote quote, name[i])
        printf "tests+=(%s%s%s)\ntest_%d() {\n%s}\n", quote, name[i], quote, i, body[i]
    }
}
