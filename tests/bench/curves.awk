# Draws what was measured of the models as an SVG with logarithmic axes: see
# measured.awk. With -v what=rate (messages per second) or -v what=p99. Its size is
# that of a picture on a slide, and so are its letters, 22 px.

function log10(x) {
    return log(x) / log(10)
}

# Where clients and a value are on the page.
function across(n) {
    return left + (right - left) * log10(n / least_x) / log10(most_x / least_x)
}
function down(value) {
    return bottom - (bottom - top) * log10(value / least_y) / log10(most_y / least_y)
}

# The next of 1, 2, 5, 10, 20 ... below (or above) a value.
function round_to(value, above,    power, step) {
    power = exp(log(10) * int(log10(value) + 100.000001)) / exp(log(10) * 100)
    if (!above) {
        step = value >= 4.999 * power ? 5 : value >= 1.999 * power ? 2 : 1
        return step * power
    }
    step = value <= 1.001 * power ? 1 : value <= 2.001 * power ? 2 : value <= 5.001 * power ? 5 : 10
    return step * power
}

function text(x, y, anchor, words, more) {
    printf "<text x=\"%.0f\" y=\"%.0f\" text-anchor=\"%s\"%s>%s</text>\n", x, y, anchor, more, words
}

function line(x1, y1, x2, y2, more) {
    printf "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" %s/>\n", x1, y1, x2, y2, more
}

# Times are of no use where only some were answered.
function value_of(name, n,    value) {
    if (what == "p99" && median(name, "messages", n, "answered") < n) return ""
    value = median(name, "messages", n, what)
    return value == "" ? "" : what == "rate" ? value : value / 1000
}

# 0.2, 5, 1,000
function number(x) {
    return x < 1 ? sprintf("%.3g", x) : thousands(x)
}

# The names stand beside the ends of their curves; where these are close, the
# names are moved apart.
function place_names(    i, j, s, moved, swap) {
    for (i = 1; i <= drawn; i++)
        for (j = i + 1; j <= drawn; j++)
            if (at[j] < at[i]) {
                swap = at[i]; at[i] = at[j]; at[j] = swap
                swap = who[i]; who[i] = who[j]; who[j] = swap
            }
    for (i = 1; i <= drawn; i++) end[i] = at[i]
    for (moved = 200; moved > 0; moved--)
        for (i = 2; i <= drawn; i++)
            if (at[i] - at[i - 1] < 28) {
                s = (28 - at[i] + at[i - 1]) / 2
                at[i] += s
                at[i - 1] -= s
            }
    if (drawn && at[drawn] > bottom) {
        at[drawn] = bottom
        for (i = drawn - 1; i > 0; i--) if (at[i] > at[i + 1] - 28) at[i] = at[i + 1] - 28
    }
}

END {
    if (!many) exit 1
    # Strong where the lessons are, dashed where others are.
    colors = split("#606060 #0050a0 #c00020 #007878 #b0007a", color_of, " ")
    for (s = servers; s > 0; s--) {
        if (!(order[s] in model)) continue
        lesson++
        style[order[s]] = sprintf("stroke=\"%s\" stroke-width=\"%d\"", \
            color_of[(lesson - 1) % colors + 1], lesson < 3 ? lesson + 3 : 6)
    }
    style["floor"] = "stroke=\"#000000\" stroke-width=\"3\" stroke-dasharray=\"14 7\""
    style["libuv"] = "stroke=\"#207020\" stroke-width=\"3.5\" stroke-dasharray=\"5 6\""
    style["asyncio"] = "stroke=\"#803090\" stroke-width=\"3.5\" stroke-dasharray=\"18 6 4 6\""
    style["threads"] = "stroke=\"#a05800\" stroke-width=\"3.5\" stroke-dasharray=\"9 5\""
    left = 106; right = 880; top = 50; bottom = 364
    least_x = counts[1]
    most_x = counts[many] > least_x ? counts[many] : 10 * least_x
    for (s = 1; s <= servers; s++)
        for (i = 1; i <= many; i++) {
            value = value_of(order[s], counts[i])
            if (value == "" || value <= 0) continue
            if (least_y == "" || value < least_y) least_y = value
            if (value > most_y) most_y = value
        }
    if (least_y == "") { print "bench: there is nothing to draw" >"/dev/stderr"; exit 1 }
    least_y = round_to(least_y, 0)
    most_y = round_to(most_y, 1)
    if (most_y <= least_y) most_y = 10 * least_y

    title = what == "rate" ? "messages per second" : "99 % are answered within so many ms"
    print "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1152 440\"" \
        " font-family=\"Helvetica, Arial, 'DejaVu Sans', sans-serif\" font-size=\"22\">"
    print "<title>" title "</title>"
    print "<rect width=\"1152\" height=\"440\" fill=\"#ffffff\"/>"
    text(0, 24, "start", title, " font-weight=\"bold\"")
    for (i = 1; i <= many; i++) {
        line(across(counts[i]), top, across(counts[i]), bottom, "stroke=\"#d8d8d8\"")
        if (i == many || across(counts[i + 1]) - across(counts[i]) > 70)
            text(across(counts[i]), bottom + 30, "middle", thousands(counts[i]), "")
    }
    text((left + right) / 2, bottom + 66, "middle", "clients, each with one message in flight", "")
    for (value = least_y; value <= most_y * 1.001; value = round_to(value * 1.5, 1)) {
        line(left, down(value), right, down(value), "stroke=\"#d8d8d8\"")
        text(left - 14, down(value) + 8, "end", number(value), "")
    }
    line(left, bottom, right, bottom, "stroke=\"#000000\" stroke-width=\"2\"")
    line(left, top, left, bottom, "stroke=\"#000000\" stroke-width=\"2\"")

    for (s = servers; s > 0; s--) {
        name = order[s]
        points = dots = ""
        for (i = 1; i <= many; i++) {
            value = value_of(name, counts[i])
            if (value == "" || value <= 0) continue
            x = across(counts[i])
            y = down(value)
            points = points sprintf(" %.1f,%.1f", x, y)
            dots = dots sprintf("<circle cx=\"%.1f\" cy=\"%.1f\" r=\"5\"/>\n", x, y)
        }
        # One point is no curve, unless that is all there is.
        if (points == "" || (many > 1 && split(points, point, " ") < 2)) continue
        match(style[name], /#[0-9a-f]+/)
        color[name] = substr(style[name], RSTART, RLENGTH)
        printf "<polyline points=\"%s\" fill=\"none\" %s/>\n", substr(points, 2), style[name]
        printf "<g fill=\"%s\">\n%s</g>\n", color[name], dots
        who[++drawn] = name
        at[drawn] = y
        edge[name] = x
    }
    place_names()
    for (i = 1; i <= drawn; i++) {
        name = who[i]
        line(edge[name] + 8, end[i], right + 34, at[i], "stroke=\"" color[name] "\"")
        text(right + 40, at[i] + 8, "start", \
            is_model(name, "one at a time") ? name ": one is answered" : label(name), \
            " fill=\"" color[name] "\"" \
            (name in model ? " font-weight=\"bold\"" : ""))
    }
    print "</svg>"
}
