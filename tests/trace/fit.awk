# Shortens what has no room, for text.awk and svg.awk.
# Usage: awk -f fit.awk -f text.awk

# Of a call that failed the port and the error stay, of others and of segments all but the middle
# of what was said.
function fit(text, width, name, said, rest, keep) {
    if (length(text) <= width)
        return text
    if (match(text, / = -1 E[A-Z]+$/) && index(text, "(")) {
        rest = substr(text, RSTART + 6)
        name = text
        sub(/\(.*/, "", name)
        if (match(text, /, port [0-9]+/))
            name = name " " substr(text, RSTART + 7, RLENGTH - 7)
        # With five digits there is no room for the colon.
        name = name (length(name ": " rest) > width ? " " : ": ") rest
        return substr(name, 1, width)
    }
    if (match(text, /".*"/)) {
        said = substr(text, RSTART, RLENGTH - 1)
        rest = substr(text, RSTART + RLENGTH)
        sub(/^\.\.\./, "", rest)
        name = substr(text, 1, RSTART - 1)
        keep = width - length(name) - length(rest) - 4
        if (keep > 1) {
            said = substr(said, 1, keep)
            sub(/\\$/, "", said)
            return name said "...\"" rest
        }
    }
    return substr(text, 1, width - 3) "..."
}
