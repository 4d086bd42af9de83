# Writes autolab.json: what Autolab reads from the last line of standard output,
# the points of each problem.
#
# Usage: see ../write
END {
    printf "{\"scores\": {"
    for (i = 1; i <= lessons; i++)
        printf "%s%s: %.2f", (i > 1 ? ", " : ""), quoted(lesson[i]), points[i]
    print "}}"
}
