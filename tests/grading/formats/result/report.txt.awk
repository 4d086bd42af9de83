# Writes report.txt: the result for a reader, as plain text.
#
# Usage: see ../write
END {
    printf "%s: %.2f of %g points\n\n", about["id"], total, possible
    for (i = 1; i <= lessons; i++)
        printf "  %-16s %-14s %6.2f of %g\n", lesson[i], state[i], points[i], of[i]
    if (about["notes"] != "") printf "\n%s\n", about["notes"]
    for (i = 1; i <= lessons; i++)
        if (about["log " lesson[i]] != "")
            printf "\nDOES NOT BUILD  %s\n        %s\n", lesson[i],
                indented(about["log " lesson[i]])
    for (j = 1; j <= tests; j++)
        if (result[j] == "fail" || result[j] == "skip")
            printf "\n%s  %s: %s\n        %s\n", result[j] == "fail" ? "FAILED" : "NOT COUNTED",
                where[j], name[j], indented(told[j])
}
function indented(text) { gsub(/\n/, "\n        ", text); return text }
