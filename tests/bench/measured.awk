# Reads what was measured of the models (see tests/commands/bench). It is for
# the programs beside it: awk -f measured.awk -f table.awk FILE
#
# A line is: ROUND NAME KIND clients=N answered=N ... NAME=VALUE
#   got[NAME, KIND, CLIENTS, FIELD, ROUND]    is a value
#   median(NAME, KIND, CLIENTS, FIELD)        of the rounds, "" without any
#   ratio(A, B, KIND, CLIENTS, FIELD)         the median of A / B, each of one
#                                             round; least and most are set
#   order, counts, rounds                     the names and the numbers of
#                                             clients in order; rounds
#   label(NAME)                               as a reader knows it

BEGIN { servers = split("06 04 03 floor libuv asyncio threads", order, " ") }

{
    split($4, first, "=")
    n = $3 == "messages" ? first[2] : 0
    for (i = 4; i <= NF; i++) {
        split($i, pair, "=")
        got[$2, $3, n, pair[1], $1] = pair[2]
    }
    if ($1 > rounds) rounds = $1
    here[$2] = 1
    if (n && !(n in known)) { known[n] = 1; counts[++many] = n }
}

# The middle of values[1] to values[n]; it sorts them. Sets least and most.
function middle(n,    i, j, value) {
    if (n == 0) return least = most = ""
    for (i = 2; i <= n; i++) {
        value = values[i]
        for (j = i - 1; j > 0 && values[j] > value; j--) values[j + 1] = values[j]
        values[j + 1] = value
    }
    least = values[1]
    most = values[n]
    return (values[int((n + 1) / 2)] + values[int(n / 2) + 1]) / 2
}

function median(name, kind, n, field,    round, found) {
    for (round = 1; round <= rounds; round++)
        if ((name, kind, n, field, round) in got)
            values[++found] = got[name, kind, n, field, round] + 0
    return middle(found + 0)
}

function ratio(a, b, kind, n, field,    round, found) {
    for (round = 1; round <= rounds; round++)
        if (got[a, kind, n, field, round] > 0 && got[b, kind, n, field, round] > 0)
            values[++found] = got[a, kind, n, field, round] / got[b, kind, n, field, round]
    return middle(found + 0)
}

function label(name) {
    if (name == "03") return "03 one at a time"
    if (name == "04") return "04 threads"
    if (name == "06") return "06 poll"
    if (name == "floor") return "bare epoll"
    if (name == "threads") return "Python threads"
    return name
}

# 12,345
function thousands(x,    text) {
    for (x = int(x + 0.5) ""; length(x) > 3; x = substr(x, 1, length(x) - 3))
        text = "," substr(x, length(x) - 2) text
    return x text
}
