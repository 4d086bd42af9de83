# Writes prairielearn.json: PrairieLearn's results.json, a score from 0 to 1 and
# the lessons as its tests.
#
# Usage: see ../write
END {
    printf "{\"gradable\": true, \"score\": %.4f, \"output\": %s, \"tests\": [",
        possible ? total / possible : 0, quoted(about["notes"])
    for (i = 1; i <= lessons; i++)
        printf "%s{\"name\": %s, \"points\": %.2f, \"max_points\": %g, \"output\": %s}",
            (i > 1 ? ", " : ""), quoted(lesson[i]), points[i], of[i], quoted(story(i))
    print "]}"
}
