# Draws the rows of ladder.awk as a picture: the life of both sides as two lines,
# broad and grey where a side sleeps, with arrows between them. It is black and grey
# on white: it prints. 13 rows fill a slide, with letters of 22 px.
# Usage: awk -v title=TITLE -f fit.awk -f svg.awk

function escaped(text) {
    gsub(/&/, "\\&amp;", text); gsub(/</, "\\&lt;", text); gsub(/>/, "\\&gt;", text)
    return text
}

function put(x, y, anchor, class, text) {
    body = body sprintf("<text x=\"%d\" y=\"%d\" text-anchor=\"%s\" class=\"%s\">%s</text>\n",
        x, y, anchor, class, escaped(text))
}

BEGIN {
    FS = "\t"
    left = 353; right = 623; width = 928; step = 24; top = 53
}
{
    y = top + rows * step
    rows++
    if (rows == 1 || $1 != last)
        put(40, y, "end", "time", $1)
    last = $1
    if ($3) resting[left] = resting[left] sprintf("<rect x=\"%d\" y=\"%d\" width=\"10\" height=\"%.1f\"/>\n", left - 5, y - 17, step + 0.5)
    if ($9) resting[right] = resting[right] sprintf("<rect x=\"%d\" y=\"%d\" width=\"10\" height=\"%.1f\"/>\n", right - 5, y - 17, step + 0.5)
    if ($2 != "")
        put(left - 14, y, "end", "call", fit($2, 27))
    if ($8 != "")
        put(right + 14, y, "start", "call", fit($8, 27))
    if ($4 == "")
        next
    from = $4 == "right" ? left : right
    to = $4 == "right" ? right : left
    if ($7)
        to = from + (to - from) * 0.75
    lines = lines sprintf("<path d=\"M%d %dL%d %d\" class=\"%s\" marker-end=\"url(#%s)\"/>\n",
        from + (to > from ? 8 : -8), y, to + (to > from ? -8 : 8), y + 6,
        $5 ~ /"/ ? "data" : "control", $7 ? "lost" : "head")
    put((left + right) / 2, y - 3, "middle", "label", ($6 == "" ? "" : $6 ": ") fit($5, 22))
}
END {
    height = top + rows * step
    printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\">\n", width, height
    print "<title>" escaped(title) "</title>"
    print "<style>text{font:18px \"DejaVu Sans Mono\",monospace}.time{fill:#555;font-size:16px}"
    print ".label{paint-order:stroke;stroke:#fff;stroke-width:3px}.head{font-weight:bold}"
    print "path{stroke:#000;fill:none;stroke-width:1.5px}path.data{stroke-width:3px}rect{fill:#bbb}</style>"
    print "<defs><marker id=\"head\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"12\" markerHeight=\"12\" markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path d=\"M0 1L10 5L0 9z\" style=\"fill:#000;stroke:none\"/></marker>"
    print "<marker id=\"lost\" viewBox=\"0 0 10 10\" refX=\"5\" refY=\"5\" markerWidth=\"14\" markerHeight=\"14\" markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path d=\"M1 1L9 9M9 1L1 9\" style=\"stroke-width:2.5px\"/></marker></defs>"
    printf "<rect width=\"%d\" height=\"%d\" style=\"fill:#fff\"/>\n", width, height
    printf "%s%s", resting[left], resting[right]
    for (x = left; x <= right; x += right - left)
        printf "<path d=\"M%d %dV%d\"/>\n", x, top - 21, height - 6
    printf "<text x=\"40\" y=\"22\" text-anchor=\"end\" class=\"time\">ms</text>\n"
    printf "<text x=\"%d\" y=\"22\" text-anchor=\"end\" class=\"head\">client</text>\n", left + 5
    printf "<text x=\"%d\" y=\"22\" text-anchor=\"middle\" class=\"head\">the wire</text>\n", (left + right) / 2
    printf "<text x=\"%d\" y=\"22\" class=\"head\">server</text>\n", right - 5
    # The white around the labels would cut pieces out of the arrows.
    printf "%s%s</svg>\n", body, lines
}
