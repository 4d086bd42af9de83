# Prints the lines of lessons.tsv: lesson, state, points, of how many.
#
# Usage: awk -f score.awk -v missing="LESSON ..." -v broken="LESSON ..." WEIGHTS TESTS
#   missing   the lessons that were not handed in
#   broken    those that do not build
#   WEIGHTS   what weights prints
#   TESTS     tests.tsv: see formats/result.awk
BEGIN {
    FS = "\t"
    split(missing, list, " ")
    for (i in list) state[list[i]] = "not handed in"
    split(broken, list, " ")
    for (i in list) state[list[i]] = "does not build"
}
FNR == NR {
    if ($0 ~ /^#/ || split($0, word, " ") < 3) next
    lessons[++count] = word[1]
    weight[word[1], "lesson"] = word[2]
    weight[word[1], "exercise"] = word[3]
    next
}
$4 != "skip" {
    of[$1, $3]++
    passed[$1, $3] += $4 == "pass"
    ran[$1, $3] += $4 != "unrun"
}
function share(lesson, kind) {
    return of[lesson, kind] ? weight[lesson, kind] * passed[lesson, kind] / of[lesson, kind] : 0
}
function judge(lesson) {
    if (!ran[lesson, "exercise"]) return "not started"
    if (passed[lesson, "lesson"] == of[lesson, "lesson"] &&
        passed[lesson, "exercise"] == of[lesson, "exercise"]) return "done"
    return "in progress"
}
END {
    for (i = 1; i <= count; i++) {
        lesson = lessons[i]
        points = 0
        if (!(lesson in state)) {
            state[lesson] = judge(lesson)
            if (passed[lesson, "exercise"] > 0)
                points = share(lesson, "lesson") + share(lesson, "exercise")
        }
        printf "%s\t%s\t%.2f\t%g\n", lesson, state[lesson], points,
            weight[lesson, "lesson"] + weight[lesson, "exercise"]
    }
}
