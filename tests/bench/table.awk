# Prints what was measured of the models as tables: see measured.awk.

function head(title,    i) {
    printf "%-22s", title
    for (i = 1; i <= many; i++) printf "%13s", thousands(counts[i])
    print ""
}

# 0.042, 1.3, 120
function short(x) {
    return sprintf(x < 0.1 ? "%.3f" : x < 1 ? "%.2f" : x < 10 ? "%.1f" : "%.0f", x)
}

function cell(name, n, what,    mark) {
    if (median(name, "messages", n, "count") == "") return "-"
    if (median(name, "messages", n, "count") == 0) return "none"
    mark = median(name, "messages", n, "answered") < n ? "*" : ""
    if (what == "rate")
        return thousands(median(name, "messages", n, "rate")) mark
    if (what == "opening")
        return mark ? "never" : short(median(name, "messages", n, "opening"))
    if (what == "times")
        return short(median(name, "messages", n, "p50") / 1000) "/" \
            short(median(name, "messages", n, "p99") / 1000) mark
    return sprintf("%.0f/%.0f", 100 * median(name, "messages", n, "server_busy"),
        100 * median(name, "messages", n, "load_busy")) mark
}

function table(title, what,    i, s) {
    head(title)
    for (s = 1; s <= servers; s++) {
        if (!(order[s] in here)) continue
        printf "  %-20s", label(order[s])
        for (i = 1; i <= many; i++) printf "%13s", cell(order[s], counts[i], what)
        print ""
    }
    print ""
}

# The largest wait at low load, in ms. Sets all, the messages then, and late: how
# many of them took 35 ms or more.
function largest_wait(name,    round, i, kind, n, largest) {
    late = all = 0
    for (round = 1; round <= rounds; round++)
        for (i = 1; i <= 2; i++) {
            kind = i == 1 ? "waits" : "messages"
            n = i == 1 ? 0 : 1
            if (!((name, kind, n, "longest", round) in got)) continue
            if (got[name, kind, n, "longest", round] > largest)
                largest = got[name, kind, n, "longest", round] + 0
            late += got[name, kind, n, "late", round]
            all += got[name, kind, n, "count", round]
        }
    return largest / 1000
}

# Prints a target, what was measured, and whether that is enough. Further
# figures are those of the rounds: the least and the most.
function target(what, value, sign, wanted,    spread) {
    if (value == "") return
    spread = least == most ? "" : sprintf("%.2f to %.2f", least, most)
    if (wanted == "") {
        printf "  %-46s %7.2f %14s\n", what, value, spread
        return
    }
    verdict = (sign == ">=" ? value >= wanted : value < wanted) ? "reached" : "MISSED"
    if (rounds < 5)
        verdict = "too few rounds"
    printf "  %-46s %7.2f %14s   %2s %-5s %s\n", what, value, spread, sign, wanted, verdict
}

function rate_target(a, b, n, wanted) {
    target(label(a) " / " label(b) ", messages/s, " thousands(n),
        ratio(a, b, "messages", n, "rate"), ">=", wanted)
}

# What the server of a lesson has to reach, by its model: of poll, with n clients.
function poll_targets(name, n) {
    rate_target(name, "floor", n, 0.95)
    rate_target(name, "libuv", n, 1.5)
    rate_target(name, "asyncio", n, 5)
    rate_target("floor", "asyncio", n, "") # what the least makes of it
    target(label(name) " / " label("floor") ", 99 %, " thousands(n),
        ratio(name, "floor", "messages", n, "p99"), "<", 2)
}

function threads_targets(name) {
    rate_target(name, "threads", 100, 1.15)
    target("the same, server and load on all cores",
        ratio(name, "threads", "shared", 0, "rate"), ">=", 1.15)
}

END {
    if (!many) { print "bench: nothing was measured" >"/dev/stderr"; exit 1 }
    print "Clients with one message in flight each; medians of " rounds " round" \
        (rounds == 1 ? "." : "s.")
    print ""
    table("messages per second", "rate")
    table("median / 99 % in ms", "times")
    table("core busy, %: srv/load", "busy")
    table("all are in after, ms", "opening")
    for (s = 1; s <= servers; s++) {
        partly = ""
        for (i = 1; i <= many; i++) {
            answered = median(order[s], "messages", counts[i], "answered")
            if (answered != "" && answered < counts[i])
                partly = partly (partly ? ", " : "") int(answered) " of " thousands(counts[i])
        }
        if (partly)
            print "* " label(order[s]) " answered " partly " clients;\n" \
                "  the others waited, and the figures are of those that did not.\n"
    }

    printf "%-22s%16s%16s%16s%22s\n", "", "memory of an", "connections", "largest wait",
        "waits of 35 ms or"
    printf "%-22s%16s%16s%16s%22s\n", "", "idle client", "per second", "at low load",
        "more, of how many"
    for (s = 1; s <= servers; s++) {
        name = order[s]
        if (!(name in here)) continue
        each = median(name, "idle", 0, "each")
        largest = largest_wait(name)
        printf "  %-20s%16s%16s%16s%22s%s\n", label(name),
            each == "" ? "-" : sprintf("%.2f KiB", each),
            thousands(median(name, "connections", 0, "rate")), sprintf("%.2f ms", largest),
            late " of " thousands(all), (largest >= 35 ? "  <- !" : "")
    }
    print "  The memory is the server's own, with 1,000 clients that were answered once;"
    print "  the kernel's share (sockets, a thread's stack) is not in it. For connections"
    print "  a hundred come at a time; each sends one message and leaves with its answer."
    print "  Where Nagle's algorithm and delayed acknowledgements wait for each other, every"
    print "  other message takes 40 ms. One among thousands is the machine's.\n"

    printf "  %-46s %7s %14s   %s\n", "targets", "median", "of the rounds", "wanted"
    for (i = 1; i <= many; i++)
        for (s = 1; s <= servers; s++)
            if ((counts[i] == 100 || counts[i] == 1000) && is_model(order[s], "poll"))
                poll_targets(order[s], counts[i])
    for (s = 1; s <= servers; s++)
        if (is_model(order[s], "threads")) threads_targets(order[s])
    for (s = 1; s <= servers; s++)
        if (is_model(order[s], "poll"))
            target(label(order[s]) ", memory of an idle client, KiB",
                median(order[s], "idle", 0, "each"), "<", 4)
    for (s = 1; s <= servers; s++)
        if (order[s] in here) {
            largest_wait(order[s])
            least = most = ""
            target(label(order[s]) ", waits in 1,000", all ? 1000 * late / all : "", "<", 1)
        }
}
