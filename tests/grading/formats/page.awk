# The head of a page that needs no other file: it has the style sheet inside.
# Nothing in the page can load or run anything.
#
# Usage: see write. It needs escape.awk, and the path of page.css in stylesheet.
# After open_page() a writer prints what is in the page, and last
# </body> and </html>.
function open_page(title, heading,   line) {
    print "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">"
    print "<meta http-equiv=\"Content-Security-Policy\" " \
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    print "<meta name=\"viewport\" content=\"width=device-width\">"
    printf "<title>%s</title>\n<style>\n", markup(title)
    while ((getline line < stylesheet) > 0) print line
    printf "</style>\n</head>\n<body>\n<h1>%s</h1>\n", markup(heading)
}
