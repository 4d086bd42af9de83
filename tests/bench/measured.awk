# Reads what was measured of the models (see models). It is for the programs
# beside it:
#   awk -v lessons='03 one at a time;04 threads' -f measured.awk -f table.awk FILE
# lessons has the number and the model of each lesson that is measured, in the
# order of the registry.
#
# A line is: ROUND NAME KIND clients=N answered=N ... NAME=VALUE
# NAME is a lesson's number, or floor, libuv, asyncio or threads.
#   got[NAME, KIND, CLIENTS, FIELD, ROUND]    is a value
#   median(NAME, KIND, CLIENTS, FIELD)        of the rounds, "" without any
#   ratio(A, B, KIND, CLIENTS, FIELD)         the median of A / B, each of one
#                                             round; least and most are set
#   order, counts, rounds                     the names and the numbers of
#                                             clients in order; rounds
#   model                                     model[NAME] is a lesson's; the others
#                                             are not in it
#   is_model(NAME, MODEL)                     whether this is a lesson's server of
#                                             this model
#   label(NAME)                               as a reader knows it

# The order of the rows: the newest lesson first, then the servers of others.
BEGIN {
    for (i = split(lessons, row, ";"); i > 0; i--) {
        name = row[i]
        sub(/ .*/, "", name)
        if (name == "") continue
        order[++servers] = name
        model[name] = substr(row[i], length(name) + 2)
    }
    n = split("floor libuv asyncio threads", row, " ")
    for (i = 1; i <= n; i++) order[++servers] = row[i]
}

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

function is_model(name, which) {
    return name in model && model[name] == which
}

function label(name) {
    if (name in model) return name " " model[name]
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
