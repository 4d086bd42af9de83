# Reads what a lesson's tests have printed, and prints the lesson's lines of
# tests.tsv: lesson, number, kind (lesson or exercise), result (pass, fail, skip,
# unrun), name, explanation. The lines of an explanation are parted by the byte 31.
#
# Usage: awk -v lesson=LESSON -f judge.awk all=1 ALL all=0 DUE TAP
#   ALL   the lesson's tests, as list_tests prints them; DUE: those that were to run.
#         The others look at programs of the kit alone: those of the lesson pass,
#         and those of the exercise have not run
#   TAP   what the runner printed of those that were due, in their order
BEGIN { FS = OFS = "\t" }
/^[0-9]+\t/ && all {
    tests = $1
    name[tests] = $3
    kind[tests] = $2 ~ /exercise/ ? "exercise" : "lesson"
    result[tests] = kind[tests] == "lesson" ? "pass" : "unrun"
    next
}
/^[0-9]+\t/ {
    due[++dues] = $1
    result[$1] = "unrun"
    next
}
/^(not )?ok [0-9]+ / {
    split($0, word, " ")
    now = due[word[1] == "ok" ? word[2] : word[3]]
    result[now] = /^not/ ? "fail" : / # skip/ ? "skip" : "pass"
    lines = 0
}
/^# / && ++lines <= 60 { told[now] = told[now] (lines > 1 ? "\037" : "") substr($0, 3) }
END {
    for (i = 1; i <= tests; i++)
        print lesson, i, kind[i], result[i], name[i], told[i]
}
