# A text as the formats have it: in a page or XML, in JSON, in a table.
#
# Usage: see write

# TEXT for a page, or for XML.
function markup(text) {
    gsub(/&/, "\\&amp;", text); gsub(/</, "\\&lt;", text); gsub(/>/, "\\&gt;", text)
    gsub(/"/, "\\&quot;", text)
    return text
}

# TEXT as a string of JSON. The newline is the only control byte that comes here.
function quoted(text) {
    gsub(/[\\"]/, "\\\\&", text); gsub(/\n/, "\\n", text)
    return "\"" text "\""
}

# TEXT as a field of a table. One that a spreadsheet would take for a formula is
# text.
function field(text) {
    gsub(/"/, "\"\"", text)
    return "\"" (text ~ /^[-=+@\t]/ ? "'" : "") text "\""
}
