# Writes a result in one line for other graders.
#
# Usage: awk -f read.awk -f one-line.awk -v format=FORMAT ABOUT LESSONS TESTS
#   autolab       the last line of standard output: the points of each problem
#   prairielearn  results.json: a score from 0 to 1, and the tests
#   classroom     what GitHub Classroom's reporter reads, before base64
END {
    if (format == "autolab") {
        printf "{\"scores\": {"
        for (i = 1; i <= lessons; i++)
            printf "%s%s: %.2f", (i > 1 ? ", " : ""), quoted(lesson[i]), points[i]
        print "}}"
    } else if (format == "prairielearn") {
        printf "{\"gradable\": true, \"score\": %.4f, \"output\": %s, \"tests\": [",
            possible ? total / possible : 0, quoted(about["notes"])
        for (i = 1; i <= lessons; i++)
            printf "%s{\"name\": %s, \"points\": %.2f, \"max_points\": %g, \"output\": %s}",
                (i > 1 ? ", " : ""), quoted(lesson[i]), points[i], of[i],
                quoted(state[i] "\037" failures(lesson[i]))
        print "]}"
    } else {
        printf "{\"version\": 1, \"status\": \"%s\", \"max_score\": %g, \"tests\": [",
            total == possible ? "pass" : "fail", possible
        for (i = 1; i <= lessons; i++)
            printf "%s{\"name\": %s, \"status\": \"%s\", \"score\": %.2f, \"message\": %s}",
                (i > 1 ? ", " : ""), quoted(lesson[i]), state[i] == "done" ? "pass" : "fail",
                points[i], quoted(state[i] "\037" failures(lesson[i]))
        print "]}"
    }
}
function failures(here,   j, text) {
    for (j = 1; j <= tests; j++)
        if (where[j] == here && result[j] == "fail")
            text = text "FAILED  " name[j] "\037" told[j] "\037"
    return text
}
