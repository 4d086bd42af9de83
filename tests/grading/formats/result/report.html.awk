# Writes report.html: the result for a reader, as a page that needs no other file.
#
# Usage: see ../write
function row(i) {
    printf "<tr><td>%s</td><td>%s</td><td>%.2f of %g</td></tr>\n", lesson[i], state[i],
        points[i], of[i]
}
function block(title, text) {
    printf "<section><h2>%s</h2>\n", markup(title)
    if (text != "") printf "<pre>%s</pre>\n", markup(text)
    print "</section>"
}
END {
    open_page(about["id"], sprintf("%s: %.2f of %g points", about["id"], total, possible))
    print "<table><tr><th>lesson</th><th>state</th><th>points</th></tr>"
    for (i = 1; i <= lessons; i++) row(i)
    print "</table>"
    if (about["notes"] != "") printf "<pre>%s</pre>\n", markup(about["notes"])
    for (i = 1; i <= lessons; i++)
        if (about["log " lesson[i]] != "")
            block(lesson[i] " does not build", about["log " lesson[i]])
    for (j = 1; j <= tests; j++)
        if (result[j] == "fail" || result[j] == "skip")
            block((result[j] == "fail" ? "Failed: " : "Not counted: ") where[j] ": " name[j],
                told[j])
    print "</body>\n</html>"
}
