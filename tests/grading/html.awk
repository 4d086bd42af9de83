# Writes a result as one page that needs nothing else.
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
    print "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">"
    print "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    print "<meta name=\"viewport\" content=\"width=device-width\">"
    printf "<title>%s</title>\n<style>\n", markup(about["id"])
    while ((getline line < stylesheet) > 0) print line
    printf "</style>\n</head>\n<body>\n<h1>%s: %.2f of %g points</h1>\n", markup(about["id"]),
        total, possible
    print "<table><tr><th>lesson</th><th>state</th><th>points</th></tr>"
    for (i = 1; i <= lessons; i++) row(i)
    print "</table>"
    if (about["notes"] != "") printf "<pre>%s</pre>\n", markup(about["notes"])
    for (i = 1; i <= lessons; i++)
        if (about["log " lesson[i]] != "")
            block(lesson[i] " does not build", about["log " lesson[i]])
    for (j = 1; j <= tests; j++)
        if (result[j] == "fail" || result[j] == "skip")
            block((result[j] == "fail" ? "Failed: " : "Not counted: ") where[j] ": " name[j], told[j])
    print "</body>\n</html>"
}
