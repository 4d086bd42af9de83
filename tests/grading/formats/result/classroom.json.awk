# Writes classroom.json: what GitHub Classroom's reporter reads, before base64.
# The lessons are its tests.
#
# Usage: see ../write
END {
    printf "{\"version\": 1, \"status\": \"%s\", \"max_score\": %g, \"tests\": [",
        total == possible ? "pass" : "fail", possible
    for (i = 1; i <= lessons; i++)
        printf "%s{\"name\": %s, \"status\": \"%s\", \"score\": %.2f, \"message\": %s}",
            (i > 1 ? ", " : ""), quoted(lesson[i]), state[i] == "done" ? "pass" : "fail",
            points[i], quoted(story(i))
    print "]}"
}
