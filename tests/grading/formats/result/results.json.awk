# Writes results.json: what Gradescope reads, with what is ours in extra_data.
#
# Usage: see ../write
END {
    print "{"
    printf "  \"score\": %.2f,\n  \"execution_time\": %d,\n", total, about["seconds"]
    printf "  \"output\": %s,\n  \"output_format\": \"text\",\n", quoted(about["notes"])
    print "  \"visibility\": \"visible\",\n  \"stdout_visibility\": \"hidden\",\n  \"tests\": ["
    for (j = 1; j <= tests; j++) {
        printf "    {\"name\": %s, \"number\": %s, \"status\": %s, ",
            quoted(where[j] ": " name[j]), quoted(substr(where[j], 1, 2) "." number[j]),
            quoted(result[j] == "pass" || result[j] == "skip" ? "passed" : "failed")
        printf "\"output\": %s, \"output_format\": \"text\", \"tags\": [%s], ",
            quoted(told[j]), quoted(kind[j])
        printf "\"visibility\": \"visible\"}%s\n", j < tests ? "," : ""
    }
    print "  ],\n  \"extra_data\": {\n    \"lessons\": ["
    for (i = 1; i <= lessons; i++)
        printf "      {\"lesson\": %s, \"state\": %s, \"points\": %.2f, \"possible\": %g}%s\n",
            quoted(lesson[i]), quoted(state[i]), points[i], of[i], i < lessons ? "," : ""
    print "    ],"
    count = split("id key kit compiler sandbox seed", names, " ")
    for (i = 1; i <= count; i++)
        printf "    \"%s\": %s,\n", names[i], quoted(about[names[i]])
    printf "    \"possible\": %g\n  }\n}\n", possible
}
