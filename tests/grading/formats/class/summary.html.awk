# Writes summary.html, a page on the class: how the scores are spread, how far the
# lessons are, how many of those who tried a lesson failed each of its tests, and
# the students, each with the report. The title is the assignment's.
#
# Usage: see ../write
# A lesson was tried if it is in progress or done. What does not build, or is not
# started, says nothing of a single test.
FILENAME == ARGV[1] {
    states[$2, $3]++
    if ($3 != "not handed in") found[$1] = 1
    next
}
state[$1, $2] == "in progress" && ($5 == "fail" || $5 == "unrun") {
    if (!(($2, $6) in failed)) test[$2, ++tests[$2]] = $6
    failed[$2, $6]++
}
# A name as a part of an address: each byte that is no letter, digit, - or _ as %XX.
function address(name,   i, byte, text) {
    for (i = 1; i <= length(name); i++) {
        byte = substr(name, i, 1)
        text = text (byte ~ /[A-Za-z0-9_-]/ ? byte : sprintf("%%%02X", code[byte]))
    }
    return text
}
function open_drawing(width, height) {
    printf "<svg viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\" " \
        "font-size=\"12\" fill=\"#234\" role=\"img\">\n", width, height, width, height
}
function bar(x, y, width, height) {
    printf "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>\n", x, y, width, height
}
function label(x, y, text) {
    printf "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%s</text>\n", x, y, markup(text)
}
function draw_scores(   bins, b, i, most, many, height) {
    print "<h2>How many students have how many points</h2>"
    bins = 12
    for (i = 1; i <= students; i++) {
        b = possible ? int(total[id[i]] / possible * bins) : 0
        many[b == bins ? bins - 1 : b]++
    }
    for (b = 0; b < bins; b++) if (many[b] > most) most = many[b]
    open_drawing(720, 210)
    for (b = 0; b < bins; b++) {
        height = most ? 150 * many[b] / most : 0
        bar(b * 60 + 4, 175 - height, 52, height)
        if (many[b]) label(b * 60 + 30, 170 - height, many[b])
        label(b * 60 + 30, 192, sprintf("%.3g-%.3g", possible * b / bins, possible * (b + 1) / bins))
    }
    print "</svg>"
}
function list_lessons(   i) {
    print "<h2>How far the lessons are</h2>\n<table><tr><th>lesson</th><th>done</th>" \
        "<th>in progress</th><th>does not build</th><th>not started</th><th>not handed in</th></tr>"
    for (i = 1; i <= lessons; i++)
        printf "<tr><td>%s</td><td>%d</td><td>%d</td><td>%d</td><td>%d</td><td>%d</td></tr>\n",
            lesson[i], states[lesson[i], "done"], states[lesson[i], "in progress"],
            states[lesson[i], "does not build"], states[lesson[i], "not started"],
            states[lesson[i], "not handed in"]
    print "</table>"
}
# The tests of a lesson, those that the most failed first.
function list_tests(here, tried,   j, k, name, count) {
    count = tests[here]
    printf "<h3>%s: %d tried%s</h3>\n", here, tried, count ? "" : ", and nobody failed a test"
    if (!count) return
    for (k = 2; k <= count; k++)
        for (j = k; j > 1 && failed[here, test[here, j]] > failed[here, test[here, j - 1]]; j--) {
            name = test[here, j]
            test[here, j] = test[here, j - 1]
            test[here, j - 1] = name
        }
    print "<table class=\"tests\">"
    for (k = 1; k <= count; k++) {
        name = test[here, k]
        printf "<tr><td>%s</td><td class=\"count\">%d of %d failed</td><td>", markup(name),
            failed[here, name], tried
        open_drawing(120, 12)
        bar(0, 0, 120 * failed[here, name] / tried, 12)
        print "</svg></td></tr>"
    }
    print "</table>"
}
function list_students(   i, k, who) {
    print "<h2>The students</h2>\n<table>\n<tr><th>student</th>"
    for (i = 1; i <= lessons; i++) printf "<th>%s</th>", substr(lesson[i], 1, 2)
    print "<th>total</th></tr>"
    for (i = 0; i < 256; i++) code[sprintf("%c", i)] = i
    for (k = 1; k <= students; k++) {
        who = id[k]
        printf "<tr><td><a href=\"%s/report.html\">%s</a></td>", address(who), markup(who)
        if (!(who in found))
            printf "<td colspan=\"%d\">no program of a lesson was found</td>", lessons
        for (i = 1; i <= lessons && who in found; i++)
            printf "<td>%s</td>", state[who, lesson[i]] == "not handed in" ? "" : \
                sprintf("%.2f", points[who, lesson[i]])
        printf "<td>%.2f</td></tr>\n", total[who]
    }
    print "</table>"
}
END {
    open_page(title, title ": " students + 0 " students")
    draw_scores()
    list_lessons()
    print "<h2>What those who tried a lesson failed</h2>"
    for (i = 1; i <= lessons; i++) {
        tried = states[lesson[i], "done"] + states[lesson[i], "in progress"]
        if (tried) list_tests(lesson[i], tried)
    }
    list_students()
    print "</body>\n</html>"
}
