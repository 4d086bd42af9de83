# Writes the summary of a class as one page: how the scores are spread, how far
# the lessons are, and for each test how many failed it.
#
# Usage: awk -f summary.awk -v stylesheet=page.css -v title=TITLE LESSONS TESTS
#   LESSONS, TESTS   the lines of the lessons.tsv and tests.tsv of a class, each
#                    with the student's id before it
BEGIN { FS = "\t" }
FNR == 1 { file++ }
file == 1 {
    if (!($2 in known)) { known[$2] = 1; lesson[++lessons] = $2; possible += $5 }
    if (!($1 in total)) students++
    total[$1] += $4
    states[$2, $3]++
    next
}
$5 == "fail" || $5 == "unrun" {
    test = $2 ": " $6
    if (!(test in failed)) order[++tests] = test
    failed[test]++
}
function markup(text) {
    gsub(/&/, "\\&amp;", text); gsub(/</, "\\&lt;", text); gsub(/>/, "\\&gt;", text)
    return text
}
function bar(x, y, width, height) {
    printf "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>\n", x, y, width, height
}
function label(x, y, text, anchor) {
    printf "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n", x, y, anchor, markup(text)
}
function open_drawing(height) {
    printf "<svg viewBox=\"0 0 720 %d\" width=\"720\" height=\"%d\" font-family=\"sans-serif\" " \
        "font-size=\"12\" fill=\"#234\" role=\"img\">\n", height, height
}
END {
    print "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">"
    print "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    print "<meta name=\"viewport\" content=\"width=device-width\">"
    printf "<title>%s</title>\n<style>\n", markup(title)
    while ((getline line < stylesheet) > 0) print line
    printf "</style>\n</head>\n<body>\n<h1>%s: %d students</h1>\n", markup(title), students

    print "<h2>How many students have how many points</h2>"
    bins = 12
    for (id in total) {
        b = possible ? int(total[id] / possible * bins) : 0
        many[b == bins ? bins - 1 : b]++
    }
    for (b = 0; b < bins; b++) if (many[b] > most) most = many[b]
    open_drawing(210)
    for (b = 0; b < bins; b++) {
        height = most ? 150 * many[b] / most : 0
        bar(b * 60 + 4, 175 - height, 52, height)
        if (many[b]) label(b * 60 + 30, 170 - height, many[b], "middle")
        label(b * 60 + 30, 192, sprintf("%g-%g", possible * b / bins, possible * (b + 1) / bins), "middle")
    }
    print "</svg>"

    print "<h2>How far the lessons are</h2>\n<table><tr><th>lesson</th><th>done</th>" \
        "<th>in progress</th><th>does not build</th><th>not started</th><th>not handed in</th></tr>"
    for (i = 1; i <= lessons; i++)
        printf "<tr><td>%s</td><td>%d</td><td>%d</td><td>%d</td><td>%d</td><td>%d</td></tr>\n",
            lesson[i], states[lesson[i], "done"], states[lesson[i], "in progress"],
            states[lesson[i], "does not build"], states[lesson[i], "not started"],
            states[lesson[i], "not handed in"]
    print "</table>"

    print "<h2>How many failed which test</h2>"
    for (k = 2; k <= tests; k++) # the most first
        for (j = k; j > 1 && failed[order[j]] > failed[order[j - 1]]; j--) {
            test = order[j]; order[j] = order[j - 1]; order[j - 1] = test
        }
    if (tests) {
        open_drawing(tests * 38 + 4)
        for (k = 1; k <= tests; k++) {
            label(0, k * 38 - 22, order[k], "start")
            bar(0, k * 38 - 16, students ? 660 * failed[order[k]] / students : 0, 12)
            label(660 * failed[order[k]] / students + 6, k * 38 - 6, failed[order[k]], "start")
        }
        print "</svg>"
    } else
        print "<p>Nobody failed any.</p>"
    print "</body>\n</html>"
}
